"""How a rule is declared, and how all of them are asked.

To add a rule: write one generator function in the file of its subject, decorate it with `rule`, and
let its docstring state it. Documentation, `/v1/rules` and the problem pages come from there; the
structural tests ask for a case that only it catches.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from app.domain.findings import Finding, Severity
from app.domain.rules import FOUNDING, RuleFacts, Scope

__all__ = [
    "ACTIVITY_RULES",
    "COMPLETION_RULES",
    "VALIDATION_RULES",
    "Chosen",
    "Fault",
    "Rule",
    "Scope",
    "ask",
    "choose",
    "rule",
]


class Fault(NamedTuple):
    """What a rule function yields; the engine adds the rule's id and severity."""

    pointer: str
    detail: str
    hint: str
    severity: Severity | None = None


Judge = Callable[[Any], Iterator[Fault]]


class Rule(RuleFacts, frozen=True, kw_only=True):
    """A rule with the function that judges by it."""

    judge: Judge
    needs: tuple[str, ...]
    stands_alone: bool
    deletes: bool


COMPLETION_RULES: dict[str, Rule] = {}
ACTIVITY_RULES: dict[str, Rule] = {}
VALIDATION_RULES: dict[str, Rule] = {}
_OF_THEIR_OWN: dict[tuple[Scope, ...], dict[str, Rule]] = {
    (Scope.ACTIVITY,): ACTIVITY_RULES,
    (Scope.VALIDATION,): VALIDATION_RULES,
}


def rule(
    id: str,
    *scopes: Scope,
    source: str,
    warns: bool = False,
    since: date = FOUNDING,
    boards: tuple[str, ...] = (),
    needs: tuple[str, ...] = (),
    stands_alone: bool = False,
    deletes: bool = False,
) -> Callable[[Judge], Judge]:
    """Declare a rule.

    `needs` names what of the case must be known for the rule to be asked at all (`activity`, `day`,
    `learner`, `placement`, `row_target`): where it is not, another rule has said why. `stands_alone`: when
    the rule refuses, nothing else is told. `deletes`: the rule is also asked of a record that deletes.
    """

    def declare(judge: Judge) -> Judge:
        table = _OF_THEIR_OWN.get(scopes, COMPLETION_RULES)
        if id in table:
            raise ValueError(f"rule {id} is declared twice for the same kind of record")
        table[id] = Rule(
            id=id,
            severity=Severity.WARNING if warns else Severity.REJECT,
            statement=" ".join((judge.__doc__ or "").split()),
            scopes=scopes,
            source=source,
            since=since,
            boards=boards,
            judge=judge,
            needs=needs,
            stands_alone=stands_alone,
            deletes=deletes,
        )
        return judge

    return declare


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The rules that are about what is present in a record, chosen once for all such records."""

    rules: tuple[Rule, ...]
    needs: tuple[str, ...]
    """All that any of them needs."""
    _without: dict[frozenset[str], tuple[Rule, ...]] = field(default_factory=dict, repr=False, compare=False)

    def without(self, absent: frozenset[str]) -> tuple[Rule, ...]:
        """Return the rules that can be asked where some of what they need is not known."""
        if absent not in self._without:
            self._without[absent] = tuple(each for each in self.rules if absent.isdisjoint(each.needs))
        return self._without[absent]


def choose(rules: Iterable[Rule], present: Collection[Scope]) -> Chosen:
    """Choose the rules that are about something present, in the order given."""
    chosen = tuple(each for each in rules if not set(present).isdisjoint(each.scopes))
    return Chosen(rules=chosen, needs=tuple({need for each in chosen for need in each.needs}))


def ask(chosen: Chosen, case: Any) -> tuple[Finding, ...]:
    """Ask every rule about a case of which all is known that the rule needs, in order."""
    findings: list[Finding] = []
    absent = frozenset([need for need in chosen.needs if getattr(case, need) is None])
    for each in chosen.without(absent):
        faults = [*each.judge(case)]
        if not faults:
            continue
        said = [
            Finding(
                rule=each.id,
                severity=fault.severity or each.severity,
                pointer=fault.pointer,
                detail=fault.detail,
                hint=fault.hint,
            )
            for fault in faults
        ]
        if each.stands_alone:
            # The record as a whole is about something that is not there.
            return tuple(said)
        findings.extend(said)
    return tuple(findings)
