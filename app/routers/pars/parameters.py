"""Parameters of questions under `/pars`: texts, and days as documents write them."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from app.core.errors import ErrorItem, ParameterInvalid
from app.domain.parsing import Unparsed, describe_day
from app.files.cells import read_day
from app.schemas.base import KEEPABLE

Text = Annotated[str | None, Field(max_length=300, pattern=KEEPABLE)]


def day_of(name: str, text: str | None) -> date | None:
    """Return the day that a parameter says, whatever time follows it; raises `ParameterInvalid`."""
    day = read_day(text)
    if isinstance(day, Unparsed):
        raise ParameterInvalid(errors=[no_day(name, day)])
    return day


def no_day(name: str, given: Unparsed) -> ErrorItem:
    """Return why a parameter says no day."""
    return fault(name, describe_day(given.text), "Send one as 2021-12-31 or 12/31/2021.")


def fault(name: str, detail: str, hint: str) -> ErrorItem:
    """Return what is wrong with a parameter."""
    return ErrorItem(code=ParameterInvalid.code, parameter=name, detail=detail, hint=hint)
