"""What a schema refuses, as findings: doors that take many records tell it beside what the rules say."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import ValidationError

from app.core.errors import ErrorItem, Problem
from app.core.http.problems import error_items
from app.domain.findings import Finding, Severity

_HINTS = {
    "field-unknown": "Leave it out; the description of the API lists the fields that are known.",
    "type": "Send it in the JSON type that the description of the API names.",
    "format": "Send it in the form that the description of the API names.",
    "too-long": "Shorten it.",
    "unreadable": "Send one JSON object.",
}


def findings_of(error: ValidationError) -> tuple[Finding, ...]:
    """Return every fault that a schema found, as findings that refuse the record."""
    return _refusals(error_items(error.errors(include_input=False, include_url=False)))


def findings_of_problem(problem: Problem) -> tuple[Finding, ...]:
    """Return why a text could not be read at all, as findings that refuse the record."""
    return _refusals(problem.faults)


def _refusals(items: Iterable[ErrorItem]) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            rule=item.code,
            severity=Severity.REJECT,
            pointer=item.pointer or "",
            detail=item.detail,
            hint=_HINTS[item.code],
        )
        for item in items
    )
