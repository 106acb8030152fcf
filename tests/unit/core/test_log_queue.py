"""Lines that are logged: written in their order, or counted; nobody who logs ever fails or waits."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.core.log_queue import LINES, LONGEST, QueuedStream
from tests.harness.commands import ROOT, SECONDS
from tests.harness.threads import kill_thread


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A pipe of the smallest size: where it is read, where it is written."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4_096)
    yield reading, writing
    for end in (reading, writing):
        if end >= 0:
            try:
                os.close(end)
            except OSError:
                pass


def read_all(descriptor: int) -> bytes:
    os.set_blocking(descriptor, False)
    read = b""
    while True:
        try:
            piece = os.read(descriptor, 65_536)
        except BlockingIOError:
            return read
        if not piece:
            return read
        read += piece


def test_lines_are_written_in_their_order(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as file:
        stream = QueuedStream(file.fileno())
        for number in range(5_000):
            stream.write(f"{number}\n")
        assert stream.drain(60)
    assert (tmp_path / "log").read_text() == "".join(f"{number}\n" for number in range(5_000))
    assert stream.lost == 0


class Unwritable:
    """A line that cannot be made a text."""

    def __str__(self) -> str:
        raise UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed")


def test_a_line_that_cannot_be_made_a_text_takes_no_other_with_it(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as file:
        stream = QueuedStream(file.fileno())
        for line in ("before\n", Unwritable(), "after\n"):
            stream.put(line)
        assert stream.drain(60)
    assert (tmp_path / "log").read_text() == "before\nafter\n"
    assert stream.lost == 1


def test_a_full_disk_is_counted_and_its_lines_are_skipped() -> None:
    with Path("/dev/full").open("wb", buffering=0) as file:
        stream = QueuedStream(file.fileno())
        for _ in range(7):
            stream.write("line\n")
        assert stream.drain(60)
    assert stream.lost == 7


def test_a_reader_that_has_gone_is_counted_and_its_lines_are_skipped(pipe: tuple[int, int]) -> None:
    os.close(pipe[0])
    stream = QueuedStream(pipe[1])
    stream.write("line\n")
    assert stream.drain(60)
    assert stream.lost == 1


def test_a_pipe_that_nobody_reads_holds_nobody_up(pipe: tuple[int, int]) -> None:
    stream = QueuedStream(pipe[1])
    line = "x" * 99 + "\n"
    for _ in range(LINES + 2_000):
        stream.write(line)
    assert 0 < stream.lost <= 2_000
    assert not stream.drain(0.05)
    written = 0
    # Who reads again gets what was queued meanwhile, line by line.
    while written < LINES:
        read = os.read(pipe[0], 65_536)
        assert set(read) <= set(line.encode())
        written += read.count(b"\n")


def test_once_the_disk_has_room_a_line_tells_what_was_lost(tmp_path: Path) -> None:
    program = """
import json, os, resource, signal, sys
from app.core.log_queue import QueuedStream
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
stream = QueuedStream(int(sys.argv[1]), lambda lost: json.dumps({"lost": lost}))
resource.setrlimit(resource.RLIMIT_FSIZE, (25, resource.RLIM_INFINITY))
for number in range(3):
    stream.write(f"line number {number}\\n")
    assert stream.drain(60)
assert stream.lost == 2, stream.lost
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
for number in range(3, 5):
    stream.write(f"line number {number}\\n")
    assert stream.drain(60)
"""
    with (tmp_path / "log").open("wb") as file:
        subprocess.run(
            [sys.executable, "-c", program, str(file.fileno())], check=True, pass_fds=[file.fileno()], cwd=ROOT
        )
    lines = (tmp_path / "log").read_text().splitlines()
    # The second line stands by half: it is ended, so that the lines after it can be read.
    assert lines == ["line number 0", "line number", json.dumps({"lost": 2}), "line number 3", "line number 4"]


def test_a_text_beyond_all_measure_is_counted(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as file:
        stream = QueuedStream(file.fileno())
        stream.write("x" * (LONGEST + 1))
        stream.write("short\n")
        assert stream.drain(60)
    assert ((tmp_path / "log").read_text(), stream.lost) == ("short\n", 1)


def test_a_child_of_a_fork_writes_its_own_lines_only(pipe: tuple[int, int]) -> None:
    stream = QueuedStream(pipe[1])
    stream.write("parent\n")
    assert stream.drain(60)
    child = os.fork()
    if child == 0:
        stream.write("child\n")
        os._exit(0 if stream.drain(60) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    stream.write("parent again\n")
    assert stream.drain(60)
    assert read_all(pipe[0]) == b"parent\nchild\nparent again\n"


@given(texts=some.lists(some.text(alphabet=some.characters(codec=None))))
def test_whatever_is_written_is_written_whole(texts: list[str]) -> None:
    reading, writing = os.pipe()
    stream = QueuedStream(writing)
    for text in texts:
        stream.write(text)
    assert stream.drain(60)
    stream.end()
    os.close(writing)
    assert read_all(reading).decode() == "".join(texts).encode("utf-8", "backslashreplace").decode()
    os.close(reading)


BEGIN = """
from app.core.logging import configure_logging, drain_logs, log, queue_standard_streams
configure_logging()
"""


def logged(program: str) -> subprocess.CompletedProcess[bytes]:
    """Run a program that logs."""
    return subprocess.run(
        [sys.executable, "-c", BEGIN + program], cwd=ROOT, check=False, timeout=120, capture_output=True
    )


def test_a_line_that_cannot_be_rendered_harms_nobody() -> None:
    ran = logged(
        """
class Odd:
    def __repr__(self): raise ValueError("Rebecca")
log.warning("odd", value=Odd())
log.warning("fine")
"""
    )
    assert (ran.returncode, b"Rebecca" in ran.stderr) == (0, False)
    assert json.loads(ran.stderr.splitlines()[-1])["event"] == "fine"


def test_what_python_reports_becomes_a_line_without_its_message() -> None:
    ran = logged(
        """
import threading, warnings, logging
queue_standard_streams()
warnings.warn("Rebecca Test")
thread = threading.Thread(target=lambda: int("Rebecca Test")); thread.start(); thread.join()
class Odd:
    def __del__(self): raise ValueError("Rebecca Test")
Odd()
try:
    int("Rebecca Test")
except ValueError as error:
    logging.getLogger("asyncio").error("Task failed\\nfuture: Rebecca Test", exc_info=error)
print("printed")
"""
    )
    assert (ran.returncode, ran.stdout) == (0, b"printed\n")
    assert b"Rebecca" not in ran.stderr
    events = [json.loads(line)["event"] for line in ran.stderr.splitlines()]
    assert events == ["warning", "thread failed", "error ignored", "Task failed"]


def test_a_log_whose_descriptor_was_closed_is_never_written_into_another_file(tmp_path: Path) -> None:
    program = f"""
import os
kept = os.open({str(tmp_path / "kept")!r}, os.O_WRONLY | os.O_CREAT)
log.warning("elsewhere"); drain_logs()
os.write(kept, b"mine")
"""
    shell = ["sh", "-c", '"$@" 0<&- 1>&- 2>&-', "sh", sys.executable, "-c"]
    subprocess.run([*shell, BEGIN + program], cwd=ROOT, check=True, timeout=120)
    assert (tmp_path / "kept").read_bytes() == b"mine"


def test_the_end_of_a_process_waits_a_moment_at_most_for_its_log(pipe: tuple[int, int]) -> None:
    program = f"{BEGIN}for _ in range(20_000): log.warning('line')"
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, stderr=pipe[1], check=False, timeout=120)
    assert ran.returncode == 0


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_log_thread_that_dies_is_replaced(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as file:
        stream = QueuedStream(file.fileno())
        stream.write("one\n")
        assert stream.drain(60)
        thread = stream._thread
        assert thread is not None
        kill_thread(thread)
        # It dies over a line; the next one finds another thread.
        stream.write("two\n")
        thread.join(SECONDS)
        assert not thread.is_alive()
        stream.write("three\n")
        assert stream.drain(60)
    assert (tmp_path / "log").read_text().endswith("three\n")
