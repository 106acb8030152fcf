"""A load generator: keep-alive connections on loopback, a bounded number of requests, latencies measured.

Runs as a process of its own, so that it shares no interpreter with the server:
`python -m benchmarks.probes.load PORT PATH CONNECTIONS REQUESTS KEY` reads one body a line from standard input.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Load:
    """The result of a load run. Latencies in milliseconds."""

    per_second: float
    p50: float
    p99: float
    statuses: dict[str, int]


def run(port: int, path: str, key: str, bodies: Sequence[bytes], connections: int) -> Load:
    """Send every body once over a number of connections, from another process."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.probes.load", str(port), path, str(connections), key],
        input=b"\n".join(bodies),
        stdout=subprocess.PIPE,
        check=True,
    )
    return Load(**json.loads(done.stdout))


async def _connection(
    port: int, head: bytes, bodies: Iterator[bytes], times: list[float], statuses: Counter[str]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for body in bodies:
        begun = time.perf_counter()
        writer.write(head + b"%d\r\n\r\n" % len(body) + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        length = int(answer.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        times.append(time.perf_counter() - begun)
        statuses[answer[9:12].decode()] += 1
    writer.close()


async def _load(port: int, path: str, connections: int, key: str, bodies: list[bytes]) -> Load:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
        "Content-Type: application/json\r\nContent-Length: "
    ).encode()
    times: list[float] = []
    statuses: Counter[str] = Counter()
    shared = iter(bodies)
    begun = time.perf_counter()
    await asyncio.gather(*(_connection(port, head, shared, times, statuses) for _ in range(connections)))
    seconds = time.perf_counter() - begun
    times.sort()
    return Load(
        per_second=len(times) / seconds,
        p50=times[len(times) // 2] * 1000,
        p99=times[int(len(times) * 0.99)] * 1000,
        statuses=dict(statuses),
    )


if __name__ == "__main__":
    import uvloop

    _port, _path, _connections, _key = sys.argv[1:]
    _bodies = sys.stdin.buffer.read().split(b"\n")
    _result = uvloop.run(_load(int(_port), _path, int(_connections), _key, _bodies))
    print(json.dumps(_result.__dict__))
