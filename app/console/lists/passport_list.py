"""The public search as its page offers it: filters with counts, orders, and what to leave out when nothing fits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from app.console.lists.addresses import ListRequest
from app.console.lists.filters import FilterKind, ListFilter, ListSpec, Option, options_of
from app.console.lists.listings import Options
from app.domain.passport.search import FoundActivities, PassportFacet
from app.schemas.passport.queries import PassportQuery

_SEVERAL, _ONE, _DAY, _TEXT = FilterKind.SEVERAL, FilterKind.ONE, FilterKind.DAY, FilterKind.TEXT
PASSPORT = ListSpec(
    query=PassportQuery,
    filters=(
        ListFilter(name="activity_from", label="From", kind=_DAY),
        ListFilter(name="activity_to", label="To", kind=_DAY),
        ListFilter(name="past", label="Past activities", kind=_SEVERAL),
        ListFilter(name="specialty", label="Specialty", kind=_SEVERAL),
        ListFilter(name="board", label="Certifying board", kind=_SEVERAL),
        ListFilter(name="activity_format", label="Format", kind=_SEVERAL),
        ListFilter(name="delivery_method", label="Delivery", kind=_SEVERAL),
        ListFilter(name="fee", label="Fee", kind=_SEVERAL),
        ListFilter(name="credits_from", label="CME credits, at least", kind=_TEXT),
        ListFilter(name="credits_to", label="CME credits, at most", kind=_TEXT),
        ListFilter(name="moc", label="MOC points", kind=_ONE, more=True),
        ListFilter(name="moc_points_from", label="MOC points, at least", kind=_TEXT, more=True),
        ListFilter(name="moc_points_to", label="MOC points, at most", kind=_TEXT, more=True),
        ListFilter(name="credit_type", label="Credit type", kind=_SEVERAL, more=True),
        ListFilter(name="registration", label="Registration", kind=_SEVERAL, more=True),
        ListFilter(name="state", label="State", kind=_SEVERAL, more=True),
        ListFilter(name="city", label="City", kind=_SEVERAL, more=True),
        ListFilter(name="country", label="Country", kind=_SEVERAL, more=True),
        ListFilter(name="rems", label="REMS", kind=_ONE, more=True),
        ListFilter(name="mips", label="MIPS", kind=_ONE, more=True),
        ListFilter(name="interprofessional", label="Interprofessional (IPCE)", kind=_ONE, more=True),
        ListFilter(name="profession", label="For the profession", kind=_SEVERAL, more=True),
        ListFilter(name="joint_accreditation", label="Jointly accredited provider", kind=_ONE, more=True),
    ),
    columns=(),
    sorts=(
        ("soonest", "soonest"),
        ("fit", "best fit"),
        ("title", "title"),
        ("-start_date", "begins, latest first"),
        ("end_date", "ends, first to end first"),
        ("-credits", "most CME credits"),
        ("credits", "fewest CME credits"),
    ),
    words=(ListFilter(name="q", label="Words", kind=_TEXT),),
    one="activity",
    many="activities",
)
WORDS_OF: dict[str, dict[str, str]] = {
    "fee": {"no": "Free", "yes": "Costs a fee", "variable": "Fee varies"},
    "registration": {"open": "Open to all", "limited": "Limited"},
}
"""Values in the words of those who take part; others have the name that the facet gives."""
_SPANS = {
    "dates": ("Dates", ("activity_from", "activity_to")),
    "credits": ("CME credits", ("credits_from", "credits_to")),
    "moc_points": ("MOC points", ("moc_points_from", "moc_points_to")),
    "q": ("The words", ("q",)),
}
"""Filters that are no facets: their words, and the names under which they are asked."""


def passport_options(found: FoundActivities | None, asked: ListRequest) -> Options:
    """Return what each filter offers, with the activities that each value would leave."""
    facets = found.facets if found is not None and found.facets is not None else {}
    offered: dict[str, list[Option]] = {"past": [Option("true", "Show them too")]}
    for facet in PassportFacet:
        values = facets.get(facet, ())
        names = {one.value: WORDS_OF.get(facet.value, {}).get(one.value, one.name) for one in values}
        if facet is PassportFacet.BOARD:
            names = {code: f"{code}, {name}" if name != code else code for code, name in names.items()}
        counts = {one.value: one.count for one in values} if found is not None else None
        offered[facet.value] = options_of(names, counts, asked.given.get(facet.value, ()))
    return offered


def ways_out(found: FoundActivities, asked: ListRequest) -> Iterator[tuple[str, int, str]]:
    """Yield what to leave out where nothing fits: (filter, how many there are without it, address), the most first."""
    labels = {filter.name: (filter.label, (filter.name,)) for filter in PASSPORT.filters} | _SPANS
    left: Mapping[str, int] = {name: count for name, count in found.left_without.items() if count}
    for name, count in sorted(left.items(), key=lambda pair: -pair[1]):
        if name == "past":
            yield "", count, asked.address({"past": ["true"]})
        else:
            label, names = labels[name]
            yield label, count, asked.address(dict.fromkeys(names, ()))
