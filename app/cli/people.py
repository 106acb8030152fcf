"""`pars person`: people who sign in, and what they are members of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.output import BAD, FAINT, JsonOption, instant, print_json, print_secret, print_table
from app.cli.support import fail, read_database, use_service
from app.domain.clients import Role
from app.domain.people.persons import PersonRole

if TYPE_CHECKING:
    from app.domain.people.persons import Membership, StaffPerson

commands = typer.Typer(
    name="person",
    no_args_is_help=True,
    help="People who sign in with a browser, and what each is a member of: providers, vendors, boards, the operators. "
    "The first operator of an installation is made with `pars person invite MAIL --operator`.",
)
MailArgument = Annotated[str, typer.Argument(metavar="MAIL", help="The person's mail address.")]


@commands.command()
def invite(
    address: MailArgument,
    as_operator: Annotated[bool, typer.Option("--operator", help="Runs the installation.")] = False,
    provider: Annotated[str | None, typer.Option("--provider", metavar="ID", help="A member of a provider.")] = None,
    vendor: Annotated[
        str | None, typer.Option("--vendor", metavar="CLIENT", help="A member of a vendor: its client_id or name.")
    ] = None,
    board: Annotated[str | None, typer.Option("--board", metavar="CODE", help="Works for a board.")] = None,
    role: Annotated[
        PersonRole | None, typer.Option("--role", help="At a provider or vendor: reader, reporter or manager.")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="What pages call the person.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Make somebody a member, and mail them a link to sign in first; it is printed where no mail server is set.

    The link works once, for 3 days. Managers and operators are asked for an authenticator then.
    """
    places = {Role.PROVIDER: provider, Role.VENDOR: vendor, Role.BOARD: board, Role.OPERATOR: as_operator or None}
    chosen = [(of, id) for of, id in places.items() if id is not None]
    if len(chosen) != 1:
        fail("Say one of --operator, --provider ID, --vendor CLIENT, --board CODE.")
    ((client_role, id),) = chosen
    if role is None:
        if client_role in (Role.PROVIDER, Role.VENDOR):
            fail("Say which role: --role reader, --role reporter or --role manager.")
        role = PersonRole.OPERATOR if client_role is Role.OPERATOR else PersonRole.BOARD
    from app.core.errors import InvalidRequest
    from app.services.context import operator, transact
    from app.services.people.invitations import Invitation
    from app.services.people.invitations import invite as make

    asked = Invitation(
        address=address, role=role, client_role=client_role, id=id if isinstance(id, str) else None, name=name
    )
    with use_service() as service:
        try:
            invited = transact(operator(service), make, asked)
        except InvalidRequest as refusal:
            fail(" ".join(f"{fault.detail} {fault.hint or ''}".strip() for fault in refusal.faults))
        mailed = service.settings.smtp_server is not None
    if as_json:
        shown = {"person_id": invited.person_id, "client_id": invited.client_id}
        print_json(shown | ({} if mailed else {"link": invited.link}))
    elif mailed:
        typer.echo(f"Invited {invited.person_id}: a link is on its way to the address.")
    else:
        print_secret(invited.link)


@commands.command("list")
def list_people(
    removed: Annotated[bool, typer.Option("--all", help="Those who were removed, too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List people, and what each is a member of."""
    from app.store.people import persons

    found = read_database(
        lambda connection: [
            (person, persons.memberships_of(connection, person.person_id))
            for person in persons.all_people(connection, removed=removed)
        ]
    )
    if as_json:
        print_json({"data": [_shown(person, memberships) for person, memberships in found]})
        return
    print_table(
        ("person_id", "address", "name", "member of", "authenticator", "state"),
        [_row_of(person, memberships) for person, memberships in found],
        styles={"removed": BAD, "-": FAINT},
        empty="Nobody can sign in yet: pars person invite MAIL --operator makes the first operator.",
    )


def _shown(person: StaffPerson, memberships: list[Membership]) -> dict[str, object]:
    return {
        "person_id": person.person_id,
        "address": person.address,
        "name": person.name,
        "authenticator": person.totp_secret is not None,
        "created_at": instant(person.created_at),
        "removed_at": instant(person.removed_at) if person.removed_at else None,
        "memberships": [
            {
                "client_id": membership.client_id,
                "place": membership.place,
                "role": membership.role.value,
                "provider_ids": list(membership.provider_ids),
            }
            for membership in memberships
        ],
    }


def _row_of(person: StaffPerson, memberships: list[Membership]) -> tuple[str, ...]:
    return (
        person.person_id,
        person.address or "-",
        person.name or "-",
        ", ".join(f"{membership.place} ({membership.role.value})" for membership in memberships) or "-",
        "enrolled" if person.totp_secret is not None else "-",
        "removed" if person.removed_at else "",
    )


@commands.command()
def remove(
    address: MailArgument,
    membership: Annotated[
        str | None,
        typer.Option("--membership", metavar="CLIENT_ID", help="Only this one, as `pars person list --json` shows it."),
    ] = None,
) -> None:
    """End what a person is a member of, and their sessions, at once; who they were is forgotten with the last."""
    from app.services.context import operator, transact
    from app.services.people import memberships
    from app.store.people import persons

    with use_service() as service:
        person = service.database.read(lambda connection: memberships.find_person(connection, address))
        if membership is None:
            transact(operator(service), memberships.remove_person, person.person_id)
        else:
            found = service.database.read(lambda connection: persons.membership(connection, membership))
            if found is None or found.person_id != person.person_id:
                fail("The person has no such membership: pars person list --json shows them.")
            transact(operator(service), memberships.remove, membership)
    typer.echo(f"Removed {membership or person.person_id}: no session of theirs works any longer.")


@commands.command("reset-totp")
def reset_totp(address: MailArgument) -> None:
    """Take a person's authenticator and recovery codes, and end their sessions; at the next sign-in they enrol another.

    Be sure who asks for it: whoever reads the person's mail can then sign in.
    """
    from app.services.context import operator, transact
    from app.services.people import memberships, totp

    with use_service() as service:
        person = service.database.read(lambda connection: memberships.find_person(connection, address))
        transact(operator(service), totp.reset, person.person_id)
    typer.echo(f"Reset {person.person_id}: the authenticator is asked for no longer, and another is enrolled.")
