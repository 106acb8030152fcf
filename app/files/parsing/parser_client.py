"""Parsing a file in a child process: a hostile file can only harm the child.

The parent trusts nothing about the child's messages but their form: lines of bounded length, JSON, of known shape.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from msgspec.structs import asdict, replace
from pydantic_core import from_json

from app.domain.batches import BatchKind, FileFault, FileFaultCode, FileHead, RawRow
from app.files.parsing.limits import LIMITS, MEBIBYTE, Limits

__all__ = ["LIMITS", "Limits", "OpenFile", "open_file"]

ROOT = str(Path(__file__).resolve().parents[3])
_START = """
import sys
sys.path.insert(0, sys.argv.pop(1))
import app
del sys.path[0]
from app.files.formats import all_readers
from app.files.parsing.parser_process import main
main(all_readers())
"""
"""`-I` keeps the working directory, the user's packages and `PYTHON…` variables out, and with them this project. Its
root is an argument, so that the child runs the parent's copy, and is on the path for `import app` alone: no file beside
it can shadow a module of Python's own."""
_AHEAD = MEBIBYTE
"""Bytes that parent and child may be ahead of each other: as much as an ordinary user's pipe may hold."""
_MARGIN = 65_536
"""Bytes of a message beside the records of its piece."""
_LONGEST_DETAIL = 4_096
_LAST_NUMBER = 2**31 - 1
"""The highest row number that the database stores."""
_SEPARATORS = ("\t", ",", ";")
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
FAILED = "Reading the file failed. Save it again as .xlsx or as tab-delimited text, and upload that."


class OpenFile:
    """A file while it is parsed: its head, and its records piece by piece."""

    def __init__(self, pipes: ParserPipes, limits: Limits, piece_rows: int = 250) -> None:
        self._pipes = pipes
        self._piece_rows = piece_rows
        self._limits = limits
        self.head = _head(pipes.receive(limits.head))
        """The head of the file; its encoding is final once all pieces were read."""

    @property
    def process_id(self) -> int:
        """The child's process id."""
        return self._pipes.process_id

    @property
    def bytes_received(self) -> int:
        """Bytes of the child's messages so far."""
        return self._pipes.bytes_received

    def pieces(self) -> Iterator[list[RawRow]]:
        """Yield the records as sent, some at a time; raises `FileFault` for a file that is refused further on."""
        count = last = 0
        while True:
            message = self._pipes.receive()
            if "end" in message:
                if message["end"] != count or not isinstance(message.get("encoding"), str):
                    raise parser_failure()
                self.head = replace(self.head, encoding=message["encoding"])
                return
            piece = _rows(message, last)
            # A record is found again by its place among pieces of one size: all but the last are full.
            if count % self._piece_rows or len(piece) > self._piece_rows:
                raise parser_failure()
            count += len(piece)
            if count > self._limits.rows:
                raise parser_failure()
            last = piece[-1].number
            yield piece


class ParserPipes:
    """The pipes to and from the child, served in one thread: whichever is ready.

    Only time spent waiting for the child counts against its limit; the parent may keep it waiting.
    """

    def __init__(self, child: subprocess.Popen[bytes], chunks: Iterable[bytes], limits: Limits) -> None:
        assert child.stdin is not None and child.stdout is not None
        self.process_id = child.pid
        self._limits = limits
        self._chunks = iter(chunks)
        self._to_child, self._from_child = child.stdin.fileno(), child.stdout.fileno()
        self._close_stdin = child.stdin.close
        self._chunk = memoryview(b"")
        self._bytes_sent = 0
        self.bytes_received = 0
        self._buffer = bytearray()
        self._waited = 0.0
        self._poll = select.poll()
        for pipe, event in ((self._to_child, select.POLLOUT), (self._from_child, select.POLLIN)):
            os.set_blocking(pipe, False)
            with suppress(OSError):  # the user's limit for pipes may be reached
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _AHEAD)
            self._poll.register(pipe, event)

    def receive(self, most: int | None = None) -> dict[str, Any]:
        """Return the child's next message, of `most` bytes; raises the `FileFault` in it, or one of a failed parser."""
        line = self._line()
        if most is not None and len(line) > most:
            raise parser_failure()
        try:
            # Twice as fast as the standard library, and refuses half a surrogate pair.
            message = from_json(line, allow_inf_nan=False)
        except ValueError:
            raise parser_failure() from None
        if b"\\u0000" in line and _NUL.search(json.dumps(message, ensure_ascii=False)):
            # The databases cannot store NUL either.
            raise parser_failure()
        if not isinstance(message, dict):
            raise parser_failure()
        if "fault" in message:
            raise _fault(message["fault"])
        return message

    def _line(self) -> bytes:
        seen = 0
        while (end := self._buffer.find(b"\n", seen)) < 0:
            seen = len(self._buffer)
            if seen > self._limits.piece + _MARGIN:
                raise parser_failure()
            self._serve()
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line

    def _serve(self) -> None:
        allowed = self._limits.processor_seconds(self._bytes_sent) * self._limits.patience - self._waited
        began = time.monotonic()
        ready = dict(self._poll.poll(max(allowed, 0) * 1000))
        self._waited += time.monotonic() - began
        if not ready:
            raise parser_failure()
        if self._from_child in ready:
            piece = os.read(self._from_child, _AHEAD)
            if not piece:
                raise parser_failure()
            self._buffer += piece
            self.bytes_received += len(piece)
        elif self._to_child in ready:
            self._send()

    def _send(self) -> None:
        try:
            while not self._chunk:
                self._chunk = memoryview(next(self._chunks))
            written = os.write(self._to_child, self._chunk)
        except (StopIteration, BrokenPipeError):
            # All is sent, or the child is gone: then its messages end early.
            self._poll.unregister(self._to_child)
            self._close_stdin()
            return
        self._bytes_sent += written
        self._chunk = self._chunk[written:]


def parser_failure() -> FileFault:
    """Return the fault of a file that made its parser fail."""
    return FileFault(FileFaultCode.PARSER_FAILED, FAILED)


def _fault(fault: Any) -> FileFault:
    try:
        code, detail, row, column, kind = (fault[name] for name in ("code", "detail", "row", "column", "looks_like"))
        code, kind = FileFaultCode(code), BatchKind(kind) if kind is not None else None
    except (KeyError, TypeError, ValueError):
        return parser_failure()
    if not isinstance(detail, str) or len(detail) > _LONGEST_DETAIL:
        return parser_failure()
    if not isinstance(row, int | None) or not isinstance(column, str | None):
        return parser_failure()
    return FileFault(code, detail, row=row, column=column, looks_like=kind)


def _head(message: dict[str, Any]) -> FileHead:
    try:
        head = FileHead.of_document(message["head"])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise parser_failure() from None
    texts = (head.sheet, head.encoding, *head.headings)
    if head.separator not in _SEPARATORS:
        raise parser_failure()
    if not all(isinstance(text, str) for text in texts) or not isinstance(head.heading_row, int):
        raise parser_failure()
    return head


def _rows(message: dict[str, Any], last: int) -> list[RawRow]:
    """Return the records of a piece; their numbers must rise above `last`."""
    rows = message.get("rows")
    if not isinstance(rows, list) or not rows:
        raise parser_failure()
    piece = []
    for row in rows:
        if not isinstance(row, list) or len(row) != 2:
            raise parser_failure()
        number, raw = row
        if type(number) is not int or not last < number <= _LAST_NUMBER or type(raw) not in (list, dict, str):
            raise parser_failure()
        last = number
        piece.append(RawRow(number=number, raw=raw))
    return piece


@contextmanager
def open_file(
    chunks: Iterable[bytes], kind: BatchKind, *, piece_rows: int = 250, limits: Limits = LIMITS
) -> Iterator[OpenFile]:
    """Parse a file in a child process, which ends with the block; raises `FileFault` for a file that is refused.

    Every piece but the last has `piece_rows` records. Chunks are taken in this thread as they are needed; the child
    reads ahead while its pieces are used.
    """
    arguments = [ROOT, kind.value, str(piece_rows), json.dumps(asdict(limits))]
    with start_python(["-c", _START, *arguments], chunks, limits) as pipes:
        yield OpenFile(pipes, limits, piece_rows)


@contextmanager
def start_python(arguments: list[str], chunks: Iterable[bytes], limits: Limits) -> Iterator[ParserPipes]:
    """Start Python with an empty environment and no files but its two pipes; it is killed when the block ends."""
    child = subprocess.Popen(
        [sys.executable, "-I", "-X", "utf8", *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}, cwd="/", close_fds=True,
    )  # fmt: skip
    try:
        yield ParserPipes(child, chunks, limits)
    finally:
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
