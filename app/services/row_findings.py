"""Findings about records of a file, with the places of the file that they are about."""

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
    hint="Let the rejected records of the batch be judged again; if it fails again, tell whoever runs the service.",
)


def placed(findings: Iterable[Finding], place_of: Callable[[str], Location]) -> tuple[RowFinding, ...]:
    """Return findings with the places of the file that they are about."""
    said = []
    for each in findings:
        place = place_of(each.pointer)
        said.append(
            RowFinding(
                rule=each.rule,
                severity=each.severity,
                pointer=each.pointer,
                detail=each.detail,
                hint=each.hint,
                column=place.column,
                index=place.index,
            )
        )
    return tuple(said)
