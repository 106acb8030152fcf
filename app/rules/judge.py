"""The judge of completions: every rule asked about one record, in the order in which they are told."""

from __future__ import annotations

from functools import cache

from app.domain.findings import Finding
from app.domain.reports import Action
from app.rules import amounts, board_advice, credit_types, dates, history, identity, record
from app.rules.case import Case
from app.rules.catalogue import ADVICES
from app.rules.engine import COMPLETION_RULES, Chosen, Rule, Scope, ask, choose

RULE_FILES = (record, dates, credit_types, amounts, identity, history, board_advice)
"""The order of the files is the order in which findings are told; within a file, that of the functions."""


def _told_in_order() -> tuple[Rule, ...]:
    places = {file.__name__: place for place, file in enumerate(RULE_FILES)}
    return tuple(
        sorted(COMPLETION_RULES.values(), key=lambda rule: (not rule.stands_alone, places[rule.judge.__module__]))
    )


_RULES = _told_in_order()
_OF_DELETES = tuple(each for each in _RULES if each.deletes)


@cache
def _about(present: frozenset[Scope], advised: frozenset[str], deletes: bool) -> Chosen:
    rules = _OF_DELETES if deletes else _RULES
    return choose((each for each in rules if each.id in advised or each.id not in ADVICES), present)


def judge(case: Case) -> tuple[Finding, ...]:
    """Return everything the rules have to say about a record."""
    report = case.report
    present = {Scope.ALL}
    if report.cme:
        present.add(Scope.CME)
    if report.moc:
        present.add(Scope.MOC)
    if report.rems is not None:
        present.add(Scope.REMS)
    if report.action is not Action.ADD:
        present.add(Scope.FILE)
    if report.withdraws_whole and report.rems is None:
        # Whoever is to be found by name must be named, whatever the completion holds.
        present.add(Scope.CME)
    # What no board of the record advises need not be asked.
    advised = frozenset().union(*(board.advice for _, _, board in case.moc_parts))
    return ask(_about(frozenset(present), advised, report.action is Action.DELETE), case)
