"""Activities as pages list them: with the counts of their credit lines, and to work on."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from app.console.lists.addresses import ListRequest
from app.console.lists.filters import FilterKind, ListColumn, ListFilter, ListSpec, Option, options_of
from app.console.lists.line_list import ENTRY_METHODS, FORMATS, KINDS, STATUSES, board_names, type_names
from app.console.lists.listings import Options, Rows, read_rows
from app.domain.activities import ActivityStatus
from app.domain.choices import OutcomeMeasured, Providership
from app.domain.exports import ExportFormat, ExportKind
from app.domain.looking.activity_counts import ActivitySummary
from app.domain.looking.facets import Facet, SummaryFacet
from app.domain.states import STATES
from app.schemas.looking.line_queries import CreditLineQuery
from app.schemas.looking.summary_queries import SummaryQuery
from app.schemas.queries import ActivityQuery
from app.services.context import Caller, read_async
from app.services.lists import Listed
from app.services.looking import credit_lines, summaries, summary_facets

_SEVERAL, _ONE, _SELECT, _DAY, _TEXT = (
    FilterKind.SEVERAL, FilterKind.ONE, FilterKind.SELECT, FilterKind.DAY, FilterKind.TEXT,
)  # fmt: skip
ACTIVITY_STATUSES = {
    ActivityStatus.DRAFT.value: "Not finished",
    ActivityStatus.ACTIVE.value: "Active",
    ActivityStatus.READY_TO_CLOSE.value: "Ready to close",
    ActivityStatus.CLOSED.value: "Closed",
}
_FILTERS = (
    ListFilter(name="status", label="Learner status", kind=_SEVERAL),
    ListFilter(name="activity_format", label="Activity format", kind=_SEVERAL),
    ListFilter(name="activity_status", label="Activity status", kind=_SEVERAL),
    ListFilter(name="board", label="Board", kind=_SEVERAL),
    ListFilter(name="activity_from", label="Takes place from", kind=_DAY),
    ListFilter(name="activity_to", label="Takes place to", kind=_DAY),
    ListFilter(name="submitted_from", label="Submitted from", kind=_DAY, more=True),
    ListFilter(name="submitted_to", label="Submitted to", kind=_DAY, more=True),
    ListFilter(name="completed_from", label="Completed from", kind=_DAY, more=True),
    ListFilter(name="completed_to", label="Completed to", kind=_DAY, more=True),
    ListFilter(name="kind", label="Kind of credit", kind=_SEVERAL, more=True),
    ListFilter(name="credit_type", label="Credit type", kind=_SELECT, more=True),
    ListFilter(name="entry_method", label="How learners came in", kind=_SEVERAL, more=True),
    ListFilter(name="moc", label="MOC/CC", kind=_ONE, more=True),
    ListFilter(name="mips", label="MIPS", kind=_ONE, more=True),
    ListFilter(name="rems", label="REMS", kind=_ONE, more=True),
    ListFilter(name="interprofessional", label="Interprofessional (IPCE)", kind=_ONE, more=True),
    ListFilter(name="providership", label="Providership", kind=_SEVERAL, more=True),
    ListFilter(name="joint_provider", label="Joint provider", kind=_TEXT, more=True),
    ListFilter(name="outcome", label="Measured outcomes", kind=_SEVERAL, more=True),
    ListFilter(name="state", label="State", kind=_SEVERAL, more=True),
    ListFilter(name="city", label="City", kind=_SEVERAL, more=True),
    ListFilter(name="country", label="Country", kind=_SEVERAL, more=True),
    ListFilter(name="practice_area", label="Practice area", kind=_TEXT, more=True),
)
SUMMARY = ListSpec(
    query=SummaryQuery,
    filters=_FILTERS,
    columns=(
        ListColumn(heading="Activity", sort="title"),
        ListColumn(heading="Dates", sort="-start_date"),
        ListColumn(heading="Accepted", classes="num", sort="-learners_accepted"),
        ListColumn(heading="Rejected", classes="num", sort="-learners_rejected"),
        ListColumn(heading="Pending", classes="num", sort="-learners_pending"),
        ListColumn(heading="People", classes="num", sort="-persons"),
        ListColumn(heading="Credits", classes="num", sort="-credits"),
        ListColumn(heading="Do", classes="hidden"),
    ),
    sorts=(
        ("-learners_accepted", "most accepted"),
        ("-learners_rejected", "most rejected"),
        ("-learners_pending", "most pending"),
        ("-persons", "most people"),
        ("-credits", "most credit"),
        ("title", "title"),
        ("-start_date", "begins, newest first"),
        ("-end_date", "ends, newest first"),
        ("internal_id", "your id"),
        ("activity_id", "activity id"),
    ),
    export=ExportKind.ACTIVITY_SUMMARIES,
    words=(ListFilter(name="q", label="Title or id", kind=_TEXT),),
    one="activity",
    many="activities",
)


def _called(name: str, label: str, *, more: bool = False) -> ListFilter:
    """Return a filter of the summary as the list of activities calls it."""
    (known,) = [filter for filter in _FILTERS if filter.name == name]
    return replace(known, label=label, more=more)


WHOLE_ACTIVITIES = ListSpec(
    query=ActivityQuery,
    filters=(
        ListFilter(name="ends_from", label="Ends on or after", kind=_DAY),
        ListFilter(name="starts_to", label="Starts on or before", kind=_DAY),
    ),
    columns=(),
    sorts=tuple((order, order) for name in ActivityQuery.sort_names for order in (name, f"-{name}")),
    export=ExportKind.ACTIVITIES,
    one="activity",
    many="activities",
)
"""Activities with all of their fields: no page lists them, files have them."""
ACTIVITIES = ListSpec(
    query=SummaryQuery,
    filters=(
        _called("activity_status", "Status"),
        _called("activity_format", "Format"),
        _called("moc", "For a certifying board", more=True),
        _called("activity_from", "Ends on or after", more=True),
        _called("activity_to", "Starts on or before", more=True),
    ),
    columns=(
        ListColumn(heading="Title", sort="title"),
        ListColumn(heading="Format"),
        ListColumn(heading="Dates", sort="-start_date"),
        ListColumn(heading="Status"),
        ListColumn(heading="Boards"),
        ListColumn(heading="Learners", classes="num", sort="-persons"),
        ListColumn(heading="Do", classes="hidden"),
    ),
    sorts=(
        ("-start_date", "newest first"),
        ("start_date", "oldest first"),
        ("title", "title"),
        ("-persons", "most learners"),
        ("-learners_rejected", "most rejected credits"),
    ),
    export=ExportKind.ACTIVITY_SUMMARIES,
    words=SUMMARY.words,
    one="activity",
    many="activities",
    records=WHOLE_ACTIVITIES,
    renamed={"activity_from": "ends_from", "activity_to": "starts_to"},
    records_called="To change and upload",
    records_in=(ExportFormat.XLSX, ExportFormat.XML, ExportFormat.JSON),
)
_Counts = Mapping[SummaryFacet, Mapping[str, int]] | None
"""How many activities have each value of a filter; None where these are too many to count."""


async def read_activities(caller: Caller, asked: ListRequest) -> tuple[Rows[ActivitySummary], Options]:
    """Return the activities of a page, and what its filters offer, with counts where these are not too many."""
    page, counted = await _read_counted(caller, asked)
    return page, _activity_options(asked, counted)


async def read_summaries(caller: Caller, asked: ListRequest) -> tuple[Rows[ActivitySummary], Options]:
    """Return the summaries of a page, and what its filters offer, with counts where these are not too many."""
    page, counted = await _read_counted(caller, asked)
    # Of all lines, from kept totals: which boards and ways there are at all.
    lines = await read_async(caller, credit_lines.facets, CreditLineQuery())

    def known(facet: Facet, words: Mapping[str, str]) -> list[Option]:
        given = asked.given.get(facet.value, ())
        found = {value: words.get(value, value) for value in words if lines is None or lines[facet].get(value)}
        return options_of(found or words, None, given)

    return page, {
        **_activity_options(asked, counted),
        "status": options_of(STATUSES),
        "kind": options_of(KINDS),
        "board": known(Facet.BOARD, board_names(caller.service.catalogue)),
        "entry_method": known(Facet.ENTRY_METHOD, ENTRY_METHODS),
        "credit_type": options_of(type_names(caller.service.catalogue)),
        "providership": _offered(
            asked, counted, SummaryFacet.PROVIDERSHIP, {one.value: one.label for one in Providership}
        ),
        "outcome": options_of({one.value: one.label for one in OutcomeMeasured}),
        "state": _offered(asked, counted, SummaryFacet.STATE, STATES if counted is not None else {}),
        "city": _offered(asked, counted, SummaryFacet.CITY, {}),
        "country": _offered(asked, counted, SummaryFacet.COUNTRY, {}),
    }


async def _read_counted(caller: Caller, asked: ListRequest) -> tuple[Rows[ActivitySummary], _Counts]:
    async def read(query: SummaryQuery, after: object, limit: int) -> Listed[ActivitySummary]:
        return await read_async(caller, summaries.page, query, after=after, limit=limit)

    page = await read_rows(caller, asked, read)
    if not isinstance(asked.query, SummaryQuery):
        return page, None
    return page, await read_async(caller, summary_facets.facets, asked.query)


def _activity_options(asked: ListRequest, counted: _Counts) -> dict[str, list[Option]]:
    return {
        "activity_format": _offered(asked, counted, SummaryFacet.ACTIVITY_FORMAT, FORMATS),
        "activity_status": _offered(asked, counted, SummaryFacet.ACTIVITY_STATUS, ACTIVITY_STATUSES),
    }


def _offered(asked: ListRequest, counted: _Counts, facet: SummaryFacet, words: Mapping[str, str]) -> list[Option]:
    return options_of(words, counted[facet] if counted is not None else None, asked.given.get(facet.value, ()))
