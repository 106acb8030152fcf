"""Findings about records of a file, located in its columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from app.domain.batches import RowFinding
from app.domain.findings import Finding, Severity
from app.files.mapping.locations import Location

INTERNAL = Finding(
    rule="internal",
    severity=Severity.REJECT,
    pointer="",
    detail="The service failed on this record; nothing of it was stored.",
    hint="Retry the batch: its rejected records are judged again. If it fails again, tell the operator of the service.",
)


def locate_findings(findings: Iterable[Finding], place_of: Callable[[str], Location]) -> tuple[RowFinding, ...]:
    """Return findings with the columns or elements that their pointers stand for."""
    located = []
    for finding in findings:
        place = place_of(finding.pointer)
        located.append(
            RowFinding(
                rule=finding.rule,
                severity=finding.severity,
                pointer=finding.pointer,
                detail=finding.detail,
                hint=finding.hint,
                column=place.column,
                index=place.index,
            )
        )
    return tuple(located)
