"""What of the learners whom the stories type may stand in no address, log line or metric."""

from __future__ import annotations

import re
from urllib.parse import unquote_plus

_NAMES = ("Karacme", "Rebecca", "Accme", "Joplin", "Duncan", "Hopper", "Zedekiah", "Tina", "Willa", "Gogh")
_NUMBERS = (
    "35867909",
    "94412289",
    "70279062",
    "32508792",
    "444444",
    "555555",
    "77001",
    "88001",
    "MD9977",
    "54916519",
    "98989",
)
_BIRTH_DATES = ("11/24", "05/25", "01/01", "02/01", "12/09", "03/30")
_OF_PEOPLE = re.compile(
    rf"\b(?:{'|'.join(_NAMES)})\b|(?<![\w.])(?:{'|'.join(_NUMBERS)})(?![\w.])"
    rf"|(?<![\d/])(?:{'|'.join(_BIRTH_DATES)})(?![\d/])",
    re.IGNORECASE,
)


def lines_about_people(text: str) -> list[str]:
    """Return the lines that name a learner, a birth date or a number of one, also where they are percent-encoded."""
    return [line for line in text.splitlines() if _OF_PEOPLE.search(line) or _OF_PEOPLE.search(unquote_plus(line))]
