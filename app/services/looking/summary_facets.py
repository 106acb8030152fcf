"""How many activities each value of the filters of summaries would leave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import Connection

from app.domain.identity.comparison_keys import phrase_key
from app.domain.looking.facets import ActivityGroup, Alike, SummaryFacet, tally, unfit_in
from app.domain.states import find_state
from app.schemas.looking.summary_queries import SummaryQuery
from app.services.context import Caller
from app.services.looking.summaries import filter_of
from app.store.looking import summary_facets as store
from app.store.looking.summary_filters import Spelled, SummaryFilter

_SPELLED = {
    SummaryFacet.STATE: Spelled.STATE,
    SummaryFacet.CITY: Spelled.CITY,
    SummaryFacet.COUNTRY: Spelled.COUNTRY,
}


def facets(connection: Connection, caller: Caller, query: SummaryQuery) -> dict[SummaryFacet, dict[str, int]] | None:
    """Count the activities by each facet; None if more than `MOST_COUNTED` fit the filters that are no facets."""
    unset = {facet.value: SummaryQuery.model_fields[facet.value].get_default() for facet in SummaryFacet}
    groups = store.grouped(connection, filter_of(connection, caller, query.model_copy(update=unset)))
    if groups is None:
        return None
    chosen = _chosen(filter_of(connection, caller, query))
    names = {facet: _names(facet, groups) for facet in _SPELLED}
    alike: list[Alike[SummaryFacet]] = []
    for group in groups:
        stored = _values(group)
        shown = {facet: names[facet].get(value or "") if facet in names else value for facet, value in stored.items()}
        alike.append(Alike(shown, unfit_in(stored, chosen), group.activities))
    return tally(SummaryFacet, alike)


def _values(group: ActivityGroup) -> dict[SummaryFacet, str | None]:
    """Return the values of a group as filters name them; of free text, as it is stored."""
    return {
        facet: str(value).lower() if isinstance(value, bool) else value
        for facet in SummaryFacet
        for value in (getattr(group, facet.value),)
    }


def _chosen(wanted: SummaryFilter) -> dict[SummaryFacet, Collection[str]]:
    """Return the stored values that a query filters by."""
    query = wanted.query
    chosen: dict[SummaryFacet, Collection[str] | None] = {
        SummaryFacet.ACTIVITY_FORMAT: wanted.formats,
        SummaryFacet.PROVIDERSHIP: query.providership or None,
        SummaryFacet.ACTIVITY_STATUS: query.activity_status or None,
    }
    for facet, asked in (
        (SummaryFacet.MOC, query.moc), (SummaryFacet.MIPS, query.mips), (SummaryFacet.REMS, query.rems)
    ):  # fmt: skip
        chosen[facet] = None if asked is None else [str(asked).lower()]
    for facet, field in _SPELLED.items():
        chosen[facet] = wanted.spelled.get(field)
    return {facet: values for facet, values in chosen.items() if values is not None}


def _names(facet: SummaryFacet, groups: Iterable[ActivityGroup]) -> Mapping[str, str]:
    """Return the name that each spelling is counted under: a state's code, else the spelling that most have.

    Spellings that one value of the filter finds together have one name.
    """
    names: dict[str, str] = {}
    spellings: dict[str, Counter[str]] = {}
    for group in groups:
        text: str | None = getattr(group, facet.value)
        if not text:
            continue
        if facet is SummaryFacet.STATE and (code := find_state(text)) is not None:
            names[text] = code
        elif key := phrase_key(text):
            spellings.setdefault(key, Counter())[text] += group.activities
    for counted in spellings.values():
        names |= dict.fromkeys(counted, min(counted, key=lambda text: (-counted[text], text)))
    return names
