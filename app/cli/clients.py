"""`pars client`: clients and their keys; `pars grant` and `pars revoke`: vendors' rights to act for providers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.output import BAD, FAINT, JsonOption, instant, print_json, print_secret, print_table
from app.cli.support import fail, read_database, use_service
from app.domain.clients import Role

if TYPE_CHECKING:
    from app.domain.clients import ClientListing
    from app.services.access.clients import CreatedClient

commands = typer.Typer(name="client", no_args_is_help=True, help="Clients and their keys.")
grants = typer.Typer()
ClientArgument = Annotated[str, typer.Argument(metavar="CLIENT", help="Its client_id, or its name.")]


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
    roles = [role for role, chosen in zip(Role, (providers, vendor, board, as_operator), strict=True) if chosen]
    if not roles and test:
        roles = [Role.PROVIDER]
    if len(roles) != 1:
        fail("Say one of --provider ID, --vendor, --board CODE, --operator.")
    from app.services.access import clients
    from app.services.context import operator, transact

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
        try:
            _print_created(created, as_json=as_json)
        except (OSError, KeyboardInterrupt):
            transact(operator(service), clients.revoke_client, created.client_id)
            fail(f"The key could not be printed, and nobody has seen it: the client {created.client_id} was revoked.")


def _print_created(created: CreatedClient, *, as_json: bool) -> None:
    """Print what is shown only once. Raises `OSError` when it could not be written."""
    shown = {
        "client_id": created.client_id,
        "api_key": created.api_key,
        "client_secret": created.client_secret,
    }
    print_secret(json.dumps(shown) if as_json else "\n".join(f"{field}: {value}" for field, value in shown.items()))


@commands.command("list")
def list_clients(
    revoked: Annotated[bool, typer.Option("--all", help="Those that were revoked, too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List clients, and for whom they act; a key is never shown again."""
    import msgspec

    from app.store import clients

    found = read_database(lambda connection: clients.list_clients(connection, revoked=revoked))
    if as_json:
        print_json({"data": msgspec.to_builtins(found)})
        return
    print_table(
        ("client_id", "name", "role", "acts for", "keys", "newest key", "state"),
        [_row_of(client) for client in found],
        numbers={"keys"},
        styles={"revoked": BAD, "no key": BAD, "test": FAINT},
        empty="There are no clients yet: pars client create makes one.",
    )


def _row_of(client: ClientListing) -> tuple[str, ...]:
    acts_for = client.board or " ".join(client.provider_ids) or ("everybody" if client.role is Role.OPERATOR else "-")
    state = "revoked" if client.revoked_at else "no key" if not client.keys else "test" if client.test else "live"
    newest = instant(client.newest_key_at)[:10]
    return (client.client_id, client.name, client.role, acts_for, str(client.keys), newest, state)


@commands.command()
def rotate(
    client: ClientArgument,
    keep_old: Annotated[
        bool, typer.Option("--keep-old", help="The old key works on until `--end-old`, so that nothing stands still.")
    ] = False,
    end_old: Annotated[bool, typer.Option("--end-old", help="Make no new key: end all but the newest.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Give a client a new key and secret, shown only once; the old ones end once these are printed."""
    if keep_old and end_old:
        fail("Say either --keep-old or --end-old.")
    from app.services.access import rotation
    from app.services.context import operator, transact

    with use_service() as service:
        if end_old:
            client_id, ended = transact(operator(service), rotation.end_older, client)
            if as_json:
                print_json({"client_id": client_id, "ended": ended})
            else:
                typer.echo(f"{client_id}: {ended} keys and secrets ended, the newest work on.")
            return
        created = transact(operator(service), rotation.add_secrets, client)
        try:
            _print_created(created, as_json=as_json)
        except (OSError, KeyboardInterrupt):
            transact(operator(service), rotation.take_back, created)
            fail("The new key could not be printed, and nobody has seen it: it was taken back, and the old one works.")
        if not keep_old:
            transact(operator(service), rotation.end_others, created)


@commands.command("revoke")
def revoke_client(client: ClientArgument, as_json: JsonOption = False) -> None:
    """End a client for good: its keys and secrets work no longer, in any process. May be repeated."""
    import msgspec

    from app.services.access import clients
    from app.services.context import operator, transact

    with use_service() as service:
        ended = transact(operator(service), clients.revoke_client, client)
    if as_json:
        print_json(msgspec.to_builtins(ended))
        return
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
    from app.services.access import clients
    from app.services.context import operator, transact

    with use_service() as service:
        transact(operator(service), clients.grant, vendor_client, provider_id)


@grants.command()
def revoke(vendor_client: str, provider_id: str) -> None:
    """Take back a vendor's right to act for a provider."""
    from app.services.access import clients
    from app.services.context import operator, transact

    with use_service() as service:
        transact(operator(service), clients.revoke, vendor_client, provider_id)
