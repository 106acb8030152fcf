"""Parsers that tests fork do what parsers do that the service starts: they read the same within the same bounds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from app.domain.batches import BatchKind, FileFault, FileFaultCode
from app.files.parsing import parser_client
from app.files.parsing.limits import LIMITS, Limits
from app.files.parsing.parser_client import open_file, start_python
from tests.builders.headings import REQUIRED

FILE = ("\t".join(REQUIRED) + "\nAdd\tx\n" * 600).encode()


def as_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parser_client, "start_python", start_python)


def read(limits: Limits = LIMITS) -> tuple[Any, list[Any], str, int]:
    """Return head and records of the file, what its parser may take at most, and the parser's number."""
    with open_file([FILE], BatchKind.LEARNER_COMPLETIONS, limits=limits) as file:
        bounds = Path(f"/proc/{file.process_id}/limits").read_text(encoding="ascii")
        rows = [row for piece in file.pieces() for row in piece]
        return file.head, rows, bounds, file.process_id


def test_they_read_the_same_within_the_same_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    forked = read()
    as_the_service(monkeypatch)
    started = read()
    assert forked[:2] == started[:2] and len(forked[1]) == 600
    # What it may compute grows with what has come of the file.
    ours, theirs = ([line for line in answer[2].splitlines() if "cpu time" not in line] for answer in (forked, started))
    assert ours == theirs and any("address space" in line for line in ours)


@pytest.mark.parametrize("forks", [True, False])
def test_they_have_ended_with_their_block_and_tell_faults(monkeypatch: pytest.MonkeyPatch, forks: bool) -> None:
    if not forks:
        as_the_service(monkeypatch)
    *_, number = read()
    state = Path(f"/proc/{number}/stat")
    assert not state.exists() or state.read_text(encoding="ascii").rsplit(")", 1)[1].split()[0] == "Z"
    with pytest.raises(FileFault) as raised:
        read(replace(LIMITS, rows=10))
    assert raised.value.code is not FileFaultCode.PARSER_FAILED
