"""Comparison keys: how names, numbers and codes are stored and looked up."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_NOT_ALPHANUMERIC = re.compile(r"[^0-9a-z]+")
_PLACEHOLDERS = frozenset({"fnu", "lnu", "nmn"})
"""Written by senders where a person has no first or last name."""

_LETTERS = str.maketrans(
    {"ø": "o", "đ": "d", "ł": "l", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h", "ŋ": "n"}
)


def _folded(text: str) -> str:
    # Twice: NFKD may yield capitals again, as it does for "™".
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text.casefold()).casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c)).translate(_LETTERS)


@lru_cache(maxsize=65_536)
def name_key(name: str | None) -> str:
    """Return a name's comparison key: no case, accents, spaces or punctuation.

    A placeholder for a missing name (`FNU`, `LNU`, `NMN`, `-`, `.`) has the empty key. Names in
    scripts other than Latin keep their letters.
    """
    if not name:
        return ""
    folded = name.lower() if name.isascii() else _folded(name)
    key = folded if folded.isalnum() else "".join(c for c in folded if c.isalnum())
    return "" if key in _PLACEHOLDERS else key


def full_name_key(first_name: str | None, last_name: str | None) -> tuple[str, str]:
    """Return (last, first) keys. A single name counts as the last name, wherever it was written."""
    first, last = name_key(first_name), name_key(last_name)
    return (last, first) if last else (first, "")


def id_key(number: str | None) -> str:
    """Return a licence or board id's comparison key: letters and digits only, upper case, zeros kept."""
    if not number:
        return ""
    if number.isascii() and number.isalnum():
        return number.upper()
    return "".join(c for c in unicodedata.normalize("NFKC", number).upper() if c.isalnum())


def short_id_key(key: str) -> str:
    """Return an id key without its leading zeros, as a number cell would have left it."""
    return key.lstrip("0") or key


def same_id(held: str, given: str | None, *, was_number: bool) -> bool:
    """Return True if a given number is the held one; a number cell has lost its leading zeros."""
    key = id_key(given)
    return held == key or (was_number and short_id_key(held) == short_id_key(key))


@lru_cache(maxsize=4_096)
def code_key(text: str) -> str:
    """Return the comparison key of a code, state, board or credit type: no case or punctuation, "&" is "and"."""
    return _NOT_ALPHANUMERIC.sub("", _folded(text.replace("&", " and ")))


def school_key(name: str | None) -> str:
    """Return a medical school's comparison key: that of a name, where "&" is "and"."""
    return name_key(name.replace("&", " and ")) if name else ""
