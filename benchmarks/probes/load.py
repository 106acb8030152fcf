"""A load generator: keep-alive connections on loopback, a bounded number of requests, latencies measured.

Runs as a process of its own, so that it shares no interpreter with the server:
`python -m benchmarks.probes.load PORT CONNECTIONS AUTHORIZATION` reads one request a line from standard input, as
`METHOD PATH BODY`; a request without a body has none.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.table import middle


@dataclass(frozen=True, kw_only=True)
class Load:
    """The result of a load run. Latencies in milliseconds."""

    per_second: float
    p50: float
    p99: float
    statuses: dict[str, int]

    @classmethod
    def middle_of(cls, loads: Sequence[Load]) -> Load:
        """Return the medians of several rounds, with the statuses of all."""
        statuses: Counter[str] = Counter()
        for round_ in loads:
            statuses.update(round_.statuses)
        return cls(
            per_second=middle(round_.per_second for round_ in loads),
            p50=middle(round_.p50 for round_ in loads),
            p99=middle(round_.p99 for round_ in loads),
            statuses=dict(statuses),
        )


def posts(path: str, bodies: Iterable[bytes]) -> list[bytes]:
    """Return a request for each body, all to one path."""
    head = f"POST {path} ".encode()
    return [head + body for body in bodies]


def gets(paths: Iterable[str]) -> list[bytes]:
    """Return a request for each path."""
    return [f"GET {path} ".encode() for path in paths]


def run(port: int, path: str, key: str, bodies: Sequence[bytes], connections: int) -> Load:
    """Post every body once to one path over a number of connections, from another process."""
    return send(port, f"Bearer {key}", posts(path, bodies), connections)


def send(port: int, authorization: str, requests: Sequence[bytes], connections: int) -> Load:
    """Send every request once over a number of connections, from another process."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.probes.load", str(port), str(connections), authorization],
        input=b"\n".join(requests),
        stdout=subprocess.PIPE,
        check=True,
    )
    return Load(**json.loads(done.stdout))


def alternately(rounds: int, loads: Mapping[str, Callable[[], Load]]) -> dict[str, Load]:
    """Run several loads in turn, each once a round, and return the medians of each. All requests have to succeed.

    Each round begins with another, so that none is always measured after the same one.
    """
    runs: dict[str, list[Load]] = {name: [] for name in loads}
    order = deque(loads.items())
    for _ in range(rounds):
        for name, run_once in order:
            runs[name].append(run_once())
            assert all(status.startswith("2") for status in runs[name][-1].statuses), (name, runs[name][-1].statuses)
        order.rotate(-1)
    return {name: Load.middle_of(found) for name, found in runs.items()}


async def _connection(port: int, requests: Iterator[bytes], times: list[float], statuses: Counter[str]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for request in requests:
        begun = time.perf_counter()
        writer.write(request)
        answer = await reader.readuntil(b"\r\n\r\n")
        length = int(answer.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        times.append(time.perf_counter() - begun)
        statuses[answer[9:12].decode()] += 1
    writer.close()


async def _load(port: int, connections: int, requests: Sequence[bytes]) -> Load:
    times: list[float] = []
    statuses: Counter[str] = Counter()
    shared = iter(requests)
    begun = time.perf_counter()
    await asyncio.gather(*(_connection(port, shared, times, statuses) for _ in range(connections)))
    seconds = time.perf_counter() - begun
    times.sort()
    return Load(
        per_second=len(times) / seconds,
        p50=times[len(times) // 2] * 1000,
        p99=times[int(len(times) * 0.99)] * 1000,
        statuses=dict(statuses),
    )


def as_sent(line: bytes, authorization: str) -> bytes:
    """Return a request as it goes over the connection."""
    method, path, body = line.split(b" ", 2)
    head = b"%b %b HTTP/1.1\r\nHost: localhost\r\nAuthorization: %b\r\n" % (method, path, authorization.encode())
    if body:
        form = b"xml" if body.startswith(b"<") else b"json"
        head += b"Content-Type: application/%b\r\nContent-Length: %d\r\n" % (form, len(body))
    return head + b"\r\n" + body


if __name__ == "__main__":
    import uvloop

    _port, _connections, _authorization = sys.argv[1:]
    _requests = [as_sent(line, _authorization) for line in sys.stdin.buffer.read().split(b"\n")]
    _result = uvloop.run(_load(int(_port), int(_connections), _requests))
    print(json.dumps(_result.__dict__))
