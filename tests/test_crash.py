"""A report killed at any point leaves nothing or everything."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from app.services.context import Service
from app.store import dialect
from tests.support import COURSE, GRAND_ROUNDS, Answer, Api, a_completion, john, settle

COMPLETIONS = "/v1/learner-completions"


def test_a_report_killed_at_any_statement_leaves_nothing(database_url: str, tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[1]
    run = subprocess.run(
        [sys.executable, "-m", "tests.crash", database_url, str(tmp_path)],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    lines = [line.split() for line in run.stdout.splitlines()]
    assert len(lines) > 10, "the report runs more statements than that"
    assert all(ended == "killed" and standing == "0" for _, ended, standing in lines[:-1])
    assert lines[-1][1:] == ["0", "1"], "the last one was let through, and stands"


class Unplugged(Exception):
    """The plug was pulled between two statements."""


def done(api: Api, verb: str, path: str) -> Answer:
    if verb == "bulk":
        return api.post(f"{COMPLETIONS}:bulk", {"items": [john(), a_completion(credits=3), john()]})
    if verb == "correct":
        # Another learner, another day: what stood is withdrawn, and all of it reported anew.
        other = a_completion(GRAND_ROUNDS, "2021-12-11", first_name="John", last_name="Smith", born="03/17")
        other["cme"][0]["license_id"] = "12345"
        return api.send("PUT", path, headers={"If-Match": "*"}, json=other)
    return api.report(john()) if verb == "report" else api.delete(path)


@pytest.mark.parametrize("verb", ["report", "withdraw", "correct", "bulk"])
def test_a_transaction_broken_at_any_statement_changes_nothing(service: Service, api: Api, verb: str) -> None:
    """The same from inside: the process lives on, answers 5xx, and the next request finds all as it was."""
    standing = api.report(a_completion()).json["completion_id"]
    settle(service)
    seen, break_at = 0, 0

    def unplug(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == break_at:
            raise Unplugged

    dialect.BEFORE_STATEMENT.append(unplug)
    while True:
        seen, break_at = 0, break_at + 1
        answer = done(api, verb, f"{COMPLETIONS}/{standing}")
        if answer.status < 500:
            break
        seen = -10_000
        settle(service)
        assert [each["completion_id"] for each in api.completions(activity_id=GRAND_ROUNDS)] == [standing]
        assert api.completions(activity_id=COURSE) == []
    dialect.BEFORE_STATEMENT.remove(unplug)
    assert break_at > 5
    settle(service)
