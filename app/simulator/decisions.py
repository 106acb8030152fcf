"""How a simulated board decides: by a roster of learners whom it knows otherwise, and by the credits that it holds."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.core.errors import OperatorFault
from app.simulator.view import BoardDecision, HeldCredit, View

ROSTER = Path(__file__).parent / "rosters.toml"
_ENTRY_KEYS = {"id", "first_name", "last_name", "date_of_birth"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterEntry:
    """A board's own facts about a learner whom providers report by an id; None where it agrees with them."""

    nobody: bool
    """Whether the board has nobody under the id."""
    id: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    date_of_birth: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """The learners whom one board knows otherwise than reported, by id; it knows everybody else as reported."""

    learners: dict[str, RosterEntry]
    most_a_year: float | None = None
    """Most credits of one learner in a calendar year; None without a limit."""


def load_roster(code: str, path: Path = ROSTER) -> Roster:
    """Read the roster of a board; empty for one that the file does not name. Raises `OperatorFault`."""
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8")).get(code, {})
    except OSError as error:
        raise OperatorFault(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise OperatorFault(f"{path} is not TOML in UTF-8: {error}.") from error
    _refuse_unknown_keys(given, {"most_a_year", "learners"}, path)
    learners = {}
    for line in given.get("learners", []):
        _refuse_unknown_keys(line, {"told", "as"}, path)
        _refuse_unknown_keys(line.get("as", {}), _ENTRY_KEYS, path)
        if "told" not in line:
            raise OperatorFault(f"{path}: a learner lacks `told`, the id that providers report")
        learners[line["told"]] = RosterEntry(nobody="as" not in line, **line.get("as", {}))
    return Roster(learners=learners, most_a_year=given.get("most_a_year"))


def _refuse_unknown_keys(given: dict[str, Any], known: set[str], path: Path) -> None:
    unknown = sorted(given.keys() - known)
    if unknown:
        raise OperatorFault(f"{path}: {unknown[0]} is not a key of a roster")


def decide_all(view: View, roster: Roster) -> int:
    """Decide on every undecided credit of a view, in order; return how many there were."""
    undecided = list(view.undecided())
    if not undecided:
        return 0
    by_learner: defaultdict[tuple[str | None, ...], set[str]] = defaultdict(set)
    for credit in view.held.values():
        by_learner[credit.learner].add(credit.credit_id)
    for credit in undecided:
        of_learner = [view.held[credit_id] for credit_id in by_learner[credit.learner]]
        view.decide(credit.credit_id, decide(credit, of_learner, roster))
    return len(undecided)


def decide(credit: HeldCredit, of_learner: list[HeldCredit], roster: Roster) -> BoardDecision:
    """Decide on one credit, given all credits that the board holds of the learner."""
    others = [other for other in of_learner if other.credit_id != credit.credit_id and not other.refused]
    fault = (
        _identity(credit, roster.learners.get(credit.learner_board_id or ""))
        or _duplicate(credit, others)
        or _over_limit(credit, others, roster.most_a_year)
    )
    if fault is None:
        return BoardDecision(accepted=True)
    return BoardDecision(accepted=False, reason_code=fault[0], reason=fault[1])


def _identity(credit: HeldCredit, known: RosterEntry | None) -> tuple[str, str] | None:
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


def _differs(known: str | None, reported: str | None) -> bool:
    return known is not None and reported is not None and known.casefold() != reported.casefold()


def _duplicate(credit: HeldCredit, others: list[HeldCredit]) -> tuple[str, str] | None:
    same = (credit.activity_id, credit.completed_on)
    if any((other.activity_id, other.completed_on) == same and other.first < credit.first for other in others):
        return "duplicate", "The learner has credit for this activity on this day."
    return None


def _over_limit(credit: HeldCredit, others: list[HeldCredit], most: float | None) -> tuple[str, str] | None:
    if most is None:
        return None
    year = credit.completed_on[:4]
    counted = sum(other.credits for other in others if other.decided is not None and other.completed_on[:4] == year)
    if counted + credit.credits > most:
        return "over-limit", f"No more than {most:g} credits a year count."
    return None
