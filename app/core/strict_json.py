"""Strict JSON: bounded depth, the grammar of RFC 8259, valid Unicode only."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic_core import from_json

from app.core.errors import ErrorItem, InvalidRequest, Problem, Unreadable

LONG_NUMBER = 400
"""More digits than any finite double has."""
MEASURED_DEPTH = 60
"""Levels of a body that are searched for a string that is not valid Unicode."""


def pointer_of(location: Iterable[str | int]) -> str:
    """Return the JSON Pointer (RFC 6901) of a place in a document, its parts cut to 100 characters."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1")[:100] for part in location)


def read_json(body: bytes | str) -> Any:
    """Parse JSON; raises the `Problem` that says what is wrong with it (`Unreadable`, `InvalidRequest`)."""
    try:
        return from_json(body, allow_inf_nan=True, cache_strings=False)
    except ValueError as error:
        if "number out of range" in str(error):
            return _parse_long_numbers(body)
        raise _problem_of(body, str(error)) from None


def _problem_of(body: bytes | str, message: str) -> Problem:
    """Return the problem of a body that the parser refused. The parser's message has line and column, never content."""
    if "recursion" in message:
        return Unreadable("The JSON is nested too deeply.")
    if "surrogate" in message or "hex escape" in message:
        pointer = _lone_surrogate(body)
        if pointer is not None:
            detail = "The text has half a surrogate pair, which is not a character."
            return InvalidRequest(errors=[ErrorItem(code="format", pointer=pointer, detail=detail)])
    at = message[message.index(" at line") :] if " at line" in message else ""
    return Unreadable(f"The body is not JSON{at}.")


def _parse_long_numbers(body: bytes | str) -> Any:
    """Parse a body with a number out of range: it becomes infinity, so that validation reports its pointer."""
    try:
        return json.loads(body, parse_int=lambda text: int(text) if len(text) < LONG_NUMBER else math.inf)
    except (ValueError, RecursionError):
        raise Unreadable("The body is not JSON.") from None


def _lone_surrogate(body: bytes | str) -> str | None:
    """Return the JSON pointer of the first string with half a surrogate pair; of the parent for a member's name."""
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
        for index, element in enumerate(value):
            yield from _unencodable(element, (*at, index))
    elif isinstance(value, dict):
        for name, member in value.items():
            if any("\ud800" <= character <= "\udfff" for character in name):
                yield at
            else:
                yield from _unencodable(member, (*at, name))
