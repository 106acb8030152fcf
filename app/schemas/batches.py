"""Batches: an uploaded file with its progress, and the outcome of each of its records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

import msgspec
from pydantic import Field
from typing_extensions import TypeAliasType

from app.domain.batch_mends import MendedRow, MendedRows
from app.domain.batches import (
    Batch,
    BatchKind,
    BatchStatus,
    FileFaultCode,
    FileFormat,
    RowFinding,
    RowOutcome,
    RowResult,
)
from app.domain.findings import Severity
from app.domain.held import HeldReason, HeldRecord, HeldStatus
from app.schemas.base import Example, Out
from app.schemas.batch_mends import MendOut, RecordFieldOut, fields_out
from app.schemas.problems import SuggestionOut, rule_url

BatchFormat = TypeAliasType("BatchFormat", FileFormat)
"""The public name of `FileFormat`."""
FileErrorCode = TypeAliasType("FileErrorCode", FileFaultCode)
"""The public name of `FileFaultCode`."""
RECORDS = ("added", "joined", "updated", "deleted", "unchanged", "rejected", "held")
ANSWERS = {
    BatchKind.LEARNER_VALIDATIONS: ("one", "more_than_one", "none", "rejected"),
    BatchKind.TRANSCRIPTS: ("one", "none", "rejected"),
}


def _is_absent(count: int | None) -> bool:
    return count is None


def _of_records(description: str) -> Any:
    """Describe a count that batches of completions and of activities have."""
    return Field(None, exclude_if=_is_absent, description=f"{description} Absent for validations and transcripts.")


def _of_validations(description: str) -> Any:
    """Describe a count that batches of records that ask have."""
    return Field(None, exclude_if=_is_absent, description=description)


class BatchCountsOut(Out):
    """Number of records by outcome. `read` is the sum of all the others but `warned`.

    Batches of validations and of transcripts have other outcomes than batches of completions and of activities. One
    schema has all, since generators of clients read no choice between them.
    """

    read: int
    added: int | None = _of_records("Records that are new.")
    joined: int | None = _of_records("Records whose credit was joined to an existing completion.")
    updated: int | None = _of_records("Records that corrected or changed an existing one.")
    deleted: int | None = _of_records("Records that withdrew or deleted an existing one.")
    unchanged: int | None = _of_records("Records that were known already.")
    one: int | None = _of_validations(
        "Records that fit exactly one physician; of transcripts, licensees who were found. For these kinds only."
    )
    more_than_one: int | None = _of_validations("Records that fit several physicians. For validations only.")
    none: int | None = _of_validations(
        "Records that fit no physician; of transcripts, nobody whom you see. For these kinds only."
    )
    rejected: int = Field(description="Records of which nothing was stored, or that could not be answered.")
    held: int | None = _of_records("Records that wait for their physician to be found.")
    warned: int | None = _of_records("Records that were accepted with a warning.")


class RuleWarningOut(Out):
    """A rule that warned, and for how many records."""

    rule: str
    rows: int
    rule_url: str


class FileErrorOut(Out):
    """Why the file was refused as a whole; nothing of it was applied."""

    code: FileErrorCode
    detail: str
    row: int | None
    column: str | None
    looks_like: BatchKind | None = Field(
        None,
        description="The kind to upload the file as, where its headings, its root or the members of its lines are "
        "those of another one.",
    )


class BatchOut(Out):
    """An uploaded file and its progress."""

    example: ClassVar[Example] = {
        "status": "completed",
        "counts": {
            "read": 42,
            "added": 38,
            "joined": 0,
            "updated": 1,
            "deleted": 0,
            "unchanged": 1,
            "rejected": 2,
            "held": 0,
            "warned": 3,
        },
        "progress": 1.0,
        "warnings": [{"rule": "reported-within-30-days", "rows": 3, "rule_url": "/v1/rules/reported-within-30-days"}],
        "file_error": None,
        "seen_before": None,
        "mends": None,
        "board": None,
        "dry_run": False,
        "original_removed_at": None,
        "records_removed_at": None,
    }

    batch_id: str
    provider_id: str | None = Field(description="Null for a board's.")
    board: str | None = Field(description="The board that uploaded it; null for the batches of providers.")
    kind: BatchKind
    format: BatchFormat | None = Field(description="The format of the file; null until it was read.")
    filename: str = Field(examples=["learners_november.xlsx"])
    status: BatchStatus
    dry_run: bool
    progress: float = Field(description="Share of the records that are done, from 0 to 1.")
    counts: BatchCountsOut
    warnings: list[RuleWarningOut] = Field(description="Each rule that warned, once.")
    file_error: FileErrorOut | None
    seen_before: str | None = Field(
        description="An earlier batch of exactly the same bytes; uploading them again is harmless."
    )
    mends: str | None = Field(description="The batch whose rejected rows it reports again, once they were mended.")
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    original_removed_at: datetime | None = Field(
        description="Since when the file as uploaded is gone: downloading it is 410. Null while it is kept."
    )
    records_removed_at: datetime | None = Field(
        description="Since when the records as sent are gone, and with them the rejected, held and successful files, "
        "and retries. Their outcomes stay. Null while they are kept."
    )

    @classmethod
    def of(cls, batch: Batch) -> BatchOut:
        """Show a batch."""
        warnings = dict(batch.warnings)
        if batch.seen_before is not None:
            warnings = {"file-seen-before": sum(_outcomes(batch).values())} | warnings
        return cls(
            batch_id=batch.batch_id,
            provider_id=batch.provider_id,
            board=batch.board,
            kind=batch.kind,
            format=batch.head.format if batch.head is not None else None,
            filename=batch.filename,
            status=batch.status,
            dry_run=batch.dry_run,
            progress=_progress(batch),
            counts=_counts(batch),
            warnings=[RuleWarningOut(rule=rule, rows=rows, rule_url=rule_url(rule)) for rule, rows in warnings.items()],
            file_error=FileErrorOut(**batch.file_error) if batch.file_error is not None else None,
            seen_before=batch.seen_before,
            mends=batch.mends,
            created_at=batch.created_at,
            updated_at=batch.updated_at,
            finished_at=batch.finished_at,
            original_removed_at=batch.original_removed_at,
            records_removed_at=batch.records_removed_at,
        )


def _outcomes(batch: Batch) -> dict[str, int]:
    return {name: batch.counts.get(name, 0) for name in ANSWERS.get(batch.kind, RECORDS)}


def _counts(batch: Batch) -> BatchCountsOut:
    counts = _outcomes(batch)
    read = sum(counts.values())
    if batch.kind in ANSWERS:
        return BatchCountsOut(read=read, **counts)
    return BatchCountsOut(read=read, **counts, warned=batch.counts.get("warned", 0))


def _progress(batch: Batch) -> float:
    if batch.status is BatchStatus.COMPLETED:
        return 1.0
    return round(batch.applied / batch.records, 4) if batch.records else 0.0


class BatchPage(Out):
    """A page of batches, newest first."""

    data: list[BatchOut]
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null on the last page.")


class RowSuggestionOut(SuggestionOut):
    """A value that would satisfy the rule, if it is true, and where it would stand in the file."""

    column: str | None = Field(
        description="The heading, or the path of the element; null where the file has no place for it."
    )


class RowFindingOut(Out):
    """A finding of a rule about a record of a file."""

    rule: str
    severity: Severity
    row: int = Field(description="Row of the sheet, line of the text, or position of the element, from 1.")
    column: str | None = Field(
        description="The heading, or the path of the element; null when it is about the whole record."
    )
    pointer: str = Field(description="JSON Pointer to the same place in the record.")
    detail: str
    hint: str
    rule_url: str
    completion_id: str | None = Field(description="The completion that stands in the way, if one does.")
    suggestions: list[RowSuggestionOut] = Field(
        description="Values of which each would satisfy the rule. Which is true, only the sender knows."
    )

    @classmethod
    def of(cls, number: int, finding: RowFinding) -> RowFindingOut:
        """Show a finding."""
        return cls(
            rule=finding.rule,
            severity=finding.severity,
            row=number,
            column=finding.column,
            pointer=finding.pointer,
            detail=finding.detail,
            hint=finding.hint,
            rule_url=rule_url(finding.rule),
            completion_id=finding.completion_id,
            suggestions=[
                RowSuggestionOut(pointer=one.pointer, value=one.value, column=one.column) for one in finding.suggestions
            ],
        )


class RowAnswerOut(Out):
    """The answer to one validation of a file."""

    learner_id: str | None
    matched_boards: list[str]
    hint: str


class RowConflictOut(Out):
    """The physicians whom a row of a roster contradicts; for operators alone."""

    example: ClassVar[Example] = {
        "identifiers": ["npi"],
        "reason": "who has another birth date",
        "physician_ids": ["017de0b2-4c30-7b5e-9a61-5f0d2c7be411"],
    }

    identifiers: list[str] = Field(description="Kinds of identifiers that the row shares with them.")
    reason: str = Field(description="What differs, without any value.")
    physician_ids: list[str]


class RowHeldOut(Out):
    """A held record of a file, and what became of it: the outcome of its row stays `held`."""

    example: ClassVar[Example] = {"status": "waiting", "reason": None, "completion_id": None, "ended_at": None}

    held_id: str
    status: HeldStatus
    reason: HeldReason | None = Field(description="Why it waits no more; null while it waits.")
    completion_id: str | None
    expires_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, held: HeldRecord) -> RowHeldOut:
        """Show what became of a record."""
        return cls(
            held_id=held.held_id,
            status=held.status,
            reason=held.reason,
            completion_id=held.completion_id,
            expires_at=held.expires_at,
            ended_at=held.ended_at,
        )


class BatchRowOut(Out):
    """The outcome of one record of a file."""

    row: int = Field(description="Row of the sheet, line of the text, or position of the element, from 1.")
    outcome: RowOutcome
    completion_id: str | None
    activity_id: str | None
    findings: list[RowFindingOut]
    answer: RowAnswerOut | None = Field(description="The answer to a validation; null for other kinds.")
    conflict: RowConflictOut | None = Field(
        description="For operators alone: whom a rejected row of a roster contradicts, and in what."
    )
    held: RowHeldOut | None = Field(description="For a record that is or was held: what became of it.")
    record: list[RecordFieldOut] | None = Field(
        description="With `include=record`, the record as it was sent and mended; null once records are gone. Empty "
        "for one that is changed in its file only."
    )
    mend: MendOut | None = Field(description="With `include=record`, of a rejected record: where its mending stands.")

    @classmethod
    def of_mended(
        cls, kind: BatchKind, row: MendedRow, held: HeldRecord | None = None, *, for_operator: bool = False
    ) -> BatchRowOut:
        """Show a record as it was sent and mended; its findings are those of the last check."""
        result = msgspec.structs.replace(row.result, findings=row.findings)
        shown = cls.of(kind, result, held, for_operator=for_operator)
        mend = MendOut.of(row) if result.outcome is RowOutcome.REJECTED else None
        return shown.model_copy(update={"record": fields_out(row), "mend": mend})

    @classmethod
    def of(
        cls, kind: BatchKind, result: RowResult, held: HeldRecord | None = None, *, for_operator: bool
    ) -> BatchRowOut:
        """Show a result, and the record that was held, if it was; what is said of people on file is for operators."""
        document = result.answer
        is_answer = kind is BatchKind.LEARNER_VALIDATIONS and document is not None
        is_conflict = kind is BatchKind.ROSTER and document is not None
        completes = kind is BatchKind.LEARNER_COMPLETIONS and result.outcome is not RowOutcome.HELD
        return cls(
            row=result.number,
            outcome=result.outcome,
            completion_id=result.record_id if completes else None,
            activity_id=result.record_id if kind is BatchKind.ACTIVITIES else None,
            findings=[RowFindingOut.of(result.number, finding) for finding in result.findings],
            answer=RowAnswerOut(**document) if document is not None and is_answer else None,
            conflict=RowConflictOut(**document) if document is not None and is_conflict and for_operator else None,
            held=RowHeldOut.of(held) if held is not None else None,
            record=None,
            mend=None,
        )


class CheckedRowsOut(Out):
    """Rejected records as a check found them: `mend` says what would become of each."""

    data: list[BatchRowOut]


class RowPage(Out):
    """A page of records, in their order."""

    data: list[BatchRowOut]
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null on the last page.")

    @classmethod
    def of(
        cls,
        batch: Batch,
        rows: Sequence[RowResult],
        held: Mapping[str, HeldRecord],
        cursor: str | None,
        *,
        for_operator: bool,
    ) -> RowPage:
        """Show a page; `held` has the records that were held, by their ids."""
        data = [
            BatchRowOut.of(batch.kind, row, held.get(row.record_id or ""), for_operator=for_operator) for row in rows
        ]
        return cls(data=data, next_cursor=cursor)

    @classmethod
    def of_mended(
        cls,
        found: MendedRows,
        rows: Sequence[MendedRow],
        held: Mapping[str, HeldRecord],
        cursor: str | None,
        *,
        for_operator: bool,
    ) -> RowPage:
        """Show a page with the records as they were sent and mended."""
        data = [
            BatchRowOut.of_mended(
                found.batch.kind, row, held.get(row.result.record_id or ""), for_operator=for_operator
            )
            for row in rows
        ]
        return cls(data=data, next_cursor=cursor)
