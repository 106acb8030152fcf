"""Many reports in one request: each with its own answer, in their order, in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from app.core.errors import CompletionRejected, Problem
from app.domain.credits import Outcome
from app.domain.reports import CompletionReport
from app.services.context import Work
from app.services.findings import rejected
from app.services.reporting.pipeline import Submitted, submit


class Bulk(msgspec.Struct, frozen=True, kw_only=True):
    """What became of each item, and how many of each outcome there were."""

    results: tuple[Submitted | Problem, ...]
    counts: Counter[Outcome]


def report_each(work: Work, items: Sequence[CompletionReport | Problem]) -> Bulk:
    """Report completions in their order, each seeing those before it; what could not be read stays refused."""
    judged = iter(submit(work, [each for each in items if isinstance(each, CompletionReport)]))
    results: list[Submitted | Problem] = []
    counts: Counter[Outcome] = Counter()
    for each in items:
        result: Submitted | Problem = each if isinstance(each, Problem) else next(judged)
        outcome = Outcome.REJECTED if isinstance(result, Problem) else result.outcome
        counts[outcome] += 1
        if isinstance(result, Submitted) and outcome is Outcome.REJECTED:
            result = rejected(CompletionRejected, result.findings)
        results.append(result)
    return Bulk(results=tuple(results), counts=counts)
