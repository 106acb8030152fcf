"""A physician's account: whose it is, what confirms it, who else has asked for it, and its end."""

from __future__ import annotations

from functools import partial

import msgspec
from sqlalchemy import Connection

from app.core.errors import Conflict, Forbidden, InvalidRequest, NotFound, fault_at
from app.domain.identity.physicians import Physician
from app.domain.passport import mails as texts
from app.domain.passport.accounts import CODE_LIFE, ClaimOutcome, ConfirmedBy, PassportAccount, PassportClaim
from app.domain.passport.audit import JoiningCodeAudit, PassportAccountAudit
from app.domain.passport.verification_codes import new_verification_code, parse_verification_code
from app.domain.people.mails import MailKind
from app.domain.people.persons import StaffPerson
from app.services.access.departures import end_account
from app.services.context import Caller, Service, Work, operator, transact
from app.services.passport.joining import CODE, close_of_another, family_of, find_code, tell_confirmed
from app.services.people import mail
from app.services.registry import physicians as registry
from app.services.registry.addresses import holders_of, is_in_roster
from app.store import completions
from app.store.passport import accounts
from app.store.people import persons
from app.store.registry import physicians as registry_store

MOST_LISTED = 200
"""Accounts and claims that an operator is shown at once."""


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """An account with the physician whose it is, as they are on file now."""

    account: PassportAccount
    physician: Physician

    @property
    def ids(self) -> frozenset[str]:
        """The ids that mean the physician."""
        return frozenset((self.physician.physician_id, *self.physician.aliases))


class OpenAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account as the operator sees it, who confirms it or decides between two."""

    account: PassportAccount
    person: StaffPerson
    physician: Physician


class AskedAccount(msgspec.Struct, frozen=True, kw_only=True):
    """A claim to an account that there is."""

    claim: PassportClaim
    claimant: StaffPerson
    physician: Physician
    holders: tuple[StaffPerson, ...]
    """Who has the account; nobody where it was closed meanwhile."""
    has_account: bool
    """Whether the claimant has one as well: two entries were merged, and both had one."""


def holder_of(connection: Connection, caller: Caller) -> Holder:
    """Return the account of a caller, confirmed or not; raises `NotFound` for who has none."""
    account = accounts.by_client(connection, caller.client.client_id)
    if account is None or account.closed_at is not None:
        raise NotFound
    return Holder(account=account, physician=registry.find(connection, account.learner_id))


def confirmed(connection: Connection, caller: Caller) -> Holder:
    """Return the account of a caller; raises `Forbidden` while nothing has confirmed it, `NotFound`."""
    holder = holder_of(connection, caller)
    if holder.account.confirmed_at is None:
        raise Forbidden(
            "This account is not confirmed yet, so it shows nothing. Enter the joining code of a provider that has "
            "reported credit for you at /passport/settings, or ask the operator."
        )
    return holder


def confirm_by_code(work: Work, given: str) -> PassportAccount:
    """Confirm the caller's account by a provider's joining code.

    Raises `InvalidRequest` for a code that is none, works no longer or is another physician's, and `Conflict`.
    """
    account = _lock(work)
    code = find_code(work, given)
    if code is None or code.learner_id not in family_of(work.connection, account.learner_id):
        detail = "This is not a joining code of yours, or it works no longer."
        hint = "It has 12 letters and digits, works once and for 30 days. Ask the provider for another."
        raise InvalidRequest(errors=[fault_at("/code", detail, hint)])
    if account.confirmed_at is not None:
        raise Conflict("The account is confirmed already. The code can still be used by whoever it is for.")
    accounts.use_code(work.connection, code.digest, work.now)
    return _confirm(work, account, ConfirmedBy.CODE)


def confirm(work: Work, client_id: str) -> PassportAccount:
    """Confirm an account as the operator; raises `NotFound`, and `Conflict` for one that is confirmed."""
    account = accounts.lock(work.connection, client_id)
    if account is None or account.closed_at is not None:
        raise NotFound("There is no such account, or it was closed.")
    if account.confirmed_at is not None:
        raise Conflict("The account is confirmed already.")
    changed = _confirm(work, account, ConfirmedBy.OPERATOR)
    tell_confirmed(work, account.person_id)
    return changed


def confirm_by_roster(work: Work, client_id: str) -> bool:
    """Confirm an account whose mail address is the one that a board has on file of its physician, and tell so.

    The address was proven: the account was opened from it. Whatever becomes of it later unconfirms nothing.
    """
    account = accounts.lock(work.connection, client_id)
    if account is None or account.closed_at is not None or account.confirmed_at is not None:
        return False
    person = persons.by_id(work.connection, account.person_id)
    if person is None or person.address is None:
        return False
    if not is_in_roster(work, person.address, account.learner_id):
        return False
    _confirm(work, account, ConfirmedBy.ROSTER)
    tell_confirmed(work, account.person_id)
    return True


def confirm_by_rosters(service: Service) -> bool:
    """Confirm accounts that nothing has confirmed, and whose mail addresses boards have told meanwhile."""
    after = ""
    while found := service.database.read(partial(_in_rosters, service=service, after=after)):
        for client_id, fits in found:
            if fits:
                transact(operator(service), confirm_by_roster, client_id)
        after = found[-1][0]
    return False


def _in_rosters(connection: Connection, service: Service, after: str) -> list[tuple[str, bool]]:
    """Return the next accounts that nothing has confirmed, and whether a board has their address."""
    opened = accounts.unconfirmed_addresses(connection, after, MOST_LISTED)
    holders = holders_of(connection, service, {address for _, _, address in opened})
    roots = registry_store.roots_of(connection, {learner_id for _, learner_id, _ in opened})
    return [
        (client_id, address in holders and holders[address] == roots.get(learner_id))
        for client_id, learner_id, address in opened
    ]


def _confirm(work: Work, account: PassportAccount, by: ConfirmedBy) -> PassportAccount:
    accounts.change(work.connection, account.client_id, {"confirmed_at": work.now, "confirmed_by": by.value})
    audited = PassportAccountAudit(person_id=account.person_id, learner_id=account.learner_id, confirmed_by=by.value)
    work.audit("confirm", account.client_id, audited)
    changed = accounts.by_client(work.connection, account.client_id)
    assert changed is not None
    return changed


def close(work: Work) -> None:
    """Close the caller's account: links that it gave end, credit stays with boards and providers. Raises `NotFound`."""
    account = _lock(work)
    end_account(work, account)
    link = mail.address_of(work.service, "/passport/join")
    mail.queue(work, account.person_id, MailKind.PASSPORT, texts.closed_text(link))


def _lock(work: Work) -> PassportAccount:
    account = accounts.lock(work.connection, work.caller.client.client_id)
    if account is None or account.closed_at is not None:
        raise NotFound
    return account


def claims_on(connection: Connection, caller: Caller) -> list[PassportClaim]:
    """Return claims of others to the caller's account that the operator has not decided; raises `NotFound`."""
    holder = holder_of(connection, caller)
    found = accounts.undecided_claims(connection, holder.ids, MOST_LISTED)
    return [claim for claim in found if claim.person_id != holder.account.person_id]


def object_to(work: Work, claim_id: str) -> None:
    """Note that a claim to the caller's account is somebody else's; raises `NotFound`."""
    account = _lock(work)
    claim = accounts.lock_claim(work.connection, claim_id)
    family = family_of(work.connection, account.learner_id)
    others = claim is not None and claim.outcome is ClaimOutcome.TAKEN and claim.person_id != account.person_id
    if claim is None or not others or claim.learner_id not in family:
        raise NotFound("There is no such claim to your account.")
    if claim.objected_at is None and claim.decided_at is None:
        accounts.change_claim(work.connection, claim_id, {"objected_at": work.now})
        audited = PassportAccountAudit(person_id=account.person_id, learner_id=account.learner_id, claim_id=claim_id)
        work.audit("object", account.client_id, audited)


def list_unconfirmed(connection: Connection, _caller: Caller) -> list[OpenAccount]:
    """Return accounts that nothing has confirmed, for the operator; the oldest first."""
    found = []
    for account in accounts.unconfirmed(connection, "", MOST_LISTED):
        person = persons.by_id(connection, account.person_id)
        assert person is not None
        physician = registry.find(connection, account.learner_id)
        found.append(OpenAccount(account=account, person=person, physician=physician))
    return found


def list_asked(connection: Connection, _caller: Caller) -> list[AskedAccount]:
    """Return claims to accounts that there are, for the operator to decide; the oldest first."""
    found = []
    for claim in accounts.undecided_claims(connection, None, MOST_LISTED):
        claimant = persons.by_id(connection, claim.person_id)
        assert claimant is not None and claim.learner_id is not None
        physician = registry.find(connection, claim.learner_id)
        family = (physician.physician_id, *physician.aliases)
        standing = accounts.open_of(connection, family)
        others = [account for account in standing if account.person_id != claim.person_id]
        holders = [persons.by_id(connection, account.person_id) for account in others]
        found.append(
            AskedAccount(
                claim=claim,
                claimant=claimant,
                physician=physician,
                holders=tuple(holder for holder in holders if holder is not None),
                has_account=len(others) < len(standing),
            )
        )
    return found


def decide(work: Work, claim_id: str, *, give: bool) -> None:
    """Decide between who has an account and who asked for it: close it for the other, or leave it.

    Whoever gets it asks anew: nothing stands in the way then. Raises `NotFound`, and `Conflict` for what is decided.
    """
    claim = accounts.lock_claim(work.connection, claim_id)
    if claim is None or claim.outcome is not ClaimOutcome.TAKEN or claim.learner_id is None:
        raise NotFound("There is no such claim.")
    if claim.decided_at is not None:
        raise Conflict("This was decided already.")
    accounts.change_claim(work.connection, claim_id, {"decided_at": work.now})
    service = work.service
    name, support = service.settings.service_name, service.settings.support_contact
    standing = accounts.open_of(work.connection, family_of(work.connection, claim.learner_id), for_update=True)
    # Since two entries were merged both may have an account: then one of the two is closed.
    own = [account for account in standing if account.person_id == claim.person_id]
    others = [account for account in standing if account.person_id != claim.person_id]
    closing = others if give else own if others else []
    for account in standing:
        audited = PassportAccountAudit(person_id=account.person_id, learner_id=account.learner_id, claim_id=claim_id)
        work.audit("decide", account.client_id, audited)
        if account in closing:
            close_of_another(work, account)
        else:
            text = texts.decided_text(service=name, given=False)
            mail.queue(work, account.person_id, MailKind.PASSPORT, text)
    if own:
        return
    link = mail.address_of(service, "/passport/join")
    text = texts.given_text(link, service=name) if give else texts.kept_text(service=name, support=support)
    mail.queue(work, claim.person_id, MailKind.PASSPORT, text)


def make_code(work: Work, completion_id: str) -> str:
    """Return a new code for the physician of a record of the caller's provider, shown only this once.

    Raises `NotFound` for a record that is not the provider's, and `Conflict` for one that is about no physician.
    """
    found = completions.load_by_ids(work.connection, [completion_id])
    completion = next((one for one in found if one.provider_id == work.caller.provider_id), None)
    if completion is None or completion.withdrawn_at is not None:
        raise NotFound
    if completion.physician_id is None:
        raise Conflict("This record is about nobody of the registry of physicians: there is no account to open.")
    code = new_verification_code()
    accounts.add_code(
        work.connection,
        {
            "digest": work.service.keyring.keyed_digest(CODE, parse_verification_code(code) or ""),
            "learner_id": completion.physician_id,
            "provider_id": work.caller.provider_id,
            "client_id": work.caller.client.client_id,
            "created_at": work.now,
            "expires_at": work.now + CODE_LIFE,
            "tries": 0,
        },
    )
    work.audit("create", completion.physician_id, JoiningCodeAudit(provider_id=work.caller.provider_id))
    return code
