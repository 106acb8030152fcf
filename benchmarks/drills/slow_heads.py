"""Connections that send a byte of a head a second, opened again when they are ended; runs until it is terminated.

`python -m benchmarks.drills.slow_heads PORT COUNT` prints a line when all are open, at the end how many were opened.
"""

from __future__ import annotations

import asyncio
import signal
import sys

BEGINNING = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Slow: "


async def _hold(port: int, opened: list[int], all_open: asyncio.Barrier) -> None:
    first = True
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            opened[0] += 1
            if first:
                first = False
                await all_open.wait()
            writer.write(BEGINNING)
            ended = asyncio.ensure_future(reader.read())
            while not ended.done():
                writer.write(b"a")
                await asyncio.wait([ended], timeout=1)
            writer.close()
            await asyncio.gather(ended, return_exceptions=True)
        except OSError:
            await asyncio.sleep(0.1)


async def _run(port: int, count: int) -> None:
    opened = [0]
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    all_open = asyncio.Barrier(count + 1)
    holding = [asyncio.create_task(_hold(port, opened, all_open)) for _ in range(count)]
    await all_open.wait()
    print("open", flush=True)
    await stop.wait()
    for task in holding:
        task.cancel()
    await asyncio.gather(*holding, return_exceptions=True)
    print(opened[0], flush=True)


if __name__ == "__main__":
    asyncio.run(_run(int(sys.argv[1]), int(sys.argv[2])))
