"""Generates clients in two languages, checks their types, and lets them tell their stories to a running service.

`make check-clients` installs the generators first. Everything made here is in a temporary folder and ends with it.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
TOOLS = ROOT / "openapi" / "tools"
PYTHON, NODE = TOOLS / ".venv" / "bin", TOOLS / "node_modules" / ".bin"
STORIES = ROOT / "examples" / "clients"
TEMPLATES = STORIES / "python-templates"
SECONDS = 180


def run(*command: str | Path, cwd: Path, **environment: str) -> None:
    """Run a command to its end; a failure shows what it printed, and ends this."""
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
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}")


def generate(folder: Path) -> None:
    """Generate both clients."""
    shutil.copy(ROOT / "openapi" / "openapi.json", folder / "pars.json")
    config = folder / "generator.json"
    # The generator knows no tables: a body of that kind is bytes to it.
    options = {"post_hooks": [], "content_type_overrides": {"text/csv": "application/octet-stream"}}
    config.write_text(json.dumps(options), encoding="utf-8")
    plugins = ("@hey-api/typescript", "@hey-api/sdk", "@hey-api/client-fetch")
    run(
        PYTHON / "openapi-python-client", "generate", "--path", "pars.json", "--meta", "none",
        "--config", config, "--custom-template-path", TEMPLATES, "--fail-on-warning",
        "--output-path", "pars_client", cwd=folder,
    )  # fmt: skip
    run(NODE / "openapi-ts", "-i", "pars.json", "-o", "pars", "-p", *plugins, "--no-log-file", cwd=folder)


def check_types(folder: Path) -> None:
    """Check stories and clients together, as strictly as the languages can."""
    for story in STORIES.glob("stories.*"):
        shutil.copy(story, folder)
    run(PYTHON / "mypy", "--strict", "stories.py", cwd=folder)
    run(
        NODE / "tsc", "--strict", "--target", "es2022", "--lib", "es2022,dom,dom.iterable", "--module", "commonjs",
        "--moduleResolution", "node10", "--esModuleInterop", "--types", "node",
        "--typeRoots", TOOLS / "node_modules" / "@types", "--outDir", "built", "stories.ts", cwd=folder,
    )  # fmt: skip


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


def free_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def sandbox_key(world: dict[str, str]) -> str:
    """Make a client of the shared sandbox, as an operator would; return its key."""
    create = (sys.executable, "-m", "app", "client", "create", "stories", "--test", "--json")
    made = subprocess.run(create, cwd=ROOT, env=os.environ | world, timeout=SECONDS, capture_output=True, check=True)
    return str(json.loads(made.stdout)["api_key"])


def main() -> None:
    """Generate, check, tell."""
    with tempfile.TemporaryDirectory(prefix="pars-clients-") as name:
        folder = Path(name)
        generate(folder)
        check_types(folder)
        data, pars = folder / "data", free_port()
        world = {"PARS_DATA_DIR": str(data), "PARS_DATABASE_URL": f"sqlite:///{data}/pars.db"}
        serve = ("-m", "app", "serve", "--demo", "--port", str(pars))
        with serving(*serve, port=pars, path="/readyz", log=folder / "pars.log", **world) as url:
            key = (data / "demo-key").read_text(encoding="ascii").strip()
            known = {"PARS_URL": url, "PARS_KEY": key, "PARS_TEST_KEY": sandbox_key(world)}
            run(PYTHON / "python", "stories.py", cwd=folder, **known)
            run("node", folder / "built" / "stories.js", cwd=folder, **known)
    print("both clients: generated, their types checked, their stories told")


if __name__ == "__main__":
    main()
