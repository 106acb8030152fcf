"""Decision: who of some physicians is meant, or that nobody can be told. Pure.

The best by weight is judged, not the best of those that pass: somebody who fits better but contradicts stops the next
one. A contradiction beats any score. Birth dates are the same or they contradict: a date that is only near would tell
the true one to who tries, and belongs to somebody else more often than not.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import Any

import msgspec

from app.domain.identity.learners import Learner, WrittenName
from app.domain.identity.matches import Result
from app.matching import weights_v1 as weights
from app.matching.evidence import (
    FieldAgreement,
    NameAgreement,
    NamesCompared,
    Numbers,
    compare_dates,
    compare_names,
)
from app.matching.names import ParsedName, parse_names


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """What was given of somebody, by which candidates are compared."""

    name: ParsedName
    birth_date: str | None
    """MM/DD; None where it was not given."""
    compare_numbers: Callable[[Learner], Numbers]
    """How the identifiers, states and boards that were given compare with a physician."""


class Stop(enum.StrEnum):
    """Why the best candidate is not answered."""

    NUMBER = "number"
    """An identifier that was given is not theirs."""
    BIRTH_DATE = "birth-date"
    """The birth date differs."""
    NO_BIRTH_DATE = "no-birth-date"
    """A birth date was given, and none is on file: only an identifier finds them."""
    SUFFIX = "suffix"
    """Father and son."""
    MIDDLE = "middle"
    """The middle names differ, and no identifier agrees."""
    STATE = "state"
    """They are not licensed in a state that was given."""
    NAMES = "names"
    """First or last name differ."""
    SLIPS = "slips"
    """The names are too far from those on file, all slips together."""
    SCORE = "score"
    """All in all somebody else of the population is as likely."""
    RIVAL = "rival"
    """Somebody else has the names and the date given: who holds the number does not, or only who holds the state.

    Or somebody else may go by the first name that the best one's only resembles, or has the very names typed, and
    another birth date or none on file: the slip may be in the date.
    """
    LEAD = "lead"
    """Another one on file fits nearly as well."""


class Weighed(msgspec.Struct, frozen=True, kw_only=True):
    """A candidate with the evidence for and against them."""

    learner: Learner
    names: NamesCompared
    birth_date: FieldAgreement
    numbers: Numbers
    score: float
    slips: float

    @property
    def by_number(self) -> bool:
        """Whether an identifier agrees."""
        return bool(self.numbers.agree)


class MatchDecision(msgspec.Struct, frozen=True, kw_only=True):
    """Who is meant, and why it is them or nobody."""

    result: Result
    best: Weighed | None = None
    stop: Stop | None = None
    """Why the best is not answered."""
    ranked: tuple[Weighed, ...] = ()
    """The candidates, the best first."""

    @property
    def learner(self) -> Learner | None:
        """The physician who is meant."""
        return self.best.learner if self.best is not None and self.result is Result.ONE else None

    def explain(self, most: int = 5) -> dict[str, Any]:
        """Return what the decision rests on, for the operator: levels, scores and ids, never a value."""
        return {
            "weights": weights.VERSION,
            "population_bits": weights.POPULATION_BITS,
            "result": self.result.value,
            "stopped_by": None if self.stop is None else self.stop.value,
            "candidates": [_explain(weighed) for weighed in self.ranked[:most]],
        }


def _explain(weighed: Weighed) -> dict[str, Any]:
    names, numbers = weighed.names, weighed.numbers
    return {
        "physician_id": weighed.learner.physician_id,
        "surname": names.surname.value,
        "given": names.given.value,
        "swapped": names.swapped,
        "middle": names.middle.value,
        "suffix": names.suffix.value,
        "birth_date": weighed.birth_date.value,
        "state": numbers.state.value,
        "certified": numbers.certified.value,
        "school": numbers.school.value,
        "numbers_agree": list(numbers.agree),
        "numbers_differ": list(numbers.differ),
        "score": round(weighed.score, 2),
        "slips": weighed.slips,
    }


NOBODY = MatchDecision(result=Result.NONE)


def decide(query: Query, candidates: Iterable[Learner], namesakes: Iterable[Learner] = ()) -> MatchDecision:
    """Return who of the candidates is meant: one, several who cannot be told apart, or nobody.

    `namesakes` are others who have the very names typed. None of them is found; they stop who is only near.
    """
    ranked = [weigh(query, learner) for learner in candidates]
    if len(ranked) > 1:
        ranked.sort(key=lambda weighed: (-weighed.score, weighed.learner.physician_id))
    if not ranked:
        return NOBODY
    best, *others = ranked
    stop = stop_of(best)
    if stop is None:
        beside = [weigh(query, learner) for learner in namesakes]
        stop = _stop_by_rival(best, [*others, *beside])
        ranked += beside if stop is not None else []
    if stop is not None:
        return MatchDecision(result=Result.NONE, best=best, stop=stop, ranked=tuple(ranked))
    if others and best.score - others[0].score < weights.LEAST_LEAD:
        return MatchDecision(result=Result.SEVERAL, best=best, stop=Stop.LEAD, ranked=tuple(ranked))
    return MatchDecision(result=Result.ONE, best=best, ranked=tuple(ranked))


def weigh(query: Query, learner: Learner) -> Weighed:
    """Compare a candidate by the name on file that fits best."""
    written = learner.written or [WrittenName(first, last) for last, first in sorted(learner.names)]
    compared = [names for on_file in parse_names(written) for names in compare_names(query.name, on_file)]
    weighed = [(weights.weigh_names(names), -weights.slips_of(names), names) for names in compared]
    bits, slips, names = weighed[0] if len(weighed) == 1 else max(weighed, key=itemgetter(0, 1))
    birth_date = compare_dates(query.birth_date, learner.birth_date)
    numbers = query.compare_numbers(learner)
    score = (
        bits
        + weights.BIRTH_DATE.get(birth_date, 0.0)
        + _weigh_states(numbers)
        + weights.CERTIFIED.get(numbers.certified, 0.0)
        + weights.SCHOOL.get(numbers.school, 0.0)
        + weights.NUMBER * len(numbers.agree)
        - weights.NUMBER * len(numbers.differ)
    )
    slips = -slips
    if birth_date is FieldAgreement.ABSENT:
        slips += weights.SLIP_NO_DATE
    if numbers.state is FieldAgreement.ABSENT and not numbers.agree:
        slips += weights.SLIP_NO_STATE
    return Weighed(learner=learner, names=names, birth_date=birth_date, numbers=numbers, score=score, slips=slips)


def _weigh_states(numbers: Numbers) -> float:
    if numbers.state is FieldAgreement.DIFFERENT:
        return weights.NOT_HELD
    return sum(map(weights.state_bits, numbers.states)) if numbers.state is FieldAgreement.SAME else 0.0


def stop_of(weighed: Weighed) -> Stop | None:
    """Return why a candidate cannot be meant, whatever their score; None if nothing speaks against them."""
    names = weighed.names
    if weighed.numbers.differ:
        return Stop.NUMBER
    if weighed.birth_date is FieldAgreement.DIFFERENT:
        return Stop.BIRTH_DATE
    if names.suffix is FieldAgreement.DIFFERENT:
        return Stop.SUFFIX
    if weighed.numbers.state is FieldAgreement.DIFFERENT:
        return Stop.STATE
    if weighed.numbers.school is FieldAgreement.DIFFERENT:
        return Stop.NUMBER
    stop = _stop_with_number(weighed) if weighed.by_number else _stop_without_number(weighed)
    if stop is not None:
        return stop
    if weighed.slips > (weights.MOST_SLIPS_WITH_NUMBER if weighed.by_number else weights.MOST_SLIPS):
        return Stop.SLIPS
    return Stop.SCORE if weighed.score < weights.LEAST_SCORE else None


def _stop_by_rival(best: Weighed, others: Iterable[Weighed]) -> Stop | None:
    """Return a stop where somebody is found who fits worse by name and date than another: a twin, a namesake."""
    if not best.by_number:
        rivals = (_is_namesake_elsewhere, _goes_by_the_name, _may_be_meant_by_name)
        return Stop.RIVAL if any(is_rival(best, other) for other in others for is_rival in rivals) else None
    born = [other for other in others if other.birth_date is FieldAgreement.SAME]
    return Stop.RIVAL if any(_is_rival(best, other) for other in born) else None


def _has_very_names(names: NamesCompared) -> bool:
    return names.surname is NameAgreement.SAME is names.given and not names.swapped


def _may_be_meant_by_name(best: Weighed, other: Weighed) -> bool:
    """Whether the names typed are another's, whose birth date alone speaks against them, or is not on file.

    Where the best is written otherwise, a slip in the date explains what was typed as well as another in the name. How
    far the dates are apart is not looked at: nothing is told of them.
    """
    if _has_very_names(best.names) or not _has_very_names(other.names):
        return False
    numbers = other.numbers
    against = (other.names.suffix, other.names.middle, numbers.state, numbers.certified, numbers.school)
    if numbers.differ or FieldAgreement.DIFFERENT in against:
        return False
    return other.birth_date in (FieldAgreement.NOT_ON_FILE, FieldAgreement.DIFFERENT)


def _is_namesake_elsewhere(best: Weighed, other: Weighed) -> bool:
    """Whether the names typed and the date are another's, whom the state alone speaks against: it is often mistaken."""
    if _has_very_names(best.names) or not _has_very_names(other.names):
        return False
    against = (other.names.suffix, other.names.middle, other.numbers.school)
    return (
        other.birth_date is FieldAgreement.SAME
        and other.numbers.state is FieldAgreement.DIFFERENT
        and not other.numbers.differ
        and FieldAgreement.DIFFERENT not in against
    )


def _goes_by_the_name(best: Weighed, other: Weighed) -> bool:
    """Whether another may go by the first name typed, a middle name of theirs: that of the best only resembles it."""
    if best.names.given in (NameAgreement.SAME, NameAgreement.MIDDLE) or other.names.given is not NameAgreement.MIDDLE:
        return False
    against = (other.names.suffix, other.numbers.state, other.numbers.school)
    return (
        other.names.surname is NameAgreement.SAME
        and other.birth_date is FieldAgreement.SAME
        and not other.numbers.differ
        and FieldAgreement.DIFFERENT not in against
    )


def _is_rival(best: Weighed, other: Weighed) -> bool:
    """Whether somebody born on the date given may be meant rather than who holds the number."""
    if best.birth_date is not FieldAgreement.SAME or best.names.surname in _OTHER_NAME:
        return _has_names(other)
    if FieldAgreement.DIFFERENT in (other.numbers.state, other.names.suffix, other.names.middle):
        # Without the number, too, it would not be them.
        return False
    if best.names.given in _OTHER_NAME:
        # Of twins neither is told by a first name that is neither's.
        return other.names.surname not in _OTHER_NAME
    alike = other.names.surname in (NameAgreement.SAME, best.names.surname)
    return alike and other.names.given is NameAgreement.SAME is not best.names.given


def _has_names(weighed: Weighed) -> bool:
    return weighed.names.surname not in _OTHER_NAME and weighed.names.given not in _OTHER_NAME


_OTHER_NAME = (NameAgreement.DIFFERENT, NameAgreement.ABSENT)
_SMALL_SLIPS = frozenset((NameAgreement.SAME, NameAgreement.PART, NameAgreement.NICKNAME))


def _stop_without_number(weighed: Weighed) -> Stop | None:
    names = weighed.names
    if weighed.birth_date is FieldAgreement.NOT_ON_FILE:
        return Stop.NO_BIRTH_DATE
    if names.middle is FieldAgreement.DIFFERENT:
        return Stop.MIDDLE
    if names.given in _OTHER_NAME:
        return Stop.NAMES
    if names.given in (NameAgreement.NEAR, NameAgreement.FAR) and weights.is_other_given_name(names.typed_given):
        return Stop.NAMES
    agrees = weighed.birth_date is FieldAgreement.SAME and weighed.numbers.state is FieldAgreement.SAME
    if names.surname in _OTHER_NAME and (names.swapped or names.given is not NameAgreement.SAME or not agrees):
        return Stop.NAMES
    return None


def _stop_with_number(weighed: Weighed) -> Stop | None:
    names = weighed.names
    if names.surname in _OTHER_NAME and names.given in _OTHER_NAME:
        return Stop.NAMES
    if weighed.birth_date is FieldAgreement.NOT_ON_FILE and not {names.surname, names.given} <= _SMALL_SLIPS:
        return Stop.NO_BIRTH_DATE
    if weighed.birth_date is FieldAgreement.ABSENT and not _has_names(weighed):
        return Stop.NAMES
    return None
