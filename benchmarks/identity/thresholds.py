"""Precision and recall at a threshold that is chosen on the labels, alike for everybody who is measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from math import inf

LEADS = 24
"""How many leads over the next best are tried beside no lead at all."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """The best person for a query, with a score that is higher for the likelier, and its lead over the next best."""

    query: str
    person: str
    score: float
    lead: float = inf


@dataclass(frozen=True, kw_only=True)
class Quality:
    """How well people are found: of the answers so many right, of the people on file so many found."""

    precision: float
    recall: float
    score: float = -inf
    """The least score that is accepted."""
    lead: float = 0.0
    """The least lead that is accepted."""

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


NOTHING = Quality(precision=1.0, recall=0.0)


def mean_of(qualities: Sequence[Quality]) -> Quality:
    """Return the mean precision and recall of several runs; thresholds are each run's own."""
    return Quality(
        precision=sum(quality.precision for quality in qualities) / len(qualities),
        recall=sum(quality.recall for quality in qualities) / len(qualities),
    )


def quality_of(answers: Mapping[str, str], meant: Mapping[str, str], present: Set[str]) -> Quality:
    """Return the quality of answers (query to person); whoever is not present cannot be found, and is no miss."""
    to_find = sum(1 for person in meant.values() if person in present)
    right = sum(1 for query, person in answers.items() if meant[query] == person)
    return Quality(precision=right / len(answers) if answers else 1.0, recall=right / to_find if to_find else 0.0)


def best_quality(found: Iterable[Found], meant: Mapping[str, str], present: Set[str], precision: float) -> Quality:
    """Return the highest F1 that some score and lead reach at a precision, both chosen on the labels."""
    unique = [one for one in found if one.lead > 0]
    to_find = sum(1 for person in meant.values() if person in present)
    best = NOTHING
    for lead in _leads_tried(unique):
        ranked = sorted(
            ((one.score, meant[one.query] == one.person) for one in unique if one.lead >= lead), reverse=True
        )
        right = 0
        for place, (score, is_right) in enumerate(ranked, 1):
            right += is_right
            if place < len(ranked) and ranked[place][0] == score:
                # Nobody can accept one of two that score alike, and not the other.
                continue
            if right >= precision * place:
                reached = Quality(precision=right / place, recall=right / to_find, score=score, lead=lead)
                best = max(best, reached, key=lambda quality: quality.f1)
    return best


def _leads_tried(found: Sequence[Found]) -> list[float]:
    leads = sorted(one.lead for one in found if one.lead < inf)
    step = max(1, len(leads) // LEADS)
    return [0.0, *sorted(set(leads[step - 1 :: step]))]
