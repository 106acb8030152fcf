"""The nightly sync of the guide, as it stands in `examples/`, against a service some of whose answers are lost."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.services.context import Service
from app.worker import Worker
from tests.builders.bodies import a_completion
from tests.harness.api import Api, api_of, settle
from tests.harness.lossy_proxy import lossy_proxy
from tests.harness.wire import SECONDS, Wire

DATABASES = ["sqlite"]

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
PYTHON = [sys.executable, str(EXAMPLES / "nightly_sync.py")]
COMPILER = ROOT / "openapi" / "tools" / "node_modules" / ".bin" / "tsc"
"""There once `make check-clients` has run."""
SHARE_LOST = 0.05
FIRST_DAY = date(2021, 2, 1)
LINES = 60

Run = Callable[[list[dict[str, Any]], Sequence[str]], subprocess.CompletedProcess[str]]


@pytest.fixture
def served(service: Service) -> Iterator[int]:
    wire = Wire(create_app(service, background=lambda service, *_: Worker(service)))
    yield wire.port
    wire.close()


@pytest.fixture
def night(served: int, api: Api, tmp_path: Path) -> Run:
    """Run the sync of a night over a network that loses five answers in a hundred."""
    nights = iter(range(100))

    def run(records: list[dict[str, Any]], program: Sequence[str]) -> subprocess.CompletedProcess[str]:
        with lossy_proxy(served, SHARE_LOST, seed=next(nights)) as (port, lost):
            done = subprocess.run(
                [*program, str(tmp_path / "state")],
                input="".join(json.dumps(record) + "\n" for record in records),
                env={**os.environ, "PARS": f"http://127.0.0.1:{port}", "PARS_API_KEY": api.key, "no_proxy": "*"},
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
            )
            assert len(records) < 50 or lost.answers, "no answer was lost"
        return done

    return run


def of_day(place: int, **more: Any) -> dict[str, Any]:
    """One of Rebecca Test's mornings, under the key that the LMS has for it."""
    day = (FIRST_DAY + timedelta(place)).isoformat()
    return {**a_completion(completed_on=day, credits=0.25), "client_reference": f"lms/{place}", **more}


def found(api: Api, reference: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = api.get("/v1/learner-completions", client_reference=reference).json["data"]
    return listed


def total(api: Api) -> int:
    counted: int = api.get("/v1/learner-completions", include="total", limit="1").json["total"]
    return counted


def test_two_nights_lose_nothing_and_double_nothing(night: Run, api: Api, service: Service) -> None:
    sync_twice(night, PYTHON, api, service)


def test_in_typescript_they_do_not_either(night: Run, api: Api, service: Service, tmp_path: Path) -> None:
    sync_twice(night, program_in("typescript", tmp_path), api, service)


def program_in(language: str, folder: Path) -> Sequence[str]:
    """Return the command that runs the example in a language; where this machine cannot, the test is skipped."""
    if language == "python":
        return PYTHON
    source, node = EXAMPLES / "nightly-sync.mts", shutil.which("node")
    if node is None:
        pytest.skip("needs node")
    if COMPILER.exists():
        options = ["--target", "es2022", "--module", "nodenext", "--types", "node", "--strict", "--outDir", folder]
        roots = ["--typeRoots", COMPILER.parents[1] / "@types"]
        compiled = subprocess.run(
            [COMPILER, source, *options, *roots], capture_output=True, text=True, timeout=SECONDS, check=False
        )
        assert compiled.returncode == 0, compiled.stdout
        source = folder / "nightly-sync.mjs"
    elif not runs_types(node):
        pytest.skip("needs node 22.18, or the compiler that `make check-clients` installs")
    return [node, str(source)]


def runs_types(node: str) -> bool:
    """Whether this node runs TypeScript as it is."""
    printed = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=SECONDS, check=True).stdout
    major, minor, *_ = (int(part) for part in printed.strip().lstrip("v").split("."))
    return (major, minor) >= (22, 18)


@pytest.mark.parametrize("cancelled", [False, True])
@pytest.mark.parametrize("language", ["python", "typescript"])
def test_a_night_with_a_wrong_key_or_without_its_provider_ends_with_a_sentence_and_passes_nothing_over(
    served: int, api: Api, http: TestClient, service: Service, tmp_path: Path, language: str, cancelled: bool
) -> None:
    program = program_in(language, tmp_path)
    api.report(a_completion())
    settle(service)
    vendor = api_of(http, service, "LMS", role="vendor", providers=["0008001", "0008002"])
    for key, words in ((vendor.key, "PARS-Provider: 0008001"), (f"pars_live_{'A' * 43}", "No client has this key")):
        for records in ([], [of_day(1, **({"cancelled": True} if cancelled else {}))]):
            done = subprocess.run(
                [*program, str(tmp_path / "state")],
                input="".join(json.dumps(record) + "\n" for record in records),
                env={**os.environ, "PARS": f"http://127.0.0.1:{served}", "PARS_API_KEY": key, "no_proxy": "*"},
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
            )
            assert done.returncode == 1 and words in done.stderr and "Traceback" not in done.stderr
            assert (done.stdout, (tmp_path / "state").exists()) == ("", False)


@pytest.mark.parametrize("language", ["python", "typescript"])
def test_a_record_without_a_key_is_told_and_not_sent(night: Run, api: Api, tmp_path: Path, language: str) -> None:
    standing = total(api)
    done = night([a_completion(), of_day(1)], program_in(language, tmp_path))
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert done.stderr.startswith("A record has no client_reference")
    assert total(api) == standing + 1


def sync_twice(night: Run, program: Sequence[str], api: Api, service: Service) -> None:
    """Run two nights; after each, every record stands once under its reference."""
    standing = total(api)
    records = [of_day(place) for place in range(LINES)]
    first = night(records, program)
    assert (first.returncode, first.stderr) == (0, "")
    by_reference = {record["client_reference"]: found(api, record["client_reference"]) for record in records}
    assert {len(completions) for completions in by_reference.values()} == {1}
    assert total(api) == standing + LINES
    ids = {reference: completion["completion_id"] for reference, (completion,) in by_reference.items()}
    news = [json.loads(line) for line in first.stdout.splitlines()]
    assert set(ids.values()) <= {completion["completion_id"] for completion in news}

    # The next night: all is sent again; one has other credits, one another day, one was cancelled, one is refused.
    records[3]["cme"][0]["credits"] = 0.5
    records[4] = of_day(LINES + 1, client_reference="lms/4")
    records[5]["cancelled"] = True
    records[6]["cme"][0]["credits"] = 0.3
    second = night(records, program)
    assert second.returncode == 1
    (refused,) = second.stderr.splitlines()
    assert refused.startswith("lms/6: /cme/0")
    for place, record in enumerate(records):
        reference = record["client_reference"]
        (completion,) = found(api, reference) if place != 5 else [None]
        if completion is None:
            assert found(api, reference) == []
            continue
        assert completion["completion_id"] == ids[reference]
        assert completion["version"] == (2 if place in (3, 4) else 1)
    changed = [json.loads(line)["completion_id"] for line in second.stdout.splitlines()]
    assert {ids["lms/3"], ids["lms/4"]} <= set(changed)
    assert set(changed).isdisjoint(ids[f"lms/{place}"] for place in range(10, LINES))
    settle(service)
