"""Strict JSON: the grammar of RFC 8259, valid Unicode only, each member of an object once.

No parser tells of a member that stands twice: the last one wins, and what the first one said is lost. A repeated member
loses its colon with it, so a text is held against its value written out again: with as many colons, nothing was lost.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from pydantic_core import from_json

from app.core.errors import ErrorItem, InvalidRequest, Problem, Unreadable
from app.core.json_faults import BODY, describe_fault

LONG_NUMBER = 400
"""More digits than any finite double has."""
MEASURED_DEPTH = 60
"""Levels of a body that are searched for a string that is not valid Unicode."""
MOST_REPEATED = 100
"""At most so many repeated members are listed."""
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def pointer_of(location: Iterable[str | int]) -> str:
    """Return the JSON Pointer (RFC 6901) of a place in a document, its parts cut to 100 characters."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1")[:100] for part in location)


def read_json(text: bytes | str, subject: str = BODY) -> Any:
    """Parse JSON; raises the `Problem` that says what is wrong with it (`Unreadable`, `InvalidRequest`).

    `subject` is what the sentences call the text.
    """
    try:
        value = _decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        value = _read_carefully(text, subject)
    if _may_repeat(text, value):
        _refuse_repeats(text, subject)
    return value


def has_repeated_member(text: str) -> bool:
    """Whether a member stands twice in a text that is JSON."""
    return bool(_repeated(text))


def _read_carefully(text: bytes | str, subject: str) -> Any:
    """Parse what the fast parser does not take: faults, and numbers beyond those that are finite."""
    try:
        return from_json(text, allow_inf_nan=True, cache_strings=False)
    except ValueError as error:
        if "number out of range" in str(error):
            return _parse_long_numbers(text, subject)
        raise _problem_of(text, str(error), subject) from None


def _may_repeat(text: bytes | str, value: Any) -> bool:
    """Whether a member may have been lost: never False when one was. An escaped colon would hide the loss."""
    if isinstance(text, bytes):
        colons, escaped = text.count(b":"), b"\\" in text and b"\\u003" in text
    else:
        colons, escaped = text.count(":"), "\\" in text and "\\u003" in text
    return escaped or colons != _encode(value).count(b":")


class _Members(tuple[tuple[str, Any], ...]):
    """The members of an object as they were sent, repeated ones as well."""

    __slots__ = ()


def _refuse_repeats(text: bytes | str, subject: str) -> None:
    """Raise `InvalidRequest` for the members that stand twice, if there are any."""
    if items := _repeated(text):
        name = subject[:1].lower() + subject[1:]
        raise InvalidRequest(
            f"A member of {name} stands twice: which of its values is meant cannot be known.", errors=items
        )


def _repeated(text: bytes | str) -> list[ErrorItem]:
    """Return a fault for each member that stands twice, in the order in which they are repeated."""
    try:
        whole = json.loads(text, object_pairs_hook=_Members, parse_int=len, parse_float=len)
    except RecursionError:
        raise Unreadable("The JSON is nested too deeply.") from None
    found: list[ErrorItem] = []
    waiting: list[tuple[Any, tuple[str | int, ...]]] = [(whole, ())]
    while waiting and len(found) < MOST_REPEATED:
        value, at = waiting.pop()
        if isinstance(value, _Members):
            given: dict[str, list[Any]] = {}
            for name, member in value:
                given.setdefault(name, []).append(member)
            found += [_repeat(members, (*at, name)) for name, members in given.items() if len(members) > 1]
            waiting += [(member, (*at, name)) for name, member in reversed(value)]
        elif isinstance(value, list):
            waiting += [(element, (*at, index)) for index, element in reversed(list(enumerate(value)))]
    return found[:MOST_REPEATED]


def _repeat(members: list[Any], at: tuple[str | int, ...]) -> ErrorItem:
    lists = all(isinstance(member, list) for member in members)
    return ErrorItem(
        code="field-repeated",
        pointer=pointer_of(at),
        detail=f"This member stands {'twice' if len(members) == 2 else f'{len(members)} times'} in one object.",
        hint="Send it once, with all that is meant in one list." if lists else "Send it once, with the value meant.",
    )


def _problem_of(text: bytes | str, message: str, subject: str) -> Problem:
    """Return the problem of a text that the parser refused. The parser's message has line and column, never content."""
    if "recursion" in message:
        return Unreadable("The JSON is nested too deeply.")
    if "surrogate" in message or "hex escape" in message:
        pointer = _lone_surrogate(text)
        if pointer is not None:
            detail = "The text has half a surrogate pair, which is not a character."
            hint = "Encode the text as UTF-8; it was cut in the middle of a character."
            return InvalidRequest(errors=[ErrorItem(code="format", pointer=pointer, detail=detail, hint=hint)])
    fault = describe_fault(text, message, subject)
    return Unreadable(
        fault.detail, errors=[ErrorItem(code="unreadable", pointer="", detail=fault.detail, hint=fault.hint)]
    )


def _parse_long_numbers(text: bytes | str, subject: str) -> Any:
    """Parse a text with a number out of range: it becomes infinity, so that validation reports its pointer."""
    try:
        return json.loads(text, parse_int=lambda digits: int(digits) if len(digits) < LONG_NUMBER else math.inf)
    except (ValueError, RecursionError):
        raise Unreadable(f"{subject} is not JSON.") from None


def _lone_surrogate(text: bytes | str) -> str | None:
    """Return the JSON pointer of the first string with half a surrogate pair; of the parent for a member's name."""
    try:
        found = next(_unencodable(json.loads(text), ()), None)
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
