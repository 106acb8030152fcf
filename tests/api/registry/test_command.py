"""`pars registry import`: counts, what is listed, the report, exit codes; values of nobody."""

from __future__ import annotations

import csv
import gzip
import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.databases import ON_SQLITE
from tests.harness.processes import Installation, installation

HEADING = "first_name,last_name,date_of_birth,npi,licenses\n"
LINES = (
    "Alma,Castellan,02/11,1000000004,TN-M:910011\n"
    "Bruno,Destry,09/23,1000000004,TN-M:910012\n"
    "Almira,Castellan,02/11,,TN-M:910011\n"
    "Carla,Ewert,12/32,,TN-M:910013\n"
)
NUMBERS = ("1000000004", "91001", "02/11", "09/23", "Castellan", "Destry", "Alm", "Bruno")


@pytest.fixture
def installed(database_url: str, tmp_path: Path) -> Iterator[Installation]:
    with installation(database_url, tmp_path / "data") as opened:
        yield opened


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "roster.csv"
    path.write_text(HEADING + LINES, encoding="utf-8")
    return path


def test_counts_conflicts_and_pairs_are_told_and_values_are_not(
    installed: Installation, file: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report.csv"
    done = installed.run("registry", "import", str(file), "--report", str(report))
    assert done.returncode == 1
    assert done.stdout == "added 2, updated 0, unchanged 0, refused 2, conflicts 1, pairs 1\n"
    reason = "the NPI belongs to a physician on file who has other names and another birth date"
    assert done.stderr.splitlines() == [
        f"roster.csv:3: {reason}",
        "roster.csv:5: date_of_birth is not MM/DD",
        (
            "roster.csv:4: kept beside a physician on file whom it seems to describe "
            "(in common: license; names surname, birth date same)"
        ),
    ]
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    written = list(csv.DictReader(report.open(encoding="utf-8")))
    assert [(item["line"], item["kind"], item["identifiers"]) for item in written] == [
        ("3", "conflict", "npi"), ("4", "pair", "license"), ("5", "refused", ""),
    ]  # fmt: skip
    assert [len(item["physician_ids"].split()) for item in written] == [1, 2, 0]
    assert not [value for value in NUMBERS if value in done.stdout + done.stderr + report.read_text(encoding="utf-8")]


@ON_SQLITE
def test_everything_is_listed_in_the_report_and_as_much_as_is_asked_for_elsewhere(
    installed: Installation, file: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report.ndjson"
    done = installed.run("registry", "import", str(file), "--report", str(report), "--list", "1")
    assert len(done.stderr.splitlines()) == 3
    assert done.stderr.splitlines()[-1].endswith("--report FILE writes all of them.")
    items = [json.loads(line) for line in report.read_text(encoding="utf-8").splitlines()]
    assert [item["kind"] for item in items] == ["conflict", "pair", "refused"]
    again = json.loads(installed.run("registry", "import", str(file), "--json").stdout)
    assert again["counts"] == {
        "added": 0, "updated": 0, "unchanged": 2, "refused": 2, "conflicts": 1, "pairs": 0,
    }  # fmt: skip
    assert again["items"] == [items[0], items[2]]


@ON_SQLITE
def test_pairs_alone_are_no_failure_and_what_cannot_be_read_is_one(installed: Installation, tmp_path: Path) -> None:
    path = tmp_path / "roster.csv.gz"
    with gzip.open(path, "wt", encoding="utf-8") as packed:
        packed.write(HEADING + "Alma,Castellan,02/11,,TN-M:1\nAlmira,Castellan,02/11,,TN-M:1\n")
    done = installed.run("registry", "import", str(path))
    assert (done.returncode, done.stdout[-8:]) == (0, "pairs 1\n")
    path.write_bytes(b"none")
    assert installed.run("registry", "import", str(path)).returncode == 1
    lost = installed.run("registry", "import", str(path), "--report", str(tmp_path / "nowhere" / "report.csv"))
    assert (lost.returncode, lost.stderr) == (1, "pars: There is no folder for report.csv.\n")
