"""What a file is, found from its first bytes, never from its name; and its text, as lines."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from typing import Protocol

from app.domain.batches import FileFault, FileFaultCode, FileFormat
from app.files.parsing.limits import MEBIBYTE, Limits

LOOKED_AT = 65_536
"""Bytes from which a file is recognised."""
CODECS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "mac_roman", "cp437", "ascii")
"""Looked up before the bounds are set: afterwards no module can be opened any more."""
SAVE_AS = "Save it as .xlsx or as tab-delimited text, and upload that."
_UNPACK = "This is a compressed file. Unpack it, and upload what is in it."
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SIGNS = (
    (b"\xd0\xcf\x11\xe0", f"This is an old or a password-protected workbook. {SAVE_AS}"),
    (b"\x09\x08", f"This is an old workbook. {SAVE_AS}"),
    (b"%PDF", f"This is a PDF. {SAVE_AS}"),
    (b"{\\rtf", f"This is a text document. {SAVE_AS}"),
    (b"\x1f\x8b", _UNPACK),
    (b"BZh", _UNPACK),
    (b"\xfd7zXZ", _UNPACK),
    (b"Rar!", _UNPACK),
    (b"7z\xbc\xaf", _UNPACK),
    (b"\x89PNG", f"This is a picture. {SAVE_AS}"),
    (b"\xff\xd8\xff", f"This is a picture. {SAVE_AS}"),
    (b"GIF8", f"This is a picture. {SAVE_AS}"),
    (b"MIME-Version:", f"This is a web archive. {SAVE_AS}"),
    (b"ID;P", f"This is a sheet in SYLK format. {SAVE_AS}"),
    (b"TABLE\r\n0,1", f"This is a sheet in DIF format. {SAVE_AS}"),
    (b"TABLE\n0,1", f"This is a sheet in DIF format. {SAVE_AS}"),
)
_EIGHT_BITS = "".join(bytes(range(128, 256)).decode(name, "replace") for name in ("cp1252", "mac_roman"))
_UPPER, _LOWER = ("".join(filter(kind, _EIGHT_BITS)) for kind in (str.isupper, str.islower))
_ODD = re.compile(
    rf"[a-z][{_UPPER}]|[{_LOWER}][A-Z]|[^\x00-\x7f{_UPPER}{_LOWER}\u2018\u2019\u201c\u201d\u2013\u2014\u2026\u00ae\u2122\u00a9\u00a0]"
)
"""What hardly a text has that was decoded as it was encoded: capitals within words, and signs that nobody types."""
_MOSTLY_MAC = re.compile(b"[\x80-\x9f]")
"""On a Macintosh the letters that are used most."""
_END_OF_TEXT = "\x1a"
"""What old programs write after the last line."""


def unreadable(detail: str, *, row: int | None = None) -> FileFault:
    """Return the fault of a file that is damaged, encrypted, or none of the formats."""
    return FileFault(FileFaultCode.UNREADABLE, detail, row=row)


def too_large(detail: str, *, row: int | None = None, column: str | None = None) -> FileFault:
    """Return the fault of a file that asks for more than is taken."""
    return FileFault(FileFaultCode.TOO_LARGE, detail, row=row, column=column)


class Readable(Protocol):
    """Whatever bytes can be read from."""

    def read(self, size: int, /) -> bytes | None:
        """Return the next bytes, at most so many; none at the end."""


class Source:
    """A file as it arrives: its beginning can be looked at first."""

    def __init__(self, pipe: Readable, limits: Limits, *, arrived: Callable[[int], None] | None = None) -> None:
        """`arrived` is told how many bytes have come so far, about once a mebibyte."""
        self._pipe = pipe
        self._limits = limits
        self._arrived = arrived
        self._size = 0
        self._told = 0
        self.first = b""
        while len(self.first) < LOOKED_AT and (piece := self._taken(LOOKED_AT - len(self.first))):
            self.first += piece
        self._kept = self.first

    def read(self, size: int = LOOKED_AT) -> bytes:
        """Return the next bytes; none at the end."""
        if self._kept:
            piece, self._kept = self._kept, b""
            return piece
        return self._taken(LOOKED_AT)

    def _taken(self, size: int) -> bytes:
        piece = self._pipe.read(size) or b""
        self._size += len(piece)
        if self._size > self._limits.file:
            raise too_large(f"The file has more than {self._limits.file // MEBIBYTE} MiB. Split its rows.")
        if self._arrived is not None and self._size > self._told:
            self._told = self._size + MEBIBYTE
            self._arrived(self._size)
        return piece


def recognise(first: bytes) -> tuple[FileFormat, str]:
    """Return what a file is and how its text is encoded; raises `FileFault` for what is none of the formats."""
    if not first.strip(b"\x00\t\r\n \xef\xbb\xbf\xff\xfe"):
        raise unreadable("The file is empty.")
    if first.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return FileFormat.XLSX, ""
    for sign, detail in _SIGNS:
        if first.startswith(sign):
            raise unreadable(detail)
    encoding = _encoding(first)
    decoder = codecs.getincrementaldecoder("cp1252" if encoding == "utf-8" else encoding)("replace")
    text = decoder.decode(first).lstrip("\ufeff \t\r\n")
    if text.startswith("<"):
        return FileFormat.XML, encoding
    line, more, _ = text[:4096].replace("\r", "\n").partition("\n")
    if more and line.strip() == "{":
        detail = "This is JSON over several lines. Write each object on one line (NDJSON), with nothing around them."
        raise FileFault(FileFaultCode.KIND_UNKNOWN, detail)
    # A control character further on, or within JSON, is told with its cell: it came with what was pasted there.
    is_object = text.startswith("{") and text[1:4096].lstrip()[:1] in {'"', "}"}
    if not is_object and any(each < " " and each not in "\x00\t\f\v" for each in line.rstrip(_END_OF_TEXT)):
        raise unreadable(f"This is no text. {SAVE_AS}")
    if text.startswith("{"):
        return FileFormat.NDJSON, encoding
    if text.startswith("["):
        detail = "This is a JSON list. Write one object a line (NDJSON), without brackets and commas around them."
        raise FileFault(FileFaultCode.KIND_UNKNOWN, detail)
    return FileFormat.TAB, encoding


def _encoding(first: bytes) -> str:
    """Return how a text is encoded: as it says itself, or UTF-8 until something in it shows otherwise."""
    for bom, name in _BOMS:
        if first.startswith(bom):
            return name
    sample = first[:4_096]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if max(even, odd) > len(sample) // 8 and min(even, odd) * 8 <= max(even, odd):
        return "utf-16-le" if odd > even else "utf-16-be"
    return "utf-8"


class Lines:
    """The lines of a text, numbered from 1; CRLF, LF and CR end one.

    What does not say how it is encoded is UTF-8 until a byte shows that it is not: then it is what Windows writes, or
    what Excel writes on a Macintosh, unless some of it could only be UTF-8, or it might be either.
    """

    def __init__(self, source: Source, encoding: str, limits: Limits) -> None:
        self.encoding = encoding
        self._source = source
        self._limits = limits
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._may_change = encoding == "utf-8"
        self._has_line_feeds = False
        self._number = 0

    def __iter__(self) -> Iterator[tuple[int, str]]:
        """Yield each line without its end; raises `FileFault` for what is no text."""
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
        kept = kept.rstrip(_END_OF_TEXT)
        if kept:
            self._number += 1
            yield self._number, kept

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
                raise unreadable("A line has a character that no text has (NUL). Save the file again.", row=row)
            yield text

    def _decoded(self, piece: bytes, final: bool) -> str:
        try:
            text = self._decoder.decode(piece, final)
        except UnicodeError as error:
            whole, start = (error.object, error.start) if isinstance(error, UnicodeDecodeError) else (piece, 0)
            before = bytes(whole[:start])
            if self._may_change and before.isascii() and (encoding := self._eight_bits(whole)):
                self.encoding, self._may_change = encoding, False
                # Five bytes of cp1252 stand for nothing: they are shown as such rather than refused.
                self._decoder = codecs.getincrementaldecoder(self.encoding)("replace")
                return self._decoder.decode(whole, final)
            row = self._number + 1 + before.replace(b"\r\n", b"\n").replace(b"\r", b"\n").count(b"\n")
            raise unreadable("A line cannot be decoded. Save the file as UTF-8 text.", row=row) from None
        if self._may_change:
            self._may_change = text.isascii()
            self._has_line_feeds = self._has_line_feeds or b"\n" in piece
        return text

    def _eight_bits(self, piece: bytes) -> str:
        """Return what a text is whose first accent is no UTF-8, nothing where that cannot be told.

        Lines that end in CR alone are a Macintosh's mostly, whose letters with accents stand where Windows has quotes
        and the other way round: `O’Brien` of one is `OÕBrien` to the other.
        """
        if b"\r" not in piece or b"\n" in piece or self._has_line_feeds:
            return "cp1252"
        is_mac, is_windows = (not _ODD.search(piece.decode(name, "replace")) for name in ("mac_roman", "cp1252"))
        if _MOSTLY_MAC.search(piece):
            return "mac_roman" if is_mac else ""
        return "cp1252" if is_windows and not is_mac else ""
