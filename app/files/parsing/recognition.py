"""Recognising a file by its first bytes, never by its name: each reader says which files are its own."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, Protocol

import msgspec

from app.domain.batches import BatchKind, FileHead
from app.files.parsing.faults import SAVE_AS, unreadable
from app.files.parsing.limits import Limits
from app.files.parsing.sources import END_OF_TEXT, IncomingFile, TextLines, encoding_of

_UNPACK = "This is a compressed file. Unpack it, and upload what is in it."
_SIGNS = (
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
"""The first bytes of files that no reader takes, with the sentence that refuses them."""
_LOOKED_AT = 4_096
"""Characters among which the first line is looked for."""


class Parsed(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was recognised and whose head was read."""

    head: FileHead
    records: Iterator[tuple[int, Any]]
    """Numbers and records as sent, parsed as they are asked for; raises `FileFault`."""
    lines: TextLines | None = None
    """The lines of a text, whose encoding is final once all of them were read."""


class Reader(Protocol):
    """A module that recognises files of its own, and parses them."""

    NEEDS_SEEKING: bool
    """Whether it reads the file from any place: then all of it is held in memory before `parse`."""

    def recognise(self, beginning: Beginning) -> bool:
        """Return True for a file of its own; raises `FileFault` for what only looks like one."""
        ...

    def parse(self, source: IncomingFile, kind: BatchKind, limits: Limits) -> Parsed:
        """Return the head and the records; raises `FileFault`."""
        ...


class Beginning:
    """The first bytes of a file.

    Readers of text look at `text`, which refuses known formats that are not read; readers of bytes look at `first`, and
    so come before them.
    """

    def __init__(self, first: bytes) -> None:
        self.first = first

    @cached_property
    def text(self) -> str:
        """The first bytes as text, without blanks before it; raises `FileFault` for formats that are not read."""
        for sign, detail in _SIGNS:
            if self.first.startswith(sign):
                raise unreadable(detail)
        encoding = encoding_of(self.first)
        decoder = codecs.getincrementaldecoder("cp1252" if encoding == "utf-8" else encoding)("replace")
        return decoder.decode(self.first).lstrip("\ufeff \t\r\n")

    @cached_property
    def line(self) -> str:
        """The first line of the text."""
        return self.text[:_LOOKED_AT].replace("\r", "\n").partition("\n")[0]

    @property
    def goes_on(self) -> bool:
        """Whether something follows the first line."""
        return len(self.line) < len(self.text[:_LOOKED_AT])

    def check_characters(self) -> None:
        """Raise `FileFault` for control characters in the first line: no text has them there."""
        # Further on, one comes from pasted text: it is refused with its cell.
        if any(character < " " and character not in "\x00\t\f\v" for character in self.line.rstrip(END_OF_TEXT)):
            raise unreadable(f"This is not text. {SAVE_AS}")


def recognise(first: bytes, readers: Sequence[Reader]) -> Reader:
    """Return the first reader that takes a file; raises `FileFault` for a file of no format."""
    if not first.strip(b"\x00\t\r\n \xef\xbb\xbf\xff\xfe"):
        raise unreadable("The file is empty.")
    beginning = Beginning(first)
    for reader in readers:
        if reader.recognise(beginning):
            return reader
    raise unreadable(f"This is not text. {SAVE_AS}")
