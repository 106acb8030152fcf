"""Parts of every schema: strict and answering models, examples, and texts and numbers with bounds."""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, ClassVar, TypeAlias, TypeVar

import msgspec
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from app.domain.amounts import AMOUNT_LIMIT
from app.domain.parsing import plain_text, read_date
from app.schemas.only_answered import OnlyAnswered

KEEPABLE = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]*$"
"""Control characters are refused: some databases and file formats cannot store them."""


Example: TypeAlias = dict[str, Any]
"""The fields of an example answer; a field left out gets a value by its name or type."""
Requests: TypeAlias = dict[str, tuple[str, Any]]
"""Example bodies beside those of `examples`: (summary, value) by name."""


encode_json = msgspec.json.Encoder().encode
"""Returns the fields of an answer as its model would write them: what we have made ourselves needs no validation."""


class Strict(BaseModel):
    """A body: unknown fields and wrong JSON types are refused, nothing is converted."""

    model_config = ConfigDict(extra="forbid", strict=True)
    only_answered: ClassVar[OnlyAnswered] = {}


class Out(BaseModel):
    """An answer. Its fields have no defaults: a field that is not set is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


E = TypeVar("E", bound=StrEnum)
OneOf = Annotated[E, Field(strict=False)]
"""A value of an enum in a body: `strict` alone would take members only, and JSON has texts."""


def _code(value: Any) -> Any:
    """Read `Accepted` and `ID unknown` as the codes that they are."""
    return re.sub(r"[\s_-]+", "-", plain_text(value).lower()) if isinstance(value, str) else value


AnyCase = BeforeValidator(_code)
"""Before a value of an enum that people type in tables: in any case, with blanks or underscores for its hyphens."""
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
    """Read a date written YYYY-MM-DD, and no text that merely contains one."""
    if isinstance(value, str):
        day = read_date(value)
        if not isinstance(day, date):
            raise ValueError("a date is written YYYY-MM-DD")
        return day
    return value


Day = Annotated[date, BeforeValidator(_day)]
"""A date in a query."""


Amount = Annotated[float, Field(ge=-AMOUNT_LIMIT, le=AMOUNT_LIMIT, allow_inf_nan=False)]
"""An amount of credits; the rules judge it."""


def hide_null(schema: dict[str, Any]) -> None:
    """Describe an optional field without null. As a union without it, errors would point into the union."""
    schema.update(next(part for part in schema.pop("anyOf") if part.get("type") != "null"))
