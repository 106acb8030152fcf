"""Joining: whether a source describes the physician on file who holds one of the identifiers that it gives. Pure.

An identifier alone never makes two people one: groups' NPIs are given for all their members, licence numbers are
mistyped and issued again. Names and birth date have to allow it, as `TABLE` says.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from app.domain.identity.comparison_keys import full_name_key, name_key
from app.domain.identity.learners import IdentifierKind
from app.domain.identity.name_words import PARTICLES, SUFFIXES
from app.matching.names import SHORT
from app.matching.nicknames import is_nickname


class NameLevel(enum.StrEnum):
    """How the names of two sources compare, at best."""

    SAME = "same"
    """A whole name in common, a former last name included."""
    RELATED = "related"
    """A part of a double last name in common, and the first name, its initial or its first word."""
    NICKNAME = "nickname"
    """A last name in common, and first names of which one is short for the other."""
    GIVEN = "given"
    """The first name in common, and no part of the last names."""
    SURNAME = "surname"
    """A last name in common, and the first names differ, or first and last name are exchanged."""
    DIFFERENT = "different"
    """Nothing in common."""


class BirthLevel(enum.StrEnum):
    """How two birth dates compare."""

    SAME = "same"
    """The same month and day."""
    ABSENT = "absent"
    """One of the sources does not give it."""
    DIFFERENT = "different"
    """Another month or day."""


class Joining(enum.StrEnum):
    """What becomes of a source that gives somebody's identifier."""

    JOINED = "joined"
    """It describes that physician."""
    PAIR = "pair"
    """It seems to: it is kept as a physician of its own, and the two as a pair."""
    CONFLICT = "conflict"
    """It describes somebody else, or cannot be told: it is refused."""


class Reason(enum.StrEnum):
    """Why a source that gives somebody's identifier is refused: what to say of who holds it."""

    ALL = "who has other names and another birth date"
    BIRTH_DATE = "who has another birth date"
    NAMES = "who has other names"
    NO_BIRTH_DATE = "whose names agree in part only, and a birth date is missing"
    DISPUTED = "for whom and for others this NPI was given, and a birth date is missing"
    OTHER_NPI = "who has another NPI"


_N, _S, _D = BirthLevel.ABSENT, BirthLevel.SAME, BirthLevel.DIFFERENT
_JOINED, _PAIR, _CONFLICT = Joining.JOINED, Joining.PAIR, Joining.CONFLICT

TABLE: Mapping[tuple[NameLevel, BirthLevel], tuple[Joining, Joining, Joining]] = {
    (NameLevel.SAME, _S): (_JOINED, _JOINED, _JOINED),
    (NameLevel.SAME, _N): (_JOINED, _JOINED, _JOINED),
    (NameLevel.SAME, _D): (_CONFLICT, _CONFLICT, _CONFLICT),
    (NameLevel.RELATED, _S): (_JOINED, _JOINED, _JOINED),
    (NameLevel.RELATED, _N): (_PAIR, _PAIR, _JOINED),
    (NameLevel.RELATED, _D): (_CONFLICT, _CONFLICT, _CONFLICT),
    (NameLevel.NICKNAME, _S): (_PAIR, _PAIR, _JOINED),
    (NameLevel.NICKNAME, _N): (_PAIR, _PAIR, _PAIR),
    (NameLevel.NICKNAME, _D): (_CONFLICT, _CONFLICT, _CONFLICT),
    (NameLevel.GIVEN, _S): (_PAIR, _JOINED, _JOINED),
    (NameLevel.GIVEN, _N): (_CONFLICT, _CONFLICT, _CONFLICT),
    (NameLevel.GIVEN, _D): (_CONFLICT, _CONFLICT, _CONFLICT),
    (NameLevel.SURNAME, _S): (_PAIR, _PAIR, _PAIR),
    (NameLevel.SURNAME, _N): (_CONFLICT, _CONFLICT, _CONFLICT),
    (NameLevel.SURNAME, _D): (_CONFLICT, _CONFLICT, _CONFLICT),
    (NameLevel.DIFFERENT, _S): (_CONFLICT, _CONFLICT, _CONFLICT),
    (NameLevel.DIFFERENT, _N): (_CONFLICT, _CONFLICT, _CONFLICT),
    (NameLevel.DIFFERENT, _D): (_CONFLICT, _CONFLICT, _CONFLICT),
}
"""By names and birth date: with the NPI in common, with a licence or board's id, with the NPI and one of these.

A licence is one person's, so a married name is joined by it; an NPI may be a group's. Twins and spouses differ in the
first name, father and son in the birth date.
"""


LISTED: Mapping[tuple[NameLevel, BirthLevel], Joining] = {
    (NameLevel.RELATED, _N): _JOINED,
    (NameLevel.NICKNAME, _S): _JOINED,
    (NameLevel.NICKNAME, _N): _JOINED,
    (NameLevel.GIVEN, _N): _PAIR,
}
"""What the NPI in common does where the national provider file lists it, other than in `TABLE`: it is no group's."""


def join(
    names: NameLevel,
    birth: BirthLevel,
    kinds: Collection[IdentifierKind],
    *,
    npi_disputed: bool = False,
    npi_listed: bool = False,
) -> Joining:
    """Return what becomes of a source that has these kinds of identifier in common with a physician on file.

    A disputed NPI proves nothing where the birth date is missing. `npi_listed` says that the national provider file has
    it as one person's.
    """
    if npi_disputed and birth is BirthLevel.ABSENT and set(kinds) == {IdentifierKind.NPI}:
        return Joining.CONFLICT
    by_npi, by_number, by_both = TABLE[names, birth]
    if npi_listed and IdentifierKind.NPI in kinds and (names, birth) in LISTED:
        return LISTED[names, birth]
    if IdentifierKind.NPI not in kinds:
        return by_number
    return by_both if len(set(kinds)) > 1 else by_npi


def reason_of(names: NameLevel, birth: BirthLevel) -> Reason:
    """Return why names and birth date do not allow to join."""
    if birth is BirthLevel.DIFFERENT:
        known = (NameLevel.SAME, NameLevel.RELATED, NameLevel.NICKNAME)
        return Reason.BIRTH_DATE if names in known else Reason.ALL
    if names is NameLevel.SAME:
        return Reason.DISPUTED
    return Reason.NO_BIRTH_DATE if names is NameLevel.RELATED else Reason.NAMES


def birth_level(given: str | None, on_file: str | None) -> BirthLevel:
    """Compare two birth dates as `MM/DD`."""
    if not given or not on_file:
        return BirthLevel.ABSENT
    return BirthLevel.SAME if given == on_file else BirthLevel.DIFFERENT


class FullName(NamedTuple):
    """A name as written; the suffix where it stands apart."""

    first: str
    last: str
    suffix: str = ""


class _Parts(NamedTuple):
    """A name in the parts that are compared."""

    first: str
    first_word: str
    last: str
    bare: str
    """The last name without its suffix."""
    surnames: frozenset[str]
    suffix: str


_BETWEEN_WORDS = re.compile(r"[\s,./\-\u00ad\u2010-\u2015\u2212]+")
_SUFFIXES = SUFFIXES | {"i": "i", "v": "v", "5th": "v"}
_IN_NAMES = frozenset(_SUFFIXES) - {"i", "v"}
"""Those that count as suffixes behind a last name as well: a single letter there may be an initial."""


@lru_cache(maxsize=1_024)
def suffix_key(text: str | None) -> str:
    """Return the suffix that a text is, as it is compared: `Jr.` is jr, `2nd` is ii; empty for any other text."""
    return _SUFFIXES.get(name_key(text), "") if text else ""


def compared_suffix(text: str) -> str:
    """Return what a suffix on file is compared by; one that is not known counts as it is written."""
    return suffix_key(text) or name_key(text)


@lru_cache(maxsize=4_096)
def _parts(name: FullName) -> _Parts:
    last, first = full_name_key(name.first, name.last)
    words = [key for word in _BETWEEN_WORDS.split(name.last or name.first) if (key := name_key(word))]
    suffix = _SUFFIXES[words.pop()] if len(words) > 1 and words[-1] in _IN_NAMES else ""
    bare = [word for word in words if word not in PARTICLES]
    forms = {last, "".join(words), "".join(bare)} | {word for word in bare if len(word) > SHORT}
    given = [key for word in _BETWEEN_WORDS.split(name.first) if (key := name_key(word))] if first else []
    apart = suffix_key(name.suffix) or suffix
    return _Parts(first, given[0] if given else "", last, "".join(words) or last, frozenset(forms - {""}), apart)


def name_level(given: Iterable[FullName], on_file: Iterable[FullName]) -> NameLevel:
    """Compare all names of a source with all names on file; what they have in common at best decides."""
    ours, theirs = [_parts(name) for name in given], [_parts(name) for name in on_file]
    if any(_same(one, other) for one in ours for other in theirs):
        return NameLevel.SAME
    sharing = [(one, other) for one in ours for other in theirs if one.surnames & other.surnames]
    agreeing = [(one, other) for one, other in sharing if _suffixes_agree(one, other)]
    if _given_related(agreeing):
        return NameLevel.RELATED
    if any(is_nickname(one.first_word, other.first_word) for one, other in agreeing):
        return NameLevel.NICKNAME
    if sharing or any((one.first, one.last) == (other.last, other.first) for one in ours for other in theirs):
        return NameLevel.SURNAME
    firsts = {name.first for name in ours if len(name.first) > 1}
    return NameLevel.GIVEN if firsts & {name.first for name in theirs} else NameLevel.DIFFERENT


def _same(one: _Parts, other: _Parts) -> bool:
    """Whether two names are one: a suffix counts, whether it stands in the last name or apart."""
    if one.first != other.first or not _suffixes_agree(one, other):
        return False
    return one.last == other.last or (one.bare == other.bare and one.suffix == other.suffix != "")


def _suffixes_agree(one: _Parts, other: _Parts) -> bool:
    return one.suffix == other.suffix or not (one.suffix and other.suffix)


def _given_related(sharing: Sequence[tuple[_Parts, _Parts]]) -> bool:
    """Whether a first name is the same, or its first word, or an initial where nothing longer contradicts."""
    for one, other in sharing:
        if one.first and one.first == other.first:
            return True
        if len(one.first_word) > 1 and one.first_word == other.first_word:
            return True
    ours = {one.first for one, _ in sharing if one.first}
    theirs = {other.first for _, other in sharing if other.first}
    for initials, names in ((ours, theirs), (theirs, ours)):
        # Somebody known as A. and as Alma is no Adam: the longer names decide.
        long = {name for name in names if len(name) > 1}
        if initials and long and all(len(initial) == 1 for initial in initials):
            return all(name.startswith(tuple(initials)) for name in long)
    return False
