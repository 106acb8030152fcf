"""Findings as they are told: the refusals as errors, all of them as findings."""

from __future__ import annotations

from collections.abc import Iterable

from app.core.errors import Problem
from app.domain.findings import Finding
from app.schemas.problems import FindingOut


def rejected(kind: type[Problem], findings: Iterable[Finding]) -> Problem:
    """Build the problem that refuses a record, with everything the rules have to say."""
    said = [FindingOut.of(finding).model_dump() for finding in findings]
    errors = [
        {"code": each["rule"], **{name: value for name, value in each.items() if name not in ("rule", "severity")}}
        for each in said
        if each["severity"] == "reject"
    ]
    return kind(
        f"{len(errors)} {'rule is' if len(errors) == 1 else 'rules are'} broken; nothing was stored.",
        errors=errors,
        findings=said,
    )
