"""The operator's queue: what senders ask about held records, and the answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET
from msgspec.structs import replace
from sqlalchemy import Connection

from app.core.errors import CompletionRejected, Conflict, InvalidRequest, NotFound, fault_at
from app.domain.audit import HelpAudit
from app.domain.boards import BoardKind
from app.domain.held import HeldReason, HeldRecord, HeldStatus, HelpAction, HelpRequest, HelpStatus
from app.domain.identity.learners import Holding
from app.domain.parsing import plain_text
from app.services.context import Caller, Work, save_commits
from app.services.findings import rejection_of
from app.services.held.judging import judge_again
from app.services.registry import additions
from app.services.reporting.learner_ids import LearnerIdRow, assign_learner_id, save_learner_ids
from app.services.reporting.loading import load, match_learners
from app.services.reporting.senders import sender_work
from app.store.access import providers
from app.store.held import help_requests, records
from app.store.registry import generation as registry
from app.store.registry import learners

_NO_SUCH_REQUEST = "There is no such request for help."


class HelpCase(msgspec.Struct, frozen=True, kw_only=True):
    """A request for help with its held record."""

    request: HelpRequest
    held: HeldRecord
    explanation: Mapping[str, Any] | None = None
    """How the candidates compare with the record now, by levels and ids; None where nobody was weighed."""


class HelpAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The operator's answer, as it was sent."""

    action: HelpAction
    message: str | None = None
    physician_id: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    board: str | None = None
    license_id: str | None = None


def page(
    connection: Connection,
    _caller: Caller,
    *,
    statuses: Sequence[str],
    provider_ids: Sequence[str],
    after: str | None,
    limit: int,
) -> list[HelpCase]:
    """Return requests with their records, the oldest first; providers are named by any id they ever had."""
    wanted = list(providers.same_ids(connection, provider_ids))
    found = help_requests.page(connection, statuses=statuses, provider_ids=wanted, after=after, limit=limit)
    held = records.by_ids(connection, {request.held_id for request in found})
    return [HelpCase(request=request, held=held[request.held_id]) for request in found]


def get(connection: Connection, caller: Caller, help_id: str) -> HelpCase:
    """Return one request with its record, and how its candidates compare now; raises `NotFound`."""
    request = help_requests.one(connection, help_id)
    held = records.one(connection, request.held_id) if request is not None else None
    if request is None or held is None:
        raise NotFound(_NO_SUCH_REQUEST)
    return HelpCase(request=request, held=held, explanation=_explain(connection, caller, held))


def _explain(connection: Connection, caller: Caller, held: HeldRecord) -> Mapping[str, Any] | None:
    work = Work(connection=connection, caller=caller, now=caller.service.clock())
    loaded = load(work, [held.report], locking=False)
    (match,) = match_learners(work, [held.report], loaded)
    return match.explain() if match.explain is not None else None


def answer(work: Work, help_id: str, given: HelpAnswer) -> HelpCase:
    """Answer an open request, by the operator's word or deed; the sender is told.

    Raises `NotFound`, `Conflict` when it is open no more, `InvalidRequest` for an answer that lacks something, and
    `CompletionRejected` where a rule refuses the record for the physician who is named: then nothing has changed.
    """
    generation = registry.current(work.connection)
    asked = help_requests.one(work.connection, help_id)
    # The record before its request: everybody locks them in this order.
    held = records.one(work.connection, asked.held_id, for_update=True) if asked is not None else None
    request = help_requests.one(work.connection, help_id, for_update=True)
    if held is None or request is None:
        raise NotFound(_NO_SUCH_REQUEST)
    if request.status is not HelpStatus.OPEN:
        raise Conflict(f"The request is {request.status}: there is nothing to answer.")
    _require_parts(given)
    match given.action:
        case HelpAction.LINK:
            held = _link(work, held, given, generation)
        case HelpAction.ADD_NAME:
            held = _add_name(work, held, given)
        case HelpAction.ADD_LICENCE:
            held = _add_licence(work, held, given)
        case HelpAction.ANSWER:
            pass
    held = replace(held, version=held.version + 1, updated_at=work.now)
    records.save(work.connection, [held])
    request = replace(
        request,
        status=HelpStatus.ANSWERED,
        action=given.action,
        answer=given.message,
        physician_id=given.physician_id,
        answered_at=work.now,
        version=request.version + 1,
    )
    help_requests.save(work.connection, request)
    fields = HelpAudit(
        held_id=held.held_id,
        activity_id=held.activity_id,
        provider_id=held.provider_id,
        action=given.action.value,
        physician_id=given.physician_id or UNSET,
    )
    work.audit("answer", help_id, fields)
    return HelpCase(request=request, held=held)


def _require_parts(given: HelpAnswer) -> None:
    if given.action is HelpAction.ANSWER:
        if not plain_text(given.message or ""):
            raise _invalid("/message", "The answer has no words.", "Say in message what the sender should do.")
        if given.physician_id is not None:
            hint = "Leave physician_id out, or send the action link, add-name or add-licence."
            raise _invalid("/physician_id", "An answer in words names no physician.", hint)
    elif given.physician_id is None:
        raise _invalid(
            "/physician_id",
            "The physician is missing.",
            "Give the id of who is meant, as POST /v1/physicians:search finds it.",
        )


def _link(work: Work, held: HeldRecord, given: HelpAnswer, generation: int) -> HeldRecord:
    """Accept a record for the physician whom the operator names, under the sender's rights and every other rule."""
    assert given.physician_id is not None
    physician = additions.require_physician(work, given.physician_id)
    sender = sender_work(work.service, work.connection, held.client_id, held.provider_id)
    if sender is None:
        raise Conflict("The client that sent the record may not report for its provider any more.")
    if sender.caller.client.test:
        raise Conflict("The record is one of the sandbox, which knows no physician.")
    pair = (held.provider_id, physician.physician_id)
    new: list[LearnerIdRow] = []
    learner_id = assign_learner_id(sender, pair, learners.learner_ids_of(work.connection, [pair]), new)
    save_learner_ids(sender, new)
    (after,) = judge_again([(sender, held)], generation, reason=HeldReason.LINKED, linked_to=learner_id)
    if after.status is not HeldStatus.ACCEPTED:
        raise rejection_of(CompletionRejected, after.findings)
    save_commits([sender])
    return after


def _add_name(work: Work, held: HeldRecord, given: HelpAnswer) -> HeldRecord:
    assert given.physician_id is not None
    person = held.report.person
    first, last = given.first_name or person.first_name, given.last_name or person.last_name
    if not first or not last:
        raise _invalid("/last_name", "The record has no name to add.", "Give first_name and last_name.")
    additions.add_name(work, given.physician_id, first, last)
    return _judge_after_change(work, held)


def _add_licence(work: Work, held: HeldRecord, given: HelpAnswer) -> HeldRecord:
    assert given.physician_id is not None
    additions.add_licence(work, given.physician_id, _licence_meant(work, held, given))
    return _judge_after_change(work, held)


def _licence_meant(work: Work, held: HeldRecord, given: HelpAnswer) -> Holding:
    """Return the licence to add: as the operator gives it, else that of the one part of the record with a number."""
    catalogue = work.service.catalogue
    parts = [part for part in held.report.cme if part.state and part.license_id]
    if given.board is not None:
        named = catalogue.board(given.board)
        boards = {named.code} if named is not None and named.kind is BoardKind.LICENSING else set()
        parts = [part for part in parts if boards & {board.code for board in catalogue.licensing(part.state or "")}]
    else:
        boards = {board.code for part in parts for board in catalogue.licensing(part.state or "")}
    numbers = {given.license_id} if given.license_id else {part.license_id for part in parts if part.license_id}
    if len(boards) != 1:
        raise _invalid("/board", "It is not clear which licensing board is meant.", "Give its code, such as TN-M.")
    if len(numbers) != 1:
        raise _invalid("/license_id", "It is not clear which licence number is meant.", "Give license_id.")
    (board,), (number,) = boards, numbers
    return Holding(board=board, number=number)


def _judge_after_change(work: Work, held: HeldRecord) -> HeldRecord:
    """Judge a record again now that the registry has changed, if its sender may still report it."""
    sender = sender_work(work.service, work.connection, held.client_id, held.provider_id)
    if sender is None:
        return held
    (after,) = judge_again([(sender, held)], registry.current(work.connection))
    save_commits([sender])
    return after


def _invalid(pointer: str, detail: str, hint: str) -> InvalidRequest:
    return InvalidRequest(errors=[fault_at(pointer, detail, hint)])
