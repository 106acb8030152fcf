"""Where a record belongs among what stands already: created, joined, or unchanged.

Only the matched learner counts, never how names, ids, sender or reference were written. A target
that stands with the same amounts is unchanged; one that is not there yet joins the first occasion
of the day without it; one that stands with other amounts opens the next occasion.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

import msgspec

from app.domain.credits import CME, Completion, Credit, CreditKind, Gone, Outcome, held_quarters
from app.domain.learners import Holding
from app.domain.reports import RemsPart


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One credit that a record asks for."""

    pointer: str
    kind: CreditKind
    board: str
    quarters: float
    credit_types: tuple[tuple[str, float], ...]
    client_references: tuple[str, ...]
    """The sender's own keys, of the record, of this part of it, and of its types."""
    number_reported: str | None
    holding: Holding
    once_per_day: bool

    @property
    def ledger(self) -> str:
        """What the amount counts against."""
        return CME if self.kind is CreditKind.CME else self.board

    def equals(self, credit: Credit) -> bool:
        """Tell whether a credit that stands has the same amount and types."""
        return self.quarters == credit.quarters and sorted(self.credit_types) == sorted(credit.credit_types)


@dataclass(slots=True)
class Standing:
    """The completions of one learner in one activity that have not been withdrawn."""

    completions: list[Completion] = field(default_factory=list)
    gone: set[Gone] = field(default_factory=set)
    """What was withdrawn, as far as a delete asks for it."""

    def on(self, day: date) -> list[Completion]:
        """Return the completions of a day, by occasion."""
        return sorted((each for each in self.completions if each.completed_on == day), key=lambda c: c.occasion)

    def held(self, target: str) -> int:
        """Return the quarters that count against a target over all days."""
        return sum([held_quarters(each.credits).get(target, 0) for each in self.completions])

    def without(self, completion_id: str) -> Standing:
        """Return what stands beside one completion."""
        return Standing([each for each in self.completions if each.completion_id != completion_id], self.gone)

    def put(self, completion: Completion) -> None:
        """Let a completion stand in place of its earlier version; one that is withdrawn stands no more."""
        self.completions = [each for each in self.completions if each.completion_id != completion.completion_id]
        if completion.withdrawn_at is None:
            self.completions.append(completion)


class Clash(msgspec.Struct, frozen=True, kw_only=True):
    """A target that stands already on that day with other amounts."""

    target: Target
    credit: Credit


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """Where a record goes, and what stands in its way."""

    targets: tuple[Target, ...]
    unchanged: tuple[Target, ...]
    fresh: tuple[Target, ...]
    rems_fresh: bool
    """Whether the record's risk-mitigation part is not there yet."""
    onto: Completion | None
    """The completion that the fresh targets join; None opens a new one."""
    occasion: int
    reused: tuple[Clash, ...]
    """Targets whose client reference already stands on the same target with other amounts."""
    same_day: tuple[Clash, ...]
    """Fresh targets of which another record of the day stands."""
    corrects: Completion | None = None
    """The completion that is corrected in place; nothing of it stands in its own way."""
    kept: tuple[Credit, ...] = ()
    """What an update leaves as it is: the credit that it does not name."""
    occasion_taken: bool = False
    """Whether a correction names the occasion of another completion."""
    rems_same_day: bool
    """Whether other risk-mitigation data of the day stands, so that this opens an occasion of its own."""
    over: tuple[tuple[Target, int, int], ...]
    """Fresh targets with what the learner holds of them already, and what that would become."""

    @property
    def beside(self) -> Sequence[Credit]:
        """Credit that holds in the completion beside what the record asks for."""
        return [each for each in (self.onto.credits if self.onto else self.kept) if each.holds]

    @property
    def outcome(self) -> Outcome:
        """What becomes of the record if no rule refuses it."""
        if self.corrects is not None:
            return Outcome.UPDATED
        if not self.fresh and not self.rems_fresh:
            return Outcome.UNCHANGED
        return Outcome.JOINED if self.onto is not None else Outcome.CREATED


def place(
    targets: Sequence[Target], rems: RemsPart | None, day: date, occasion: int | None, standing: Standing
) -> Placement:
    """Find the place of a record's targets among the learner's completions of the activity."""
    that_day = standing.on(day)
    if not that_day:
        return _first_of_day(targets, rems, occasion, standing)
    considered = [each for each in that_day if occasion is None or each.occasion == occasion]
    unchanged: list[Target] = []
    fresh: list[Target] = []
    reused: list[Clash] = []
    for target in targets:
        held = [credit for each in considered if (credit := each.holding(target.board)) is not None]
        if any(target.equals(credit) for credit in held):
            unchanged.append(target)
            continue
        fresh.append(target)
        reused.extend(
            Clash(target=target, credit=credit)
            for credit in held
            if occasion is not None or not set(target.client_references).isdisjoint(credit.client_references)
        )
    rems_fresh = rems is not None and all(each.rems != rems for each in considered)
    onto = next(
        (
            each
            for each in considered
            if not any(each.holding(target.board) for target in fresh) and not (rems_fresh and each.rems is not None)
        ),
        None,
    )
    if not fresh and not rems_fresh:
        # What stands is shown with the answer: the completion that has it all, or the first that has some of it.
        onto = max(considered, key=lambda each: sum(_stands(target, each) for target in targets), default=None)
    return Placement(
        targets=tuple(targets),
        unchanged=tuple(unchanged),
        fresh=tuple(fresh),
        rems_fresh=rems_fresh,
        onto=onto,
        occasion=onto.occasion if onto else occasion or max(each.occasion for each in that_day) + 1,
        reused=tuple(reused),
        same_day=tuple(_clashes(fresh, that_day)),
        rems_same_day=rems_fresh and onto is None and any(each.rems is not None for each in that_day),
        over=tuple(_totals(fresh, onto, standing)),
    )


def _first_of_day(
    targets: Sequence[Target], rems: RemsPart | None, occasion: int | None, standing: Standing
) -> Placement:
    """Return the place of a record where nothing stands on its day, as it is with most: all of it is new."""
    return Placement(
        targets=tuple(targets),
        unchanged=(),
        fresh=tuple(targets),
        rems_fresh=rems is not None,
        onto=None,
        occasion=occasion or 1,
        reused=(),
        same_day=(),
        rems_same_day=False,
        over=tuple(_totals(targets, None, standing)),
    )


def place_correction(
    targets: Sequence[Target],
    rems: RemsPart | None,
    day: date,
    occasion: int | None,
    others: Standing,
    corrected: Completion,
    *,
    stays: bool,
    partly: bool = False,
) -> Placement:
    """Find the place of a correction among the learner's other completions of the activity.

    `stays` tells that learner, activity and day remain: then the occasion does too, unless another is given. Otherwise
    the correction takes the next occasion of its new day. `partly` tells that what it does not name stays.
    """
    named = {target.board for target in targets}
    that_day = others.on(day)
    kept = corrected.occasion if stays else None
    return Placement(
        targets=tuple(targets),
        unchanged=(),
        fresh=tuple(targets),
        rems_fresh=False,
        onto=None,
        occasion=occasion or kept or max((each.occasion for each in that_day), default=0) + 1,
        reused=(),
        same_day=tuple(_clashes(targets, that_day)),
        corrects=corrected,
        kept=tuple(each for each in corrected.credits if each.board not in named) if partly else (),
        occasion_taken=any(each.occasion == occasion for each in that_day),
        rems_same_day=rems is not None and any(each.rems is not None for each in that_day),
        over=tuple(_totals(targets, None, others)),
    )


def _clashes(targets: Sequence[Target], that_day: Sequence[Completion]) -> Iterator[Clash]:
    for target in targets:
        for each in that_day:
            credit = each.holding(target.board)
            if credit is not None:
                yield Clash(target=target, credit=credit)


def _stands(target: Target, completion: Completion) -> bool:
    credit = completion.holding(target.board)
    return credit is not None and target.equals(credit)


def _totals(fresh: Sequence[Target], onto: Completion | None, standing: Standing) -> list[tuple[Target, int, int]]:
    """Return, for the largest fresh target of each ledger, what is held and what would be held."""
    largest: dict[str, Target] = {}
    for target in fresh:
        if target.ledger not in largest or target.quarters > largest[target.ledger].quarters:
            largest[target.ledger] = target
    held_there = held_quarters(onto.credits) if onto else {}
    totals: list[tuple[Target, int, int]] = []
    for ledger, target in largest.items():
        held = standing.held(ledger)
        growth = max(0, target.quarters - held_there.get(ledger, 0))
        totals.append((target, held, held + int(-(-growth // 1))))
    return totals
