"""`pars provider`: accredited providers."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.support import use_service
from app.services.access import clients
from app.services.context import operator, transact

commands = typer.Typer(name="provider", no_args_is_help=True, help="Accredited providers.")


@commands.command()
def add(
    provider_id: Annotated[str, typer.Argument(metavar="ID", help="Seven digits.")],
    name: Annotated[str, typer.Argument(metavar="NAME")],
    joint: Annotated[bool, typer.Option("--joint", help="Jointly accredited.")] = False,
    city: Annotated[str | None, typer.Option()] = None,
    state: Annotated[str | None, typer.Option()] = None,
) -> None:
    """Add an accredited provider."""
    with use_service() as service:
        transact(operator(service), clients.add_provider, provider_id, name, joint=joint, city=city, state=state)
