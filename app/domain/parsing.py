"""Parsing of dates, birth dates and ids that every door shares, and the normal form in which values are read.

A door never refuses a value that a rule judges. It passes on `Unparsed` with the text it could not
read, and the rule reports it together with every other finding.
"""

from __future__ import annotations

import calendar
import re
import unicodedata
from datetime import date

import msgspec


class Unparsed(msgspec.Struct, frozen=True):
    """A value that could not be parsed."""

    text: str


class MonthDay(msgspec.Struct, frozen=True, order=True):
    """A birth date as the registry stores it: month and day, never a year."""

    month: int
    day: int

    def __str__(self) -> str:
        return f"{self.month:02d}/{self.day:02d}"


_ISO_DATE = re.compile(r"\A(\d{4})-(\d{2})-(\d{2})\Z", re.ASCII)
_MONTH_DAY = re.compile(r"\A(\d{1,2})[/-](\d{1,2})\Z", re.ASCII)
_MONTH_DAY_YEAR = re.compile(r"\A(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})\Z", re.ASCII)
_YEAR_MONTH_DAY = re.compile(r"\A(?:\d{4}|-)-(\d{2})-(\d{2})\Z", re.ASCII)
_MONTH_DAY_FORMS = (_MONTH_DAY, _MONTH_DAY_YEAR, _YEAR_MONTH_DAY)
_DAY_MAY_BE_FIRST = frozenset((_MONTH_DAY, _MONTH_DAY_YEAR))
_ACTIVITY_ID = re.compile(r"\A\d{9}\Z", re.ASCII)
_ACTIVITY_ID_IN_GROUPS = re.compile(r"\A\d{3}([ ,.-])\d{3}\1\d{3}\Z", re.ASCII)
_NPI_IN_GROUPS = re.compile(r"\A\d{1,9}([ .-])\d{1,9}(?:\1\d{1,9})*\Z", re.ASCII)

LEAP_YEAR = 2000
_MONTHS, _FEBRUARY = 12, 2
_DAYS = (0, *(calendar.monthrange(LEAP_YEAR, month)[1] for month in range(1, 13)))
"""Days of each month, in the year that has most."""

_MARKS = "\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"
"""Soft hyphens, marks of direction, zero-width blanks and joints: no letter looks otherwise with them."""
_SHAPING = (
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u200c\u200d\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""The other characters that Unicode ignores by default: some of them shape the letters beside them."""
_HALF_OF_A_LETTER = "(?<=[ÃĂĆ√├])\u00ad"
"""A soft hyphen that is the second byte of a misread `í`: without it nobody could tell that `RocÃ­o` was Rocío."""
MARK = re.compile(f"(?!{_HALF_OF_A_LETTER})[{_MARKS}]")
_INVISIBLE = re.compile(f"[{_MARKS}{_SHAPING}]")
_USUAL_PLANE = "".join(map(chr, range(0x10000)))
AROUND = "".join([*filter(str.isspace, _USUAL_PLANE), *_INVISIBLE.findall(_USUAL_PLANE)])
"""What is blank around a text: white space of every kind, and what is invisible."""
_WIDE = re.compile("[\u3000\uff01-\uffee]")
_WIDTHS = {
    code: chr(int(form[1], 16))
    for code in (0x3000, *range(0xFF01, 0xFFEF))
    if (form := unicodedata.decomposition(chr(code)).split())[:1] in (["<wide>"], ["<narrow>"])
}
"""Full-width and half-width forms, and the characters that they are."""
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-") | dict.fromkeys("\u2044\u2215", "/"))
"""What programs write for the dashes and slashes of days and numbers."""
_LONGEST_DAY = 80
"""Characters. No day is written with more."""


def plain_text(text: str) -> str:
    """Return the normal form of a value, in which it is read and compared: its letters and digits as they are seen.

    Invisible characters are taken out, full-width forms are the usual ones, letters are composed (NFC), and nothing
    blank is around it.
    """
    if text.isascii():
        return text.strip()
    text = unicodedata.normalize("NFC", _INVISIBLE.sub("", text))
    if _WIDE.search(text):
        text = unicodedata.normalize("NFC", text.translate(_WIDTHS))
    return text.strip()


def plain_or_none(text: str | None) -> str | None:
    """Return a value in its normal form, None for a blank one."""
    if text is None:
        return None
    return (text.strip() if text.isascii() else plain_text(text)) or None


def own_id_or_none(text: str | None) -> str | None:
    """Return an id of the sender's own as it was sent, without what is blank around it; None for a blank one.

    It is shown so, and compared by its normal form.
    """
    if text is None:
        return None
    if text.isascii():
        return text.strip() or None
    return text.strip(AROUND) if plain_text(text) else None


_ERROR = re.compile(r"#(?:N/A|GETTING_DATA|[A-Z\u00c0-\u00dd\u00a1\u00bf_/0-9]{2,20}[!?])|Err:\d{3}")
"""What spreadsheets write where a formula has no result, also in other languages."""


def is_error_or_lost(own_id: str | None) -> bool:
    """Whether an id of the sender's own is a spreadsheet's error or has lost a letter: many have such a one."""
    if own_id is None or (own_id.isascii() and own_id.isalnum()):
        return False
    return "\ufffd" in own_id or _ERROR.fullmatch(plain_text(own_id)) is not None


_SHORTENED = re.compile(r"\A\s*\d\.\d+[Ee]\+\d{2}\s*\Z")
"""As spreadsheets write a long number: many have the same."""


def is_damaged_number(number: str) -> bool:
    """Whether a board's number is a spreadsheet's error, or has lost letters or digits: many may have the same."""
    return is_error_or_lost(number.strip()) or _SHORTENED.search(number) is not None


def text_or_none(text: str | None) -> str | None:
    """Return a text as it is shown: without invisible marks, and without what is blank around it; None for a blank one.

    Characters that shape the letters beside them stay.
    """
    if text is None:
        return None
    return (text.strip() if text.isascii() else MARK.sub("", text).strip(AROUND)) or None


def read_date(text: str | None) -> date | Unparsed | None:
    """Parse `YYYY-MM-DD` in ASCII digits; anything else is `Unparsed`."""
    if text is None:
        return None
    given = text.strip() if text.isascii() else _INVISIBLE.sub("", text).strip()
    if not given:
        return None
    parts = _ISO_DATE.match(given)
    return (parts and _day(*parts.groups())) or Unparsed(given)


def read_written_day(text: str) -> date | Unparsed | None:
    """Parse a day of a file, which a time and a zone may follow; anything else is `Unparsed`.

    Days are `M/D/YYYY`, `M/D/YY` (20YY) and `YYYY-MM-DD`. The day counts that is written: no zone ever shifts it.
    """
    if parts := _USUAL.match(text):
        return _day(*parts.groups()) or Unparsed(text)
    given = plain_text(text)
    if not given:
        return None
    day = without_time(given)
    if parts := _ISO_DATE.match(day):
        return _day(*parts.groups()) or Unparsed(given)
    if parts := _MONTH_DAY_YEAR.match(day):
        month, day_of_month, year = parts.groups()
        return _day(year if len(year) == 4 else f"20{year}", month, day_of_month) or Unparsed(given)
    return Unparsed(given)


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


_TIME = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d{1,9})?)?(?: ?(?P<half>[ap])(?:m|\. ?m\.?))?"
    r"(?: ?(?:z|utc|gmt|(?:utc|gmt)?(?P<zone>[+-]\d{1,2}(?::?\d{2})?)|[ecmp][sd]?t|ak[sd]?t|hst))?"
)
"""A time of day and its zone. Texts are compared with it in lower case, with one blank for many."""
_WITH_TIME = re.compile(rf"\A(?P<day>.*?\d)(?: ?, ?| |t(?=\d)){_TIME}\Z", re.ASCII)
_USUAL = re.compile(
    r"\A(\d{4})-(\d{2})-(\d{2})(?:T(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:Z|[+-](?:0\d|1[0-3]):[0-5]\d)?)?\Z",
    re.ASCII,
)
"""What programs write into documents, once a record: it is read without any detour."""
_WITH_ZONE = re.compile(r"\A(?P<day>(?:\d{4}|-)-\d{2}-\d{2}) ?(?:z|utc|gmt|(?P<zone>[+-]\d{2}:\d{2}))\Z", re.ASCII)
"""A day without a time may have a zone in XML Schema."""


def without_time(text: str) -> str:
    """Return a day of a file without the time and zone after it, with plain blanks, dashes and slashes.

    A text with a time that does not exist is returned whole.
    """
    if text.isascii() and text.isprintable() and " " not in text and ":" not in text and text[-1:].isdigit():
        return text
    day, parts = _split_time(text)
    return day if parts is None or _is_time(parts) else text


def _split_time(text: str) -> tuple[str, re.Match[str] | None]:
    """Return a day and the time or zone after it, as it was matched; None where there is neither."""
    spelled = " ".join(text.translate(_DASHES).split())
    if len(spelled) > _LONGEST_DAY:
        return text, None
    parts = _WITH_TIME.match(spelled.lower()) or _WITH_ZONE.match(spelled.lower())
    return (spelled[: parts.end("day")], parts) if parts is not None else (spelled, None)


def _is_time(parts: re.Match[str]) -> bool:
    """Whether a day has such a time, and the world such a zone."""
    given = parts.groupdict()
    offset = (given["zone"] or "")[1:].replace(":", "")
    hours, minutes = (offset[:2], offset[2:]) if len(offset) != 3 else (offset[:1], offset[1:])
    if int(hours or 0) > 14 or int(minutes or 0) > 59:
        return False
    if given.get("hour") is None:
        return True
    hour, minute, second = int(given["hour"]), int(given["minute"]), int(given["second"] or 0)
    if (hour, minute, second) == (24, 0, 0) and given["half"] is None:
        return True  # the end of the day in ISO 8601
    return hour <= (12 if given["half"] else 23) and minute <= 59 and second <= 60


def describe_day(text: str) -> str:
    """Return what can be seen of a text that is not read as a day, as a sentence; in doubt, that it is no date."""
    if any(character.isdigit() and not character.isascii() for character in text):
        return "Not a date: its digits are not plain ones from 0 to 9."
    plain = plain_text(text)
    day, parts = _split_time(plain)
    year_first, month_first = _ISO_DATE.match(day), _MONTH_DAY_YEAR.match(day)
    if not year_first and not month_first:
        return next((sentence for form, sentence in _NOT_DAYS if form.match(day)), "Not a date.")
    if not isinstance(read_written_day(day), date):
        if year_first is not None:
            year, month, day_of_month = year_first.groups()
        else:
            assert month_first is not None
            month, day_of_month, year = month_first.group(1, 2, 3)
        return _why_no_day(
            int(year if len(year) == 4 else f"20{year}"), int(month), int(day_of_month), is_iso=year_first is not None
        )
    if parts is not None:
        return (
            f"Not a date: a time or zone {'follows the day' if _is_time(parts) else 'that does not exist follows it'}."
        )
    return "Not a date: its dashes are not plain hyphens." if day != plain else "Not a date: the year comes last."


_MONTH_NAME = re.compile(r"[^A-Za-z]*(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)", re.IGNORECASE)
_NOT_DAYS = (
    (re.compile(r"=", re.ASCII), "Not a date: it is a formula without its result."),
    (_ERROR, "Not a date: it is an error of a spreadsheet."),
    (re.compile(r"\d{1,2}[-/]\d{1,2}\Z", re.ASCII), "Not a date: the year is missing."),
    (re.compile(r"\d{8}\Z", re.ASCII), "Not a date: nothing stands between year, month and day."),
    (re.compile(r"\d{4}/\d{1,2}/\d{1,2}\Z", re.ASCII), "Not a date: slashes stand between year, month and day."),
    (re.compile(r"\d{1,4}\.\d{1,2}\.\d{1,4}\Z", re.ASCII), "Not a date: points stand between year, month and day."),
    (_MONTH_NAME, "Not a date: the month is a word."),
)
"""What can be seen of texts that have no form of a day."""


def _why_no_day(year: int, month: int, day: int, *, is_iso: bool) -> str:
    """Return why the calendar has no such day, as a sentence."""
    if not 1 <= month <= _MONTHS:
        return f"There is no month {month}." if is_iso else f"There is no month {month}: the month comes first."
    if year < 1:
        return "There is no year 0."
    if day < 1:
        return "There is no day 0."
    name = calendar.month_name[month]
    if month == _FEBRUARY and day <= _DAYS[_FEBRUARY]:
        return f"February {year} has 28 days: it is no leap year."
    return f"{name} has {'at most ' if month == _FEBRUARY else ''}{_DAYS[month]} days."


def describe_month_day(text: str) -> str:
    """Return why a text is no month and day, as a sentence that repeats nothing of it."""
    given = plain_or_none(text) or ""
    parts = next(filter(None, (form.match(given) for form in _MONTH_DAY_FORMS)), None)
    if parts is None:
        return "Not a month and day."
    numbers = {int(parts[1]), int(parts[2])} if parts.re in _DAY_MAY_BE_FIRST else {int(parts[1])}
    if not any(1 <= number <= _MONTHS for number in numbers):
        return "Not a month and day: there is no such month. The month comes first."
    return "Not a month and day: the month does not have this day."


def read_month_day(text: str | None) -> MonthDay | Unparsed | None:
    """Parse a birth date as `MM/DD`, `M/D`, `MM-DD`, `--MM-DD` or a full date, dropping the year.

    A "month" over 12 before slash or hyphen is a day: `25/03` is 03/25. Nothing else is ever exchanged.
    """
    given = plain_or_none(text)
    if given is None:
        return None
    for form in _MONTH_DAY_FORMS:
        parts = form.match(given)
        if parts is not None:
            month, day = int(parts[1]), int(parts[2])
            if month > _MONTHS and form in _DAY_MAY_BE_FIRST:
                month, day = day, month
            return month_day(month, day) or Unparsed(given)
    return Unparsed(given)


def month_day(month: int, day: int) -> MonthDay | None:
    """Return the month and day, or None if no year has such a day (02/29 exists)."""
    if not 1 <= month <= 12 or not 1 <= day <= _DAYS[month]:
        return None
    return MonthDay(month, day)


def is_activity_id(text: str) -> bool:
    """Return True if the text has the form of an activity id: nine ASCII digits."""
    return _ACTIVITY_ID.match(text) is not None


def read_activity_id(text: str | None) -> str | None:
    """Return an activity's id in its normal form, its digits out of groups of three; None for a blank one."""
    given = plain_or_none(text)
    if given is None or given.isalnum():
        return given
    grouped = " ".join(given.translate(_DASHES).split())
    return re.sub(r"\D", "", grouped) if _ACTIVITY_ID_IN_GROUPS.match(grouped) else given


def read_npi(text: str | None) -> str | None:
    """Return an NPI in its normal form, also where its digits are in groups; None for a blank one."""
    given = plain_or_none(text)
    if given is None or given.isalnum():
        return given
    grouped = " ".join(given.translate(_DASHES).split())
    digits = re.sub(r"\D", "", grouped)
    return digits if len(digits) == 10 and _NPI_IN_GROUPS.match(grouped) else given


def read_license_id(text: str | None) -> str | None:
    """Return a licence number in its normal form, None for a blank one; an NPI in groups is the NPI."""
    given = plain_or_none(text)
    if given is None or given.isalnum() or given[0] not in "12" or not given[-1].isdigit():
        return given
    npi = read_npi(given)
    return npi if npi is not None and is_npi(npi) else given


def is_npi(text: str) -> bool:
    """Return True if the text is an NPI: ten digits from 1 or 2, Luhn check digit over prefix 80840.

    Source: CMS, requirements for the National Provider Identifier check digit.
    """
    if len(text) != 10 or not text.isascii() or not text.isdigit() or text[0] not in "12":
        return False
    return luhn_sum("80840" + text) % 10 == 0


def luhn_sum(digits: str) -> int:
    """Return the Luhn sum of decimal digits, the last of them being the check digit."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total
