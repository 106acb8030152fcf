"""The people of the demo: one for each role, who enter with one click and have no authenticator.

Nothing here asks whether it is a demo: who calls it has to know.
"""

from __future__ import annotations

import msgspec

from app.domain.clients import Role
from app.domain.people.persons import PersonRole, fold_address
from app.services.access import clients as access
from app.services.context import Work
from app.services.demo.world import PROVIDER
from app.services.people import sessions
from app.services.people.invitations import Invitation, add_member
from app.services.people.sign_in import Signed
from app.store import clients
from app.store.people import persons

_VENDOR = "demo-vendor"


class DemoPerson(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody of the demo, as whom anybody enters."""

    key: str
    says: str
    """What the button says after *Enter as*."""
    name: str
    role: PersonRole
    client_role: Role
    id: str | None = None

    @property
    def address(self) -> str:
        """Where no mail goes."""
        return f"{self.key}@demo.example"


PEOPLE = (
    DemoPerson(
        key="clerk", says="a clerk", name="Dana Reyes", role=PersonRole.REPORTER, client_role=Role.PROVIDER,
        id=PROVIDER,
    ),
    DemoPerson(
        key="manager", says="a manager", name="Morgan Ellis", role=PersonRole.MANAGER, client_role=Role.PROVIDER,
        id=PROVIDER,
    ),
    DemoPerson(
        key="reader", says="somebody who looks things up", name="Robin Vance", role=PersonRole.READER,
        client_role=Role.PROVIDER, id=PROVIDER,
    ),
    DemoPerson(
        key="vendor", says="a vendor's staff", name="Sam Okafor", role=PersonRole.REPORTER, client_role=Role.VENDOR,
        id=_VENDOR,
    ),
    DemoPerson(
        key="board", says="ABA's staff", name="Alex Brandt", role=PersonRole.BOARD, client_role=Role.BOARD, id="ABA"
    ),
    DemoPerson(
        key="operator", says="the operator", name="Jo Lindqvist", role=PersonRole.OPERATOR, client_role=Role.OPERATOR
    ),
)  # fmt: skip


def enter(work: Work, person: DemoPerson, browser: str) -> Signed:
    """Sign in as somebody of the demo, who is made if missing."""
    known = persons.by_address(work.connection, fold_address(person.address))
    if known is not None and persons.memberships_of(work.connection, known.person_id):
        return _begin(work, known.person_id, browser)
    id = _vendor(work) if person.client_role is Role.VENDOR else person.id
    asked = Invitation(
        address=person.address, role=person.role, client_role=person.client_role, id=id, name=person.name
    )
    return _begin(work, add_member(work, asked).person.person_id, browser)


def _begin(work: Work, person_id: str, browser: str) -> Signed:
    token = sessions.begin(work, person_id, browser, confirmed=True)
    return Signed(token=token, person_id=person_id, next_path=None)


def _vendor(work: Work) -> str:
    """Return the vendor's client of the demo, which acts for all providers of it."""
    client_id = clients.client_named(work.connection, _VENDOR)
    if client_id is None:
        client_id = access.create(work, _VENDOR, role=Role.VENDOR).client_id
        for provider in clients.list_providers(work.connection, sandboxes=False):
            if provider.merged_into is None:
                access.give_grant(work, client_id, provider.provider_id)
    return client_id
