"""Parsers forked from a process that has imported them: to start Python for each file takes most of a file's time.

That process is started as the service starts a parser, and imports what one imports; from there on a parser has bounds,
pipes and an end of its own. `tests/unit/files/test_parser_process.py` starts parsers as the service does, and so do the
workers that run as processes.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

import pytest

from app.files.parsing import parser_client
from app.files.parsing.limits import Limits
from app.files.parsing.parser_client import ROOT, ParserPipes

_LONGEST = 65_536
_PROGRAM = """
import gc, json, os, signal, socket, sys
sys.path.insert(0, sys.argv[1])
import app
del sys.path[0]
from app.files.formats import all_readers
from app.files.parsing.parser_process import main

asked = socket.socket(fileno=int(sys.argv[2]))
readers = all_readers()
# No parser looks through what all of them have.
gc.freeze()
started = []
while True:
    message, given, _, _ = socket.recv_fds(asked, 65_536, 2)
    if not message:
        break
    # Not before: until its end was waited for, no other process has its number.
    for number in list(started):
        if os.waitpid(number, os.WNOHANG)[0]:
            started.remove(number)
    number = os.fork()
    if number:
        started.append(number)
        handle = os.pidfd_open(number)
        socket.send_fds(asked, [str(number).encode()], [handle])
        os.close(handle)
        for pipe in given:
            os.close(pipe)
        continue
    asked.close()
    for place, pipe in enumerate(given):
        os.dup2(pipe, place)
        os.close(pipe)
    sys.argv[1:] = json.loads(message)
    try:
        main(readers)
    finally:
        os._exit(1)
"""


class ParserServer:
    """The process that parsers are forked from."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-X", "utf8", "-c", _PROGRAM, ROOT, str(theirs.fileno())],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                env={}, cwd="/", pass_fds=[theirs.fileno()],
            )  # fmt: skip

    def close(self) -> None:
        self._asked.close()
        self._process.wait()

    def fork(self, arguments: list[str]) -> ForkedParser:
        """Return a parser that has been forked, with the arguments of `parser_process.main`."""
        to_read, stdin = os.pipe()
        stdout, to_write = os.pipe()
        with self._lock:
            socket.send_fds(self._asked, [json.dumps(arguments).encode()], [to_read, to_write])
            number, (handle,), _, _ = socket.recv_fds(self._asked, _LONGEST, 1)
        os.close(to_read)
        os.close(to_write)
        return ForkedParser(int(number), handle, stdin, stdout)


class ForkedParser:
    """A parser with the names that `subprocess.Popen` has."""

    def __init__(self, number: int, handle: int, stdin: int, stdout: int) -> None:
        self.pid = number
        self._handle = handle
        self.stdin, self.stdout = os.fdopen(stdin, "wb", 0), os.fdopen(stdout, "rb", 0)

    def end(self) -> None:
        """Kill it, and wait for its end."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._handle, signal.SIGKILL)
        select.select([self._handle], [], [])
        os.close(self._handle)
        self.stdin.close()
        self.stdout.close()


@contextmanager
def forked_parsers() -> Iterator[None]:
    """Fork the parsers of this process, from the first file on."""
    servers: list[ParserServer] = []
    lock = threading.Lock()

    @contextmanager
    def start(arguments: list[str], chunks: Iterable[bytes], limits: Limits) -> Iterator[ParserPipes]:
        with lock:
            if not servers:
                servers.append(ParserServer())
        _option, _program, _root, *own = arguments
        child = servers[0].fork(own)
        try:
            yield ParserPipes(child, chunks, limits)  # type: ignore[arg-type]
        finally:
            child.end()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parser_client, "start_python", start)
        yield
    for server in servers:
        server.close()
