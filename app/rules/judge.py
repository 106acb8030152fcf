"""Judge: every rule over one completion, in the order in which findings are reported.

To add a rule, see `engine.py`; to add a file of rules, give it its place in `RULE_FILES`.
"""

from __future__ import annotations

from functools import cache

from app.domain.findings import Finding
from app.domain.reports import Action
from app.rules import amounts, board_advice, credit_types, dates, history, identity, record, rems
from app.rules.case import Case
from app.rules.catalogue import ADVICE_RULES
from app.rules.engine import COMPLETION_RULES, Rule, Scope, Selection, ask, select
from app.rules.offers import Offers

RULE_FILES = (record, dates, credit_types, amounts, identity, rems, history, board_advice)
"""Findings are reported in the order of these files; within a file, in that of its functions."""


def _in_order() -> tuple[Rule, ...]:
    places = {file.__name__: place for place, file in enumerate(RULE_FILES)}
    return tuple(
        sorted(COMPLETION_RULES.values(), key=lambda rule: (not rule.stands_alone, places[rule.judge.__module__]))
    )


_RULES = _in_order()
_RULES_FOR_DELETES = tuple(rule for rule in _RULES if rule.deletes)


@cache
def _select(present: frozenset[Scope], advised: frozenset[str], deletes: bool) -> Selection:
    rules = _RULES_FOR_DELETES if deletes else _RULES
    return select((rule for rule in rules if rule.id in advised or rule.id not in ADVICE_RULES), present)


def judge(case: Case, offers: Offers | None = None) -> tuple[Finding, ...]:
    """Return everything the rules have to say about a record; `offers` knows what they said of its offer before."""
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
        # A learner who is to be found by name must be named, whatever the completion holds.
        present.add(Scope.CME)
    # Rules that no board of the record advises need not be asked.
    advised = frozenset().union(*(board.advice for _, _, board in case.moc_parts))
    selection = _select(frozenset(present), advised, report.action is Action.DELETE)
    return ask(selection, case, offers.said_of(selection, case) if offers is not None else None)
