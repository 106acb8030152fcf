"""Mends: what somebody changed in a rejected record of a file before it is reported again, kept until then."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

import msgspec

from app.domain.batches import Batch, RawRow, RowFinding, RowOutcome, RowResult
from app.domain.held import HeldRecord

CellValue: TypeAlias = str | int | float | bool | None
"""What was typed in place of a cell, a member or an element's text."""
FIRST_VERSION = 1
"""The version of a rejected record that nobody has touched."""
_NOT_IN_INPUTS = str.maketrans({"\r": None, "\n": None, "\0": "\ufffd"})


class SetAsideReason(enum.StrEnum):
    """Why a rejected record is not mended."""

    NO_PHYSICIAN = "no-physician"
    """The person is no physician of a participating board or state."""
    REPORTED_ELSEWHERE = "reported-elsewhere"
    """It was reported by other means."""
    WRONG_FILE = "wrong-file"
    """It does not belong in this file."""
    OTHER = "other"
    """Another reason."""


class MendState(enum.StrEnum):
    """Where a rejected record of a file stands."""

    OPEN = "open"
    """It was not checked since it was changed, or the check found a fault."""
    READY = "ready"
    """It was checked, and nothing refuses it."""
    SET_ASIDE = "set-aside"
    """Somebody said that it is not to be mended."""
    REPORTED = "reported"
    """It was reported again, in another batch; nothing here changes any more."""


class Mend(msgspec.Struct, frozen=True, kw_only=True):
    """What was changed in one rejected record, and what the last check of it said."""

    batch_id: str
    place: int
    cells: Mapping[str, CellValue]
    """What was typed, by the fields of the record."""
    outcome: RowOutcome | None
    """What the last check said would become of it; None since it was changed."""
    findings: Sequence[RowFinding]
    """Those of the last check."""
    set_aside: SetAsideReason | None
    reported_in: str | None
    """The batch in which it was reported again."""
    reported_place: int | None
    """Its place among the records of that batch."""
    client_id: str
    """Who changed it last."""
    version: int
    updated_at: datetime

    @property
    def state(self) -> MendState:
        """Where the record stands."""
        if self.reported_in is not None:
            return MendState.REPORTED
        if self.set_aside is not None:
            return MendState.SET_ASIDE
        if self.outcome is not None and self.outcome is not RowOutcome.REJECTED:
            return MendState.READY
        return MendState.OPEN


class RecordField(msgspec.Struct, frozen=True, kw_only=True):
    """One value of a record as it was sent, with the name by which it is changed."""

    field: str
    """The column's number from 0, the JSON Pointer of the member, or the path of the element with its places."""
    column: str
    """The heading as sent, the pointer, or the path of the element."""
    value: CellValue
    """As somebody would type it."""


class ReportedRow(msgspec.Struct, frozen=True, kw_only=True):
    """Where a mended record was reported."""

    batch_id: str
    number: int | None
    """Its row there; None until that batch has reached it."""
    outcome: RowOutcome | None


def shown(value: CellValue) -> str:
    """Return a value as it stands in an input."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def as_posted(value: CellValue) -> str:
    """Return a value as a browser sends it back from an input in which nobody typed: without its line breaks."""
    return shown(value).translate(_NOT_IN_INPUTS)


class MendedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A record of a file with its outcome, its values as sent, and what was changed since."""

    result: RowResult
    raw: RawRow | None
    """None once the records as sent are gone."""
    fields: Sequence[RecordField] = ()
    mend: Mend | None = None
    reported: ReportedRow | None = None

    @property
    def version(self) -> int:
        """The version that a change has to name."""
        return self.mend.version if self.mend is not None else FIRST_VERSION

    @property
    def state(self) -> MendState:
        """Where the record stands."""
        return self.mend.state if self.mend is not None else MendState.OPEN

    @property
    def findings(self) -> Sequence[RowFinding]:
        """The findings of the last check; those of the upload where none was made since the last change."""
        checked = self.mend is not None and self.mend.outcome is not None
        return self.mend.findings if checked and self.mend is not None else self.result.findings

    def value_of(self, field: RecordField) -> CellValue:
        """Return what stands in a field now."""
        return self.mend.cells.get(field.field, field.value) if self.mend is not None else field.value


class MendedRows(msgspec.Struct, frozen=True, kw_only=True):
    """Some records of a batch, as they can be mended."""

    batch: Batch
    rows: Sequence[MendedRow]
    held: Mapping[str, HeldRecord] = msgspec.field(default_factory=dict)
    """What became of those that were held, by their ids."""
