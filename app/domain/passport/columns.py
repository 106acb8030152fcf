"""What the index keeps of activities: values of facets, registrations for boards, and orders."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right, insort
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import compress
from typing import Any, TypeAlias

from app.domain.passport.listing import FREE_TEXT, BoardPoints, Named
from app.domain.passport.search import CountedValue, CreditTypeKey, PassportFacet
from app.domain.passport.slots import Chosen, NumberColumn, Postings, slots_of
from app.domain.states import STATES

MOST_VALUES = 250
"""Values of a facet that are counted: those that most activities have. Any other can be asked for all the same."""
_MOST_SORTED = 2_000
"""Activities that are rather sorted than looked for along a whole order."""
_MOST_INSERTED = 500
"""Activities that are rather put into a sorted order one by one than sorted with it."""
Key: TypeAlias = tuple[Any, ...]
"""What an order compares, ending with the activity's id."""


class Spellings:
    """How values were written, by their key: the spelling that most activities have is their name."""

    def __init__(self) -> None:
        self._written: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def add(self, named: Named) -> None:
        """Add the values of an activity."""
        for key, name in named.items():
            self._written[key][name] += 1

    def name_of(self, key: str) -> str:
        """Return the name of a value, the key itself where nobody wrote it."""
        written = self._written.get(key)
        return key if written is None else min(written, key=lambda name: (-written[name], name))


class FacetColumn:
    """The slots of each value of a facet."""

    def __init__(self, facet: PassportFacet) -> None:
        self._facet = facet
        self._slots: defaultdict[str, Postings] = defaultdict(Postings)
        self._spellings = Spellings()

    def add(self, slot: int, named: Named) -> None:
        """Add the values of a slot."""
        for key in named:
            self._slots[key].add(slot)
        self._spellings.add(named)

    def having(self, keys: Iterable[str]) -> int:
        """Return the slots that have any of some values."""
        bits = 0
        for key in keys:
            if key in self._slots:
                bits |= self._slots[key].bits()
        return bits

    def count(self, chosen: Chosen, asked: Collection[str]) -> list[CountedValue]:
        """Count the values in a set; those that nothing in it has are left out unless they are asked for."""
        counted = [(key, self._slots[key].count_in(chosen)) for key in offered(self._slots, asked)]
        known = [(key, count) for key, count in counted if count or key in asked]
        known += [(key, 0) for key in asked if key not in self._slots]
        return in_order(self._value(key, count) for key, count in known)

    def _value(self, key: str, count: int) -> CountedValue:
        name = self._spellings.name_of(key)
        as_written = self._facet in FREE_TEXT or (self._facet is PassportFacet.STATE and key not in STATES)
        return CountedValue(name if as_written else key, name, count)


class BoardColumn:
    """The registrations for one certifying board: its slots, their points, and those of each credit type."""

    def __init__(self) -> None:
        self.slots = Postings()
        self.points = NumberColumn()
        self.types: defaultdict[str, Postings] = defaultdict(Postings)


class Registrations:
    """Registrations for certifying boards: board, credit type and points are asked of one and the same."""

    def __init__(self) -> None:
        self._boards: defaultdict[str, BoardColumn] = defaultdict(BoardColumn)
        self._spellings = Spellings()
        self._sizes: Counter[str] = Counter()

    def add(self, slot: int, registered: Iterable[BoardPoints]) -> None:
        """Add the registrations of a slot."""
        for points in registered:
            column = self._boards[points.board]
            column.slots.add(slot)
            column.points.add(slot, points.quarters)
            for key in points.types:
                column.types[key].add(slot)
            self._spellings.add(points.types)
            self._sizes.update(points.types.keys())

    def having(
        self,
        boards: Collection[str] | None,
        types: Collection[CreditTypeKey] | None,
        least: int | None,
        most: int | None,
        within: int,
    ) -> int:
        """Return the slots of a set with a registration that has all of this; None for any."""
        bits = 0
        for code in self._boards if boards is None else boards:
            column = self._boards.get(code)
            if column is None:
                continue
            found = within & column.slots.bits()
            if types is not None:
                wanted = {key for board, key in types if board in ("", code)}
                of_types = 0
                for key in wanted & column.types.keys():
                    of_types |= column.types[key].bits()
                found &= of_types
            if least is not None:
                found = column.points.at_least(least, found)
            if most is not None:
                found = column.points.below(most + 1, found)
            bits |= found
        return bits

    @property
    def boards(self) -> Collection[str]:
        """The boards that any activity was registered for."""
        return self._boards.keys()

    def types(self, asked: Collection[str]) -> list[str]:
        """Return the keys of the credit types that are counted: those of most activities, and those asked for."""
        most = [key for key, _ in self._sizes.most_common(MOST_VALUES)]
        return list(dict.fromkeys([*most, *(key for key in asked if key in self._sizes)]))

    def type_name(self, key: str) -> str:
        """Return the name of a credit type."""
        return self._spellings.name_of(key)


class OrderColumn:
    """All slots in one order, ascending."""

    def __init__(self, key: Callable[[int], Key]) -> None:
        self._key = key
        self._sorted: array[int] = array("I")

    def add(self, slots: Sequence[int]) -> None:
        """Add slots whose keys are known."""
        if len(slots) > _MOST_INSERTED:
            self._sorted = array("I", sorted([*self._sorted, *slots], key=self._key))
            return
        for slot in slots:
            insort(self._sorted, slot, key=self._key)

    def walk(self, chosen: Chosen, after: Key | None, *, down: bool) -> Iterator[int]:
        """Yield the slots of a set in this order, or in the opposite one, after a key."""
        if chosen.bits.bit_count() <= _MOST_SORTED:
            found: Sequence[int] = sorted(slots_of(chosen.bits), key=self._key)
            yield from self._part(found, after, down=down)
        else:
            part = self._part(self._sorted, after, down=down)
            yield from compress(part, map(chosen.has.__getitem__, part))

    def key_of(self, slot: int) -> Key:
        """Return the key of a slot."""
        return self._key(slot)

    def _part(self, slots: Any, after: Key | None, *, down: bool) -> Any:
        """Return what comes after a key of some sorted slots."""
        if down:
            return (slots if after is None else slots[: bisect_left(slots, after, key=self._key)])[::-1]
        return slots if after is None else slots[bisect_right(slots, after, key=self._key) :]


def offered(slots: Mapping[str, Postings], asked: Collection[str]) -> list[str]:
    """Return the values that are counted: those of most slots, and those asked for."""
    if len(slots) <= MOST_VALUES:
        return list(slots)
    most = sorted(slots, key=lambda key: (-slots[key].size, key))[:MOST_VALUES]
    return [*most, *(key for key in asked if key in slots and key not in most)]


def in_order(values: Iterable[CountedValue]) -> list[CountedValue]:
    """Return values, those of most activities first."""
    return sorted(values, key=lambda counted: (-counted.count, counted.name, counted.value))
