"""Reference data as the rules use it: boards, rules, schools and practice areas."""

from __future__ import annotations

from itertools import chain

from app.core.errors import NotFound
from app.domain.boards import Board
from app.domain.catalogue import Catalogue
from app.domain.rems import DEA_ANSWERS, PROFESSION_ANSWERS, TIME_ANSWERS, TYPE_ANSWERS, Answers
from app.domain.rules import RuleFacts
from app.rules.activities import judge_activity
from app.rules.enforced_elsewhere import ENFORCED_ELSEWHERE
from app.rules.engine import ACTIVITY_RULES, COMPLETION_RULES, ROSTER_RULES, VALIDATION_RULES
from app.rules.judge import judge
from app.rules.reference_lists import medical_schools, practice_area_source, practice_areas
from app.rules.rosters import judge_roster_row
from app.rules.validations import judge_validation

__all__ = [
    "board",
    "boards",
    "medical_schools",
    "practice_area_source",
    "practice_areas",
    "rems_answers",
    "rule",
    "rules",
]
JUDGES = (judge, judge_activity, judge_validation, judge_roster_row)
"""Importing the judges registers their rules."""


def boards(catalogue: Catalogue) -> list[Board]:
    """Return every board, certifying ones first."""
    return sorted(catalogue.boards.values(), key=lambda board: (board.kind, board.code))


def board(catalogue: Catalogue, code: str) -> Board:
    """Return one board by its code or name; raises `NotFound`."""
    found = catalogue.board(code)
    if found is None:
        raise NotFound("There is no such board.")
    return found


def rems_answers() -> dict[str, Answers]:
    """Return the lists of answers for REMS, by what they are answers to."""
    return {
        "types": TYPE_ANSWERS,
        "professions": PROFESSION_ANSWERS,
        "dea_registrations": DEA_ANSWERS,
        "practice_areas": practice_areas(),
        "times_in_practice": TIME_ANSWERS,
    }


def rules() -> dict[str, list[RuleFacts]]:
    """Return every rule by id; a rule of several kinds of records has its own text for each."""
    by_id: dict[str, list[RuleFacts]] = {}
    tables = (COMPLETION_RULES, ACTIVITY_RULES, VALIDATION_RULES, ROSTER_RULES, ENFORCED_ELSEWHERE)
    for facts in chain.from_iterable(table.values() for table in tables):
        by_id.setdefault(facts.id, []).append(facts)
    return dict(sorted(by_id.items()))


def rule(rule_id: str) -> list[RuleFacts]:
    """Return one rule; raises `NotFound`."""
    found = rules().get(rule_id)
    if found is None:
        raise NotFound("There is no such rule.")
    return found
