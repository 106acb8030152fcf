"""Why a text is not JSON: the cause that can be seen, its place, and what to do. No content is ever repeated."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterator

import msgspec

BODY = "The body"
"""What sentences call the body of a request."""


class JsonFault(msgspec.Struct, frozen=True):
    """One cause."""

    detail: str
    hint: str


_UNCOMPRESSED = "Send the JSON itself, uncompressed."
_UTF_8 = "Encode the JSON as UTF-8, without a byte order mark."
_FORM = "Send JSON. With curl: -H 'Content-Type: application/json' --data-binary @FILE."
_SIGNS: tuple[tuple[bytes, str, str], ...] = (
    (codecs.BOM_UTF8, "begins with a byte order mark, which JSON has not", _UTF_8),
    (codecs.BOM_UTF16_LE, "is UTF-16 or UTF-32, not UTF-8", _UTF_8),
    (codecs.BOM_UTF16_BE, "is UTF-16 or UTF-32, not UTF-8", _UTF_8),
    (codecs.BOM_UTF32_BE, "is UTF-32, not UTF-8", _UTF_8),
    (b"\x1f\x8b", "is compressed with gzip", _UNCOMPRESSED),
    (b"\x28\xb5\x2f\xfd", "is compressed with Zstandard", _UNCOMPRESSED),
    (b"\x78\x01", "is compressed with deflate", _UNCOMPRESSED),
    (b"\x78\x9c", "is compressed with deflate", _UNCOMPRESSED),
    (b"\x78\xda", "is compressed with deflate", _UNCOMPRESSED),
    (b"PK\x03\x04", "is a workbook or another ZIP file", "Send JSON here; upload a file as multipart/form-data."),
    (b"%PDF", "is a PDF", "Send JSON."),
    (b"<", "is XML or HTML", "Send JSON here; an XML file is uploaded as multipart/form-data."),
)
"""First bytes of what is sent in place of JSON, what it is, and what to do."""
_FORM_FIELD = re.compile(r"[A-Za-z0-9_.\[\]%+-]{1,100}=[^\s{}\[\]]*(&|\s*\Z)")
_WORD = re.compile(r"[A-Za-z0-9_.+-]")
_NOT_A_NUMBER = frozenset({"nan", "inf", "infinity"})
_LITERALS = frozenset({"true", "false", "null", "none", "undefined", "nil"})
_PLACE = re.compile(r"at line (\d+) column (\d+)\Z")
_NUMBER = "has a number that is not written as JSON has it"
_NUMBER_HINT = (
    "A number has digits on both sides of its point, and neither a plus nor zeros before it. Put dates, and ids with "
    "zeros before them, in quotes: they are texts."
)
_BY_MESSAGE = (
    ("EOF", "ends before the JSON is complete", "It was cut off, or a quote or bracket is missing at its end."),
    ("trailing comma", "has a comma before a closing bracket", "Leave out the comma after the last value."),
    (
        "control character",
        "has a line break, tab or other control character within a text",
        r"Write it as an escape: \n, \t, or \u and four hexadecimal digits.",
    ),
    ("escape", "has a backslash that begins no escape", r"Write a backslash as \\."),
    ("invalid number", _NUMBER, _NUMBER_HINT),
    ("expected `:`", "has a member without a colon after its name", "Write a colon between name and value."),
)
"""Messages of the parser that are a cause by themselves."""
_BY_CHARACTER = (
    ("'`´", "has a text in single quotes", 'JSON has double quotes: ".'),
    (
        "\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u00ab\u00bb",
        "has typographic quotes",
        'JSON has plain double quotes: ".',
    ),
    ("+.", _NUMBER, _NUMBER_HINT),
    ("\\", "has a backslash outside of a text", "Remove it: quotes around names and texts are not escaped."),
)  # fmt: skip
"""Characters at which no value, name, comma or bracket can begin, and what they are a sign of."""


def describe_fault(text: bytes | str, message: str, subject: str) -> JsonFault:
    """Return why a text is not JSON, given the parser's message with its line and column."""
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    said, hint = next(_causes(raw, message))
    return JsonFault(f"{subject} {said}.", hint)


def _causes(raw: bytes, message: str) -> Iterator[tuple[str, str]]:
    """Yield causes, the surest first, and at last that it is not JSON."""
    begin = raw.lstrip(b" \t\r\n")
    if not begin:
        yield "is empty", "Send JSON."
    for sign, said, hint in _SIGNS:
        if begin.startswith(sign):
            yield said, hint
    if b"\x00" in begin[:4]:
        yield "has zero bytes, as UTF-16 and UTF-32 have, and is not UTF-8", _UTF_8
    if begin.startswith(b"--") and b"content-disposition" in begin[:1_000].lower():
        yield "is a form (multipart/form-data)", "Send JSON; only files are uploaded as a form."
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        yield _not_utf_8(raw, error.start), _UTF_8
        return
    if _FORM_FIELD.match(text.lstrip()):
        yield "is a form (application/x-www-form-urlencoded)", _FORM
    place = _index_of(raw, message)
    at = f" at {_place(text, place)}"
    for cause, said, hint in _BY_MESSAGE:
        if cause in message:
            yield said + at, hint
    if "trailing" in message:
        yield _trailing(text[place:], at)
    yield from _at_word(text, place, message)
    yield from _at_character(message, text[place - 1 : place], text[place:], at)
    yield f"is not JSON{at}", "Write it as JSON: RFC 8259, or any JSON checker, shows how."


def _not_utf_8(raw: bytes, start: int) -> str:
    line_start = raw.rfind(b"\n", 0, start) + 1
    column = len(raw[line_start:start].decode("utf-8", "replace")) + 1
    line = raw.count(b"\n", 0, start) + 1
    return f"is not UTF-8: byte {start + 1} (line {line}, column {column}) begins no character"


def _index_of(raw: bytes, message: str) -> int:
    """Return the index, in characters, of the place that the parser names; it counts columns in bytes."""
    found = _PLACE.search(message)
    line, column = (int(found[1]), int(found[2])) if found else (1, 1)
    start = 0
    for _ in range(line - 1):
        start = raw.find(b"\n", start) + 1
    return len(raw[: max(start + column - 1, 0)].decode("utf-8", "ignore"))


def _place(text: str, index: int) -> str:
    line = text.count("\n", 0, index) + 1
    column = index - (text.rfind("\n", 0, index) + 1) + 1
    return f"line {line}, column {column}"


def _at_word(text: str, index: int, message: str) -> Iterator[tuple[str, str]]:
    """Yield what the word around a place is a sign of: letters, digits, and signs of a number."""
    start = end = index
    while start > 0 and index - start < 20 and _WORD.match(text[start - 1]):
        start -= 1
    while end < len(text) and end - index < 20 and _WORD.match(text[end]):
        end += 1
    word, at = text[start:end].lower().lstrip("+-"), f" at {_place(text, start)}"
    is_value = "expected value" in message or "ident" in message
    if word in _NOT_A_NUMBER and is_value:
        yield f"has a number that is not finite{at}", "Send a number, or null."
    if is_value and (word in _LITERALS or "ident" in message):
        yield f"has a word that is not JSON{at}", "JSON has true, false and null, in small letters; texts have quotes."
    goes_on = text[index - 1 : index].isdigit() and text[index : index + 1] in tuple("/:_%$")
    if goes_on or (start < index < end and text[start].isdigit()):
        yield _NUMBER + at, _NUMBER_HINT


def _trailing(rest: str, at: str) -> tuple[str, str]:
    if rest[:1] in tuple("{["):
        return f"has a second JSON value{at}", "Send one value; several records go in the list of a bulk request."
    if unseen := _unseen(rest):
        return f"has {unseen} after the JSON{at}", "Remove it."
    return f"goes on after the JSON{at}", "Remove what stands after its last bracket."


def _at_character(message: str, before: str, rest: str, at: str) -> Iterator[tuple[str, str]]:
    """Yield what the character at the place is a sign of."""
    character = rest[:1]
    if character == "#" or rest.startswith(("//", "/*")):
        yield f"has a comment{at}", "JSON has no comments: remove it."
    for characters, said, hint in _BY_CHARACTER:
        if character and character in characters:
            yield said + at, hint
    if unseen := _unseen(rest):
        yield f"has {unseen} between its values{at}", "Remove it: JSON has blanks, tabs and line breaks only."
    if "key must be a string" in message:
        said = "has a name without quotes" if character.isalpha() or character in "_$" else "lacks the name of a member"
        yield said + at, 'Write each name in double quotes, as in "permission": true.'
    if "expected `,`" in message:
        if character in "]}":
            yield f"has a closing bracket of the wrong kind{at}", "Close { with } and [ with ]."
        if before == '"':
            yield (
                f"goes on after the closing quote of a text{at}",
                r"Separate values with commas; a quote within a text is written \".",
            )
        yield f"has neither a comma nor a closing bracket after a value{at}", "Separate values with commas."
    if character and character in ",:]}":
        yield f"lacks a value{at}", "Send null where there is no value, or leave the member out."
    if character.isalpha():
        yield f"has a text without quotes{at}", "Write texts in double quotes."


def _unseen(rest: str) -> str:
    """Return the name of an invisible character that a text begins with, empty for any other."""
    if not rest or rest[0] in " \t\r\n" or unicodedata.category(rest[0]) not in {"Cf", "Cc", "Zs", "Zl", "Zp"}:
        return ""
    return f"a character that cannot be seen (U+{ord(rest[0]):04X})"
