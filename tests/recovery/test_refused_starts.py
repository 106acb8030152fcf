"""Installations that cannot be used as they are: every command says so in one sentence, at once, and what to do."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.harness.databases import ON_POSTGRESQL
from tests.harness.processes import Installation, free_port, installation

COMMANDS = (("check",), ("serve", "--port", "0"), ("client", "revoke", "somebody"))


@pytest.fixture
def file(sqlite_template: Path, tmp_path: Path) -> Path:
    """The database of an installation, on SQLite."""
    return Path(shutil.copy(sqlite_template, tmp_path / "pars.db"))


@pytest.fixture
def installed(file: Path, tmp_path: Path) -> Iterator[Installation]:
    with installation(f"sqlite:///{file}", tmp_path / "data") as opened:
        yield opened


def refused(installed: Installation, *command: str) -> str:
    """Return the one sentence with which a command is refused."""
    ran = installed.run(*command)
    assert (ran.returncode, ran.stdout) == (1, ""), ran
    (line,) = ran.stderr.splitlines()
    assert line.startswith("pars: ")
    return line


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_database_of_a_newer_version_is_refused(
    installed: Installation, file: Path, command: tuple[str, ...]
) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    sentence = refused(installed, *command)
    assert "The database is newer than this version of pars" in sentence
    assert "(9999): run the newer version, or restore a backup made before the upgrade." in sentence


@ON_POSTGRESQL
def test_a_newer_database_is_refused_on_postgresql(database_url: str, tmp_path: Path) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with installation(database_url, tmp_path / "data") as opened:
        for command in (*COMMANDS, ("worker",)):
            assert "The database is newer than this version of pars" in refused(opened, *command)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_file_that_is_no_database_is_refused(installed: Installation, file: Path, command: tuple[str, ...]) -> None:
    file.write_bytes(os.urandom(8_192))
    assert f"The database {file} cannot be used: its file is damaged." in refused(installed, *command)


def test_a_server_does_not_start_on_a_page_of_random_bytes(installed: Installation, file: Path) -> None:
    with sqlite3.connect(file) as connection:
        page_size, pages = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_size", "page_count"))
    connection.close()
    with file.open("r+b") as opened:
        opened.seek(page_size * (pages // 2))
        opened.write(os.urandom(page_size))
    sentence = refused(installed, "serve", "--port", "0")
    assert f"The database {file} cannot be used: its file is damaged." in sentence
    assert "restore the newest backup" in sentence


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_file_that_was_cut_off_is_refused(installed: Installation, file: Path, command: tuple[str, ...]) -> None:
    os.truncate(file, 1_000)
    assert "its file is damaged" in refused(installed, *command)


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A folder with an installation's database on a file system that cannot be written."""
    folder = tmp_path / "mounted"
    folder.mkdir()
    (tmp_path / "pars.db").rename(folder / "pars.db")
    for options in (["--bind"], ["-o", "remount,ro,bind"]):
        if subprocess.run(["mount", *options, folder, folder], check=False, capture_output=True).returncode:
            pytest.skip("only root can mount")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_file_system_that_cannot_be_written_is_refused(file: Path, read_only: Path, command: tuple[str, ...]) -> None:
    path = read_only / file.name
    with installation(f"sqlite:///{path}", file.with_name("data")) as opened:
        assert f"The database {path} cannot be used: it cannot be written" in refused(opened, *command)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "file").write_text("")
    with installation(f"sqlite:///{tmp_path}/file/below/pars.db", tmp_path / "data") as opened:
        assert refused(opened, *command) == f"pars: {tmp_path}/file/below cannot be used: Not a directory."


@pytest.mark.parametrize("command", [*COMMANDS, ("worker",)], ids=" ".join)
def test_a_server_of_the_database_that_does_not_answer_is_refused(tmp_path: Path, command: tuple[str, ...]) -> None:
    address = f"127.0.0.1:{free_port()}/nowhere"
    with installation(f"postgresql://somebody:secret@{address}", tmp_path / "data") as opened:
        sentence = refused(opened, *command)
    assert sentence == (
        f"pars: The database {address} cannot be used: it does not answer. Check that it runs, and PARS_DATABASE_URL."
    )
    assert not re.search("secret|somebody", sentence)
