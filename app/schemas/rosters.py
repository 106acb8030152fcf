"""Lines of a board's roster: what a board may say of a person, and nothing else."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from app.domain.identity.rosters import RosterRow
from app.domain.parsing import (
    plain_or_none,
    read_date,
    read_license_id,
    read_month_day,
    read_npi,
    text_or_none,
)
from app.schemas.base import Name, Strict, Word


class RosterIn(Strict):
    """One diplomate or licensee of the board that sends it."""

    first_name: Name | None = None
    middle_name: Name | None = None
    last_name: Name | None = None
    suffix: Word | None = None
    other_last_names: Annotated[list[Name], Field(max_length=20)] = []
    date_of_birth: Word | None = None
    board_id: Name | None = None
    npi: Word | None = None
    email: Name | None = None
    start_date: Word | None = None
    end_date: Word | None = None

    def as_row(self) -> RosterRow:
        """Return what was sent, as the rules read it; blank text counts as absent."""
        return RosterRow(
            first_name=text_or_none(self.first_name),
            middle_name=text_or_none(self.middle_name),
            last_name=text_or_none(self.last_name),
            suffix=plain_or_none(self.suffix),
            other_last_names=tuple(name for given in self.other_last_names if (name := text_or_none(given))),
            birth_date=read_month_day(self.date_of_birth),
            board_id=read_license_id(self.board_id),
            npi=read_npi(self.npi),
            email=plain_or_none(self.email),
            start_date=read_date(self.start_date),
            end_date=read_date(self.end_date),
        )
