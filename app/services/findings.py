"""Findings as they are told: the refusals as errors, all of them as findings."""

from __future__ import annotations

from collections.abc import Iterable

from app.core.errors import Problem
from app.domain.findings import Finding


def told(finding: Finding) -> dict[str, object]:
    """Return a finding in the shape of the API."""
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "pointer": finding.pointer,
        "detail": finding.detail,
        "hint": finding.hint,
        "rule_url": rule_url(finding.rule),
    }


def rule_url(rule: str) -> str:
    """Return where a rule explains itself."""
    return f"/v1/rules/{rule}"


def rejected(kind: type[Problem], findings: Iterable[Finding]) -> Problem:
    """Build the problem that refuses a record, with everything the rules have to say."""
    said = list(findings)
    errors = []
    for finding in said:
        if finding.rejects:
            error = told(finding)
            del error["severity"]
            errors.append({"code": error.pop("rule"), **error})
    return kind(
        f"{len(errors)} {'rule is' if len(errors) == 1 else 'rules are'} broken; nothing was stored.",
        errors=errors,
        findings=[told(finding) for finding in said],
    )
