"""`make drill-slow`: hundreds of connections that never send a whole head, beside good requests.

Prints the share of good requests that were answered and their p99, alone and beside the slow ones, which open again
whenever they are ended; then what one head of 60 MB costs. `python -m benchmarks.drills.slow 500 30` sets the number of
slow connections and the seconds.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from app.core.logging import configure_logging
from benchmarks.world.installation import ROOT, World, free_port, wait_for, world

CLIENTS = 8
LEAST_SHARE = 0.999
MEGABYTES = 60_000_000
HEAD = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n"


def main() -> None:
    """Run both drills on SQLite; exit with 1 when good requests suffer or a head is gathered."""
    configure_logging()
    slow = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 30
    with world("sqlite", 20_000) as installed, _serving(installed) as (port, server):
        bodies = iter(installed.bodies(200_000))
        _good(installed, port, bodies, seconds / 3)
        alone, _ = _good(installed, port, bodies, seconds)
        with _slow_connections(port, slow):
            share, slowest = _good(installed, port, bodies, seconds)
        print(f"good requests answered: {alone:.4%} alone, {share:.4%} beside {slow} slow connections", flush=True)
        costly = [_head_of_60_mb(port, server, kind) for kind in ("header", "address", "trailer", "small headers")]
    sys.exit(share < LEAST_SHARE or any(costly) or slowest > 5)


@contextlib.contextmanager
def _serving(installed: World) -> Iterator[tuple[int, int]]:
    port = free_port()
    command = [sys.executable, "-m", "app", "serve", "--port", str(port)]
    quiet = subprocess.DEVNULL
    server = subprocess.Popen(command, env=installed.environment, cwd=ROOT, stdout=quiet, stderr=quiet)
    try:
        wait_for(port, server)
        yield port, server.pid
    finally:
        server.terminate()
        server.wait(30)


def _good(installed: World, port: int, bodies: Iterator[bytes], seconds: float) -> tuple[float, float]:
    """Report from several clients, each on connections of its own; return the share answered and the longest time."""
    until = time.monotonic() + seconds
    times: list[float] = []
    failures: list[str] = []
    lock = threading.Lock()

    def report() -> None:
        headers = {"Authorization": f"Bearer {installed.key}", "Content-Type": "application/json"}
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        for number in range(1_000_000):
            if time.monotonic() > until:
                break
            with lock:
                body = next(bodies)
            begun = time.perf_counter()
            try:
                connection.request("POST", "/v1/learner-completions", body, headers)
                response = connection.getresponse()
                response.read()
                problem = "" if response.status == 201 else str(response.status)
            except (OSError, http.client.HTTPException) as error:
                problem = repr(error)
            times.append(time.perf_counter() - begun)
            if problem:
                failures.append(problem)
            if problem or number % 20 == 19:
                # New connections are what a server full of slow ones would refuse.
                connection.close()
        connection.close()

    clients = [threading.Thread(target=report) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    times.sort()
    middle, last = times[len(times) // 2], times[int(len(times) * 0.99)]
    print(
        f"{len(times)} good requests, {len(times) / seconds:.0f}/s, p50 {middle * 1000:.1f} ms, "
        f"p99 {last * 1000:.1f} ms, slowest {times[-1] * 1000:.0f} ms, failures {failures[:3]}",
        flush=True,
    )
    return 1 - len(failures) / len(times), times[-1]


@contextlib.contextmanager
def _slow_connections(port: int, count: int) -> Iterator[None]:
    """Hold connections that send a byte of a head a second, from a process of its own."""
    command = [sys.executable, "-m", "benchmarks.drills.slow_heads", str(port), str(count)]
    sender = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    assert sender.stdout is not None
    assert sender.stdout.readline(), "the slow connections were not opened"
    try:
        yield
    finally:
        sender.terminate()
        opened, _ = sender.communicate(timeout=30)
        print(f"{int(opened)} slow connections were opened, to have {count} at a time", flush=True)


def _head_of_60_mb(port: int, server: int, kind: str) -> bool:
    """Send one, print what it costs the server; return whether that is more than a second or 20 MB."""
    chunked = b"POST /livez HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    sent = {
        "header": HEAD + b"X-Long: " + b"a" * MEGABYTES + b"\r\n\r\n",
        "address": b"GET /livez?" + b"a" * MEGABYTES + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "trailer": chunked + b"0\r\nX-Long: " + b"a" * MEGABYTES + b"\r\n\r\n",
        "small headers": HEAD + b"A: b\r\n" * (MEGABYTES // 6) + b"\r\n",
    }[kind]
    processor, memory = _spent(server), _memory(server)
    begun = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port), timeout=120) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(sent)
        with contextlib.suppress(ConnectionError):
            answer = connection.recv(65_536).split(b"\r\n")[0].decode()
    seconds, grown = _spent(server) - processor, _memory(server) - memory
    print(
        f"{kind} of 60 MB: {answer}, {seconds:.2f} s of processor, {grown:+.1f} MB, "
        f"{time.perf_counter() - begun:.2f} s in all",
        flush=True,
    )
    return seconds > 1 or grown > 20


def _spent(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory(process: int) -> float:
    """Return the peak so far, in MB."""
    (line,) = (line for line in Path(f"/proc/{process}/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()
