"""`pars db`: the database's schema."""

from __future__ import annotations

import typer

from app.cli.progress import show_progress
from app.cli.support import read_database, use_service

commands = typer.Typer(name="db", no_args_is_help=True, help="The database's schema.")


@commands.command()
def upgrade() -> None:
    """Bring the schema to the newest revision."""
    from app.store import schema

    with show_progress("upgrade"), use_service() as service:
        revision = service.database.read(schema.current)
    typer.echo(revision)


@commands.command()
def current() -> None:
    """Print the revision of the database; `empty` for one without a schema, and where there is none."""
    from app.core.config import Settings
    from app.store import schema

    settings = Settings.read()
    if settings.sqlite_file is not None and not settings.sqlite_file.exists():
        typer.echo("empty")
        return
    typer.echo(read_database(schema.current, any_schema=True, settings=settings) or "empty")
