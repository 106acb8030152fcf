"""Faults of form as findings: where many records come in, they are listed with the findings of the rules."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel, ValidationError

from app.core.errors import ErrorItem, Problem
from app.core.http.problems import error_items
from app.domain.findings import Finding, Severity

_HINTS = {
    "field-unknown": "Leave it out; the API description lists the known fields.",
    "field-repeated": "Send it once, with the value meant.",
    "type": "Use the JSON type given in the API description.",
    "format": "Use the form given in the API description.",
    "too-long": "Shorten it.",
    "unreadable": "Send one JSON object.",
}


def findings_of(error: ValidationError, model: type[BaseModel]) -> tuple[Finding, ...]:
    """Return every fault that a schema found, as findings that reject the record."""
    return _refusals(error_items(error.errors(include_url=False), model))


def findings_of_problem(problem: Problem) -> tuple[Finding, ...]:
    """Return why a text could not be read at all, as findings that reject the record."""
    return _refusals(problem.faults)


def _refusals(items: Iterable[ErrorItem]) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            rule=item.code,
            severity=Severity.REJECT,
            pointer=item.pointer or "",
            detail=item.detail,
            hint=item.hint or _HINTS[item.code],
        )
        for item in items
    )
