"""Visits: what a signed-in person may do at the place that an address names, as it stands at this moment."""

from __future__ import annotations

import enum
from datetime import datetime

import msgspec
from sqlalchemy import Connection

from app.domain.clients import Client, Role
from app.domain.people.persons import Membership, PersonRole
from app.services.access.authentication import standing
from app.services.context import Service
from app.services.people import sessions
from app.services.people.sessions import SignedIn
from app.store import clients
from app.store.people import persons

MOST_NAMED = 20
"""Providers that a page names in its head; the first page lists all."""
_STRONGEST = (PersonRole.READER, PersonRole.REPORTER, PersonRole.MANAGER)


class PlaceKind(enum.Enum):
    """What an address is about."""

    ANYWHERE = "anywhere"
    """Nothing that belongs to somebody: every person may be there."""
    PROVIDER = "provider"
    BOARD = "board"
    INSTALLATION = "installation"
    """The operator's side; of one provider where the address names one."""
    PASSPORT = "passport"
    """What a physician sees of themselves."""


class Whereabouts(msgspec.Struct, frozen=True, kw_only=True):
    """What an address is about, with the id that it names."""

    kind: PlaceKind
    id: str | None = None


class Seat(msgspec.Struct, frozen=True, kw_only=True):
    """In what role somebody is at a place, by which membership."""

    role: PersonRole
    client: Client
    """The membership, as it stands now."""
    provider: str | None = None


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """A session, and the seat of its person at a place; None for somebody who has none there."""

    signed_in: SignedIn
    seat: Seat | None
    names: dict[str, str] = {}
    """The names of the first `MOST_NAMED` providers that the person may act for, and of the one of the place."""

    def is_signed_in(self, now: datetime) -> bool:
        """Whether the session works, of somebody who may still do something; a second factor may be missing."""
        return self.signed_in.session.works_at(now) and bool(self.signed_in.memberships)


def look_up(connection: Connection, service: Service, token: str, place: Whereabouts) -> Visit | None:
    """Return who visits a place; None for a cookie that is no session, or was one long ago."""
    signed_in = sessions.find(connection, token)
    if signed_in is None:
        return None
    if not signed_in.session.works_at(service.clock()) or signed_in.needs_factor:
        return Visit(signed_in=signed_in, seat=None)
    seat = _seat(connection, service, signed_in, place)
    ids = sorted({id for membership in signed_in.memberships for id in membership.provider_ids})[:MOST_NAMED]
    if seat is not None and seat.provider is not None:
        ids.append(seat.provider)
    return Visit(signed_in=signed_in, seat=seat, names=persons.provider_names(connection, ids))


async def note_seen(service: Service, signed_in: SignedIn) -> None:
    """Write that a session is used, where that is due."""
    now, session = service.clock(), signed_in.session
    if sessions.is_to_be_noted(session, now):
        await service.database.write_async(
            lambda connection: sessions.note_seen(connection, session, now), whose=signed_in.person.person_id
        )


def _seat(connection: Connection, service: Service, signed_in: SignedIn, place: Whereabouts) -> Seat | None:
    """Return the strongest seat of a person at a place."""
    now = service.clock()
    seats: list[Seat] = []
    for membership in signed_in.memberships:
        if not _may_be_there(membership, place):
            continue
        client = standing(signed_in.clients[membership.client_id], now)
        if client is None:
            continue
        provider = None
        if place.kind is PlaceKind.PROVIDER or (place.kind is PlaceKind.INSTALLATION and place.id is not None):
            # Asked each time, like a grant of a vendor's.
            provider = clients.provider_acted_for(connection, client, place.id or "")
            if provider is None:
                continue
        seats.append(Seat(role=membership.role, client=client, provider=provider))
    return max(seats, key=lambda seat: _STRONGEST.index(seat.role) if seat.role in _STRONGEST else 0, default=None)


def _may_be_there(membership: Membership, place: Whereabouts) -> bool:
    match place.kind:
        case PlaceKind.PROVIDER:
            return membership.client_role in (Role.PROVIDER, Role.VENDOR)
        case PlaceKind.BOARD:
            return membership.client_role is Role.BOARD and membership.board == place.id
        case PlaceKind.INSTALLATION:
            return membership.client_role is Role.OPERATOR
        case PlaceKind.PASSPORT:
            return membership.client_role is Role.LEARNER
        case _:
            return True
