"""Activities as a file: in the columns of their template, or documents of the API.

A provider has thousands, not millions: they are read as values.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import Connection

from app.domain.activities import RegisteredActivity
from app.domain.catalogue import Catalogue
from app.domain.exports import CellKind, ExportColumn, ExportFormat
from app.files.writing.activity_cells import activity_cells, lay_out_activities
from app.files.writing.activity_documents import JsonActivityWriter, XmlActivityWriter
from app.schemas.activities import ActivityOut
from app.schemas.queries import ActivityQuery
from app.services.activities.lists import filter_of
from app.services.activities.lookup import with_findings
from app.services.context import Caller
from app.services.looking.lists import DocumentWriter, ExportPiece, ExportSource
from app.store import activity_lists
from app.store.activity_lists import ActivityFilter
from app.store.lists.keyset_pages import count_total
from app.store.looking.ids_in_order import Reached, along, next_ids

AT_ONCE = 500
"""Activities of a piece."""
_BESIDE = (
    ExportColumn(heading="Activity Status"),
    ExportColumn(heading="Still Missing", width=30),
    ExportColumn(heading="Changed (UTC)", kind=CellKind.INSTANT, width=17),
)
"""What people want to know of an activity and nobody sends: uploads pass it over."""


class _Writer:
    def __init__(self, format: ExportFormat) -> None:
        self._activities = XmlActivityWriter() if format is ExportFormat.XML else JsonActivityWriter()
        self.begin, self.end = self._activities.begin, self._activities.end

    def add(self, rows: Sequence[RegisteredActivity]) -> bytes:
        return self._activities.add(stored.activity for stored in rows)


class DocumentedActivities:
    """Activities as a PARS document."""

    def __init__(self, source: ActivitySource) -> None:
        self.read = source.read_rows

    def writer(self, format: ExportFormat, made_at: datetime) -> DocumentWriter:
        """Return what writes them; the document does not say when it was made."""
        del made_at
        return _Writer(format)


class ActivitySource(ExportSource):
    """The activities that a query finds."""

    def __init__(self, wanted: ActivityFilter, catalogue: Catalogue, boards: int, today: date) -> None:
        """Write columns for so many certifying boards."""
        self._wanted = wanted
        self._catalogue = catalogue
        self._today = today
        self._placed = lay_out_activities(boards)
        self.reported = DocumentedActivities(self)
        self.columns = (*(placed.column for placed in self._placed), *_BESIDE)

    def count(self, connection: Connection, most: int) -> int:
        """Count the activities, up to one more than `most`."""
        total = count_total(connection, activity_lists.conditions_of(self._wanted), most)
        return total.count + total.capped

    def read_rows(self, connection: Connection, reached: Reached) -> ExportPiece:
        """Return the next activities."""
        conditions, order = activity_lists.conditions_of(self._wanted), activity_lists.order_by(self._wanted.query)
        ids, further = next_ids(along(connection, conditions, order), reached, AT_ONCE)
        found = activity_lists.load_by_ids(connection, ids)
        return ExportPiece([found[activity_id] for activity_id in ids if activity_id in found], further)

    def finish_rows(self, rows: Sequence[RegisteredActivity]) -> Sequence[Sequence[str]]:
        """Return activities as cells."""
        return [self._row(row) for row in rows]

    def _row(self, stored: RegisteredActivity) -> list[str]:
        activity = stored.activity
        return [
            *activity_cells(activity, self._placed),
            activity.status(self._today).value,
            "; ".join(activity.missing(self._today)),
            f"{stored.updated_at:%Y-%m-%dT%H:%M:%S}Z",
        ]

    def read_documents(self, connection: Connection, reached: Reached) -> ExportPiece:
        """Return the next activities."""
        return self.read_rows(connection, reached)

    def write_documents(self, rows: Sequence[RegisteredActivity]) -> bytes:
        """Return a line of JSON for each activity."""
        shown = [ActivityOut.of(with_findings(stored, self._catalogue), self._today) for stored in rows]
        return b"".join(f"{activity.model_dump_json()}\n".encode() for activity in shown)


def open_activities(connection: Connection, caller: Caller, query: ActivityQuery) -> ActivitySource:
    """Return the activities of the provider that a query finds."""
    service = caller.service
    boards = activity_lists.most_boards(connection, caller.provider_id)
    return ActivitySource(filter_of(caller, query), service.catalogue, boards, service.clock().date())
