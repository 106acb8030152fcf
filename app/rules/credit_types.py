"""Rules about certifying boards, their registration with the activity, and their credit types."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from app.domain.boards import Board
from app.domain.identity.comparison_keys import code_key
from app.rules.case import Case
from app.rules.engine import Fault, Scope, rule, suggest
from app.rules.targets import canonical_type

_NEEDS = "slides, Reporting Learners: what info is needed"
_REGISTRATION = "accreditor's guidance on registering activities for MOC"


@rule("board-registered", Scope.MOC, source=_REGISTRATION, needs=("activity",), of_offer=True)
def board_registered(case: Case) -> Iterator[Fault]:
    """The activity is registered for the certifying board."""
    for pointer, _, board in case.moc_parts:
        if case.known_activity.registration(board.code) is None:
            yield Fault(
                f"{pointer}/board",
                f"The activity is not registered for {board.code}.",
                "Register the activity for the board first, or leave the board out.",
            )


@rule("board-collaborates", Scope.MOC, source=_REGISTRATION, needs=("activity", "day"), of_offer=True)
def board_collaborates(case: Case) -> Iterator[Fault]:
    """The board collects credit for completions on that date and for activities with that start date."""
    for pointer, _, board in case.moc_parts:
        start = case.known_activity.start_date
        if not board.completions.covers(case.known_day):
            yield Fault(
                f"{pointer}/board",
                f"{board.code} does not collect credit for completions on {case.known_day}.",
                _since(board.completions.since, board.completions.until, "Completions"),
            )
        elif isinstance(start, date) and not board.activities.covers(start):
            yield Fault(
                f"{pointer}/board",
                f"{board.code} does not collect credit for activities that start on {start}.",
                _since(board.activities.since, board.activities.until, "Activities that start"),
            )


def _since(since: date | None, until: date | None, what: str) -> str:
    bounds = [f"from {since} on" if since else "", f"until {until}" if until else ""]
    return f"{what} are collected {' '.join(bound for bound in bounds if bound)}."


@rule("board-once", Scope.ALL, source="one record holds each target once")
def board_once(case: Case) -> Iterator[Fault]:
    """Each certifying board and each state appears only once in a record."""
    if len(case.report.cme) < 2 and len(case.moc_parts) < 2:
        # No certifying board is a state's.
        return
    seen: set[object] = set()
    for index, cme in enumerate(case.report.cme):
        meant = frozenset(board.code for board in case.cme_boards(cme))
        matched = {held.board for held in (case.match.cme[index] if case.match.cme else ())}
        if (meant and meant in seen) or matched & seen:
            yield Fault(f"/cme/{index}/state", "This state appears twice in the record.", "Give each state once.")
        seen |= {meant} | matched
    for pointer, _, board in case.moc_parts:
        if board.code in seen:
            yield Fault(f"{pointer}/board", f"{board.code} appears twice in the record.", "Give each board once.")
        seen.add(board.code)


@rule("credit-type-required", Scope.MOC, source=_NEEDS, of_offer=True)
def credit_type_required(case: Case) -> Iterator[Fault]:
    """Each certifying board has at least one credit type, and each type a name."""
    for index, moc in enumerate(case.report.moc):
        if not moc.credit_types:
            yield Fault(
                f"/moc/{index}/credit_types",
                "At least one credit type is required to report for a certifying board.",
                "Add the types earned, with the amount of each.",
            )
        for place, entry in enumerate(moc.credit_types):
            if not entry.type:
                yield Fault(
                    f"/moc/{index}/credit_types/{place}/type",
                    "The credit type is missing.",
                    "Name it, or leave it out.",
                )


@rule("credit-type-registered", Scope.MOC, source=_REGISTRATION, needs=("activity",), of_offer=True)
def credit_type_registered(case: Case) -> Iterator[Fault]:
    """Each credit type is registered for that board on that activity, and the board gives it on that date."""
    for pointer, moc, board in case.moc_parts:
        registration = case.known_activity.registration(board.code)
        if registration is None:
            continue
        registered = {code_key(board.type_name(name)) for name in registration.credit_types}
        given = {code_key(board.type_name(entry.type)) for entry in moc.credit_types if entry.type}
        for place, entry in enumerate(moc.credit_types):
            if not entry.type:
                continue
            known = board.credit_type(entry.type)
            others = _given_that_day(board, registration.credit_types, case.day)
            suggested = suggest(
                f"{pointer}/credit_types/{place}/type",
                *(name for name in others if code_key(board.type_name(name)) not in given),
            )
            if code_key(known.name if known is not None else entry.type) not in registered:
                listed = ", ".join(registration.credit_types) or "none"
                yield Fault(
                    f"{pointer}/credit_types/{place}/type",
                    f"The activity is not registered for this credit type of {board.code}.",
                    f"Registered types: {listed}.",
                    suggestions=suggested,
                )
            elif known is not None and case.day is not None and not known.completions.covers(case.day):
                yield Fault(
                    f"{pointer}/credit_types/{place}/type",
                    f"{board.code} does not give {known.name} for completions on {case.day}.",
                    _since(known.completions.since, known.completions.until, "Completions"),
                    suggestions=suggested,
                )


def _given_that_day(board: Board, names: Iterable[str], day: date | None) -> Iterator[str]:
    """Yield the credit types, of some, that a board gives for completions on a day."""
    for name in names:
        known = board.credit_type(name)
        if day is None or known is None or known.completions.covers(day):
            yield name


@rule("credit-type-once", Scope.CME, Scope.MOC, source="one record holds each credit type once", of_offer=True)
def credit_type_once(case: Case) -> Iterator[Fault]:
    """Each credit type appears only once for a board, and each special credit only once for a state."""
    for index, cme in enumerate(case.report.cme):
        if len(cme.special_credits) < 2:
            continue
        special = [code_key(entry.type or "") for entry in cme.special_credits]
        for place, name in enumerate(special):
            if name and name in special[:place]:
                yield Fault(
                    f"/cme/{index}/special_credits/{place}/type",
                    "This special credit appears twice for the state.",
                    "Give each once.",
                )
    for pointer, moc, board in case.moc_parts:
        names: set[str] = set()
        for place, entry in enumerate(moc.credit_types if len(moc.credit_types) > 1 else ()):
            name = code_key(board.type_name(entry.type)) if entry.type else ""
            if not name:
                continue
            if name not in names:
                names.add(name)
            else:
                yield Fault(
                    f"{pointer}/credit_types/{place}/type",
                    "This credit type appears twice for the board.",
                    "Give each type once, under one of its names.",
                )


@rule(
    "credit-type-left-off", Scope.MOC, source="slides, Common Issues: Patient Safety is most commonly left off",
    warns=True, needs=("activity",), of_offer=True,
)  # fmt: skip
def credit_type_left_off(case: Case) -> Iterator[Fault]:
    """A credit type that the activity is registered for is missing from the record, most often Patient Safety."""
    for pointer, moc, board in case.moc_parts:
        registration = case.known_activity.registration(board.code)
        if registration is None or not moc.credit_types:
            continue
        given = {canonical_type(entry.type, board, case.known_activity) for entry in moc.credit_types if entry.type}
        expected = [
            canonical_type(name, board, case.known_activity)
            for name in _given_that_day(board, registration.credit_types, case.day)
        ]
        missing = sorted((name for name in expected if name not in given), key=lambda name: name != "Patient Safety")
        if missing:
            yield Fault(
                f"{pointer}/credit_types",
                f"The activity is also registered for {', '.join(missing)}.",
                "Report every type the learner earned; types are not additive.",
            )
