"""`pars doctor`: what stands in the way of an installation, in eleven lines and without a secret."""

from __future__ import annotations

import fcntl
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from app.documents.signing_keys import open_signing_key
from app.services.access import clients
from app.services.context import Service, operator, transact
from app.services.operations.diagnosis import TOO_LONG
from app.services.operations.startup import open_service
from tests.builders.signing_keys import a_key_file
from tests.harness.api import settle
from tests.harness.databases import ON_SQLITE, SECRET, settings_for
from tests.harness.processes import Installation, installation

PARTS = (
    "program", "settings", "secret", "data folder", "board files", "signing key", "disk", "database", "schema", "clock",
    "worker",
)  # fmt: skip


@pytest.fixture
def installed(database_url: str, tmp_path: Path) -> Iterator[Installation]:
    with installation(database_url, tmp_path / "data") as opened:
        yield opened


@pytest.fixture
def opened(database_url: str, tmp_path: Path) -> Iterator[Service]:
    """The installation by the clock of this machine."""
    service = open_service(settings_for(database_url, tmp_path / "own"))
    yield service
    service.database.close()


def examined(installed: Installation) -> tuple[int, dict[str, Any]]:
    """Return the exit code, and what is told of each part."""
    ran = installed.run("doctor", "--json")
    told = json.loads(ran.stdout)
    assert (ran.stderr, told["well"]) == ("", ran.returncode == 0)
    return ran.returncode, {part["part"]: part for part in told["parts"]}


def test_a_sound_installation_is_eleven_lines(installed: Installation, opened: Service) -> None:
    settle(opened)
    code, parts = examined(installed)
    assert (code, tuple(parts)) == (0, PARTS)
    assert {name: part["health"] for name, part in parts.items() if part["health"] == "wrong"} == {}
    ran = installed.run("doctor")
    lines = ran.stdout.splitlines()
    assert [line[:13].strip() for line in lines] == list(PARTS)
    assert SECRET not in ran.stdout


def write_at(installed: Installation, folder: Path, at: datetime) -> None:
    """Let somebody write at a moment; nobody seals it."""
    service = open_service(settings_for(installed.url, folder / "own"), at=lambda: at)
    transact(operator(service), clients.add_provider, "0008009", "Another")
    service.database.close()


@contextmanager
def served(url: str) -> Iterator[None]:
    """Hold the lock of the one server of a SQLite file."""
    with Path(url.removeprefix("sqlite:///")).open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def test_what_waits_too_long_for_a_worker_is_wrong(
    installed: Installation, opened: Service, tmp_path: Path, database_url: str
) -> None:
    settle(opened)
    write_at(installed, tmp_path, datetime.now(UTC) - timedelta(seconds=TOO_LONG + 60))
    if database_url.startswith("sqlite"):
        code, parts = examined(installed)
        # Nobody is there who should have done it.
        assert (code, parts["worker"]["health"]) == (0, "note")
        assert "no server runs" in parts["worker"]["says"]
        with served(database_url):
            code, parts = examined(installed)
    else:
        code, parts = examined(installed)
    assert (code, parts["worker"]["health"]) == (1, "wrong")
    assert parts["worker"]["says"].startswith("sealing a commit has waited for 0:0")


def test_a_clock_before_the_newest_record_is_wrong(installed: Installation, opened: Service, tmp_path: Path) -> None:
    settle(opened)
    write_at(installed, tmp_path, datetime.now(UTC) + timedelta(hours=1))
    code, parts = examined(installed)
    assert (code, parts["clock"]["health"]) == (1, "wrong")
    assert "is before the newest record" in parts["clock"]["says"]


@ON_SQLITE
@pytest.mark.parametrize(
    ("settings", "part", "health", "told"),
    [
        (
            {"PARS_POOL_SIZE": "hunter2"},
            "settings",
            "wrong",
            "PARS_POOL_SIZE cannot be used: it must be a",
        ),
        ({"PARS_DATABSE_URL": "hunter2"}, "settings", "wrong", "is not a setting: PARS_DATABASE_URL is meant"),
        ({"PARS_NONSENSE": "hunter2"}, "settings", "note", "unknown, without effect: PARS_NONSENSE"),
        ({"PARS_SECRET_KEY": "hunter2"}, "secret", "note", "use 32 random characters or more"),
        ({"PARS_DATA_DIR": "/dev/null"}, "data folder", "wrong", "PARS_DATA_DIR has to name a folder"),
        (
            {"PARS_DATABASE_URL": "sqlite:////dev/shm/no-such.db"},
            "database",
            "wrong",
            "`pars db upgrade`",
        ),
        ({"PARS_DATABASE_URL": "postgresql://u:hunter2@127.0.0.1:1/x"}, "database", "wrong", "nothing listens at its"),
        ({"PARS_DATABASE_URL": "sqlite:///README.md"}, "database", "wrong", "is no SQLite database at all"),
    ],
)
def test_what_is_wrong_is_told_with_what_to_do_and_no_value(
    installed: Installation, settings: dict[str, str], part: str, health: str, told: str
) -> None:
    installed.settings |= settings
    code, parts = examined(installed)
    assert (code, parts[part]["health"]) == (int(health == "wrong"), health)
    assert told in parts[part]["says"]
    assert "hunter2" not in str(parts)


@ON_SQLITE
@pytest.mark.parametrize(
    ("made", "mode", "health", "told"),
    [
        ({"days": 400}, 0o600, "ok", "CN=Western Health, until "),
        ({"days": 30}, 0o600, "note", "It ends in 29 days. Put a new one in its place before"),
        ({"days": 400}, 0o644, "note", "others can read "),
        ({"days": -1}, 0o600, "wrong", "Its certificate expired on "),
        ({"days": 400, "signs": False}, 0o600, "wrong", "does not permit signatures"),
        (None, 0o600, "wrong", "cannot be read from "),
    ],
    ids=["fits", "ends-soon", "open-to-others", "expired", "another-use", "no-key"],
)
def test_the_key_that_signs_transcripts_is_looked_at(
    installed: Installation, tmp_path: Path, made: dict[str, Any] | None, mode: int, health: str, told: str
) -> None:
    path = tmp_path / "signing.pem"
    path.write_text("hunter2", encoding="ascii")
    if made is not None:
        a_key_file(path, datetime.now(UTC).replace(microsecond=0), ec.generate_private_key(ec.SECP256R1()), **made)
    path.chmod(mode)
    installed.settings["PARS_TRANSCRIPT_KEY"] = str(path)
    code, parts = examined(installed)
    assert (code, parts["signing key"]["health"]) == (int(health == "wrong"), health)
    assert told in parts["signing key"]["says"]
    assert "hunter2" not in str(parts) and "PRIVATE" not in str(parts)


@ON_SQLITE
def test_the_installations_own_key_is_told_and_not_made(installed: Installation) -> None:
    folder = installed.folder / "transcript-keys"
    assert examined(installed)[1]["signing key"]["says"] == f"made in {folder} by the first transcript"
    assert not folder.exists()
    open_signing_key(folder, "PARS", datetime.now(UTC))
    told = examined(installed)[1]["signing key"]
    assert told["health"] == "ok" and told["says"].endswith("; renewed by itself")
    (folder / "key.pem").write_text("hunter2", encoding="ascii")
    code, parts = examined(installed)
    assert (code, parts["signing key"]["health"]) == (1, "wrong")
    assert "hunter2" not in str(parts)


def test_it_makes_nothing(tmp_path: Path) -> None:
    with installation(f"sqlite:///{tmp_path}/none/none.db", tmp_path / "data", PARS_DATA_DIR=f"{tmp_path}/new") as new:
        assert new.run("doctor").returncode == 1
    assert not (tmp_path / "none").exists()
    assert not (tmp_path / "new").exists()


@ON_SQLITE
def test_a_schema_that_is_not_this_versions_is_wrong(installed: Installation, database_url: str) -> None:
    with sqlite3.connect(database_url.removeprefix("sqlite:///")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0012'")
    connection.close()
    code, parts = examined(installed)
    assert (code, parts["schema"]["health"]) == (1, "wrong")
    assert parts["schema"]["says"].endswith("run `pars db upgrade`")
