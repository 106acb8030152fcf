"""A membership is a client: it has its role's scopes, ends for good, and follows its vendor's grants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection

from app.core.errors import Conflict, Forbidden, InvalidRequest, NotFound, OperatorFault
from app.domain.clients import Role
from app.domain.people.persons import PersonRole
from app.services.access import clients, management, rotation, scopes
from app.services.access.authentication import standing_client
from app.services.context import Caller, Service, operator, transact
from app.services.people import invitations, memberships, sessions, visits
from app.services.people.invitations import Invitation
from app.services.people.visits import PlaceKind, Visit, Whereabouts
from app.store.people import persons
from tests.harness.access.people import invite, sign_in_by, token_of
from tests.harness.api import Api, api_of, settle

PROVIDER, OTHER = "0008001", "0008002"


def caller_of(service: Service, client_id: str, provider: str | None = PROVIDER) -> Caller:
    client = service.database.read(lambda connection: standing_client(connection, client_id, None, service.clock()))
    assert client is not None
    return Caller(service=service, client=client, provider=provider)


def visit(service: Service, token: str, id: str, kind: PlaceKind = PlaceKind.PROVIDER) -> Visit | None:
    return service.database.read(
        lambda connection: visits.look_up(connection, service, token, Whereabouts(kind=kind, id=id))
    )


def seat_of(service: Service, token: str, id: str) -> tuple[str, str] | None:
    found = visit(service, token, id)
    assert found is not None
    return (found.seat.role.value, found.seat.provider or "") if found.seat is not None else None


def signed_in(service: Service, address: str, role: str, **where: Any) -> tuple[str, str]:
    """Invite somebody and sign them in; return what their cookie holds, and the membership."""
    invited = invite(service, address, role, **where)
    signed = sign_in_by(service, token_of(invited))
    assert signed is not None
    return signed.token, invited.client_id


@pytest.mark.parametrize(
    ("role", "lacks"),
    [
        ("reader", {"activities:write", "completions:write", "learners:validate", "batches:write"}),
        ("reporter", set()),
        ("manager", set()),
    ],
)
def test_a_member_has_the_scopes_of_the_role_and_no_others(service: Service, role: str, lacks: set[str]) -> None:
    managing = {"webhooks:manage", "clients:manage"}
    every = set(scopes.ROLE_SCOPES[Role.PROVIDER])
    client = caller_of(service, invite(service, role=role).client_id).client
    assert client.scopes == every - lacks - (set() if role == "manager" else managing)
    assert client.provider_ids == {PROVIDER}
    settle(service)


def test_a_membership_is_in_no_list_of_clients_and_is_given_no_key(service: Service, http: Any) -> None:
    invited = invite(service, role="manager")
    chief = api_of(http, service, "chief", role="operator")
    own = api_of(http, service, "own", providers=[PROVIDER])
    for api in (chief, own):
        assert invited.client_id not in {client["client_id"] for client in api.pages("/v1/clients")}
        assert api.get(f"/v1/clients/{invited.client_id}").status == 404
        assert api.post(f"/v1/clients/{invited.client_id}/keys", {"kind": "api-key"}).status == 404
        assert api.post(f"/v1/clients/{invited.client_id}/revoke", {}).status == 404
    for verb in (clients.revoke_client, rotation.add_secrets):
        with pytest.raises(OperatorFault, match="membership"):
            transact(operator(service), verb, invited.client_id)
    settle(service)


def test_a_provider_that_is_not_the_persons_is_as_one_that_is_not_there(service: Service) -> None:
    token, _ = signed_in(service, "willa@example.org", "reader")
    assert seat_of(service, token, PROVIDER) == ("reader", PROVIDER)
    assert seat_of(service, token, OTHER) is seat_of(service, token, "9999999") is None


def test_members_of_a_vendor_act_for_whom_it_acts_for_at_this_moment(service: Service, http: Any) -> None:
    vendor = api_of(http, service, "vendor", role="vendor")
    transact(operator(service), clients.grant, vendor.client_id, PROVIDER)
    token, membership = signed_in(service, "v@example.org", "reporter", of="vendor", id=vendor.client_id)
    assert seat_of(service, token, PROVIDER) == ("reporter", PROVIDER)
    assert seat_of(service, token, OTHER) is None
    own = api_of(http, service, "own", providers=[OTHER])
    assert own.send("PUT", f"/v1/grants/{vendor.client_id}").status in (200, 201)
    assert seat_of(service, token, OTHER) == ("reporter", OTHER)
    settle(service)
    transact(operator(service), clients.revoke, vendor.client_id, PROVIDER)
    assert own.send("DELETE", f"/v1/grants/{vendor.client_id}").status == 204
    assert seat_of(service, token, PROVIDER) is seat_of(service, token, OTHER) is None
    assert membership not in {grant["client_id"] for grant in own.pages("/v1/grants")}
    settle(service)


def test_members_of_a_vendors_client_go_with_it(service: Service, http: Any) -> None:
    vendor = api_of(http, service, "vendor", role="vendor")
    transact(operator(service), clients.grant, vendor.client_id, PROVIDER)
    token, membership = signed_in(service, "v@example.org", "reporter", of="vendor", id=vendor.client_id)
    transact(operator(service), clients.revoke_client, vendor.client_id)
    assert seat_of(service, token, PROVIDER) is None
    found = service.database.read(lambda connection: persons.membership(connection, membership))
    assert found is not None
    assert found.ended_at is not None
    settle(service)


def test_the_strongest_of_several_memberships_counts(service: Service, http: Any) -> None:
    vendor = api_of(http, service, "vendor", role="vendor")
    transact(operator(service), clients.grant, vendor.client_id, PROVIDER)
    invite(service, "willa@example.org", "reader")
    token, _ = signed_in(service, "willa@example.org", "reporter", of="vendor", id=vendor.client_id)
    assert seat_of(service, token, PROVIDER) == ("reporter", PROVIDER)


def test_the_end_of_a_membership_ends_sessions_and_forgets_who_is_left_without_one(service: Service) -> None:
    token, membership = signed_in(service, "willa@example.org", "reporter")
    second = invite(service, "willa@example.org", "reader", id=OTHER)
    transact(operator(service), memberships.remove, membership)
    found = visit(service, token, OTHER)
    assert found is not None
    assert not found.signed_in.session.works_at(service.clock())
    assert found.signed_in.person.address == "willa@example.org"
    transact(operator(service), memberships.remove, second.client_id)
    person = service.database.read(lambda connection: persons.by_id(connection, second.person_id))
    assert person is not None
    assert (person.address, person.name, person.removed_at) == (None, None, service.clock())
    again = invite(service, "willa@example.org")
    assert again.is_new
    assert again.person_id != second.person_id
    settle(service)


def test_a_manager_invites_to_their_own_provider_and_to_nothing_else(service: Service, http: Any) -> None:
    manager = caller_of(service, invite(service, "m@example.org", "manager").client_id)
    vendor = api_of(http, service, "vendor", role="vendor")

    def by_manager(address: str, role: str, of: Role, id: str | None) -> Any:
        asked = Invitation(address=address, role=PersonRole(role), client_role=of, id=id)
        return transact(manager, invitations.invite, asked)

    by_manager("r@example.org", "reporter", Role.PROVIDER, PROVIDER)
    for of, id, role in (
        (Role.PROVIDER, OTHER, "reporter"), (Role.OPERATOR, None, "operator"), (Role.BOARD, "ABA", "board"),
        (Role.VENDOR, vendor.client_id, "manager"),
    ):  # fmt: skip
        with pytest.raises(Forbidden):
            by_manager("x@example.org", role, of, id)
    listed = service.database.read(lambda connection: memberships.members(connection, manager))
    assert [(member.address, member.role.value) for member in listed] == [
        ("m@example.org", "manager"), ("r@example.org", "reporter"),
    ]  # fmt: skip
    settle(service)


def test_only_a_manager_manages_and_only_what_is_theirs(service: Service) -> None:
    manager = caller_of(service, invite(service, "m@example.org", "manager").client_id)
    reporter = invite(service, "r@example.org", "reporter")
    elsewhere = invite(service, "e@example.org", "reporter", id=OTHER)
    chief = invite(service, "o@example.org", "operator", of="operator", id=None)
    by_reporter = caller_of(service, reporter.client_id)
    change: Callable[..., Any] = memberships.change_role
    with pytest.raises(Forbidden):
        transact(by_reporter, change, reporter.client_id, PersonRole.MANAGER)
    for foreign in (elsewhere.client_id, chief.client_id, "cli_none"):
        with pytest.raises(NotFound):
            transact(manager, memberships.remove, foreign)
    with pytest.raises(Conflict):
        transact(manager, change, manager.client.client_id, PersonRole.READER)
    with pytest.raises(Conflict):
        transact(manager, change, reporter.client_id, PersonRole.OPERATOR)
    changed = transact(manager, change, reporter.client_id, PersonRole.READER)
    assert changed.role is PersonRole.READER
    assert "completions:write" not in caller_of(service, reporter.client_id).client.scopes
    settle(service)


def test_a_manager_whose_membership_ended_meanwhile_manages_nothing(service: Service) -> None:
    invited = invite(service, "m@example.org", "manager")
    manager = caller_of(service, invited.client_id)
    transact(operator(service), memberships.remove, invited.client_id)
    asked = Invitation(address="x@example.org", role=PersonRole.READER, client_role=Role.PROVIDER, id=PROVIDER)
    with pytest.raises(Forbidden):
        transact(manager, invitations.invite, asked)


def test_nobody_is_a_member_of_the_same_twice_or_in_a_role_of_another_kind(service: Service) -> None:
    invite(service)
    with pytest.raises(Conflict, match="already"):
        invite(service, "WILLA@example.org", "reader")
    with pytest.raises(InvalidRequest) as refused:
        invite(service, "nobody", "board")
    assert [fault.pointer for fault in refused.value.faults] == ["/address", "/role"]
    for of, id, role in (("provider", "9999999", "reader"), ("board", "XYZ", "board")):
        with pytest.raises(InvalidRequest):
            invite(service, "x@example.org", role, of=of, id=id)


def test_a_manager_of_a_provider_manages_the_keys_of_its_systems(service: Service, api: Api) -> None:
    manager = caller_of(service, invite(service, "m@example.org", "manager").client_id)

    def read(connection: Connection) -> set[str]:
        listed = management.page(connection, manager, revoked=False, after=None, limit=50)
        return {client.client_id for client in listed}

    assert api.client_id in service.database.read(read)


def test_the_last_use_of_a_session_is_noted_for_those_who_manage(service: Service) -> None:
    token, _ = signed_in(service, "willa@example.org", "reader")
    found = service.database.read(lambda connection: sessions.find(connection, token))
    assert found is not None
    (member,) = service.database.read(lambda connection: persons.members_of_provider(connection, PROVIDER))
    assert member.seen_at == service.clock()
