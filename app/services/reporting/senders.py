"""Senders whose records are judged after they have gone: with the rights that they have then."""

from __future__ import annotations

from sqlalchemy import Connection

from app.domain.clients import Role
from app.services.context import Caller, Service, Work
from app.store import clients
from app.store.access import grants


def sender_work(
    service: Service, connection: Connection, client_id: str, provider_id: str, request_id: str | None = None
) -> Work | None:
    """Return the work of a client for a provider; None when it was revoked, has expired, or may not act for it now.

    Its grant stands until the transaction ends: whoever revokes it waits, and nothing is reported under it afterwards.
    """
    client = clients.by_id(connection, client_id)
    if client is None or client.expired_at(service.clock()):
        return None
    if clients.provider_acted_for(connection, client, provider_id) != provider_id:
        return None
    if client.role is not Role.OPERATOR and not grants.hold(connection, client, provider_id):
        return None
    caller = Caller(service=service, client=client, provider=provider_id, request_id=request_id)
    return Work(connection=connection, caller=caller, now=service.clock())
