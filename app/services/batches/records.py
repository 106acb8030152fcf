"""The records of a batch, by kind: read into what they mean, judged, and what became of each.

Each kind has one function that takes records in their order and returns their outcomes; all of it happens in the
transaction of one piece.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import lru_cache, partial

from app.domain.batches import Batch, BatchKind, FileFormat, Head, RawRow, RowFinding, RowOutcome, RowResult
from app.domain.credits import Outcome
from app.domain.findings import Finding
from app.domain.identity import Result
from app.domain.reports import CompletionReport
from app.domain.validations import Validated
from app.files.formats import FORMATS
from app.files.mapping.records import CompletionRecord, Mapper, Upload, ValidationRecord
from app.services.activities import rows as activity_files
from app.services.context import Work
from app.services.registry import validations
from app.services.reporting import bulk
from app.services.reporting.pipeline import Submitted
from app.services.row_findings import placed

Rows = Sequence[tuple[int, RawRow]]
Judge = Callable[[Work, Sequence[CompletionReport]], Sequence[Submitted]]

_OUTCOMES = {
    Outcome.CREATED: RowOutcome.ADDED,
    Outcome.JOINED: RowOutcome.JOINED,
    Outcome.UPDATED: RowOutcome.UPDATED,
    Outcome.DELETED: RowOutcome.DELETED,
    Outcome.UNCHANGED: RowOutcome.UNCHANGED,
    Outcome.REJECTED: RowOutcome.REJECTED,
}
_ANSWERS = {
    Result.ONE: RowOutcome.ONE,
    Result.SEVERAL: RowOutcome.SEVERAL,
    Result.NONE: RowOutcome.NONE,
    Result.NOT_ASKED: RowOutcome.REJECTED,
}

_UNREAD = Validated(result=Result.NOT_ASKED)


def apply(work: Work, batch: Batch, rows: Rows, judge: Judge = bulk.submit_all) -> list[RowResult]:
    """Let records take effect in their order; return what became of each."""
    match batch.kind:
        case BatchKind.LEARNER_COMPLETIONS:
            return _completions(work, batch, rows, judge)
        case BatchKind.ACTIVITIES:
            return activity_files.apply(work, batch, rows)
        case BatchKind.LEARNER_VALIDATIONS:
            return _validations(work, batch, rows)


@lru_cache(maxsize=16)
def _completion_mapper(
    format: FileFormat, headings: tuple[str, ...], provider_id: str, received_at: datetime, batch_id: str
) -> Mapper[CompletionRecord]:
    """Return what maps a file's completions: what its columns hold is worked out once, not for every piece."""
    entry = FORMATS[format]
    upload = Upload(
        provider_id=provider_id, entry_method=entry.entry_method, received_at=received_at, batch_id=batch_id
    )
    return entry.completions(Head(format=format, headings=headings), upload)


@lru_cache(maxsize=16)
def _validation_mapper(format: FileFormat, headings: tuple[str, ...]) -> Mapper[ValidationRecord]:
    return FORMATS[format].validations(Head(format=format, headings=headings))


def _completions(work: Work, batch: Batch, rows: Rows, judge: Judge) -> list[RowResult]:
    assert batch.head is not None
    headings = tuple(batch.head.headings)
    mapper = _completion_mapper(batch.head.format, headings, batch.provider_id, batch.created_at, batch.batch_id)
    read = [(place, mapper.read(raw)) for place, raw in rows]
    # What could not be read, or is the template's sample, is refused without looking further.
    asked = [each.report for _, each in read if each.report is not None and not _refused(each.findings)]
    judged = iter(judge(work, asked))
    results = []
    for place, each in read:
        findings, outcome, record_id = tuple(each.findings), RowOutcome.REJECTED, None
        if each.report is not None and not _refused(findings):
            submitted = next(judged)
            findings = (*findings, *submitted.findings)
            outcome = _OUTCOMES[submitted.outcome]
            if submitted.completion is not None and outcome is not RowOutcome.REJECTED:
                record_id = submitted.completion.completion_id
        results.append(
            RowResult(
                place=place,
                number=each.number,
                outcome=outcome,
                record_id=record_id,
                findings=placed(findings, partial(mapper.locate, record=each)),
            )
        )
    return results


def _validations(work: Work, batch: Batch, rows: Rows) -> list[RowResult]:
    assert batch.head is not None
    mapper = _validation_mapper(batch.head.format, tuple(batch.head.headings))
    read = [(place, mapper.read(raw)) for place, raw in rows]
    asked = [each.request for _, each in read if each.request is not None]
    answers = iter(validations.validate_each([work] * len(asked), asked))
    results = []
    for place, each in read:
        validated = next(answers) if each.request is not None else _UNREAD
        said = (*each.findings, *validated.findings)
        findings = placed(said, partial(mapper.locate, record=each)) if said else ()
        outcome = _ANSWERS[validated.result]
        answer = None
        if outcome is not RowOutcome.REJECTED:
            answer = {
                "learner_id": validated.learner_id,
                "matched_boards": validated.matched_boards,
                "hint": validated.hint,
            }
        results.append(RowResult(place=place, number=each.number, outcome=outcome, findings=findings, answer=answer))
    return results


def _refused(findings: Iterable[Finding]) -> bool:
    return any(each.rejects for each in findings)


def refuse_all(rows: Rows, finding: RowFinding) -> list[RowResult]:
    """Return the same refusal for every record, for what is no fault of theirs."""
    return [
        RowResult(place=place, number=raw.number, outcome=RowOutcome.REJECTED, findings=(finding,))
        for place, raw in rows
    ]
