"""Findings in a problem: those that reject as errors, all of them as findings."""

from __future__ import annotations

from collections.abc import Iterable

from app.core.errors import ErrorItem, Problem
from app.domain.findings import Finding
from app.schemas.problems import FindingOut, rule_url


def rejection_of(kind: type[Problem], findings: Iterable[Finding]) -> Problem:
    """Return the problem that rejects a record, with all of its findings."""
    findings = list(findings)
    errors = [
        ErrorItem(
            code=finding.rule,
            pointer=finding.pointer,
            detail=finding.detail,
            hint=finding.hint,
            rule_url=rule_url(finding.rule),
            completion_id=finding.completion_id,
        )
        for finding in findings
        if finding.rejects
    ]
    return kind(
        f"{len(errors)} {'rule is' if len(errors) == 1 else 'rules are'} broken; nothing was stored.",
        errors=errors,
        findings=[FindingOut.fields_of(finding) for finding in findings],
    )
