"""`/passport/boards`: which boards receive credit, and since when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from app.console.frame import page
from app.console.routes import ANYBODY, PageRoute
from app.console.words import day
from app.domain.boards import Board, BoardKind, Span
from app.domain.states import STATES
from app.services import reference
from app.services.context import Service

router = APIRouter(route_class=PageRoute, dependencies=[ANYBODY], include_in_schema=False)


class PassportBoardRow(msgspec.Struct, frozen=True, kw_only=True):
    """A board, and for which days it receives credit."""

    code: str
    name: str
    state: str
    when: str
    types: str


class PassportBoardsView(msgspec.Struct, frozen=True, kw_only=True):
    """Which boards receive credit."""

    certifying: Sequence[PassportBoardRow]
    receiving: Sequence[PassportBoardRow]
    """Licensing boards that take part today."""
    others: Sequence[PassportBoardRow]


@router.get("/passport/boards")
async def list_boards(request: Request) -> Response:
    """Say which boards receive the credit that is reported, and since when."""
    service: Service = request.app.state.service
    today = service.clock().date()
    boards = reference.boards(service.catalogue)
    licensing = sorted(
        (board for board in boards if board.kind is BoardKind.LICENSING),
        key=lambda board: (STATES.get(board.state or "", ""), board.name),
    )
    view = PassportBoardsView(
        certifying=[_row(board, _collected(board.on(today))) for board in boards if board.kind is BoardKind.CERTIFYING],
        receiving=[_row(board, _spans(board.participation)) for board in licensing if board.participates(today)],
        others=[_row(board, _spans(board.participation)) for board in licensing if not board.participates(today)],
    )
    return page(request, None, "pages/passport/boards.html", view, kept=True)


def _row(board: Board, when: str) -> PassportBoardRow:
    return PassportBoardRow(
        code=board.code,
        name=board.name,
        state=STATES.get(board.state or "", ""),
        when=when,
        types=", ".join(known.name for known in board.credit_types),
    )


def _collected(board: Board) -> str:
    """Return which points a certifying board takes: `completed since 03/01/2021, of activities since 01/01/2018`."""
    parts = [
        (f"completed {_span(board.completions)}") if board.completions != Span() else "",
        (f"of activities that began {_span(board.activities)}") if board.activities != Span() else "",
    ]
    return ", ".join(part for part in parts if part) or "any"


def _spans(spans: Iterable[Span]) -> str:
    return "; ".join(map(_span, spans))


def _span(span: Span) -> str:
    since, until = span.since, span.until
    if since is not None and until is not None:
        return f"from {day(since)} to {day(until)}"
    if since is not None:
        return f"since {day(since)}"
    return f"until {day(until)}" if until is not None else "at any time"
