"""Slips in what identifies a person, found in what was typed alone. Pure; nothing on file is looked at.

Whoever is missed is told of them: a degree behind the name, the number of another column. To find one more slip: a
member of `NameSlip` or `NumberSlip`, and where it is seen.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

from app.domain.identity.comparison_keys import id_key, name_key
from app.domain.identity.name_words import DEGREES, DEGREES_OR_NAMES, SUFFIXES, TITLES
from app.domain.parsing import is_npi
from app.domain.states import find_state


class NameSlip(enum.Enum):
    """What a name field holds that is no part of the name; `{field}` is the field."""

    DEGREE = "The {field} has a degree in it, such as MD or PhD: leave it out."
    MAYBE_DEGREE = "The {field} ends in letters that may be a degree, such as DO or MA: leave them out if they are one."
    TITLE = "The {field} has a title in it, such as Dr.: leave it out."
    SUFFIX = "The {field} has a suffix in it, such as Jr. or III: try without it."
    MAIL = "The {field} holds an e-mail address: give the name."
    NUMBER = "The {field} holds a number: give the name."
    NOTHING = "The {field} holds a word that programs write where nothing is known: check that it is the name."
    BOTH = "First and last name seem to stand in one field: give each in its own."


class NumberSlip(enum.Enum):
    """A number that belongs in another column."""

    SAME = "The licence number and the board ID are the same: one of them is in the wrong column."
    BOARD_IN_LICENSE = "The licence number looks like a board ID: that goes with its board, not with the state."
    LICENSE_IN_BOARD = "The board ID looks like a licence number: that goes with its state, not with the board."
    NPI_IN_BOARD = (
        "The board ID looks like an NPI: give the NPI in its own place, and the board's own ID with the board."
    )
    NPI_IN_LICENSE = "An NPI stands where the licence number does: if it is not known, give the number of the licence."
    STATE_IN_LICENSE = "The licence number begins with the letters of its state: try without them."


_APART = re.compile(r"[^\W_]+")
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_NOTHING = frozenset(("null", "none", "na", "nil", "unknown", "undefined", "notavailable"))
"""What programs and people write for nothing; somebody may be called so, therefore it is no more than a hint."""
_LETTERS = re.compile(r"([A-Za-z]{1,6})[\s:#.-]*\d", re.ASCII)
_OF_LICENCES = frozenset(("MD", "DO"))


def name_slips(name: str | None) -> Iterator[NameSlip]:
    """Yield what a name field holds that is no part of the name; nothing for a usual name."""
    if not name:
        return
    if name.isascii() and name.isalpha():
        word = name.lower()
        if word in _NOTHING:
            yield NameSlip.NOTHING
        elif word in TITLES and word not in _ALSO_NAMES:
            yield NameSlip.TITLE
        elif word in DEGREES:
            yield NameSlip.DEGREE
        return
    if _MAIL.search(name) is not None:
        yield NameSlip.MAIL
        return
    if name_key(name) in _NOTHING:
        yield NameSlip.NOTHING
        return
    words = _words(name)
    # An ordinal is a suffix, not a number.
    if any(character.isdigit() for word in words if word not in SUFFIXES for character in word):
        yield NameSlip.NUMBER
    elif words:
        yield from _additions(words)


_ALSO_NAMES = frozenset(("doctor", "professor", "miss", "sir", "rev"))
"""Titles that alone are a name more often than a title."""


def _additions(words: Sequence[str]) -> Iterator[NameSlip]:
    """Yield titles before a name, degrees and suffixes behind it."""
    if words[0] in TITLES and (len(words) > 1 or words[0] not in _ALSO_NAMES):
        yield NameSlip.TITLE
    behind = set(words[1:])
    if not behind.isdisjoint(DEGREES) or (len(words) == 1 and words[0] in DEGREES):
        yield NameSlip.DEGREE
    elif len(words) > 1 and words[-1] in DEGREES_OR_NAMES:
        yield NameSlip.MAYBE_DEGREE
    if not behind.isdisjoint(SUFFIXES):
        yield NameSlip.SUFFIX


def _words(name: str) -> list[str]:
    """Return the words of a name in lower case; `M.D.` and `Ph. D.` are one word each."""
    words = _APART.findall(name.replace(".", "").lower())
    joined = [word + following for word, following in pairwise(words[1:])]
    return [*words, *(word for word in joined if word in DEGREES)]


def both_in_one(first_name: str | None, last_name: str | None) -> bool:
    """Whether first and last name seem to stand in one field."""
    if first_name and last_name and first_name.isalpha() and last_name.isalpha():
        return False
    first, last = _APART.findall(first_name or ""), _APART.findall(last_name or "")
    if "," in (first_name or "") and len(first) > 1:
        return True
    if "," in (last_name or "") and len(last) > 1:
        behind = (last_name or "").partition(",")[2]
        # Behind the comma stands a degree or a suffix, or else the first name.
        return not all(word in DEGREES | DEGREES_OR_NAMES | SUFFIXES.keys() for word in _words(behind))
    if (not last or not first) and len(first) + len(last) > 1:
        return True
    shown = {word.lower() for word in first}
    return len(first) > 1 and bool(last) and shown.issuperset(word.lower() for word in last)


def how_to_give_names(first_name: str | None, last_name: str | None) -> str:
    """Return what to do where a first or last name is missing, from what was typed."""
    both = f"{NameSlip.BOTH.value} " if both_in_one(first_name, last_name) else ""
    return f'{both}Give it as on the licence; for a person with one name, give that as last name and "-" as first name.'


def number_slips(
    licenses: Sequence[tuple[str | None, str | None]], board_ids: Sequence[str | None], board_codes: Collection[str]
) -> Iterator[NumberSlip]:
    """Yield numbers that seem to stand in the wrong column.

    `licenses` are (state, number), `board_codes` the codes of certifying boards, in capital letters.
    """
    numbers = [(number, _letters_before(number), state) for state, number in licenses if number]
    of_boards = [number for number in board_ids if number]
    keys = {id_key(number) for number, _, _ in numbers} if of_boards else set()
    if any(id_key(number) in keys for number in of_boards):
        yield NumberSlip.SAME
    if any(letters in board_codes for _, letters, _ in numbers):
        yield NumberSlip.BOARD_IN_LICENSE
    if any(_letters_before(number) in _OF_LICENCES for number in of_boards):
        yield NumberSlip.LICENSE_IN_BOARD
    if any(is_npi(number) for number in of_boards):
        yield NumberSlip.NPI_IN_BOARD
    if any(is_npi(number) for number, _, _ in numbers):
        yield NumberSlip.NPI_IN_LICENSE
    lettered = [(letters, state) for _, letters, state in numbers if letters and state]
    if any(letters == (find_state(state) or state[:2].upper()) for letters, state in lettered):
        yield NumberSlip.STATE_IN_LICENSE


def _letters_before(number: str) -> str:
    """Return the letters before the digits of a number in capitals; empty where there are none."""
    if number.isdecimal():
        return ""
    found = _LETTERS.match(number)
    return found[1].upper() if found is not None else ""


def slips_in(
    first_name: str | None,
    last_name: str | None,
    licenses: Sequence[tuple[str | None, str | None]],
    board_ids: Sequence[str | None],
    board_codes: Collection[str],
) -> str:
    """Return the slips in what identifies a person as sentences, empty where there are none; nothing typed is told."""
    found = [
        slip.value.format(field=field)
        for field, name in (("first name", first_name), ("last name", last_name))
        for slip in name_slips(name)
    ]
    if both_in_one(first_name, last_name):
        found.append(NameSlip.BOTH.value)
    found += [slip.value for slip in number_slips(licenses, board_ids, board_codes)]
    return " ".join(found)
