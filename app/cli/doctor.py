"""`pars doctor`: whether an installation is well."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from app.cli.output import BAD, GOOD, JsonOption, on_terminal, print_json, terminal

if TYPE_CHECKING:
    from rich.console import Console

    from app.services.operations.diagnosis import Diagnosis

commands = typer.Typer()
_STYLES = {"ok": GOOD, "note": "yellow", "wrong": BAD}
_WIDTH = 13
"""Characters of the longest part, with two blanks behind it."""


@commands.command()
def doctor(as_json: JsonOption = False) -> None:
    """Look at settings, folders, disk, database, clock and worker; exit 1 when something is wrong. Changes nothing."""
    from app.services.operations.diagnosis import Health, diagnose

    found: list[Diagnosis] = []
    console = terminal() if on_terminal() and not as_json else None
    for diagnosis in diagnose():
        found.append(diagnosis)
        if not as_json:
            _print(console, diagnosis)
    wrong = any(diagnosis.health is Health.WRONG for diagnosis in found)
    if as_json:
        import msgspec

        print_json({"well": not wrong, "parts": msgspec.to_builtins(found)})
    raise typer.Exit(1 if wrong else 0)


def _print(console: Console | None, diagnosis: Diagnosis) -> None:
    """Print a line; on a terminal, one that is too long goes on below its beginning."""
    if console is None:
        typer.echo(f"{diagnosis.part:{_WIDTH}}{diagnosis.health:7}{diagnosis.says}")
        return
    from rich.table import Table
    from rich.text import Text

    row = Table.grid(padding=(0, 0))
    row.add_column(width=_WIDTH)
    row.add_column(width=7)
    row.add_column(overflow="fold")
    row.add_row(diagnosis.part, Text(diagnosis.health, _STYLES[diagnosis.health]), Text(diagnosis.says))
    console.print(row)
