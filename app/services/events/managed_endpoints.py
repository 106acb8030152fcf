"""Webhook endpoints of the clients that a manager looks after: an endpoint is a system's, and stays when people go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from msgspec.structs import replace
from sqlalchemy import Connection

from app.domain.clients import ClientListing
from app.domain.webhooks import Endpoint, WebhookDelivery
from app.services.access import management
from app.services.context import Caller, Work
from app.services.events import deliveries, endpoints

P = ParamSpec("P")
T = TypeVar("T")


def list_all(connection: Connection, caller: Caller) -> list[tuple[ClientListing, list[Endpoint]]]:
    """Return the clients that the caller manages, each with its endpoints for the caller's provider."""
    clients = management.page(connection, caller, revoked=False, after=None, limit=management.MOST_CLIENTS)
    return [
        (client, endpoints.page(connection, _owned(caller, client), after=None, limit=endpoints.MOST_ENDPOINTS))
        for client in clients
    ]


def get(connection: Connection, caller: Caller, client_id: str, endpoint_id: str) -> tuple[ClientListing, Endpoint]:
    """Return an endpoint of a client that the caller manages, with that client; raises `NotFound`."""
    client = management.get(connection, caller, client_id)
    return client, endpoints.get(connection, _owned(caller, client), endpoint_id)


def page_of_deliveries(
    connection: Connection, caller: Caller, client_id: str, endpoint_id: str, *, before: str | None, limit: int
) -> list[WebhookDelivery]:
    """Return the deliveries of such an endpoint before an id, the newest first; raises `NotFound`."""
    client = management.get(connection, caller, client_id)
    return deliveries.page(
        connection, _owned(caller, client), endpoint_id, statuses=(), before=before, limit=limit
    )  # fmt: skip


def look_after(
    work: Work, client_id: str, verb: Callable[Concatenate[Work, P], T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Do something with the endpoints of a client that the caller manages now; the log names the caller.

    Raises `NotFound` for any other client, `Forbidden` for who is a manager no longer, and as the verb does.
    """
    _, client = management.lock(work, client_id)
    work.caller = _owned(work.caller, client)
    return verb(work, *args, **kwargs)


def _owned(caller: Caller, client: ClientListing) -> Caller:
    return replace(caller, owner=client.client_id)
