"""`pars client`: clients and their keys; `pars grant` and `pars revoke`: vendors' rights to act for providers."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from app.cli.support import fail, use_service
from app.services.access import clients
from app.services.context import operator, transact

commands = typer.Typer(name="client", no_args_is_help=True, help="Clients and their keys.")
grants = typer.Typer()


@commands.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Attests the permission of what the client reports.")],
    providers: Annotated[list[str] | None, typer.Option("--provider", help="Provider it acts for.")] = None,
    vendor: Annotated[bool, typer.Option("--vendor", help="Acts for providers that grant it the right.")] = False,
    board: Annotated[str | None, typer.Option("--board", help="A board's own client.")] = None,
    as_operator: Annotated[bool, typer.Option("--operator", help="May do everything.")] = False,
    scopes: Annotated[list[str] | None, typer.Option("--scope", help="Instead of every scope of its role.")] = None,
    test: Annotated[
        bool, typer.Option("--test", help="A key for the sandbox; without a provider, for the shared one.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Create a client, and print its key, which is shown only once."""
    roles = [
        role
        for role, chosen in (("provider", providers), ("vendor", vendor), ("board", board), ("operator", as_operator))
        if chosen
    ]
    if not roles and test:
        roles = ["provider"]
    if len(roles) != 1:
        fail("Say one of --provider ID, --vendor, --board CODE, --operator.")
    with use_service() as service:
        created = transact(
            operator(service),
            clients.create,
            name,
            role=roles[0],
            provider_ids=providers or (),
            board=board,
            scopes=scopes or (),
            test=test,
        )
    shown: dict[str, Any] = {
        "client_id": created.client_id,
        "api_key": created.api_key,
        "client_secret": created.client_secret,
    }
    typer.echo(json.dumps(shown) if as_json else "\n".join(f"{field}: {value}" for field, value in shown.items()))


@commands.command("revoke")
def revoke_client(
    client: Annotated[str, typer.Argument(metavar="CLIENT", help="Its client_id, or its name.")],
) -> None:
    """End a client for good: its keys and secrets work no longer, in any process. May be repeated."""
    with use_service() as service:
        ended = transact(operator(service), clients.revoke_client, client)
    if ended.revoked_before:
        typer.echo(f"{ended.client_id} ({ended.name}) had been revoked already; nothing was done.")
        return
    typer.echo(
        f"Revoked {ended.client_id} ({ended.name}): {ended.secrets} keys and secrets work no longer. "
        f"Nothing more is sent to its webhook endpoints ({ended.endpoints}). "
        f"Records that its batches under way ({ended.batches}) have not reached are rejected."
    )


@grants.command()
def grant(vendor_client: str, provider_id: str) -> None:
    """Let a vendor act for a provider."""
    with use_service() as service:
        transact(operator(service), clients.grant, vendor_client, provider_id)


@grants.command()
def revoke(vendor_client: str, provider_id: str) -> None:
    """Take back a vendor's right to act for a provider."""
    with use_service() as service:
        transact(operator(service), clients.revoke, vendor_client, provider_id)
