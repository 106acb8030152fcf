"""What a sender does with a held record: judge it now, correct it, set it aside, ask the operator for help."""

from __future__ import annotations

from datetime import date

from msgspec.structs import replace

from app.core.clock import new_id
from app.core.errors import CompletionRejected, Conflict, NotFound
from app.domain.audit import HelpAudit
from app.domain.held import (
    HeldReason,
    HeldRecord,
    HeldStatus,
    HelpRequest,
    HelpStatus,
    can_wait,
    digest_of_record,
)
from app.domain.parsing import Unparsed
from app.domain.reports import CompletionReport
from app.services.context import Work
from app.services.findings import rejection_of
from app.services.held.judging import judge_again
from app.services.held.lookup import NO_SUCH_RECORD, HeldDetail, detail_of
from app.services.preconditions import must_match
from app.services.reporting import pipeline
from app.services.reporting.holding import ACCEPTED, audit_fields, save_ends
from app.store.held import help_requests, records
from app.store.registry import generation as registry


def judge_now(work: Work, held_id: str) -> HeldDetail:
    """Judge a record that waits, or that was set aside by hand and waits again; raises `Conflict` once it has ended."""
    generation = registry.current(work.connection)
    held = _lock(work, held_id)
    if held.reason is HeldReason.BY_SENDER and held.expires_at > work.now:
        held = held.reopened(work.now)
        records.save(work.connection, [held])
        work.audit("hold", held.held_id, audit_fields(held))
    _require_waiting(held)
    (after,) = judge_again([(work, held)], generation)
    return detail_of(work.connection, after)


def set_aside(work: Work, held_id: str) -> HeldDetail:
    """Set a record aside: it is judged no more. Raises `Conflict` when it has ended otherwise."""
    held = _lock(work, held_id)
    if held.status is HeldStatus.SET_ASIDE:
        return detail_of(work.connection, held)
    _require_waiting(held)
    after = held.ended(HeldStatus.SET_ASIDE, HeldReason.BY_SENDER, work.now)
    save_ends([(work, after)])
    return detail_of(work.connection, after)


def correct(work: Work, held_id: str, if_match: str | None, report: CompletionReport) -> HeldDetail:
    """Put another report in the place of a record that waits, and judge it at once.

    It waits on, or is accepted. Raises `CompletionRejected` with every finding where another rule refuses it, and
    nothing has changed then; `Conflict` once it has ended, or where another held record says the same.
    """
    generation = registry.current(work.connection)
    held = _lock(work, held_id)
    must_match(if_match, held.version)
    _require_waiting(held)
    # The day of its first submission stays: a late correction is no late report.
    report = replace(
        _with_marks_of_cells(report, held.report),
        received_at=held.submitted_at,
        entry_method=held.report.entry_method,
        batch_id=held.batch_id,
        correction=held.report.correction,
    )
    is_new = _require_unlike_others(work, held, report)
    (submitted,) = pipeline.submit([work], [replace(report, held_id=held.held_id)])
    accepted = submitted.outcome in ACCEPTED
    if not accepted and not can_wait(report, submitted.findings):
        raise rejection_of(CompletionRejected, submitted.findings)
    assert report.activity_id is not None
    after = replace(
        held,
        report=report,
        activity_id=report.activity_id,
        client_id=work.caller.client.client_id,
        findings=submitted.findings,
        generation=generation,
        judged_at=work.now,
        updated_at=work.now,
        version=held.version + 1,
    )
    records.replace_report(work.connection, after, is_new=is_new)
    work.audit("correct", held.held_id, audit_fields(after))
    if accepted and submitted.completion is not None:
        completion_id = submitted.completion.completion_id
        after = after.ended(HeldStatus.ACCEPTED, HeldReason.CORRECTED, work.now, completion_id=completion_id)
        save_ends([(work, after)])
    return detail_of(work.connection, after)


def ask(work: Work, held_id: str, message: str | None) -> HeldDetail:
    """Ask the operator for help with a record that waits; asked again before the answer, the message is replaced."""
    held = _lock(work, held_id)
    _require_waiting(held)
    request = help_requests.last_of(work.connection, [held_id]).get(held_id)
    if request is not None and request.status is HelpStatus.OPEN:
        request = replace(request, message=message or request.message, version=request.version + 1)
        help_requests.save(work.connection, request)
    else:
        request = HelpRequest(
            help_id=new_id(),
            held_id=held_id,
            provider_id=held.provider_id,
            client_id=work.caller.client.client_id,
            message=message,
            asked_at=work.now,
            status=HelpStatus.OPEN,
            action=None,
            answer=None,
            physician_id=None,
            answered_at=None,
            version=1,
        )
        help_requests.add(work.connection, request)
    held = replace(held, version=held.version + 1, updated_at=work.now)
    records.save(work.connection, [held])
    fields = HelpAudit(held_id=held_id, activity_id=held.activity_id, provider_id=held.provider_id)
    work.audit("ask", request.help_id, fields)
    return HeldDetail(held=held, help=request)


def _lock(work: Work, held_id: str) -> HeldRecord:
    held = records.one(work.connection, held_id, provider_id=work.caller.provider_id, for_update=True)
    if held is None:
        raise NotFound(NO_SUCH_RECORD)
    return held


def _require_waiting(held: HeldRecord) -> None:
    if held.status is not HeldStatus.WAITING:
        raise Conflict(f"The record does not wait any more, it is {held.status}. To report it anew, send it again.")


def _require_unlike_others(work: Work, held: HeldRecord, report: CompletionReport) -> bool:
    """Raise `Conflict` where another held record says the same; return whether nobody has sent this before."""
    key = (held.provider_id, digest_of_record(report)) if can_wait(report, ()) and _is_readable(report) else None
    other = records.by_digests(work.connection, [key]).get(key) if key is not None else None
    if other is not None and other.held_id != held.held_id:
        raise Conflict(f"The held record {other.held_id} says the same. Set this one aside, or correct it otherwise.")
    return other is None


def _is_readable(report: CompletionReport) -> bool:
    """Whether its dates could be read; where not, a rule refuses it."""
    return isinstance(report.completed_on, date) and not isinstance(report.person.birth_date, Unparsed)


def _with_marks_of_cells(report: CompletionReport, before: CompletionReport) -> CompletionReport:
    """Return a corrected report that remembers which of its numbers came from number cells, if they are the same."""
    numbers = {(cme.state, cme.license_id) for cme in before.cme if cme.license_was_number}
    ids = {(moc.board, moc.board_id) for moc in before.moc if moc.id_was_number}
    if not numbers and not ids:
        return report
    return replace(
        report,
        cme=tuple(replace(cme, license_was_number=(cme.state, cme.license_id) in numbers) for cme in report.cme),
        moc=tuple(replace(moc, id_was_number=(moc.board, moc.board_id) in ids) for moc in report.moc),
    )
