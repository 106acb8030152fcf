"""`pars check`: what an operator runs on an installation."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.support import use_service
from app.core.config import Settings
from app.services.operations import checks, seal_checks

commands = typer.Typer()


@commands.command()
def check(
    head: Annotated[
        str | None, typer.Option(help="A line that `pars seal print` printed: is it still in the audit log?")
    ] = None,
) -> None:
    """Prove the invariants of the database; exit 1 with a list when one is broken."""
    kept = None if head is None else seal_checks.read_head(head)
    # It holds no lock, so it may pause between two statements for as long as it needs.
    with use_service(migrate=False, settings=Settings().model_copy(update={"stall_limit": 0})) as service:
        checked = checks.check(service, kept)
    for line in (*checked.notes, *checked.faults):
        typer.echo(line)
    if checked.faults:
        raise typer.Exit(1)
    typer.echo("every invariant holds")
