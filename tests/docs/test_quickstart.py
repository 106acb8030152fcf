"""The quick start does what it says: its blocks are run in one shell, its answers are those of the service."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.main import create_app
from app.services.operations.startup import open_service
from app.worker import Worker
from tests.harness.databases import SECRET, settings_for
from tests.harness.shell_pages import answers_in, faults, script_of, steps_of
from tests.harness.wire import SECONDS, Wire

DATABASES = ["sqlite"]

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "quickstart.md"
MARK = "--- end of block ---"


@pytest.fixture
def reader(database_url: str, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of somebody in a clone, where the demo world is served; the clock is the world's."""
    service = open_service(settings_for(database_url, tmp_path / "var"))
    wire = Wire(create_app(service, background=lambda service, *_: Worker(service)))
    command = tmp_path / "bin" / "pars"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m app "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    yield {
        "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "TMPDIR": str(tmp_path),
        "no_proxy": "127.0.0.1",
        "PARS": f"http://127.0.0.1:{wire.port}",
        "PARS_DATABASE_URL": database_url,
        "PARS_DATA_DIR": str(tmp_path / "var"),
        "PARS_SECRET_KEY": SECRET,
    }
    wire.close()
    service.database.close()


@pytest.mark.skipif(not (shutil.which("bash") and shutil.which("curl")), reason="the quick start needs bash and curl")
def test_every_block_runs_and_every_answer_is_as_shown(reader: dict[str, str], tmp_path: Path) -> None:
    steps = steps_of(PAGE.read_text(encoding="utf-8"))
    done = subprocess.run(
        ["bash", "-c", script_of(steps, MARK)],
        cwd=tmp_path,
        env=reader,
        timeout=SECONDS,
        capture_output=True,
        text=True,
        check=False,
    )
    printed = done.stdout.split(f"\n{MARK}\n")
    where = f"{PAGE.name}, line {steps[min(len(printed), len(steps)) - 1].line}"
    assert done.returncode == 0, f"{where}: exit {done.returncode}\n{printed[-1]}\n{done.stderr}"
    assert done.stderr == ""
    assert len(printed) == len(steps) + 1
    found = []
    for step, text in zip(steps, printed, strict=False):
        answers = answers_in(text)
        if len(answers) != len(step.answers):
            found.append(f"line {step.line}: {len(answers)} answers, {len(step.answers)} shown\n{text}")
            continue
        for shown, real in zip(step.answers, answers, strict=True):
            found += [f"line {step.line}: {fault}" for fault in faults(shown, real)]
    assert found == [], "\n".join(found)


REAL = """HTTP/1.1 201 Created
etag: "1"

{"id": "a1", "amount": 1.0, "flag": true, "none": null, "list": [{"x": 1}, {"x": 2}]}"""


@pytest.mark.parametrize(
    "shown",
    [
        "HTTP/1.1 201",
        'HTTP/1.1 201 Created\nETag: "1"\n\n{"amount": 1, "flag": true, "none": null}',
        'HTTP/1.1 201 Created\nETag: "…"\n\n{"id": "…1", "list": [{"x": 1}, {}]}',
        'HTTP/1.1 201 Created\n\n{"list": [{"x": 1}, "…"]}',
    ],
)
def test_what_is_left_out_or_marked_is_no_fault(shown: str) -> None:
    assert list(faults(shown, REAL)) == []


@pytest.mark.parametrize(
    ("shown", "fault"),
    [
        ("HTTP/1.1 200", "'HTTP/1.1 200' is 'HTTP/1.1 201 Created'"),
        ("HTTP/1.1 20", "'HTTP/1.1 20' is 'HTTP/1.1 201 Created'"),
        ('HTTP/1.1 201\nETag: "2"', "ETag: '\"2\"' is '\"1\"'"),
        ("HTTP/1.1 201\nLocation: …", "Location: '…' is None"),
        ('HTTP/1.1 201\n\n{"amount": 2}', "/amount: 2 is 1.0"),
        ('HTTP/1.1 201\n\n{"amount": true}', "/amount: True is 1.0"),
        ('HTTP/1.1 201\n\n{"none": "…"}', "/none: '…' is None"),
        ('HTTP/1.1 201\n\n{"other": "…"}', "/other is not there"),
        ('HTTP/1.1 201\n\n{"list": [{"x": 1}]}', "/list has 2 items"),
        ('HTTP/1.1 201\n\n{"list": [{"x": 1}, {"x": 2}, "…"]}', "/list has 2 items"),
        ('HTTP/1.1 201\n\n{"list": [{"x": 1}, {"x": 3}]}', "/list/1/x: 3 is 2"),
    ],
)
def test_what_is_shown_and_is_not_so_is_a_fault(shown: str, fault: str) -> None:
    assert list(faults(shown, REAL)) == [fault]


@pytest.mark.parametrize(
    "page", ["```\nls\n```\n", "```json\n{}\n```\n", "```http\nHTTP/1.1 200 OK\n```\n", "```sh\nls\n"]
)
def test_a_block_that_nobody_would_run_or_check_is_a_mistake(page: str) -> None:
    with pytest.raises(AssertionError):
        steps_of(page)
