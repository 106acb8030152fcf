"""Addresses of lists: filters, order and page stand in them as typed; words that may name a person are sealed."""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

import msgspec
from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field, create_model

from app.console.drawn_forms import Said
from app.console.lists.filters import ListSpec, read_query
from app.console.routes import SentFields
from app.core.http.pagination import FilterQuery, SortedQuery
from app.core.security import Keyring
from app.schemas.looking.exports import QUERIES
from app.schemas.looking.line_queries import CreditLineQuery
from app.schemas.looking.reports import AttendanceQuery, NotYetAcceptedQuery, RemsReportQuery, ReportYearQuery
from app.schemas.looking.summary_queries import SummaryQuery
from app.schemas.passport.queries import PassportQuery

SEALED = "f"
"""The name under which an address has words that may name a person."""
NAMING = frozenset({"q", "first_name", "last_name", "client_reference"})
"""Names of the queries of lines and completions that may tell whom they are about: no address has them in clear."""
_PAGE = ("after", "before")
_SHOWN_AS = ("sort", "limit")
_LEFT_OUT_OF_ACTIVITIES = set(SummaryQuery.model_fields) - {
    "q", "activity_status", "activity_format", "moc", "activity_from", "activity_to", "sort", "limit",
}  # fmt: skip
"""Filters that the list of activities does not draw, and so does not take."""
_WORDS, _PLACE = "console words", "console place"
MOST_TICKED = 100
Ticked = Annotated[list[Annotated[str, Query(max_length=64)]], Query(max_length=MOST_TICKED)]
"""The ids of the rows that are ticked, in an address: a page has no more of them."""
_Typed = list[Annotated[str, Field(max_length=16_000)]]


class ListAddress(BaseModel):
    """What stands in the address of a list, as it was typed."""

    model_config = ConfigDict(extra="forbid")

    def given(self) -> SentFields:
        """Return what is not blank, by name."""
        values = {name: [text for text in getattr(self, name) if text.strip()] for name in type(self).model_fields}
        return {name: texts for name, texts in values.items() if texts}


def address_model(
    name: str, queries: Collection[type[FilterQuery]], leaving_out: Collection[str] = (), more: Collection[str] = ()
) -> Any:
    """Return the model of an address that has the filters of some queries, and `more`."""
    names = {field for query in queries for field in query.model_fields} - {"cursor", "include"} - set(leaving_out)
    fields: dict[str, Any] = {
        field: (_Typed, Field(default=[], max_length=200))
        for field in (*sorted(names), *more, SEALED, *_PAGE, *({*_SHOWN_AS} - names))
    }
    return create_model(name, __base__=ListAddress, __module__=__name__, **fields)


if TYPE_CHECKING:
    LinesAddress = ListAddress
    SummaryAddress = ListAddress
    ActivitiesAddress = ListAddress
    ReportAddress = ListAddress
    DownloadAddress = ListAddress
    PassportAddress = ListAddress
else:
    LinesAddress = address_model("LinesAddress", [CreditLineQuery], NAMING)
    SummaryAddress = address_model("SummaryAddress", [SummaryQuery])
    ActivitiesAddress = address_model("ActivitiesAddress", [SummaryQuery], _LEFT_OUT_OF_ACTIVITIES)
    ReportAddress = address_model(
        "ReportAddress", [NotYetAcceptedQuery, AttendanceQuery, ReportYearQuery, RemsReportQuery]
    )
    # `q` is in clear where it is words of a title.
    PassportAddress = address_model("PassportAddress", [PassportQuery], more=["page"])
    DownloadAddress = address_model("DownloadAddress", [*QUERIES.values()], NAMING - {"q"}, ["format"])


class ListRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A list as its address asks for it."""

    path: str
    spec: ListSpec
    given: SentFields
    """What stands in the address, without `f`."""
    sealed: str
    """What stands there under `f`."""
    words: SentFields
    """What was sealed."""
    fixed: SentFields
    """What the page narrows to by itself, such as its activity."""
    query: FilterQuery | None
    """None where something is wrong with what was typed."""
    said: Sequence[Said]
    bound_to: str
    """The provider and the page, to which places are bound."""

    @property
    def filters_on(self) -> SentFields:
        """The filters that are on, as typed."""
        known = {filter.name for filter in self.spec.filters}
        return {name: texts for name, texts in self.given.items() if name in known}

    def address(self, changes: Mapping[str, Sequence[str]] | None = None, *, place: bool = False) -> str:
        """Return the address of the list, as its own page links to it, with some values changed.

        An empty value is left out. Without `place`, it is that of the first page.
        """
        values: dict[str, Sequence[str]] = {name: texts for name, texts in self.given.items() if name not in _PAGE}
        if self.sealed:
            values[SEALED] = [self.sealed]
        if place:
            values |= {name: self.given[name] for name in _PAGE if name in self.given}
        values |= changes or {}
        pairs = [(name, text) for name, texts in values.items() for text in texts]
        return f"?{urlencode(pairs)}" if pairs else self.path

    def without(self, name: str, text: str) -> str:
        """Return the address without a value of a filter."""
        return self.address({name: [kept for kept in self.given[name] if kept != text]})

    @property
    def cleared(self) -> str:
        """The address without filters: what was searched for and the order stay."""
        return self.address(dict.fromkeys(self.filters_on, ()))

    def download(self, format: str, folder: str, spec: ListSpec | None = None) -> str:
        """Return the address of the list as a file, or of one that takes the same filters.

        The order is that of the page, also where it is the usual one: other pages of the same list may have another.
        """
        spec = spec or self.spec
        left_out = {*_PAGE, "limit", "sort"}
        values = {name: texts for name, texts in (self.given | self.fixed).items() if name not in left_out}
        order = _sort_of(self)
        if issubclass(spec.query, SortedQuery) and _names_of(order) <= {*spec.query.sort_names}:
            values["sort"] = [order]
        if self.sealed:
            values[SEALED] = [self.sealed]
        renamed = {} if spec is self.spec else self.spec.renamed
        pairs = [
            ("format", format), *((renamed.get(name, name), text) for name, texts in values.items() for text in texts)
        ]  # fmt: skip
        return f"{folder}/{spec.export}?{urlencode(pairs)}"


def read_request(
    keyring: Keyring, provider_id: str, path: str, spec: ListSpec, given: SentFields, fixed: SentFields | None = None
) -> ListRequest:
    """Return what an address asks for; words that were sealed for another provider are as if absent."""
    sealed = next(iter(given.get(SEALED, ())), "")
    words = unseal_words(keyring, provider_id, sealed)
    plain = {name: texts for name, texts in given.items() if name != SEALED}
    query, said = read_query(spec, plain | words | (fixed or {}))
    return ListRequest(
        path=path,
        spec=spec,
        given=plain,
        sealed=sealed if words else "",
        words=words,
        fixed=fixed or {},
        query=query,
        said=said,
        bound_to=f"{provider_id} {path}",
    )


def seal_words(keyring: Keyring, provider_id: str, words: SentFields) -> str:
    """Return words that may name a person, sealed for a provider; empty without any."""
    filled = {name: kept for name, texts in words.items() if (kept := [text.strip() for text in texts if text.strip()])}
    return keyring.seal(_WORDS, zlib.compress(json.dumps(filled).encode()), provider_id) if filled else ""


def unseal_words(keyring: Keyring, provider_id: str, sealed: str) -> SentFields:
    """Return words that were sealed for a provider; none of anything else."""
    opened = keyring.unseal(_WORDS, sealed, provider_id) if sealed else None
    return msgspec.json.decode(zlib.decompress(opened), type=SentFields) if opened is not None else {}


def seal_place(keyring: Keyring, asked: ListRequest, place: Sequence[Any]) -> str:
    """Return where a page begins or ends, for an address: it may hold names."""
    held = json.dumps({"sort": _sort_of(asked), "place": place})
    return keyring.seal(_PLACE, zlib.compress(held.encode()), asked.bound_to)


def unseal_place(keyring: Keyring, asked: ListRequest, name: str) -> list[Any] | None:
    """Return a place that an address has; None without one, and for that of another list or order."""
    sealed = next(iter(asked.given.get(name, ())), "")
    opened = keyring.unseal(_PLACE, sealed, asked.bound_to) if sealed else None
    if opened is None:
        return None
    held = json.loads(zlib.decompress(opened))
    place: list[Any] | None = held["place"] if held["sort"] == _sort_of(asked) else None
    return place


def way_up(path: str, base: str) -> str:
    """Return what leads from a page to the addresses below `base`, where it is: a list repeats it in each row.

    It leads to the same place as the whole address under whichever address the page was asked for.
    """
    return "../" * path.removeprefix(base).strip("/").count("/")


def _names_of(order: str) -> set[str]:
    """Return the keys of an order; of none, a name that no list orders by."""
    return {key.strip().lstrip("-") for key in order.split(",")}


def _sort_of(asked: ListRequest) -> str:
    return getattr(asked.query, "sort", None) or ""
