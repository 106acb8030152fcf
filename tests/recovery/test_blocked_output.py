"""A server whose log cannot be written: it serves, tells how much was lost, and ends when it is asked to."""

from __future__ import annotations

import fcntl
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.harness.commands import Command, start_command
from tests.harness.databases import ON_POSTGRESQL
from tests.harness.processes import Installation, eventually, free_port, installation

DATABASES = ["sqlite"]

REQUESTS = 300
LINE_ROOM = 4_096


@contextmanager
def a_pipe(*, read: bool) -> Iterator[int]:
    """Give where a pipe is written that nobody reads; with a reader there, or gone."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, LINE_ROOM)
    if not read:
        os.close(reading)
    yield writing
    os.close(writing)
    if read:
        os.close(reading)


@contextmanager
def a_full_disk() -> Iterator[int]:
    with Path("/dev/full").open("wb", buffering=0) as file:
        yield file.fileno()


SINKS = {
    "a full disk": a_full_disk,
    "a reader that has gone": lambda: a_pipe(read=False),
    "a pipe that nobody reads": lambda: a_pipe(read=True),
}


@pytest.mark.parametrize("sink", SINKS)
@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_a_server_works_and_ends_whatever_becomes_of_its_output(sink: str, database_url: str, tmp_path: Path) -> None:
    with SINKS[sink]() as out, installation(database_url, tmp_path / "data") as installed:
        port = free_port()
        server = start_command("serve", "--port", str(port), environment=installed.environment, stdout=out, stderr=out)
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as http:
                eventually(lambda: answers(http, server))
                assert {http.get("/v1/activities").status_code for _ in range(REQUESTS)} == {401}
                assert http.get("/readyz").status_code == 200
                told = http.get("/metrics").text
                assert "pars_log_lines_lost_total" in told
                if sink != "a pipe that nobody reads":
                    eventually(lambda: lost(http) >= REQUESTS)
            server.send_signal(signal.SIGTERM)
            assert server.wait() == -signal.SIGTERM
        finally:
            server.kill()
            server.wait()


def lost(http: httpx.Client) -> float:
    told = http.get("/metrics").text.splitlines()
    (line,) = (line for line in told if line.startswith('pars_log_lines_lost_total{stream="stderr"'))
    return float(line.split()[-1])


def answers(http: httpx.Client, server: Command) -> bool:
    assert server.poll() is None, "it has ended"
    try:
        return http.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.parametrize("sink", SINKS)
@ON_POSTGRESQL
def test_a_worker_ends_whatever_becomes_of_its_output(sink: str, database_url: str, tmp_path: Path) -> None:
    with SINKS[sink]() as out, installation(database_url, tmp_path / "data") as installed:
        worker = start_command("worker", environment=installed.environment, stdout=out, stderr=out)
        try:
            eventually(lambda: connected(installed))
            worker.send_signal(signal.SIGTERM)
            assert worker.wait() == 0
        finally:
            worker.kill()
            worker.wait()


def connected(installed: Installation) -> bool:
    import psycopg

    with psycopg.connect(installed.url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'pars'"
        ).fetchone()
    return row is not None and row[0] > 1
