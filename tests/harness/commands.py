"""Commands as processes of their own, forked from one that has imported the service: importing takes over a second.

What a command does from its arguments on is as at the command line: its environment, its output, its signals, its exit
code. `tests/docs/test_quickstart.py` starts commands as an operator does.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 180
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.harness.running.forked"])


@dataclass
class Command:
    """A command that runs, with the names that `subprocess.Popen` has."""

    process: BaseProcess

    @property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid

    @property
    def returncode(self) -> int | None:
        return self.process.exitcode

    def poll(self) -> int | None:
        """Return its exit code, None while it runs."""
        return self.process.exitcode

    def wait(self, timeout: float = SECONDS) -> int:
        """Wait for its end; return its exit code, which is negative for a signal."""
        self.process.join(timeout)
        if self.process.exitcode is None:
            raise subprocess.TimeoutExpired(self.process.name, timeout)
        return self.process.exitcode

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def start_command(
    *arguments: str, environment: Mapping[str, str], stdout: int, stderr: int, module: str = "app", stdin: str = ""
) -> Command:
    """Start `python -m` of a module with arguments; its output goes to two file descriptors, `stdin` is its input."""
    process = _FORKS.Process(
        target=_run,
        args=(module, arguments, dict(environment), _Inherited(stdout), _Inherited(stderr), stdin),
        name=f"{module} {' '.join(arguments)}",
    )
    process.start()
    return Command(process)


def run_command(
    *arguments: str,
    environment: Mapping[str, str] = os.environ,
    module: str = "app",
    stderr: int | None = None,
    stdin: str = "",
) -> subprocess.CompletedProcess[str]:
    """Run `python -m` of a module with arguments to its end; its errors are kept unless they go to a descriptor."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as out, tempfile.TemporaryFile("w+", encoding="utf-8") as err:
        command = start_command(
            *arguments,
            environment=environment,
            stdout=out.fileno(),
            stderr=err.fileno() if stderr is None else stderr,
            module=module,
            stdin=stdin,
        )
        try:
            returncode = command.wait()
        finally:
            command.kill()
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(arguments, returncode, out.read(), err.read())


class _Inherited:
    """A file descriptor that a process is to have as well."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __reduce__(self) -> Any:
        return _received, (DupFd(self._descriptor),)


def _received(sent: Any) -> int:
    descriptor: int = sent.detach()
    return descriptor


def _run(module: str, arguments: tuple[str, ...], environment: dict[str, str], out: int, err: int, stdin: str) -> None:
    # A shell without job control has what it runs in the background ignore it, and so would this command.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    given = os.open(os.devnull, os.O_RDONLY)
    if stdin:
        os.close(given)
        given, answers = os.pipe()
        os.write(answers, stdin.encode())
        os.close(answers)
    for inherited, descriptor in ((given, 0), (out, 1), (err, 2)):
        os.dup2(inherited, descriptor)
        os.close(inherited)
    # Processes that it starts look for their input under its number.
    sys.stdin = os.fdopen(0)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        atexit._run_exitfuncs()
