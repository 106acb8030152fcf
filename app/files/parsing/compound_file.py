"""Compound files, in which old programs keep a workbook: streams in sectors, found by a table of what follows what.

Only streams at the top are looked at: an embedded workbook lies deeper. Source: [MS-CFB].
"""

from __future__ import annotations

import struct
from array import array

from app.files.parsing.faults import DAMAGED, unreadable

SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HEADER = 512
_ENTRY = 128
_LAST = 0xFFFF_FFFA
"""From here on a number is no sector."""
_STREAM, _ROOT = 2, 5
_MOST_ENTRIES = 4_096
"""Streams and folders that are looked at; a workbook has a dozen."""


class CompoundFile:
    """The streams at the top of a compound file that is in memory; raises `FileFault` and `struct.error`."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        if len(content) < _HEADER or not content.startswith(SIGNATURE):
            raise unreadable(DAMAGED)
        shift, mini_shift = struct.unpack_from("<HH", content, 30)
        if shift not in (9, 12) or mini_shift != 6:
            raise unreadable(DAMAGED)
        self._size: int = 1 << shift
        self._mini_size: int = 1 << mini_shift
        directory, self._cutoff, mini_first = struct.unpack_from("<I4xII", content, 48)
        self._next = self._table()
        entries = self._read(directory, None)
        self._entries = [entries[at : at + _ENTRY] for at in range(0, len(entries) - _ENTRY + 1, _ENTRY)]
        if not self._entries or self._entries[0][66] != _ROOT or len(self._entries) > _MOST_ENTRIES:
            raise unreadable(DAMAGED)
        root_start, root_size = struct.unpack_from("<IQ", self._entries[0], 116)
        self._mini = self._read(root_start, root_size & 0xFFFF_FFFF) if root_start < _LAST else b""
        self._mini_next = array("I", self._read(mini_first, None)) if mini_first < _LAST else array("I")
        self.names = self._top()

    def _table(self) -> array[int]:
        """Return the number of the sector after each."""
        count, (first, extra) = (
            struct.unpack_from("<I", self._content, 44)[0],
            struct.unpack_from("<II", self._content, 68),
        )
        places = list(struct.unpack_from("<109I", self._content, 76))
        for _ in range(min(extra, len(self._content) // self._size)):
            if first >= _LAST:
                break
            *more, first = struct.unpack_from(f"<{self._size // 4}I", self._content, self._offset(first))
            places += more
        table = array("I")
        for place in places[:count]:
            if place >= _LAST:
                break
            sector = self._content[self._offset(place) : self._offset(place) + self._size]
            table.frombytes(sector[: len(sector) // 4 * 4])
        return table

    def _offset(self, sector: int) -> int:
        return (sector + 1) * self._size

    def _read(self, sector: int, size: int | None) -> bytes:
        """Return what lies in a chain of sectors."""
        pieces = list[bytes]()
        for _ in range(len(self._next) + 1):
            if sector >= _LAST:
                whole = b"".join(pieces)
                return whole if size is None else whole[:size]
            if sector >= len(self._next):
                break
            pieces.append(self._content[self._offset(sector) : self._offset(sector) + self._size])
            sector = self._next[sector]
        # The chain leads nowhere, or back to where it was.
        raise unreadable(DAMAGED)

    def _read_mini(self, sector: int, size: int) -> bytes:
        pieces = list[bytes]()
        for _ in range(len(self._mini_next) + 1):
            if sector >= _LAST:
                return b"".join(pieces)[:size]
            if sector >= len(self._mini_next):
                break
            pieces.append(self._mini[sector * self._mini_size : (sector + 1) * self._mini_size])
            sector = self._mini_next[sector]
        raise unreadable(DAMAGED)

    def _top(self) -> dict[str, int]:
        """Return the streams beside each other at the top, by name: they hang on a tree."""
        found: dict[str, int] = {}
        waiting, seen = [struct.unpack_from("<I", self._entries[0], 76)[0]], set[int]()
        while waiting:
            place = waiting.pop()
            if place >= len(self._entries) or place in seen:
                continue
            seen.add(place)
            entry = self._entries[place]
            length, kind = struct.unpack_from("<HB", entry, 64)
            if kind == _STREAM:
                found[entry[: max(length - 2, 0)][:64].decode("utf-16-le", "replace")] = place
            waiting += struct.unpack_from("<II", entry, 68)
        return found

    def stream(self, name: str) -> bytes:
        """Return what a stream holds; raises `KeyError`."""
        sector, size = struct.unpack_from("<IQ", self._entries[self.names[name]], 116)
        size &= 0xFFFF_FFFF
        whole = self._read_mini(sector, size) if size < self._cutoff else self._read(sector, size)
        if len(whole) < size:
            raise unreadable(DAMAGED)
        return whole
