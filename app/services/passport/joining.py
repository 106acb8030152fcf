"""Joining CME Passport: a physician gives what their board has on file, and opens the account from their mailbox.

Nobody learns anything by asking. The page says the same whatever was found, a mail goes out in every case, all cases do
the same work, and what was given is charged to the budget against guessing birth dates. Names, birthdays and licences
are easily known, so an account that these alone have opened shows nothing until a joining code of a provider, or the
operator, confirms it.
"""

from __future__ import annotations

import secrets
from datetime import timedelta

import msgspec
from sqlalchemy import Connection

from app.core.clock import new_id
from app.core.errors import InvalidRequest, fault_at
from app.core.security import digest_of
from app.domain.audit import PersonAudit
from app.domain.clients import Client, ClientKind, Role
from app.domain.identity.comparison_keys import full_name_key
from app.domain.identity.validations import ValidationRequest
from app.domain.parsing import MonthDay
from app.domain.passport import mails as texts
from app.domain.passport.accounts import (
    CLAIM_LIFE,
    CLAIMS_AN_HOUR,
    TRIES_A_CODE,
    ClaimOutcome,
    ConfirmedBy,
    JoiningCode,
    PassportAccount,
    PassportClaim,
)
from app.domain.passport.audit import PassportAccountAudit, PassportClaimAudit
from app.domain.passport.verification_codes import parse_verification_code
from app.domain.people.mails import MailKind, MailText
from app.domain.people.persons import PersonRole, StaffPerson, fold_address, read_address
from app.rules.validations import judge_validation
from app.services.access.departures import end_account
from app.services.context import Caller, Service, Work
from app.services.findings import rejection_of
from app.services.people import mail, sessions
from app.services.people.invitations import Invitation, MembershipPlace, add_client, person_of_address
from app.services.registry.addresses import is_in_roster
from app.services.registry.own_data import find_by_own_data
from app.store.passport import accounts
from app.store.people import persons, sign_in
from app.store.registry import learners, physicians

CODE = "joining-code"
"""The purpose of the key by which codes are stored."""
_ADDRESS, _HOST = "joining-address", "joining-host"
_HOUR = timedelta(hours=1)


class JoinRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who asks for an account: what they give of themselves, and where to write to."""

    known: ValidationRequest
    """Names and birth date; a licence with its state, or an NPI, unless there is a code."""
    code: str
    """A joining code of a provider; empty for none."""
    address: str
    host: str
    """The network address that asks."""


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """An account that was opened, and the session of whoever did."""

    account: PassportAccount
    token: str
    """What the cookie holds."""


def ask(work: Work, asked: JoinRequest) -> None:
    """Look for the physician who is asked for, and mail what comes of it; tells its caller nothing.

    Raises `InvalidRequest` with everything that is wrong with the form itself.
    """
    address = _read(work.service, asked)
    keyring = work.service.keyring
    keys = keyring.keyed_digests(_ADDRESS, fold_address(address))
    sign_in.lock_asking(work.connection, keys[0])
    if accounts.count_claims(work.connection, keys, work.now - _HOUR) >= CLAIMS_AN_HOUR:
        return
    person, is_new = person_of_address(work, address, None)
    learner_id, code = _find(work, asked, person)
    standing = _accounts_of(work.connection, learner_id)
    outcome = _outcome(learner_id, standing, person, by_code=code is not None)
    own = any(account.person_id == person.person_id for account in standing)
    family = family_of(work.connection, learner_id or "")
    others = accounts.claims_on(work.connection, family, work.now - _HOUR)
    again = any(one.person_id == person.person_id and one.decided_at is None for one in others)
    token = secrets.token_urlsafe(32)
    claim = PassportClaim(
        claim_id=new_id(),
        person_id=person.person_id,
        learner_id=learner_id,
        outcome=outcome,
        code_digest=code.digest if code is not None and learner_id is not None else None,
        created_at=work.now,
        expires_at=work.now + CLAIM_LIFE,
        used_at=None,
        objected_at=None,
        # Who asks for what they have is told so, who asks again waits already: nobody has to decide.
        decided_at=work.now if own or again else None,
    )
    accounts.add_claim(work.connection, claim, digest_of(token), keys[0])
    if is_new:
        work.audit("ask", person.person_id, PersonAudit())
    mail.queue(work, person.person_id, MailKind.JOINING, _text_of(work.service, claim, token, own=own))
    told = sum(one.created_at > work.now - _HOUR for one in others)
    waits = claim.outcome is ClaimOutcome.TAKEN and claim.decided_at is None
    _tell_holders(work, claim, standing if waits else [], with_mail=told < CLAIMS_AN_HOUR)


def _read(service: Service, asked: JoinRequest) -> str:
    """Return the address; raises `InvalidRequest` with all that the form lacks."""
    known, faults = asked.known, []
    address = read_address(asked.address)
    if address is None:
        faults.append(fault_at("/address", "Not a mail address.", "Write it as name@example.org."))
    if known.birth_date is None:
        faults.append(fault_at("/birth_date", "The birth month and day are missing.", "Write them as 05/26."))
    if asked.code and parse_verification_code(asked.code) is None:
        faults.append(fault_at("/code", "Not a joining code.", "It has 12 letters and digits, as in 7K4M-9QXD-2TRA."))
    if not (asked.code or known.npi or known.license_id):
        hint = "Your licence number with its state, your NPI, or a provider's joining code: one of them is enough."
        faults.append(fault_at("/license_id", "Nothing tells you from others of your name.", hint))
    if known.license_id and not known.state:
        faults.append(fault_at("/state", "The licence number has no state.", "Choose the state that issued it."))
    if known.state and not known.license_id:
        faults.append(fault_at("/license_id", "The state has no licence number.", "Write it, or choose no state."))
    findings = judge_validation(known, service.catalogue)
    if findings:
        faults += rejection_of(InvalidRequest, findings).errors
    if faults or address is None:
        raise InvalidRequest(errors=faults)
    return address


def _find(work: Work, asked: JoinRequest, person: StaffPerson) -> tuple[str | None, JoiningCode | None]:
    """Return the physician who is meant, under the id they have now, and the code that says so; None for neither."""
    connection = work.connection
    if asked.code:
        code = _find_code_to_try(work, asked.code)
        found = _fit_code(work, asked.known, code) if code is not None else None
        return _root_of(connection, found), code
    asking = Work(connection=connection, caller=_asker(work.service, asked.host, person), now=work.now)
    return _root_of(connection, find_by_own_data(asking, asked.known)), None


def _asker(service: Service, host: str, person: StaffPerson) -> Caller:
    """Return whose limits a birth date is charged to: nobody's who has found the physician before."""
    client = Client(
        client_id=f"passport {service.keyring.keyed_digest(_HOST, host)[:16]}",
        role=Role.LEARNER, board=None, test=False, scopes=frozenset(), provider_ids=frozenset(), kind=ClientKind.PERSON,
    )  # fmt: skip
    return Caller(service=service, client=client, provider=f"passport {person.person_id}")


def find_code(work: Work, given: str) -> JoiningCode | None:
    """Return a joining code that works, locked; None for any other."""
    read = parse_verification_code(given)
    code = accounts.find_code(work.connection, work.service.keyring.keyed_digests(CODE, read)) if read else None
    return code if code is not None and code.works_at(work.now) else None


def _find_code_to_try(work: Work, given: str) -> JoiningCode | None:
    """Return a joining code that works, of somebody of whom more may be tried; all codes of theirs are locked.

    A provider makes as many as it likes: what was tried with one is counted with all, used up and over ones too.
    """
    read = parse_verification_code(given)
    digests = work.service.keyring.keyed_digests(CODE, read) if read else ()
    meant = accounts.code_of(work.connection, digests)
    if meant is None:
        return None
    codes = accounts.lock_codes(work.connection, family_of(work.connection, meant.learner_id))
    code = next((one for one in codes if one.digest == meant.digest), None)
    may_try = sum(one.tries for one in codes) < TRIES_A_CODE
    return code if code is not None and may_try and code.works_at(work.now) else None


def _fit_code(work: Work, known: ValidationRequest, code: JoiningCode) -> str | None:
    """Return the physician of a code if name and birth date are theirs; it is counted where they are not."""
    root = _root_of(work.connection, code.learner_id)
    for learner in learners.by_ids(work.connection, [root or code.learner_id]):
        dated = isinstance(known.birth_date, MonthDay) and learner.birth_date in (None, str(known.birth_date))
        if root is not None and dated and full_name_key(known.first_name, known.last_name) in learner.names:
            return learner.physician_id
    accounts.count_try(work.connection, code.digest)
    return None


def _root_of(connection: Connection, learner_id: str | None) -> str | None:
    # The statement runs as well where nobody was found.
    return physicians.roots_of(connection, [learner_id or ""]).get(learner_id or "")


def family_of(connection: Connection, learner_id: str) -> frozenset[str]:
    """Return the ids that mean a physician: the one that counts now, and those that were merged into it."""
    root = _root_of(connection, learner_id) or learner_id
    return frozenset((root, *physicians.aliases_by_root(connection, [root]).get(root, ())))


def _accounts_of(connection: Connection, learner_id: str | None) -> list[PassportAccount]:
    return accounts.open_of(connection, family_of(connection, learner_id or ""))


def _outcome(
    learner_id: str | None, standing: list[PassportAccount], person: StaffPerson, *, by_code: bool
) -> ClaimOutcome:
    if learner_id is None:
        return ClaimOutcome.NOBODY
    return ClaimOutcome.TAKEN if _in_the_way(standing, person.person_id, by_code=by_code) else ClaimOutcome.FOUND


def _in_the_way(standing: list[PassportAccount], person_id: str, *, by_code: bool) -> bool:
    """Whether an account keeps another from being opened: a provider's word is worth more than identity data."""
    return any(
        account.confirmed_at is not None or account.person_id == person_id or not by_code for account in standing
    )


def _tell_holders(work: Work, claim: PassportClaim, holders: list[PassportAccount], *, with_mail: bool) -> None:
    """Note that an account was asked for, and tell who has it, unless they were told often just now.

    Where nobody has it, as much is done: how long that takes says nothing of it.
    """
    service = work.service
    text = texts.claimed_text(mail.address_of(service, "/passport/settings"), service=service.settings.service_name)
    told = [holder.person_id for holder in holders if with_mail]
    for person_id in told or (None,):
        mail.queue_or_not(work, person_id, MailKind.PASSPORT, text)
    learner_id = claim.learner_id if claim.learner_id is not None else msgspec.UNSET
    work.audit("ask", claim.claim_id, PassportClaimAudit(person_id=claim.person_id, learner_id=learner_id))


def _text_of(service: Service, claim: PassportClaim, token: str, *, own: bool) -> MailText:
    name, support = service.settings.service_name, service.settings.support_contact
    match claim.outcome:
        case ClaimOutcome.FOUND:
            return texts.open_text(mail.address_of(service, f"/passport/join/{token}"), service=name)
        case ClaimOutcome.NOBODY:
            return texts.nobody_text(mail.address_of(service, "/passport/join"), service=name, support=support)
        case _ if own:
            return texts.there_is_text(mail.address_of(service, "/passport/sign-in"), service=name)
        case _:
            return texts.taken_text(service=name, support=support)


def find_claim(connection: Connection, service: Service, token: str) -> PassportClaim | None:
    """Return the claim of a link that opens an account, which nothing is done to; None for any other."""
    claim = accounts.claim_of_link(connection, digest_of(token))
    return claim if claim is not None and claim.works_at(service.clock()) else None


def open_account(work: Work, claim_id: str, browser: str) -> Opened | None:
    """Open an account by the link of a claim, and sign in; None where it was used, or somebody else was first."""
    connection = work.connection
    # The physician before the claim: whoever is first ends the claims of all others, and waits for none of them.
    root = _lock_physician(connection, accounts.find_claim(connection, claim_id))
    claim = accounts.lock_claim(connection, claim_id)
    person = persons.lock(connection, claim.person_id) if claim is not None else None
    if root is None or claim is None or not claim.works_at(work.now) or person is None or person.removed_at is not None:
        return None
    family = family_of(connection, root)
    standing = accounts.open_of(connection, family, for_update=True)
    by_code = claim.code_digest is not None
    if _in_the_way(standing, person.person_id, by_code=by_code) or not _use_code(work, claim.code_digest):
        return None
    for account in standing:
        close_of_another(work, account)
    accounts.end_claims(connection, family, work.now)
    confirmed_by = ConfirmedBy.CODE if by_code else None
    if confirmed_by is None and person.address is not None and is_in_roster(work, person.address, root):
        # Whoever presses the button has shown that the address is theirs.
        confirmed_by = ConfirmedBy.ROSTER
        tell_confirmed(work, person.person_id)
    account = add_account(work, person, root, confirmed_by)
    return Opened(account=account, token=sessions.begin(work, person.person_id, browser))


def _lock_physician(connection: Connection, claim: PassportClaim | None) -> str | None:
    """Return the physician of a claim under the id they have now, locked; None for nobody, and who was erased."""
    root = _root_of(connection, claim.learner_id) if claim is not None else None
    if root is None:
        return None
    physicians.lock(connection, [root])
    # Looked at again, locked: they may be erased or merged by now.
    return _root_of(connection, root)


def tell_confirmed(work: Work, person_id: str) -> None:
    """Mail somebody that their account was confirmed."""
    link = mail.address_of(work.service, "/passport/credits")
    text = texts.confirmed_text(link, service=work.service.settings.service_name)
    mail.queue(work, person_id, MailKind.PASSPORT, text)


def _use_code(work: Work, digest: str | None) -> bool:
    """Use up the code of a claim, if it had one; False where somebody else did so meanwhile."""
    if digest is None:
        return True
    code = accounts.find_code(work.connection, [digest])
    if code is None or not code.works_at(work.now):
        return False
    accounts.use_code(work.connection, digest, work.now)
    return True


def close_of_another(work: Work, account: PassportAccount) -> None:
    """Close an account that is found to be another's, and tell who had it."""
    end_account(work, account)
    text = texts.decided_text(service=work.service.settings.service_name, given=True)
    mail.queue(work, account.person_id, MailKind.PASSPORT, text)


def add_account(work: Work, person: StaffPerson, learner_id: str, confirmed_by: ConfirmedBy | None) -> PassportAccount:
    """Open a person's account, which nothing stands in the way of."""
    asked = Invitation(address=person.address or "", role=PersonRole.LEARNER, client_role=Role.LEARNER)
    place = MembershipPlace(place=f"{Role.LEARNER.value}:{learner_id}", what="of CME Passport")
    account = PassportAccount(
        client_id=add_client(work, asked, person, place),
        person_id=person.person_id,
        learner_id=learner_id,
        opened_at=work.now,
        confirmed_at=work.now if confirmed_by is not None else None,
        confirmed_by=confirmed_by,
        closed_at=None,
    )
    accounts.add(work.connection, account)
    audited = PassportAccountAudit(
        person_id=person.person_id,
        learner_id=learner_id,
        confirmed_by=msgspec.UNSET if confirmed_by is None else confirmed_by.value,
    )
    work.audit("open", account.client_id, audited)
    return account
