"""`pars db`: the database's schema."""

from __future__ import annotations

import typer

from app.cli.support import use_service
from app.store import schema

commands = typer.Typer(name="db", no_args_is_help=True, help="The database's schema.")


@commands.command()
def upgrade() -> None:
    """Bring the schema to the newest revision."""
    with use_service() as service:
        typer.echo(service.database.read(schema.current))


@commands.command()
def current() -> None:
    """Print the revision of the database."""
    with use_service(migrate=False) as service:
        typer.echo(service.database.read(schema.current) or "empty")
