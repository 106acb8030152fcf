"""Ralph, an open learning record store, with its storage replaced by one that keeps nothing.

`.venv-ralph/bin/python benchmarks/floors/ralph_server.py PORT` serves it as uvicorn does by itself. It runs in an
environment of its own, and so imports nothing of the service. The user `bench` with the password `bench` may write.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path
from typing import Any

import bcrypt
import uvicorn


class Nothing:
    """A storage in which nothing is ever found, and that says of everything that it is stored."""

    async def query_statements_by_ids(self, ids: Sequence[str], target: str | None = None) -> AsyncIterator[Any]:
        """Yield nothing."""
        for found in ():
            yield found

    async def write(self, data: Iterable[Any], **_: Any) -> int:
        """Return how many there were."""
        return len(list(data))


def serve(port: int, folder: Path) -> None:
    """Serve with the settings in a folder, which Ralph reads when it is imported."""
    user = {
        "username": "bench",
        "hash": bcrypt.hashpw(b"bench", bcrypt.gensalt(4)).decode(),
        "scopes": ["all"],
        "agent": {"mbox": "mailto:bench@example.org"},
    }
    (folder / "auth.json").write_text(json.dumps([user]), encoding="utf-8")
    os.environ |= {
        "RALPH_APP_DIR": str(folder),
        "RALPH_RUNSERVER_BACKEND": "fs",
        "RALPH_BACKENDS__LRS__FS__DEFAULT_DIRECTORY_PATH": str(folder),
    }
    from ralph.api import app
    from ralph.api.routers import statements

    statements.BACKEND_CLIENT = Nothing()
    uvicorn.run(
        app, host="127.0.0.1", port=port, loop="uvloop", http="httptools", access_log=False, log_level="warning"
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="ralph-") as _folder:
        serve(int(sys.argv[1]), Path(_folder))
