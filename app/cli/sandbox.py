"""`pars sandbox`: what test clients can rely on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.output import JsonOption, print_json
from app.cli.support import fail

commands = typer.Typer()


@commands.command()
def sandbox(
    page: Annotated[Path | None, typer.Option(help="Write the tables into this page, between its marks.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Print what test clients can rely on: magic learners, magic activities, and what is answered when."""
    from app.sandbox import fixtures
    from app.sandbox import page as sandbox_page

    if as_json:
        import msgspec

        print_json(msgspec.to_builtins(fixtures.sandbox()))
        return
    tables = sandbox_page.write_tables(fixtures.sandbox())
    if page is None:
        typer.echo(tables)
        return
    try:
        sandbox_page.replace_tables(page, tables)
    except ValueError as error:
        fail(str(error))
    typer.echo(page)
