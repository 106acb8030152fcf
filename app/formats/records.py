"""The one front of reading records: whatever the file's format, a record becomes the same value, with its place."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from app.domain.batches import BatchKind, FileFormat, Head, RawRow
from app.domain.reports import EntryMethod
from app.formats.headings import layout
from app.formats.learner_documents import LearnerDocuments
from app.formats.learner_lines import LearnerLines
from app.formats.learner_rows import LearnerRows
from app.formats.places import Place, Record, Upload

__all__ = ["LearnerRecords", "Place", "Record"]

ENTRY_METHODS = {
    FileFormat.XLSX: EntryMethod.EXCEL,
    FileFormat.TAB: EntryMethod.TAB,
    FileFormat.XML: EntryMethod.XML,
    FileFormat.NDJSON: EntryMethod.NDJSON,
}


class _Door(Protocol):
    def read(self, raw: RawRow) -> Record: ...

    def place(self, pointer: str, record: Record | None = None) -> Place: ...


class LearnerRecords:
    """Reads the completions of one file. The permission to report is attested with the upload."""

    def __init__(self, head: Head, *, provider_id: str, received_at: datetime, batch_id: str) -> None:
        upload = Upload(
            provider_id=provider_id,
            entry_method=ENTRY_METHODS[head.format],
            received_at=received_at,
            batch_id=batch_id,
        )
        self._door = _door(head, upload)

    def read(self, raw: RawRow) -> Record:
        """Return what a record reports, and what is to be said of how it was sent."""
        return self._door.read(raw)

    def place(self, pointer: str, record: Record | None = None) -> Place:
        """Return where in the file a finding's pointer leads.

        Give the record as well: a board left blank, or the order of certificates, moves what stands after it.
        """
        return self._door.place(pointer, record)


def _door(head: Head, upload: Upload) -> _Door:
    if head.format in (FileFormat.XLSX, FileFormat.TAB):
        return LearnerRows(layout(head.headings, BatchKind.LEARNER_COMPLETIONS), head.headings, upload)
    return LearnerDocuments(upload) if head.format is FileFormat.XML else LearnerLines(upload)
