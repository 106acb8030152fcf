"""Comparison keys: how names, numbers and codes are stored and looked up, and which names have none."""

from __future__ import annotations

import enum
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache
from html.entities import html5

NAME_KEYS = 2
"""The version of name keys. Who changes how a name's key is made raises it, and adds a migration that remakes them."""

_NOT_ALPHANUMERIC = re.compile(r"[^0-9a-z]+")
_PLACEHOLDERS = frozenset({"fnu", "lnu", "nmn"})
"""Written by senders where a person has no first or last name."""
_NO_NAME = "\ufffd"
"""Begins the keys of texts that are no names, so that none of them equals a name's."""

_LETTERS = str.maketrans(
    {
        "ø": "o", "đ": "d", "ɖ": "d", "ł": "l", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ȷ": "j", "ħ": "h",
        "ŋ": "n", "ŧ": "t", "ǝ": "ə",
    }
    | dict.fromkeys(
        (
            # Letters to Unicode, apostrophes and strokes to their readers: ʻ ʼ ʽ ʾ ʿ ˈ, Ꞌ ꞌ, of Armenian and NKo.
            *map(chr, range(0x2B9, 0x2C2)), *map(chr, range(0x2C6, 0x2D2)), "ˬ", "ˮ", "ꞈ", "Ꞌ", "ꞌ", "ՙ", "ߴ", "ߵ",
            # Letters that nobody sees: a stretched line in Arabic, and fillers of Hangul.
            "ـ", "\u115f", "\u1160", "\u3164", "\uffa0",
        )
    )
)  # fmt: skip


def _folded(text: str) -> str:
    # Twice: NFKD may yield capitals again, as it does for "™".
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text.casefold()).casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c)).translate(_LETTERS)


class NameDamage(enum.Enum):
    """A fault by which a text is no name. Its value: what is wrong, said of the field, and what to do."""

    LOST = (
        "has lost a letter: it holds a question mark, or another sign in the place of a letter",
        "Write the name anew, as on the licence. Letters are kept in files saved as UTF-8, and in workbooks.",
    )
    """A letter was replaced by `?`, U+FFFD or another sign, or is masked."""
    NOT_A_NAME = (
        "holds an error or a formula of a spreadsheet, such as #N/A, and no name",
        "Mend the formula of the cell, then give the name as text.",
    )
    """An error value of a spreadsheet, a formula without its result, or words for "not available"."""
    ESCAPED = (
        "holds characters written as in a web page or a program, such as &#39; or %27",
        "Write the characters themselves: an apostrophe, a letter with its accent.",
    )
    """Entities of web pages, and escapes of addresses, programs and mail."""
    MISREAD = (
        "holds signs that no name has, as when a text is read in another encoding than it was written in",
        "Write the name anew, as on the licence, or export the file anew as UTF-8.",
    )
    """UTF-8 that was taken for another encoding once or more often, or signs that stand where letters were."""
    MIXED = (
        "mixes the letters of two alphabets that look alike, such as Latin and Cyrillic",
        "Type the name anew in one alphabet, as on the licence.",
    )
    """Latin letters beside those of an alphabet that has the same shapes."""

    @property
    def detail(self) -> str:
        """What is wrong, to follow the name of a field."""
        return self.value[0]

    @property
    def hint(self) -> str:
        """What to do about it."""
        return self.value[1]


_ORDINARY = re.compile(r"[A-Za-z0-9 '.,()\"-]*")
"""Whoever is only these has nothing that could be damaged."""
_LOST = re.compile("[?\x1a\ufffc\ufffd？﹖⁇□▯■]|ï¿½|Ã¯Â¿Â½|\\w[*#]+\\w|\\*\\*")
_NOT_A_NAME = re.compile(
    r"""\s*[#＃]
    | .*\#(?:N/A|DIV/0!|[A-Z_]{3,}[!?])
    | \s*[=＝]
    | \s*n\s*[/\\]\s*a\s*\Z
    | \s*[^\W\d_]{3,9}\s*:\s*\d{3}\s*\Z""",
    re.IGNORECASE | re.VERBOSE,
)
_ESCAPED = re.compile(
    r"""&\s*\#\s*(?:x[0-9a-f]|\d) | [&\#]\#?(?:x[0-9a-f]{2,5}|\d{2,6});
    | &(?:[aeiouy]acute|[aeiou](?:grave|circ)|[ano]tilde|[aeiouy]uml|ccedil|aring|oslash|aelig|szlig)
    | &(?:amp|apos|quot|nbsp|[lr]squo)\b
    | %(?:u[0-9a-f]{4}|[0-9a-f]{2})
    | \\(?:u\{?[0-9a-f]{2,}|x[0-9a-f]{2}|[0-7]{3}|N\{)
    | =[0-9a-f]{2}
    | _x[0-9a-f]{4}_
    | </?[a-z][^>]*>""",
    re.IGNORECASE | re.VERBOSE,
)
_ENTITY = re.compile("&([A-Za-z][A-Za-z0-9]{1,31};)")
_ENTITIES = frozenset(name.casefold() for name in html5 if name.endswith(";"))
_NO_NAME_GIVEN = re.compile("[\\s.\u2026\u2212\\-\u2010-\u2015]*")
"""Dots and dashes, which stand where a person has no first or last name; other signs alone are what is left of one."""
_SIGNS = frozenset("¡¿§¶†‡•‰‱※⁈⁉")
_SIGN_CATEGORIES = frozenset({"Cc", "Co", "Cs", "So", "Sm", "Sc", "No"})
_MINUS_AND_DOTS = frozenset("−∙⋅")
"""Signs of mathematics that people write for a hyphen, and for the dot of Catalan."""
_QUOTES_FOR_LETTERS = re.compile("\\w[‚„‹]|\\w[“”«»›]\\w")
"""Quotation marks where a letter of an older code page stood: `G”tz`, `Jos‚`."""
_LATIN = re.compile("[A-Za-z\u00c0-\u02af\u1e00-\u1eff\u2c60-\u2c7f\ua722-\ua787\ua78d-\ua7ff]")
_LOOK_ALIKE = re.compile(
    "[\u0345\u0370-\u0373\u0376-\u037d\u037f\u0386\u0388-\u0556\u0560-\u0588\u13a0-\u13ff\u1c80-\u1c8f\u1f00-\u1fff\u2c80-\u2cff\ua640-\ua69f\uab70-\uabbf]"
)
"""Greek, Cyrillic, Armenian, Coptic and Cherokee."""


def _is_sign(character: str) -> bool:
    """Whether no name has a character, which therefore stands where a letter was."""
    if character in _SIGNS:
        return True
    if character.isascii() or unicodedata.category(character) not in _SIGN_CATEGORIES or character in _MINUS_AND_DOTS:
        return False
    # Pictures, and letters in circles or squares, are put beside names by people.
    return not (
        "\u2600" <= character <= "\u27bf"
        or character >= "\U00010000"
        or unicodedata.decomposition(character).startswith(("<circle>", "<square>"))
    )


def _misread_letters(codec: str) -> Iterator[str]:
    """Yield letters and apostrophes in UTF-8 as another encoding reads them, where no sign among them tells it."""
    # A byte that the encoding lacks becomes a control character, as in browsers.
    table = [bytes((byte,)).decode(codec, "ignore") or chr(byte) for byte in range(256)]
    signs = set(filter(_is_sign, table))
    for first, last in (
        (0x91, 0x97), (0xA0, 0x17F), (0x18F, 0x192), (0x1A0, 0x1A1), (0x1AF, 0x1B0), (0x1CD, 0x1D0), (0x1E6, 0x1E7),
        (0x218, 0x21B), (0x259, 0x259), (0x2BB, 0x2BC), (0x300, 0x304), (0x306, 0x30C), (0x31B, 0x31B), (0x323, 0x323),
        (0x327, 0x328), (0x1E00, 0x1EFF), (0x2010, 0x2015), (0x2018, 0x201D), (0x2032, 0x2032), (0xA78B, 0xA78C),
        (0xFB01, 0xFB02),
    ):  # fmt: skip
        for code in range(first, last + 1):
            read = [table[byte] for byte in chr(code).encode()]
            if signs.isdisjoint(read):
                yield "".join(read)


def _any_of(texts: Iterable[str]) -> str:
    """Return an expression for any of some texts: those that differ in their last character only are one class."""
    lasts = defaultdict(set)
    for text in texts:
        lasts[text[:-1]].add(text[-1])
    return "|".join(f"{re.escape(start)}[{re.escape(''.join(sorted(ends)))}]" for start, ends in sorted(lasts.items()))


@lru_cache(maxsize=1)
def _misread_pattern() -> re.Pattern[str]:
    """Return the expression for UTF-8 that was read as another encoding, where no sign tells it.

    The capitals Ä and Å before a dash or a fixed blank are also the end of one name and the beginning of another
    (`MÄKELÄ–VIRTANEN`): there, and in encodings of which less is certain, a capital after a small letter tells.
    A capital Ã before a small letter, or at the end of a word in small letters, is what is left of `í` or `à` when the
    invisible half was taken out; `JoÃo` is how programs that know no accents write JOÃO in small letters.
    """
    doubtful = {"Ä–", "Ä—", "Å–", "Å—", "Ä\xa0"}
    western = {*_misread_letters("cp1252"), *_misread_letters("latin-1")}
    others = {text for codec in ("cp1250", "cp1257", "mac_roman", "cp850") for text in _misread_letters(codec)}
    doubted = _any_of(doubtful)
    return re.compile(
        f"{_any_of(western - doubtful)}|(?<![A-ZÀ-Þ])(?:{doubted})|(?:{doubted})(?!\\w)|(?<=[a-z])(?:{_any_of(others)})"
        "|ã[\xadªºµ]|Ã(?=[a-df-np-z])|(?<=[a-z])Ã(?=\\s|\\Z)|ÔÇ|‚Ä|·ª"
    )


def damage_of(name: str | None) -> NameDamage | None:
    """Return why a text is no name that could be compared; None for a name, and for none given."""
    return None if name is None or (name.isascii() and name.isalpha()) else _damage_of(name)


@lru_cache(maxsize=65_536)
def _damage_of(name: str) -> NameDamage | None:
    if not any(map(str.isalnum, name if name.isascii() else _folded(name))):
        if _NO_NAME_GIVEN.fullmatch(name) is not None:
            return None
        return NameDamage.NOT_A_NAME if _NOT_A_NAME.match(name) is not None else NameDamage.LOST
    if _ORDINARY.fullmatch(name) is not None:
        return None
    if _NOT_A_NAME.match(name) is not None:
        return NameDamage.NOT_A_NAME
    if _ESCAPED.search(name) is not None or any(found.casefold() in _ENTITIES for found in _ENTITY.findall(name)):
        return NameDamage.ESCAPED
    if _LOST.search(name) is not None:
        return NameDamage.LOST
    if name.isascii():
        return None
    if any(map(_is_sign, name)) or _QUOTES_FOR_LETTERS.search(name) is not None:
        return NameDamage.MISREAD
    if _misread_pattern().search(name) is not None:
        return NameDamage.MISREAD
    composed = unicodedata.normalize("NFKC", name)
    if _LOOK_ALIKE.search(composed) is not None and _LATIN.search(composed) is not None:
        return NameDamage.MIXED
    return None


@lru_cache(maxsize=65_536)
def name_key(name: str | None) -> str:
    """Return a name's comparison key: no case, accents, spaces or punctuation.

    A placeholder for a missing name (`FNU`, `LNU`, `NMN`, `-`, `.`) has the empty key. Names in
    scripts other than Latin keep their letters. A text that is no name (see `damage_of`) has a key that no name has.
    """
    if not name:
        return ""
    folded = name.lower() if name.isascii() else _folded(name)
    key = folded if folded.isalnum() else "".join(c for c in folded if c.isalnum())
    if damage_of(name) is not None:
        return _NO_NAME + key
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


_MARKS = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"'} | dict.fromkeys("‐‑‒–—−", "-"))
"""Marks and dashes that programs put in the place of those on a keyboard."""


@lru_cache(maxsize=4_096)
def phrase_key(text: str) -> str:
    """Return the comparison key of a title or place: its words, without case and accents, one space between them."""
    return " ".join((text.lower() if text.isascii() else _folded(text).translate(_MARKS)).split())


def school_key(name: str | None) -> str:
    """Return a medical school's comparison key: that of a name, where "&" is "and"."""
    return name_key(name.replace("&", " and ")) if name else ""
