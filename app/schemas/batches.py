"""Batches out: an uploaded file and how far it has come, and what became of each of its records."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from pydantic import Field
from typing_extensions import TypeAliasType

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
from app.schemas.base import Example, Out
from app.schemas.problems import rule_url

BatchFormat = TypeAliasType("BatchFormat", FileFormat)
FileErrorCode = TypeAliasType("FileErrorCode", FileFaultCode)
RECORDS = ("added", "joined", "updated", "deleted", "unchanged", "rejected", "held")
ANSWERS = ("one", "more_than_one", "none", "rejected")


class RecordCountsOut(Out):
    """Records by what became of them. `read` is the sum of all but `warned`."""

    read: int
    added: int
    joined: int
    updated: int
    deleted: int
    unchanged: int
    rejected: int
    held: int
    warned: int = Field(description="Records that were accepted with a warning.")


class AnswerCountsOut(Out):
    """Validations by their answer."""

    read: int
    one: int
    more_than_one: int
    none: int
    rejected: int


class RuleWarningOut(Out):
    """A rule that warned, with the number of records it did so for."""

    rule: str
    rows: int
    rule_url: str


class FileErrorOut(Out):
    """Why the file was refused as a whole; nothing of it was applied."""

    code: FileErrorCode
    detail: str
    row: int | None
    column: str | None


class BatchOut(Out):
    """An uploaded file and how far it has come."""

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
        "dry_run": False,
    }

    batch_id: str
    provider_id: str
    kind: BatchKind
    format: BatchFormat | None = Field(description="What the file is; null until it was read.")
    filename: str = Field(examples=["learners_november.xlsx"])
    status: BatchStatus
    dry_run: bool
    progress: float = Field(description="How much of it is done, from 0 to 1.")
    counts: RecordCountsOut | AnswerCountsOut
    warnings: list[RuleWarningOut] = Field(description="Each rule that warned, once.")
    file_error: FileErrorOut | None
    seen_before: str | None = Field(description="An earlier batch of the very same bytes: sending again is harmless.")
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, batch: Batch) -> BatchOut:
        """Show a batch."""
        warnings = dict(batch.warnings)
        if batch.seen_before is not None:
            warnings = {"file-seen-before": sum(_outcomes(batch).values())} | warnings
        return cls(
            batch_id=batch.batch_id,
            provider_id=batch.provider_id,
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
            created_at=batch.created_at,
            updated_at=batch.updated_at,
            finished_at=batch.finished_at,
        )


def _outcomes(batch: Batch) -> dict[str, int]:
    names = ANSWERS if batch.kind is BatchKind.LEARNER_VALIDATIONS else RECORDS
    return {name: batch.counts.get(name, 0) for name in names}


def _counts(batch: Batch) -> RecordCountsOut | AnswerCountsOut:
    counts = _outcomes(batch)
    read = sum(counts.values())
    if batch.kind is BatchKind.LEARNER_VALIDATIONS:
        return AnswerCountsOut(read=read, **counts)
    return RecordCountsOut(read=read, **counts, warned=batch.counts.get("warned", 0))


def _progress(batch: Batch) -> float:
    if batch.status is BatchStatus.COMPLETED:
        return 1.0
    return round(batch.applied / batch.records, 4) if batch.records else 0.0


class BatchPage(Out):
    """A page of batches, newest first."""

    data: list[BatchOut]
    next_cursor: str | None = Field(description="Give it as `cursor` for the next page; null on the last.")


class RowFindingOut(Out):
    """What a rule has to say about a record of a file."""

    rule: str
    severity: Severity
    row: int = Field(description="Row of the sheet, line of the text, or place of the element, from 1.")
    column: str | None = Field(description="The heading, or the path of the element; null: about the whole record.")
    pointer: str = Field(description="The same place in the record, as the API writes it.")
    detail: str
    hint: str
    rule_url: str

    @classmethod
    def of(cls, number: int, said: RowFinding) -> RowFindingOut:
        """Show a finding."""
        return cls(
            rule=said.rule,
            severity=said.severity,
            row=number,
            column=said.column,
            pointer=said.pointer,
            detail=said.detail,
            hint=said.hint,
            rule_url=rule_url(said.rule),
        )


class RowAnswerOut(Out):
    """The answer to one validation of a file."""

    learner_id: str | None
    matched_boards: list[str]
    hint: str


class RowOut(Out):
    """What became of one record of a file."""

    row: int = Field(description="Row of the sheet, line of the text, or place of the element, from 1.")
    outcome: RowOutcome
    completion_id: str | None
    activity_id: str | None
    findings: list[RowFindingOut]
    answer: RowAnswerOut | None = Field(description="Of a validation.")

    @classmethod
    def of(cls, kind: BatchKind, result: RowResult) -> RowOut:
        """Show a result."""
        return cls(
            row=result.number,
            outcome=result.outcome,
            completion_id=result.record_id if kind is BatchKind.LEARNER_COMPLETIONS else None,
            activity_id=result.record_id if kind is BatchKind.ACTIVITIES else None,
            findings=[RowFindingOut.of(result.number, said) for said in result.findings],
            answer=RowAnswerOut(**result.answer) if result.answer is not None else None,
        )


class RowPage(Out):
    """A page of records, in their order."""

    data: list[RowOut]
    next_cursor: str | None = Field(description="Give it as `cursor` for the next page; null on the last.")

    @classmethod
    def of(cls, batch: Batch, rows: Sequence[RowResult], cursor: str | None) -> RowPage:
        """Show a page."""
        return cls(data=[RowOut.of(batch.kind, each) for each in rows], next_cursor=cursor)
