"""An import that is killed at any point goes on when it is run again, and ends as if it had never been killed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.harness.commands import run_command
from tests.harness.crashes.of_moving import RECORDS
from tests.harness.properties import TIMES

STEP = 1 if TIMES > 1 else 5


@pytest.mark.exhaustive
def test_an_import_killed_at_any_statement_goes_on_where_it_was(database_url: str, tmp_path: Path) -> None:
    """Two records in a transaction, five in the file: what stands grows by whole transactions, and never shrinks."""
    ran = run_command(database_url, str(tmp_path), str(STEP), module="tests.harness.crashes.of_moving")
    assert ran.returncode == 0, ran.stderr[-2000:]
    *kills, last = [json.loads(line) for line in ran.stdout.splitlines()]
    stood = [kill["stands"] for kill in kills]
    assert stood == sorted(stood)
    assert set(stood) <= {0, 2, 4, 5}
    assert {0, 5} <= set(stood)
    assert [kill["killed"] for kill in kills] == [True] * (len(kills) - 1) + [False]
    assert len(kills) > 20 // STEP
    assert last == {"read": len(RECORDS), "already-there": len(RECORDS)}
