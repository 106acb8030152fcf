"""Rules that are kept where a change is made or a file is read, because they are about more than one record."""

from __future__ import annotations

from app.domain.findings import Severity
from app.domain.rules import FOUNDING, RuleFacts, Scope

_COVERED = "a system of record: what was accepted must not become wrong by a later edit"
_BATCH = "slides, Learner completion entry - Excel batch"


def _stated(scope: Scope, *rules: tuple[str, Severity, str, str]) -> dict[str, RuleFacts]:
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


STATED: dict[str, RuleFacts] = _stated(
    Scope.ACTIVITY,
    (
        "activity-change-covers-credits",
        Severity.REJECT,
        "An edit that would make reported credit break a rule is refused, with the completions in the way.",
        _COVERED,
    ),
    (
        "activity-has-completions",
        Severity.REJECT,
        "An activity for which completions stand is not deleted; they are withdrawn first.",
        _COVERED,
    ),
    (
        "internal-id-reused",
        Severity.REJECT,
        "An internal id re-sent with a start date after the stored end date is refused; it needs its own.",
        "experience with re-sent activities that silently became other ones",
    ),
) | _stated(
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
        "Elements of a document that are not known are ignored, and named.",
        "a field that is dropped in silence is found out too late",
    ),
    (
        "file-seen-before",
        Severity.WARNING,
        "A file with the same bytes as one that the provider uploaded before is processed, and said to be so.",
        "experience with files that were uploaded twice",
    ),
)
