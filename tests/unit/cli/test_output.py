"""What commands print: tables for people where they sit, plain text in a pipe, JSON when asked for."""

from __future__ import annotations

import io
import json
import re
import sys
from datetime import UTC, datetime

import pytest

from app.cli.output import print_json, print_table

HEADING = ("client_id", "name", "keys", "state")
ROWS = [("cli_1", "Our LMS", "2", "live"), ("cli_22", "An LMS with [red]a name[/red]", "0", "revoked")]


class Terminal(io.StringIO):
    """What somebody sits at."""

    def isatty(self) -> bool:
        return True


def shown_at(columns: int, monkeypatch: pytest.MonkeyPatch, **environment: str) -> str:
    """Return what a terminal of a width shows of the table."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    for name, value in {"TERM": "xterm-256color", "COLUMNS": str(columns), **environment}.items():
        monkeypatch.setenv(name, value)
    print_table(HEADING, ROWS, numbers={"keys"}, styles={"revoked": "red"})
    shown = terminal.getvalue()
    return re.sub(r"\x1b\[[0-9;]*m", "", shown) if "NO_COLOR" in environment and "\x1b[3" not in shown else shown


def test_a_table_has_columns_and_colours_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    shown = shown_at(100, monkeypatch)
    assert "\x1b[31mrevoked" in shown
    assert "An LMS with [red]a name[/red]" in shown, "a name is no markup"


def test_no_color_drops_colours_and_keeps_the_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = shown_at(100, monkeypatch, NO_COLOR="1")
    assert "\x1b[31m" not in shown
    assert "cli_22     An LMS with [red]a name[/red]     0  revoked" in shown


def test_a_terminal_that_is_too_narrow_gets_each_row_as_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = [line.rstrip() for line in shown_at(40, monkeypatch, NO_COLOR="1").splitlines()]
    assert lines == [
        "cli_1",
        "  name   Our LMS",
        "  keys   2",
        "  state  live",
        "cli_22",
        "  name   An LMS with [red]a name[/red]",
        "  state  revoked",
    ]


def test_a_pipe_gets_plain_columns_whatever_their_width(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    print_table(HEADING, ROWS, numbers={"keys"}, styles={"revoked": "red"})
    assert capsys.readouterr().out.splitlines() == [
        "client_id  name                           keys  state",
        "cli_1      Our LMS                        2     live",
        "cli_22     An LMS with [red]a name[/red]  0     revoked",
    ]


def test_an_empty_table_says_so_on_a_terminal_and_is_a_heading_in_a_pipe(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    print_table(HEADING, [])
    assert capsys.readouterr().out == "client_id  name  keys  state\n"
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    print_table(HEADING, [], empty="There are no clients yet.")
    assert terminal.getvalue() == "There are no clients yet.\n"


def test_json_is_one_line_in_a_pipe_with_instants_and_sets(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"at": datetime(2021, 12, 20, 9, 30, tzinfo=UTC), "ids": frozenset({"b", "a"}), "name": "Zoë"})
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert json.loads(out) == {"at": "2021-12-20T09:30:00Z", "ids": ["a", "b"], "name": "Zoë"}
