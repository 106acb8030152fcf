"""All boards together, found by code, name or state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.domain.boards import Board, BoardKind
from app.domain.states import find_state
from app.domain.words import code_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """All boards, as the rules use them. `digest` names this state of the facts."""

    boards: Mapping[str, Board]
    digest: str
    examples: Mapping[str, tuple[Mapping[str, Any], ...]]
    by_key: Mapping[str, Board] = field(repr=False)
    by_state: Mapping[str, tuple[Board, ...]] = field(repr=False)

    def board(self, text: str) -> Board | None:
        """Return the board that goes by this code or name, whatever its kind."""
        return self.by_key.get(code_key(text))

    def certifying(self, text: str) -> Board | None:
        """Return the certifying board that goes by this code or name."""
        board = self.board(text)
        return board if board is not None and board.kind is BoardKind.CERTIFYING else None

    def licensing(self, text: str) -> tuple[Board, ...]:
        """Return the boards meant by a state's name or code, or by a licensing board's code or name."""
        state = find_state(text)
        if state is not None:
            return self.by_state.get(state, ())
        board = self.board(text)
        return (board,) if board is not None and board.kind is BoardKind.LICENSING else ()
