"""What a provider and the operator do with physicians' disputes: list, answer, decide; and what time does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec.structs import replace
from sqlalchemy import Connection

from app.core.errors import Conflict, InvalidRequest, NotFound, fault_at
from app.domain.parsing import plain_text
from app.domain.passport.disputes import (
    ANSWER_TIME,
    Dispute,
    DisputeCase,
    DisputeStatus,
    DisputeVerb,
    Party,
    ProviderCase,
)
from app.domain.passport.operator_work import PassportWaiting
from app.services.completions import records
from app.services.context import Caller, Service, Work, operator, save_commits, transact
from app.services.passport.disputes import (
    answered,
    case_of,
    cases_of,
    close,
    pass_on,
    require_length,
    require_open,
)
from app.services.passport.joining import family_of
from app.store import completions
from app.store.passport import disputes, operator_work
from app.store.registry import learners, physicians

AT_ONCE = 50
NO_SUCH_DISPUTE = "There is no such dispute."
Decision = Literal["refuse", "withdraw", "changed"]
"""What the operator decides: it stays as it is; the provider's record is withdrawn; it was changed as asked."""


def page(
    connection: Connection, caller: Caller, *, statuses: Sequence[str], before: str | None, limit: int
) -> list[ProviderCase]:
    """Return disputes of the caller's provider, the newest first."""
    found = disputes.page(connection, statuses=statuses, provider_id=caller.provider_id, before=before, limit=limit)
    return _with_learners(connection, cases_of(connection, found))


def get(connection: Connection, caller: Caller, dispute_id: str) -> ProviderCase:
    """Return a dispute of the caller's provider; raises `NotFound` for any other."""
    found = disputes.one(connection, dispute_id)
    if found is None or found.provider_id != caller.provider_id:
        raise NotFound(NO_SUCH_DISPUTE)
    return _of_provider(connection, found)


def _of_provider(connection: Connection, dispute: Dispute) -> ProviderCase:
    (case,) = _with_learners(connection, [case_of(connection, dispute)])
    return case


def _with_learners(connection: Connection, cases: Sequence[DisputeCase]) -> list[ProviderCase]:
    roots = physicians.roots_of(connection, {case.dispute.learner_id for case in cases})
    pairs = {
        (case.dispute.provider_id, root) for case in cases if (root := roots.get(case.dispute.learner_id)) is not None
    }
    known = learners.learner_ids_of(connection, pairs)
    return [
        ProviderCase(
            case=case,
            learner_id=known.get((case.dispute.provider_id, roots.get(case.dispute.learner_id, ""))),
        )
        for case in cases
    ]


def answer(work: Work, dispute_id: str, message: str) -> ProviderCase:
    """Answer a dispute of the caller's provider in words; the physician looks at it, then the operator if asked.

    Raises `NotFound`, `InvalidRequest` without words or for too many, and `Conflict` for a dispute that has ended, or
    was answered already.
    """
    found = disputes.one(work.connection, dispute_id, for_update=True)
    if found is None or found.provider_id != work.caller.provider_id:
        raise NotFound(NO_SUCH_DISPUTE)
    if not plain_text(message):
        raise _without_words("Say what you found, and what you changed.")
    require_length(message)
    require_open(found)
    if found.status is DisputeStatus.ANSWERED:
        raise Conflict("This was answered already: the physician looks at the answer now.")
    until = work.now + ANSWER_TIME if found.status is DisputeStatus.OPEN else None
    return _of_provider(work.connection, answered(work, found, message, until))


def _without_words(hint: str) -> InvalidRequest:
    return InvalidRequest(errors=[fault_at("/message", "The answer has no words.", hint)])


def list_referred(connection: Connection, _caller: Caller, *, limit: int = 200) -> list[DisputeCase]:
    """Return what the operator has to decide, the oldest first."""
    statuses = [DisputeStatus.REFERRED.value]
    found = disputes.page(connection, statuses=statuses, provider_id=None, before=None, limit=limit, oldest_first=True)
    return cases_of(connection, found)


def waiting_for_operator(connection: Connection, caller: Caller) -> PassportWaiting:
    """Return how many claims to accounts and disputes the operator has to decide."""
    return operator_work.waiting(connection, caller.service.clock())


def list_others(connection: Connection, _caller: Caller, *, limit: int = 50) -> list[DisputeCase]:
    """Return the newest disputes that the operator need not decide: those that providers have, and those that ended."""
    statuses = [status.value for status in DisputeStatus if status is not DisputeStatus.REFERRED]
    found = disputes.page(connection, statuses=statuses, provider_id=None, before=None, limit=limit)
    return cases_of(connection, found)


def look(connection: Connection, _caller: Caller, dispute_id: str) -> DisputeCase:
    """Return any dispute, for the operator; raises `NotFound`."""
    found = disputes.one(connection, dispute_id)
    if found is None:
        raise NotFound(NO_SUCH_DISPUTE)
    return case_of(connection, found)


def decide(work: Work, dispute_id: str, decision: Decision, message: str) -> Dispute:
    """Decide a dispute as the operator; all are told. A record is withdrawn in its provider's name, boards hear of it.

    Raises `NotFound`, `InvalidRequest` for a refusal without a reason, and `Conflict` for a dispute that is not the
    operator's to decide, or of which nothing was changed though it is said so.
    """
    found = disputes.one(work.connection, dispute_id, for_update=True)
    if found is None:
        raise NotFound(NO_SUCH_DISPUTE)
    require_open(found)
    if found.status is not DisputeStatus.REFERRED:
        raise Conflict("The provider is still to answer, or the physician looks at its answer.")
    if decision == "refuse" and not plain_text(message):
        raise _without_words("Say why it stays as it is: the physician and the provider read it.")
    require_length(message)
    if decision == "refuse":
        return close(work, found, DisputeVerb.REFUSE, Party.OPERATOR, message)
    if decision == "changed" and not case_of(work.connection, found).changed:
        raise Conflict("Nothing of the record has changed since. Withdraw it, or refuse with the reason.")
    if decision == "withdraw":
        _withdraw_what_stands(work, found)
    return close(work, found, DisputeVerb.AGREE, Party.OPERATOR, message)


def _withdraw_what_stands(work: Work, dispute: Dispute) -> None:
    """Withdraw what a dispute is about in the name of its provider."""
    acting = Work(connection=work.connection, caller=replace(work.caller, provider=dispute.provider_id), now=work.now)
    if dispute.completion_id is not None:
        ids = [dispute.completion_id]
    else:
        root = next(iter(physicians.roots_of(work.connection, [dispute.learner_id]).values()), dispute.learner_id)
        ids = physicians.completion_ids_of(work.connection, root)
    family = family_of(work.connection, dispute.learner_id)
    seen = {
        one.completion_id: one.version
        for one in completions.load_by_ids(work.connection, ids)
        if one.provider_id == dispute.provider_id and one.physician_id in family and one.withdrawn_at is None
    }
    records.withdraw_several(acting, seen)
    save_commits([acting])


def pass_time(service: Service) -> bool:
    """End disputes whose records are gone, and go on with those of which a time is over; return whether there is more.

    A provider that has not answered in time has had its say: the operator decides. A physician who says nothing to an
    answer lets it be.
    """
    gone = service.database.read(lambda connection: disputes.settled_by_records(connection, AT_ONCE))
    for dispute_id in gone:
        transact(operator(service), _end_gone, dispute_id)
    now = service.clock()
    late = service.database.read(lambda connection: disputes.due(connection, now, AT_ONCE))
    for dispute_id in late:
        transact(operator(service), _end_time, dispute_id)
    return AT_ONCE in (len(gone), len(late))


def _end_gone(work: Work, dispute_id: str) -> None:
    # Locked, and looked at again: somebody may have ended it meanwhile.
    found = disputes.one(work.connection, dispute_id, for_update=True)
    if found is not None and found.status.is_open and disputes.is_settled_by_record(work.connection, dispute_id):
        close(work, found, DisputeVerb.AGREE, Party.SERVICE)


def _end_time(work: Work, dispute_id: str) -> None:
    found = disputes.one(work.connection, dispute_id, for_update=True)
    if found is None or not found.status.is_open or found.due_at is None or found.due_at > work.now:
        return
    if found.status is DisputeStatus.OPEN:
        pass_on(work, found, Party.SERVICE)
        return
    changed = case_of(work.connection, found).changed
    close(work, found, DisputeVerb.AGREE if changed else DisputeVerb.REFUSE, Party.SERVICE)
