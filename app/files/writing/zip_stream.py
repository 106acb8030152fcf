"""Archives written a piece at a time: nothing is kept, no temporary file is made."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

PIECE = 128 * 1024
"""Characters that are gathered before they are compressed."""


class _Pipe(io.RawIOBase):
    """What an archive is written to: bytes wait until they are taken."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer) -> int:
        self.waiting.append(bytes(data))
        return len(self.waiting[-1])

    def taken(self) -> Iterator[bytes]:
        waiting, self.waiting = self.waiting, []
        if waiting:
            yield b"".join(waiting)


def archive(entries: Iterable[tuple[str, Iterable[str]]], level: int) -> Iterator[bytes]:
    """Yield a zip archive of texts: names with their pieces, which are asked for one entry after the other.

    Entries bear no date: what is written twice from the same rows is the same to the byte.
    """
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as file:
        for name, pieces in entries:
            with file.open(name, "w") as entry:
                for text in gathered(pieces):
                    entry.write(text.encode())
                    yield from pipe.taken()
    yield from pipe.taken()


def gathered(pieces: Iterable[str], size: int = PIECE) -> Iterator[str]:
    """Join short texts to longer ones."""
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
