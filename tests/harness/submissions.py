"""Rows of files as the pipeline is given them: reports with an action, submitted in pieces or judged only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from app.domain.credits import Completion
from app.domain.reports import Action, CmePart, CompletionReport, MocPart, RemsPart
from app.services.context import Caller, Service, operator, transact
from app.services.reporting import bulk, pipeline
from app.services.reporting.dry_run_state import DryRunState
from app.services.reporting.pipeline import Submitted
from tests.builders.judging import PROVIDER, a_report

Told = tuple[Any, ...]


def sender(service: Service, provider: str = PROVIDER) -> Caller:
    """Whoever uploads for a provider."""
    return operator(service, provider)


def delete(*parts: CmePart | MocPart | RemsPart, **fields: Any) -> CompletionReport:
    """Rebecca's row of the course, to be deleted: all of it, unless parts are given."""
    whole: dict[str, Any] = {} if parts else {"cme": ()}
    return a_report(*parts, action=Action.DELETE, permission=None, **(whole | fields))


def update(*parts: CmePart | MocPart | RemsPart, **fields: Any) -> CompletionReport:
    """Rebecca's row of the course, to be corrected."""
    return a_report(*parts, action=Action.UPDATE, **fields)


def pieces(rows: Sequence[CompletionReport], size: int) -> Iterator[list[CompletionReport]]:
    """Cut rows into pieces, as a worker does."""
    for start in range(0, len(rows), size):
        yield list(rows[start : start + size])


def submit(service: Service, *rows: CompletionReport, at_once: int = 5000) -> list[Submitted]:
    """Submit rows in pieces, each in a transaction of its own."""
    caller = sender(service, rows[0].provider_id)
    return [submitted for piece in pieces(rows, at_once) for submitted in transact(caller, bulk.submit_all, piece)]


def rehearse(service: Service, *rows: CompletionReport, at_once: int = 5000) -> list[Submitted]:
    """Judge rows in pieces, all with one dry-run state."""
    caller, state = sender(service, rows[0].provider_id), DryRunState()
    return [submitted for piece in pieces(rows, at_once) for submitted in pipeline.rehearse(caller, piece, state)]


def told(submitted: Sequence[Submitted]) -> list[Told]:
    """Return what senders of rows are told, without ids and moments."""
    return [
        (
            result.outcome,
            [(finding.rule, finding.severity, finding.pointer, finding.detail) for finding in result.findings],
            result.completion and _facts(result.completion),
        )
        for result in submitted
    ]


def _facts(completion: Completion) -> Told:
    return (
        completion.activity_id, completion.subject, completion.completed_on, completion.occasion, completion.version,
        completion.withdrawn_at is not None, completion.rems,
        [(c.board, c.quarters, c.credit_types, c.client_references, c.status) for c in completion.credits],
    )  # fmt: skip
