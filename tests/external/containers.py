"""What the Dockerfile and compose.yaml say, read and carried out without an engine.

`make check-docker` builds both stages in a plain folder by the Dockerfile's own steps, starts on a PostgreSQL what
compose.yaml starts, looks at it by its health checks, and ends it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.world.installation import postgres
from tests.harness.processes import eventually, free_port

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE, COMPOSE = ROOT / "Dockerfile", ROOT / "compose.yaml"
_VARIABLE = re.compile(r"\$\{(\w+)(:\?[^}]+)?\}")
_PRETENDED = ("useradd", "chown")
"""Steps that only root can take: that they are asked for is what can be seen here."""


def instructions(text: str) -> list[tuple[str, str]]:
    """Return the instructions of a Dockerfile, each with what follows it on its line."""
    lines = (line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    return [(word, rest) for word, rest in (line.split(" ", 1) for line in lines)]


def tree(text: str) -> Any:
    """Read as much of YAML as compose.yaml uses: names that nest by two blanks, lists of texts, lists in brackets."""
    lines = [(len(line) - len(line.lstrip()), line.strip()) for line in text.splitlines()]
    lines = [(depth, line) for depth, line in lines if line and not line.startswith("#")]
    value, rest = _block(lines, 0)
    assert rest == [], f"not understood: {rest[0][1]}"
    return value


def _block(lines: list[tuple[int, str]], depth: int) -> tuple[Any, list[tuple[int, str]]]:
    named: dict[str, Any] = {}
    listed: list[str] = []
    while lines and lines[0][0] == depth:
        line, lines = lines[0][1], lines[1:]
        if line.startswith("- "):
            listed.append(line[2:].strip('"'))
            continue
        name, colon, value = line.partition(":")
        assert colon, f"not understood: {line}"
        assert name not in named, f"{name} stands twice"
        if value.strip():
            named[name] = _scalar(value.strip())
        elif lines and lines[0][0] == depth + 2:
            named[name], lines = _block(lines, depth + 2)
        else:
            named[name] = None
    assert not (named and listed)
    return listed or named, lines


def _scalar(text: str) -> Any:
    return json.loads(text) if text[0] in '["' or text in ("true", "false") else text


def filled(value: str, given: dict[str, str]) -> str:
    """Put variables in their places, as compose does."""
    return _VARIABLE.sub(lambda found: given[found[1]], value)


@dataclass
class Image:
    """A folder that stands for an image: its absolute paths lie below it."""

    root: Path
    words: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"

    def within(self, text: str) -> str:
        """Return a command with its paths of the image below the folder."""
        return re.sub(r"(?<![\w.])/(?=(?:venv|service)\b)", f"{self.root}/", text)

    @property
    def folder(self) -> Path:
        """Where its commands run."""
        return self.root / self.workdir.lstrip("/")


def built(folder: Path) -> Image:
    """Carry out the steps of the Dockerfile, stage by stage; return the last one."""
    base = folder / "base"
    images: dict[str, Image] = {}
    image = Image(folder)
    for word, rest in instructions(DOCKERFILE.read_text(encoding="utf-8")):
        if word == "FROM":
            name = rest.partition(" AS ")[2] or "last"
            image = images[name] = Image(folder / name)
            shutil.rmtree(base, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", base], check=True)
            for pretended in _PRETENDED:
                (base / "bin" / pretended).symlink_to(shutil.which("true") or "/bin/true")
        elif word == "WORKDIR":
            image.workdir = rest
            image.folder.mkdir(parents=True, exist_ok=True)
        elif word == "COPY":
            _copy(images, image, rest)
        elif word == "RUN":
            path = f"{base}/bin:{os.environ['PATH']}"
            command = image.within(rest)
            subprocess.run(["sh", "-ec", command], cwd=image.folder, env=os.environ | {"PATH": path}, check=True)
        elif word == "ENV":
            image.environment |= dict(argument.split("=", 1) for argument in rest.split())
        else:
            image.words[word] = rest
        print(f"{word} {rest}", flush=True)
    return image


def _copy(images: dict[str, Image], image: Image, rest: str) -> None:
    *options, source, target = rest.split()
    origin = images[options[0].removeprefix("--from=")].root if options else ROOT
    come, go = origin / source.lstrip("/"), image.root / target.lstrip("/")
    if not target.startswith("/"):
        go = image.folder / target
    go.parent.mkdir(parents=True, exist_ok=True)
    if come.is_dir():
        shutil.copytree(come, go, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(come, go)


@dataclass
class Running:
    """What compose.yaml starts, on a database and a port of this machine."""

    image: Image
    services: dict[str, Any]
    url: str
    port: int

    def environment(self, name: str) -> dict[str, str]:
        """Only what compose gives, so that nothing of this machine can be what makes it run."""
        secrets = {"PARS_SECRET_KEY": "a" * 32, "PARS_DATABASE_PASSWORD": "b"}
        given = {key: filled(value, secrets) for key, value in self.services[name]["environment"].items()}
        given |= {key: self.image.within(value) for key, value in self.image.environment.items()}
        return given | {"PARS_DATABASE_URL": self.url, "PATH": given["PATH"].replace("$PATH", os.defpath)}

    def command(self, words: list[str]) -> list[str]:
        """Return a command for this machine: its port is free here, and nobody else can reach it."""
        here = [word.replace("8000", str(self.port)).replace("0.0.0.0", "127.0.0.1") for word in words]
        return [self.image.within("/venv/bin/python") if word == "python" else word for word in here]

    def start(self, name: str) -> subprocess.Popen[bytes]:
        """Start a service of compose.yaml."""
        words = [*json.loads(self.image.words["ENTRYPOINT"]), *self.services[name]["command"]]
        port = ["--port", str(self.port)] if words[3] == "serve" else []
        return subprocess.Popen(
            [*self.command(words), *port], cwd=self.image.folder, env=self.environment(name), stderr=subprocess.DEVNULL
        )

    def healthy(self, words: list[str], name: str) -> bool:
        """Tell what a health check says."""
        done = subprocess.run(
            self.command(words), cwd=self.image.folder, env=self.environment(name), capture_output=True, check=False
        )
        return done.returncode == 0


def lived(running: Running) -> Iterator[str]:
    """Start, look and end, as the engine would; yield what was seen."""
    assert running.start("schema").wait(120) == 0
    yield "the schema is made"
    service, worker = running.start("service"), running.start("worker")
    try:
        ready = running.services["service"]["healthcheck"]["test"][1:]
        eventually(lambda: running.healthy(ready, "service"))
        yield "the server is ready"
        assert running.healthy(json.loads(running.image.words["HEALTHCHECK"].removeprefix("CMD ")), "service")
        yield "the server lives"
        assert worker.poll() is None
    finally:
        for container in (service, worker):
            container.terminate()
    assert (service.wait(60), worker.wait(60)) == (0, 0)
    yield "both have ended when asked to"


def main() -> None:
    """Build and live in a temporary folder."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="pars-image-") as temporary:
        image = built(Path(temporary))
        python = image.within("/venv/bin/python")
        for tool in ("pip", "setuptools", "pytest"):
            found = subprocess.run([python, "-c", f"import {tool}"], capture_output=True, check=False)
            assert found.returncode != 0, f"{tool} is in the image"
        services = tree(COMPOSE.read_text(encoding="utf-8"))["services"]
        with postgres(Path(temporary)) as url:
            for seen in lived(Running(image, services, url, free_port())):
                print(seen, flush=True)


if __name__ == "__main__":
    main()
