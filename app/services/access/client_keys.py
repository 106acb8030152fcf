"""The keys and client secrets of a client that is managed: listed, added for rotation, ended."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from app.core.errors import Conflict, ErrorItem, InvalidRequest, NotFound
from app.core.security import digest_of, new_api_key, new_secret
from app.domain.access.credentials import MOST_ACTIVE, ClientKey, KeyKind, key_id_of
from app.services.access import management
from app.services.access.rotation import audit_added, end_one
from app.services.context import Caller, Work
from app.store.access import keys


def list_keys(connection: Connection, caller: Caller, client_id: str) -> list[ClientKey]:
    """Return the keys of a client that were not ended, the newest first; raises `NotFound`."""
    management.get(connection, caller, client_id)
    return keys.list_keys(connection, client_id)


def get(connection: Connection, caller: Caller, client_id: str, key_id: str) -> ClientKey:
    """Return a key that was not ended; raises `NotFound`."""
    return _require(list_keys(connection, caller, client_id), key_id)


def add(work: Work, client_id: str, kind: KeyKind, expires_at: datetime | None) -> tuple[ClientKey, str]:
    """Give a client another key or client secret; return it as it is listed, and itself, shown only this once.

    It ends with the client of the caller at the latest, unless the one it is for ends before that anyway. Raises
    `NotFound`, `Forbidden` for a client that may do more than the caller, `InvalidRequest` for an expiry in the past or
    too late, and `Conflict` when `MOST_ACTIVE` of the kind work already, or the client was revoked.
    """
    manager, client = management.lock(work, client_id)
    management.refuse_beyond(work, manager, client)
    if client.revoked_at is not None:
        raise Conflict("The client was revoked, for good: create another.")
    if expires_at is not None and expires_at <= work.now:
        hint = "Send a moment to come, such as 2030-01-31T00:00:00Z, or leave it out."
        raise InvalidRequest(
            errors=[ErrorItem(code="format", pointer="/expires_at", detail="It is in the past.", hint=hint)]
        )
    if not management.ends_by(client.expires_at, manager.expires_at):
        expires_at = manager.expires_at if expires_at is None else expires_at
        if faults := management.faults_of_expiry(manager, expires_at):
            raise InvalidRequest(errors=faults)
    working = [key_id_of(digest) for digest, found in keys.working_digests(work.connection, client_id, work.now)
               if found is kind]  # fmt: skip
    if len(working) >= MOST_ACTIVE:
        what = "keys" if kind is KeyKind.API_KEY else "client secrets"
        raise Conflict(
            f"The client has {MOST_ACTIVE} {what} that work already: {', '.join(working)}. "
            "End the one that nobody uses any longer first."
        )
    secret = new_api_key(test=client.test) if kind is KeyKind.API_KEY else new_secret()
    row = keys.row_of(client_id, kind, digest_of(secret), secret, work.now, expires_at)
    keys.add(work.connection, [row])
    key_id = key_id_of(row["digest"])
    audit_added(work, client_id, key_id, kind, expires_at)
    return _require(keys.list_keys(work.connection, client_id), key_id), secret


def end(work: Work, client_id: str, key_id: str, *, own: bool) -> None:
    """End a key or client secret, and the tokens made with it, for good.

    Raises `NotFound`, and `Conflict` for the key with which the request itself was made, unless `own`.
    """
    manager, _ = management.lock(work, client_id)
    _require(keys.list_keys(work.connection, client_id), key_id)
    credential = manager.credential
    if not own and client_id == manager.client_id and credential is not None and credential.key_id == key_id:
        raise Conflict(
            "This request was made with that key, or with a token of it: the next one could not be. Use the key that "
            f"takes its place. {management.LOCKED_OUT}"
        )
    end_one(work, client_id, key_id)


def _require(known: list[ClientKey], key_id: str) -> ClientKey:
    found = next((key for key in known if key.key_id == key_id), None)
    if found is None:
        raise NotFound("The client has no such key, or it was ended.")
    return found
