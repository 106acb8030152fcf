"""Merges of providers and changes of keys that are killed leave nothing half done, and nothing that the log lacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.commands import run_command
from tests.recovery.test_crash import STEP

pytestmark = pytest.mark.exhaustive


def killed(verb: str, database_url: str, folder: Path) -> tuple[list[str], list[str], list[str]]:
    """Kill a verb at one statement after another; return what stands after each, at its end, and when sent again."""
    run = run_command(verb, database_url, str(folder), str(STEP), module="tests.harness.crashes.of_access")
    assert run.returncode == 0, run.stderr[-2000:]
    *kills, through, again = [line.split() for line in run.stdout.splitlines()]
    assert {ended for _, ended, _ in kills} == {"killed"}
    return [left for _, _, left in kills], through[1:], again[1:]


@pytest.mark.parametrize(
    ("verb", "nothing", "everything", "again", "sent_again"),
    [
        ("merge-providers", "0,8,0,silent", "1,0,8,audited", "one-already", "1,0,8,audited"),
        ("add-key", "2,0,told", "4,0,told", "two-already", "4,0,told"),
        ("end-older", "4,0,told", "2,2,told", "ended-0", "2,2,told"),
    ],
)
def test_what_is_killed_at_any_statement_is_whole_or_absent(
    database_url: str, tmp_path: Path, verb: str, nothing: str, everything: str, again: str, sent_again: str
) -> None:
    left, through, repeated = killed(verb, database_url, tmp_path)
    assert len(left) > 2
    assert left == [nothing] * left.count(nothing) + [everything] * left.count(everything)
    assert left[0] == nothing and left.count(everything) <= 1
    assert through == ["0", everything]
    assert repeated == [again, sent_again]


def test_a_rotation_killed_between_its_commits_leaves_old_and_new_keys_both_in_the_log(
    database_url: str, tmp_path: Path
) -> None:
    """Each kill is followed by the next rotation: two keys work at most, and every one of them was told."""
    left, through, _ = killed("renew", database_url, tmp_path)
    assert all(state.endswith("told") for state in (*left, through[1])), left
    assert {state.split(",")[0] for state in left} <= {"2", "4"}
    assert "4,0,told" in left, "killed after the new keys were made, and before the old ones ended"
    assert through[0] == "0" and through[1].startswith("2,")
