"""The catalogue of boards, looked up by code, name or state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from app.domain.boards import Board, BoardKind
from app.domain.identity.comparison_keys import code_key
from app.domain.states import find_state

MOST_REMEMBERED = 65_536
"""Bound on each lookup cache: a key is a state or board as written, with a date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """All boards as the rules use them. `digest` identifies this version of the facts."""

    boards: Mapping[str, Board]
    digest: str
    examples: Mapping[str, tuple[Mapping[str, Any], ...]]
    files: Mapping[str, str] = field(repr=False)
    """The text of every board file: enough to load this version of the facts again."""
    by_key: Mapping[str, Board] = field(repr=False)
    by_state: Mapping[str, tuple[Board, ...]] = field(repr=False)
    _licensing: dict[tuple[str, date | None], tuple[Board, ...]] = field(
        init=False, default_factory=dict, repr=False, compare=False
    )
    _certifying: dict[tuple[str, date | None], Board | None] = field(
        init=False, default_factory=dict, repr=False, compare=False
    )
    """Lookup caches: files repeat the same few states and boards."""
    _codes: list[frozenset[str]] = field(init=False, default_factory=list, repr=False, compare=False)

    @property
    def certifying_codes(self) -> frozenset[str]:
        """The codes of the certifying boards, in capital letters."""
        if not self._codes:
            certifying = (code for code, board in self.boards.items() if board.kind is BoardKind.CERTIFYING)
            self._codes.append(frozenset(code.upper() for code in certifying))
        return self._codes[0]

    def board(self, text: str) -> Board | None:
        """Return the board with this code or name, of either kind."""
        return self.by_key.get(code_key(text))

    def board_name(self, code: str) -> str:
        """Return the name of a board; its code where there is no such board any more."""
        board = self.boards.get(code) or self.board(code)
        return board.name if board is not None else code

    def certifying(self, text: str, on: date | None = None) -> Board | None:
        """Return the certifying board with this code or name, as of a completion date."""
        if (text, on) in self._certifying:
            return self._certifying[text, on]
        board = self.board(text)
        known = board.on(on) if board is not None and board.kind is BoardKind.CERTIFYING else None
        if len(self._certifying) < MOST_REMEMBERED:
            self._certifying[text, on] = known
        return known

    def licensing(self, text: str, on: date | None = None) -> tuple[Board, ...]:
        """Return the licensing boards of a state, or one by its own name or code, as of a completion date."""
        known = self._licensing.get((text, on))
        if known is None:
            known = self._find_licensing(text, on)
            if len(self._licensing) < MOST_REMEMBERED:
                self._licensing[text, on] = known
        return known

    def _find_licensing(self, text: str, on: date | None) -> tuple[Board, ...]:
        state = find_state(text)
        if state is not None:
            return tuple(board.on(on) for board in self.by_state.get(state, ()))
        board = self.board(text)
        return (board.on(on),) if board is not None and board.kind is BoardKind.LICENSING else ()
