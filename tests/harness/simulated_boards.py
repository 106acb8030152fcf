"""Simulated boards before the application: their HTTP goes through the tests' client."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from fastapi.testclient import TestClient

from app.services.boards import decisions
from app.services.context import Service
from app.services.demo import world
from app.simulator.board import Board, BoardOptions, open_board
from app.simulator.decisions import load_roster
from app.simulator.view import View
from app.store.sql import statements
from tests.harness.api import Api, settle

URL = "http://testserver"
ONCE = BoardOptions(once=True)
FEED = "/v1/board-feed"


class Line(httpx.BaseTransport):
    """Carries the simulator's requests to the application."""

    def __init__(self, http: TestClient) -> None:
        self._http = http

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._http.request(
            request.method, str(request.url), content=request.read(), headers=dict(request.headers)
        )
        # The content is unpacked already.
        coded = {"content-encoding", "content-length"}
        headers = {name: value for name, value in answer.headers.items() if name not in coded}
        return httpx.Response(answer.status_code, headers=headers, content=answer.content)


def a_board(
    http: TestClient,
    service: Service,
    code: str,
    *,
    line: httpx.BaseTransport | None = None,
    options: BoardOptions = ONCE,
    say: Callable[[str], None] = lambda sentence: None,
) -> Board:
    """Start the simulated board, or start it again: with a fresh key, and with what it has noted."""
    code, key = world.renew_board_key(service, code)
    file = service.settings.data_dir / f"demo-board-{code}.json"
    board = open_board(
        code, key, transport=line or Line(http), url=URL, file=file, roster=load_roster(code), options=options, say=say
    )
    board.wait = lambda seconds: None
    return board


def work(http: TestClient, service: Service, code: str, **given: Any) -> Board:
    """Let a board read and decide until nothing is new, with all that follows from it."""
    settle(service)
    board = a_board(http, service, code, **given)
    board.work()
    while decisions.settle_next(service):
        pass
    settle(service)
    return board


def read_on(board: Api, view: View) -> None:
    """Read a feed to its end as a board would, into a view."""
    while True:
        after = {"after": view.cursor} if view.cursor else {}
        page = board.get(FEED, limit=500, **after).json
        for event in page["data"]:
            view.apply(event)
        view.cursor = page["next_cursor"]
        if not page["data"]:
            return


def facts(view: View) -> dict[str, tuple[Any, ...]]:
    """Return what a view says of each credit, decisions left out."""
    return {
        credit.credit_id: (
            credit.learner_board_id, credit.activity_id, credit.completed_on, credit.first_name, credit.credits,
            credit.credit_types,
        )
        for credit in view.held.values()
    }  # fmt: skip


def standing(service: Service, board: str) -> dict[str, tuple[Any, ...]]:
    """Return the same from the records themselves: what stands with a board."""

    def read(connection: Any) -> dict[str, tuple[Any, ...]]:
        types: dict[str, list[tuple[str, float]]] = {}
        for credit_id, name, quarters in statements.fetch(
            connection, "SELECT credit_id, credit_type, quarters FROM credit_types"
        ):
            types.setdefault(credit_id, []).append((name, quarters / 4))
        return {
            row[0]: (row[1], row[2], str(row[3]), row[4], row[5] / 4, tuple(sorted(types.get(row[0], []))))
            for row in statements.fetch(
                connection,
                "SELECT x.credit_id, x.registry_id, c.activity_id, c.completed_on, c.first_name, x.quarters "
                "FROM credits x JOIN completions c ON c.completion_id = x.completion_id "
                "WHERE x.delivery = 'board' AND x.status <> 'withdrawn' AND x.board = :board",
                {"board": board},
            )
        }

    return service.database.read(read)


def noted(service: Service, board: str) -> View:
    """Return what a board has noted in its file."""
    path: Path = service.settings.data_dir / f"demo-board-{board}.json"
    return View.from_json(path.read_text(encoding="utf-8"))
