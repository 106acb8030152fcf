"""`pars grant` and `pars revoke`: vendors' rights to act for providers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.output import FAINT, JsonOption, instant, print_json, print_table
from app.cli.support import fail, read_database, use_service

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection

    from app.domain.clients import Grant

commands = typer.Typer()
VENDOR = "The vendor's client_id, or its name."
PROVIDER = "Seven digits; an id that was merged means the provider that it is now."


@commands.command()
def grant(
    vendor_client: Annotated[str | None, typer.Argument(metavar="[VENDOR_CLIENT]", help=VENDOR)] = None,
    provider_id: Annotated[str | None, typer.Argument(metavar="[PROVIDER_ID]", help=PROVIDER)] = None,
    listed: Annotated[
        bool, typer.Option("--list", help="List the grants that stand instead; a vendor or provider narrows them.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Let a vendor act for a provider; or list who may act for whom, since when, and when it last reported."""
    if listed:
        _list(vendor_client, provider_id, as_json=as_json)
        return
    if vendor_client is None or provider_id is None:
        fail("Say which vendor, and for which provider: pars grant VENDOR_CLIENT PROVIDER_ID. --list shows all.")
    from app.services.access import clients
    from app.services.context import operator, transact

    with use_service() as service:
        transact(operator(service), clients.grant, vendor_client, provider_id)


@commands.command()
def revoke(
    vendor_client: Annotated[str, typer.Argument(metavar="VENDOR_CLIENT", help=VENDOR)],
    provider_id: Annotated[str, typer.Argument(metavar="PROVIDER_ID", help=PROVIDER)],
) -> None:
    """Take back a vendor's right to act for a provider, at once."""
    from app.services.access import clients
    from app.services.context import operator, transact

    with use_service() as service:
        transact(operator(service), clients.revoke, vendor_client, provider_id)


def _list(vendor_client: str | None, provider_id: str | None, *, as_json: bool) -> None:
    import msgspec

    named = [name for name in (vendor_client, provider_id) if name]
    found = read_database(lambda connection: _found(connection, named))
    if as_json:
        print_json({"data": msgspec.to_builtins(found)})
        return
    print_table(
        ("client_id", "vendor", "provider_id", "provider", "granted", "last report"),
        [
            (
                grant.client_id,
                grant.client_name,
                grant.provider_id,
                grant.provider_name,
                instant(grant.granted_at)[:10],
                instant(grant.last_reported_at),
            )
            for grant in found
        ],
        styles={"-": FAINT},
        empty="There are no grants yet: pars grant VENDOR_CLIENT PROVIDER_ID gives one.",
    )


def _found(connection: Connection, named: Collection[str]) -> list[Grant]:
    """Return the grants of vendors and of providers that are named, in any order; all where none is.

    What is no provider's id is a vendor: its client_id or name.
    """
    from app.store import clients
    from app.store.access import grants, providers

    provider_ids, client_ids = set(), set()
    for name in named:
        root = providers.root_of(connection, name)
        if root is not None:
            provider_ids.add(root)
        elif clients.name_and_revocation(connection, name) is not None:
            client_ids.add(name)
        elif known := clients.clients_named(connection, name):
            client_ids |= {client_id for client_id, _ in known}
        else:
            fail(f"There is no provider, and no client with this id or name: {name}.")
    wanted = grants.GrantFilter(provider_ids=tuple(provider_ids) or None, client_ids=tuple(client_ids) or None)
    return grants.page(connection, wanted, None, _ALL)


_ALL = 1_000_000
