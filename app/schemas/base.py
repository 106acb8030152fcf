"""What every schema shares: strictness, and text and numbers with bounds."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, TypeAlias, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from app.domain.amounts import AMOUNT_LIMIT
from app.domain.parsing import read_date

KEEPABLE = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]*$"
"""Control characters are refused: neither every database nor every file format can keep them."""


Example: TypeAlias = dict[str, Any]
"""What an example of an answer shows; a field that is left out shows a value of its name or its type."""
Requests: TypeAlias = dict[str, tuple[str, Any]]
"""Named example bodies beside those of `examples`: a summary and the value of each."""


class Strict(BaseModel):
    """Refuses unknown fields and wrong JSON types; converts nothing."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Out(BaseModel):
    """An answer. Its fields have no defaults: what is not set is a mistake, not an absence."""

    model_config = ConfigDict(extra="forbid", frozen=True)


E = TypeVar("E", bound=StrEnum)
OneOf = Annotated[E, Field(strict=False)]
"""One of the values of an enum, in a body: JSON has no enums, so a strict schema has to let it be read from text."""
Word = Annotated[str, Field(max_length=64, pattern=KEEPABLE)]
"""A code, a date or an id."""
Name = Annotated[str, Field(max_length=200, pattern=KEEPABLE)]
"""A name of a person, place or type."""
Line = Annotated[str, Field(max_length=500, pattern=KEEPABLE)]
"""A title."""
Reference = Annotated[str, Field(max_length=300, pattern=KEEPABLE)]
"""A sender's own key."""
Url = Annotated[str, Field(max_length=2_000, pattern=KEEPABLE)]
Description = Annotated[str, Field(max_length=2_500, pattern=KEEPABLE)]


def _day(value: Any) -> Any:
    """Read a date as the API writes it, and nothing that merely contains one."""
    if isinstance(value, str):
        day = read_date(value)
        if not isinstance(day, date):
            raise ValueError("a date is written YYYY-MM-DD")
        return day
    return value


Day = Annotated[date, BeforeValidator(_day)]
"""A date in a query."""


def _whole(value: Any) -> Any:
    """Read 2.0 as 2: JSON has one kind of number, and its schema calls both an integer."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = BeforeValidator(_whole)
"""Stands after the bounds of an integer in a body: before them, the description would lose them."""
Amount = Annotated[float, Field(ge=-AMOUNT_LIMIT, le=AMOUNT_LIMIT, allow_inf_nan=False)]
"""An amount of credits; whether it is one is for the rules to say."""
