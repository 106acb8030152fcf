"""Words of activities: what a text is searched by, and which activities have a word."""

from __future__ import annotations

import re
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator

from app.domain.identity.comparison_keys import phrase_key
from app.domain.passport.slots import Bitmap, Postings

_WORD = re.compile(r"\w{1,64}")
"""A longer word is several."""
SHORTEST_BEGINNING = 3
"""Letters from which on a word also finds those that begin with it."""
_MOST_REMEMBERED = 512
"""Beginnings whose activities are remembered until one changes."""
_BEYOND = "\U0010ffff"


def words_of(text: str) -> list[str]:
    """Return the words of a text, each once: letters and digits, without case and accents."""
    # A description is compared once: `phrase_key` would remember thousands of them for nothing.
    folded = text.lower() if text.isascii() else phrase_key.__wrapped__(text)
    return list(dict.fromkeys(_WORD.findall(folded)))


class WordIndex:
    """Which slots have a word, or one that begins with it."""

    def __init__(self) -> None:
        self._slots: dict[str, Postings] = {}
        self._sorted: list[str] = []
        self._unsorted: list[str] = []
        self._remembered: dict[str, int] = {}

    def add(self, slot: int, words: Iterable[str]) -> None:
        """Add the words of a slot, each once."""
        known, new = self._slots, self._unsorted
        for word in words:
            try:
                known[word].add(slot)
            except KeyError:
                postings = known[word] = Postings()
                postings.add(slot)
                new.append(word)
        if self._remembered:
            self._remembered.clear()

    def having(self, word: str) -> int:
        """Return the slots that have a word, or one that begins with it where it has three letters or more."""
        found = self._remembered.get(word)
        if found is None:
            found = self._find(word)
            if len(self._remembered) < _MOST_REMEMBERED:
                self._remembered[word] = found
        return found

    def _find(self, word: str) -> int:
        few, bits = Bitmap(), 0
        for known in self._fitting(word):
            bits = self._slots[known].add_to(few, bits)
        return bits | few.bits()

    def _fitting(self, word: str) -> Iterator[str]:
        if len(word) < SHORTEST_BEGINNING:
            return iter((word,) if word in self._slots else ())
        self._sort()
        first = bisect_left(self._sorted, word)
        last = bisect_left(self._sorted, word + _BEYOND, lo=first)
        return iter(self._sorted[first:last])

    def _sort(self) -> None:
        if len(self._unsorted) > len(self._sorted) // 100:
            self._sorted = sorted([*self._sorted, *self._unsorted])
        else:
            for word in self._unsorted:
                insort(self._sorted, word)
        self._unsorted = []
