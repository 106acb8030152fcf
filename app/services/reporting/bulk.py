"""Many reports of one caller: each with its own answer, in their order, in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from app.core.errors import CompletionRejected, Problem
from app.domain.credits import Outcome
from app.domain.reports import CompletionReport
from app.services.context import Work
from app.services.findings import rejection_of
from app.services.reporting.pipeline import Submitted, submit


class Bulk(msgspec.Struct, frozen=True, kw_only=True):
    """The result of each item, and the number of each outcome."""

    results: tuple[Submitted | Problem, ...]
    counts: Counter[Outcome]


def submit_all(work: Work, reports: Sequence[CompletionReport]) -> list[Submitted]:
    """Judge and store reports of one caller in their order."""
    return submit([work] * len(reports), reports)


def report_each(work: Work, items: Sequence[CompletionReport | Problem]) -> Bulk:
    """Report completions in their order, each seeing those before it; an item that could not be read stays refused."""
    submitted = iter(submit_all(work, [item for item in items if isinstance(item, CompletionReport)]))
    results: list[Submitted | Problem] = []
    counts: Counter[Outcome] = Counter()
    for item in items:
        result: Submitted | Problem = item if isinstance(item, Problem) else next(submitted)
        outcome = Outcome.REJECTED if isinstance(result, Problem) else result.outcome
        counts[outcome] += 1
        if isinstance(result, Submitted) and outcome is Outcome.REJECTED:
            result = rejection_of(CompletionRejected, result.findings)
        results.append(result)
    return Bulk(results=tuple(results), counts=counts)
