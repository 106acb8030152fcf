"""Group commit of single reports: those that wait at the same moment are judged and stored together, as they arrived.

Each is still a record of its own, under its own caller's commit; joining them saves statements and commits, nothing
else. A report with an idempotency key is not joined: its key must be decided first.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from app.core.errors import CompletionRejected, Problem
from app.domain.credits import Outcome
from app.domain.reports import CompletionReport
from app.services.context import Caller, Work, record
from app.services.findings import rejected
from app.services.reporting import pipeline
from app.services.reporting.pipeline import Submitted

Item = tuple[Caller, CompletionReport]


async def report(caller: Caller, one: CompletionReport) -> Submitted:
    """Report one completion; raises `CompletionRejected` with every finding when it is refused."""
    submitted: Submitted = await caller.service.database.write_grouped_async(report_together, (caller, one))
    return submitted


def report_together(connection: Connection, items: Sequence[Item]) -> list[Submitted | Problem]:
    """Judge and store the reports of several callers; return for each its outcome or its refusal."""
    works = [Work(connection=connection, caller=caller, now=caller.service.clock()) for caller, _ in items]
    results = pipeline.submit(works, [one for _, one in items])
    record(works)
    return [
        rejected(CompletionRejected, result.findings) if result.outcome is Outcome.REJECTED else result
        for result in results
    ]
