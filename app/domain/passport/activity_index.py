"""The listed activities in memory: found by words and facets, counted by value, walked in every order.

An activity has a slot. One that changes leaves its slot and takes the next: values are only ever added, and what was
left is left out by the set of slots that are in use. Whoever keeps the index makes it anew once it has `waste`.

Two threads must not use one index at once.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from functools import reduce
from itertools import islice
from operator import and_

import msgspec

from app.domain.amounts import in_quarters
from app.domain.catalogue import Catalogue
from app.domain.passport.columns import FacetColumn, Key, OrderColumn, Registrations, in_order
from app.domain.passport.listing import all_words, board_points, facet_values, title_words
from app.domain.passport.search import (
    ActivitySearch,
    CountedValue,
    FoundActivities,
    PassportFacet,
    PassportOrder,
    Place,
    PublicActivity,
)
from app.domain.passport.slots import Bitmap, Chosen, NumberColumn
from app.domain.passport.words import WordIndex

_WASTED = 1_000
"""Slots that may be out of use however few are in use."""
_REGISTERED = "one registration"
"""Board, credit type and points: one condition, whose name is no filter's."""


class _Run(msgspec.Struct, frozen=True):
    """A part of an order: a set of slots, walked along a column."""

    bits: int
    column: OrderColumn
    down: bool = False


class ActivityIndex:
    """The listed activities, as far as they are searched."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._slot_of: dict[str, int] = {}
        self._ids: list[str] = []
        self._titles: list[str] = []
        self._versions: array[int] = array("q")
        self._days: tuple[array[int], array[int]] = (array("i"), array("i"))
        self._quarters: array[int] = array("q")
        self._in_use = Bitmap()
        self._unordered: list[int] = []
        self._starts, self._ends, self._credits = NumberColumn(), NumberColumn(), NumberColumn()
        # Credit types are those of registrations; their column stays empty.
        self._facets = {facet: FacetColumn(facet) for facet in PassportFacet}
        self._registrations = Registrations()
        self._words, self._title_words = WordIndex(), WordIndex()
        starts, ends = self._days
        self._by_start = OrderColumn(lambda slot: (starts[slot], ends[slot], self._ids[slot]))
        self._by_end = OrderColumn(lambda slot: (ends[slot], starts[slot], self._ids[slot]))
        self._by_title = OrderColumn(lambda slot: (self._titles[slot], self._ids[slot]))
        self._by_credits = OrderColumn(lambda slot: (self._quarters[slot], self._ids[slot]))

    def __len__(self) -> int:
        return len(self._slot_of)

    @property
    def has_waste(self) -> bool:
        """Whether so many slots are out of use that the index is better made anew."""
        wasted = len(self._ids) - len(self._slot_of)
        return wasted > _WASTED and wasted > len(self._slot_of) // 4

    @property
    def sum_of_versions(self) -> int:
        """The versions of all activities added up, to be compared with what is stored."""
        return sum(self._versions[slot] for slot in self._slot_of.values())

    def version_of(self, activity_id: str) -> int | None:
        """Return the version in which an activity is known; None for one that is not listed."""
        slot = self._slot_of.get(activity_id)
        return None if slot is None else self._versions[slot]

    def remove(self, activity_id: str) -> None:
        """Leave an activity out from now on."""
        slot = self._slot_of.pop(activity_id, None)
        if slot is not None:
            self._in_use.discard(slot)

    def put(self, listed: PublicActivity) -> None:
        """Add an activity, in place of what was known of it."""
        activity = listed.activity
        assert isinstance(activity.start_date, date)
        assert isinstance(activity.end_date, date)
        self.remove(activity.activity_id)
        slot = len(self._ids)
        self._ids.append(activity.activity_id)
        title = title_words(listed)
        self._titles.append(" ".join(title))
        self._versions.append(listed.version)
        quarters = round(in_quarters(activity.ama_pra_credits or 0))
        self._quarters.append(quarters)
        for days, column, day in zip(
            self._days, (self._starts, self._ends), (activity.start_date, activity.end_date), strict=True
        ):
            days.append(day.toordinal())
            column.add(slot, day.toordinal())
        self._credits.add(slot, quarters)
        for facet, named in facet_values(listed, self._catalogue).items():
            self._facets[facet].add(slot, named)
        self._registrations.add(slot, board_points(activity, self._catalogue))
        self._title_words.add(slot, title)
        self._words.add(slot, all_words(listed))
        self._in_use.add(slot)
        self._slot_of[activity.activity_id] = slot
        self._unordered.append(slot)

    def order(self) -> None:
        """Put what was added into its orders; a search does it too, and takes longer then."""
        slots, self._unordered = self._unordered, []
        for column in (self._by_start, self._by_end, self._by_title, self._by_credits):
            column.add(slots)

    def search(
        self,
        asked: ActivitySearch,
        today: date,
        *,
        after: Place | None = None,
        skip: int = 0,
        limit: int,
        faceted: bool = False,
    ) -> FoundActivities:
        """Return the activities that fit, after a place of the order or a number of them, with their total."""
        self.order()
        conditions = self._conditions(asked, today)
        fitting = reduce(and_, conditions.values(), self._in_use.bits())
        runs = self._runs(asked, fitting, today)
        found = list(islice(self._walk(runs, after), skip, skip + limit))
        return FoundActivities(
            total=fitting.bit_count(),
            places=[(place, self._ids[slot]) for place, slot in found],
            facets=self._count(asked, conditions) if faceted else None,
            left_without={} if fitting else self._left_without(asked, conditions),
        )

    def _conditions(self, asked: ActivitySearch, today: date) -> dict[str, int]:
        """Return the slots that fit each condition, by its filter's name."""
        within = self._in_use.bits()
        found = {
            facet.value: self._facets[facet].having(keys)
            for facet, keys in asked.chosen.items()
            if facet is not PassportFacet.BOARD
        }
        if asked.words:
            found["q"] = reduce(and_, map(self._words.having, asked.words), within)
        if any(self._asked_of_registration(asked).values()):
            found[_REGISTERED] = self._registered(asked, within)
        if asked.credits_from is not None or asked.credits_to is not None:
            found["credits"] = within
        if asked.credits_from is not None:
            found["credits"] = self._credits.at_least(asked.credits_from, found["credits"])
        if asked.credits_to is not None:
            found["credits"] = self._credits.below(asked.credits_to + 1, found["credits"])
        if not asked.past:
            found["past"] = self._ends.at_least(today.toordinal(), within)
        if asked.on_or_after is not None or asked.on_or_before is not None:
            found["dates"] = within
        if asked.on_or_after is not None:
            found["dates"] = self._ends.at_least(asked.on_or_after.toordinal(), found["dates"])
        if asked.on_or_before is not None:
            found["dates"] = self._starts.below(asked.on_or_before.toordinal() + 1, found["dates"])
        return found

    @staticmethod
    def _asked_of_registration(asked: ActivitySearch) -> dict[str, bool]:
        return {
            "board": PassportFacet.BOARD in asked.chosen,
            "credit_type": asked.credit_types is not None,
            "moc_points": asked.points_from is not None or asked.points_to is not None,
        }

    def _registered(self, asked: ActivitySearch, within: int, without: str = "") -> int:
        """Return the slots of a set with a registration that fits, one of the three filters left out."""
        points = (asked.points_from, asked.points_to) if without != "moc_points" else (None, None)
        boards = asked.chosen.get(PassportFacet.BOARD) if without != "board" else None
        types = asked.credit_types if without != "credit_type" else None
        if boards is None and types is None and points == (None, None):
            return within
        return self._registrations.having(boards, types, *points, within)

    def _without(self, conditions: Mapping[str, int], name: str) -> int:
        """Return the slots that fit all conditions but one."""
        others = [bits for known, bits in conditions.items() if known != name]
        return reduce(and_, others, self._in_use.bits())

    def _left_without(self, asked: ActivitySearch, conditions: Mapping[str, int]) -> dict[str, int]:
        left = {name: self._without(conditions, name).bit_count() for name in conditions if name != _REGISTERED}
        of_registration = self._asked_of_registration(asked)
        if any(of_registration.values()):
            rest = self._without(conditions, _REGISTERED)
            left |= {
                name: self._registered(asked, rest, name).bit_count() for name, on in of_registration.items() if on
            }
        return left

    def _count(
        self, asked: ActivitySearch, conditions: Mapping[str, int]
    ) -> dict[PassportFacet, Sequence[CountedValue]]:
        """Count each value of each facet beside all other filters."""
        slots = len(self._ids)
        all_fit = Chosen(self._without(conditions, ""), slots)
        counted: dict[PassportFacet, Sequence[CountedValue]] = {}
        for facet in PassportFacet:
            keys = asked.chosen.get(facet, frozenset())
            if facet is PassportFacet.CREDIT_TYPE:
                counted[facet] = self._count_types(asked, self._without(conditions, _REGISTERED))
            elif facet is PassportFacet.BOARD and _REGISTERED in conditions:
                counted[facet] = self._count_boards(asked, self._without(conditions, _REGISTERED))
            else:
                chosen = Chosen(self._without(conditions, facet.value), slots) if keys else all_fit
                counted[facet] = self._facets[facet].count(chosen, keys)
        return counted

    def _count_boards(self, asked: ActivitySearch, rest: int) -> list[CountedValue]:
        points = asked.points_from, asked.points_to
        fitting = {
            code: self._registrations.having([code], asked.credit_types, *points, rest)
            for code in self._registrations.boards
        }
        named = self._facets[PassportFacet.BOARD].count(Chosen(rest, len(self._ids)), fitting.keys())
        wanted = asked.chosen.get(PassportFacet.BOARD, frozenset())
        counts = [
            msgspec.structs.replace(known, count=fitting[known.value].bit_count())
            for known in named
            if known.value in fitting
        ]
        absent = [CountedValue(code, code, 0) for code in wanted if code not in fitting]
        return in_order([known for known in counts if known.count or known.value in wanted] + absent)

    def _count_types(self, asked: ActivitySearch, rest: int) -> list[CountedValue]:
        boards, wanted = asked.chosen.get(PassportFacet.BOARD), {key for _, key in asked.credit_types or ()}
        found: list[CountedValue] = []
        for key in self._registrations.types(wanted):
            fitting = self._registrations.having(boards, [("", key)], asked.points_from, asked.points_to, rest)
            if fitting or key in wanted:
                name = self._registrations.type_name(key)
                found.append(CountedValue(name, name, fitting.bit_count()))
        return in_order(found)

    def _runs(self, asked: ActivitySearch, fitting: int, today: date) -> list[_Run]:
        """Return the parts of an order, those of nobody as well: a place names its part by number."""
        match asked.order:
            case PassportOrder.SOONEST:
                return self._soonest(fitting, today)
            case PassportOrder.FIT:
                return [run for bits in self._by_fit(asked.words, fitting) for run in self._soonest(bits, today)]
        columns = {
            "title": self._by_title, "start_date": self._by_start, "end_date": self._by_end,
            "credits": self._by_credits,
        }  # fmt: skip
        return [_Run(fitting, columns[asked.order.removeprefix("-")], asked.order.startswith("-"))]

    def _soonest(self, fitting: int, today: date) -> list[_Run]:
        past = self._ends.below(today.toordinal(), fitting)
        to_come = self._starts.at_least(today.toordinal() + 1, fitting)
        return [
            _Run(fitting ^ past ^ to_come, self._by_end),
            _Run(to_come, self._by_start),
            _Run(past, self._by_end, down=True),
        ]

    def _by_fit(self, words: Collection[str], fitting: int) -> list[int]:
        """Return the slots of a set by how many of the words are in their title, the most first."""
        levels = [fitting]
        for word in words:
            having = self._title_words.having(word)
            # A slot that has the word rises by one level.
            levels = [
                (lower & having) | (same ^ (same & having))
                for lower, same in zip([0, *levels], [*levels, 0], strict=True)
            ]
        return levels[::-1]

    def _walk(self, runs: Sequence[_Run], after: Place | None) -> Iterator[tuple[Place, int]]:
        """Yield the slots of an order with their places, after a place."""
        first, key = (0, None) if after is None else (after[0], tuple(after[1:]))
        for number, run in enumerate(runs):
            if number < first or not run.bits:
                continue
            chosen = Chosen(run.bits, len(self._ids))
            start: Key | None = key if number == first else None
            for slot in run.column.walk(chosen, start, down=run.down):
                yield [number, *run.column.key_of(slot)], slot
