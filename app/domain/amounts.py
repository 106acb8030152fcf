"""Credit amounts. Stored and summed as integer quarters, so that no sum is ever off by a float."""

from __future__ import annotations

import re
from functools import lru_cache

QUARTER_TOLERANCE = 0.001
"""An amount this close to a quarter counts as that quarter: spreadsheet formulas leave such remainders."""

AMOUNT_LIMIT = 1_000_000
"""Larger numbers are refused as unreadable: no real credit amount comes near."""


@lru_cache(maxsize=4_096)
def in_quarters(credits: float) -> float:
    """Return the amount in quarters of a credit: an `int` on the grid, a `float` off it."""
    exact = credits * 4
    nearest = round(exact)
    if abs(exact - nearest) <= QUARTER_TOLERANCE * 4 + 1e-9:
        return nearest
    return exact


def on_grid(credits: float) -> bool:
    """Return True if an amount of credits is a multiple of 0.25."""
    return isinstance(in_quarters(credits), int)


def in_credits(quarters: float) -> float | int:
    """Return quarters as credits: 2 rather than 2.0 for whole amounts."""
    credits = quarters / 4
    return int(credits) if credits == int(credits) else credits


def format_quarters(quarters: float) -> str:
    """Return quarters as credits in text: `2.25`, `52`."""
    return str(in_credits(quarters))


_NUMBER = r"[+-]?(?:\d{1,4}(?:[.,]\d{0,6})?|[.,]\d{1,6})"
"""Short, as amounts are: longer ones may be somebody's number in the wrong column, and are not repeated."""
_CURRENCY = r"(?:[$\u00a2-\u00a5\u20a0-\u20cf]|USD|EUR|GBP)"
_KINDS = tuple(
    (re.compile(pattern, re.IGNORECASE), said)
    for pattern, said in (
        (r"-?T?\d{1,4}:\d\d(?::\d\d(?:\.\d{1,6})?)?(?: ?[ap]\.?m\.?)?", "a time or a span of time ({})"),
        (rf"{_NUMBER} ?(?:h|hrs?|hours?|m|mins?|minutes?|s|secs?|seconds?|d|days?)\.?", "a span of time ({})"),
        (rf"{_NUMBER} ?[%\u2030\uff05]", "a percentage ({})"),
        (r"[+-]?\d{1,4}[ -]\d{1,3} ?[/\u2044] ?\d{1,3}|\d{0,4} ?[\u00bc-\u00be\u2150-\u215e]",
         "a fraction written as text ({})"),
        (r"\d{1,9} ?[/\u2044] ?\d{1,9}", "a fraction or a day written as text"),
        (rf"[+-]?{_CURRENCY} ?{_NUMBER}|{_NUMBER} ?{_CURRENCY}", "an amount of money ({})"),
        (r"#(?:N/A|DIV/0!|VALUE!|REF!|NAME\?|NUM!|NULL!|SPILL!|CALC!|FIELD!|BLOCKED!|CONNECT!|GETTING_DATA)",
         "an error of the spreadsheet ({})"),
        (r"[+-]?(?:nan|inf|infinity)", "no number at all ({})"),
        (r"true|false", "a truth value ({})"),
        (rf"{_NUMBER} shown for {_NUMBER}", "a number that is not the one shown ({})"),
        (r".* shown for .*", "a number that is not the one shown"),
        (r"=.*", "a formula without a saved result"),
        (r"\d{4}-\d\d-\d\d.{0,20}|\d{1,2}/\d{1,2}/\d{2,4}.{0,20}", "a date"),
        (r"[+-]?\d{1,3}(?:[, ]\d{3})*,\d{1,12}", "a number with a comma, which may mark decimals or thousands"),
        (r"[+-]?\d{1,12}(?:\.\d{0,12})?e[+-]?\d{1,3}", "a number with an exponent"),
        (r"(?=.*[^\x00-\x7f])[+-]?[\d.,\u066b\u066c]{1,20}", "a number whose digits are not plain ones from 0 to 9"),
        (r"[+-]?\d{0,12}\.?\d{1,12} ?[^\W\d].*", "a number with words or a unit beside it"),
        (r"", "a number that its number format hides"),
    )
)  # fmt: skip
"""Texts that are no amounts, and what they are. Only what can be no identity value is repeated."""


def say_what_it_is(text: str, wanted: str = "an amount of credits") -> str:
    """Return a sentence that says what a text is instead of an amount, as far as that can be seen."""
    given = text.strip(" '\u00a0\u202f")
    for pattern, said in _KINDS:
        if pattern.fullmatch(given):
            return f"This is {said.format(given)}, not {wanted}."
    return f"Not {wanted}."
