"""Summaries of activities as a file: what the slides show of each, with the counts of its credit lines.

The order is that of the counts when the export begins. Each piece then counts its activities in one snapshot, so the
figures of a row belong together; those of two pieces may be some seconds apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection

from app.domain.amounts import in_credits
from app.domain.exports import CellKind, ExportColumn
from app.domain.looking.activity_counts import ActivitySummary
from app.schemas.looking.summaries import ActivitySummaryOut
from app.schemas.looking.summary_queries import SummaryQuery
from app.services.context import Caller
from app.services.looking.lists import ExportPiece, ExportSource, cell_of
from app.services.looking.summaries import filter_of
from app.store.looking import summaries
from app.store.looking.ids_in_order import Reached, next_ids
from app.store.looking.summary_filters import SummaryFilter

AT_ONCE = 1_000
"""Activities of a piece: few, for their persons may be counted; many, for each piece sums up all that fit."""
_NUMBER = CellKind.NUMBER
_COLUMNS = (
    ExportColumn(heading="Activity Title", width=44, written_by_people=True),
    ExportColumn(heading="Provider", width=30, written_by_people=True),
    ExportColumn(heading="Organization ID", width=13),
    ExportColumn(heading="Activity Format", width=28),
    ExportColumn(heading="ACCME Activity ID", width=12),
    ExportColumn(heading="Provider Activity ID", width=16, written_by_people=True),
    ExportColumn(heading="Learners Accepted", kind=_NUMBER, width=10),
    ExportColumn(heading="Learners Rejected", kind=_NUMBER, width=10),
    ExportColumn(heading="Learners Pending", kind=_NUMBER, width=10),
    ExportColumn(heading="Persons", kind=_NUMBER, width=10),
    ExportColumn(heading="Credits", kind=_NUMBER, width=10),
    ExportColumn(heading="Activity Status", width=15),
    ExportColumn(heading="Start Date", kind=CellKind.DAY, width=12),
    ExportColumn(heading="End Date", kind=CellKind.DAY, width=12),
    ExportColumn(heading="AMA PRA Credits", kind=_NUMBER, width=10),
    ExportColumn(heading="Providership", width=13),
    ExportColumn(heading="MOC Boards", width=18),
    ExportColumn(heading="MIPS", width=7),
    ExportColumn(heading="REMS", width=7),
)
"""What the slides' summary shows, its counts, then the rest of what the list answers."""


class SummarySource(ExportSource):
    """The summaries that a query finds."""

    columns = _COLUMNS

    def __init__(self, wanted: SummaryFilter) -> None:
        self._wanted = wanted

    def count(self, connection: Connection, most: int) -> int:
        """Count the activities, up to one more than `most`."""
        total = summaries.count(connection, self._wanted, most)
        return total.count + total.capped

    def read_rows(self, connection: Connection, reached: Reached) -> ExportPiece:
        """Return the next summaries."""
        ids, further = next_ids(
            lambda after, most: summaries.find_ids(connection, self._wanted, after, most), reached, AT_ONCE
        )
        return ExportPiece(summaries.load(connection, self._wanted, ids) if ids else [], further)

    def finish_rows(self, rows: Sequence[ActivitySummary]) -> Sequence[Sequence[str]]:
        """Return summaries as cells."""
        return [_cells(summary, self._wanted.today) for summary in rows]

    def read_documents(self, connection: Connection, reached: Reached) -> ExportPiece:
        """Return the next summaries."""
        return self.read_rows(connection, reached)

    def write_documents(self, rows: Sequence[ActivitySummary]) -> bytes:
        """Return a line of JSON for each summary."""
        shown = [ActivitySummaryOut.of(summary, self._wanted.today) for summary in rows]
        return b"".join(f"{summary.model_dump_json()}\n".encode() for summary in shown)


def _cells(summary: ActivitySummary, today: date) -> list[str]:
    activity, counts = summary.activity, summary.counts
    values = (
        activity.title,
        summary.provider_name,
        activity.provider_id,
        activity.format,
        activity.activity_id,
        activity.internal_id,
        counts.accepted,
        counts.rejected,
        counts.pending,
        summary.persons,
        in_credits(counts.quarters),
        activity.status(today),
        activity.start_date,
        activity.end_date,
        activity.ama_pra_credits,
        activity.providership,
        [registration.board for registration in activity.registrations],
        activity.mips,
        activity.rems is not None,
    )
    return list(map(cell_of, values))


def open_summaries(connection: Connection, caller: Caller, query: SummaryQuery) -> SummarySource:
    """Return the summaries of the provider's activities that a query finds."""
    return SummarySource(filter_of(connection, caller, query))
