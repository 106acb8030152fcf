"""Names as matching compares them: their words, middle name and suffix, and the forms they may be written in. Pure.

A form is letters and digits in lower case, transliterated: `Nguyễn` is `nguyen`, `Иванов` is `ivanov`. A letter with an
umlaut has two: `Müller` is `muller` and `mueller`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import msgspec
from anyascii import anyascii

from app.domain.identity.candidates import FormKey
from app.domain.identity.learners import WrittenName
from app.domain.identity.name_words import DEGREES, DEGREES_OR_NAMES, PARTICLES, SUFFIXES, TITLES

NAME_FORMS = 2
"""The version of the forms. Who changes how they are made raises it, and adds a migration that remakes them."""
MOST_MARKS = 64
"""As much of a name as is compared: a thousand combining marks are one letter's work for who sends them only."""

SHORT = 2
"""A part of a double last name that has no more letters says too little."""

_PLACEHOLDERS = frozenset(("fnu", "lnu", "nmn", "nfn", "nln"))
_APOSTROPHES = re.compile("['`´‘’ʻʼʹ′\"]")
_NO_LETTER = re.compile("[^a-z0-9]+")
_DOTTED = re.compile(r"(?<=[\s,])[a-z]{1,5}(?:\.[a-z]{1,5})+\b\.?|(?<=[\s,])[a-z](?:\.\s?[a-z])+\b\.?")
_UMLAUTS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ø": "oe", "Ø": "Oe", "å": "aa", "Å": "Aa"}
)
_WITH_UMLAUT = re.compile("[äöüÄÖÜøØåÅ]")


class ParsedName(msgspec.Struct, frozen=True, kw_only=True):
    """A name in the parts that are compared."""

    called: str
    """The first word of the first name; empty where there is none."""
    givens: frozenset[str]
    """The first name as one word, and its first word, in each transliteration."""
    more: tuple[str, ...]
    """The further words of the first name, and the middle name."""
    surnames: frozenset[str]
    """The whole last name as one word, in each transliteration."""
    surname_parts: frozenset[str]
    """Its halves, and the last name without particles."""
    suffix: str

    def swap(self) -> ParsedName:
        """Return the name with its first and last name exchanged."""
        return ParsedName(
            called=max(sorted(self.surnames), key=len, default=""),
            givens=self.surnames | self.surname_parts,
            more=(),
            surnames=self.givens,
            surname_parts=frozenset(),
            suffix=self.suffix,
        )

    @property
    def surname_forms(self) -> frozenset[str]:
        """Every form of the last name."""
        return self.surnames | self.surname_parts


@lru_cache(maxsize=65_536)
def parse_name(first: str, last: str, middle: str = "", suffix: str = "") -> ParsedName:
    """Return a name in its parts. A single name counts as the last name, wherever it was written.

    Titles before a name and degrees behind it are dropped, suffixes go to their own part, unless they are all there is.
    """
    if not any(map(_words, _spellings(last))):
        first, last = "", first
    surnames: set[str] = set()
    parts: set[str] = set()
    found_suffix = ""
    for spelling in _spellings(last):
        words, found = _without_suffix(_words(spelling))
        certain = _without_degrees(words, DEGREES_OR_NAMES)
        surnames |= {"".join(words), "".join(certain)}
        bare = [word for word in certain if word not in PARTICLES] or certain
        parts |= {"".join(bare), *(word for word in bare if len(word) > SHORT)}
        found_suffix = found_suffix or found
    givens: set[str] = set()
    called, more = "", []
    for spelling in _spellings(first):
        words, found = _without_suffix(_words(spelling))
        givens |= {"".join(words), *words[:1]}
        if not called and words:
            called, *more = words
        found_suffix = found_suffix or found
    return ParsedName(
        called=called,
        givens=frozenset(givens - {""}),
        more=(*more, *_words(middle)),
        surnames=frozenset(surnames - {""}),
        surname_parts=frozenset(parts - surnames - {""}),
        suffix=SUFFIXES.get("".join(_words(suffix)), "") or found_suffix,
    )


def parse_names(names: Iterable[WrittenName]) -> list[ParsedName]:
    """Return names in their parts."""
    return [parse_name(name.first, name.last, name.middle, name.suffix) for name in names]


def _spellings(text: str) -> Iterator[str]:
    """Yield the transliterations of a text in lower case."""
    text = unicodedata.normalize("NFC", text)[:MOST_MARKS]
    yield text.lower() if text.isascii() else anyascii(text).lower()
    if _WITH_UMLAUT.search(text) is not None:
        yield anyascii(text.translate(_UMLAUTS)).lower()


@lru_cache(maxsize=65_536)
def _words(text: str) -> tuple[str, ...]:
    """Return the words of a text; none where it holds a placeholder, as for a missing name."""
    if not text.isascii():
        text = anyascii(unicodedata.normalize("NFC", text)[:MOST_MARKS])
    text = text.lower()
    if text.isalpha():
        return () if text in _PLACEHOLDERS else (text,)
    text = _DOTTED.sub(_undot, _APOSTROPHES.sub("", text))
    words = [word for word in _NO_LETTER.split(text) if word]
    while len(words) > 1 and words[0] in TITLES:
        del words[0]
    words = _without_degrees(words, DEGREES)
    return () if words and all(word in _PLACEHOLDERS for word in words) else tuple(words)


def _undot(found: re.Match[str]) -> str:
    """Return `M.D.` behind a name as one word where it is a degree, initials as words."""
    letters = _NO_LETTER.sub("", found[0])
    return f"{letters} " if letters in DEGREES or letters in DEGREES_OR_NAMES else found[0]


def _without_degrees(words: Sequence[str], degrees: frozenset[str]) -> list[str]:
    """Return words without the degrees behind them; suffixes stay, before and behind."""
    kept = list(words)
    for place in range(len(kept) - 1, 0, -1):
        if kept[place] in degrees:
            del kept[place]
        elif kept[place] not in SUFFIXES:
            break
    return kept


def _without_suffix(words: Sequence[str]) -> tuple[list[str], str]:
    """Return words without a suffix at their end, and the suffix."""
    kept = list(words)
    if len(kept) > 1 and kept[-1] in SUFFIXES:
        return kept[:-1], SUFFIXES[kept[-1]]
    return kept, ""


LAST, FIRST = "last", "first"


def names_beside(names: Iterable[ParsedName]) -> dict[str, str]:
    """Return what is stored beside the forms of last and of first names: the forms of the others.

    By it those under a form are told apart without a look at their names: see `without_date.py`.
    """
    every = list(names)
    givens = sorted({form for name in every for form in name.givens})
    more = sorted({word for name in every for word in name.more})
    surnames = sorted({form for name in every for form in name.surname_forms})
    return {LAST: f"{' '.join(givens)}|{' '.join(more)}", FIRST: " ".join(surnames)}


def form_keys(names: Iterable[ParsedName], birth_date: str, states: Iterable[str]) -> set[FormKey]:
    """Return the keys of somebody's names: last names with the date, both also with each state of licence.

    `birth_date` as MM/DD; without one nobody is found by a name that was written otherwise, and there are no keys.
    """
    if not birth_date:
        return set()
    held = list(states)
    keys: set[FormKey] = set()
    for name in names:
        keys.update((LAST, form, birth_date, state) for form in name.surname_forms for state in ("", *held))
        keys.update((FIRST, form, birth_date, state) for form in name.givens for state in held)
    return keys
