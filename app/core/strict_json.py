"""JSON read strictly: by depth, by grammar, by Unicode."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from pydantic_core import from_json

from app.core.errors import ErrorItem, InvalidRequest, Problem, Unreadable
from app.core.http.problems import pointer_of

LONG_NUMBER = 400
"""More digits than any finite double has."""
MEASURED_DEPTH = 60
"""How deep a body is searched for a text that is no Unicode."""


def read_json(body: bytes | str) -> Any:
    """Return a text of JSON as Python values; raises the `Problem` that says what is wrong with it."""
    try:
        return from_json(body, allow_inf_nan=True, cache_strings=False)
    except ValueError as error:
        if "number out of range" in str(error):
            return _with_long_numbers(body)
        raise _why(body, str(error)) from None


def _why(body: bytes | str, message: str) -> Problem:
    """Return what is wrong with a body that the parser refused. Its message names line and column, never content."""
    if "recursion" in message:
        return Unreadable("The JSON is nested too deeply.")
    if "surrogate" in message or "hex escape" in message:
        pointer = _lone_surrogate(body)
        if pointer is not None:
            detail = "The text has half a surrogate pair, which is no character."
            return InvalidRequest(errors=[ErrorItem(code="format", pointer=pointer, detail=detail)])
    place = message[message.index(" at line") :] if " at line" in message else ""
    return Unreadable(f"The body is no JSON{place}.")


def _with_long_numbers(body: bytes | str) -> Any:
    """Read a body that has a number beyond reading: as infinity, so that validation names its place."""
    try:
        return json.loads(body, parse_int=lambda text: int(text) if len(text) < LONG_NUMBER else math.inf)
    except (ValueError, RecursionError):
        raise Unreadable("The body is no JSON.") from None


def _lone_surrogate(body: bytes | str) -> str | None:
    """Return the pointer of the first text that cannot be encoded, "" for a field's name."""
    try:
        found = next(_unencodable(json.loads(body), ()), None)
    except (ValueError, RecursionError):
        return None
    return None if found is None else pointer_of(found)


def _unencodable(value: Any, at: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    if len(at) > MEASURED_DEPTH:
        return
    if isinstance(value, str):
        if any("\ud800" <= character <= "\udfff" for character in value):
            yield at
    elif isinstance(value, list):
        for place, each in enumerate(value):
            yield from _unencodable(each, (*at, place))
    elif isinstance(value, dict):
        for name, each in value.items():
            if any("\ud800" <= character <= "\udfff" for character in name):
                yield at
            else:
                yield from _unencodable(each, (*at, name))
