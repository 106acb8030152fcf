"""`pars batch`: a file from the command line, beside a server or without one."""

from __future__ import annotations

import json
import os
import pty
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.services.operations.startup import open_service
from app.store.sql import statements
from tests.builders.bodies import GRAND_ROUNDS
from tests.builders.sent_files import lines, row, workbook
from tests.harness.api import Api, api_of, settle
from tests.harness.commands import run_command, start_command
from tests.harness.databases import ON_SQLITE, settings_for
from tests.harness.processes import Installation, free_port, installation
from tests.harness.uploads import rows_of

SURE = ("--provider", "0008001", "--permission-attested")


@pytest.fixture
def installed(database_url: str, tmp_path: Path) -> Iterator[Installation]:
    with installation(database_url, tmp_path / "data") as opened:
        yield opened


def the_file(folder: Path, *rows: dict[str, Any]) -> str:
    path = folder / "learners.xlsx"
    path.write_bytes(workbook(rows))
    return str(path)


def counted(printed: str) -> dict[str, int]:
    return {name: count for name, count in json.loads(printed)["counts"].items() if count}


def test_a_file_is_worked_through_without_a_server_and_its_rejected_rows_are_exit_code_one(
    installed: Installation, database_url: str, tmp_path: Path
) -> None:
    rehearsed = installed.run("batch", the_file(tmp_path, row()), *SURE, "--dry-run")
    assert (rehearsed.returncode, counted(rehearsed.stdout)) == (0, {"read": 1, "added": 1, "warned": 1})
    done = installed.run("batch", the_file(tmp_path, row()), *SURE)
    assert done.returncode == 0, done.stderr
    assert counted(done.stdout) == {"read": 1, "added": 1, "warned": 1}, "the rehearsal stored nothing"
    assert done.stderr == "", "no bar where there is no terminal"
    bad = row(Completion_Date="12/13/2021", Number_of_CME_Credits=0.3)
    refused = installed.run("batch", the_file(tmp_path, row(), bad), *SURE)
    assert refused.returncode == 1
    assert counted(refused.stdout) == {"read": 2, "unchanged": 1, "rejected": 1, "warned": 1}
    service = open_service(settings_for(database_url, tmp_path / "own"))
    settle(service)
    service.database.close()


@ON_SQLITE
def test_a_roster_that_a_board_has_sent_is_worked_through_in_its_name(installed: Installation, tmp_path: Path) -> None:
    path = tmp_path / "roster.tsv"
    path.write_text("First Name\tLast Name\tBoard ID\nAda\tLovell\t770001\n", encoding="utf-8")
    done = installed.run("batch", str(path), "--board", "abim", "--kind", "roster")
    assert (done.returncode, counted(done.stdout)) == (0, {"read": 1, "added": 1}), done.stderr
    again = installed.run("batch", str(path), "--board", "ABIM", "--kind", "roster")
    assert counted(again.stdout) == {"read": 1, "unchanged": 1}
    for wrong in ((), ("--provider", "0008001"), ("--board", "ABIM", "--provider", "0008001"), ("--board", "NONE")):
        refused = installed.run("batch", str(path), "--kind", "roster", *wrong)
        assert (refused.returncode, refused.stdout) == (1, ""), wrong
        assert refused.stderr.count("\n") == 1


@ON_SQLITE
def test_a_list_of_licensees_that_a_board_has_sent_is_looked_up_in_its_name(
    installed: Installation, tmp_path: Path
) -> None:
    path = tmp_path / "licensees.csv"
    path.write_text("First Name,Last Name,Board ID\nVincent,Van Gogh,98989\n", encoding="utf-8")
    done = installed.run("batch", str(path), "--board", "abo", "--kind", "transcripts")
    assert (done.returncode, counted(done.stdout)) == (0, {"read": 1, "one": 1}), done.stderr
    # Another board does not see them, though it is the operator who asks for it.
    others = installed.run("batch", str(path), "--board", "ABIM", "--kind", "transcripts")
    assert counted(others.stdout) == {"read": 1, "none": 1}
    refused = installed.run("batch", str(path), "--provider", "0008001", "--kind", "transcripts")
    assert (refused.returncode, refused.stdout) == (1, "")


def test_a_file_of_another_kind_needs_no_permission(installed: Installation, tmp_path: Path) -> None:
    path = tmp_path / "asked.ndjson"
    path.write_bytes(lines([{"first_name": "John", "last_name": "Smith", "date_of_birth": "03/17", "state": "TN"}]))
    done = installed.run("batch", str(path), "--provider", "0008001", "--kind", "learner-validations")
    assert done.returncode == 0, done.stderr
    assert counted(done.stdout) == {"read": 1, "one": 1}


@ON_SQLITE
def test_what_cannot_be_begun_is_one_sentence_and_makes_no_batch(
    installed: Installation, database_url: str, tmp_path: Path
) -> None:
    path, empty = the_file(tmp_path, row()), tmp_path / "empty.xlsx"
    empty.write_bytes(b"")
    for arguments, sentence in (
        ((path, "--provider", "0008001"), "Say --permission-attested once the learners have agreed to the reporting."),
        ((path, "--provider", "7654321", "--permission-attested"), "There is no provider 7654321."),
        ((f"{tmp_path}/gone.xlsx", *SURE), f"{tmp_path}/gone.xlsx cannot be read: No such file or directory."),
        ((str(tmp_path), *SURE), f"{tmp_path} cannot be read: Is a directory."),
        ((str(empty), *SURE), f"{empty} is empty."),
    ):
        refused = installed.run("batch", *arguments)
        assert (refused.returncode, refused.stdout) == (1, ""), arguments
        assert refused.stderr.splitlines()[-1] == f"pars: {sentence}"
    assert installed.run("batch", path, *SURE, "--kind", "letters").returncode == 2
    service = open_service(settings_for(database_url, tmp_path / "own"))
    assert service.database.read(lambda connection: statements.fetch(connection, "SELECT 1 FROM batches", {})) == []
    service.database.close()


@ON_SQLITE
def test_a_file_that_cannot_be_understood_says_why(installed: Installation, tmp_path: Path) -> None:
    path = tmp_path / "letter.pdf"
    path.write_bytes(b"%PDF-1.7")
    refused = installed.run("batch", str(path), *SURE)
    assert (refused.returncode, json.loads(refused.stdout)["status"]) == (1, "failed")
    assert json.loads(refused.stdout)["file_error"]["code"] == "unreadable"


@ON_SQLITE
def test_on_a_terminal_a_bar_grows_beside_the_answer(installed: Installation, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    environment = installed.environment | {"TERM": "xterm"}
    done = run_command("batch", the_file(tmp_path, row()), *SURE, environment=environment, stderr=theirs)
    os.close(theirs)
    shown = os.read(ours, 65_536).decode()
    os.close(ours)
    assert counted(done.stdout)["added"] == 1
    assert "learners.xlsx" in shown
    assert "100%" in shown


def test_beside_a_running_server_both_work_on_the_same_file_and_nothing_doubles(
    installed: Installation, database_url: str, tmp_path: Path
) -> None:
    service = open_service(settings_for(database_url, tmp_path / "own"))
    port = free_port()
    installed.serve(port)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as http:
        api: Api = api_of(http, service, "Western Regional", providers=["0008001"])
        days = [row(Completion_Date=f"{month}/{day}/2021") for month in range(2, 9) for day in range(1, 29)]
        sent = [day | {"Number of CME Credits": 0.25} for day in days]
        done = installed.run("batch", the_file(tmp_path, *sent), *SURE)
        assert done.returncode == 0, done.stderr
        assert counted(done.stdout)["added"] == len(days)
        (batch,) = api.get("/v1/batches").json["data"]
        assert [row["row"] for row in rows_of(api, batch)] == list(range(3, len(days) + 3))
        assert len(api.completions(activity_id=GRAND_ROUNDS, limit=500)) == len(days)
    installed.end()
    settle(service)
    service.database.close()


def test_the_rejected_records_are_written_where_they_are_asked_for_and_go_back_in(
    installed: Installation, database_url: str, tmp_path: Path
) -> None:
    bad = row(Completion_Date="12/13/2021", Number_of_CME_Credits=0.3)
    sent, rejected = the_file(tmp_path, row(), bad), tmp_path / "rejected.xlsx"
    refused = installed.run("batch", sent, *SURE, "--rejected", str(rejected))
    assert refused.returncode == 1
    assert refused.stderr == f"1 rejected record, with what is wrong: {rejected}\n"
    assert rejected.stat().st_mode & 0o777 == 0o600, "it holds names and birth dates"
    again = installed.run("batch", str(rejected), *SURE, "--rejected", str(tmp_path / "none.ods"))
    assert counted(again.stdout)["rejected"] == 1, "it has the rejected record and no other"
    assert again.stderr.endswith("\nIt is an .xlsx workbook: give it that ending, or no program may open it.\n")
    done = installed.run("batch", the_file(tmp_path, row()), *SURE, "--rejected", str(tmp_path / "nothing.xlsx"))
    assert done.stderr == f"No record was rejected: {tmp_path}/nothing.xlsx is not written.\n"
    assert not (tmp_path / "nothing.xlsx").exists()
    service = open_service(settings_for(database_url, tmp_path / "own"))
    settle(service)
    service.database.close()


@ON_SQLITE
def test_a_place_that_cannot_have_the_rejected_records_is_refused_before_anything_is_done(
    installed: Installation, database_url: str, tmp_path: Path
) -> None:
    path = the_file(tmp_path, row())
    for place, sentence in (
        (tmp_path, f"{tmp_path} is a folder: name a file for the rejected records."),
        (tmp_path / "none" / "x.xlsx", f"There is no folder {tmp_path}/none for the rejected records."),
        (Path(path), "The rejected records would replace the file that is sent: name another."),
    ):
        refused = installed.run("batch", path, *SURE, "--rejected", str(place))
        assert (refused.returncode, refused.stdout, refused.stderr) == (1, "", f"pars: {sentence}\n")
    service = open_service(settings_for(database_url, tmp_path / "own"))
    assert service.database.read(lambda connection: statements.fetch(connection, "SELECT 1 FROM batches", {})) == []
    service.database.close()


@ON_SQLITE
def test_rejected_records_that_find_no_room_leave_the_batch_to_be_downloaded(
    installed: Installation, tmp_path: Path
) -> None:
    bad = row(Completion_Date="12/13/2021", Number_of_CME_Credits=0.3)
    refused = installed.run("batch", the_file(tmp_path, bad), *SURE, "--rejected", "/dev/full")
    batch_id = json.loads(refused.stdout)["batch_id"]
    assert refused.stderr == (
        "pars: The rejected records could not be written to /dev/full: No space left on device. "
        f"The records were processed: download the file of batch {batch_id}.\n"
    )


@ON_SQLITE
def test_on_a_terminal_the_counts_are_for_people_and_json_can_be_had(installed: Installation, tmp_path: Path) -> None:
    for option, told in (((), "completed"), (("--json",), '"batch_id"')):
        ours, theirs = pty.openpty()
        environment = installed.environment | {"TERM": "xterm", "NO_COLOR": "1"}
        process = start_command(
            "batch", the_file(tmp_path, row()), *SURE, *option, environment=environment, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        shown = b""
        while piece := read_some(ours):
            shown += piece
        assert process.wait() == 0
        os.close(ours)
        assert told in shown.decode()


def read_some(terminal: int) -> bytes:
    """Return what a terminal shows next; nothing once nobody writes any more."""
    try:
        return os.read(terminal, 65_536)
    except OSError:
        return b""
