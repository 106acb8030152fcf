"""Number formats of workbooks: which of them show a date, and which date a number stands for.

Source: ECMA-376 part 1, 18.8.30 (formats built in) and 18.17.4 (date systems).
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

BUILT_IN = {
    14: "mm/dd/yyyy", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm",
    21: "h:mm:ss", 22: "m/d/yy h:mm", 45: "mm:ss", 46: "[h]:mm:ss", 47: "mmss.0",
    **dict.fromkeys((27, 28, 29, 30, 31, 36, 50, 52, 53, 54, 57, 58), "yyyy/mm/dd"),
}  # fmt: skip
"""Formats that stand for a date or a time without being written down in the workbook."""
_NOT_SHOWN = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]', re.IGNORECASE)
_ELAPSED = re.compile(r"\[[hms]+\]", re.IGNORECASE)
_DAY = re.compile(r"[dy]|mmm", re.IGNORECASE)
_FIRST_1900, _FIRST_1904 = date(1899, 12, 30), date(1904, 1, 1)
_LEAP_DAY_THAT_NEVER_WAS = 60
_LAST = 2_958_466
"""The serial after 9999-12-31."""


def shows_a_date(code: str) -> bool:
    """Tell whether a format shows a day of the calendar: a time alone, or a span of hours, is none."""
    shown = _NOT_SHOWN.sub("", code.partition(";")[0])
    return not _ELAPSED.search(shown) and bool(_DAY.search(shown) or re.search(r"m[/.-]", shown, re.IGNORECASE))


def day_of(serial: float, *, from_1904: bool) -> str | None:
    """Return the day that a serial number stands for as ISO text, with the time where it has one; None for none."""
    if not 0 <= serial < _LAST:
        return None
    days = int(serial)
    seconds = round((serial - days) * 86_400)
    if from_1904:
        first = _FIRST_1904
    elif days == _LEAP_DAY_THAT_NEVER_WAS:
        return "1900-02-29"
    else:
        # Before the 29th of February 1900, which was counted and never was, serials are one day behind.
        first = _FIRST_1900 if days > _LEAP_DAY_THAT_NEVER_WAS else _FIRST_1900 + timedelta(days=1)
    try:
        moment = datetime.combine(first + timedelta(days=days), datetime.min.time()) + timedelta(seconds=seconds)
    except OverflowError:
        return None
    return moment.date().isoformat() if not seconds else moment.isoformat(timespec="seconds")
