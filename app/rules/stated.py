"""Rules that are kept where the change is made, because they are about everything that stands, not about one record."""

from __future__ import annotations

from app.domain.findings import Severity
from app.domain.rules import FOUNDING, RuleFacts, Scope

_COVERED = "a system of record: what was accepted must not become wrong by a later edit"

STATED: dict[str, RuleFacts] = {
    each.id: each
    for each in (
        RuleFacts(
            id=id,
            severity=Severity.REJECT,
            statement=statement,
            scopes=(Scope.ACTIVITY,),
            source=source,
            since=FOUNDING,
            boards=(),
        )
        for id, statement, source in (
            (
                "activity-change-covers-credits",
                "An edit that would make reported credit break a rule is refused, with the completions in the way.",
                _COVERED,
            ),
            (
                "activity-has-completions",
                "An activity for which completions stand is not deleted; they are withdrawn first.",
                _COVERED,
            ),
            (
                "internal-id-reused",
                "An internal id re-sent with a start date after the stored end date is refused; it needs its own.",
                "experience with re-sent activities that silently became other ones",
            ),
        )
    )
}
