"""`pars import` at the command line."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.builders.bodies import an_activity
from tests.builders.past_records import PROVIDER, TINA, a_past_completion, a_past_credit, past_points
from tests.harness.commands import run_command
from tests.harness.databases import SECRET
from tests.harness.moving.installations import lines_of, ndjson

DATABASES = ["sqlite"]
PAST = "2021-12-13T09:30:00Z"


@pytest.fixture
def pars(database_url: str, tmp_path: Path) -> Any:
    """Run a command on the test's database."""
    environment = {
        "PARS_DATABASE_URL": database_url, "PARS_DATA_DIR": str(tmp_path / "data"), "PARS_SECRET_KEY": SECRET,
    }  # fmt: skip
    return lambda *words: run_command(*words, environment=environment)


def test_a_history_is_imported_and_the_rest_comes_back(pars: Any, tmp_path: Path) -> None:
    activities, completions, left = (tmp_path / name for name in ("a.ndjson.gz", "c.ndjson", "left.ndjson"))
    activity = an_activity(activity_id="345678901", status="closed", start_date="2021-01-01", end_date="2021-12-31")
    activities.write_bytes(gzip.compress(ndjson([activity])))
    records = [
        a_past_completion(1, a_past_credit(), activity_id="345678901"),
        a_past_completion(2, past_points(credits=400), learner=TINA),
    ]
    completions.write_bytes(ndjson(records))
    ran = pars("import", "activities", str(activities), "--provider", PROVIDER)
    assert (ran.returncode, ran.stdout) == (0, "read 1  added 1\n"), ran.stderr
    words = ("import", "completions", str(completions), "--provider", PROVIDER, "--rejected", str(left))
    ran = pars(*words)
    assert (ran.returncode, ran.stdout) == (1, "read 2  added 1  refused 1\n"), ran.stderr
    assert "c.ndjson row 2:" in ran.stderr
    assert f"1 records that were not taken over, with what is wrong: {left}" in ran.stderr
    assert "Karacme" not in ran.stderr + ran.stdout
    assert [line["completion_id"] for line in lines_of(left.read_bytes())] == [records[1]["completion_id"]]
    assert left.stat().st_mode & 0o077 == 0
    ran = pars(*words, "--json")
    told = json.loads(ran.stdout)
    assert (told["read"], told["already-there"], told["refused"]) == (2, 1, 1)
    assert told["listed"][0]["row"] == 2
    ran = pars("check")
    assert ran.returncode == 0, ran.stdout


def test_what_cannot_be_done_is_one_sentence(pars: Any, tmp_path: Path) -> None:
    file = tmp_path / "c.ndjson"
    file.write_bytes(ndjson([a_past_completion()]))
    for words, sentence in (
        ((str(file), "--provider", "0000000"), "There is no provider 0000000"),
        ((str(tmp_path / "none.ndjson"), "--provider", PROVIDER), "cannot be used"),
        ((str(file), "--provider", PROVIDER, "--submitted", "once"), "--submitted is a day"),
        ((str(file), "--provider", PROVIDER, "--rejected", str(file)), "would replace the file"),
        ((str(file), "--provider", PROVIDER, "--rejected", str(tmp_path)), "is a folder"),
    ):
        ran = pars("import", "completions", *words)
        assert ran.returncode == 1
        assert ran.stderr.startswith("pars: ")
        assert sentence in ran.stderr
        assert "Traceback" not in ran.stderr
