"""Codes printed on transcripts, by which whoever holds one asks whether it is genuine: `7K4M-9QXD-2TRA`."""

from __future__ import annotations

import re
import secrets
import unicodedata

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""32 signs, so five bits each. I, L and O would be taken for digits, and U for V."""
LENGTH = 12
_GROUP = 4
_LOOK_ALIKES = str.maketrans("ILOU", "110V")
_BETWEEN = re.compile(r"[\s\-_.\u00ad\u2010-\u2015\u2212\u200b\ufeff]+")
_CODE = re.compile(f"[{ALPHABET}]{{{LENGTH}}}")
_LONGEST_READ = 100


def new_verification_code() -> str:
    """Return a new code with 60 random bits, in groups of four."""
    return _grouped("".join(secrets.choice(ALPHABET) for _ in range(LENGTH)))


def parse_verification_code(text: str) -> str | None:
    """Return the code that somebody typed, as it is printed; None where it cannot be one.

    Case, spaces, dashes and look-alikes are forgiven: `7k4m 9qxd 2tra`, an O for a 0, an I or l for a 1.
    """
    if len(text) > _LONGEST_READ:
        return None
    typed = _BETWEEN.sub("", unicodedata.normalize("NFKC", text)).upper().translate(_LOOK_ALIKES)
    return _grouped(typed) if _CODE.fullmatch(typed) else None


def _grouped(signs: str) -> str:
    return "-".join(signs[place : place + _GROUP] for place in range(0, LENGTH, _GROUP))
