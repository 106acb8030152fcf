"""Zip archives as streams: nothing is kept, no temporary file is made."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

PIECE = 128 * 1024
"""Characters that are joined before they are compressed or sent."""


class _ZipOutput(io.RawIOBase):
    """The file that an archive is written to: bytes wait until they are taken."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer) -> int:
        self.waiting.append(bytes(data))
        return len(self.waiting[-1])

    def take(self) -> Iterator[bytes]:
        waiting, self.waiting = self.waiting, []
        if waiting:
            yield b"".join(waiting)


class OpenArchive:
    """A zip archive of texts that is written as they come; its bytes are taken in between."""

    def __init__(self, level: int) -> None:
        self._output = _ZipOutput()
        self._file = zipfile.ZipFile(self._output, "w", zipfile.ZIP_DEFLATED, compresslevel=level)
        self._entry: IO[bytes] | None = None

    def open(self, name: str, *, large: bool = False) -> None:
        """Begin an entry, to which texts are added; a `large` one may be longer than two gigabytes."""
        self._entry = self._file.open(name, "w", force_zip64=large)

    def add(self, text: str) -> None:
        """Add text to the entry that is open."""
        assert self._entry is not None
        self._entry.write(text.encode())

    def write(self, name: str, text: str) -> None:
        """End the entry that is open, and write a whole one."""
        self._end_entry()
        self.open(name)
        self.add(text)
        self._end_entry()

    def take(self) -> bytes:
        """Return what was written since it was taken last."""
        return b"".join(self._output.take())

    def close(self) -> None:
        """End the archive."""
        self._end_entry()
        self._file.close()

    def _end_entry(self) -> None:
        if self._entry is not None:
            self._entry.close()
            self._entry = None


def write_archive(entries: Iterable[tuple[str, Iterable[str]]], level: int) -> Iterator[bytes]:
    """Yield a zip archive of texts: names with their pieces, which are asked for one entry after the other.

    Entries have no date, so that the same rows make the same archive, to the byte.
    """
    output = _ZipOutput()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as file:
        for name, pieces in entries:
            with file.open(name, "w") as entry:
                for text in join_pieces(pieces):
                    entry.write(text.encode())
                    yield from output.take()
    yield from output.take()


def join_pieces(pieces: Iterable[str], size: int = PIECE) -> Iterator[str]:
    """Yield the same text in longer pieces."""
    held: list[str] = []
    length = 0
    for piece in pieces:
        held.append(piece)
        length += len(piece)
        if length >= size:
            yield "".join(held)
            held, length = [], 0
    if held:
        yield "".join(held)
