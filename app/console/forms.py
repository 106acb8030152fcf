"""Forms and bodies: inputs are named by JSON Pointer, so that a form becomes the body of the API, and back.

    /moc/0/total_credits = " 60 "       →  {"moc": [{"total_credits": 60}]}
    /moc/0/credit_types/1/credits       ←  a finding about the second type's amount

What is blank is absent. A place of a list that was left out is closed up, in the fields as in the body, so that a
finding's pointer names the field that is drawn again. What cannot be read is handed on as it was typed: the schema and
the rules say what is wrong with it, as they say it to everybody.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, Generic, TypeAlias, TypeVar, Union, get_args, get_origin

import msgspec
from pydantic import BaseModel, ValidationError

from app.console.routes import SentFields
from app.console.words import day
from app.core.body_types import stripped, type_at
from app.core.errors import InvalidRequest
from app.core.http.problems import error_items
from app.core.strict_json import pointer_of
from app.domain.parsing import read_date, read_written_day

M = TypeVar("M", bound=BaseModel)
Path: TypeAlias = tuple[str, ...]
"""The names on the way to a place of a body; an empty one stands for any place of a list."""
_NUMBER = re.compile(r"[+-]?(\d{1,24}(\.\d{0,400})?|\.\d{1,400})", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d{1,24}", re.ASCII)
_INDEX = re.compile(r"\d{1,9}", re.ASCII)
_FLAGS = {"true": True, "on": True, "false": False}
_DEEPEST = 16


class FieldKind(enum.Enum):
    """How what was typed becomes a value."""

    TEXT = "text"
    NUMBER = "number"
    WHOLE = "whole"
    FLAG = "flag"
    DAY = "day"
    """A text to the schema: `YYYY-MM-DD`, typed in every form that files take."""


class Leaf(msgspec.Struct, frozen=True):
    """A place of a body that a field stands for."""

    kind: FieldKind
    several: bool
    """Whether the field may be sent several times: a list of plain values."""


class Typed(msgspec.Struct, frozen=True):
    """What was typed into a form: the fields to draw it again, and the body that they make."""

    fields: SentFields
    body: dict[str, Any]


class BodyForm(Generic[M]):
    """How the body of a model is typed into a form."""

    def __init__(self, model: type[M], days: Iterable[str] = ()) -> None:
        """Name the places that hold days by their pointers, `*` for any place of a list: `/moc/*/credit_claim_date`."""
        self._model = model
        self._days = frozenset(tuple("" if name == "*" else name for name in tokens_of(days_at)) for days_at in days)
        self._leaf_at = lru_cache(2_048)(self._find_leaf)
        self._is_list = lru_cache(2_048)(self._find_list)

    def knows(self, pointer: str) -> bool:
        """Whether the model takes a value, and no object, at a pointer."""
        path: Path = ()
        for name in tokens_of(pointer):
            path += ("" if self._is_list(path) and _INDEX.fullmatch(name) else name,)
        return self._leaf_at(path) is not None

    def read(self, sent: Mapping[str, Iterable[str]]) -> Typed:
        """Return what was typed; fields whose names are no pointers are left to others.

        Raises `InvalidRequest` for a form in which one field is a part of another.
        """
        tree: dict[str, Any] = {}
        for name, values in sent.items():
            filled = [value for value in values if value.strip()]
            if name.startswith("/") and filled:
                _put(tree, tokens_of(name), filled)
        fields: SentFields = {}
        return Typed(fields, self._built(tree, (), (), fields))

    def validated(self, typed: Typed) -> M:
        """Return the body as its schema takes it; raises `InvalidRequest` with every fault, as the API does."""
        try:
            return self._model.model_validate(typed.body)
        except ValidationError as error:
            raise InvalidRequest(errors=error_items(error.errors(include_url=False), self._model)) from None

    def write(self, body: Mapping[str, Any]) -> SentFields:
        """Return the fields that stand for a body; those of what is absent or blank are left out."""
        fields: SentFields = {}
        self._spread(body, (), (), fields)
        return fields

    def _built(self, node: Any, path: Path, at: tuple[str | int, ...], fields: SentFields) -> Any:
        if isinstance(node, list):
            fields[pointer_of(at)] = node
            leaf = self._leaf_at(path) or Leaf(FieldKind.TEXT, several=False)
            values = [_read_value(leaf.kind, text) for text in node]
            return values if leaf.several or len(values) > 1 else values[0]
        if self._is_list(path) and all(map(_INDEX.fullmatch, node)):
            items = [node[name] for name in sorted(node, key=int)]
            return [self._built(item, (*path, ""), (*at, index), fields) for index, item in enumerate(items)]
        return {name: self._built(inner, (*path, name), (*at, name), fields) for name, inner in node.items()}

    def _spread(self, value: Any, path: Path, at: tuple[str | int, ...], fields: SentFields) -> None:
        leaf = self._leaf_at(path)
        if isinstance(value, Mapping):
            for name, inner in value.items():
                self._spread(inner, (*path, name), (*at, name), fields)
        elif isinstance(value, list) and (leaf is None or not leaf.several):
            for index, item in enumerate(value):
                self._spread(item, (*path, ""), (*at, index), fields)
        else:
            values = value if isinstance(value, list) else [value]
            kind = leaf.kind if leaf is not None else FieldKind.TEXT
            texts = [text for item in values if (text := _write_value(kind, item)).strip()]
            if texts:
                fields[pointer_of(at)] = texts

    def _find_list(self, path: Path) -> bool:
        return get_origin(stripped(type_at(self._model, path))) is list

    def _find_leaf(self, path: Path) -> Leaf | None:
        found = stripped(type_at(self._model, path))
        several = get_origin(found) is list
        if several:
            found = stripped(get_args(found)[0])
        kind = _kind_of(found)
        if kind is None:
            return None
        return Leaf(FieldKind.DAY if path in self._days else kind, several)


def tokens_of(pointer: str) -> Path:
    """Return the names of a JSON Pointer (RFC 6901)."""
    return tuple(name.replace("~1", "/").replace("~0", "~") for name in pointer.split("/")[1:])


def _kind_of(found: Any) -> FieldKind | None:
    """Return how a type is typed; None for an object, a list and what a model does not know."""
    if get_origin(found) is Union or not isinstance(found, type):
        return FieldKind.TEXT if found is not None and get_origin(found) is not list else None
    if issubclass(found, bool):
        return FieldKind.FLAG
    if issubclass(found, int):
        return FieldKind.WHOLE
    if issubclass(found, float | Decimal):
        return FieldKind.NUMBER
    return None if issubclass(found, BaseModel) else FieldKind.TEXT


def _put(tree: dict[str, Any], names: Path, values: list[str]) -> None:
    if len(names) > _DEEPEST:
        raise InvalidRequest("The form has a field that no page of ours draws. Load the page again.")
    node = tree
    for name in names[:-1]:
        node = node.setdefault(name, {})
        if not isinstance(node, dict):
            raise InvalidRequest("The form has a field that is a part of another. Load the page again.")
    if names[-1] in node:
        raise InvalidRequest("The form has a field that is a part of another. Load the page again.")
    node[names[-1]] = values


def _read_value(kind: FieldKind, text: str) -> Any:
    """Return what was typed as a value of the body; as it was typed where it cannot be read."""
    given = text.strip()
    if kind is FieldKind.NUMBER and _NUMBER.fullmatch(given):
        number = float(given)
        return int(number) if number.is_integer() else number
    if kind is FieldKind.WHOLE and _WHOLE.fullmatch(given):
        return int(given)
    if kind is FieldKind.FLAG:
        return _FLAGS.get(given, text)
    if kind is FieldKind.DAY:
        found = read_written_day(given)
        return found.isoformat() if isinstance(found, date) else text
    return text


def _write_value(kind: FieldKind, value: Any) -> str:
    """Return a value of a body as somebody would type it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        text = f"{Decimal(repr(value)):f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    if kind is FieldKind.DAY and isinstance(found := read_date(str(value)), date):
        written = day(found)
        return written if _read_value(kind, written) == value else str(value)
    return str(value)
