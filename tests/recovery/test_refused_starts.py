"""Installations that cannot be used as they are: every command says so in one sentence, at once, and what to do."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import socket
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.harness.commands import run_command
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
    assert f"The database {file} cannot be used: its file is damaged, or is no SQLite database at all." in refused(
        installed, *command
    )


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
        sentence = refused(opened, *command)
    assert sentence.startswith(f"pars: {tmp_path}/file/below")
    assert sentence.endswith(" cannot be used: Not a directory.")


@pytest.mark.parametrize("command", [*COMMANDS, ("worker",)], ids=" ".join)
def test_a_server_of_the_database_that_does_not_answer_is_refused(tmp_path: Path, command: tuple[str, ...]) -> None:
    address = f"127.0.0.1:{free_port()}/nowhere"
    with installation(f"postgresql://somebody:secret@{address}", tmp_path / "data") as opened:
        sentence = refused(opened, *command)
    assert sentence == (
        f"pars: The database {address} cannot be used: nothing listens at its address. "
        "Start PostgreSQL there, or check host and port in PARS_DATABASE_URL."
    )
    assert not re.search("secret|somebody", sentence)


REFUSED_ADDRESSES = {
    "postgresql://somebody:hunter2@no.such.host.invalid/x": "its host is not known. Check the host",
    "postgresql://somebody:hunter2@127.0.0.1:99999/x": "its port is not a number from 1 to 65535.",
    "postgresql://somebody:hunter2@127.0.0.1:5432/x?hunter2=1": "an option is unknown to it.",
}


@pytest.mark.parametrize(("address", "told"), REFUSED_ADDRESSES.items())
def test_an_address_that_leads_nowhere_names_the_part_that_is_wrong(address: str, told: str, tmp_path: Path) -> None:
    with installation(address, tmp_path / "data") as opened:
        for command in (("client", "list"), ("db", "upgrade")):
            sentence = refused(opened, *command)
            assert told in sentence
            assert not re.search("hunter2|somebody", sentence)


@ON_POSTGRESQL
@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda url: re.sub(r"/[a-z_0-9]+\?", "/hunter2?", url), "its server has no database of this name."),
        (lambda url: re.sub(r"//[a-z_0-9]+:?@", "//hunter2:@", url), "its server does not let the user in."),
    ],
)
def test_a_server_that_refuses_a_name_is_told_as_that(
    wrong: Callable[[str], str], told: str, database_url: str, tmp_path: Path
) -> None:
    address = wrong(database_url)
    assert address != database_url
    with installation(address, tmp_path / "data") as opened:
        for command in (*COMMANDS, ("client", "list"), ("worker",)):
            assert told in refused(opened, *command)


@pytest.mark.parametrize("command", [*COMMANDS, ("provider", "list"), ("db", "upgrade")], ids=" ".join)
def test_a_folder_where_a_file_is_meant_is_refused(tmp_path: Path, command: tuple[str, ...]) -> None:
    with installation(f"sqlite:///{tmp_path}", tmp_path / "data") as opened:
        assert refused(opened, *command) == (
            f"pars: {tmp_path} is a folder, and PARS_DATABASE_URL has to name a file, as sqlite:///{tmp_path}/pars.db."
        )


@pytest.mark.parametrize("command", [*COMMANDS, ("provider", "list"), ("db", "upgrade")], ids=" ".join)
def test_a_file_where_the_data_folder_is_meant_is_refused(file: Path, command: tuple[str, ...]) -> None:
    with installation(f"sqlite:///{file}", file.parent / "data", PARS_DATA_DIR=str(file)) as opened:
        assert refused(opened, *command) == f"pars: {file} is a file, and PARS_DATA_DIR has to name a folder."


@pytest.mark.parametrize("command", [("client", "list"), ("boards",), ("check",), ("seal", "print")], ids=" ".join)
def test_a_command_that_only_looks_makes_no_database(tmp_path: Path, command: tuple[str, ...]) -> None:
    with installation(f"sqlite:///{tmp_path}/none.db", tmp_path / "data") as opened:
        sentence = refused(opened, *command)
    assert sentence.startswith(f"pars: There is no database {tmp_path}/none.db. Run `pars db upgrade` to make it")
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize("command", [("client", "list"), ("boards",), ("seal", "print")], ids=" ".join)
def test_a_database_without_this_versions_schema_is_to_be_upgraded(tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "empty.db").touch()
    with installation(f"sqlite:///{tmp_path}/empty.db", tmp_path / "data") as opened:
        assert refused(opened, *command) == "pars: The database is empty: run `pars db upgrade`."


@pytest.mark.parametrize("command", [*COMMANDS, ("client", "list"), ("catalogue", "check")], ids=" ".join)
def test_a_misspelt_setting_stops_every_command(installed: Installation, command: tuple[str, ...]) -> None:
    installed.settings["PARS_DATABSE_URL"] = "sqlite:///hunter2.db"
    assert refused(installed, *command) == "pars: PARS_DATABSE_URL is not a setting: PARS_DATABASE_URL is meant."


def test_another_unknown_setting_is_a_line_of_the_log_and_stops_nothing(installed: Installation) -> None:
    installed.settings["PARS_NONSENSE"] = "hunter2"
    ran = installed.run("client", "list", "--json")
    assert (ran.returncode, list(json.loads(ran.stdout))) == (0, ["data"])
    line = json.loads(ran.stderr)
    assert (line["event"], line["names"]) == ("unknown settings have no effect", "PARS_NONSENSE")
    assert "hunter2" not in ran.stderr


@pytest.mark.parametrize(("form", "shown"), [("human", "[warning  ] unknown settings"), ("json", '"level": "warning"')])
def test_the_form_of_log_lines_can_be_forced(installed: Installation, form: str, shown: str) -> None:
    installed.settings |= {"PARS_NONSENSE": "1", "PARS_LOG_FORMAT": form}
    assert shown in installed.run("client", "list").stderr


def test_on_a_terminal_log_lines_are_for_people(installed: Installation) -> None:
    ours, theirs = pty.openpty()
    environment = installed.environment | {"PARS_NONSENSE": "1", "NO_COLOR": "1", "TERM": "xterm"}
    run_command("client", "list", environment=environment, stderr=theirs)
    os.close(theirs)
    shown = os.read(ours, 65_536).decode()
    os.close(ours)
    assert re.fullmatch(r"\d\d:\d\d:\d\d \[warning  \] unknown settings have no effect names=PARS_NONSENSE\s*", shown)


def test_a_port_in_use_is_refused_before_anything_is_begun(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with installation(f"sqlite:///{tmp_path}/new.db", tmp_path / "data") as opened:
            sentence = refused(opened, "serve", "--port", str(port))
    assert sentence == (
        f"pars: Port {port} of 127.0.0.1 is in use: another process listens there. "
        "End that, or choose another with --port."
    )
    assert not (tmp_path / "new.db").exists()
