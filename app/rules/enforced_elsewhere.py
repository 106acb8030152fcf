"""Rules that are enforced where a change is made or a file is read, because they concern more than one record.

To add one: state it here, so that `/v1/rules` lists it, and enforce it there.
"""

from __future__ import annotations

from app.domain.findings import Severity
from app.domain.rules import FOUNDING, RuleFacts, Scope

_COVERED = "a system of record: what was accepted must not become wrong by a later edit"
_IDENTITY = "an identifier alone never makes two people one; a board learns about its own people only"
_MOVED = "ours: what was decided stays as it was decided, whatever system keeps it"
_BATCH = "slides, Learner completion entry - Excel batch"


def _rules_of(scope: Scope, *rules: tuple[str, Severity, str, str]) -> dict[str, RuleFacts]:
    """Return rules of one scope: id, severity, statement and source of each."""
    return {
        id: RuleFacts(
            id=id,
            severity=severity,
            statement=statement,
            scopes=(scope,),
            source=source,
            since=FOUNDING,
            boards=(),
        )
        for id, severity, statement, source in rules
    }


_OF_ACTIVITIES = _rules_of(
    Scope.ACTIVITY,
    (
        "activity-change-covers-credits",
        Severity.REJECT,
        "An edit that would make reported credit break a rule is refused, and the completions in the way are listed.",
        _COVERED,
    ),
    (
        "activity-has-completions",
        Severity.REJECT,
        "An activity that has completions is not deleted; they must be withdrawn first.",
        _COVERED,
    ),
    (
        "internal-id-reused",
        Severity.REJECT,
        "An internal id re-sent with a start date after the stored end date is refused; a new activity needs its own.",
        "experience with re-sent activities that silently became other ones",
    ),
)
_OF_FILES = _rules_of(
    Scope.FILE,
    (
        "heading-missing",
        Severity.REJECT,
        "A file with a required heading missing from its first ten rows is refused as a whole; the heading is named.",
        f"{_BATCH}: keep header rows in the file",
    ),
    (
        "sample-row",
        Severity.REJECT,
        "A row that is the template's sample row, however its cells are written, is refused.",
        f"{_BATCH}: remove the sample data rows",
    ),
    (
        "element-ignored",
        Severity.WARNING,
        "Unknown elements of a document are ignored, and named.",
        "a field that is dropped in silence is found out too late",
    ),
    (
        "file-seen-before",
        Severity.WARNING,
        "A file with the same bytes as one that the provider uploaded before is processed, with a warning.",
        "experience with files that were uploaded twice",
    ),
    (
        "heading-unknown",
        Severity.REJECT,
        "A roster with a column that a board does not give is refused as a whole: nothing else is taken in.",
        _IDENTITY,
    ),
)
_OF_IMPORTS = _rules_of(
    Scope.FILE,
    (
        "moved-status",
        Severity.REJECT,
        "A record of another system says what became of its credit there, or whether its activity is closed.",
        _MOVED,
    ),
    (
        "moved-day",
        Severity.REJECT,
        "A record of another system says when it was submitted there, a day that is not in the future.",
        _MOVED,
    ),
    (
        "moved-differs",
        Severity.REJECT,
        "A record of another system that is on file otherwise is listed, and what is on file stays.",
        _MOVED,
    ),
    (
        "moved-whole",
        Severity.REJECT,
        "A completion of another system is taken over with all of its rows, or not at all.",
        _MOVED,
    ),
    (
        "id-taken",
        Severity.REJECT,
        "An id of another system that another record on file has is refused.",
        _MOVED,
    ),
)
_OF_ROSTERS = _rules_of(
    Scope.ROSTER,
    (
        "roster-conflict",
        Severity.REJECT,
        "A row of a roster agrees with what is on file of the person who has its number or NPI.",
        _IDENTITY,
    ),
    (
        "roster-kept-beside",
        Severity.WARNING,
        "A row of a roster that may describe who has its number or NPI is added beside them; the operator decides.",
        _IDENTITY,
    ),
)
ENFORCED_ELSEWHERE: dict[str, RuleFacts] = _OF_ACTIVITIES | _OF_FILES | _OF_IMPORTS | _OF_ROSTERS
