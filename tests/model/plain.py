"""What stands after what was done, as the documentation says it, kept in lists: it imports nothing of the service.

One learner, activity and day has completions by occasion; each has at most one credit for Tennessee and one for ABA.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field

CME, ABA = "TN-M", "ABA"
HOLDS = ("pending", "accepted")


@dataclass(frozen=True, kw_only=True)
class Told:
    """A record as it is told, in any format; a part without an amount is left out."""

    person: str
    activity: str
    day: str
    credits: float | None = None
    points: float | None = None

    @property
    def place(self) -> tuple[str, str, str]:
        """The learner, the activity and the day."""
        return self.person, self.activity, self.day

    @property
    def amounts(self) -> dict[str, float]:
        """The amounts by board."""
        given = {CME: self.credits, ABA: self.points}
        return {board: amount for board, amount in given.items() if amount is not None}


@dataclass
class PlainCredit:
    """Credit for one board."""

    amount: float
    status: str = "pending"

    @property
    def holds(self) -> bool:
        return self.status in HOLDS


@dataclass
class PlainCompletion:
    """What one learner did in one activity on one day, on one occasion."""

    told: Told
    occasion: int
    credits: dict[str, PlainCredit]

    def holding(self, board: str) -> float | None:
        """The amount that stands for a board; None where none does."""
        credit = self.credits.get(board)
        return credit.amount if credit is not None and credit.holds else None


@dataclass
class World:
    """Activities with their maxima by board, the people on file, and every completion that stands, by its name."""

    maxima: dict[str, dict[str, float]] = field(default_factory=dict)
    people: set[str] = field(default_factory=set)
    completions: dict[str, PlainCompletion] = field(default_factory=dict)
    made: int = 0

    def copy(self) -> World:
        """Return the world as it stands now."""
        return deepcopy(self)

    def standing(self) -> dict[tuple[str, str, str, int], dict[str, tuple[float, str]]]:
        """Return what holds: amounts and statuses by board, of each learner, activity, day and occasion."""
        return {
            (*one.told.place, one.occasion): {
                board: (credit.amount, credit.status) for board, credit in one.credits.items() if credit.holds
            }
            for one in self.completions.values()
        }

    def on(self, told: Told, besides: str | None = None) -> list[PlainCompletion]:
        """Return what stands of a record's learner in its activity on its day, by occasion."""
        found = [one for one in self._others(told, besides) if one.told.day == told.day]
        return sorted(found, key=lambda one: one.occasion)

    def report(self, told: Told) -> str:
        """Report a record; return its outcome."""
        if not self._is_sound(told):
            return "rejected"
        that_day = self.on(told)
        fresh = {
            board: amount
            for board, amount in told.amounts.items()
            if all(one.holding(board) != amount for one in that_day)
        }
        if ABA in fresh and any(one.holding(ABA) is not None for one in that_day):
            return "rejected"
        if not self._has_room(fresh, told):
            return "rejected"
        if not fresh:
            return "unchanged"
        free = [one for one in that_day if all(one.holding(board) is None for board in fresh)]
        made = {board: PlainCredit(amount) for board, amount in fresh.items()}
        if free:
            free[0].credits |= made
            return "joined"
        self._add(PlainCompletion(told, max([0, *(one.occasion for one in that_day)]) + 1, made))
        return "added"

    def correct(self, name: str, told: Told) -> bool:
        """Put a record in the place of a completion; return whether it was accepted."""
        own = self.completions[name]
        if not self._is_sound(told):
            return False
        stays = own.told.place == told.place
        that_day = self.on(told, besides=name)
        for board, amount in told.amounts.items():
            beside = [one.holding(board) for one in that_day]
            if board == ABA and any(held is not None for held in beside):
                return False
            if amount in beside and not (stays and own.holding(board) == amount):
                return False
        if not self._has_room(told.amounts, told, besides=name):
            return False
        moved = (own.told.activity, own.told.day) != (told.activity, told.day)
        credits: dict[str, PlainCredit] = {}
        for board, amount in told.amounts.items():
            held = own.credits.get(board) if own.told.person == told.person else None
            kept = held is not None and held.amount == amount and held.status == "accepted" and not moved
            credits[board] = PlainCredit(amount, "accepted" if kept else "pending")
        occasion = own.occasion if stays else max([0, *(one.occasion for one in that_day)]) + 1
        self.completions[name] = PlainCompletion(told, occasion, credits)
        return True

    def withdraw(self, name: str) -> None:
        """Withdraw a completion."""
        del self.completions[name]

    def decide(self, name: str, board: str, status: str) -> None:
        """Let a board decide on credit that waits for it."""
        self.completions[name].credits[board].status = status

    def row_delete(self, told: Told) -> str:
        """Withdraw what a row names in the one completion of its day; without amounts, all of it."""
        (name,) = self.names_on(told)
        one = self.completions[name]
        for board in told.amounts or dict(one.credits):
            one.credits.pop(board)
        if not one.credits:
            self.withdraw(name)
        return "deleted"

    def row_update(self, told: Told) -> str:
        """Replace the amounts that a row names in the one completion of its day."""
        (name,) = self.names_on(told)
        one = self.completions[name]
        if not self._is_sound(told) or not self._has_room(told.amounts, told, besides=name):
            return "rejected"
        if all(one.holding(board) == amount for board, amount in told.amounts.items()):
            return "unchanged"
        for board, amount in told.amounts.items():
            if one.holding(board) != amount:
                one.credits[board] = PlainCredit(amount)
        return "updated"

    def names_on(self, told: Told) -> list[str]:
        """Return the names of the completions of a record's learner, activity and day."""
        return [name for name, one in self.completions.items() if one.told.place == told.place]

    def _add(self, one: PlainCompletion) -> None:
        self.made += 1
        self.completions[f"completion {self.made}"] = one

    def _others(self, told: Told, besides: str | None) -> Iterator[PlainCompletion]:
        for name, one in self.completions.items():
            if name != besides and one.told.place[:2] == told.place[:2]:
                yield one

    def _is_sound(self, told: Told) -> bool:
        """Whether a record names somebody on file and an activity, and no amount above its maximum."""
        maxima = self.maxima.get(told.activity)
        if maxima is None or told.person not in self.people:
            return False
        return all(0 < amount <= maxima[board] for board, amount in told.amounts.items())

    def _has_room(self, amounts: Mapping[str, float], told: Told, besides: str | None = None) -> bool:
        """Whether all credit of a learner in an activity stays within its maximum."""
        others = list(self._others(told, besides))
        return all(
            amount + sum(one.holding(board) or 0 for one in others) <= self.maxima[told.activity][board]
            for board, amount in amounts.items()
        )
