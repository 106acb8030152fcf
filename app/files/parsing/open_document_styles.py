"""Number formats of OpenDocument sheets, as the codes of other workbooks: what a cell shows is then judged alike.

Source: OpenDocument 1.3 part 3, 16.29 (data styles) and 16.3 (the condition of a map).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from app.files.parsing.books import kept_format

STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
NUMBER = "{urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0}"
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_NUMBER_STYLES = frozenset(
    f"{NUMBER}{kind}-style" for kind in ("number", "percentage", "currency", "date", "time", "boolean", "text")
)
_CONDITION = re.compile(r"value\(\)\s*(<=|>=|!=|=|<|>)\s*(-?\d{1,15}(?:\.\d{1,15})?)\Z")
_SIGNS = {"!=": "<>"}
_PLAIN_TEXT = re.compile(r"[-+ ()$,%]*\Z")
"""Texts that a code has without quotes."""
_DEEPEST = 8
"""Styles that may stand upon each other, and maps that may lead on."""
_MOST_DIGITS = 30


class CellStyles:
    """Styles of a document: the number format of each cell style, and which tables are hidden."""

    def __init__(self) -> None:
        self.hidden = set[str]()
        """Styles of tables that are not shown."""
        self._cells: dict[str, tuple[str, str]] = {}
        """Number style and parent of each cell style."""
        self._numbers: dict[str, _NumberStyle] = {}
        self._codes: dict[str, str] = {}

    def read(self, styles: Any) -> None:
        """Take the styles of an element that holds some."""
        for style in styles:
            if not isinstance(style.tag, str):
                continue
            name = style.get(f"{STYLE}name", "")
            if style.tag in _NUMBER_STYLES:
                self._numbers[name] = _NumberStyle.of(style)
            elif style.tag == f"{STYLE}style" and style.get(f"{STYLE}family") == "table-cell":
                self._cells[name] = style.get(f"{STYLE}data-style-name", ""), style.get(f"{STYLE}parent-style-name", "")
            elif style.tag == f"{STYLE}style" and style.get(f"{STYLE}family") == "table":
                shown = (inner.get(f"{TABLE}display") for inner in style if isinstance(inner.tag, str))
                if "false" in shown:
                    self.hidden.add(name)

    def code_of(self, style: str) -> str:
        """Return the number format of a cell style; empty where it shows numbers by their digits."""
        code = self._codes.get(style)
        if code is None:
            code = self._codes[style] = kept_format(self._code(self._number_style(style)))
        return code

    def _number_style(self, style: str) -> str:
        for _ in range(_DEEPEST):
            number, parent = self._cells.get(style, ("", ""))
            if number or not parent:
                return number
            style = parent
        return ""

    def _code(self, name: str, depth: int = 0) -> str:
        """Return the code of a number style; its maps come first, each with its condition."""
        style = self._numbers.get(name)
        if style is None or depth > _DEEPEST:
            return ""
        if not style.maps:
            return style.code
        conditions = [condition for condition, _ in style.maps]
        codes = [self._code(applied, depth + 1) for _, applied in style.maps]
        if conditions in (["[>=0]"], ["[>0]", "[<0]"], ["[>0]", "[<0]", "[=0]"]):
            # What sections mean without conditions.
            return ";".join([*codes, style.code])
        return ";".join([*map("".join, zip(conditions, codes, strict=True)), style.code])


class _NumberStyle(msgspec.Struct, frozen=True):
    """One number style: its own code, and the styles that take its place under a condition."""

    code: str
    maps: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, style: Any) -> _NumberStyle:
        """Read a style."""
        maps = []
        for inner in style:
            if inner.tag == f"{STYLE}map":
                found = _CONDITION.match(inner.get(f"{STYLE}condition", "").strip())
                if found is not None:
                    sign = _SIGNS.get(found[1], found[1])
                    maps.append((f"[{sign}{found[2]}]", inner.get(f"{STYLE}apply-style-name", "")))
        return cls("".join(_tokens(style)), tuple(maps))


def _tokens(style: Any) -> Iterator[str]:
    kind = style.tag.removeprefix(NUMBER)
    spans = style.get(f"{NUMBER}truncate-on-overflow") == "false"
    has_percent = False
    for part in style:
        if not isinstance(part.tag, str) or not part.tag.startswith(NUMBER):
            continue
        name, is_long = part.tag.removeprefix(NUMBER), part.get(f"{NUMBER}style") == "long"
        text = part.text or ""
        match name:
            case "text":
                has_percent = has_percent or "%" in text
                is_mark = kind in ("date-style", "time-style") and text in ("/", ":")
                yield text if is_mark else _text(text)
            case "number":
                yield _digits(part)
            case "scientific-number":
                yield f"{_digits(part)}E+{'0' * _count(part, 'min-exponent-digits', 2)}"
            case "fraction":
                yield _fraction(part)
            case "currency-symbol":
                yield text if text == "$" else f"[${text or '¤'}]"
            case "fill-character":
                yield f"*{text[:1] or ' '}"
            case "text-content":
                yield "@"
            case "boolean":
                yield "General"
            case "day" | "month" | "year" | "era" | "day-of-week" | "quarter" | "week-of-year":
                yield _calendar(name, part, is_long=is_long)
            case "hours" | "minutes" | "seconds" | "am-pm":
                token = "AM/PM" if name == "am-pm" else name[0] * (1 + is_long)
                yield f"[{token}]" if spans and name != "am-pm" else token
                spans = False
                if name == "seconds" and (places := _count(part, "decimal-places", 0)):
                    yield "." + "0" * places
    if kind == "percentage-style" and not has_percent:
        yield "%"


def _calendar(name: str, part: Any, *, is_long: bool) -> str:
    match name:
        case "month":
            is_name = bool(part.get(f"{NUMBER}textual") == "true")
            return "m" * (1 + is_long + 2 * is_name)
        case "year":
            return "yyyy" if is_long else "yy"
        case "day":
            return "dd" if is_long else "d"
        case "day-of-week":
            return "dddd" if is_long else "ddd"
    return "e"


def _text(text: str) -> str:
    if _PLAIN_TEXT.match(text):
        return text
    return '\\"'.join(f'"{part}"' if part else "" for part in text.split('"'))


def _count(part: Any, name: str, otherwise: int) -> int:
    text: str = part.get(f"{NUMBER}{name}", "")
    return min(int(text), _MOST_DIGITS) if text.isascii() and text.isdigit() else otherwise


def _digits(part: Any) -> str:
    """Return the placeholders of a number's digits."""
    zeros = _count(part, "min-integer-digits", 0)
    decimals = _count(part, "decimal-places", -1)
    grouped = part.get(f"{NUMBER}grouping") == "true"
    embedded = sorted(
        (_count(inner, "position", 0), inner.text or "") for inner in part if inner.tag == f"{NUMBER}embedded-text"
    )
    if decimals < 0 and zeros <= 1 and not grouped and not embedded and part.tag == f"{NUMBER}number":
        return "General"
    whole = "0" * zeros if zeros else "#"
    if grouped:
        whole = whole.rjust(4, "#")
        whole = f"{whole[:-3]},{whole[-3:]}"
    for position, text in reversed(embedded):
        # Positions count digits from the point, so that those further left are put in first.
        whole = whole.rjust(position + 1, "#")
        whole = f"{whole[: len(whole) - position]}{_text(text)}{whole[len(whole) - position :]}"
    decimals = max(decimals, 0)
    always = min(_count(part, "min-decimal-places", decimals), decimals)
    behind = "0" * always + "#" * (decimals - always)
    factor = part.get(f"{NUMBER}display-factor", "1")
    scaled = "," * ((len(factor) - 1) // 3) if factor.strip("0") == "1" else ""
    return f"{whole}.{behind}{scaled}" if behind else f"{whole}{scaled}"


def _fraction(part: Any) -> str:
    whole = "#" * (f"{NUMBER}min-integer-digits" in part.attrib)
    named = part.get(f"{NUMBER}denominator-value", "")
    below: str = (
        named if named.isascii() and named.isdigit() else "?" * max(_count(part, "min-denominator-digits", 1), 1)
    )
    return f"{whole} {'?' * max(_count(part, 'min-numerator-digits', 1), 1)}/{below}".strip()
