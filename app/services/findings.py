"""Findings as they are told: the refusals as errors, all of them as findings."""

from __future__ import annotations

from collections.abc import Iterable

from app.core.errors import ErrorItem, Problem
from app.domain.findings import Finding
from app.schemas.problems import FindingOut, rule_url


def rejected(kind: type[Problem], findings: Iterable[Finding]) -> Problem:
    """Build the problem that refuses a record, with everything the rules have to say."""
    findings = list(findings)
    errors = [
        ErrorItem(
            code=finding.rule,
            pointer=finding.pointer,
            detail=finding.detail,
            hint=finding.hint,
            rule_url=rule_url(finding.rule),
        )
        for finding in findings
        if finding.rejects
    ]
    return kind(
        f"{len(errors)} {'rule is' if len(errors) == 1 else 'rules are'} broken; nothing was stored.",
        errors=errors,
        findings=[FindingOut.of(finding).model_dump() for finding in findings],
    )
