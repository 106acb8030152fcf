"""`pars check`: what an operator runs on an installation."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.output import JsonOption, print_json
from app.cli.progress import show_progress
from app.cli.support import use_service

commands = typer.Typer()


@commands.command()
def check(
    head: Annotated[
        str | None, typer.Option(help="A line that `pars seal print` printed: is it still in the audit log?")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Prove the invariants of the database; exit 1 with a list when one is broken."""
    from app.core.config import Settings
    from app.core.gc_tuning import tune_garbage_collector
    from app.services.operations import checks, seal_checks

    kept = None if head is None else seal_checks.read_head(head)
    tune_garbage_collector()
    # It holds no lock, so it may pause between two statements for as long as it needs.
    settings = Settings.read().model_copy(update={"stall_limit": 0})
    with show_progress("check"), use_service(migrate=False, any_schema=True, settings=settings) as service:
        checked = checks.check(service, kept)
    if as_json:
        print_json({"faults": checked.faults, "notes": checked.notes})
        raise typer.Exit(1 if checked.faults else 0)
    for line in (*checked.notes, *checked.faults):
        typer.echo(line)
    if checked.faults:
        raise typer.Exit(1)
    typer.echo("every invariant holds")
