"""People whose role needs a second factor, signed in with it."""

from __future__ import annotations

from typing import Any

from app.services.context import Service
from app.services.people import sessions
from app.store.people import sign_in as stored
from tests.harness.console.windows import Window, sign_in


def confirm(window: Window, service: Service) -> None:
    """Let the session of a window have its second factor."""

    def change(connection: Any) -> None:
        found = sessions.find(connection, window.cookie or "")
        assert found is not None
        stored.confirm_session(connection, found.session.session_id, service.clock())

    service.database.write(change)


def sign_in_manager(window: Window, service: Service, address: str = "morgan@example.org", **where: Any) -> None:
    """Sign a manager in."""
    sign_in(window, service, address, "manager", **where)
    confirm(window, service)


def sign_in_operator(window: Window, service: Service, address: str = "jo@example.org") -> None:
    """Sign an operator in."""
    sign_in(window, service, address, "operator", of="operator", id=None)
    confirm(window, service)


def sign_in_board(window: Window, service: Service, board: str = "ABA", address: str = "alex@example.org") -> None:
    """Sign in somebody who works for a board."""
    sign_in(window, service, address, "board", of="board", id=board)
