"""Applying the records of a file by their kind: completions, activities, validations, a roster, or licensees.

Each kind has one function that takes records in their order and returns their results, within the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import lru_cache, partial

import msgspec
from msgspec.structs import replace

from app.domain.batches import (
    Batch,
    BatchKind,
    FileFormat,
    FileHead,
    OnUnmatched,
    RawRow,
    RowFinding,
    RowOutcome,
    RowResult,
)
from app.domain.boards import Board
from app.domain.credits import Outcome
from app.domain.findings import Finding
from app.domain.identity.matches import Result
from app.domain.identity.rosters import RosterRow
from app.domain.identity.validations import ValidationAnswer
from app.domain.passport.licensees import LicenseeQuestion
from app.domain.passport.transcripts import TranscriptPeriod
from app.domain.reports import CompletionReport
from app.files.formats import FORMATS
from app.files.mapping.records import CompletionRecord, LicenseeRecord, Mapper, RosterRecord, Upload, ValidationRecord
from app.rules.licensees import judge_licensee
from app.services.activities import file_rows
from app.services.context import Work
from app.services.registry import licensee_search, rosters, validations
from app.services.registry.rosters import RosterResult
from app.services.reporting import bulk
from app.services.reporting.pipeline import Submitted
from app.services.row_findings import locate_findings
from app.store.access.providers import former_ids

Rows = Sequence[tuple[int, RawRow]]
"""Records as sent with their places, from 0."""
TakeRoster = Callable[[Work, Board, Sequence[RosterRow]], Sequence[RosterResult]]
"""The function that rows of a roster are handed to: it takes them, or only judges them."""

_OUTCOMES = {
    Outcome.CREATED: RowOutcome.ADDED,
    Outcome.JOINED: RowOutcome.JOINED,
    Outcome.UPDATED: RowOutcome.UPDATED,
    Outcome.DELETED: RowOutcome.DELETED,
    Outcome.UNCHANGED: RowOutcome.UNCHANGED,
    Outcome.REJECTED: RowOutcome.REJECTED,
    Outcome.HELD: RowOutcome.HELD,
}
_WITHOUT_COMPLETION = (RowOutcome.REJECTED, RowOutcome.HELD)
_ANSWERS = {
    Result.ONE: RowOutcome.ONE,
    Result.SEVERAL: RowOutcome.SEVERAL,
    Result.NONE: RowOutcome.NONE,
    Result.NOT_ASKED: RowOutcome.REJECTED,
}

_UNPARSED = ValidationAnswer(result=Result.NOT_ASKED)


def apply_records(work: Work, batch: Batch, rows: Rows, take_roster: TakeRoster = rosters.take_rows) -> list[RowResult]:
    """Apply records in their order; return the result of each."""
    match batch.kind:
        case BatchKind.LEARNER_COMPLETIONS:
            completions = read_completions(batch, ids_of_provider(work), rows)
            return completions.results(bulk.submit_all(work, completions.reports))
        case BatchKind.ACTIVITIES:
            return file_rows.apply_rows(work, batch, rows)
        case BatchKind.LEARNER_VALIDATIONS:
            return apply_validations(work, batch, rows)
        case BatchKind.ROSTER:
            return _apply_roster(work, batch, rows, take_roster)
        case BatchKind.TRANSCRIPTS:
            return apply_transcripts(work, batch, rows)


@lru_cache(maxsize=16)
def _completion_mapper(
    format: FileFormat, headings: tuple[str, ...], ids: tuple[str, ...], received_at: datetime, batch_id: str
) -> Mapper[CompletionRecord]:
    """Return the mapper of a file's completions; cached, so that its headings are read once and not for every piece."""
    entry = FORMATS[format]
    provider_id, *former_ids = ids
    upload = Upload(
        provider_id=provider_id,
        entry_method=entry.entry_method,
        received_at=received_at,
        batch_id=batch_id,
        former_ids=tuple(former_ids),
    )
    return entry.completions(FileHead(format=format, headings=headings), upload)


@lru_cache(maxsize=16)
def _validation_mapper(format: FileFormat, headings: tuple[str, ...]) -> Mapper[ValidationRecord]:
    return FORMATS[format].validations(FileHead(format=format, headings=headings))


@lru_cache(maxsize=16)
def _roster_mapper(format: FileFormat, headings: tuple[str, ...]) -> Mapper[RosterRecord]:
    return FORMATS[format].rosters(FileHead(format=format, headings=headings))


@lru_cache(maxsize=16)
def _licensee_mapper(format: FileFormat, headings: tuple[str, ...]) -> Mapper[LicenseeRecord]:
    return FORMATS[format].licensees(FileHead(format=format, headings=headings))


class MappedCompletions(msgspec.Struct, frozen=True, kw_only=True):
    """Records of a file, read as completions."""

    mapper: Mapper[CompletionRecord]
    records: Sequence[tuple[int, CompletionRecord]]
    is_table: bool
    holds: bool
    """Whether reports of whom nobody is found wait, instead of being refused."""

    @property
    def reports(self) -> list[CompletionReport]:
        """The reports to judge: a record that could not be read, or is the template's sample, is refused as it is."""
        judged = [record.report for _, record in self.records if _is_judged(record) and record.report is not None]
        return [replace(report, hold=True) for report in judged] if self.holds else judged

    def results(self, judged: Iterable[Submitted]) -> list[RowResult]:
        """Return the result of each record, given those of the reports in their order."""
        following = iter(judged)
        results = []
        for place, record in self.records:
            findings, outcome, record_id = tuple(record.findings), RowOutcome.REJECTED, None
            if _is_judged(record):
                submitted = next(following)
                findings = (*findings, *submitted.findings)
                outcome = _OUTCOMES[submitted.outcome]
                if submitted.held is not None:
                    record_id = submitted.held.held_id
                elif submitted.completion is not None and outcome not in _WITHOUT_COMPLETION:
                    record_id = submitted.completion.completion_id
            results.append(
                RowResult(
                    place=place,
                    number=record.number,
                    outcome=outcome,
                    record_id=record_id,
                    findings=locate_findings(
                        findings, partial(self.mapper.locate, record=record), is_table=self.is_table
                    ),
                )
            )
        return results


def _is_judged(record: CompletionRecord) -> bool:
    return record.report is not None and not _rejects(record.findings)


def ids_of_provider(work: Work) -> tuple[str, ...]:
    """Return the id of the provider acted for, and those that were merged into it."""
    provider_id = work.caller.provider_id
    return (provider_id, *former_ids(work.connection, provider_id))


def read_completions(batch: Batch, ids: tuple[str, ...], rows: Rows) -> MappedCompletions:
    """Read records of a file as completions of a provider, given by its id and those that were merged into it."""
    assert batch.head is not None
    headings = tuple(batch.head.headings)
    mapper = _completion_mapper(batch.head.format, headings, ids, batch.created_at, batch.batch_id)
    return MappedCompletions(
        mapper=mapper,
        records=[(place, mapper.read(raw)) for place, raw in rows],
        is_table=FORMATS[batch.head.format].is_table,
        holds=batch.on_unmatched is OnUnmatched.HOLD,
    )


def apply_validations(work: Work, batch: Batch, rows: Rows, *, naming: bool = True) -> list[RowResult]:
    """Answer validations in their order; without `naming`, no learner ids are made."""
    assert batch.head is not None
    mapper = _validation_mapper(batch.head.format, tuple(batch.head.headings))
    records = [(place, mapper.read(raw)) for place, raw in rows]
    is_table = FORMATS[batch.head.format].is_table
    requests = [record.request for _, record in records if record.request is not None]
    answers = iter(validations.validate_each([work] * len(requests), requests, naming=naming))
    results = []
    for place, record in records:
        answer = next(answers) if record.request is not None else _UNPARSED
        found = (*record.findings, *answer.findings)
        findings = locate_findings(found, partial(mapper.locate, record=record), is_table=is_table) if found else ()
        outcome = _ANSWERS[answer.result]
        document = None
        if outcome is not RowOutcome.REJECTED:
            document = {
                "learner_id": answer.learner_id,
                "matched_boards": answer.matched_boards,
                "hint": answer.hint,
            }
        results.append(
            RowResult(place=place, number=record.number, outcome=outcome, findings=findings, answer=document)
        )
    return results


def _apply_roster(work: Work, batch: Batch, rows: Rows, take: TakeRoster) -> list[RowResult]:
    assert batch.head is not None and batch.board is not None
    mapper = _roster_mapper(batch.head.format, tuple(batch.head.headings))
    records = [(place, mapper.read(raw)) for place, raw in rows]
    is_table = FORMATS[batch.head.format].is_table
    board = work.service.catalogue.boards[batch.board]
    taken = iter(take(work, board, [record.row for _, record in records if record.row is not None]))
    results = []
    for place, record in records:
        result = next(taken) if record.row is not None else RosterResult(outcome=RowOutcome.REJECTED)
        found = (*record.findings, *result.findings)
        results.append(
            RowResult(
                place=place,
                number=record.number,
                outcome=result.outcome,
                findings=locate_findings(found, partial(mapper.locate, record=record), is_table=is_table),
                answer=result.conflict,
            )
        )
    return results


def apply_transcripts(work: Work, batch: Batch, rows: Rows) -> list[RowResult]:
    """Look up whose transcripts are wanted, in their order; who is found is kept by their id, what stands is not."""
    assert batch.head is not None and batch.board is not None
    catalogue = work.service.catalogue
    mapper = _licensee_mapper(batch.head.format, tuple(batch.head.headings))
    records = [(place, mapper.read(raw)) for place, raw in rows]
    questions = [_of_file(record.question, batch) for _, record in records]
    judged = [judge_licensee(question, catalogue) if question is not None else () for question in questions]
    asked = [
        question.known
        for question, findings in zip(questions, judged, strict=True)
        if question is not None and not findings
    ]
    found = iter(licensee_search.find_listed(work, batch.batch_id, asked, catalogue.boards[batch.board]))
    is_table = FORMATS[batch.head.format].is_table
    results = []
    for (place, record), question, findings in zip(records, questions, judged, strict=True):
        refused = (*record.findings, *findings)
        if question is None or findings:
            located = locate_findings(refused, partial(mapper.locate, record=record), is_table=is_table)
            results.append(RowResult(place=place, number=record.number, outcome=RowOutcome.REJECTED, findings=located))
            continue
        physician_id = next(found)
        results.append(
            RowResult(
                place=place,
                number=record.number,
                outcome=RowOutcome.ONE if physician_id is not None else RowOutcome.NONE,
                record_id=physician_id,
                answer=question.completed.as_document() if physician_id is not None else None,
            )
        )
    return results


def _of_file(question: LicenseeQuestion | None, batch: Batch) -> LicenseeQuestion | None:
    """Return a question with the days of its file, where its row names no other ones."""
    if question is None:
        return None
    own = question.completed
    first = own.first if own.first is not None else batch.completed_from
    last = own.last if own.last is not None else batch.completed_to
    return replace(question, completed=TranscriptPeriod(first=first, last=last))


def _rejects(findings: Iterable[Finding]) -> bool:
    return any(finding.rejects for finding in findings)


def reject_all(rows: Rows, finding: RowFinding) -> list[RowResult]:
    """Reject every record with the same finding, for a reason that is not in the records."""
    return [
        RowResult(place=place, number=raw.number, outcome=RowOutcome.REJECTED, findings=(finding,))
        for place, raw in rows
    ]
