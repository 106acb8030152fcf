"""However a command ends (stopped, unread, without room for what it prints), it leaves a sentence and no stack."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.core.security import digest_of
from app.domain.access.credentials import KeyKind
from app.services.operations.startup import open_service
from app.store.access import keys
from tests.builders.sent_files import row, workbook
from tests.harness.commands import ROOT, SECONDS
from tests.harness.databases import ON_SQLITE, settings_for
from tests.harness.processes import Installation, eventually, installation


@pytest.fixture
def installed(database_url: str, tmp_path: Path) -> Iterator[Installation]:
    with installation(database_url, tmp_path / "data") as opened:
        yield opened


def run_into(installed: Installation, out: Any, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command with its standard output going to a file; None for a closed one."""
    return subprocess.run(
        [sys.executable, "-m", "app", *words],
        cwd=ROOT,
        env=installed.environment,
        stdout=out,
        stderr=subprocess.PIPE,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def listed(installed: Installation) -> list[dict[str, Any]]:
    return list(json.loads(installed.run("client", "list", "--all", "--json").stdout)["data"])


def test_a_key_that_could_not_be_printed_belongs_to_no_client_that_works(installed: Installation) -> None:
    before = {client["client_id"] for client in listed(installed)}
    with Path("/dev/full").open("w") as full:
        ran = run_into(installed, full, "client", "create", "Unseen", "--operator", "--json")
    (made,) = [client for client in listed(installed) if client["client_id"] not in before]
    assert (made["keys"], made["revoked_at"] is None) == (0, False)
    assert ran.returncode == 1
    assert ran.stderr == (
        f"pars: The key could not be printed, and nobody has seen it: the client {made['client_id']} was revoked.\n"
    )


@ON_SQLITE
def test_a_reader_that_has_gone_has_seen_no_key_either(installed: Installation) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as gone:
        ran = run_into(installed, gone, "client", "create", "Unseen", "--operator")
    assert "nobody has seen it" in ran.stderr
    assert [client["keys"] for client in listed(installed) if client["name"] == "Unseen"] == [0]


def test_a_new_key_that_could_not_be_printed_is_taken_back_and_the_old_one_works(
    installed: Installation, database_url: str, tmp_path: Path
) -> None:
    made = json.loads(installed.run("client", "create", "Ours", "--operator", "--json").stdout)
    with Path("/dev/full").open("w") as full:
        ran = run_into(installed, full, "client", "rotate", "Ours")
    assert ran.returncode == 1
    assert ran.stderr.startswith("pars: The new key could not be printed, and nobody has seen it: it was taken back")
    service = open_service(settings_for(database_url, tmp_path / "own"))
    found = service.database.read(lambda connection: keys.find(connection, digest_of(made["api_key"]), KeyKind.API_KEY))
    service.database.close()
    assert found is not None
    assert [client["keys"] for client in listed(installed) if client["name"] == "Ours"] == [1]


@ON_SQLITE
@pytest.mark.parametrize("words", [["sandbox"], ["--help"], ["provider", "list", "--json"], ["doctor"]], ids=" ".join)
def test_a_reader_that_leaves_ends_a_command_without_a_word(installed: Installation, words: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as gone:
        assert run_into(installed, gone, *words).stderr == ""


@ON_SQLITE
@pytest.mark.parametrize("words", [["sandbox"], ["--help"], ["provider", "list"], ["doctor"]], ids=" ".join)
def test_an_output_without_room_is_a_sentence(installed: Installation, words: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        ran = run_into(installed, full, *words)
    assert (ran.returncode, ran.stderr) == (1, "pars: The output cannot be written: No space left on device.\n")


def test_a_batch_that_is_stopped_says_what_becomes_of_it(installed: Installation, tmp_path: Path) -> None:
    path = tmp_path / "learners.xlsx"
    days = [row(Completion_Date=f"{month}/{day}/2021") for month in range(1, 10) for day in range(1, 29)]
    path.write_bytes(workbook([day | {"Number of CME Credits": 0.25} for day in days * 40]))
    process = installed.start("batch", str(path), "--provider", "0008001", "--permission-attested", until="")
    eventually(lambda: bool(batches_of(installed, tmp_path)))
    process.signal(signal.SIGINT)
    assert process.ended() == 130, process.printed
    (batch_id,) = batches_of(installed, tmp_path)
    assert (
        process.printed == f"pars: stopped. A server or worker finishes the batch {batch_id}; what took effect stays.\n"
    )


def batches_of(installed: Installation, folder: Path) -> list[str]:
    service = open_service(settings_for(installed.url, folder / "own"), migrate=False)
    try:
        with service.database.read_engine.connect() as connection:
            return [str(id) for (id,) in connection.exec_driver_sql("SELECT batch_id FROM batches WHERE records > 0")]
    finally:
        service.database.close()


@ON_SQLITE
def test_a_server_that_is_stopped_at_the_terminal_says_so_and_nothing_else(installed: Installation) -> None:
    process = installed.start("serve", "--port", "0", until="serving on")
    process.signal(signal.SIGINT)
    assert process.ended() == 130, process.printed
    first, *others = [line for line in process.printed.splitlines() if line]
    assert first.startswith("serving on http://127.0.0.1:")
    assert not first.endswith(":0"), "the port that was found is told"
    assert others == [
        f"description, to read and to try out: {first.removeprefix('serving on ')}/docs",
        "pars: stopped.",
    ]
