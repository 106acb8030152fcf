"""`pars provider`: accredited providers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.output import FAINT, JsonOption, print_json, print_table
from app.cli.support import read_database, use_service

if TYPE_CHECKING:
    from app.domain.clients import ProviderListing

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
    from app.services.access import clients
    from app.services.context import operator, transact

    with use_service() as service:
        transact(operator(service), clients.add_provider, provider_id, name, joint=joint, city=city, state=state)


@commands.command("list")
def list_providers(
    sandboxes: Annotated[bool, typer.Option("--all", help="Sandboxes, too.")] = False, as_json: JsonOption = False
) -> None:
    """List accredited providers, and how many clients act for each."""
    import msgspec

    from app.store import clients

    found = read_database(lambda connection: clients.list_providers(connection, sandboxes=sandboxes))
    if as_json:
        print_json({"data": msgspec.to_builtins(found)})
        return
    remarks = [_remark_on(provider) for provider in found]
    heading = ("provider_id", "name", "joint", "city", "state", "clients", *(["remark"] if any(remarks) else []))
    rows = [
        (
            provider.provider_id,
            provider.name,
            "yes" if provider.joint else "no",
            provider.city or "-",
            provider.state or "-",
            str(provider.clients),
            *([remark or "-"] if any(remarks) else []),
        )
        for provider, remark in zip(found, remarks, strict=True)
    ]
    empty = "There are no providers yet: pars provider add adds one."
    print_table(heading, rows, numbers={"clients"}, styles={"-": FAINT}, empty=empty)


def _remark_on(provider: ProviderListing) -> str:
    if provider.sandbox_of:
        return f"sandbox of {provider.sandbox_of}"
    return f"merged into {provider.merged_into}" if provider.merged_into else ""
