"""Reading a file in a process of its own: whatever it does to its reader, it does to nobody else.

Nothing that the child says is trusted further than its form: its lines are bounded, JSON, and of known shape.
"""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from app.domain.batches import BatchKind, FileFault, FileFaultCode, Head, RawRow
from app.formats.limits import LIMITS, Limits

__all__ = ["LIMITS", "Limits", "OpenFile", "open_file"]

_ROOT = str(Path(__file__).resolve().parents[2])
_START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from app.formats.child import main; main()"
PATIENCE = 4
"""Wall-clock seconds for each second of the processor: the machine may be busy."""
AHEAD = 1_048_576
"""Bytes that the child may be ahead: as much as an ordinary user's pipe may hold."""
LONGEST_LINE = 512 * 1_048_576
FAILED = "Reading the file failed. Save it again as .xlsx or as tab-delimited text, and upload that."


class OpenFile:
    """A file that is being read: what stands before its records, and these piece by piece."""

    def __init__(self, child: subprocess.Popen[bytes], deadline: float) -> None:
        self._child = child
        self._deadline = deadline
        self.head = Head.of_document(self._next("head"))

    def pieces(self) -> Iterator[list[RawRow]]:
        """Yield the records as sent, some at a time; raises `FileFault` when the file turns out to be broken."""
        count = 0
        while True:
            said = self._line()
            if "end" in said:
                if said["end"] != count:
                    raise failed()
                return
            rows = self._of(said, "rows")
            count += len(rows)
            yield [RawRow(number=number, raw=raw) for number, raw in rows]

    def _next(self, name: str) -> Any:
        return self._of(self._line(), name)

    @staticmethod
    def _of(said: dict[str, Any], name: str) -> Any:
        if name not in said:
            raise failed()
        return said[name]

    def _line(self) -> dict[str, Any]:
        assert self._child.stdout is not None
        line = self._child.stdout.readline(LONGEST_LINE)
        if not line.endswith(b"\n") or time.monotonic() > self._deadline:
            raise failed()
        try:
            said = json.loads(line)
        except ValueError:
            raise failed() from None
        if not isinstance(said, dict):
            raise failed()
        if "fault" in said:
            raise _fault(said["fault"])
        return said


def failed() -> FileFault:
    """Return the fault of a file that its reader did not survive."""
    return FileFault(FileFaultCode.PARSER_FAILED, FAILED)


def _fault(said: dict[str, Any]) -> FileFault:
    return FileFault(FileFaultCode(said["code"]), said["detail"], row=said["row"], column=said["column"])


@contextmanager
def open_file(
    chunks: Iterable[bytes], kind: BatchKind, *, piece_rows: int = 250, limits: Limits = LIMITS
) -> Iterator[OpenFile]:
    """Read a file in a child process, which ends with the block; raises `FileFault` for one that is refused.

    `piece_rows` is how many records come at a time. The child reads ahead while its pieces are used.
    """
    command = [sys.executable, "-I", "-c", _START, _ROOT, kind.value, str(piece_rows), json.dumps(asdict(limits))]
    child = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}, close_fds=True
    )
    assert child.stdout is not None
    # So that it reads ahead while its pieces are used.
    fcntl.fcntl(child.stdout, fcntl.F_SETPIPE_SZ, AHEAD)
    try:
        # The child takes in all of it before it looks at any.
        seconds = limits.seconds(_fed(child.stdin, chunks)) * PATIENCE
        clock = threading.Timer(seconds, child.kill)
        clock.daemon = True
        clock.start()
        try:
            yield OpenFile(child, time.monotonic() + seconds)
        finally:
            clock.cancel()
    finally:
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


def _fed(into: IO[bytes] | None, chunks: Iterable[bytes]) -> int:
    """Hand a file to its reader; return its size. A reader that is gone already says so by what it does not say."""
    assert into is not None
    size = 0
    try:
        for chunk in chunks:
            size += len(chunk)
            into.write(chunk)
        into.close()
    except BrokenPipeError:
        pass
    return size
