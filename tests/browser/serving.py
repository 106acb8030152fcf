"""What a browser test needs around it: a server of the demo in a process of its own, Chromium, and files to send."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv" / "bin" / "python"
_STARTS_WITHIN = 90
_NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str | None:
    """Return where Chromium is: `CHROMIUM`, else where the system has it."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve the demo from a folder; gives the address. Mails lie in its folder `mail`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"PARS_DATA_DIR": str(folder), "PARS_DATABASE_URL": f"sqlite:///{folder}/pars.db"}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [PYTHON, "-m", "app", "serve", "--demo", "--port", str(port)],
            cwd=ROOT, env={**os.environ, **settings}, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(address, process, folder / "log")
            yield address
        finally:
            process.terminate()
            process.wait(30)


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    begun = time.monotonic()
    while time.monotonic() < begun + _STARTS_WITHIN and process.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/livez", timeout=1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"The server did not start:\n{log.read_text(encoding='utf-8')[-2_000:]}")


def workbook_of(rows: list[dict[str, Any]]) -> bytes:
    """Return a workbook of learners with these rows, each told by what differs from Rebecca Test's two hours.

    The project's own environment writes it: this one has nothing that could.
    """
    write = (
        "import json, sys; from tests.builders.sent_files import ROW, workbook; "
        "sys.stdout.buffer.write(workbook([ROW | row for row in json.load(sys.stdin)]))"
    )
    sent = json.dumps(rows).encode()
    return subprocess.run([PYTHON, "-c", write], cwd=ROOT, input=sent, stdout=subprocess.PIPE, check=True).stdout
