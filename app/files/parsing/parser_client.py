"""Reading a file in a process of its own: whatever it does to its reader, it does to nobody else.

Nothing that the child says is trusted further than its form: its lines are bounded, JSON, and of known shape.
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
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from app.domain.batches import BatchKind, FileFault, FileFaultCode, Head, RawRow
from app.files.parsing.limits import LIMITS, MEBIBYTE, Limits

__all__ = ["LIMITS", "Limits", "OpenFile", "open_file"]

_ROOT = str(Path(__file__).resolve().parents[3])
_START = """
import sys
sys.path.insert(0, sys.argv.pop(1))
import app
del sys.path[0]
from app.files.parsing.parser_process import main
main()
"""
"""`-I` keeps the place of start, the user's packages and `PYTHON…` variables out, and with them this project. So it is
named, to be the same as the parent's, and only for itself: nothing beside it can stand for a module of Python's own."""
_AHEAD = MEBIBYTE
"""Bytes that either may be ahead of the other: as much as an ordinary user's pipe may hold."""
_MARGIN = 65_536
"""Bytes of a line beside the records of its piece."""
_LONGEST_DETAIL = 4_096
_LAST_NUMBER = 2**31 - 1
"""As far as the database counts rows."""
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
FAILED = "Reading the file failed. Save it again as .xlsx or as tab-delimited text, and upload that."


class OpenFile:
    """A file that is being read: what stands before its records, and these piece by piece."""

    def __init__(self, talk: Talk, limits: Limits, piece_rows: int = 250) -> None:
        self._talk = talk
        self._piece_rows = piece_rows
        self._limits = limits
        self.head = _head(talk.said(limits.head))
        """What is known of the file; how its text is encoded is sure once all of it was read."""

    @property
    def process_id(self) -> int:
        """The child's, for whoever measures it."""
        return self._talk.process_id

    @property
    def heard(self) -> int:
        """Bytes that the child has said so far."""
        return self._talk.heard

    def pieces(self) -> Iterator[list[RawRow]]:
        """Yield the records as sent, some at a time; raises `FileFault` when the file turns out to be broken."""
        count = last = 0
        while True:
            said = self._talk.said()
            if "end" in said:
                if said["end"] != count or not isinstance(said.get("encoding"), str):
                    raise failed()
                self.head = replace(self.head, encoding=said["encoding"])
                return
            piece = _rows(said, last)
            # Records are found again by the size of their pieces: all but the last are full.
            if count % self._piece_rows or len(piece) > self._piece_rows:
                raise failed()
            count += len(piece)
            if count > self._limits.rows:
                raise failed()
            last = piece[-1].number
            yield piece


class Talk:
    """What goes to the child and what comes from it, in one thread: whichever pipe is ready is served.

    Only time spent waiting for the child counts against it, so that it may be kept waiting as long as one likes.
    """

    def __init__(self, child: subprocess.Popen[bytes], chunks: Iterable[bytes], limits: Limits) -> None:
        assert child.stdin is not None and child.stdout is not None
        self.process_id = child.pid
        self._limits = limits
        self._chunks = iter(chunks)
        self._into, self._out_of = child.stdin.fileno(), child.stdout.fileno()
        self._close_stdin = child.stdin.close
        self._to_feed = memoryview(b"")
        self._fed = 0
        self.heard = 0
        self._kept = bytearray()
        self._waited = 0.0
        self._poll = select.poll()
        for pipe, event in ((self._into, select.POLLOUT), (self._out_of, select.POLLIN)):
            os.set_blocking(pipe, False)
            with suppress(OSError):  # an ordinary user's pipes may be as large as they get already
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _AHEAD)
            self._poll.register(pipe, event)

    def said(self, most: int | None = None) -> dict[str, Any]:
        """Return the next line that the child says; raises the fault that it tells, or that it has failed."""
        line = self._line()
        if most is not None and len(line) > most:
            raise failed()
        try:
            # Twice as fast as the standard library's, and half a pair of surrogates is no text to it.
            said = from_json(line, allow_inf_nan=False)
        except ValueError:
            raise failed() from None
        if b"\\u0000" in line and _NUL.search(json.dumps(said, ensure_ascii=False)):
            # Nor is NUL text that could be kept.
            raise failed()
        if not isinstance(said, dict):
            raise failed()
        if "fault" in said:
            raise _fault(said["fault"])
        return said

    def _line(self) -> bytes:
        seen = 0
        while (end := self._kept.find(b"\n", seen)) < 0:
            seen = len(self._kept)
            if seen > self._limits.piece + _MARGIN:
                raise failed()
            self._serve()
        line = bytes(self._kept[:end])
        del self._kept[: end + 1]
        return line

    def _serve(self) -> None:
        allowed = self._limits.processor_seconds(self._fed) * self._limits.patience - self._waited
        began = time.monotonic()
        ready = dict(self._poll.poll(max(allowed, 0) * 1000))
        self._waited += time.monotonic() - began
        if not ready:
            raise failed()
        if self._out_of in ready:
            piece = os.read(self._out_of, _AHEAD)
            if not piece:
                raise failed()
            self._kept += piece
            self.heard += len(piece)
        elif self._into in ready:
            self._feed()

    def _feed(self) -> None:
        try:
            while not self._to_feed:
                self._to_feed = memoryview(next(self._chunks))
            written = os.write(self._into, self._to_feed)
        except (StopIteration, BrokenPipeError):
            # All of it, or to a child that is gone already: what it does not say any more tells so.
            self._poll.unregister(self._into)
            self._close_stdin()
            return
        self._fed += written
        self._to_feed = self._to_feed[written:]


def failed() -> FileFault:
    """Return the fault of a file that its reader did not survive."""
    return FileFault(FileFaultCode.PARSER_FAILED, FAILED)


def _fault(said: Any) -> FileFault:
    try:
        code, detail, row, column = (said[name] for name in ("code", "detail", "row", "column"))
        code = FileFaultCode(code)
    except (KeyError, TypeError, ValueError):
        return failed()
    if not isinstance(detail, str) or len(detail) > _LONGEST_DETAIL:
        return failed()
    if not isinstance(row, int | None) or not isinstance(column, str | None):
        return failed()
    return FileFault(code, detail, row=row, column=column)


def _head(said: dict[str, Any]) -> Head:
    try:
        head = Head.of_document(said["head"])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise failed() from None
    texts = (head.sheet, head.encoding, *head.headings)
    if not all(isinstance(text, str) for text in texts) or not isinstance(head.heading_row, int):
        raise failed()
    return head


def _rows(said: dict[str, Any], last: int) -> list[RawRow]:
    """Return the records of a piece, whose numbers rise."""
    rows = said.get("rows")
    if not isinstance(rows, list) or not rows:
        raise failed()
    piece = []
    for row in rows:
        if not isinstance(row, list) or len(row) != 2:
            raise failed()
        number, raw = row
        if type(number) is not int or not last < number <= _LAST_NUMBER or type(raw) not in (list, dict, str):
            raise failed()
        last = number
        piece.append(RawRow(number=number, raw=raw))
    return piece


@contextmanager
def open_file(
    chunks: Iterable[bytes], kind: BatchKind, *, piece_rows: int = 250, limits: Limits = LIMITS
) -> Iterator[OpenFile]:
    """Read a file in a child process, which ends with the block; raises `FileFault` for one that is refused.

    `piece_rows` is how many records each piece has but the last. The chunks are asked for in this thread, as they are
    needed; the child reads ahead while its pieces are used.
    """
    arguments = [_ROOT, kind.value, str(piece_rows), json.dumps(asdict(limits))]
    with process(["-c", _START, *arguments], chunks, limits) as talk:
        yield OpenFile(talk, limits, piece_rows)


@contextmanager
def process(arguments: list[str], chunks: Iterable[bytes], limits: Limits) -> Iterator[Talk]:
    """Start Python alone: no environment, no files but its two pipes; it is killed when the block ends."""
    child = subprocess.Popen(
        [sys.executable, "-I", "-X", "utf8", *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}, cwd="/", close_fds=True,
    )  # fmt: skip
    try:
        yield Talk(child, chunks, limits)
    finally:
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
