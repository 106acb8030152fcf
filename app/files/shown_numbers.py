"""Numbers as a workbook shows them. A number format may show 0.25 as 6:00 or as 25%, and 777 as 00777.

Source: ECMA-376 part 1, 18.8.31: up to four sections, for positive and negative numbers, zero and text.
"""

from __future__ import annotations

import enum
import re
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from itertools import takewhile

import msgspec

from app.domain.amounts import in_quarters
from app.domain.batches import DateCell, MergedCell, NumberCell

_THOUSANDS = 3
_LONGEST = 300
"""Characters of a number format that are looked at; spreadsheet programs take 255."""
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|[_*].|\[(?P<bracket>[^\]]*)\]|(?P<general>general|standard)'
    r"|(?P<half>am/pm|a/p|上午/下午)|(?P<power>e[+-])|(?P<any>.)",
    re.IGNORECASE | re.DOTALL,
)
_CONDITION = re.compile(r"(<=|>=|<>|=|<|>)\s*(-?\d+(?:\.\d+)?)\Z")
_ELAPSED = re.compile(r"(?:h+|m+|s+)\Z", re.IGNORECASE)
_CLOCK = frozenset("hms")
_CALENDAR = frozenset("ydegb")
_MONEY = re.compile(r"[$¢£¤¥֏؋৳฿៛\u20a0-\u20cf﷼＄￠￡￥￦]|\b(?:USD|EUR|GBP|CAD|CHF|AUD|JPY)\b")
_CREDIT_WORDS = re.compile(
    r"\b(?:credits?|crs?|points?|pts?|cme|moc|ama|pra|category|cat|cc|units?|total)\b|[™®().,:;/+\-\s\u00a0\u202f]",
    re.IGNORECASE,
)
"""Words beside a number that say no more than its column."""
_OTHER_SIGNS = frozenset("°'\u2032\u2033<>≤≥~≈")
"""Signs of minutes, degrees and bounds: with them a number is not that number of credits."""
_BETWEEN_THOUSANDS = frozenset(" '\u2019\u00a0\u2009\u202f")
_NUMERIC = re.compile(r"[-+()\d.,\s]*")


class Shows(enum.Enum):
    """The kind of thing that a number format makes of a number."""

    NUMBER = "number"
    """The number, perhaps rounded, with zeros before it, or with words of credit beside it."""
    TIME = "time"
    """A time of day, 6:00, or a span of hours, 36:00:00."""
    DAY = "day"
    """A day of the calendar, where the number is none."""
    PERCENTAGE = "percentage"
    MONEY = "money"
    WORDS = "words"
    """The number with words or a unit, as `1.5 h`."""
    SCALED = "scaled"
    """The number divided by thousands."""
    HIDDEN = "hidden"
    """Nothing, or always the same."""


class _Section(msgspec.Struct, frozen=True, kw_only=True):
    """One section of a number format."""

    shows: Shows
    tokens: tuple[tuple[str, str], ...]
    """(kind, text): `text` is shown as it is, `digit` a placeholder, `point`, `clock` and others as their names say."""
    general: bool = False
    """Whether every digit is shown as it is: General, a fraction, or an exponent, which leaves digits out of sight."""
    decimals: int = 0
    condition: tuple[str, float] | None = None
    denominator: int = 0
    """That of a format of fractions which names it, as `# ?/2` does; else 0."""

    @property
    def zeros(self) -> int:
        """Digits before the point that are shown as zeros where the number has fewer."""
        before = [text for kind, text in self.tokens if kind in {"digit", "point"}]
        return before[: before.index(".") if "." in before else len(before)].count("0")

    @property
    def has_text(self) -> bool:
        """Whether something beside the number is shown that may belong to an id."""
        shown = (place for place, (kind, _) in enumerate(self.tokens) if kind in {"digit", "general"})
        first = next(shown, len(self.tokens))
        return any(
            kind == "text" and text.strip(" \u00a0()" if place > first else " \u00a0()+-")
            for place, (kind, text) in enumerate(self.tokens)
        )


@lru_cache(maxsize=1_024)
def is_plain(code: str) -> bool:
    """Whether a format shows every whole number by its digits, so that it need not be kept with them."""
    return all(
        section.shows is Shows.NUMBER and (section.general or section.zeros <= 1) and not section.has_text
        for section in _sections(code)[:3]
    )


def shows_number(number: float, code: str) -> bool:
    """Whether a format shows a number as that number: with its digits, and as the same quarter of a credit."""
    if isinstance(number, int) and is_plain(code):
        return True
    section = _section_of(number, code)
    if section is None or section.shows is not Shows.NUMBER:
        return False
    return (section.general or section.zeros <= 1) and not section.has_text and _rounds_to_itself(number, section)


def kind_of(cell: NumberCell) -> Shows:
    """Return the kind of thing that a cell shows."""
    section = _section_of(cell["v"], cell["f"])
    return section.shows if section is not None else Shows.HIDDEN


def text_of(cell: NumberCell) -> str:
    """Return the text that a cell shows, without separators between thousands; empty where it shows nothing."""
    number = cell["v"]
    section = _section_of(number, cell["f"])
    if section is None:
        return ""
    if section.shows is Shows.TIME:
        return _clock(number, section)
    if section.shows is Shows.DAY:
        return "1900-01-00"
    if section.denominator:
        return _as_fraction(number, section.denominator)
    if section.general and not any(kind == "general" for kind, _ in section.tokens):
        return _plain(number)
    return _filled(number, section)


def seen_text(cell: DateCell | NumberCell | MergedCell) -> str:
    """Return what can be seen of a cell of a date, a formatted number, or a merged area."""
    if "v" in cell:
        return text_of(cell)
    return cell["d"] if "d" in cell else cell["m"]


def amount_of(cell: NumberCell) -> float | str:
    """Return the amount that a cell shows, or, where that is no amount or another one, the text that it shows."""
    section = _section_of(cell["v"], cell["f"])
    if section is not None and section.shows is Shows.NUMBER and _rounds_to_itself(cell["v"], section):
        return float(cell["v"])
    text = text_of(cell)
    if section is not None and (
        section.shows in {Shows.NUMBER, Shows.SCALED} or (section.shows is Shows.WORDS and _NUMERIC.fullmatch(text))
    ):
        return f"{text} shown for {_plain(cell['v'])}"
    return text


def _rounds_to_itself(number: float, section: _Section) -> bool:
    if isinstance(number, int) or section.decimals >= 2:
        return True
    if section.general and not section.denominator:
        return True
    shown = (
        _parts(number, section.denominator) / section.denominator
        if section.denominator
        else float(_rounded(number, section.decimals))
    )
    return round(in_quarters(shown)) == round(in_quarters(number))


def _plain(number: float) -> str:
    if isinstance(number, int):
        return str(number)
    text = f"{number:.15g}"
    return format(Decimal(text), "f") if "e" in text else text


def _parts(number: float, denominator: int) -> int:
    """Return how many of a fraction's parts are shown for a number."""
    return int(_rounded(number * denominator, 0))


def _as_fraction(number: float, denominator: int) -> str:
    whole, rest = divmod(abs(_parts(number, denominator)), denominator)
    return ("-" if number < 0 else "") + (f"{whole} {rest}/{denominator}" if rest else str(whole))


def _rounded(number: float, decimals: int) -> Decimal:
    exact = Decimal(number) if isinstance(number, int) else Decimal(f"{number:.15g}")
    return exact.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP) if abs(exact) < 10**20 else exact


def _section_of(number: float, code: str) -> _Section | None:
    """Return the section that applies to a number; None where none does, and nothing can be seen."""
    sections = _sections(code)[:3]
    if any(section.condition for section in sections):
        return next((section for section in sections if _applies(section.condition, number)), None)
    if len(sections) == 1 or number > 0 or (number == 0 and len(sections) == 2):
        return sections[0]
    return sections[1] if number < 0 else sections[2]


def _applies(condition: tuple[str, float] | None, number: float) -> bool:
    if condition is None:
        return True
    sign, against = condition
    return {
        "<": number < against, ">": number > against, "=": number == against,
        "<=": number <= against, ">=": number >= against, "<>": number != against,
    }[sign]  # fmt: skip


@lru_cache(maxsize=1_024)
def _sections(code: str) -> tuple[_Section, ...]:
    """Return the sections of a format; one at least."""
    parts: list[list[re.Match[str]]] = [[]]
    for match in _TOKEN.finditer(code[:_LONGEST]):
        if match["any"] == ";":
            parts.append([])
        else:
            parts[-1].append(match)
    return tuple(_section(part, code) for part in parts)


def _section(matches: list[re.Match[str]], code: str) -> _Section:
    tokens: list[tuple[str, str]] = []
    condition: tuple[str, float] | None = None
    seen = set[str]()
    for match in matches:
        kind, text = _token(match)
        if kind == "condition":
            sign, against = text.split(" ")
            condition = (sign, float(against))
        elif kind:
            tokens.append((kind, text))
            seen.add(kind)
    denominator = _denominator(tokens) if "fraction" in seen else 0
    # What stands beside `@` is shown with texts only; a number is shown as it is.
    digits = [place for place, (kind, _) in enumerate(tokens) if kind == "digit"]
    texts = [(place, text) for place, (kind, text) in enumerate(tokens) if kind == "text"]
    between = range(digits[0], digits[-1]) if digits and not _is_split(tokens) else range(0)
    words = "" if "at" in seen else "".join(text for place, text in texts if place not in between)
    decimals = 0
    points = [place for place, (kind, _) in enumerate(tokens) if kind == "point"]
    if points:
        decimals = sum(1 for place in digits if place > points[0])
    end = max([*digits, *points], default=-1)
    scaled = bool(digits) and end + 1 < len(tokens) and tokens[end + 1][0] == "comma"
    general = bool(seen & {"general", "power", "fraction", "at"}) or not code.strip()
    return _Section(
        shows=Shows.WORDS if _is_split(tokens) else _shows(seen, words, general=general, scaled=scaled),
        tokens=tuple(tokens),
        general=general,
        decimals=decimals,
        condition=condition,
        denominator=denominator,
    )


def _denominator(tokens: list[tuple[str, str]]) -> int:
    """Return the denominator that a format names, and take it out of the tokens; 0 where it has placeholders."""
    begin = end = tokens.index(("fraction", "/")) + 1
    while end < len(tokens) and (tokens[end][0] == "digit" or (tokens[end][1].isascii() and tokens[end][1].isdigit())):
        end += 1
    named = "".join(text for _, text in tokens[begin:end])
    del tokens[begin:end]
    return int(named) if named.isdigit() else 0


def _is_split(tokens: list[tuple[str, str]]) -> bool:
    """Whether something stands between the digits that makes another number of them, as in `0":"00` and `0"."00`."""
    kinds = [kind for kind, _ in tokens]
    if "digit" not in kinds or not {"fraction", "clock", "calendar", "elapsed"}.isdisjoint(kinds):
        return False
    last = len(kinds) - 1 - kinds[::-1].index("digit")
    for place in range(kinds.index("digit"), last):
        if kinds[place] != "text" or not tokens[place][1]:
            continue
        following = len(list(takewhile("digit".__eq__, kinds[place + 1 :])))
        if following != _THOUSANDS or not _BETWEEN_THOUSANDS.issuperset(tokens[place][1]):
            return True
    return False


def _shows(seen: set[str], words: str, *, general: bool, scaled: bool) -> Shows:
    if "calendar" in seen:
        return Shows.DAY
    if seen & {"clock", "elapsed"}:
        return Shows.TIME
    if "percent" in seen or "%" in words or "‰" in words:
        return Shows.PERCENTAGE
    if not general and "digit" not in seen:
        return Shows.HIDDEN
    if _MONEY.search(words):
        return Shows.MONEY
    if scaled:
        return Shows.SCALED
    if any(letter.isalnum() or letter in _OTHER_SIGNS for letter in _CREDIT_WORDS.sub("", words)):
        return Shows.WORDS
    return Shows.NUMBER


def _token(match: re.Match[str]) -> tuple[str, str]:
    """Return the kind of a token and its text; no kind for what is not shown."""
    if (bracket := match["bracket"]) is not None:
        return _bracket(bracket)
    for name in ("quoted", "escaped"):
        if match[name]:
            return "text", match[name]
    if match["general"] or match["power"]:
        return ("general" if match["general"] else "power"), ""
    if match["half"]:
        return "clock", ""
    text = match["any"] or ""
    if not text:
        return "", ""
    if text in "0#?":
        return "digit", text
    named = {".": "point", ",": "comma", "%": "percent", "/": "fraction", "@": "at"}.get(text)
    if named is None and text.lower() in _CLOCK:
        named = "clock"
    elif named is None and text.lower() in _CALENDAR:
        named = "calendar"
    return named or "text", text


def _bracket(text: str) -> tuple[str, str]:
    """Return the token of what stands in brackets: a currency, a span, a condition; colours are not shown."""
    if text.startswith("$"):
        return "text", text[1:].rpartition("-")[0] if "-" in text else text[1:]
    if _ELAPSED.match(text):
        return "elapsed", text
    if found := _CONDITION.match(text):
        return "condition", f"{found[1]} {found[2]}"
    return "", ""


def _clock(number: float, section: _Section) -> str:
    """Return a time as most formats show it: 6:00, 36:00:00."""
    letters = [(kind, text.lower()) for kind, text in section.tokens if kind in {"clock", "elapsed"}]
    with_seconds = any(text.startswith("s") for _, text in letters)
    seconds = round(abs(number) * 86_400) if abs(number) < 10**9 else 0
    elapsed = any(kind == "elapsed" for kind, _ in letters)
    hours, rest = divmod(seconds, 3_600)
    shown = f"{hours if elapsed else hours % 24}:{rest // 60:02d}"
    return f"{shown}:{rest % 60:02d}" if with_seconds else shown


def _filled(number: float, section: _Section) -> str:
    """Return a number in the placeholders of a section, with the texts between them."""
    percent = sum(1 for kind, _ in section.tokens if kind == "percent")
    value = Decimal(_plain(number)) * 100**percent
    if section.shows is Shows.SCALED:
        value = value.scaleb(-3 * _commas_at_end(section))
    shown = (
        abs(value.quantize(Decimal(1).scaleb(-section.decimals), rounding=ROUND_HALF_UP))
        if abs(value) < 10**20
        else abs(value)
    )
    whole, _, rest = format(shown, "f").partition(".")
    point = next((place for place, (kind, _) in enumerate(section.tokens) if kind == "point"), len(section.tokens))
    before = [place for place, (kind, _) in enumerate(section.tokens) if kind == "digit" and place < point]
    digits = _before_point(whole.lstrip("0"), before, section)
    after = iter(rest.ljust(section.decimals, "0"))
    written = []
    for place, (kind, text) in enumerate(section.tokens):
        if kind == "general":
            written.append(_plain(abs(number)))
        elif kind == "digit":
            written.append(digits[place] if place < point else next(after, ""))
        elif kind in {"text", "percent", "point"}:
            written.append(text)
    sign = (
        "-"
        if number < 0 and not any("-" in text or "(" in text for kind, text in section.tokens if kind == "text")
        else ""
    )
    return sign + "".join(written).strip()


def _commas_at_end(section: _Section) -> int:
    """Return the commas behind the last digit, each of which divides by a thousand."""
    kinds = [kind for kind, _ in section.tokens]
    last = max(place for place, kind in enumerate(kinds) if kind in {"digit", "point"})
    return len(list(takewhile("comma".__eq__, kinds[last + 1 :])))


def _before_point(digits: str, places: list[int], section: _Section) -> dict[int, str]:
    """Return the digits of each placeholder before the point; the first takes all that are left."""
    found: dict[int, str] = {}
    for place in reversed(places):
        first = place == places[0]
        taken, digits = (digits, "") if first else (digits[-1:], digits[:-1])
        found[place] = taken or ("0" if section.tokens[place][1] == "0" else "")
    return found
