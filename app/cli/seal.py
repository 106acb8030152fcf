"""`pars seal`: the head of the audit log, to be kept where nobody who can change the database can change it."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.support import fail, use_service

commands = typer.Typer(name="seal", no_args_is_help=True, help="The head of the audit log.")


@commands.command(name="print")
def print_head() -> None:
    """Print the head of the audit log in one line: its number, its time, its digest."""
    from app.services.operations import seal_checks

    with use_service(migrate=False) as service:
        head = service.database.read(seal_checks.head_of)
    if head is None:
        fail("Nothing is sealed yet: the worker seals a moment after a commit.")
    typer.echo(str(head))


@commands.command()
def verify(
    head: Annotated[list[str], typer.Argument(metavar="HEAD", help="The line that was kept, quoted or not.")],
) -> None:
    """Tell whether a head that was kept is still in the audit log; exit 1 when the log was cut or made anew."""
    from app.services.operations import seal_checks

    kept = seal_checks.read_head(" ".join(head))
    with use_service(migrate=False) as service:
        lost = service.database.read(lambda connection: seal_checks.find_lost_head(connection, kept))
    if lost is not None:
        typer.echo(lost)
        raise typer.Exit(1)
    typer.echo(f"seal {kept.number} is in the audit log")
