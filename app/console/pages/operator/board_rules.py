"""Boards and their dated rules: the facts that records are judged by, as of a day, and what changes when."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from app.console.drawn_forms import DrawnForm, Said
from app.console.frame import page
from app.console.lists.line_list import FORMATS
from app.console.routes import PageRoute
from app.console.visitors import Operator
from app.console.words import day
from app.domain.boards import Board, BoardKind, CreditType, Need, Span
from app.domain.findings import Severity
from app.domain.parsing import read_written_day
from app.domain.rules import RuleFacts, Scope
from app.services import reference

router = APIRouter(prefix="/operator/boards", route_class=PageRoute, include_in_schema=False)
Code = Annotated[str, Path(max_length=100)]
On = Annotated[str, Query(max_length=40)]
_KINDS = {BoardKind.CERTIFYING: "Certifies specialists", BoardKind.LICENSING: "Licenses physicians"}
_NEEDS = {Need.REQUIRED: "Required", Need.OPTIONAL: "Need not be given"}
_JUDGED_AS = {BoardKind.CERTIFYING: Scope.MOC, BoardKind.LICENSING: Scope.CME}
_FACTS = {
    "board_id": "Board ID", "birth_date": "Birth month and day", "once_per_day": "One record a day",
    "once_per_day_exempt_formats": "But not in these formats", "decides": "Decides itself",
    "special_credits": "Special credits", "advice": "Warnings that it asks for",
}  # fmt: skip
"""Facts that a change may set, by what they are called."""
_SWITCHED_BY: dict[str, Callable[[Board], bool]] = {
    "board-id-required": lambda board: board.board_id is Need.REQUIRED,
    "birth-date-required": lambda board: board.birth_date is Need.REQUIRED,
    "one-record-per-day": lambda board: board.once_per_day,
    "special-credit": lambda board: bool(board.special_credits),
}
"""Rules that ask only what a board's facts say."""


class ListedBoard(msgspec.Struct, frozen=True, kw_only=True):
    """A board as a row of the list."""

    code: str
    name: str
    kind: str
    sent: bool
    types: int
    changes: int
    """Days on which something of it changes."""


class BoardListView(msgspec.Struct, frozen=True, kw_only=True):
    """All boards of the catalogue, as of today."""

    boards: tuple[ListedBoard, ...]


class DatedType(msgspec.Struct, frozen=True, kw_only=True):
    """A credit type, and when it can be earned."""

    name: str
    aliases: str
    since: date | None
    until: date | None


class DatedFact(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is different from a day on."""

    since: date
    text: str
    source: str = ""


class RuleRow(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that judges records for the board."""

    id: str
    statement: str
    refuses: bool
    own: bool
    """Whether it holds since this board's facts say so."""


class BoardRulesView(msgspec.Struct, frozen=True, kw_only=True):
    """One board with its rules as of a day."""

    board: Board
    on: date
    form: DrawnForm
    facts: tuple[tuple[str, str], ...]
    types: tuple[DatedType, ...]
    changes: tuple[DatedFact, ...]
    rules: tuple[RuleRow, ...]


@router.get("/rules")
async def list_all_boards(request: Request, visitor: Operator) -> Response:
    """List every board of the catalogue."""
    today = visitor.service.clock().date()
    boards = tuple(
        ListedBoard(
            code=board.code,
            name=board.name,
            kind=_KINDS[board.kind],
            sent=board.is_sent(today),
            types=len(board.credit_types),
            changes=len({fact.since for fact in changes_of(board)}),
        )
        for board in reference.boards(visitor.service.catalogue)
    )
    return page(request, visitor, "pages/operator/board_list.html", BoardListView(boards=boards))


@router.get("/{code}")
async def show_board(request: Request, visitor: Operator, code: Code, on: On = "") -> Response:
    """Show the facts that records for a board are judged by, for completions of a day; of today unless one is given."""
    board = reference.board(visitor.service.catalogue, code)
    today = visitor.service.clock().date()
    asked = read_written_day(on) if on.strip() else today
    said: list[Said] = []
    if not isinstance(asked, date):
        said = [Said(pointer="on", text="Not a date.", hint="Write it as MM/DD/YYYY.")]
        asked = today
    then = board.on(asked)
    view = BoardRulesView(
        board=board,
        on=asked,
        form=DrawnForm({"on": [on]}, said),
        facts=tuple(_facts_of(then, asked)),
        types=tuple(map(_type_row, board.credit_types)),
        changes=tuple(changes_of(board)),
        rules=tuple(_rules_of(then)),
    )
    return page(request, visitor, "pages/operator/board.html", view, 422 if said else 200)


def _facts_of(board: Board, on: date) -> Iterator[tuple[str, str]]:
    certifying = board.kind is BoardKind.CERTIFYING
    yield "Kind", _KINDS[board.kind] + (f", {board.state}" if board.state else "")
    yield "Credit of that day is sent to it", _say(board.is_sent(on))
    yield _FACTS["decides"], "Yes" if board.decides else "No: what it has read counts as accepted"
    if certifying:
        yield _FACTS["board_id"], _NEEDS[board.board_id]
    yield _FACTS["birth_date"], _NEEDS[board.birth_date]
    yield _FACTS["once_per_day"], _say(board.once_per_day)
    if board.once_per_day_exempt_formats:
        yield _FACTS["once_per_day_exempt_formats"], _say(board.once_per_day_exempt_formats)
    yield "Completions that it takes", _span_in_words(board.completions)
    yield "Activities that it takes, by their first day", _span_in_words(board.activities)
    if not certifying:
        spans = ", ".join(map(_span_in_words, board.participation))
        yield "Takes part", spans or "not yet"
    if board.special_credits:
        yield _FACTS["special_credits"], _say(board.special_credits)
    if board.aliases:
        yield "Also written", ", ".join(board.aliases)


def changes_of(board: Board) -> list[DatedFact]:
    """Return everything of a board that begins, ends or changes on a day, in the order of the days."""
    found = list(_span_changes("Completions are taken", board.completions))
    found += _span_changes("Activities that start then are taken", board.activities)
    for span in board.participation:
        found += _span_changes("Credit is sent to it", span)
    for credit_type in board.credit_types:
        found += _span_changes(f"{credit_type.name} can be earned", credit_type.completions)
    for change in board.changes:
        before = board.on(date.fromordinal(change.since.toordinal() - 1))
        found += [
            DatedFact(
                since=change.since,
                text=f"{_FACTS[name]}: {_say(getattr(before, name))} becomes {_say(value)}",
                source=change.source,
            )
            for name, value in change.facts
            if getattr(before, name) != value
        ]
    return sorted(found, key=lambda fact: (fact.since, fact.text))


def _span_changes(what: str, span: Span) -> Iterator[DatedFact]:
    if span.since is not None:
        yield DatedFact(since=span.since, text=f"{what}, from this day on")
    if span.until is not None:
        yield DatedFact(since=span.until, text=f"{what} on this day for the last time")


def _span_in_words(span: Span) -> str:
    if span.since is None and span.until is None:
        return "of any day"
    since = f"from {day(span.since)}" if span.since is not None else ""
    until = f"until {day(span.until)}" if span.until is not None else ""
    return " ".join(filter(None, (since, until)))


def _say(value: Any) -> str:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, Need):
        return _NEEDS[value]
    return ", ".join(FORMATS.get(part, part) for part in sorted(value)) or "none"


def _type_row(credit_type: CreditType) -> DatedType:
    return DatedType(
        name=credit_type.name,
        aliases=", ".join(credit_type.aliases),
        since=credit_type.completions.since,
        until=credit_type.completions.until,
    )


def _rules_of(board: Board) -> Sequence[RuleRow]:
    """Return the rules that judge records for a board, its own first."""
    scopes = {Scope.ALL, _JUDGED_AS[board.kind]}
    rows = [
        RuleRow(
            id=facts.id,
            statement=facts.statement,
            refuses=facts.severity is Severity.REJECT,
            own=bool(facts.boards) or facts.id in _SWITCHED_BY,
        )
        for several in reference.rules().values()
        for facts in several
        if scopes.intersection(facts.scopes) and _holds(facts, board)
    ]
    return sorted(rows, key=lambda row: (not row.own, row.id))


def _holds(facts: RuleFacts, board: Board) -> bool:
    """Whether a rule is asked of a board's records: what the board's facts switch on is, wherever it is declared."""
    if facts.id in board.advice:
        return True
    if facts.id in _SWITCHED_BY:
        return _SWITCHED_BY[facts.id](board)
    return not facts.boards
