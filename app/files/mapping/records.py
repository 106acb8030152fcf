"""Records of files once they were mapped: whatever the file's format, what is sent becomes the same values."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol, TypeVar

import msgspec

from app.domain.batches import EntryMethod, RawRow
from app.domain.findings import Finding
from app.domain.identity.rosters import RosterRow
from app.domain.identity.validations import ValidationRequest
from app.domain.passport.licensees import LicenseeQuestion
from app.domain.reports import CompletionReport
from app.files.mapping.locations import Location, PrefixMap

Record_co = TypeVar("Record_co", covariant=True)


class MappedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of records of every kind."""

    number: int
    """Row of the sheet, line of the text, or place of the element in the document, from 1."""
    findings: tuple[Finding, ...] = ()
    """Findings of mapping itself; a refusal among them refuses the record, whatever the rules say."""
    prefixes: PrefixMap = ()
    """Where parts of the record stand that do not stand where their pointer says, as after a board left blank."""

    @property
    def unreadable(self) -> bool:
        """Whether mapping alone refuses the record."""
        return any(finding.rejects for finding in self.findings)


class CompletionRecord(MappedRecord, frozen=True, kw_only=True):
    """A completion as it was sent in a file."""

    report: CompletionReport | None
    """None where it is not clear what is reported; the findings say why."""


class ValidationRecord(MappedRecord, frozen=True, kw_only=True):
    """A validation as it was sent in a file."""

    request: ValidationRequest | None
    """None where it is not clear what is asked for; the findings say why."""


class RosterRecord(MappedRecord, frozen=True, kw_only=True):
    """A person of a board's roster as it was sent in a file."""

    row: RosterRow | None
    """None where it cannot be read; the findings say why."""


class LicenseeRecord(MappedRecord, frozen=True, kw_only=True):
    """Somebody whose transcript is wanted, as they were sent in a file."""

    question: LicenseeQuestion | None
    """None where it is not clear what is asked for; the findings say why."""


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """Fields that all completions of a file, or of a document, share."""

    provider_id: str
    entry_method: EntryMethod
    received_at: datetime
    batch_id: str | None
    """None for a document that is no file."""
    permission: bool = True
    """Whether it is attested that learners permit what is reported: a file is taken only if it is."""
    former_ids: tuple[str, ...] = ()
    """Ids that were merged into the provider: a file may name it by them."""


class Mapper(Protocol[Record_co]):
    """Maps the records of one file; made once a file."""

    def read(self, raw: RawRow) -> Record_co:
        """Return what a record says, with what was found while it was mapped."""
        ...

    def locate(self, pointer: str, record: Any = None) -> Location:
        """Return where in the file a finding's pointer leads.

        Give the record as well: a board left blank, or the order of certificates, moves what stands after it.
        """
        ...
