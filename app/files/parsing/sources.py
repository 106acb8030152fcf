"""A file as it arrives, and its text as lines."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from typing import BinaryIO, Protocol

from app.files.parsing.faults import too_large, unreadable
from app.files.parsing.limits import MEBIBYTE, Limits

LOOKED_AT = 65_536
"""Bytes from which a file is recognised."""
CODECS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "mac_roman", "cp437", "ascii")
"""Looked up before the bounds are set: afterwards no module can be opened."""
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_EIGHT_BITS = "".join(bytes(range(128, 256)).decode(name, "replace") for name in ("cp1252", "mac_roman"))
_UPPER, _LOWER = ("".join(filter(kind, _EIGHT_BITS)) for kind in (str.isupper, str.islower))
_ODD = re.compile(
    rf"[a-z][{_UPPER}]|[{_LOWER}][A-Z]|[^\x00-\x7f{_UPPER}{_LOWER}\u2018\u2019\u201c\u201d\u2013\u2014\u2026\u00ae\u2122\u00a9\u00a0]"
)
"""Signs that a text was decoded wrongly: capitals within words, and characters that nobody types."""
_MOSTLY_MAC = re.compile(b"[\x80-\x9f]")
"""The most frequent accented letters of a Macintosh."""
END_OF_TEXT = "\x1a"
"""Old programs write it after the last line."""


class Readable(Protocol):
    """A pipe or file."""

    def read(self, size: int, /) -> bytes | None:
        """Return the next bytes, at most `size`; none at the end."""


class IncomingFile:
    """A file as it arrives. Its first bytes are there before it is read."""

    def __init__(self, pipe: Readable, limits: Limits, *, arrived: Callable[[int], None] | None = None) -> None:
        """`arrived` is called with the number of bytes so far, about once a mebibyte."""
        self._pipe = pipe
        self._limits = limits
        self._arrived = arrived
        self._size = 0
        self._announced = 0
        self.first = b""
        while len(self.first) < LOOKED_AT and (piece := self._take(LOOKED_AT - len(self.first))):
            self.first += piece
        self._kept = self.first
        self._held: BinaryIO | None = None

    def read(self, size: int = LOOKED_AT) -> bytes:
        """Return the next bytes; none at the end."""
        if self._kept:
            piece, self._kept = self._kept, b""
            return piece
        return self._take(LOOKED_AT)

    def hold(self, file: BinaryIO) -> None:
        """Take what comes into a file in memory, for a reader that seeks."""
        while piece := self.read():
            file.write(piece)
        file.flush()
        file.seek(0)
        self._held = file

    @property
    def held(self) -> BinaryIO:
        """The whole file, once it is held."""
        assert self._held is not None
        return self._held

    def _take(self, size: int) -> bytes:
        piece = self._pipe.read(size) or b""
        self._size += len(piece)
        if self._size > self._limits.file:
            raise too_large(f"The file has more than {self._limits.file // MEBIBYTE} MiB. Split its rows.")
        if self._arrived is not None and self._size > self._announced:
            self._announced = self._size + MEBIBYTE
            self._arrived(self._size)
        return piece


def encoding_of(first: bytes) -> str:
    """Return how a text is encoded: as its byte order mark says, or UTF-8 until a byte shows otherwise."""
    for bom, name in _BOMS:
        if first.startswith(bom):
            return name
    sample = first[:4_096]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if max(even, odd) > len(sample) // 8 and min(even, odd) * 8 <= max(even, odd):
        return "utf-16-le" if odd > even else "utf-16-be"
    return "utf-8"


class TextLines:
    """The lines of a text, numbered from 1; CRLF, LF and CR end one.

    Text without a byte order mark is UTF-8 until a byte shows that it is not: then it is what Windows writes, or what
    Excel writes on a Macintosh. It is refused when some of it could only be UTF-8, or when it could be either of them.
    """

    def __init__(self, source: IncomingFile, limits: Limits) -> None:
        self.encoding = encoding_of(source.first)
        self._source = source
        self._limits = limits
        self._decoder = codecs.getincrementaldecoder(self.encoding)()
        self._may_change = self.encoding == "utf-8"
        self._has_line_feeds = False
        self._number = 0

    def __iter__(self) -> Iterator[tuple[int, str]]:
        """Yield each line without its end; raises `FileFault` for what is not text."""
        kept = ""
        for more in self._texts():
            text = kept + more
            parts = text.split("\n")
            kept = parts.pop()
            long = len(text) > self._limits.record
            for line in parts:
                self._number += 1
                if long and len(line) > self._limits.record:
                    raise too_large("A line is too long.", row=self._number)
                yield self._number, line
            if len(kept) > self._limits.record:
                raise too_large("A line is too long.", row=self._number + 1)
        kept = kept.rstrip(END_OF_TEXT)
        if kept:
            self._number += 1
            yield self._number, kept

    def texts(self) -> Iterator[str]:
        """Yield the text without regard to its lines, which end in LF; raises `FileFault` for what is not text."""
        for text in self._texts():
            self._number += text.count("\n")
            yield text

    def _texts(self) -> Iterator[str]:
        """Yield decoded text whose lines end in LF."""
        held = ""
        final = False
        while not final:
            piece = self._source.read()
            final = not piece
            text = held + self._decoded(piece, final)
            # A line feed may follow in the next piece.
            held = "\r" if text.endswith("\r") and not final else ""
            if "\r" in text:
                text = text[: len(text) - len(held)].replace("\r\n", "\n").replace("\r", "\n")
            if "\x00" in text:
                row = self._number + 1 + text[: text.index("\x00")].count("\n")
                raise unreadable("A line has a NUL character, which no text has. Save the file again.", row=row)
            yield text

    def _decoded(self, piece: bytes, final: bool) -> str:
        try:
            text = self._decoder.decode(piece, final)
        except UnicodeError as error:
            whole, start = (error.object, error.start) if isinstance(error, UnicodeDecodeError) else (piece, 0)
            before = bytes(whole[:start])
            if self._may_change and before.isascii() and (encoding := self._eight_bits(whole)):
                self.encoding, self._may_change = encoding, False
                # Five bytes of cp1252 have no character: they become U+FFFD rather than a refusal.
                self._decoder = codecs.getincrementaldecoder(self.encoding)("replace")
                return self._decoder.decode(whole, final)
            row = self._number + 1 + before.replace(b"\r\n", b"\n").replace(b"\r", b"\n").count(b"\n")
            raise unreadable("A line cannot be decoded. Save the file as UTF-8 text.", row=row) from None
        if self._may_change:
            self._may_change = text.isascii()
            self._has_line_feeds = self._has_line_feeds or b"\n" in piece
        return text

    def _eight_bits(self, piece: bytes) -> str:
        """Return the encoding of a text whose first accent is not UTF-8; an empty text where it is ambiguous.

        Lines that end in CR alone mostly come from a Macintosh, whose accented letters have the bytes of quotes on
        Windows and the other way round: `O’Brien` of one is `OÕBrien` to the other.
        """
        if b"\r" not in piece or b"\n" in piece or self._has_line_feeds:
            return "cp1252"
        is_mac, is_windows = (not _ODD.search(piece.decode(name, "replace")) for name in ("mac_roman", "cp1252"))
        if _MOSTLY_MAC.search(piece):
            return "mac_roman" if is_mac else ""
        return "cp1252" if is_windows and not is_mac else ""
