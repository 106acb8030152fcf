"""What a list of a page can be narrowed to and ordered by, and how what was typed becomes the query of a service."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, get_origin

import msgspec
from pydantic import ValidationError

from app.console.drawn_forms import Said
from app.console.routes import SentFields
from app.core.body_types import stripped
from app.core.http.pagination import FilterQuery, PageQuery
from app.core.http.problems import invalid_request
from app.domain.exports import ExportFormat, ExportKind
from app.domain.parsing import read_written_day

SIZES = (10, 25, 50, 100)
"""Rows of a page that are offered."""
USUAL_SIZE = 25


class FilterKind(enum.StrEnum):
    """How a filter is drawn."""

    SEVERAL = "several"
    """Boxes to tick: any of them fits."""
    ONE = "one"
    """One of a few, or any."""
    SELECT = "select"
    """One of many, or any."""
    DAY = "day"
    """A day, typed in every form that files take."""
    TEXT = "text"
    HIDDEN = "hidden"
    """Set by links alone: it is carried along, and shown by what is on."""


class ListFilter(msgspec.Struct, frozen=True, kw_only=True):
    """A filter of a list, under the name that it has in the query of the service."""

    name: str
    label: str
    kind: FilterKind
    more: bool = False
    """Whether it stands folded, under *More filters*."""


class ListColumn(msgspec.Struct, frozen=True, kw_only=True):
    """A column of a list; without `sort` it is no order."""

    heading: str
    classes: str = ""
    sort: str = ""
    """The key of the order; `-` before one that is descending at first."""


class ListSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A list as its page offers it."""

    query: type[FilterQuery]
    filters: tuple[ListFilter, ...]
    columns: tuple[ListColumn, ...]
    sorts: tuple[tuple[str, str], ...] = ()
    """(order, its words), the first is the usual one; none where the order is fixed."""
    export: ExportKind | None = None
    """None where the list is no file."""
    words: tuple[ListFilter, ...] = ()
    """What is searched for, and not filtered by: it outlasts *Clear all*."""
    one: str = "line"
    many: str = "lines"
    records: ListSpec | None = None
    """The list of the whole records that the rows are lines of: it takes the same filters."""
    renamed: Mapping[str, str] = {}
    """What the whole records call some of the filters."""
    records_called: str = "Whole records"
    records_in: tuple[ExportFormat, ...] = tuple(ExportFormat)
    """The formats in which they are offered."""


class Option(msgspec.Struct, frozen=True):
    """A value that a filter offers."""

    value: str
    words: str
    count: int | None = None
    """How many rows it would leave; None where that is not known."""

    @property
    def text(self) -> str:
        """The words, with the count beside them."""
        return self.words if self.count is None else f"{self.words} ({self.count:,})"


def options_of(
    known: Mapping[str, str], counted: Mapping[str, int] | None = None, given: Sequence[str] = ()
) -> list[Option]:
    """Return the values of a filter with their words; with counts, those that any row has, and those that are on."""
    words = {**known, **{value: known.get(value, value) for value in (*(counted or ()), *given)}}
    if counted is None:
        return [Option(value, text) for value, text in words.items()]
    return [
        Option(value, text, counted.get(value, 0))
        for value, text in words.items()
        if counted.get(value) or value in given
    ]


def read_query(spec: ListSpec, given: SentFields) -> tuple[FilterQuery | None, list[Said]]:
    """Return what was typed as the query of the service; None, and what is wrong with which filter."""
    days = {filter.name for filter in spec.filters if filter.kind is FilterKind.DAY}
    values: dict[str, Any] = {}
    for name, typed in given.items():
        if name not in spec.query.model_fields:
            continue
        texts = [_day(text) for text in typed] if name in days else typed
        values[name] = texts if takes_several(spec.query, name) else texts[0]
    if spec.sorts:
        values.setdefault("sort", spec.sorts[0][0])
    if issubclass(spec.query, PageQuery):
        values["limit"] = size_of(given)
        if spec.sorts:
            values["include"] = ["total"]
    try:
        return spec.query.model_validate(values), []
    except ValidationError as error:
        faults = [{**fault, "loc": ("query", *fault["loc"])} for fault in error.errors(include_url=False)]
        items = invalid_request(faults).errors
        return None, [Said(pointer=item.parameter or "", text=item.detail, hint=item.hint or "") for item in items]


def size_of(given: SentFields) -> int:
    """Return how many rows a page is to have, of those that are offered."""
    typed = next(iter(given.get("limit", ())), "")
    return int(typed) if typed in map(str, SIZES) else USUAL_SIZE


def takes_several(query: type[FilterQuery], name: str) -> bool:
    """Whether a filter of a query takes several values."""
    return get_origin(stripped(query.model_fields[name].annotation)) is list


def _day(text: str) -> str:
    found = read_written_day(text.strip())
    return found.isoformat() if isinstance(found, date) else text
