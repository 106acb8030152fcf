"""The one front of reading records: whatever the file's format, a record becomes the same value, with its place."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol, TypeVar

from app.domain.batches import BatchKind, FileFault, FileFaultCode, FileFormat, Head, RawRow
from app.domain.reports import EntryMethod
from app.files.headings import layout
from app.files.mapping.activity_bodies import ActivityRecord
from app.files.mapping.activity_documents import ActivityDocuments
from app.files.mapping.activity_lines import ActivityLines
from app.files.mapping.activity_rows import ActivityRows
from app.files.mapping.completion_documents import LearnerDocuments
from app.files.mapping.completion_lines import LearnerLines
from app.files.mapping.completion_rows import LearnerRows
from app.files.mapping.locations import Place, Record, Upload, ValidationRecord
from app.files.mapping.validation_rows import ValidationLines, ValidationRows

__all__ = [
    "ActivityRecord",
    "ActivityRecords",
    "LearnerRecords",
    "Place",
    "Record",
    "ValidationRecord",
    "ValidationRecords",
]

ENTRY_METHODS = {
    FileFormat.XLSX: EntryMethod.EXCEL,
    FileFormat.TAB: EntryMethod.TAB,
    FileFormat.XML: EntryMethod.XML,
    FileFormat.NDJSON: EntryMethod.NDJSON,
}


_Read_co = TypeVar("_Read_co", covariant=True)


class _Door(Protocol[_Read_co]):
    def read(self, raw: RawRow) -> _Read_co: ...

    def place(self, pointer: str, record: Any = None) -> Place: ...


class LearnerRecords:
    """Reads the completions of one file. The permission to report is attested with the upload."""

    def __init__(self, head: Head, *, provider_id: str, received_at: datetime, batch_id: str) -> None:
        upload = Upload(
            provider_id=provider_id,
            entry_method=ENTRY_METHODS[head.format],
            received_at=received_at,
            batch_id=batch_id,
        )
        self._door: _Door[Record]
        if head.format is FileFormat.XML:
            self._door = LearnerDocuments(upload)
        elif head.format is FileFormat.NDJSON:
            self._door = LearnerLines(upload)
        else:
            self._door = LearnerRows(layout(head.headings, BatchKind.LEARNER_COMPLETIONS), head.headings, upload)

    def read(self, raw: RawRow) -> Record:
        """Return what a record reports, and what is to be said of how it was sent."""
        return self._door.read(raw)

    def place(self, pointer: str, record: Record | None = None) -> Place:
        """Return where in the file a finding's pointer leads.

        Give the record as well: a board left blank, or the order of certificates, moves what stands after it.
        """
        return self._door.place(pointer, record)


class ValidationRecords:
    """Reads the validations of one file."""

    def __init__(self, head: Head) -> None:
        self._door: _Door[ValidationRecord]
        if head.format is FileFormat.XML:
            raise FileFault(FileFaultCode.KIND_UNKNOWN, "Validations are sent as a workbook, tab-delimited or NDJSON.")
        if head.format is FileFormat.NDJSON:
            self._door = ValidationLines()
        else:
            self._door = ValidationRows(layout(head.headings, BatchKind.LEARNER_VALIDATIONS), head.headings)

    def read(self, raw: RawRow) -> ValidationRecord:
        """Return what a record asks for."""
        return self._door.read(raw)

    def place(self, pointer: str, record: ValidationRecord | None = None) -> Place:
        """Return where in the file a finding's pointer leads."""
        return self._door.place(pointer, record)


class ActivityRecords:
    """Reads the activities of one file."""

    def __init__(self, head: Head, *, provider_id: str) -> None:
        self._door: _Door[ActivityRecord]
        if head.format is FileFormat.XML:
            self._door = ActivityDocuments(provider_id)
        elif head.format is FileFormat.NDJSON:
            self._door = ActivityLines(provider_id)
        else:
            self._door = ActivityRows(layout(head.headings, BatchKind.ACTIVITIES), head.headings, provider_id)

    def read(self, raw: RawRow) -> ActivityRecord:
        """Return what a record says of an activity."""
        return self._door.read(raw)

    def place(self, pointer: str, record: ActivityRecord | None = None) -> Place:
        """Return where in the file a finding's pointer leads; give the record as well."""
        return self._door.place(pointer, record)
