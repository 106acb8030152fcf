"""`pars learner`: pairs one after another, merges and splits by questions, and explanations in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness.databases import ON_SQLITE
from tests.harness.processes import Installation, installation

pytestmark = ON_SQLITE
HEADING = "first_name,last_name,date_of_birth,npi,licenses\n"
PAIRS = "Robert,Twin,05/06,,TN-M:R1\nBob,Twin,05/06,,TN-M:R1;ME-M:44\nAnn,Solo,01/02,1000000004,TN-M:S1;ME-M:S2\n"


@pytest.fixture
def installed(database_url: str, tmp_path: Path) -> Iterator[Installation]:
    with installation(database_url, tmp_path / "data") as opened:
        roster = tmp_path / "roster.csv"
        roster.write_text(HEADING + PAIRS, encoding="utf-8")
        assert opened.run("registry", "import", str(roster)).returncode == 0
        yield opened


def pairs(installed: Installation) -> list[Any]:
    listed: list[Any] = json.loads(installed.run("learner", "review", "--json").stdout)["data"]
    return listed


def person(installed: Installation, first_name: str) -> str:
    (pair,) = pairs(installed)
    found = [side["physician"] for side in pair["physicians"]]
    return next(one["physician_id"] for one in found if one["first_name"] == first_name)


def test_a_pair_is_shown_side_by_side_and_joined(installed: Installation) -> None:
    first_on_file = person(installed, "Robert")
    done = installed.run("learner", "review", stdin="x\nj\n")
    assert done.returncode == 0, done.stderr
    assert "Pair 1 of 1: in common license; from roster.csv" in done.stdout
    assert "Answer with one of the letters." in done.stdout
    assert f"is an alias of {first_on_file} now." in done.stdout
    assert pairs(installed) == []
    assert installed.run("learner", "review").stdout == "No pair waits.\n"


def test_never_is_kept_and_later_waits(installed: Installation) -> None:
    installed.run("learner", "review", stdin="l\n")
    assert len(pairs(installed)) == 1
    installed.run("learner", "review", stdin="n\n")
    assert pairs(installed) == []


def test_a_merge_is_shown_asked_for_and_undone(installed: Installation) -> None:
    bob, robert = person(installed, "Bob"), person(installed, "Robert")
    shown = installed.run("learner", "merge", bob, robert, "--dry-run")
    assert (shown.returncode, "which gets the numbers: ME-M 44" in shown.stdout) == (0, True)
    refused = installed.run("learner", "merge", bob, robert, stdin="n\n")
    assert refused.returncode == 1
    assert len(pairs(installed)) == 1
    assert installed.run("learner", "merge", bob, robert, "--yes").returncode == 0
    again = installed.run("learner", "merge", bob, robert, "--yes")
    assert (again.returncode, again.stderr.splitlines()[-1]) == (
        1, "pars: They are one physician already: one of these ids is an alias of the other.",
    )  # fmt: skip
    undone = installed.run("learner", "unmerge", bob)
    assert undone.stdout == "Undone. 0 completions went back, 0 credits were reported anew.\n"
    assert len(pairs(installed)) == 1


def test_a_split_asks_until_everything_is_said(installed: Installation) -> None:
    bob = person(installed, "Bob")
    answers = ("Bert", "", "Twin", "Jr", "06/07", "s", "what", "g")
    done = installed.run("learner", "split", bob, stdin="".join(f"{answer}\n" for answer in answers))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The licence ME-M 44: [g]oes, [s]tays?" in done.stdout
    assert "Split." in done.stdout


def test_a_split_is_taken_from_a_file_and_its_faults_are_told(installed: Installation, tmp_path: Path) -> None:
    bob = person(installed, "Bob")
    file = tmp_path / "split.json"
    body: dict[str, Any] = {"physician": {"last_name": "Twin"}}
    file.write_text(json.dumps(body | {"licenses": [{"board": "ME-M", "license_id": "9"}]}))
    refused = installed.run("learner", "split", bob, "--from", str(file))
    assert (refused.returncode, "This number is not on file" in refused.stderr) == (1, True)
    file.write_text(json.dumps(body | {"licences": []}))
    unread = installed.run("learner", "split", bob, "--from", str(file))
    assert (unread.returncode, "split.json is not the body of a split. /licences" in unread.stderr) == (1, True)
    file.write_text(json.dumps(body | {"licenses": [{"board": "ME-M", "license_id": "44"}]}))
    assert installed.run("learner", "split", bob, "--from", str(file)).returncode == 0


def test_an_explanation_of_nothing_is_a_sentence(installed: Installation) -> None:
    done = installed.run("learner", "explain", "nothing")
    assert (done.returncode, done.stderr.splitlines()[-1]) == (
        1,
        "pars: Nothing has this id: see whether it was copied whole.",
    )


def test_a_refused_merge_names_only_what_speaks_against_it(installed: Installation) -> None:
    bob, robert = person(installed, "Bob"), person(installed, "Robert")
    installed.run("learner", "review", stdin="n\n")
    refused = installed.run("learner", "merge", bob, robert, "--dry-run")
    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1].endswith(
        "It was decided that these two are never one person. If they are one nevertheless: --overrule never."
    )
    assert installed.run("learner", "merge", bob, robert, "--dry-run", "--overrule", "never").returncode == 0
