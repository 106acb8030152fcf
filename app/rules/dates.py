"""Rules about when a completion can lie."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from app.rules.case import Case, latest_date_on_earth
from app.rules.engine import Fault, Scope, rule

_RULES = "slides, Data reporting rules"
REPORTED_WITHIN = timedelta(days=30)


@rule("completed-not-future", Scope.ALL, source=_RULES, needs=("day",), of_offer=True)
def completed_not_future(case: Case) -> Iterator[Fault]:
    """The completion date is not after today, taken where on earth the date is latest."""
    if case.known_day > latest_date_on_earth(case.facts.now):
        yield Fault(
            "/completed_on", f"{case.known_day} is in the future.", "Report the completion once it has happened."
        )


@rule("completed-after-start", Scope.ALL, source=_RULES, needs=("activity", "day"), of_offer=True)
def completed_after_start(case: Case) -> Iterator[Fault]:
    """The completion date is not before the activity's start date."""
    start = case.known_activity.start_date
    if isinstance(start, date) and case.known_day < start:
        yield Fault(
            "/completed_on",
            f"{case.known_day} is before the activity's start on {start}.",
            "Check the date, and whether last year's activity was meant.",
        )


def _after_end(case: Case, what: str) -> Iterator[Fault]:
    end = case.known_activity.end_date
    if isinstance(end, date) and case.known_day > end:
        yield Fault(
            "/completed_on",
            f"{case.known_day} is after the activity's end on {end}, the last day for {what}.",
            "Check the date; if the activity ran longer, extend its end date first.",
        )


@rule("cme-by-end", Scope.CME, source=_RULES, needs=("activity", "day"), of_offer=True)
def cme_by_end(case: Case) -> Iterator[Fault]:
    """With CME, the completion date is not after the activity's end date."""
    if case.report.cme:
        yield from _after_end(case, "CME")


@rule("rems-by-end", Scope.REMS, source=_RULES, needs=("activity", "day"))
def rems_by_end(case: Case) -> Iterator[Fault]:
    """With REMS, the completion date is not after the activity's end date."""
    if case.report.rems is not None:
        yield from _after_end(case, "REMS")


@rule("moc-by-claim-date", Scope.MOC, source=_RULES, needs=("activity", "day"), of_offer=True)
def moc_by_claim_date(case: Case) -> Iterator[Fault]:
    """With MOC, the completion date is not after the board's credit claim date."""
    for pointer, _, board in case.moc_parts:
        if case.known_activity.registration(board.code) is None:
            continue
        claim = case.known_activity.claim_date(board.code)
        if claim is not None and case.known_day > claim:
            yield Fault(
                "/completed_on",
                f"{case.known_day} is after {claim}, the last day to claim {board.code} credit ({pointer}).",
                "Check the date and the activity's credit claim date.",
            )


@rule("reported-within-30-days", Scope.ALL, source=_RULES, warns=True, needs=("day",), of_offer=True)
def reported_within_30_days(case: Case) -> Iterator[Fault]:
    """Learner credit is reported within 30 days of the completion."""
    received = case.report.received_at.date()
    if received - case.known_day > REPORTED_WITHIN:
        days = (received - case.known_day).days
        yield Fault(
            "/completed_on", f"Reported {days} days after the completion.", "Report within 30 days of completion."
        )
