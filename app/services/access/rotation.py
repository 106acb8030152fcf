"""The rotation of a client's key and secret: new ones beside the old, which end once nobody needs them."""

from __future__ import annotations

from collections.abc import Collection

from app.core.errors import OperatorFault
from app.core.security import digest_of, new_api_key, new_secret
from app.domain.audit import ClientAudit
from app.services.access.clients import CreatedClient, find_client
from app.services.context import Work
from app.store import clients


def add_secrets(work: Work, named: str) -> CreatedClient:
    """Give a client another key and secret, beside those it has; raises `OperatorFault`.

    It is named by its id, or by its name when no other client that works has the name.
    """
    client_id = find_client(work, named)
    client = clients.by_id(work.connection, client_id)
    if client is None:
        raise OperatorFault("The client has been revoked: create another.")
    created = CreatedClient(client_id=client_id, api_key=new_api_key(test=client.test), client_secret=new_secret())
    clients.add_secrets(
        work.connection,
        [
            {"digest": digest_of(secret), "client_id": client_id, "kind": kind, "created_at": work.now}
            for secret, kind in ((created.api_key, "api-key"), (created.client_secret, "client-secret"))
        ],
    )
    work.audit("add-key", client_id, ClientAudit())
    return created


def end_others(work: Work, created: CreatedClient) -> int:
    """End all keys and secrets of a client but some; return how many worked until now."""
    return _end(work, created.client_id, {digest_of(created.api_key), digest_of(created.client_secret)})


def end_older(work: Work, named: str) -> tuple[str, int]:
    """End all keys and secrets of a client but its newest; return its id, and how many worked until now."""
    client_id = find_client(work, named)
    newest: dict[str, str] = {}
    for digest, kind in clients.working_secrets(work.connection, client_id):
        newest.setdefault(kind, digest)
    return client_id, _end(work, client_id, set(newest.values()))


def take_back(work: Work, created: CreatedClient) -> None:
    """End a key and a secret that nobody has seen; the others of the client go on."""
    unseen = {digest_of(created.api_key), digest_of(created.client_secret)}
    working = {digest for digest, _ in clients.working_secrets(work.connection, created.client_id)}
    _end(work, created.client_id, working - unseen)


def _end(work: Work, client_id: str, kept: Collection[str]) -> int:
    ended = [digest for digest, _ in clients.working_secrets(work.connection, client_id) if digest not in kept]
    for digest in ended:
        clients.revoke_secret(work.connection, digest, work.now)
    if ended:
        work.audit("end-keys", client_id, ClientAudit())
    return len(ended)
