"""One reader of JSON: no member is lost, and what is not JSON is told by what can be seen of it."""

from __future__ import annotations

import gzip
import json
import math
import random
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import InvalidRequest, Problem, Unreadable
from app.core.strict_json import pointer_of, read_json
from tests.harness.properties import examples

TEXTS = st.text(st.sampled_from('ab:"\\/{}[],~ \u00e9\u200b\U0001f600\n\u003a'), max_size=6)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


def write(value: Any, chance: random.Random, repeated: set[str] | None = None, at: tuple[Any, ...] = ()) -> str:
    """Return JSON in one of the many ways of writing it; members are repeated where `repeated` collects pointers."""
    if isinstance(value, str):
        return text_of(value, chance)
    if isinstance(value, list):
        inside = [write(element, chance, repeated, (*at, index)) for index, element in enumerate(value)]
        return f"[{blank(chance)}{f'{blank(chance)},'.join(inside)}{blank(chance)}]"
    if not isinstance(value, dict):
        return json.dumps(value)
    members = [(name, write(member, chance, repeated, (*at, name))) for name, member in value.items()]
    if repeated is not None and members and chance.random() < 0.3:
        name = chance.choice(members)[0]
        members.insert(chance.randrange(len(members) + 1), (name, write(chance.choice([1, ":", {"x": ":"}]), chance)))
        repeated.add(pointer_of((*at, name)))
    inside = [f"{text_of(name, chance)}{blank(chance)}:{blank(chance)}{text}" for name, text in members]
    return f"{{{blank(chance)}{f'{blank(chance)},'.join(inside)}{blank(chance)}}}"


def text_of(text: str, chance: random.Random) -> str:
    """Return a text in quotes, each of its characters plain or as an escape."""
    utf_16 = "".join(f"\\u{unit:04x}" for unit in _units(text))
    escaped = "".join(
        json.dumps(character, ensure_ascii=chance.random() < 0.5)[1:-1]
        if chance.random() < 0.8
        else "".join(f"\\u{unit:04X}" for unit in _units(character))
        for character in text
    )
    return f'"{utf_16 if chance.random() < 0.1 else escaped}"'


def _units(text: str) -> list[int]:
    encoded = text.encode("utf-16-be")
    return [int.from_bytes(encoded[place : place + 2], "big") for place in range(0, len(encoded), 2)]


def blank(chance: random.Random) -> str:
    return chance.choice(["", "", " ", "\n", "\t \r\n"])


@given(VALUES, st.randoms(use_true_random=False), st.booleans())
@examples(400)
def test_json_without_a_repeated_member_is_read_as_any_parser_reads_it(
    value: Any, chance: random.Random, as_bytes: bool
) -> None:
    text = write(value, chance)
    read = read_json(text.encode() if as_bytes else text)
    assert read == json.loads(text) == value


@given(VALUES, st.randoms(use_true_random=False), st.booleans())
@examples(400)
def test_every_member_that_stands_twice_is_told_with_its_pointer_at_any_depth(
    value: Any, chance: random.Random, as_bytes: bool
) -> None:
    repeated: set[str] = set()
    text = write(value, chance, repeated)
    given = text.encode() if as_bytes else text
    if not repeated:
        assert read_json(given) == value
        return
    with pytest.raises(InvalidRequest) as refused:
        read_json(given)
    assert {item.pointer for item in refused.value.errors} == repeated
    assert {item.code for item in refused.value.errors} == {"field-repeated"}


@pytest.mark.parametrize(
    ("text", "pointers"),
    [
        ('{"cme": [], "cme": []}', ["/cme"]),
        ('{"cme": [], "\\u0063me": []}', ["/cme"]),
        ('{"a": {"credits": 1, "credits": 1}}', ["/a/credits"]),
        ('{"cme": [1, {"credits": 1, "credits": 3}]}', ["/cme/1/credits"]),
        ('{"a": {"b": 1, "b": 2}, "a": 3}', ["/a", "/a/b"]),
        ('{"a": 1, "a": "\\u003a"}', ["/a"]),
        ('{"a": 1, "a": ":"}', ["/a"]),
        ('{"x": "\\":\\":", "a" : 1, "a" : 2}', ["/a"]),
        ('{"": 1, "": 2}', ["/"]),
        ('{"a/b~c": 1, "a/b~c": 2}', ["/a~1b~0c"]),
        ('{"a": 1e400, "a": 1}', ["/a"]),
        ('{"a": NaN, "a": NaN}', ["/a"]),
        (f'{{"a": {"9" * 500}, "a": 1}}', ["/a"]),
        ('[{"a": 1, "a": 2, "a": 3}, {"b": 1, "b": 1}]', ["/0/a", "/1/b"]),
    ],
)
def test_a_member_that_stands_twice_is_refused_with_its_pointer(text: str, pointers: list[str]) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_json(text)
    assert [item.pointer for item in refused.value.errors] == pointers
    assert all(item.hint for item in refused.value.errors)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": {"x": 1}, "b": {"x": 1}}', '[{"a": 1}, {"a": 1}]', '{"a": "a", "b": ":a:"}', '{"a": "\\u003a", "A": 1}',
        '{"caf\\u00e9": 1, "cafe\\u0301": 2}', '{"a": "\\\\u003a"}', "1", '"::"', "[]", "{}",
    ],
)  # fmt: skip
def test_names_that_only_look_alike_are_no_repeats(text: str) -> None:
    assert read_json(text) == json.loads(text)


def test_numbers_that_are_not_finite_are_left_to_the_schema() -> None:
    assert read_json(b'{"a": 1e999}') == {"a": math.inf}
    assert math.isnan(read_json(b'{"a": NaN}')["a"])
    assert read_json(b'{"a": 12345678901234567890123}') == {"a": 12345678901234567890123}


GOOD = '{"first_name": "Jos\u00e9", "credits": 1, "permission": true}'
FAULTS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty"),
    "blank": (b" \r\n\t", "is empty"),
    "byte order mark": (b"\xef\xbb\xbf" + GOOD.encode(), "byte order mark"),
    "UTF-16": (GOOD.encode("utf-16"), "UTF-16"),
    "UTF-16 without a mark": (GOOD.encode("utf-16-le"), "UTF-16"),
    "UTF-32": (GOOD.encode("utf-32-be"), "UTF-16 and UTF-32"),
    "Windows-1252": (GOOD.encode("cp1252"), "not UTF-8: byte 20 (line 1, column 20)"),
    "Windows-1252 below": (b"{\n" + GOOD.encode("cp1252")[1:], "not UTF-8: byte 21 (line 2, column 19)"),
    "gzip": (gzip.compress(GOOD.encode()), "gzip"),
    "deflate": (zlib.compress(GOOD.encode()), "deflate"),
    "Zstandard": (b"\x28\xb5\x2f\xfd\x20", "Zstandard"),
    "a workbook": (b"PK\x03\x04\x14\x00", "ZIP"),
    "XML": (b"<?xml version='1.0'?><a/>", "XML"),
    "a form": (b"first_name=Ann&last_name=Lee", "x-www-form-urlencoded"),
    "a form of parts": (b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b--', "multipart/form-data"),
    "cut off": (GOOD.encode()[:-5], "ends before the JSON is complete at line 1, column"),
    "cut off in a text": (b'{"first_name": "Ann', "ends before the JSON is complete"),
    "trailing comma": (b'{"a": 1,\n}', "comma before a closing bracket at line 2, column 1"),
    "single quotes": (b"{'a': 1}", "single quotes at line 1, column 2"),
    "typographic quotes": ("{\u201ca\u201d: 1}".encode(), "typographic quotes at line 1, column 2"),
    "a comment": (b'{\n  // credits\n  "a": 1}', "a comment at line 2, column 3"),
    "another comment": (b'{"a": 1} /* x */', "goes on after the JSON"),
    "a name without quotes": (b"{a: 1}", "a name without quotes at line 1, column 2"),
    "a text without quotes": (b'{"a": Ann}', "a text without quotes at line 1, column 7"),
    "True": (b'{"a": True}', "a word that is not JSON at line 1, column 7"),
    "None": (b'{"a": None}', "a word that is not JSON"),
    "nan": (b'{"a": nan}', "not finite"),
    "a date without quotes": (b'{"a": 2021-12-12}', "a number that is not written as JSON has it at line 1, column 7"),
    "zeros before a number": (b'{"a": 0045}', "a number that is not written as JSON has it"),
    "a plus": (b'{"a": +1}', "a number that is not written as JSON has it"),
    "no comma": (b'{"a": 1\n"b": 2}', "neither a comma nor a closing bracket after a value at line 2, column 1"),
    "a quote within a text": (b'{"a": "Ann "Nan" Lee"}', "goes on after the closing quote of a text"),
    "no colon": (b'{"a" 1}', "without a colon"),
    "no value": (b'{"a": }', "lacks a value"),
    "wrong bracket": (b'{"a": [1}', "closing bracket of the wrong kind"),
    "two values": (b'{"a": 1}\n{"a": 2}', "a second JSON value at line 2, column 1"),
    "a line break in a text": (b'{"a": "x\ny"}', "control character within a text"),
    "a backslash": (b'{"a": "C:\\qed"}', "a backslash that begins no escape"),
    "escaped quotes": (b'{\\"a\\": 1}', "a backslash outside of a text"),
    "a no-break blank": ('{"a":\u00a01}'.encode(), "cannot be seen (U+00A0)"),
    "a zero-width blank": ('{"a": 1}\u200b'.encode(), "cannot be seen (U+200B) after the JSON"),
    "nested too deeply": (b"[" * 100_000, "nested too deeply"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_what_is_not_json_is_told_by_its_cause_and_place(case: str) -> None:
    text, words = FAULTS[case]
    with pytest.raises(Unreadable) as refused:
        read_json(text)
    assert words in refused.value.detail
    assert all(item.hint for item in refused.value.errors)


@given(
    st.binary(max_size=30)
    | st.text(st.sampled_from("{}[]\":,\\ u0019.-+eE/*#'tfnNI\n\u00a0\u201c="), max_size=30).map(str.encode)
)
@examples(400)
def test_whatever_is_not_json_is_refused_by_a_problem_and_never_repeated(text: bytes) -> None:
    secret = b"Zyxwvut"
    for sent in (text, text + secret, b'{"' + secret + b'": ' + text):
        try:
            read_json(sent)
        except Problem as problem:
            told = f"{problem.detail} {[(item.detail, item.hint) for item in problem.errors]}"
            assert "Zyxwvut" not in told
