"""How a simulated board decides: by a list of those whom it does not know as told, and by what it was told before."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.core.errors import OperatorFault
from app.simulator.view import Decided, Held, View

ROSTER = Path(__file__).parent / "rosters.toml"
_AS = {"id", "first_name", "last_name", "date_of_birth"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """How a board knows the learner whom others call by a number; None where it agrees, or does not care."""

    nobody: bool
    id: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    date_of_birth: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """Whom one board knows otherwise than told, by number; everybody else it knows as told."""

    learners: dict[str, Known]
    most_a_year: float | None = None
    """Credits of one learner in a calendar year, None without a limit."""


def roster_of(code: str, path: Path = ROSTER) -> Roster:
    """Read whom a board knows; raises `OperatorFault`. A board that is not named knows everybody as told."""
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8")).get(code, {})
    except (OSError, ValueError) as error:
        raise OperatorFault(f"{path}: {error}") from error
    _only(given, {"most_a_year", "learners"}, path)
    learners = {}
    for each in given.get("learners", []):
        _only(each, {"told", "as"}, path)
        _only(each.get("as", {}), _AS, path)
        learners[each["told"]] = Known(nobody="as" not in each, **each.get("as", {}))
    return Roster(learners=learners, most_a_year=given.get("most_a_year"))


def _only(given: dict[str, Any], known: set[str], path: Path) -> None:
    unknown = sorted(given.keys() - known)
    if unknown:
        raise OperatorFault(f"{path}: {unknown[0]} is not known there")


def decide_all(view: View, roster: Roster) -> int:
    """Decide on every credit of a view on which nothing is decided, in order; return how many it was."""
    undecided = list(view.undecided())
    if not undecided:
        return 0
    beside: defaultdict[tuple[str | None, ...], set[str]] = defaultdict(set)
    for each in view.held.values():
        beside[each.learner].add(each.credit_id)
    for each in undecided:
        view.decide(each.credit_id, decide(each, [view.held[other] for other in beside[each.learner]], roster))
    return len(undecided)


def decide(credit: Held, of_learner: list[Held], roster: Roster) -> Decided:
    """Decide on one credit, beside all that the board holds of the learner."""
    others = [each for each in of_learner if each.credit_id != credit.credit_id and not each.refused]
    fault = (
        _identity(credit, roster.learners.get(credit.learner_board_id or ""))
        or _duplicate(credit, others)
        or _beyond(credit, others, roster.most_a_year)
    )
    if fault is None:
        return Decided(accepted=True)
    return Decided(accepted=False, reason_code=fault[0], reason=fault[1])


def _identity(credit: Held, known: Known | None) -> tuple[str, str] | None:
    if known is None:
        return None
    if known.nobody:
        return "id-unknown", "Nobody is known by this id."
    if known.id is not None and known.id != credit.learner_board_id:
        return "id-unknown", "The learner is known by another id."
    if _differs(known.first_name, credit.first_name) or _differs(known.last_name, credit.last_name):
        return "name-differs", "The id is known under another name."
    if _differs(known.date_of_birth, credit.date_of_birth):
        return "birth-date-differs", "The id is known with another birth date."
    return None


def _differs(known: str | None, told: str | None) -> bool:
    return known is not None and told is not None and known.casefold() != told.casefold()


def _duplicate(credit: Held, others: list[Held]) -> tuple[str, str] | None:
    same = (credit.activity_id, credit.completed_on)
    if any((each.activity_id, each.completed_on) == same and each.first < credit.first for each in others):
        return "duplicate", "The learner has credit for this activity on this day."
    return None


def _beyond(credit: Held, others: list[Held], most: float | None) -> tuple[str, str] | None:
    if most is None:
        return None
    year = credit.completed_on[:4]
    counted = sum(each.credits for each in others if each.decided is not None and each.completed_on[:4] == year)
    if counted + credit.credits > most:
        return "over-limit", f"No more than {most:g} credits of a year count."
    return None
