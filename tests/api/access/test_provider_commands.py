"""`pars provider` and `pars grant`: what an operator sees and is refused at the terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.databases import ON_SQLITE
from tests.harness.processes import Installation, installation

pytestmark = ON_SQLITE
ONE, INTO = "0008001", "0008777"


@pytest.fixture
def installed(database_url: str, tmp_path: Path) -> Iterator[Installation]:
    with installation(database_url, tmp_path / "data") as opened:
        assert opened.run("provider", "add", INTO, "Western Health").returncode == 0
        yield opened


def test_a_merge_is_shown_asked_for_and_made(installed: Installation) -> None:
    shown = installed.run("provider", "merge", ONE, INTO, "--dry-run")
    assert shown.returncode == 0 and f"{ONE} becomes {INTO}" in shown.stdout
    assert installed.run("provider", "merge", ONE, INTO, stdin="n\n").returncode == 1
    assert json.loads(installed.run("provider", "merge", ONE, INTO, "--dry-run", "--json").stdout)["dry_run"] is True
    done = installed.run("provider", "merge", ONE, INTO, "--yes")
    assert done.returncode == 0, done.stderr
    assert f"Merged. {ONE} means {INTO} from now on" in done.stdout
    again = installed.run("provider", "merge", ONE, INTO, "--yes")
    assert (again.returncode, again.stderr) == (1, f"pars: {ONE} and {INTO} are one provider already.\n")
    listed = {row["provider_id"]: row for row in json.loads(installed.run("provider", "list", "--json").stdout)["data"]}
    assert (listed[ONE]["merged_into"], listed[INTO]["merged_into"]) == (INTO, None)
    assert installed.run("check").returncode == 0


def test_grants_are_listed_and_narrowed(installed: Installation) -> None:
    made = json.loads(installed.run("client", "create", "Our LMS", "--vendor", "--json").stdout)["client_id"]
    for provider_id in (ONE, INTO):
        assert installed.run("grant", "Our LMS", provider_id).returncode == 0
    every = json.loads(installed.run("grant", "--list", "--json").stdout)["data"]
    assert [(row["client_id"], row["provider_id"]) for row in every] == [(made, ONE), (made, INTO)]
    for narrowed in ((INTO,), ("Our LMS", INTO), (made, INTO)):
        some = json.loads(installed.run("grant", "--list", *narrowed, "--json").stdout)["data"]
        assert [row["provider_id"] for row in some] == [INTO]
    unknown = installed.run("grant", "--list", "Nobody")
    assert (unknown.returncode, "no client with this id or name: Nobody" in unknown.stderr) == (1, True)
    assert "Say which vendor" in installed.run("grant", "Our LMS").stderr


def test_an_accreditation_is_set_and_told_in_words(installed: Installation) -> None:
    told = installed.run("provider", "set", ONE, "--accredited-from", "2019-04-01", "--accredited-to", "2020-12-31")
    assert f"{ONE} is accredited from 2019-04-01 until 2020-12-31." in told.stdout
    assert "lie outside: nothing new is reported for them" in told.stdout
    assert "until" in installed.run("provider", "list").stdout.splitlines()[0]
    open_end = installed.run("provider", "set", ONE, "--accredited-to", "none", "--json")
    assert json.loads(open_end.stdout)["accredited_to"] is None
    for arguments, words in (
        (("--accredited-to", "12/31/2020"), "give a date as YYYY-MM-DD"), ((), "Say --accredited-from"),
        (("--accredited-to", "2018-01-01"), "before it begins"),
    ):  # fmt: skip
        refused = installed.run("provider", "set", ONE, *arguments)
        assert refused.returncode == 1 and words in refused.stderr
