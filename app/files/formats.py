"""File formats: one entry each. Whatever differs between formats is asked of the entry; nobody else tells them apart.

To add a format: a member of `FileFormat` and of `EntryMethod`, an entry of `FORMATS`, and the modules that it names,
one in each room. To read one more kind of file that counts as one of these, as `.ods` counts as `xlsx` and CSV as
`tab`: a module of `parsing/` among the `readers` of that entry, before those that would take the file as well.

An entry imports a module when it is asked for it, within the method. The process that parses an untrusted file imports
these entries; it starts for every file, and must load parsers and nothing else. Imports, and not dotted names as text:
the type checker sees that each module is what its room promises, and the import contracts see what depends on what.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from app.domain.batches import BatchKind, EntryMethod, FileFault, FileFaultCode, FileFormat, FileHead
from app.files.headings import layout

if TYPE_CHECKING:
    from app.files.mapping.activity_bodies import ActivityRecord
    from app.files.mapping.records import (
        CompletionRecord,
        LicenseeRecord,
        Mapper,
        RosterRecord,
        Upload,
        ValidationRecord,
    )
    from app.files.parsing.recognition import Reader
    from app.files.templates.templates import TemplateWriter
    from app.files.writing.result_rows import ResultWriter


CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
"""The type of text with commas or semicolons between its cells."""


class Format(ABC):
    """One format: its names, and its modules in each room."""

    entry_method: ClassVar[EntryMethod]
    """How completions came that such a file reports."""
    media_type: ClassVar[str]
    """The type by which its files are sent."""
    ending: ClassVar[str]
    """The end of its files' names, without the point."""
    is_table: ClassVar[bool] = False
    """Whether its records are rows of cells. Records of every format can be written as rows, for people to read."""

    has_sheets: ClassVar[bool] = False
    """Whether one file can hold several tables."""

    def ending_of(self, head: FileHead) -> str:
        """Return the end of the name of what answers a file."""
        return self.ending

    def media_type_of(self, head: FileHead) -> str:
        """Return the type by which what answers a file is sent."""
        return self.media_type

    @abstractmethod
    def readers(self) -> tuple[Reader, ...]:
        """Return the parsers of files that count as this format, in the order in which they are asked."""

    @abstractmethod
    def completions(self, head: FileHead, upload: Upload) -> Mapper[CompletionRecord]:
        """Return what maps the completions of a file."""

    @abstractmethod
    def activities(self, head: FileHead, provider_id: str) -> Mapper[ActivityRecord]:
        """Return what maps the activities of a file."""

    @abstractmethod
    def validations(self, head: FileHead) -> Mapper[ValidationRecord]:
        """Return what maps the validations of a file; raises `FileFault` where the format has no form for them."""

    @abstractmethod
    def rosters(self, head: FileHead) -> Mapper[RosterRecord]:
        """Return what maps the people of a board's roster; raises `FileFault` where the format has no form for them."""

    @abstractmethod
    def licensees(self, head: FileHead) -> Mapper[LicenseeRecord]:
        """Return what maps those whose transcripts are wanted; raises `FileFault` where the format has no form."""

    @abstractmethod
    def writer(self) -> ResultWriter:
        """Return what writes records back with their outcomes."""

    def holds(self, rows: int, columns: int) -> bool:
        """Whether one file can have so many rows of so many columns."""
        return True

    def template_writer(self) -> TemplateWriter | None:
        """Return what writes templates; None where there are none."""
        return None


class _TableFormat(Format):
    """A format whose records are rows of cells below headings; what they mean is the same in each."""

    is_table = True

    def completions(self, head: FileHead, upload: Upload) -> Mapper[CompletionRecord]:
        from app.files.mapping.completion_rows import CompletionRows

        return CompletionRows(layout(head.headings, BatchKind.LEARNER_COMPLETIONS), head.headings, upload)

    def activities(self, head: FileHead, provider_id: str) -> Mapper[ActivityRecord]:
        from app.files.mapping.activity_rows import ActivityRows

        return ActivityRows(layout(head.headings, BatchKind.ACTIVITIES), head.headings, provider_id)

    def validations(self, head: FileHead) -> Mapper[ValidationRecord]:
        from app.files.mapping.validation_rows import ValidationRows

        return ValidationRows(layout(head.headings, BatchKind.LEARNER_VALIDATIONS), head.headings)

    def rosters(self, head: FileHead) -> Mapper[RosterRecord]:
        from app.files.mapping.roster_rows import RosterRows

        return RosterRows(layout(head.headings, BatchKind.ROSTER), head.headings)

    def licensees(self, head: FileHead) -> Mapper[LicenseeRecord]:
        from app.files.mapping.licensee_rows import LicenseeRows

        return LicenseeRows(layout(head.headings, BatchKind.TRANSCRIPTS), head.headings)


class _WorkbookFormat(_TableFormat):
    has_sheets = True
    entry_method = EntryMethod.EXCEL
    media_type = XLSX_TYPE
    ending = "xlsx"

    def readers(self) -> tuple[Reader, ...]:
        from app.files.parsing import old_workbook, open_document, workbook

        return open_document, workbook, old_workbook

    def writer(self) -> ResultWriter:
        from app.files.writing import workbook

        return workbook

    def holds(self, rows: int, columns: int) -> bool:
        from app.files.writing.workbook import holds

        return holds(rows, columns)

    def template_writer(self) -> TemplateWriter:
        from app.files.templates import workbook

        return workbook


class _TabFormat(_TableFormat):
    entry_method = EntryMethod.TAB
    media_type = "text/tab-separated-values; charset=utf-8"
    ending = "tsv"

    def readers(self) -> tuple[Reader, ...]:
        from app.files.parsing import separated, tab

        return separated, tab

    def ending_of(self, head: FileHead) -> str:
        return "csv" if self._is_csv(head) else self.ending

    def media_type_of(self, head: FileHead) -> str:
        return CSV_TYPE if self._is_csv(head) else self.media_type

    def _is_csv(self, head: FileHead) -> bool:
        """Whether what answers the file has commas or semicolons, as it was sent."""
        return head.has_columns and bool(head.encoding) and head.separator != "\t"

    def writer(self) -> ResultWriter:
        from app.files.writing import tab

        return tab

    def template_writer(self) -> TemplateWriter:
        from app.files.templates import tab

        return tab


class _DocumentFormat(Format):
    """A format whose records are elements within elements; only completions and activities have such a form."""

    def validations(self, head: FileHead) -> Mapper[ValidationRecord]:
        raise FileFault(FileFaultCode.KIND_UNKNOWN, "Validations are sent as a workbook, tab-delimited or NDJSON.")

    def rosters(self, head: FileHead) -> Mapper[RosterRecord]:
        raise FileFault(FileFaultCode.KIND_UNKNOWN, "Rosters are sent as a workbook, tab-delimited or NDJSON.")

    def licensees(self, head: FileHead) -> Mapper[LicenseeRecord]:
        raise FileFault(FileFaultCode.KIND_UNKNOWN, "Lists of people are sent as a workbook, tab-delimited or NDJSON.")


class _XmlFormat(_DocumentFormat):
    entry_method = EntryMethod.XML
    media_type = "application/xml"
    ending = "xml"

    def readers(self) -> tuple[Reader, ...]:
        from app.files.parsing import xml

        return (xml,)

    def completions(self, head: FileHead, upload: Upload) -> Mapper[CompletionRecord]:
        from app.files.mapping.completion_documents import CompletionDocuments

        return CompletionDocuments(upload)

    def activities(self, head: FileHead, provider_id: str) -> Mapper[ActivityRecord]:
        from app.files.mapping.activity_documents import ActivityDocuments

        return ActivityDocuments(provider_id)

    def writer(self) -> ResultWriter:
        from app.files.writing import xml

        return xml

    def template_writer(self) -> TemplateWriter:
        from app.files.templates import xml

        return xml


class _NdjsonFormat(Format):
    entry_method = EntryMethod.NDJSON
    media_type = "application/x-ndjson"
    ending = "ndjson"

    def readers(self) -> tuple[Reader, ...]:
        from app.files.parsing import ndjson

        return (ndjson,)

    def completions(self, head: FileHead, upload: Upload) -> Mapper[CompletionRecord]:
        from app.files.mapping.completion_lines import CompletionLines

        return CompletionLines(upload)

    def activities(self, head: FileHead, provider_id: str) -> Mapper[ActivityRecord]:
        from app.files.mapping.activity_lines import ActivityLines

        return ActivityLines(provider_id)

    def validations(self, head: FileHead) -> Mapper[ValidationRecord]:
        from app.files.mapping.validation_lines import ValidationLines

        return ValidationLines()

    def rosters(self, head: FileHead) -> Mapper[RosterRecord]:
        from app.files.mapping.roster_lines import RosterLines

        return RosterLines()

    def licensees(self, head: FileHead) -> Mapper[LicenseeRecord]:
        from app.files.mapping.licensee_lines import LicenseeLines

        return LicenseeLines()

    def writer(self) -> ResultWriter:
        from app.files.writing import ndjson

        return ndjson


class _JsonFormat(_DocumentFormat):
    entry_method = EntryMethod.JSON
    media_type = "application/json"
    ending = "json"

    def readers(self) -> tuple[Reader, ...]:
        from app.files.parsing import json

        return (json,)

    def completions(self, head: FileHead, upload: Upload) -> Mapper[CompletionRecord]:
        from app.files.mapping.json_documents import JsonCompletions

        return JsonCompletions(upload)

    def activities(self, head: FileHead, provider_id: str) -> Mapper[ActivityRecord]:
        from app.files.mapping.json_documents import JsonActivities

        return JsonActivities(provider_id)

    def writer(self) -> ResultWriter:
        from app.files.writing import json

        return json

    def template_writer(self) -> TemplateWriter:
        from app.files.templates import json

        return json


FORMATS: Mapping[FileFormat, Format] = {
    FileFormat.XLSX: _WorkbookFormat(),
    FileFormat.XML: _XmlFormat(),
    FileFormat.JSON: _JsonFormat(),
    FileFormat.NDJSON: _NdjsonFormat(),
    FileFormat.TAB: _TabFormat(),
}
"""In the order in which files are recognised: text that is nothing else is tab-delimited."""


def all_readers() -> list[Reader]:
    """Return the parsers of every format, in the order in which they are asked whether a file is theirs."""
    return [reader for format in FORMATS.values() for reader in format.readers()]
