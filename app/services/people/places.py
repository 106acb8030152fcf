"""All places of a person, with what waits at each provider: what the first page leads to."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection

from app.domain.clients import ProviderOverview, Role
from app.services.access import identity
from app.services.access.authentication import standing_client
from app.services.context import Caller, Service
from app.services.people.sessions import SignedIn

MOST_LISTED = 200
"""Providers of one membership that are listed."""


class ListedPlace(msgspec.Struct, frozen=True, kw_only=True):
    """A place of a person."""

    address: str
    name: str
    id: str = ""
    waiting: tuple[tuple[str, int], ...] = ()
    """(what, how many), of what there is any."""


def list_places(connection: Connection, service: Service, signed_in: SignedIn) -> list[ListedPlace]:
    """Return the places of a person: those where most waits first."""
    found: dict[str, ListedPlace] = {}
    others: list[ListedPlace] = []
    for membership in signed_in.memberships:
        if membership.client_role is Role.OPERATOR:
            others.append(ListedPlace(address="/operator", name="Operator's side"))
        elif membership.client_role is Role.LEARNER:
            others.append(ListedPlace(address="/passport/credits", name="CME Passport"))
        elif membership.board is not None:
            name = service.catalogue.board_name(membership.board)
            others.append(ListedPlace(address=f"/b/{membership.board}", name=name, id=membership.board))
        elif (client := standing_client(connection, membership.client_id, None, service.clock())) is not None:
            caller = Caller(service=service, client=client, provider=None)
            rows = identity.page_with_overviews(connection, caller, after=None, limit=MOST_LISTED)
            for provider, overview in rows:
                found[provider.provider_id] = ListedPlace(
                    address=f"/p/{provider.provider_id}",
                    name=provider.name,
                    id=provider.provider_id,
                    waiting=_waiting(overview) if overview is not None else (),
                )
    ordered = sorted(found.values(), key=lambda place: (-sum(count for _, count in place.waiting), place.name.lower()))
    return [*ordered, *others]


def _waiting(overview: ProviderOverview) -> tuple[tuple[str, int], ...]:
    counted = (
        ("credits rejected", overview.rejected),
        ("rows to fix", overview.rows_to_fix),
        ("records held", overview.held),
        ("activities with more attendance than was reported", overview.attendance_above_reported),
        ("activities to close", overview.activities_to_close),
        ("webhooks failing", overview.failing_endpoints),
    )
    return tuple((what, count) for what, count in counted if count)
