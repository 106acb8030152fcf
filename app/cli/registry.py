"""`pars registry`: the registry of physicians."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.support import use_service
from app.services.registry import imports

commands = typer.Typer(name="registry", no_args_is_help=True, help="The registry of physicians.")


@commands.command("import")
def import_file(file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV or NDJSON, plain or .gz.")]) -> None:
    """Import physicians, as often as you like; nobody is removed for being absent."""
    with use_service() as service:
        counts = imports.import_file(service, file)
    typer.echo(
        f"added {counts.added}, updated {counts.updated}, unchanged {counts.unchanged}, refused {len(counts.refused)}"
    )
    for line, reason in sorted(counts.refused):
        typer.echo(f"{file.name}:{line}: {reason}", err=True)
    if counts.refused:
        raise typer.Exit(1)
