"""`pars client`: clients and their keys."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.moments import read_expiry
from app.cli.output import BAD, FAINT, JsonOption, instant, print_json, print_secret, print_table
from app.cli.support import fail, read_database, use_service
from app.domain.clients import SYSTEM_ROLES, Role

if TYPE_CHECKING:
    from app.domain.clients import ClientListing
    from app.services.access.clients import CreatedClient

commands = typer.Typer(
    name="client",
    no_args_is_help=True,
    help="Clients (the systems that call the API) and their keys. A client has an API key, which is sent as it is, and "
    "a client secret, with which it gets tokens (OAuth 2). Both are printed once, when they are made: what is lost is "
    "replaced with `rotate`, what leaked is ended with `end-key` or `revoke`.",
)
ClientArgument = Annotated[str, typer.Argument(metavar="CLIENT", help="Its client_id, or its name.")]
ExpiresOption = Annotated[
    str | None,
    typer.Option(
        "--expires",
        metavar="WHEN",
        help="When it no longer works: a last day (2030-12-31, in UTC), a moment (2030-12-31T18:00:00Z), or a time "
        "from now (90d, 12h). Without it, never.",
    ),
]


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
    expires: ExpiresOption = None,
    beside: Annotated[
        str | None, typer.Option("--beside", metavar="CLIENT", help="The same vendor as this client, which manages it.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Create a client, and print its key and secret, which are shown only once."""
    roles = [role for role, chosen in zip(SYSTEM_ROLES, (providers, vendor, board, as_operator), strict=True) if chosen]
    if not roles and test:
        roles = [Role.PROVIDER]
    if len(roles) != 1:
        fail("Say one of --provider ID, --vendor, --board CODE, --operator.")
    expires_at = read_expiry(expires)
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
            expires_at=expires_at,
            beside=beside,
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
    """List clients, for whom they act, and when a key of theirs was last used; a key is never shown again.

    Under "permission" stands since when it is attested that learners permit what a client reports.
    """
    import msgspec

    from app.core.clock import now
    from app.store.access import clients

    at = now()
    found = read_database(lambda connection: clients.list_clients(connection, at, revoked=revoked))
    if as_json:
        print_json({"data": msgspec.to_builtins(found)})
        return
    expire = any(client.expires_at for client in found)
    print_table(
        (
            "client_id",
            "name",
            "role",
            "acts for",
            "keys",
            "newest key",
            "last used",
            *["expires"] * expire,
            "permission",
            "state",
        ),
        [_row_of(client, at, expire=expire) for client in found],
        numbers={"keys"},
        styles={"revoked": BAD, "expired": BAD, "no key": BAD, "withdrawn": BAD, "test": FAINT, "-": FAINT},
        empty="There are no clients yet: pars client create makes one.",
    )


def _row_of(client: ClientListing, at: datetime, *, expire: bool) -> tuple[str, ...]:
    acts_for = client.board or " ".join(client.provider_ids) or ("everybody" if client.role is Role.OPERATOR else "-")
    expired = client.expires_at is not None and client.expires_at <= at
    state = "revoked" if client.revoked_at else "expired" if expired else "no key" if not client.keys else ""
    newest, last = instant(client.newest_key_at)[:10], _minute(client.last_used_at)
    return (
        client.client_id,
        client.name,
        client.role,
        acts_for,
        str(client.keys),
        newest,
        last,
        *[_minute(client.expires_at)] * expire,
        instant(client.permission_attested_at)[:10] if client.attests_permission else "withdrawn",
        state or ("test" if client.test else "live"),
    )


def _minute(at: datetime | None) -> str:
    """Return an instant to the minute, which is as much as is known of the last use."""
    return "-" if at is None else f"{at:%Y-%m-%d %H:%M}"


@commands.command("keys")
def list_keys(client: ClientArgument, as_json: JsonOption = False) -> None:
    """List a client's keys and secrets that were not ended: what to know each by, and when it was last used (UTC).

    A use is known about a minute later.
    """
    import msgspec

    from app.core.clock import now
    from app.services.access import clients
    from app.store.access import keys

    found = read_database(lambda connection: keys.list_keys(connection, clients.find_client(connection, client)))
    if as_json:
        print_json({"data": msgspec.to_builtins(found)})
        return
    at = now()
    print_table(
        ("key_id", "kind", "ends with", "created", "last used", "expires", "state"),
        [
            (
                key.key_id,
                key.kind,
                key.ending or "-",
                _minute(key.created_at),
                _minute(key.last_used_at),
                _minute(key.expires_at),
                "expired" if key.expires_at is not None and key.expires_at <= at else "works",
            )
            for key in found
        ],
        styles={"expired": BAD, "-": FAINT},
        empty="The client has no key: pars client rotate gives it one, unless it was revoked.",
    )


@commands.command("end-key")
def end_key(
    client: ClientArgument,
    key_id: Annotated[
        str, typer.Argument(metavar="KEY_ID", help="As `pars client keys` lists it: never the key itself.")
    ],
    as_json: JsonOption = False,
) -> None:
    """End one key or secret of a client for good, with the tokens made with it; the others go on."""
    import msgspec

    from app.services.access import rotation
    from app.services.context import operator, transact

    with use_service() as service:
        ended = transact(operator(service), rotation.end_key, client, key_id)
    if as_json:
        print_json(msgspec.to_builtins(ended))
        return
    typer.echo(f"Ended {ended.key_id} ({ended.kind}): it no longer works, in any process.")


@commands.command()
def rotate(
    client: ClientArgument,
    keep_old: Annotated[
        bool, typer.Option("--keep-old", help="The old key works on until `--end-old`, so that nothing stands still.")
    ] = False,
    end_old: Annotated[bool, typer.Option("--end-old", help="Make no new key: end all but the newest.")] = False,
    expires: ExpiresOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Give a client a new key and secret, shown only once; the old ones end once these are printed.

    At most two keys and two secrets of a client work at the same time.
    """
    if keep_old and end_old:
        fail("Say either --keep-old or --end-old.")
    if end_old and expires is not None:
        fail("--end-old makes no key that could expire.")
    expires_at = read_expiry(expires)
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
        created = transact(operator(service), rotation.add_secrets, client, replace=not keep_old, expires_at=expires_at)
        try:
            _print_created(created, as_json=as_json)
        except (OSError, KeyboardInterrupt):
            transact(operator(service), rotation.take_back, created)
            fail("The new key could not be printed, and nobody has seen it: it was taken back, and the old one works.")
        if not keep_old:
            transact(operator(service), rotation.end_others, created)


@commands.command("change")
def change_client(
    client: ClientArgument,
    name: Annotated[str | None, typer.Option("--name", help="Another name.")] = None,
    scopes: Annotated[
        list[str] | None, typer.Option("--scope", help="In place of those it has; once for each.")
    ] = None,
    expires: Annotated[
        str | None,
        typer.Option("--expires", metavar="WHEN", help="As of `create`; `never` for a client that is to work on."),
    ] = None,
    permission: Annotated[
        bool | None,
        typer.Option(
            "--attest-permission/--withdraw-permission",
            help="Learners permit what it reports, in its name, or this is no longer attested.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Change a client's name, its scopes, when it expires, or learners' permission; its keys stay."""
    given = {"name": name, "scopes": scopes or None, "permission_attested": permission}
    changes: dict[str, Any] = {field: value for field, value in given.items() if value is not None}
    if expires is not None:
        changes["expires_at"] = None if expires == "never" else read_expiry(expires)
    if not changes:
        fail("Say what is to change: --name, --scope, --expires, --attest-permission or --withdraw-permission.")
    import msgspec

    from app.services.access import management
    from app.services.context import operator, transact

    with use_service() as service:
        changed = transact(operator(service), management.change_named, client, changes)
    if as_json:
        print_json(msgspec.to_builtins(changed))
        return
    until = f"until {_minute(changed.expires_at)} UTC" if changed.expires_at else "and does not expire"
    typer.echo(f"{changed.client_id} ({changed.name}) has {' '.join(changed.scopes)} {until}.")
    if not changed.attests_permission:
        typer.echo(
            "That learners permit what it reports is not attested: documents that report completions are refused."
        )


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
