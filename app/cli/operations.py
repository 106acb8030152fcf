"""`pars check`: what an operator runs on an installation."""

from __future__ import annotations

import typer

from app.cli.support import use_service
from app.core.config import Settings
from app.services.operations import checks

commands = typer.Typer()


@commands.command()
def check() -> None:
    """Prove the invariants of the database; exit 1 with a list when one is broken."""
    # It holds no lock, so it may pause between two statements for as long as it needs.
    with use_service(migrate=False, settings=Settings().model_copy(update={"stall_limit": 0})) as service:
        faults = checks.find_faults(service)
    for fault in faults:
        typer.echo(fault)
    if faults:
        raise typer.Exit(1)
    typer.echo("every invariant holds")
