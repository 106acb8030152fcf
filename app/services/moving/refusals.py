"""What refuses a record of another system before it is matched: what only such records are asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from app.domain.catalogue import Catalogue
from app.domain.findings import Finding, Severity
from app.domain.moving.records import PastCompletion, PastCredit
from app.domain.parsing import Unparsed
from app.domain.reports import Action, Amount, quarters_of
from app.rules.case import latest_date_on_earth
from app.services.moving.parts import is_cme, is_gone

STATUS, DAY, TAKEN, DIFFERS = "moved-status", "moved-day", "id-taken", "moved-differs"
_STATUS_HINT = "Give accepted, rejected, pending or withdrawn; --status says it where the file does not."
_DAY_HINT = "Give it as YYYY-MM-DD, or as 2021-12-20T15:00:00Z; --submitted says it of all records without one."


def refusal(rule: str, pointer: str, detail: str, hint: str, completion_id: str | None = None) -> Finding:
    """Return a finding that refuses the record."""
    return Finding(
        rule=rule, severity=Severity.REJECT, pointer=pointer, detail=detail, hint=hint, completion_id=completion_id
    )


FAILED = refusal(
    "internal",
    "",
    "The service failed on this record; nothing of it was stored.",
    "Import the file of what was not taken over again. If it fails again, it is a fault of the service.",
)


def find_refusals(moved: PastCompletion, catalogue: Catalogue, now: datetime) -> list[Finding]:
    """Return why a record cannot be judged; nothing where it can."""
    if moved.unreadable:
        return [finding for finding in moved.findings if finding.rejects]
    return [*_of_day(moved, now), *_of_credits(moved, catalogue)]


def _of_day(moved: PastCompletion, now: datetime) -> Iterator[Finding]:
    report = moved.report
    assert report is not None
    if not isinstance(report.action, Action) or report.action is not Action.ADD:
        yield refusal(
            "action-valid",
            "/action",
            "Only what stands is taken over: the record asks for something else than to add it.",
            "Leave it out, or upload it as a batch once all is imported.",
        )
    if not moved.submitted:
        detail = "The record does not say when it was submitted to the system that it comes from."
        yield refusal(DAY, "/submitted_at", detail, _DAY_HINT)
    elif report.received_at > now:
        yield refusal(DAY, "/submitted_at", "The day of submission is in the future.", _DAY_HINT)
    elif isinstance(report.completed_on, date) and report.completed_on > latest_date_on_earth(report.received_at):
        yield refusal(
            "completed-not-future",
            "/completed_on",
            f"{report.completed_on} is after the day on which it was submitted, {report.received_at:%Y-%m-%d}.",
            "Check both days.",
        )


def _of_credits(moved: PastCompletion, catalogue: Catalogue) -> Iterator[Finding]:
    for credit in moved.credits:
        if credit.status is None:
            detail = "The record does not say what became of its credit."
            yield refusal(STATUS, f"{credit.pointer}/status", detail, _STATUS_HINT)
        elif not credit.status.holds:
            yield from _of_fallen(credit, catalogue)
    if is_gone(moved):
        yield refusal(
            STATUS, "", "All of the record was withdrawn: nothing stands that could be taken over.", "Leave it out."
        )
    ids = [credit.credit_id for credit in moved.credits if credit.credit_id is not None]
    if len(set(ids)) < len(ids):
        yield refusal(TAKEN, "/credits", "Two credits of the record have one id.", "Give each its own, or none.")


def _of_fallen(credit: PastCredit, catalogue: Catalogue) -> Iterator[Finding]:
    """Yield what is wrong with credit that was rejected or withdrawn, which no rule judges."""
    pointer = credit.pointer
    if is_cme(credit, catalogue):
        if credit.board is None or not catalogue.licensing(credit.board):
            hint = "Give the state of licence by its two letters or full name."
            yield refusal("state-required", f"{pointer}/state", "Not a state that licenses physicians.", hint)
    elif credit.board is None or catalogue.certifying(credit.board) is None:
        hint = "Give its code, for example ABIM; /v1/boards lists them all."
        yield refusal("board-known", f"{pointer}/board", "Unknown certifying board.", hint)
    amounts = [credit.credits, *(amount.credits for amount in credit.types)]
    if not all(_is_amount(amount) for amount in amounts if amount is not None) or _total(credit) is None:
        hint = "Give a number in steps of 0.25, for example 1.5."
        yield refusal("amount-valid", f"{pointer}/credits", "Not an amount of credits.", hint)
    elif any((quarters_of(amount.credits) or 0) > (_total(credit) or 0) for amount in credit.types):
        hint = "The types of credit are parts of it, and none is more than all of it."
        yield refusal("credit-type-within-total", f"{pointer}/credits", "A type is above the credit.", hint)
    names = [amount.type for amount in credit.types]
    if None in names or len(set(names)) < len(names):
        yield refusal(
            "credit-type-once", f"{pointer}/credit_types", "A type has no name, or stands twice.", "Name each."
        )


def _is_amount(amount: Amount) -> bool:
    quarters = quarters_of(amount)
    return not isinstance(amount, Unparsed) and isinstance(quarters, int) and quarters > 0


def _total(credit: PastCredit) -> float | None:
    amounts = [quarters_of(amount) for amount in (credit.credits, *(amount.credits for amount in credit.types))]
    return amounts[0] if amounts[0] is not None else max((a for a in amounts if a is not None), default=None)
