"""Generates a client with every generator, compiles it, lets it tell its story to a running service; prints a table.

`make check-clients` installs the generators first. Everything made here is in a temporary folder and ends with it. What
a machine has no tool for is said in the table.

    python -m tests.external.clients [WORD…]     # only the clients that have one of the words in their line
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.external.clients.commands import ROOT, SECONDS, run, serving
from tests.external.clients.generators import CLIENTS, Client
from tests.harness.processes import free_port

LINE = "{:<34} {:<8} {:<44} {}"


def sandbox_key(world: Mapping[str, str]) -> str:
    """Make a client of the shared sandbox, as an operator would; return its key."""
    create = (sys.executable, "-m", "app", "client", "create", "stories", "--test", "--json")
    made = subprocess.run(create, cwd=ROOT, env=os.environ | world, timeout=SECONDS, capture_output=True, check=True)
    return str(json.loads(made.stdout)["api_key"])


def prove(client: Client, folder: Path, known: Mapping[str, str]) -> str:
    """Generate a client, compile it, run its story; return what was proven. A failure ends the program."""
    folder.mkdir()
    shutil.copy(ROOT / "openapi" / "openapi.json", folder / "pars.json")
    shutil.copy(ROOT / "openapi" / "webhooks.json", folder)
    story = client.prepare(folder)
    if not story:
        return "generated only"
    told = run(*story, cwd=folder, **known).strip().splitlines()[-1]
    if told != f"told: {' '.join(client.told)}":
        sys.exit(f"{client.generator} {client.options} told something else: {told}")
    return ", ".join(client.told)


def main(words: list[str]) -> None:
    """Prove every client that has one of the words in its line, or all."""
    chosen = [
        client
        for client in CLIENTS
        if not words or any(word in f"{client.generator} {client.options}" for word in words)
    ]
    with tempfile.TemporaryDirectory(prefix="pars-clients-") as name:
        folder = Path(name)
        data, port = folder / "data", free_port()
        world = {"PARS_DATA_DIR": str(data), "PARS_DATABASE_URL": f"sqlite:///{data}/pars.db"}
        serve = ("-m", "app", "serve", "--demo", "--port", str(port))
        with serving(*serve, port=port, path="/readyz", log=folder / "pars.log", **world) as url:
            key = (data / "demo-key").read_text(encoding="ascii").strip()
            known = {"PARS_URL": url, "PARS_KEY": key, "PARS_TEST_KEY": sandbox_key(world)}
            print(LINE.format("generator", "version", "options", "proven"), flush=True)
            skipped = 0
            for number, client in enumerate(chosen):
                missing = list(client.missing())
                skipped += bool(missing)
                proven = f"NOT PROVEN, missing here: {', '.join(missing)}" if missing else ""
                proven = proven or prove(client, folder / str(number), known)
                options = client.options.replace("`", "")
                print(LINE.format(client.generator, client.version, options, proven), flush=True)
    print(f"{len(chosen) - skipped} of {len(chosen)} clients: generated, compiled, their stories told")


if __name__ == "__main__":
    main(sys.argv[1:])
