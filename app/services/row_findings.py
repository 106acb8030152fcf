"""Findings about records of a file, located in its columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from app.domain.batches import RowFinding, RowSuggestion
from app.domain.findings import Finding, Severity
from app.files.mapping.locations import Location

INTERNAL = Finding(
    rule="internal",
    severity=Severity.REJECT,
    pointer="",
    detail="The service failed on this record; nothing of it was stored.",
    hint="Retry the batch: its rejected records are judged again. If it fails again, tell the operator of the service.",
)


_IN_TABLES = (
    ("YYYY-MM-DD, without a time", "MM/DD/YYYY"),
    ("YYYY-MM-DD", "MM/DD/YYYY"),
    (
        "Give a code such as live-course or enduring-material; /v1/activity-formats lists them all.",
        "Give a format such as Live Course or Enduring Material; the template's Reference sheet lists them all.",
    ),
    ("/v1/boards lists them all", "the template's Reference sheet lists them all"),
    (
        "The learner_id may stand in a completion in place of names, birth date and numbers.",
        "In the learner file the Learner Link may stand in place of names, date of birth and numbers.",
    ),
    ("Sent with on_unmatched=hold, it waits", "In a file uploaded to be held, it waits"),
)
"""What hints say of the API, and what they say to people who fill in tables, as the templates show it."""


def say_in_tables(hint: str) -> str:
    """Return a hint as people who fill in tables understand it."""
    for ours, theirs in _IN_TABLES:
        if ours in hint:
            hint = hint.replace(ours, theirs)
    return hint[:1].upper() + hint[1:]


def _located(finding: Finding, locate: Callable[[str], Location]) -> Iterator[RowSuggestion]:
    for suggestion in finding.suggestions:
        place = locate(suggestion.pointer)
        yield RowSuggestion(suggestion.pointer, suggestion.value, place.column, place.index)


def locate_findings(
    findings: Iterable[Finding], locate: Callable[[str], Location], *, is_table: bool = False
) -> tuple[RowFinding, ...]:
    """Return findings with the columns or elements that their pointers stand for.

    In a table, what to do is said as people see it there: dates as the templates show them, lists by their sheet.
    """
    located = []
    for finding in findings:
        location = locate(finding.pointer)
        located.append(
            RowFinding(
                rule=finding.rule,
                severity=finding.severity,
                pointer=finding.pointer,
                detail=finding.detail,
                hint=say_in_tables(finding.hint) if is_table else finding.hint,
                column=location.column,
                index=location.index,
                completion_id=finding.completion_id,
                suggestions=tuple(_located(finding, locate)),
            )
        )
    return tuple(located)
