"""Rules about how much credit can be given."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, timedelta

from app.domain.activities import Activity
from app.domain.amounts import format_quarters, in_credits, in_quarters, on_grid
from app.domain.credits import CME
from app.domain.findings import Severity, Suggestion
from app.domain.identity.comparison_keys import code_key
from app.domain.parsing import Unparsed
from app.domain.reports import quarters_of
from app.rules.case import Case
from app.rules.engine import Fault, Scope, rule, suggest

_RULES = "slides, Data reporting rules"
_BATCH = "slides, Learner completion entry - Excel batch"
_LONG_SERIES = timedelta(days=60)
_SESSION_CREDITS = 2
_ONE_SESSION = "The series looks registered with one session's credit: register the amount of the whole series."
UNUSUAL_FACTOR = 10


def registered_with_one_session(activity: Activity, credits: float | None) -> bool:
    """Whether a long series looks registered with the credit of one session instead of the whole.

    Source: slides, Common Issues.
    """
    start, end = activity.start_date, activity.end_date
    return (
        activity.kind is not None
        and activity.kind.code == "regularly-scheduled-series"
        and credits is not None
        and credits <= _SESSION_CREDITS
        and isinstance(start, date)
        and isinstance(end, date)
        and end - start > _LONG_SERIES
    )


@rule("credit-positive", Scope.ALL, source=_RULES, of_offer=True)
def credit_positive(case: Case) -> Iterator[Fault]:
    """Every amount of credit is greater than 0."""
    for pointer, amount in case.amounts:
        if amount is not None and not isinstance(amount, Unparsed) and in_quarters(amount) <= 0:
            yield Fault(pointer, "Credits must be greater than 0.", "Leave out what was not earned.")


@rule("credit-quarter", Scope.ALL, source="accreditor: credit is given in quarters of an hour", of_offer=True)
def credit_quarter(case: Case) -> Iterator[Fault]:
    """Every amount of credit is a multiple of 0.25."""
    for pointer, amount in case.amounts:
        if amount is not None and not isinstance(amount, Unparsed) and not on_grid(amount):
            yield Fault(
                pointer,
                f"{amount:g} is not a multiple of 0.25.",
                "Round to the nearest quarter of a credit.",
                suggestions=_neighbours(pointer, in_quarters(amount)),
            )


def _neighbours(pointer: str, quarters: float) -> tuple[Suggestion, ...]:
    """Suggest the amounts next to one that is off the grid, the nearest first."""
    beside = sorted((math.floor(quarters), math.ceil(quarters)), key=lambda amount: abs(amount - quarters))
    return suggest(pointer, *(in_credits(amount) for amount in beside if amount > 0))


def _above_maximum(case: Case, pointer: str, quarters: float, maximum: float, of: str) -> Fault:
    hint = "Check the amount and the activity's registered maximum."
    if registered_with_one_session(case.known_activity, maximum):
        hint = _ONE_SESSION
    return Fault(
        pointer,
        f"{format_quarters(quarters)} is above the activity's maximum of {maximum:g} {of}.",
        hint,
        suggestions=suggest(pointer, in_credits(in_quarters(maximum))),
    )


@rule("cme-maximum", Scope.CME, source=_RULES, needs=("activity",), of_offer=True)
def cme_maximum(case: Case) -> Iterator[Fault]:
    """In formats with a binding maximum, CME is at most the activity's AMA PRA credits."""
    maximum = case.known_activity.maximum()
    if maximum is None or not case.known_activity.maximum_checked:
        return
    for index, cme in enumerate(case.report.cme):
        quarters = quarters_of(cme.credits)
        if quarters is not None and quarters > in_quarters(maximum):
            yield _above_maximum(case, f"/cme/{index}/credits", quarters, maximum, "AMA PRA credits")


@rule("moc-maximum", Scope.MOC, source=_RULES, needs=("activity",), of_offer=True)
def moc_maximum(case: Case) -> Iterator[Fault]:
    """In formats with a binding maximum, a board's points are at most the activity's points for that board."""
    if not case.known_activity.maximum_checked:
        return
    for pointer, moc, board in case.moc_parts:
        quarters, maximum = moc.total_quarters, case.known_activity.maximum(board.code)
        if quarters is not None and maximum is not None and quarters > in_quarters(maximum):
            yield _above_maximum(case, f"{pointer}/total_credits", quarters, maximum, f"{board.code} points")


@rule("cumulative-maximum", Scope.ALL, source=_RULES, needs=("activity", "placement"))
def cumulative_maximum(case: Case) -> Iterator[Fault]:
    """In formats with a binding maximum, a learner's credit over the whole activity is at most that maximum."""
    if not case.known_activity.maximum_checked:
        return
    for total in case.known_placement.totals:
        target = total.target
        maximum = case.known_activity.maximum(None if target.ledger == CME else target.board)
        if maximum is None or target.quarters > in_quarters(maximum) or total.becomes <= in_quarters(maximum):
            continue
        pointer = f"{target.pointer}/{'credits' if target.ledger == CME else 'total_credits'}"
        left = in_quarters(maximum) - total.held
        hint = (
            f"At most {format_quarters(max(0, left))} can still be reported; if an earlier amount was too high, "
            "correct or withdraw it."
        )
        if registered_with_one_session(case.known_activity, maximum):
            hint = _ONE_SESSION
        yield Fault(
            pointer,
            f"With the {format_quarters(total.held)} reported before, the total would be "
            f"{format_quarters(total.becomes)}, above the activity's maximum of {maximum:g} for {target.ledger}.",
            hint,
            suggestions=suggest(pointer, in_credits(left)) if left > 0 else (),
        )


@rule(
    "amount-unusual",
    Scope.ALL,
    source="inferred from the slides' 999-credit example",
    warns=True,
    needs=("activity",),
    of_offer=True,
)
def amount_unusual(case: Case) -> Iterator[Fault]:
    """In formats without a binding maximum, an amount more than ten times the activity's is unusual."""
    if case.known_activity.maximum_checked:
        return
    asked = [
        *(
            (f"/cme/{i}/credits", quarters_of(cme.credits), case.known_activity.maximum())
            for i, cme in enumerate(case.report.cme)
        ),
        *(
            (f"{at}/total_credits", moc.total_quarters, case.known_activity.maximum(board.code))
            for at, moc, board in case.moc_parts
        ),
    ]
    for pointer, quarters, maximum in asked:
        if quarters is not None and maximum and quarters > UNUSUAL_FACTOR * in_quarters(maximum):
            yield Fault(
                pointer,
                f"{format_quarters(quarters)} is more than ten times the activity's {maximum:g}.",
                "Check the amount.",
            )


@rule("states-differ", Scope.CME, source="one completion's CME is one amount, whichever states it goes to", warns=True)
def states_differ(case: Case) -> Iterator[Fault]:
    """CME of one completion is the same amount for all its states."""
    if not case.report.cme:
        return
    amounts = {quarters for cme in case.report.cme if (quarters := quarters_of(cme.credits)) is not None}
    amounts.update(credit.quarters for credit in case.other_credits if credit.target == CME)
    if len(amounts) > 1:
        listed = " and ".join(format_quarters(amount) for amount in sorted(amounts))
        yield Fault(
            "/cme",
            f"The states of one completion have different amounts: {listed}.",
            "Check that all states have the same amount.",
        )


@rule("credit-type-within-total", Scope.MOC, source=f"{_BATCH}: amounts in one row are not additive", of_offer=True)
def credit_type_within_total(case: Case) -> Iterator[Fault]:
    """Each credit type's amount is at most the board's total; a total above the sum of its types gets a warning."""
    for index, moc in enumerate(case.report.moc):
        total = quarters_of(moc.total_credits)
        amounts = [quarters_of(entry.credits) for entry in moc.credit_types]
        if total is None:
            continue
        for place, amount in enumerate(amounts):
            if amount is not None and amount > total:
                yield Fault(
                    f"/moc/{index}/credit_types/{place}/credits",
                    f"{format_quarters(amount)} is above the board's total of {format_quarters(total)}.",
                    "Credit types of one record are not additive: none may exceed the total.",
                    suggestions=suggest(f"/moc/{index}/credit_types/{place}/credits", in_credits(total)),
                )
        readable = [amount for amount in amounts if amount is not None]
        if readable and len(readable) == len(amounts) and total > sum(readable):
            yield Fault(
                f"/moc/{index}/total_credits",
                f"The total of {format_quarters(total)} is above the sum of its types, "
                f"{format_quarters(sum(readable))}.",
                "Check whether a credit type was left off.",
                Severity.WARNING,
                suggestions=suggest(f"/moc/{index}/total_credits", in_credits(sum(readable))),
            )


@rule(
    "total-inferred",
    Scope.MOC,
    source="accreditor's documents give amounts per credit type only",
    warns=True,
    of_offer=True,
)
def total_inferred(case: Case) -> Iterator[Fault]:
    """Where a board's total is missing, the amount of its largest credit type is taken as the total."""
    for index, moc in enumerate(case.report.moc):
        total = moc.total_quarters
        if moc.total_credits is None and total is not None:
            yield Fault(
                f"/moc/{index}/total_credits",
                f"No total was given; the largest credit type, {in_credits(total):g}, is taken as the total.",
                "Give the total to be sure.",
                suggestions=suggest(f"/moc/{index}/total_credits", in_credits(total)),
            )


@rule(
    "special-credit",
    Scope.CME,
    source="slides, Learner Search: Controlled Substance in North Carolina",
    boards=("ZZNC",),
)
def special_credit(case: Case) -> Iterator[Fault]:
    """A special credit is one that the state's board has, and is part of the CME credit of the same record."""
    for index, cme in enumerate(case.report.cme):
        if not cme.special_credits:
            continue
        boards = case.cme_boards(cme) or tuple(
            case.facts.catalogue.boards[held.board] for held in (case.match.cme[index] if case.match.cme else ())
        )
        known = {code_key(name) for board in boards for name in board.special_credits}
        total = quarters_of(cme.credits)
        for place, special in enumerate(cme.special_credits):
            at = f"/cme/{index}/special_credits/{place}"
            if boards and code_key(special.type or "") not in known:
                yield Fault(
                    f"{at}/type",
                    "The state's board has no such special credit.",
                    "Controlled Substance is reported for North Carolina only.",
                )
            amount = quarters_of(special.credits)
            if amount is not None and total is not None and amount > total:
                yield Fault(
                    f"{at}/credits",
                    f"{format_quarters(amount)} is above the CME amount of {format_quarters(total)}.",
                    "A special credit is part of the CME credit, not added to it.",
                    suggestions=suggest(f"{at}/credits", in_credits(total)),
                )
