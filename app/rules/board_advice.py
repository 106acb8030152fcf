"""Advice that particular boards give: warnings that their files in the catalogue switch on.

To add one: write its rule here, name it in `catalogue.ADVICE_RULES`, and put it under `advice` in the board's file.
"""

from __future__ import annotations

from collections.abc import Iterator

from app.domain.amounts import format_quarters
from app.domain.boards import Board
from app.domain.credits import CME, held_quarters
from app.domain.identity.comparison_keys import id_key
from app.domain.reports import MocPart, quarters_of
from app.rules.case import Case
from app.rules.engine import Fault, Scope, rule

_ADVICE = "board's public guidance to providers"
_DAILY_QUARTERS = 12 * 4


def _advised(case: Case, name: str) -> Iterator[tuple[str, MocPart, Board]]:
    for pointer, moc, board in case.moc_parts:
        if name in board.advice:
            yield pointer, moc, board


@rule("aba-equals-ama", Scope.MOC, source=_ADVICE, warns=True, boards=("ABA",), needs=("activity",), of_offer=True)
def aba_equals_ama(case: Case) -> Iterator[Fault]:
    """ABA points of an activity equal its AMA PRA credits."""
    for pointer, _, board in _advised(case, "aba-equals-ama"):
        points, credits = case.known_activity.maximum(board.code), case.known_activity.ama_pra_credits
        if points is not None and credits is not None and points != credits:
            yield Fault(
                pointer,
                f"The activity is registered for {points:g} {board.code} points and {credits:g} AMA PRA credits.",
                "Register the same amount for both.",
            )


@rule("aba-outline", Scope.MOC, source=_ADVICE, warns=True, boards=("ABA",), needs=("activity",), of_offer=True)
def aba_outline(case: Case) -> Iterator[Fault]:
    """An activity for ABA registers one or two content-outline areas."""
    for pointer, _, board in _advised(case, "aba-outline"):
        registration = case.known_activity.registration(board.code)
        if registration is not None and not 1 <= len(registration.content_outline) <= 2:
            yield Fault(
                pointer,
                f"The activity registers {len(registration.content_outline)} content-outline areas for {board.code}.",
                "Register one or two.",
            )


@rule("abim-six-digits", Scope.MOC, source=_ADVICE, warns=True, boards=("ABIM",))
def abim_six_digits(case: Case) -> Iterator[Fault]:
    """An ABIM id has six digits."""
    for pointer, moc, _ in _advised(case, "abim-six-digits"):
        key = id_key(moc.board_id).rjust(6, "0") if moc.id_was_number else id_key(moc.board_id)
        if moc.board_id and not (len(key) == 6 and key.isdigit()):
            yield Fault(f"{pointer}/board_id", "An ABIM id has six digits.", "Check that it is not the licence number.")


@rule("abim-within-cme", Scope.MOC, source=_ADVICE, warns=True, boards=("ABIM",))
def abim_within_cme(case: Case) -> Iterator[Fault]:
    """ABIM points are not above the learner's CME credit."""
    cme = [amount for part in case.report.cme if (amount := quarters_of(part.credits)) is not None]
    cme += [credit.quarters for credit in case.other_credits if credit.target == CME]
    for pointer, moc, _ in _advised(case, "abim-within-cme"):
        if cme and moc.total_quarters is not None and moc.total_quarters > max(cme):
            yield Fault(
                f"{pointer}/total_credits",
                f"{format_quarters(moc.total_quarters)} points are above the "
                f"{format_quarters(max(cme))} CME credits of the record.",
                "ABIM points never exceed the CME credit earned.",
            )


@rule(
    "abim-practice-assessment",
    Scope.MOC,
    source=_ADVICE,
    warns=True,
    boards=("ABIM",),
    needs=("activity",),
    of_offer=True,
)
def abim_practice_assessment(case: Case) -> Iterator[Fault]:
    """Practice Assessment goes with performance improvement activities."""
    if case.known_activity.kind is not None and case.known_activity.kind.code == "performance-improvement":
        return
    for pointer, moc, board in _advised(case, "abim-practice-assessment"):
        for place, entry in enumerate(moc.credit_types):
            if entry.type and board.type_name(entry.type) == "Practice Assessment":
                yield Fault(
                    f"{pointer}/credit_types/{place}/type",
                    "Practice Assessment is usually given for performance improvement activities only.",
                    "Check the credit type and the activity's format.",
                )


@rule("abo-not-both", Scope.MOC, source=_ADVICE, warns=True, boards=("ABO",), of_offer=True)
def abo_not_both(case: Case) -> Iterator[Fault]:
    """Patient Safety and Improvement in Medical Practice are not both given on one activity."""
    both = {"Patient Safety", "Improvement in Medical Practice"}
    for pointer, moc, board in _advised(case, "abo-not-both"):
        if both <= {board.type_name(entry.type) for entry in moc.credit_types if entry.type}:
            yield Fault(
                f"{pointer}/credit_types", f"{' and '.join(sorted(both))} are given together.", "Keep one of them."
            )


@rule("abp-birth-date", Scope.MOC, source=_ADVICE, warns=True, boards=("ABP",))
def abp_birth_date(case: Case) -> Iterator[Fault]:
    """ABP does not ask for the birth date, but it helps when the name differs."""
    if case.report.person.birth_date is None and case.report.person.learner_id is None:
        for _ in _advised(case, "abp-birth-date"):
            yield Fault("/learner/date_of_birth", "No birth date was given.", "It helps the board when names differ.")


def _own_quarters(case: Case, board: str) -> int:
    """Return what a corrected completion itself held of a board on the day: it is left out of the sum."""
    own = case.corrects
    if own is None or case.learner is None or own.subject != case.learner.physician_id or own.completed_on != case.day:
        return 0
    return held_quarters(own.credits).get(board, 0)


@rule("daily-credits-unusual", Scope.MOC, source=_ADVICE, warns=True, boards=("ABS",), needs=("learner", "day"))
def daily_credits_unusual(case: Case) -> Iterator[Fault]:
    """More than 12 ABS credits of one learner on one day, as reported by one provider, are unusual."""
    for pointer, moc, board in _advised(case, "daily-credits-unusual"):
        held = case.facts.day_quarters.get(
            (case.report.provider_id, case.known_learner.physician_id, board.code, case.known_day), 0
        ) - _own_quarters(case, board.code)
        fresh = case.placement is not None and any(t.board == board.code for t in case.placement.fresh)
        total = held + (moc.total_quarters or 0 if fresh else 0)
        if total > _DAILY_QUARTERS:
            yield Fault(
                f"{pointer}/total_credits",
                f"With this record the learner has {format_quarters(total)} {board.code} credits on {case.known_day}.",
                "Check the date and the amount.",
            )
