"""What commands print: tables in colour on a terminal, plain where the output goes elsewhere, or JSON when asked for.

A terminal is whatever `isatty` says; `NO_COLOR` keeps the layout and drops the colours.
"""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
GOOD, FAINT, BAD = "green", "dim", "red"
_BESIDE = 2
"""Blanks between two columns."""


def on_terminal() -> bool:
    """Whether standard output is a terminal."""
    return sys.stdout is not None and sys.stdout.isatty()


def terminal(*, err: bool = False) -> Console:
    """Return the terminal to print to, with its width and colours."""
    from rich.console import Console

    return Console(stderr=err, highlight=False, soft_wrap=False, no_color=True if os.environ.get("NO_COLOR") else None)


def print_json(value: Any) -> None:
    """Print a value as JSON: one line for programs, indented on a terminal."""
    typer.echo(json.dumps(value, indent=2 if on_terminal() else None, ensure_ascii=False, default=_plain))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, set | frozenset | tuple):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def instant(at: datetime | None) -> str:
    """Return an instant as the API writes it, to the second; a hyphen for none."""
    return "-" if at is None else f"{at:%Y-%m-%dT%H:%M:%SZ}"


def print_table(
    heading: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    numbers: Collection[str] = (),
    styles: Mapping[str, str] | None = None,
    empty: str = "There are none.",
) -> None:
    """Print rows below a heading.

    `numbers` are the headings of columns that are right-aligned on a terminal, `styles` gives colours for the texts of
    cells, as {"revoked": "red"}. Piped, columns are padded with blanks and no cell is cut, whatever its length; on a
    terminal that is too narrow each row becomes a block of lines.
    """
    if not on_terminal():
        typer.echo(plain_table(heading, rows))
        return
    if not rows:
        typer.echo(empty)
        return
    console = terminal()
    needed = sum(max(len(cell) for cell in column) + _BESIDE for column in zip(heading, *rows, strict=True)) - _BESIDE
    if needed > console.width:
        _print_blocks(console, heading, rows, styles or {})
    else:
        _print_grid(console, heading, rows, numbers, styles or {})


def plain_table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table of text: columns padded with blanks."""
    lines = [heading, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heading))]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def _print_grid(
    console: Console,
    heading: Sequence[str],
    rows: Sequence[Sequence[str]],
    numbers: Collection[str],
    styles: Mapping[str, str],
) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, _BESIDE, 0, 0), header_style="bold")
    for name in heading:
        table.add_column(name, justify="right" if name in numbers else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(cell, styles.get(cell, "")) for cell in row))
    console.print(table)


def _print_blocks(
    console: Console, heading: Sequence[str], rows: Sequence[Sequence[str]], styles: Mapping[str, str]
) -> None:
    """Print every row as lines of name and value: the first value as a title, those that say nothing left out."""
    from rich.padding import Padding
    from rich.text import Text

    width = max(map(len, heading[1:]), default=0) + _BESIDE
    for row in rows:
        title, *cells = row
        console.print(Text(title, "bold"), overflow="fold")
        for name, cell in zip(heading[1:], cells, strict=True):
            if cell not in ("", "-", "0"):
                line = Text(f"{name:{width}}", FAINT) + Text(cell, styles.get(cell, ""))
                line.no_wrap = False
                console.print(Padding(line, (0, 0, 0, 2)))


def print_secret(text: str) -> None:
    """Print what is shown only once. Raises `OSError` when not all of it could be written."""
    if sys.stdout is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except OSError:
        drop_output()
        raise


def drop_output() -> None:
    """Send what is still buffered nowhere: at its end, the process would try again to write it."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
