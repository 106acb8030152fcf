"""What is wrong with a value, and what to do: in our own words, never in those of the library that found it.

To add a kind of fault: an entry in `_KINDS`. One that has none is told by its code alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from app.core.http.near_misses import nearest

_CODES = {
    "extra_forbidden": "field-unknown",
    "string_too_long": "too-long",
    "too_long": "too-long",
    "missing": "type",
}
_FORMATS = ("pattern", "finite", "greater", "less", "literal", "enum", "parsing", "size", "from_", "unicode")
_QUOTED = re.compile(r"'([^']*)'")
_SENT = {dict: "an object", list: "a list", str: "a text", int: "a number", float: "a number", type(None): "null"}
_Sentence: TypeAlias = tuple[str, str]
"""What is wrong, and what to do."""


def code_of(kind: str) -> str:
    """Return the code of a kind of fault, as callers know it."""
    return _CODES.get(kind) or ("format" if any(word in kind for word in _FORMATS) else "type")


def sentence_of(error: Mapping[str, Any]) -> _Sentence:
    """Return detail and hint for a validation error of Pydantic. Of what was sent, only its JSON type is told."""
    kind = str(error["type"])
    describe = _KINDS.get(kind)
    return describe(error) if describe is not None else _BY_CODE[code_of(kind)]


def _sent_as(error: Mapping[str, Any]) -> str:
    sent = error.get("input", ...)
    if isinstance(sent, bool):
        return ", and is true or false"
    return f", and is {_SENT[type(sent)]}" if type(sent) in _SENT else ""


def _of_type(wanted: str, hint: str) -> Callable[[Mapping[str, Any]], _Sentence]:
    """Return what describes a value of another JSON type than the one wanted."""

    def describe(error: Mapping[str, Any]) -> _Sentence:
        if error["loc"][:1] != ("body",):
            # A parameter or header is a text, whatever it stands for.
            return f"Must be {wanted}.", f"Send {wanted}, and nothing else."
        if error.get("input", ...) is None:
            return f"Must be {wanted}, and is null.", "Send a value, or leave the field out."
        return f"Must be {wanted}{_sent_as(error)}.", hint

    return describe


def _bounded(words: str, name: str) -> Callable[[Mapping[str, Any]], _Sentence]:
    """Return what describes a number beyond a bound, which the error has under a name."""

    def describe(error: Mapping[str, Any]) -> _Sentence:
        bound = error["ctx"][name]
        shown = f"{int(bound):,}" if float(bound).is_integer() else f"{bound}"
        return f"Must be {words} {shown}.", f"Send a number that is {words} {shown}."

    return describe


def _counted(error: Mapping[str, Any]) -> _Sentence:
    most = f"{error['ctx']['max_length']:,}"
    return f"Has more than {most} entries.", f"Send at most {most}."


def _shortest(error: Mapping[str, Any]) -> _Sentence:
    least = error["ctx"]["min_length"]
    return f"Needs at least {least} {'entry' if least == 1 else 'entries'}.", "Send what it is to hold."


def _long(error: Mapping[str, Any]) -> _Sentence:
    most = f"{error['ctx']['max_length']:,}"
    return f"Is longer than {most} characters.", f"Shorten it to {most} characters."


def _chosen(error: Mapping[str, Any]) -> _Sentence:
    choices = _QUOTED.findall(str(error["ctx"]["expected"]))
    sent = error.get("input")
    near = nearest(sent, choices) if isinstance(sent, str) else []
    hint = f"Did you mean {near[0]}?" if near else "Send one of these, spelt as here."
    return f"Must be {'one of: ' if len(choices) > 1 else ''}{', '.join(choices)}.", hint


def _own_words(error: Mapping[str, Any]) -> _Sentence:
    """Return the sentence of a `ValueError` of our own."""
    text = str(error["msg"]).removeprefix("Value error, ").rstrip(".")
    return f"{text[:1].upper()}{text[1:]}.", "Send it in this form."


def _fixed(detail: str, hint: str) -> Callable[[Mapping[str, Any]], _Sentence]:
    return lambda _: (detail, hint)


_OBJECT = _of_type("an object", 'Send names with their values, in braces: {"name": "value"}.')
_LIST = _of_type("a list", "Put it in brackets, even if it has one entry: [ … ].")
_TEXT = _of_type("a text", "Write it in double quotes.")
_NUMBER = _of_type("a number", "Send it without quotes.")
_WHOLE = _of_type("a whole number", "Send digits alone, without a point and without quotes.")
_BOOL = _of_type("true or false", "Send true or false, without quotes.")
_DATE = _fixed("Must be a date, YYYY-MM-DD.", "Write it as in 2026-01-31.")
_INSTANT = _fixed("Must be an instant, YYYY-MM-DDThh:mm:ssZ.", "Write it as in 2026-01-31T12:00:00Z.")
_FINITE = _fixed("Not a finite number, or too large to be read.", "Send a number of ordinary size.")
_KINDS: dict[str, Callable[[Mapping[str, Any]], _Sentence]] = {
    "extra_forbidden": _fixed("This field is not known.", "Leave it out; /docs lists the fields that are known."),
    "missing": _fixed("This is required.", "Send it."),
    **dict.fromkeys(("model_type", "model_attributes_type", "dict_type", "mapping_type"), _OBJECT),
    **dict.fromkeys(("list_type", "tuple_type", "set_type", "frozen_set_type", "iterable_type"), _LIST),
    **dict.fromkeys(("string_type", "string_sub_type", "bytes_type"), _TEXT),
    **dict.fromkeys(("float_type", "float_parsing"), _NUMBER),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), _WHOLE),
    **dict.fromkeys(("bool_type", "bool_parsing"), _BOOL),
    **dict.fromkeys(("date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"), _DATE),
    **dict.fromkeys(("datetime_type", "datetime_parsing", "datetime_from_date_parsing"), _INSTANT),
    **dict.fromkeys(("finite_number", "int_parsing_size"), _FINITE),
    "string_pattern_mismatch": _fixed(
        "The text has a character that cannot be stored.", "Remove control characters, such as those copied from a PDF."
    ),
    "string_unicode": _fixed("The text is not Unicode.", "Encode the request as UTF-8."),
    "greater_than_equal": _bounded("at least", "ge"),
    "greater_than": _bounded("more than", "gt"),
    "less_than_equal": _bounded("at most", "le"),
    "less_than": _bounded("less than", "lt"),
    "too_long": _counted,
    "too_short": _shortest,
    "string_too_long": _long,
    "enum": _chosen,
    "literal_error": _chosen,
    "value_error": _own_words,
}
_BY_CODE: dict[str, _Sentence] = {
    "type": ("Not of the required JSON type.", "Send the type that /docs gives for it."),
    "format": ("Not of the required form.", "Send it in the form that /docs gives for it."),
    "too-long": ("Too long to be stored.", "Shorten it."),
}
