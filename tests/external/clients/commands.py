"""Commands and servers that the check of generated clients starts; each is bounded in time, and ends with it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
TOOLS = ROOT / "openapi" / "tools"
PYTHON, NODE = TOOLS / ".venv" / "bin", TOOLS / "node_modules" / ".bin"
SECONDS = 300


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Run a command to its end and return what it printed; a failure shows that, and ends this."""
    path = f"{PYTHON}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [str(argument) for argument in command],
        cwd=cwd,
        env=os.environ | {"PATH": path} | environment,
        timeout=SECONDS,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        shown = " ".join(map(str, command))
        sys.exit(f"{shown[:500]}\n{done.stdout}\n{done.stderr}")
    return done.stdout + done.stderr


@contextmanager
def serving(*command: str, port: int, path: str, log: Path, **environment: str) -> Iterator[str]:
    """Run a server until the block ends; yield its address once it answers. What it prints goes to a file."""
    address = f"http://127.0.0.1:{port}"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, env=os.environ | environment, stdout=output, stderr=output
        )
    try:
        until = time.monotonic() + SECONDS
        while not _answers(address + path):
            if server.poll() is not None or time.monotonic() > until:
                sys.exit(f"{' '.join(command)} did not start\n{log.read_text(errors='replace')}")
            time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait(SECONDS)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
