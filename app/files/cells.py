"""Reading cells, by the kind of values in their column. A cell is read as its sender meant it; nothing is guessed.

A bad value that a rule judges is returned as `Unparsed`, and the rule refuses it. For any other `CellFault` is raised:
it carries what can be kept of the cell, so that the rest of the row is judged as well.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import TypeAlias

from app.domain.amounts import AMOUNT_LIMIT, say_what_it_is
from app.domain.batches import Cell, DateCell, MergedCell, NumberCell
from app.domain.parsing import (
    AROUND,
    MARK,
    MonthDay,
    Unparsed,
    is_error_or_lost,
    month_day,
    plain_text,
    read_month_day,
    read_written_day,
    without_time,
)
from app.domain.parsing import read_activity_id as activity_id_of
from app.domain.reports import Action, Amount
from app.files.shown_numbers import Shows, amount_of, kind_of, seen_text, text_of

SERIALS = range(20_000, 60_001)
"""Serial numbers that can only be days: 1954 to 2064."""
BIRTH_SERIALS = range(10_000, 60_001)
"""The same for births, from 1927. Smaller numbers could be a month and day written together."""
_DAY_ZERO = date(1899, 12, 30)
"""Where serials count from after 60, which is 1900-02-29 and never was."""

UNKEEPABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
"""Characters that some databases and file formats cannot store."""
SERIAL_TEXT = re.compile(r"\A\d{5}(?:\.\d*)?\Z", re.ASCII)
_NUMBER = re.compile(r"\A[+-]?(?:\d{1,15}(?:\.\d*)?|\.\d+)\Z", re.ASCII)
_EXPONENT = re.compile(r"\A(\d)\.(\d+)[Ee](\+?)0*(\d{1,2})\Z", re.ASCII)
_NO_DECIMALS = re.compile(r"\A\dE\+\d{2,3}\Z", re.ASCII)
"""As a narrow column shows a long number."""
_KNOWN_DIGITS = 10**15
"""From here on a number cell has lost digits: workbooks keep fifteen."""
_LONG = 9
"""The exponent from which text such as `1.2E+9` can only be a long number whose digits were lost."""
_WITH_POINT = re.compile(r"\A(\d{1,15})\.0\Z", re.ASCII)
_EXACT_FROM = 7
"""The exponent from which some programs write whole numbers as `2.0175955E8`, with every digit and no sign."""
_ZEROS = 2
"""Zeros at the end that such programs leave out. Where more are missing, digits may have been rounded away: other
programs write `1.2346E9` in a narrow column, and drop four at least."""
_DOLLARS = re.compile(r"\A\$? ?(\d{1,3}(?:,\d{3})+|\d{1,13})(\.\d{1,2})?\Z", re.ASCII)

_MONTHS = {
    name: number
    for number, names in enumerate(
        ("jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july", "aug august",
         "sep sept september", "oct october", "nov november", "dec december"), 1,
    )
    for name in names.split()
}  # fmt: skip
_MONTH_FIRST = re.compile(r"\A([A-Za-z]{3,9})\.?[ -]+(\d{1,2})(?:st|nd|rd|th)?(?:,? +\d{4})?\Z", re.ASCII)
_DAY_FIRST = re.compile(r"\A(\d{1,2})(?:st|nd|rd|th)?[ -]+([A-Za-z]{3,9})\.?(?:[ -]+(?:\d{4}|\d{2}))?\Z", re.ASCII)
_FORMAT_EXTRAS = re.compile(r'\[[^\]]*\]|[\\"]|;.*')
_MONTH_AND_YEAR = re.compile(r"\Am{1,5}[-/ .]*yy\Z")
_YES, _NO = frozenset({"yes", "y", "true"}), frozenset({"no", "n", "false"})


class CellFault(ValueError):
    """A cell that cannot be what its column holds, and that no rule judges. The sentences never hold the cell."""

    def __init__(self, code: str, detail: str, hint: str, kept: str | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.hint = hint
        self.kept = kept
        """The text of the cell that can be kept, None where none can."""


class _LostDigits(CellFault):
    """An id whose digits cannot be known any more."""

    def __init__(self) -> None:
        super().__init__(
            "format",
            "Digits of the id are lost: it was shortened to a power of ten, or has more than fifteen in a number cell.",
            "Format the column as text, and type the id again.",
        )


IdCell: TypeAlias = tuple[str | None, bool]
"""An id, and whether it was a number, which keeps no leading zeros."""
NO_ID: IdCell = (None, False)


def strip_text(cell: str) -> str:
    """Return a value in its normal form, without the apostrophe that marks a cell as text."""
    text = plain_text(cell)
    return text[1:].strip() if text[:1] == "'" else text


def format_number(number: float) -> str:
    """Return a number as a workbook shows it: 15 digits, without an exponent, and `12` for 12.0."""
    if isinstance(number, bool):
        return "TRUE" if number else "FALSE"
    if -1e15 < number < 1e15 and number == (whole := int(number)):
        return str(whole)
    if not _is_finite(number):
        return str(number)
    text = f"{number:.15g}"
    return format(Decimal(text), "f") if "e" in text else text


def read_text(cell: Cell, longest: int | None = None) -> str | None:
    """Return a cell's text without invisible marks and outer white space; a blank one is None. Raises `CellFault`."""
    if isinstance(cell, str):
        text = cell.strip() if cell.isascii() else cell.strip(AROUND)
        if (longest is not None and len(text) > longest) or not text.isprintable():
            text = _check_text(MARK.sub("", text).strip(AROUND), longest)
        return text or None
    if cell is None:
        return None
    if isinstance(cell, dict):
        return _text_shown(cell, longest)
    return _check_text(format_number(cell), longest)


def _text_shown(cell: DateCell | NumberCell | MergedCell, longest: int | None) -> str | None:
    if "v" in cell:
        return _check_text(text_of(cell), longest) or None
    if "m" in cell:
        raise TypeError("a merged cell has no value of its own")
    raise CellFault(
        "type",
        "The cell holds a date where text belongs.",
        "Format the column as text, and type the value again: it has become a date.",
    )


def _is_finite(number: float) -> bool:
    """Whether a number is finite; works for whole numbers that are too large for a float, too."""
    return -1e300 < number < 1e300


def _check_text(text: str, longest: int | None) -> str:
    """Return a text that can be kept as it is; raises `CellFault`."""
    clean = UNKEEPABLE.sub("", text)
    if clean != text:
        raise CellFault(
            "format", "The text has a character that cannot be kept.", "Type it again.", clean[:longest].strip() or None
        )
    if longest is not None and len(text) > longest:
        raise CellFault("too-long", f"The text has more than {longest} characters.", "Shorten it.", text[:longest])
    return text


def read_id(cell: Cell, longest: int | None = None) -> IdCell:
    """Return letters and digits as they were typed, and the digits of a number cell. Raises `CellFault`.

    A number that a program wrote as text counts as a number: `444444.0`, and one with an exponent where no digit was
    rounded away.
    """
    if not isinstance(cell, str):
        if isinstance(cell, dict):
            return _id_shown(cell, longest)
        is_number = isinstance(cell, int | float) and not isinstance(cell, bool)
        text = read_text(cell, longest)
        if is_number and cell is not None and not -_KNOWN_DIGITS < cell < _KNOWN_DIGITS:
            raise _LostDigits
        return text, is_number
    text = read_text(cell if cell.isascii() else plain_text(cell), longest)
    if text is None:
        return NO_ID
    if not text.isalnum():
        _refuse_formula(text)
    if text[0] == "'":
        return text[1:].strip() or None, False
    if parts := _WITH_POINT.match(text):
        return parts[1], True
    if parts := _EXPONENT.match(text):
        decimals, exponent = parts[2], int(parts[4])
        is_whole = len(decimals.rstrip("0")) <= exponent
        left_out = exponent - len(decimals)
        if is_whole and (left_out <= 0 if parts[3] else left_out <= _ZEROS and _EXACT_FROM <= exponent < 15):
            return parts[1] + decimals[:exponent].ljust(exponent, "0"), True
        if exponent >= _LONG or (parts[3] and left_out > 0 and exponent >= _EXACT_FROM):
            raise _LostDigits
    elif _NO_DECIMALS.match(text):
        raise _LostDigits
    return text, False


def read_own_id(cell: Cell, longest: int | None = None) -> IdCell:
    """Return an id that the sender has made, as it is shown: as it was sent. Raises `CellFault`."""
    if not isinstance(cell, str) or cell.isascii():
        return read_id(cell, longest)
    text = cell.strip(AROUND)
    _refuse_formula(text)
    text = text[1:].strip(AROUND) if text[:1] == "'" else text
    return _check_text(text, longest) or None, False


def check_own_id(text: str, longest: int | None = None) -> str | None:
    """Return an id that the sender has made, from where an apostrophe is no mark of a text. Raises `CellFault`."""
    text = text.strip(AROUND)
    _refuse_formula(text)
    return _check_text(text, longest) or None


def _refuse_formula(text: str) -> None:
    """Raise a `CellFault` for an id that is a formula without its result, or an error: it may be in many cells."""
    if text.startswith("=") or is_error_or_lost(text):
        raise CellFault(
            "format",
            "The cell holds a formula without its result, a spreadsheet's error, or a lost letter; that is not an id.",
            "Mend the formula, save the file in a spreadsheet program, or write the id as text.",
        )


def _id_shown(cell: DateCell | NumberCell | MergedCell, longest: int | None) -> IdCell:
    """Return the id that a cell shows: 00777 for 777, where its format shows zeros before it. Raises `CellFault`."""
    if "v" not in cell:
        return read_text(cell, longest), False
    shows = kind_of(cell)
    if shows is Shows.MONEY:
        return read_id(cell["v"], longest)
    text = text_of(cell)
    if shows not in {Shows.NUMBER, Shows.WORDS} or not text:
        raise CellFault(
            "type",
            "The cell shows a time, a percentage, or nothing of its number, where an id belongs.",
            "Format the column as text, and type the id again.",
        )
    if not -_KNOWN_DIGITS < cell["v"] < _KNOWN_DIGITS:
        raise _LostDigits
    return _check_text(text, longest), text.isdecimal() and not text.startswith("0")


def read_activity_id(cell: Cell, longest: int | None = None) -> IdCell:
    """Return an activity's id, also where its digits are in groups of three. Raises `CellFault`."""
    text, was_number = read_id(cell, longest)
    if text is None or text.isalnum():
        return text, was_number
    digits = activity_id_of(text)
    return digits, was_number or digits != text


def read_day(cell: Cell) -> date | Unparsed | None:
    """Return the day as it is written: a time or zone never shifts it, and two-digit years are 20YY."""
    if isinstance(cell, dict):
        if "d" in cell:
            return _day_of(cell["d"]) or Unparsed(cell["d"])
        cell = seen_text(cell)
    if not isinstance(cell, str):
        return _serial_day(cell, SERIALS)
    text = strip_text(cell)
    return _serial_day(float(text), SERIALS) if SERIAL_TEXT.match(text) else read_written_day(text)


def _day_of(iso: str) -> date | None:
    try:
        return date.fromisoformat(iso[:10])
    except ValueError:
        return None


def _serial_day(cell: float | None, serials: range) -> date | Unparsed | None:
    """Return the day of a bare number, where it can be nothing else."""
    if cell is None:
        return None
    if isinstance(cell, bool) or not _is_finite(cell) or int(cell) not in serials:
        return Unparsed(format_number(cell))
    return _DAY_ZERO + timedelta(days=int(cell))


def read_birth_date(cell: Cell) -> MonthDay | Unparsed | None:
    """Return the month and day as they are written; any year is dropped.

    Where this year has no such day, or by its locale, a workbook takes a month and day for a month and year: it keeps
    the first of the month, shown as `Feb-29`, and the two digits of the year are the day.
    """
    if isinstance(cell, dict) and "d" not in cell:
        cell = seen_text(cell)
    if isinstance(cell, dict):
        assert "d" in cell
        born = _day_of(cell["d"])
        if born is None:
            return Unparsed(cell["d"])
        if born.day == 1 and _MONTH_AND_YEAR.match(_FORMAT_EXTRAS.sub("", cell["f"]).strip().lower()):
            return month_day(born.month, born.year % 100) or Unparsed(cell["d"])
        return MonthDay(born.month, born.day)
    if not isinstance(cell, str):
        found = _serial_day(cell, BIRTH_SERIALS)
        return MonthDay(found.month, found.day) if isinstance(found, date) else found
    text = strip_text(cell)
    given = without_time(text)
    born_on = read_month_day(given)
    if not isinstance(born_on, Unparsed):
        return born_on
    if SERIAL_TEXT.match(text):
        return read_birth_date(float(text))
    if parts := _MONTH_FIRST.match(given):
        return month_day(_MONTHS.get(parts[1].lower(), 0), int(parts[2])) or born_on
    if parts := _DAY_FIRST.match(given):
        return month_day(_MONTHS.get(parts[2].lower(), 0), int(parts[1])) or born_on
    return born_on


def read_amount(cell: Cell) -> Amount:
    """Return an amount of credits. A comma is not read: it may mark decimals or thousands."""
    if isinstance(cell, str):
        text = strip_text(cell)
        if not text:
            return None
        if _NUMBER.match(text) is None:
            return Unparsed(text)
        cell = float(text)
    if cell is None:
        return None
    if isinstance(cell, dict):
        shown = amount_of(cell) if "v" in cell else seen_text(cell)
        if isinstance(shown, str):
            return Unparsed(shown)
        cell = shown
    if isinstance(cell, bool) or not abs(cell) <= AMOUNT_LIMIT:
        return Unparsed(format_number(cell))
    return float(cell)


def read_whole(cell: Cell) -> int | None:
    """Return a whole number. Raises `CellFault`."""
    number = read_amount(cell)
    if number is None:
        return None
    if isinstance(number, Unparsed):
        raise CellFault("type", say_what_it_is(number.text, "a whole number"), "Give digits only.")
    if not number.is_integer():
        raise CellFault("type", "Not a whole number.", "Give digits only.")
    return int(number)


def read_dollars(cell: Cell) -> float | None:
    """Return an amount of dollars, with or without `$` and commas between thousands. Raises `CellFault`."""
    if isinstance(cell, int | float) and not isinstance(cell, bool) and _is_finite(cell):
        return float(cell)
    if isinstance(cell, dict) and "v" in cell and kind_of(cell) in {Shows.MONEY, Shows.NUMBER}:
        return read_dollars(cell["v"])
    text = seen_text(cell) if isinstance(cell, dict) else read_text(cell)
    if text is None:
        return None
    parts = _DOLLARS.match(plain_text(text))
    if parts is None:
        raise CellFault("type", say_what_it_is(text, "an amount of dollars"), "Give a number, for example 1250.00.")
    return float(parts[1].replace(",", "") + (parts[2] or ""))


def read_yes_no(cell: Cell) -> bool | None:
    """Return True for Yes, False for No, None for a blank cell. Raises `CellFault`."""
    if isinstance(cell, bool):
        return cell
    text = strip_text(cell).lower() if isinstance(cell, str) else "" if cell is None else "a number"
    if text in _YES:
        return True
    if text in _NO:
        return False
    if text:
        raise CellFault("type", "Neither Yes nor No.", "Give Yes or No.")
    return None


def read_list(cell: Cell, longest: int | None = None) -> list[str]:
    """Return the texts between semicolons without blank ones. Raises `CellFault`."""
    if not isinstance(cell, str):
        text = read_text(cell, longest)
        return [text] if text is not None else []
    return [text for part in cell.split(";") if (text := read_text(part, longest)) is not None]


def read_action(cell: Cell) -> Action | Unparsed | None:
    """Return what a record asks to be done."""
    if not isinstance(cell, str):
        return None if cell is None else Unparsed(seen_text(cell) if isinstance(cell, dict) else format_number(cell))
    text = strip_text(cell)
    return _ACTIONS.get(text.lower()) or (Unparsed(text) if text else None)


_ACTIONS = {action.value: action for action in Action}
