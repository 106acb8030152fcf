"""What a file is, found from its first bytes and never from its name: each reader says which files are its own."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, Protocol

import msgspec

from app.domain.batches import BatchKind, Head
from app.files.parsing.faults import SAVE_AS, unreadable
from app.files.parsing.limits import Limits
from app.files.parsing.sources import END_OF_TEXT, IncomingFile, TextLines, encoding_of

_UNPACK = "This is a compressed file. Unpack it, and upload what is in it."
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
"""How files begin that no reader takes, and what they are."""
_LOOKED_AT = 4_096
"""Characters among which the first line is looked for."""


class Parsed(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was recognised and whose head was read."""

    head: Head
    records: Iterator[tuple[int, Any]]
    """Numbers and records as sent, parsed as they are asked for; raises `FileFault`."""
    lines: TextLines | None = None
    """Of text: knows how it is encoded once all of it was read."""


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
    """The first bytes of a file. Readers of text ask for `text`, which refuses what is known to be none."""

    def __init__(self, first: bytes) -> None:
        self.first = first

    @cached_property
    def text(self) -> str:
        """The first bytes as text, without blanks before it; raises `FileFault` for what no reader takes."""
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
        """Refuse what has control characters in its first line: no text has them."""
        # Further on one is told with its cell: it came with what was pasted there.
        if any(character < " " and character not in "\x00\t\f\v" for character in self.line.rstrip(END_OF_TEXT)):
            raise unreadable(f"This is no text. {SAVE_AS}")


def recognise(first: bytes, readers: Sequence[Reader]) -> Reader:
    """Return the first reader whose own a file is; raises `FileFault` for what is none of the formats."""
    if not first.strip(b"\x00\t\r\n \xef\xbb\xbf\xff\xfe"):
        raise unreadable("The file is empty.")
    beginning = Beginning(first)
    for reader in readers:
        if reader.recognise(beginning):
            return reader
    raise unreadable(f"This is no text. {SAVE_AS}")
