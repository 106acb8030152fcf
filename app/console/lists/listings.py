"""A page of a list: its rows from a service, and what stands around them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from app.console.drawn_forms import DrawnForm
from app.console.lists.addresses import ListRequest, seal_place, unseal_place
from app.console.lists.filters import SIZES, FilterKind, ListColumn, ListFilter, Option, size_of
from app.console.words import counted
from app.core.http.pagination import FilterQuery, PageQuery, Total
from app.domain.exports import REPORTED, ExportFormat
from app.services.context import ROWS_AS_ONE, Caller
from app.services.lists import Listed

R = TypeVar("R")
Options = Mapping[str, Sequence[Option]]
"""The values that filters offer, by the filter's name."""
ReadRows = Callable[[Any, Any, int], Awaitable[Listed[R]]]
"""Given a query, the place after which rows are wanted, and how many: the rows."""
_FORMATS = (
    (ExportFormat.XLSX, "Excel"),
    (ExportFormat.CSV, "CSV, for programs"),
    (ExportFormat.NDJSON, "JSON lines"),
)
_DOCUMENTS = ((ExportFormat.XML, "PARS XML"), (ExportFormat.JSON, "PARS JSON"))
"""Beside them, for lists whose records are those of PARS documents."""


class Rows(msgspec.Struct, Generic[R], frozen=True, kw_only=True):
    """The rows of a page, and where the pages beside it are."""

    rows: Sequence[R]
    total: Total | None = None
    newer: str = ""
    older: str = ""


class MenuItem(msgspec.Struct, frozen=True, kw_only=True):
    """A choice that is a link."""

    text: str
    address: str
    current: bool = False


class DrawnFilter(msgspec.Struct, frozen=True, kw_only=True):
    """A filter with what it offers."""

    name: str
    label: str
    kind: str
    options: Sequence[tuple[str, str]]


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """What stands around the rows of a list."""

    label: str
    path: str
    form: DrawnForm
    words: Sequence[DrawnFilter]
    filters: Sequence[DrawnFilter]
    more: Sequence[DrawnFilter]
    more_on: int
    kept: Mapping[str, str]
    """What the form of filters carries along: order, size, and words that are sealed."""
    chips: Sequence[tuple[str, str, str]]
    cleared: str
    columns: Sequence[tuple[str, str, str, str]]
    sorted_by: str
    sorts: Sequence[MenuItem]
    sizes: Sequence[MenuItem]
    downloads: Sequence[MenuItem]
    count: str
    """How many there are, in words."""
    rows: int
    """How many stand on this page."""
    newer: str
    older: str
    newer_word: str
    older_word: str
    searched: bool
    """Whether anything narrows the list: if nothing does and it has no rows, there are none at all."""
    faulty: bool


async def read_rows(caller: Caller, asked: ListRequest, read: ReadRows[R]) -> Rows[R]:
    """Return the rows of the page that is asked for, none where something is wrong with what was typed.

    The page before is read in the reversed order from its end, so that no page counts the rows before it.
    """
    if asked.query is None:
        return Rows(rows=())
    keyring, size = caller.service.keyring, size_of(asked.given)
    caller.charge(size, ROWS_AS_ONE, parameter="limit")
    before, after = (unseal_place(keyring, asked, name) for name in ("before", "after"))
    backwards = before is not None and asked.spec.sorts != ()
    query = _reversed(asked.query) if backwards else asked.query
    listed = await read(query, before if backwards else after, size + 1)
    found, extra = list(listed.rows[:size]), len(listed.rows) > size
    if backwards:
        found.reverse()
    if not found:
        return Rows(rows=(), total=listed.total)

    def link(name: str, place: Sequence[Any]) -> str:
        return asked.address({name: [seal_place(keyring, asked, place)]})

    (first, _), (last, _) = found[0], found[-1]
    has_newer = extra if backwards else after is not None
    newer = (link("before", first) if asked.spec.sorts else asked.address()) if has_newer else ""
    return Rows(
        rows=[row for _, row in found],
        total=listed.total,
        newer=newer,
        older=link("after", last) if backwards or extra else "",
    )


def draw_list(asked: ListRequest, page: Rows[Any], label: str, options: Options, folder: str) -> Listing:
    """Return what stands around the rows of a list; `folder` is where its files are, empty for none."""
    spec, given = asked.spec, asked.given
    sort = next(iter(given.get("sort", ())), spec.sorts[0][0] if spec.sorts else "")
    in_time = sort.startswith("-") and sort[1:] in ("submitted_at", "completed_on", "updated_at", "start_date")
    kept: dict[str, str] = {name: given[name][0] for name in ("sort", "limit") if name in given}
    hidden = FilterKind.HIDDEN
    carried = [filter.name for filter in spec.filters if filter.kind is hidden and filter.name in given]
    kept |= {name: given[name][0] for name in carried}
    more = [filter for filter in spec.filters if filter.more]
    return Listing(
        label=label,
        path=asked.path,
        form=DrawnForm(given | asked.words, asked.said, prefix="list"),
        words=[draw_filter(word, options) for word in spec.words],
        filters=[
            draw_filter(filter, options) for filter in spec.filters if not filter.more and filter.kind is not hidden
        ],
        more=[draw_filter(filter, options) for filter in more],
        more_on=sum(filter.name in given for filter in more),
        kept=kept | ({"f": asked.sealed} if asked.sealed else {}),
        chips=tuple(draw_chips(asked, options)),
        cleared=asked.cleared,
        columns=[_head(asked, column, sort) for column in spec.columns],
        sorted_by=dict(spec.sorts).get(sort, sort.lstrip("-").replace("_", " ").capitalize()),
        sorts=[
            MenuItem(text=words, address=asked.address({"sort": [order]}), current=order == sort)
            for order, words in spec.sorts
        ],
        sizes=[
            MenuItem(text=str(size), address=asked.address({"limit": [str(size)]}), current=size == size_of(given))
            for size in (SIZES if issubclass(spec.query, PageQuery) else ())
        ],
        downloads=_downloads(asked, page, folder),
        count=_count(asked, page),
        rows=len(page.rows),
        newer=page.newer,
        older=page.older,
        newer_word="Newer" if in_time else "Previous" if spec.sorts else "First page",
        older_word="Older" if in_time else "Next",
        searched=bool(asked.filters_on or asked.words or any(word.name in given for word in spec.words)),
        faulty=bool(asked.said),
    )


def _reversed(query: FilterQuery) -> FilterQuery:
    keys = [key.strip() for key in (getattr(query, "sort", None) or "").split(",")]
    return query.model_copy(update={"sort": ",".join(key[1:] if key.startswith("-") else f"-{key}" for key in keys)})


_YES_NO = (Option("true", "Yes"), Option("false", "No"))


def draw_filter(filter: ListFilter, options: Options) -> DrawnFilter:
    """Return a filter with what it offers."""
    offered = [(option.value, option.text) for option in options.get(filter.name, ())]
    if filter.kind is FilterKind.SEVERAL and not offered:
        # Too many to count: what is wanted is typed.
        return DrawnFilter(name=filter.name, label=filter.label, kind=FilterKind.TEXT.value, options=())
    if filter.kind is FilterKind.ONE:
        offered = [("", "Any"), *(offered or [(option.value, option.text) for option in _YES_NO])]
    return DrawnFilter(name=filter.name, label=filter.label, kind=filter.kind.value, options=offered)


def draw_chips(asked: ListRequest, options: Options) -> Iterator[tuple[str, str, str]]:
    """Yield the filters that are on: (filter, value, address without it)."""
    for filter in asked.spec.filters:
        offered = options.get(filter.name) or (_YES_NO if filter.kind is FilterKind.ONE else ())
        words = {option.value: option.words for option in offered}
        for text in asked.given.get(filter.name, ()):
            yield filter.label, words.get(text, text), asked.without(filter.name, text)


def _head(asked: ListRequest, column: ListColumn, sort: str) -> tuple[str, str, str, str]:
    """Return a heading: pressed again, it turns the order round."""
    if not column.sort or not asked.spec.sorts:
        return column.heading, column.classes, "", ""
    key = column.sort.lstrip("-")
    if sort.lstrip("-") == key:
        turned = key if sort.startswith("-") else f"-{key}"
        direction = "descending" if sort.startswith("-") else "ascending"
        return column.heading, column.classes, asked.address({"sort": [turned]}), direction
    return column.heading, column.classes, asked.address({"sort": [column.sort]}), ""


def _count(asked: ListRequest, page: Rows[Any]) -> str:
    total = page.total
    if total is None:
        return counted(len(page.rows), asked.spec.one, asked.spec.many) + (" on this page" if page.older else "")
    if total.capped:
        return f"About {total.count:,} or more {asked.spec.many}"
    return counted(total.count, asked.spec.one, asked.spec.many)


def _downloads(asked: ListRequest, page: Rows[Any], folder: str) -> list[MenuItem]:
    if not (folder and page.rows):
        return []
    total = page.total
    rows = f": {_count(asked, page).lower()}" if total is not None else ""
    found: list[MenuItem] = []
    for format, words in _FORMATS:
        text = f"{words}{rows}"
        if format is ExportFormat.XLSX and total is not None and total.capped:
            text = f"{words}, up to 1,048,575 rows"
        found.append(MenuItem(text=text, address=asked.download(format.value, folder)))
    if asked.spec.export in REPORTED:
        found += [
            MenuItem(text=f"{words}{rows}", address=asked.download(format.value, folder))
            for format, words in _DOCUMENTS
        ]
    if asked.spec.records is not None:
        found += [
            MenuItem(
                text=f"{asked.spec.records_called}: {words}",
                address=asked.download(format.value, folder, asked.spec.records),
            )
            for format, words in (*_FORMATS, *_DOCUMENTS)
            if format in asked.spec.records_in
        ]
    return found
