"""How a rule is declared, and how all of them are asked.

To add a rule: write one generator function in the file of its subject, decorate it with `rule`, and let its docstring
state it. Documentation, `/v1/rules` and the problem pages come from there; the structural tests ask for a case that
only it catches.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date
from functools import cached_property
from typing import Any

import msgspec

from app.domain.findings import Finding, Severity, Suggestion
from app.domain.rules import FOUNDING, RuleFacts, Scope

__all__ = [
    "ACTIVITY_RULES",
    "COMPLETION_RULES",
    "ROSTER_RULES",
    "VALIDATION_RULES",
    "Fault",
    "Rule",
    "Scope",
    "Selection",
    "ask",
    "rule",
    "select",
    "suggest",
]


class Fault(msgspec.Struct, frozen=True):
    """A fault that a rule function yields; the engine adds the rule's id and severity."""

    pointer: str
    detail: str
    hint: str
    severity: Severity | None = None
    completion_id: str | None = None
    """The completion that stands in the way, if one does."""
    suggestions: tuple[Suggestion, ...] = ()


Judge = Callable[[Any], Iterator[Fault]]


class Rule(RuleFacts, frozen=True, kw_only=True):
    """A rule with the function that judges by it."""

    judge: Judge
    needs: tuple[str, ...]
    stands_alone: bool
    deletes: bool
    of_offer: bool


COMPLETION_RULES: dict[str, Rule] = {}
ACTIVITY_RULES: dict[str, Rule] = {}
VALIDATION_RULES: dict[str, Rule] = {}
ROSTER_RULES: dict[str, Rule] = {}
_OTHER_TABLES: dict[tuple[Scope, ...], dict[str, Rule]] = {
    (Scope.ACTIVITY,): ACTIVITY_RULES,
    (Scope.VALIDATION,): VALIDATION_RULES,
    (Scope.ROSTER,): ROSTER_RULES,
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
    of_offer: bool = False,
) -> Callable[[Judge], Judge]:
    """Declare a rule.

    `needs` names what of the case must be known for the rule to be asked at all (`activity`, `day`, `learner`,
    `placement`, `row_target`, `corrects`, `elsewhere`): where it is not, another rule has said why, or nothing is to be
    said. `stands_alone`: when the rule refuses, no other finding is reported. `deletes`: the rule is also asked of a
    record that deletes. `of_offer`: the rule is about nothing but what is offered, and asked once for all records of
    one offer (`offers.py`).
    """
    assert not (of_offer and stands_alone)

    def declare(judge: Judge) -> Judge:
        table = _OTHER_TABLES.get(scopes, COMPLETION_RULES)
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
            of_offer=of_offer,
        )
        return judge

    return declare


def suggest(pointer: str, *values: str | float) -> tuple[Suggestion, ...]:
    """Return suggestions of values for one place."""
    return tuple(Suggestion(pointer, value) for value in values)


class Selection(msgspec.Struct, frozen=True, kw_only=True, eq=False, dict=True):
    """The rules that are about what is present in a record, selected once for all such records."""

    rules: tuple[Rule, ...]
    needs: tuple[str, ...]
    """All that any of them needs."""
    _without: dict[frozenset[str], tuple[Rule, ...]] = msgspec.field(default_factory=dict)

    @cached_property
    def of_offers(self) -> Selection:
        """Those that are about nothing but what is offered."""
        return _selection(tuple(rule for rule in self.rules if rule.of_offer))

    @cached_property
    def of_records(self) -> Selection:
        """The others."""
        return _selection(tuple(rule for rule in self.rules if not rule.of_offer))

    def without(self, absent: frozenset[str]) -> tuple[Rule, ...]:
        """Return the rules that can be asked when some of what they need is not known."""
        if absent not in self._without:
            self._without[absent] = tuple(rule for rule in self.rules if absent.isdisjoint(rule.needs))
        return self._without[absent]


def select(rules: Iterable[Rule], present: Collection[Scope]) -> Selection:
    """Select the rules that are about something present, in the order given."""
    selected = tuple(rule for rule in rules if not set(present).isdisjoint(rule.scopes))
    return _selection(selected)


def _selection(rules: tuple[Rule, ...]) -> Selection:
    return Selection(rules=rules, needs=tuple({need for rule in rules for need in rule.needs}))


def ask(selection: Selection, case: Any, said: Mapping[str, tuple[Finding, ...]] | None = None) -> tuple[Finding, ...]:
    """Ask every rule whose needs the case meets, in order, and return what they find.

    `said` is what those about its offer find, by their ids, where they were asked already.
    """
    findings: list[Finding] = []
    if said is not None and not said:
        selection = selection.of_records
    absent = frozenset([need for need in selection.needs if getattr(case, need) is None])
    for rule in selection.without(absent):
        if said and rule.of_offer:
            findings.extend(said.get(rule.id, ()))
            continue
        faults = [*rule.judge(case)]
        if not faults:
            continue
        found = [
            Finding(
                rule=rule.id,
                severity=fault.severity or rule.severity,
                pointer=fault.pointer,
                detail=fault.detail,
                hint=fault.hint,
                completion_id=fault.completion_id,
                suggestions=fault.suggestions,
            )
            for fault in faults
        ]
        if rule.stands_alone:
            # The record as a whole is about something that is not there.
            return tuple(found)
        findings.extend(found)
    return tuple(findings)
