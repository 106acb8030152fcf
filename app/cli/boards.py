"""`pars boards`: how boards read their feeds and answer."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.support import use_service
from app.schemas.board_reports import table
from app.services.boards import reports
from app.services.context import operator

commands = typer.Typer()


@commands.command()
def boards(
    overdue: Annotated[bool, typer.Option("--overdue", help="Only boards that owe an answer for 24 hours.")] = False,
) -> None:
    """Print how every board with a feed reads and answers."""
    with use_service(migrate=False) as service:
        found = service.database.read(
            lambda connection: reports.report_boards(connection, operator(service), overdue=overdue or None)
        )
    typer.echo(table(found))
