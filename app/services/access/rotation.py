"""Rotation by the operator: a new key and secret beside the old ones, which end once nobody needs them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from msgspec import UNSET

from app.core.errors import OperatorFault
from app.core.security import digest_of, new_api_key, new_secret
from app.domain.access.credentials import MOST_ACTIVE, ClientKey, KeyKind, digests_of, key_id_of
from app.domain.audit import ClientAudit
from app.services.access.clients import CreatedClient, find_client
from app.services.context import Work
from app.store import clients
from app.store.access import keys


def add_secrets(work: Work, named: str, *, replace: bool = True, expires_at: datetime | None = None) -> CreatedClient:
    """Give a client another key and secret, beside those it has; raises `OperatorFault`.

    It is named by its id, or by its name when no other client that works has the name. At most `MOST_ACTIVE` of each
    kind work at a time: where these are to `replace` all others the oldest ends at once, else one more is refused.
    """
    client_id = find_client(work.connection, named)
    keys.lock_client(work.connection, client_id)
    client = clients.by_id(work.connection, client_id)
    if client is None:
        raise OperatorFault("The client has been revoked: create another.")
    if expires_at is not None and expires_at <= work.now:
        raise OperatorFault("The key would have expired already.")
    working = keys.working_digests(work.connection, client_id, work.now)
    surplus = _surplus(working)
    if surplus and not replace:
        raise OperatorFault(
            f"The client has {MOST_ACTIVE} keys that work already: end those that nobody uses any longer with "
            "pars client rotate CLIENT --end-old, or one of them with pars client end-key CLIENT KEY_ID."
        )
    _end(work, client_id, surplus)
    created = CreatedClient(
        client_id=client_id,
        api_key=new_api_key(test=client.test),
        client_secret=new_secret(),
        former=frozenset(digest for digest, _ in working if digest not in surplus),
    )
    rows = [
        keys.row_of(client_id, kind, digest_of(secret), secret, work.now, expires_at) for kind, secret in created.made
    ]
    keys.add(work.connection, rows)
    for row in rows:
        audit_added(work, client_id, key_id_of(row["digest"]), KeyKind(row["kind"]), expires_at)
    return created


def audit_added(work: Work, client_id: str, key_id: str, kind: KeyKind, expires_at: datetime | None) -> None:
    """Add the audit entry of a key that a client was given."""
    expires = expires_at.isoformat() if expires_at is not None else UNSET
    work.audit("add-key", client_id, ClientAudit(key_id=key_id, kind=kind.value, expires_at=expires))


def _surplus(working: Collection[tuple[str, KeyKind]]) -> list[str]:
    """Return the digests, of keys that work, newest first, beyond those beside which one more of the kind may work."""
    surplus = []
    for kind in KeyKind:
        of_kind = [digest for digest, found in working if found is kind]
        surplus += of_kind[MOST_ACTIVE - 1 :]
    return surplus


def end_others(work: Work, created: CreatedClient) -> int:
    """End the keys and secrets that worked when some were made; return how many worked until now.

    Those of somebody who rotates at the same time are younger, and go on: they end these.
    """
    return _end(work, created.client_id, created.former)


def end_older(work: Work, named: str) -> tuple[str, int]:
    """End all keys and secrets of a client but its newest; return its id, and how many worked until now."""
    client_id = find_client(work.connection, named)
    keys.lock_client(work.connection, client_id)
    working = keys.working_digests(work.connection, client_id, work.now)
    newest: dict[KeyKind, str] = {}
    for digest, kind in working:
        newest.setdefault(kind, digest)
    return client_id, _end(work, client_id, [digest for digest, _ in working if digest not in newest.values()])


def end_key(work: Work, named: str, key_id: str) -> ClientKey:
    """End one key or secret of a client; raises `OperatorFault`."""
    client_id = find_client(work.connection, named)
    keys.lock_client(work.connection, client_id)
    known = {key.key_id: key for key in keys.list_keys(work.connection, client_id)}
    if key_id not in known:
        some = f"; it has {', '.join(known)}" if known else ""
        raise OperatorFault(f"The client has no key with this id{some}. pars client keys lists them.")
    end_one(work, client_id, key_id)
    return known[key_id]


def end_one(work: Work, client_id: str, key_id: str) -> None:
    """End a key that a client has."""
    low, high = digests_of(key_id) or ("", "")
    keys.end_between(work.connection, client_id, low, high, work.now)
    work.audit("end-key", client_id, ClientAudit(key_id=key_id))


def take_back(work: Work, created: CreatedClient) -> None:
    """End a key and a secret that nobody has seen; the others of the client go on."""
    _end(work, created.client_id, [digest_of(secret) for _, secret in created.made])


def _end(work: Work, client_id: str, digests: Collection[str]) -> int:
    ended = [digest for digest in sorted(digests) if keys.end(work.connection, digest, work.now)]
    for digest in ended:
        work.audit("end-key", client_id, ClientAudit(key_id=key_id_of(digest)))
    return len(ended)
