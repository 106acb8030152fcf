"""A physician's disputes: opened on a record that was reported for them, followed, settled or taken back.

What a dispute is about is the record as it stood: what changed since is seen from its versions, whoever changed it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import UNSET
from msgspec.structs import replace
from sqlalchemy import Connection

from app.core.clock import new_id
from app.core.errors import Conflict, InvalidRequest, NotFound, ProviderMoved, fault_at
from app.domain.credits import Completion
from app.domain.parsing import plain_text
from app.domain.passport import dispute_mails as texts
from app.domain.passport.audit import DisputeAudit
from app.domain.passport.disputes import (
    ANSWER_TIME,
    Dispute,
    DisputeCase,
    DisputeKind,
    DisputeStatus,
    DisputeStep,
    DisputeVerb,
    Party,
)
from app.domain.people.mails import MailKind
from app.services.context import Caller, Work
from app.services.passport.accounts import Holder, confirmed
from app.services.passport.joining import family_of
from app.services.passport.names import load_names
from app.services.people import mail
from app.store import completion_versions, completions
from app.store.access import providers
from app.store.passport import accounts, disputes

LONGEST = 2_000
"""Characters of what somebody says."""
_CHANGES = frozenset(("report", "correct", "withdraw"))
"""The verbs of versions that change what a record says; boards' answers do not."""


def case_of(connection: Connection, dispute: Dispute) -> DisputeCase:
    """Return a dispute with what it is about."""
    (case,) = cases_of(connection, [dispute])
    return case


def cases_of(connection: Connection, found: Sequence[Dispute]) -> list[DisputeCase]:
    """Return disputes with what they are about, in their order."""
    steps = disputes.steps_of(connection, [one.dispute_id for one in found])
    named = load_names(connection, found)
    records = {
        record.completion_id: record
        for record in completions.load_by_ids(connection, {one.completion_id for one in found if one.completion_id})
    }
    cases = []
    for one in found:
        record = records.get(one.completion_id or "")
        before, changed = _since(connection, one, record)
        cases.append(
            DisputeCase(
                dispute=one,
                steps=tuple(steps.get(one.dispute_id, ())),
                provider=named.provider(one.provider_id),
                activity=named.activity(one.activity_id) if one.activity_id is not None else "",
                record=record,
                before=before,
                changed=changed,
            )
        )
    return cases


def _since(connection: Connection, dispute: Dispute, record: Completion | None) -> tuple[Completion | None, bool]:
    """Return the record as it was when a dispute was opened, and whether somebody changed it since."""
    if record is None or dispute.record_version is None or record.version == dispute.record_version:
        return record, False
    versions = completion_versions.of_provider(connection, dispute.provider_id, record.completion_id)
    before = next((row["completion"] for row in versions if row["completion"].version == dispute.record_version), None)
    later = (row for row in versions if row["completion"].version > dispute.record_version)
    return before, any(row["verb"] in _CHANGES for row in later)


def own_record(connection: Connection, holder: Holder, completion_id: str) -> Completion:
    """Return a record of the holder of an account, withdrawn or not; raises `NotFound` for any other."""
    found = completions.load_by_ids(connection, [completion_id])
    record = next((one for one in found if one.physician_id in holder.ids), None)
    if record is None:
        raise NotFound("There is no such record of yours.")
    return record


def own(connection: Connection, caller: Caller, dispute_id: str) -> DisputeCase:
    """Return a dispute of the caller's; raises `NotFound` for any other, `Forbidden` for an unconfirmed account."""
    holder = confirmed(connection, caller)
    case = case_of(connection, _own(connection, holder, dispute_id))
    return replace(case, own=case.record is not None and case.record.physician_id in holder.ids)


def _own(connection: Connection, holder: Holder, dispute_id: str, *, for_update: bool = False) -> Dispute:
    found = disputes.one(connection, dispute_id, for_update=for_update)
    if found is None or found.learner_id not in holder.ids:
        raise NotFound("There is no such dispute of yours.")
    return found


def open_dispute(work: Work, completion_id: str, kind: str, message: str) -> Dispute:
    """Say that a record of the caller's is wrong, or somebody else's.

    One that is open already is told more, whatever it was about. Raises `InvalidRequest` without what is wrong or a
    sentence, `Conflict` for a record that was withdrawn, `NotFound` and `Forbidden`.
    """
    accounts.lock(work.connection, work.caller.client.client_id)
    holder = confirmed(work.connection, work.caller)
    record = own_record(work.connection, holder, completion_id)
    said = _require_words(kind, message)
    open_now = [
        one
        for one in disputes.of_learner(work.connection, holder.ids, completion_id)
        if one.status.is_open and one.kind is not DisputeKind.PERMISSION
    ]
    if open_now:
        dispute = _locked(work, open_now[0].dispute_id)
        add_step(work, dispute, DisputeVerb.ADD, Party.PHYSICIAN, said)
        return dispute
    if record.withdrawn_at is not None:
        raise Conflict("This record was withdrawn: it counts for nothing, and there is nothing to dispute.")
    return begin(work, new_dispute(work, DisputeKind(kind), holder, record), said)


def _require_words(kind: str, message: str) -> str:
    faults = []
    if kind not in {one.value for one in DisputeKind if one is not DisputeKind.PERMISSION}:
        faults.append(fault_at("/kind", "What is wrong is not chosen.", "Choose one."))
    if not plain_text(message):
        faults.append(fault_at("/message", "There are no words.", "Say in a sentence what is wrong, or what is right."))
    if faults:
        raise InvalidRequest(errors=faults)
    return require_length(message)


def require_length(message: str) -> str:
    """Return what somebody says; raises `InvalidRequest` for more than anybody reads."""
    if len(message) > LONGEST:
        raise InvalidRequest(
            errors=[fault_at("/message", f"The text has {len(message):,} characters.", f"Write at most {LONGEST:,}.")]
        )
    return message


def new_dispute(
    work: Work,
    kind: DisputeKind,
    holder: Holder,
    record: Completion | None,
    *,
    provider_id: str | None = None,
    permission_id: str | None = None,
) -> Dispute:
    """Return a new dispute of a holder about a record, or about all of a provider; nothing is written."""
    of = record.provider_id if record is not None else provider_id
    assert of is not None
    return Dispute(
        dispute_id=new_id(),
        kind=kind,
        status=DisputeStatus.OPEN,
        learner_id=holder.physician.physician_id,
        provider_id=of,
        completion_id=record.completion_id if record is not None else None,
        activity_id=record.activity_id if record is not None else None,
        permission_id=permission_id,
        record_version=record.version if record is not None else None,
        client_id=work.caller.client.client_id,
        opened_at=work.now,
        answer_by=work.now + ANSWER_TIME,
        due_at=work.now + ANSWER_TIME,
        answered_at=None,
        closed_at=None,
        version=1,
    )


def begin(work: Work, dispute: Dispute, message: str | None) -> Dispute:
    """Store a new dispute with its first step, and tell whom it concerns."""
    disputes.add(work.connection, dispute)
    if providers.roots_of(work.connection, [dispute.provider_id]):
        # Merged while this waited for it: it is done again for the other one.
        raise ProviderMoved
    add_step(work, dispute, DisputeVerb.OPEN, Party.PHYSICIAN, message)
    _audit(work, "open", dispute)
    tell_physician(work, dispute)
    return dispute


def settle(work: Work, dispute_id: str) -> Dispute:
    """End a dispute of the caller's: the record is right now, or it is taken back as it stands.

    Raises `Conflict` for one that has ended, `NotFound` and `Forbidden`.
    """
    dispute = require_open(_own_locked(work, dispute_id))
    if dispute.kind is DisputeKind.PERMISSION:
        raise Conflict("Give the permission back instead: the settings do so.")
    changed = case_of(work.connection, dispute).changed
    verb = DisputeVerb.AGREE if changed else DisputeVerb.TAKE_BACK
    return close(work, dispute, verb, Party.PHYSICIAN)


def refer(work: Work, dispute_id: str, message: str) -> Dispute:
    """Ask the operator to decide, where the provider's answer will not do; raises as `settle`, and `InvalidRequest`."""
    dispute = require_open(_own_locked(work, dispute_id))
    if dispute.status is not DisputeStatus.ANSWERED:
        raise Conflict("The operator decides after the provider has answered, or has had its time to.")
    return pass_on(work, dispute, Party.PHYSICIAN, require_length(message))


def pass_on(work: Work, dispute: Dispute, party: Party, message: str | None = None) -> Dispute:
    """Let the operator decide a dispute that is locked."""
    after = replace(dispute, status=DisputeStatus.REFERRED, due_at=None, version=dispute.version + 1)
    disputes.save(work.connection, after)
    add_step(work, after, DisputeVerb.REFER, party, message)
    _audit(work, "refer", after)
    tell_physician(work, after)
    return after


_ENDS = {
    DisputeVerb.AGREE: DisputeStatus.AGREED,
    DisputeVerb.REFUSE: DisputeStatus.REFUSED,
    DisputeVerb.TAKE_BACK: DisputeStatus.TAKEN_BACK,
}


def close(work: Work, dispute: Dispute, verb: DisputeVerb, party: Party, message: str | None = None) -> Dispute:
    """End a dispute that is locked and open, and tell whom it concerns."""
    after = replace(dispute, status=_ENDS[verb], due_at=None, closed_at=work.now, version=dispute.version + 1)
    disputes.save(work.connection, after)
    add_step(work, after, verb, party, message)
    _audit(work, verb.value, after)
    tell_physician(work, after)
    return after


def answered(work: Work, dispute: Dispute, message: str, until: datetime | None) -> Dispute:
    """Note a provider's answer to a dispute that is locked; `until` is when the physician has looked at it."""
    status = DisputeStatus.ANSWERED if until is not None else dispute.status
    after = replace(dispute, status=status, due_at=until, answered_at=work.now, version=dispute.version + 1)
    disputes.save(work.connection, after)
    add_step(work, after, DisputeVerb.ANSWER, Party.PROVIDER, message)
    _audit(work, "answer", after)
    tell_physician(work, after, answered=True)
    return after


def _own_locked(work: Work, dispute_id: str) -> Dispute:
    return _own(work.connection, confirmed(work.connection, work.caller), dispute_id, for_update=True)


def _locked(work: Work, dispute_id: str) -> Dispute:
    found = disputes.one(work.connection, dispute_id, for_update=True)
    assert found is not None
    return require_open(found)


def require_open(dispute: Dispute) -> Dispute:
    """Return a dispute that is open; raises `Conflict` for one that has ended."""
    if not dispute.status.is_open:
        raise Conflict("This has ended already: nothing was changed.")
    return dispute


def add_step(work: Work, dispute: Dispute, verb: DisputeVerb, party: Party, message: str | None = None) -> None:
    """Add a step to a dispute."""
    client_id = work.caller.client.client_id if party is not Party.SERVICE else None
    if client_id == "operator":
        # The operator at the command line is no row of its own.
        client_id = None
    step = DisputeStep(
        step_id=new_id(),
        dispute_id=dispute.dispute_id,
        verb=verb,
        party=party,
        client_id=client_id,
        at=work.now,
        message=message or None,
    )
    disputes.add_step(work.connection, step)


def _audit(work: Work, verb: str, dispute: Dispute) -> None:
    fields = DisputeAudit(
        provider_id=dispute.provider_id,
        kind=dispute.kind.value,
        status=dispute.status.value,
        completion_id=dispute.completion_id or UNSET,
        activity_id=dispute.activity_id or UNSET,
    )
    work.audit(verb, dispute.dispute_id, fields)


def tell_physician(work: Work, dispute: Dispute, *, answered: bool = False) -> None:
    """Mail the physician of a dispute where it stands: provider, activity and state, and nobody's name."""
    case = case_of(work.connection, dispute)
    link = mail.address_of(work.service, f"/passport/disputes/{dispute.dispute_id}")
    text = texts.dispute_text(
        dispute, link, provider=case.provider, activity=case.activity, answered=answered, changed=case.changed
    )
    for account in accounts.open_of(work.connection, family_of(work.connection, dispute.learner_id)):
        mail.queue(work, account.person_id, MailKind.PASSPORT, text)


def open_by_record(connection: Connection, learner_ids: Iterable[str]) -> dict[str, list[Dispute]]:
    """Return the open disputes of physicians about one record, by the record."""
    found: dict[str, list[Dispute]] = {}
    for one in disputes.open_of(connection, learner_ids):
        if one.status.is_open and one.completion_id is not None:
            found.setdefault(one.completion_id, []).append(one)
    return found
