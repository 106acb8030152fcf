"""Rows of a board's roster: its own diplomates or licensees, as the board names them."""

from __future__ import annotations

from datetime import date

import msgspec

from app.domain.parsing import MonthDay, Unparsed


class RosterRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a board says of one person, parsed but not judged."""

    first_name: str | None = None
    middle_name: str | None = None
    last_name: str | None = None
    suffix: str | None = None
    other_last_names: tuple[str, ...] = ()
    birth_date: MonthDay | Unparsed | None = None
    board_id: str | None = None
    """The board's own number: a certification's or a licence's."""
    id_was_number: bool = False
    """Whether a number cell held it, which has no leading zeros."""
    npi: str | None = None
    email: str | None = None
    """As given: the rules say whether it is an address."""
    start_date: date | Unparsed | None = None
    end_date: date | Unparsed | None = None
