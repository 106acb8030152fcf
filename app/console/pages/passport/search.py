"""`/passport`: the public search for accredited activities. Everything that narrows it stands in its address."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request
from msgspec.structs import replace
from starlette.responses import Response

from app.console.drawn_forms import DrawnForm, Said
from app.console.frame import go_to, page
from app.console.lists.addresses import ListRequest, PassportAddress, read_request
from app.console.lists.filters import FilterKind, ListFilter, size_of
from app.console.lists.listings import DrawnFilter, MenuItem, Options, draw_chips, draw_filter
from app.console.lists.passport_list import PASSPORT, passport_options, ways_out
from app.console.pages.passport.shown import FoundActivityView
from app.console.routes import ANYBODY, PageRoute, SentFields
from app.core.errors import ParameterInvalid
from app.domain.passport.search import ActivitySearch
from app.schemas.passport.queries import PassportQuery
from app.services.context import Service
from app.services.passport import activities
from app.services.passport.activities import SearchPage
from app.services.passport.queries import search_of

router = APIRouter(route_class=PageRoute, dependencies=[ANYBODY], include_in_schema=False)
PATH = "/passport"
_MOST_DIGITS = 6


class SearchView(msgspec.Struct, frozen=True, kw_only=True):
    """What the search shows."""

    path: str
    form: DrawnForm
    kept: dict[str, str]
    filters: Sequence[DrawnFilter]
    more: Sequence[DrawnFilter]
    more_on: int
    on: int
    chips: Sequence[tuple[str, str, str]]
    cleared: str
    sorts: Sequence[MenuItem]
    sorted_by: str
    rows: Sequence[FoundActivityView]
    total: int
    ways_out: Sequence[tuple[str, int, str]]
    searched: bool
    number: int
    """Of the page, from 1."""
    pages: int
    back: str
    further: str
    as_of: datetime | None
    follows: Sequence[str]
    """The filters whose counts follow a tick in another one, where a script asked; none for a whole page."""


@router.get(PATH)
async def search_activities(request: Request, address: Annotated[PassportAddress, Query()]) -> Response:
    """Find accredited activities by words and filters, whoever asks."""
    service: Service = request.app.state.service
    given = address.given()
    number = _number_of(given.pop("page", []))
    asked = _read(service, given)
    by_script = "hx-request" in request.headers
    if not by_script and any(not value for _, value in request.query_params.multi_items()):
        # A form sends its empty fields too: the address that stays has only what narrows.
        return _lead(request, asked, {})
    search, said = _search(service, asked)
    found: SearchPage | None = None
    if search is not None:
        request.app.state.rates.admit_search(request.client.host if request.client is not None else None)
        size = size_of(given)
        live = request.app.state.listed_activities
        found = await activities.search(service, live, search, limit=size, skip=(number - 1) * size, faceted=True)
        last = max(1, -(-found.found.total // size))
        if number > last:
            return _lead(request, asked, {"page": [str(last)]} if last > 1 else {})
    view = _draw(service, asked, said, found, number)
    if by_script:
        view = replace(view, follows=_following(request.headers.get("hx-source", "")))
    # What a script was sent is not kept: a form that is sent to the same address later is led to a shorter one.
    return page(request, None, "pages/passport/search.html", view, 422 if said else 200, kept=not by_script)


def _lead(request: Request, asked: ListRequest, changes: SentFields) -> Response:
    """Lead to the search with some values changed, whose links are of this page alone."""
    address = asked.address(changes)
    return go_to(request, address if address.startswith("/") else f"{asked.path}{address}")


def _read(service: Service, given: SentFields) -> ListRequest:
    # The order of a search with words is by fit, unless another is asked for.
    usual = {"sort": ["fit"]} if "q" in given and "sort" not in given else {}
    return read_request(service.keyring, "", PATH, PASSPORT, given, usual)


def _search(service: Service, asked: ListRequest) -> tuple[ActivitySearch | None, Sequence[Said]]:
    """Return what is searched for; None, and what is wrong with what was typed."""
    if not isinstance(asked.query, PassportQuery):
        return None, asked.said
    try:
        return search_of(service.catalogue, asked.query), ()
    except ParameterInvalid as problem:
        return None, [
            Said(pointer=item.parameter or "", text=item.detail, hint=item.hint or "") for item in problem.errors
        ]


def _draw(
    service: Service, asked: ListRequest, said: Sequence[Said], found: SearchPage | None, number: int
) -> SearchView:
    given, size = asked.given, size_of(asked.given)
    options = passport_options(found.found if found is not None else None, asked)
    order = next(iter(given.get("sort", asked.fixed.get("sort", ()))), PASSPORT.sorts[0][0])
    total = found.found.total if found is not None else 0
    pages = max(1, -(-total // size))
    today = service.clock().date()

    def page_address(wanted: int) -> str:
        return asked.address({"page": [str(wanted)]} if wanted > 1 else {})

    return SearchView(
        path=asked.path,
        form=DrawnForm(given, said, prefix="find"),
        kept={name: given[name][0] for name in ("sort", "limit") if name in given},
        filters=[_draw_filter(filter, options) for filter in PASSPORT.filters if not filter.more],
        more=[_draw_filter(filter, options) for filter in PASSPORT.filters if filter.more],
        more_on=sum(filter.name in given for filter in PASSPORT.filters if filter.more),
        on=len(asked.filters_on),
        chips=tuple(draw_chips(asked, options)),
        cleared=asked.cleared,
        sorts=[
            MenuItem(text=words, address=asked.address({"sort": [name]}), current=name == order)
            for name, words in PASSPORT.sorts
            if name != "fit" or "q" in given
        ],
        sorted_by=dict(PASSPORT.sorts).get(order, order),
        rows=[FoundActivityView.of(shown, today) for _, shown in found.rows] if found is not None else (),
        total=total,
        ways_out=tuple(ways_out(found.found, asked)) if found is not None else (),
        searched=bool(asked.filters_on or "q" in given),
        number=number,
        pages=pages,
        back=page_address(number - 1) if number > 1 else "",
        further=page_address(number + 1) if number < pages else "",
        as_of=found.as_of if found is not None else None,
        follows=(),
    )


def _draw_filter(filter: ListFilter, options: Options) -> DrawnFilter:
    """Return a filter with what it offers; a facet of which nothing has any value offers nothing, and is not typed."""
    if filter.kind is FilterKind.SEVERAL and not options[filter.name]:
        return DrawnFilter(name=filter.name, label=filter.label, kind=filter.kind.value, options=())
    return draw_filter(filter, options)


def _following(source: str) -> list[str]:
    """Return the filters whose counts follow a tick in the one that a script names: of its own, none changes."""
    facets = (FilterKind.SEVERAL, FilterKind.ONE)
    changed = source.rpartition("#find-in-")[2]
    return [one.name for one in PASSPORT.filters if one.kind in facets and one.name != changed]


def _number_of(typed: Sequence[str]) -> int:
    """Return the number of a page; 1 for what is no number."""
    text = next(iter(typed), "")
    plain = text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
    return max(1, int(text)) if plain else 1
