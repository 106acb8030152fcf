"""Credit lines as pages list them: the learners of an activity, and the search over all of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import msgspec

from app.console.lists.addresses import ListRequest
from app.console.lists.filters import FilterKind, ListColumn, ListFilter, ListSpec, Option, options_of
from app.console.lists.listings import Options, Rows, read_rows
from app.domain.amounts import in_credits
from app.domain.batches import EntryMethod
from app.domain.boards import BoardKind
from app.domain.catalogue import Catalogue
from app.domain.credits import CreditKind, CreditStatus
from app.domain.exports import ExportKind
from app.domain.formats import ACTIVITY_FORMATS
from app.domain.looking.attention import reason_in_words
from app.domain.looking.credit_lines import CreditLine
from app.domain.looking.facets import Facet
from app.schemas.looking.line_queries import CreditLineQuery
from app.schemas.queries import CompletionQuery
from app.services.context import Caller, read_async
from app.services.lists import Listed
from app.services.looking import credit_lines

_SEVERAL, _ONE, _SELECT, _DAY = FilterKind.SEVERAL, FilterKind.ONE, FilterKind.SELECT, FilterKind.DAY
_FILTERS = (
    ListFilter(name="status", label="Status", kind=_SEVERAL),
    ListFilter(name="board", label="Board", kind=_SEVERAL),
    ListFilter(name="completed_from", label="Completed from", kind=_DAY),
    ListFilter(name="completed_to", label="Completed to", kind=_DAY),
    ListFilter(name="submitted_from", label="Submitted from", kind=_DAY),
    ListFilter(name="submitted_to", label="Submitted to", kind=_DAY),
    ListFilter(name="kind", label="Kind of credit", kind=_SEVERAL, more=True),
    ListFilter(name="credit_type", label="Credit type", kind=_SELECT, more=True),
    ListFilter(name="entry_method", label="How it came in", kind=_SEVERAL, more=True),
)
_OF_ACTIVITIES = (
    ListFilter(name="activity_format", label="Activity format", kind=_SEVERAL, more=True),
    ListFilter(name="mips", label="MIPS", kind=_ONE, more=True),
    ListFilter(name="rems", label="REMS", kind=_ONE, more=True),
    ListFilter(name="learner_id", label="Learner", kind=FilterKind.HIDDEN),
)
_SORTS = (
    ("-submitted_at", "submission, newest first"),
    ("submitted_at", "submission, oldest first"),
    ("-completed_on", "completion, newest first"),
    ("completed_on", "completion, oldest first"),
    ("last_name", "name"),
    ("board", "board"),
    ("status", "status"),
    ("-credits", "credits, most first"),
    ("learner_board_id", "learner's id"),
)
_BOARD = ListColumn(heading="Board", sort="board")
_NAME = ListColumn(heading="Name", sort="last_name")
_BORN = ListColumn(heading="MM/DD", sort="date_of_birth")
_NUMBER = ListColumn(heading="Learner's id", sort="learner_board_id")
_ACTIVITY = ListColumn(heading="Activity", sort="activity_id")
_TICK = ListColumn(heading="Ticked", classes="hidden")
_REST = (
    ListColumn(heading="Completed", sort="-completed_on"),
    ListColumn(heading="Submitted", sort="-submitted_at"),
    ListColumn(heading="Credits", classes="num", sort="-credits"),
    ListColumn(heading="Status", sort="status"),
    ListColumn(heading="Do", classes="hidden"),
)


RECORDS = ListSpec(
    query=CompletionQuery,
    filters=(*_FILTERS, *_OF_ACTIVITIES),
    columns=(),
    sorts=tuple((order, words) for order, words in _SORTS if order.lstrip("-") in CompletionQuery.sort_names),
    export=ExportKind.LEARNER_COMPLETIONS,
    one="record",
    many="records",
)
"""Whole records, with all of their credits: no page lists them, files have them."""


def _spec(filters: tuple[ListFilter, ...], columns: tuple[ListColumn, ...]) -> ListSpec:
    return ListSpec(
        query=CreditLineQuery,
        filters=filters,
        columns=columns,
        sorts=_SORTS,
        export=ExportKind.CREDIT_LINES,
        records=RECORDS,
    )


DETAILS = _spec(_FILTERS, (_TICK, _BOARD, _NAME, _BORN, _NUMBER, *_REST))
"""The learners of one activity."""
SEARCH = _spec((*_FILTERS, *_OF_ACTIVITIES), (_TICK, _BOARD, _NAME, _BORN, _NUMBER, _ACTIVITY, *_REST))
"""All learners."""
ENTRY_METHODS = {
    EntryMethod.API.value: "By a program",
    EntryMethod.FORM.value: "On a page",
    EntryMethod.EXCEL.value: "By a spreadsheet",
    EntryMethod.TAB.value: "By tab-delimited text",
    EntryMethod.XML.value: "By XML",
    EntryMethod.NDJSON.value: "By JSON lines",
    EntryMethod.JSON.value: "By a JSON document",
}
KINDS = {CreditKind.CME.value: "CME", CreditKind.MOC.value: "MOC/CC"}
STATUSES = {
    CreditStatus.REJECTED.value: "Rejected",
    CreditStatus.PENDING.value: "Pending",
    CreditStatus.ACCEPTED.value: "Accepted",
}
FORMATS = {format.code: format.name for format in ACTIVITY_FORMATS}


class ShownLine(msgspec.Struct, frozen=True, kw_only=True):
    """A credit line as a row of a page."""

    completion_id: str
    credit_id: str
    board: str
    name: str
    """Empty of somebody who was erased, or was reported by a link alone."""
    born: str
    number: str
    activity_id: str
    title: str
    completed_on: date
    submitted_on: date
    """In UTC, as the filter counts days."""
    credits: float
    types: tuple[str, ...]
    status: str
    says: str
    """Why it was rejected; else empty."""

    @classmethod
    def of(cls, line: CreditLine) -> ShownLine:
        """Show a line."""
        completion, credit = line.completion, line.credit
        types = tuple(f"{in_credits(quarters):g} {name}" for name, quarters in credit.credit_types)
        return cls(
            completion_id=completion.completion_id,
            credit_id=credit.credit_id,
            board=credit.board,
            name=" ".join(filter(None, (completion.first_name, completion.last_name))),
            born=completion.birth_date or "",
            number=credit.number_reported or "",
            activity_id=line.activity.activity_id,
            title=line.activity.title,
            completed_on=completion.completed_on,
            submitted_on=completion.submitted_at.date(),
            credits=in_credits(credit.quarters),
            types=("AMA PRA Category 1", *types) if credit.kind is CreditKind.CME else types,
            status=credit.status.value,
            says=rejected_in_words(credit.status, credit.status_reason, credit.status_text),
        )


def rejected_in_words(status: CreditStatus, reason: str | None, text: str | None) -> str:
    """Return why a board rejected a credit; empty of any other."""
    if status is not CreditStatus.REJECTED:
        return ""
    return f"Rejected: {reason_in_words(reason)}" + (f". “{text}”" if text else "")


async def read_lines(caller: Caller, asked: ListRequest) -> tuple[Rows[ShownLine], Options]:
    """Return the lines of a page, and what its filters offer, with counts where these are not too many."""

    async def read(query: CreditLineQuery, after: object, limit: int) -> Listed[CreditLine]:
        return await read_async(caller, credit_lines.page, query, after=after, limit=limit)

    page = await read_rows(caller, asked, read)
    counted: Mapping[Facet, Mapping[str, int]] | None = None
    if isinstance(asked.query, CreditLineQuery):
        counted = await read_async(caller, credit_lines.facets, asked.query)
    rows: Rows[ShownLine] = Rows(
        rows=[ShownLine.of(line) for line in page.rows], total=page.total, newer=page.newer, older=page.older
    )
    learner = next((row.name for row in rows.rows), "")
    return rows, line_options(caller.service.catalogue, asked, counted, learner)


def line_options(
    catalogue: Catalogue,
    asked: ListRequest,
    counted: Mapping[Facet, Mapping[str, int]] | None,
    learner: str = "",
) -> Options:
    """Return what the filters of lines offer; `learner` is the name of the one whom all lines are of, if it is one."""

    def offered(facet: Facet, words: Mapping[str, str]) -> list[Option]:
        counts = counted[facet] if counted is not None else None
        return options_of(words, counts, asked.given.get(facet.value, ()))

    withdrawn = Option(CreditStatus.WITHDRAWN.value, "Withdrawn, of records that stand")
    status = [option for option in offered(Facet.STATUS, STATUSES) if option.value != withdrawn.value]
    return {
        "status": [*status, withdrawn],
        "board": offered(Facet.BOARD, board_names(catalogue)),
        "kind": offered(Facet.KIND, KINDS),
        "entry_method": offered(Facet.ENTRY_METHOD, ENTRY_METHODS),
        "activity_format": offered(Facet.ACTIVITY_FORMAT, FORMATS),
        "learner_id": [Option(id, learner or "one alone") for id in asked.given.get("learner_id", ())],
        "credit_type": options_of(type_names(catalogue)),
    }


def board_names(catalogue: Catalogue) -> dict[str, str]:
    """Return the boards by code with code and name, those that certify first."""
    ordered = sorted(catalogue.boards.values(), key=lambda board: (board.kind is BoardKind.LICENSING, board.code))
    return {board.code: f"{board.code} {board.name}" for board in ordered}


def type_names(catalogue: Catalogue) -> dict[str, str]:
    """Return the names of all credit types and special credits, each under itself."""
    boards = catalogue.boards.values()
    names = {name for board in boards for name in (*board.special_credits, *(one.name for one in board.credit_types))}
    return {name: name for name in sorted(names)}
