"""Workbooks of Excel 97 (.xls), record by record, in a compound file of one stream. Sources: [MS-XLS], [MS-CFB]."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

_END, _FREE, _TABLE = 0xFFFF_FFFE, 0xFFFF_FFFF, 0xFFFF_FFFD
WORKBOOK, SHEET = 0x05, 0x10


def record(kind: int, content: bytes = b"") -> bytes:
    """Return a record."""
    return struct.pack("<HH", kind, len(content)) + content


def begin(what: int, version: int = 0x600) -> bytes:
    """Return the record with which the globals or a sheet begin."""
    return record(0x809, struct.pack("<HHHHII", version, what, 0x2A5A, 0x07CD, 0, 0x600))


def compound(stream: bytes, name: str = "Workbook") -> bytes:
    """Return a compound file whose one stream at the top has this content."""
    stream = stream.ljust(max(4_096, -(-len(stream) // 512) * 512), b"\x00")
    count = len(stream) // 512
    tables = 1
    while tables * 128 < count + 1 + tables:
        tables += 1
    following = [*range(1, count), _END, _END, *[_TABLE] * tables]
    table = struct.pack(f"<{tables * 128}I", *following, *[_FREE] * (tables * 128 - len(following)))
    entries = _entry("Root Entry", 5, 1, _END, 0) + _entry(name, 2, _FREE, 0, len(stream)) + bytes(256)
    header = struct.pack(
        "<8s16xHHHHH6xIIIIIIIII",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 3, 0xFFFE, 9, 6, 0, tables, count, 0, 4_096, _END, 0, _END, 0,
    )  # fmt: skip
    places = [count + 1 + place for place in range(tables)]
    return header + struct.pack("<109I", *places, *[_FREE] * (109 - tables)) + stream + entries + table


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    text = name.encode("utf-16-le") + b"\x00\x00"
    return text.ljust(64, b"\x00") + struct.pack("<HBBIII36xIQ", len(text), kind, 1, _FREE, _FREE, child, start, size)


def number(row: int, column: int, value: float, style: int = 0) -> bytes:
    """Return the record of a number."""
    return record(0x203, struct.pack("<HHHd", row, column, style, value))


def short_numbers(row: int, column: int, packed: Sequence[tuple[int, int]]) -> bytes:
    """Return the record of several numbers in four bytes each: (style, number)."""
    cells = b"".join(struct.pack("<HI", *cell) for cell in packed)
    return record(0xBD, struct.pack("<HH", row, column) + cells + struct.pack("<H", column + len(packed) - 1))


def formula(row: int, column: int, result: bytes, flags: int = 0, style: int = 0) -> bytes:
    """Return the record of a formula with the eight bytes of its result."""
    return record(0x06, struct.pack("<HHH", row, column, style) + result + struct.pack("<HIH", flags, 0, 0))


def truth(row: int, column: int, value: int, *, is_error: bool = False) -> bytes:
    """Return the record of a boolean or an error."""
    return record(0x205, struct.pack("<HHHBB", row, column, 0, value, is_error))


def old_workbook(
    rows: Sequence[Sequence[Any]] = (),
    *,
    more: bytes = b"",
    formats: Sequence[str] = (),
    before: bytes = b"",
    states: Mapping[str, int] | None = None,
    merged: Sequence[tuple[int, int, int, int]] = (),
    version: int = 0x600,
) -> bytes:
    """Return a workbook with a sheet for each name of `states`, all with the same cells.

    A cell is a text, a number, a boolean, None, or a pair of a number and the place of its format, from 1.
    `merged` are (first row, last row, first column, last column), from 0. `more` are further records of the sheet,
    `before` further records of the globals.
    """
    texts: dict[str, int] = {}
    cells = b""
    for row, given in enumerate(rows):
        for column, value in enumerate(given):
            if isinstance(value, str):
                cells += record(0xFD, struct.pack("<HHHI", row, column, 0, texts.setdefault(value, len(texts))))
            elif isinstance(value, bool):
                cells += truth(row, column, value)
            elif value is not None:
                plain, style = value if isinstance(value, tuple) else (value, 0)
                cells += number(row, column, plain, style)
    areas = b"".join(struct.pack("<4H", *area) for area in merged)
    sheet = begin(SHEET) + cells + more + record(0xE5, struct.pack("<H", len(merged)) + areas) + record(0x0A)
    codes = b"".join(
        record(0x41E, struct.pack("<HHB", 164 + place, len(code), 1) + code.encode("utf-16-le"))
        for place, code in enumerate(formats)
    )
    styles = b"".join(record(0xE0, struct.pack("<HH16x", 0, number)) for number in (0, *range(164, 164 + len(formats))))
    shared = struct.pack("<II", len(texts), len(texts)) + b"".join(
        struct.pack("<HB", len(text.encode("utf-16-le")) // 2, 1) + text.encode("utf-16-le") for text in texts
    )
    head = begin(WORKBOOK, version) + before + record(0x42, struct.pack("<H", 1_200)) + codes + styles
    sheets = states if states is not None else {"Learners": 0}
    names = [name.encode("utf-16-le") for name in sheets]
    size = len(head) + sum(12 + len(name) for name in names) + len(record(0xFC, shared)) + 4
    listed = b"".join(
        record(0x85, struct.pack("<IBBBB", size + place * len(sheet), state, 0, len(name) // 2, 1) + name)
        for place, (name, state) in enumerate(zip(names, sheets.values(), strict=True))
    )
    return compound(head + listed + record(0xFC, shared) + record(0x0A) + sheet * len(sheets))
