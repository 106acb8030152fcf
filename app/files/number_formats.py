"""Number formats of workbooks: which of them show a date, and the date of a serial number.

Source: ECMA-376 part 1, 18.8.30 (formats built in) and 18.17.4 (date systems).
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from functools import lru_cache

BUILT_IN = {
    1: "0", 2: "0.00", 3: "#,##0", 9: "0%", 10: "0.00%",
    5: "$#,##0", 6: "$#,##0", 7: "$#,##0.00", 8: "$#,##0.00", 42: "$* #,##0", 44: "$* #,##0.00", 38: "#,##0",
    14: "mm/dd/yyyy", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm",
    21: "h:mm:ss", 22: "m/d/yy h:mm", 45: "mm:ss", 46: "[h]:mm:ss", 47: "mmss.0",
    **dict.fromkeys((27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58), "yyyy/mm/dd"),
}  # fmt: skip
"""Built-in formats, which workbooks name by number alone, where they show more than the digits of a number."""
_NOT_SHOWN = re.compile(
    r'"[^"]*"?|\\.|_.|\*.|\[(?!(?:h+|m+|s+)\])[^\]]*\]|am/pm|a/p|general|standard', re.IGNORECASE | re.DOTALL
)
_ELAPSED = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_DAY = re.compile(r"[dy]|m{3}|(?<![hms:.])m{1,2}(?![hms:.])", re.IGNORECASE)
_DIGITS = re.compile(r"[#?]|(?<![.0])0")
"""Placeholders of digits, without those of fractions of a second."""
_FIRST_1900, _FIRST_1904 = date(1899, 12, 30), date(1904, 1, 1)
_LEAP_DAY_THAT_NEVER_WAS = 60
_LAST = 2_958_466
"""The serial after 9999-12-31."""
BETWEEN_SYSTEMS = 1_462
"""Days by which serials counted from 1904 are less than those counted from 1900."""


@lru_cache(maxsize=1_024)
def shows_a_date(code: str) -> bool:
    """Whether a format shows a day of the calendar, and not a time alone or a span of hours."""
    shown = _NOT_SHOWN.sub(" ", code[:300]).partition(";")[0]
    if _ELAPSED.search(shown):
        return False
    return bool(_DAY.search(shown.replace(" ", ""))) and not _DIGITS.search(shown)


def day_of(serial: float, *, from_1904: bool) -> str | None:
    """Return the day of a serial number as ISO text, with its time where it has one; None for one that is not a day.

    Counted from 1900, serial 60 is 1900-02-29, which never was; it is returned as it was typed.
    """
    if not (0 if from_1904 else 1) <= serial < _LAST - (BETWEEN_SYSTEMS if from_1904 else 0):
        return None
    days = int(serial)
    seconds = round((serial - days) * 86_400)
    if not from_1904 and days == _LEAP_DAY_THAT_NEVER_WAS:
        return "1900-02-29"
    if from_1904:
        first = _FIRST_1904
    else:
        # Before 1900-02-29, serials are one day behind.
        first = _FIRST_1900 if days > _LEAP_DAY_THAT_NEVER_WAS else _FIRST_1900 + timedelta(days=1)
    moment = datetime.combine(first + timedelta(days=days), datetime.min.time())
    if 0 < seconds < 86_400:
        return (moment + timedelta(seconds=seconds)).isoformat(timespec="seconds")
    return moment.date().isoformat()


def is_beyond_days(serial: float) -> bool:
    """Whether a number is none of the calendar: a format of days shows `####` for it."""
    return not -1 < serial < _LAST
