"""Webhook endpoints: where a client wants to be told of the records, or of the feed, of whom it acts for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Connection

from app.core.clock import new_id
from app.core.errors import Conflict, ErrorItem, InvalidRequest, NotFound
from app.delivery.signatures import new_secret
from app.delivery.targets import UrlRefused, split
from app.domain.webhooks import (
    FEED_AVAILABLE,
    OVERLAP,
    DisabledReason,
    Endpoint,
    EndpointStatus,
    Secret,
)
from app.services.context import Caller, Service, Work
from app.services.preconditions import must_match
from app.store import webhooks

MOST_ENDPOINTS = 20
"""Of one client for one provider."""
MOST_SECRETS = 5
"""That sign at the same time, however often a secret is rotated."""


Wishes = Mapping[str, Any]
"""What a client asks of an endpoint: url, event_types, description, status; of a change, only what it names."""


def create(work: Work, wishes: Wishes) -> tuple[Endpoint, str]:
    """Make an endpoint; return it with its secret, which is shown this once.

    Raises `InvalidRequest` for a URL to which nothing is sent, or events that its owner is not told of, and `Conflict`
    when there are too many.
    """
    caller = work.caller
    _judge(caller, wishes)
    if len(webhooks.page(work.connection, *_owner(caller), None, MOST_ENDPOINTS)) == MOST_ENDPOINTS:
        raise Conflict(f"There are {MOST_ENDPOINTS} endpoints already; delete one first.")
    endpoint_id, secret = f"whe_{new_id()}", new_secret()
    client_id, provider_id, board = _owner(caller)
    endpoint = Endpoint(
        endpoint_id=endpoint_id,
        client_id=client_id,
        provider_id=provider_id,
        board=board,
        url=wishes["url"],
        event_types=_each_once(wishes.get("event_types")),
        description=wishes.get("description"),
        secrets=[_sealed(caller.service, endpoint_id, secret)],
        status=EndpointStatus.ENABLED,
        disabled_reason=None,
        disabled_at=None,
        failing_since=None,
        version=1,
        created_at=work.now,
        updated_at=work.now,
    )
    webhooks.add(work.connection, endpoint)
    work.audit("create", "webhook-endpoint", endpoint_id)
    return endpoint, secret


def get(connection: Connection, caller: Caller, endpoint_id: str) -> Endpoint:
    """Return an endpoint; raises `NotFound` for one that is not the caller's."""
    return _found(webhooks.one(connection, *_owner(caller), endpoint_id))


def page(connection: Connection, caller: Caller, *, after: str | None, limit: int) -> list[Endpoint]:
    """Return the caller's endpoints after an id, in the order in which they were made."""
    return webhooks.page(connection, *_owner(caller), after, limit)


def change(work: Work, endpoint_id: str, if_match: str | None, wishes: Wishes) -> Endpoint:
    """Change an endpoint; enabled again, it counts as one that has not failed. What changes nothing writes nothing.

    Raises `NotFound`, `PreconditionRequired` or `PreconditionFailed`, and `InvalidRequest` as `create` does.
    """
    standing = _locked(work, endpoint_id)
    must_match(if_match, standing.version)
    _judge(work.caller, wishes)
    changed = _changed(standing, wishes, work.now)
    if changed == standing:
        return standing
    return _saved(work, changed, "change")


def _changed(standing: Endpoint, wishes: Wishes, now: datetime) -> Endpoint:
    edits = {name: value for name, value in wishes.items() if name != "status"}
    if "event_types" in edits:
        edits["event_types"] = _each_once(edits["event_types"])
    status = EndpointStatus(wishes.get("status", standing.status))
    if status is not standing.status:
        disabled = status is EndpointStatus.DISABLED
        edits |= {
            "status": status,
            "disabled_reason": DisabledReason.BY_CLIENT if disabled else None,
            "disabled_at": now if disabled else None,
            "failing_since": None,
        }
    return replace(standing, **edits)


def _each_once(kinds: Iterable[str] | None) -> list[str]:
    return list(dict.fromkeys(kinds or ()))


def rotate(work: Work, endpoint_id: str) -> tuple[Endpoint, str]:
    """Give an endpoint another secret, shown this once; the one before signs beside it for a day."""
    standing = _locked(work, endpoint_id)
    secret, until = new_secret(), work.now + OVERLAP
    former = [replace(each, until=each.until or until) for each in valid_secrets(standing, work.now)]
    secrets = [_sealed(work.service, endpoint_id, secret), *former][:MOST_SECRETS]
    return _saved(work, replace(standing, secrets=secrets), "rotate-secret"), secret


def delete(work: Work, endpoint_id: str, if_match: str | None) -> None:
    """Delete an endpoint with what waits for it; raises `NotFound` or `PreconditionFailed`."""
    standing = _locked(work, endpoint_id)
    if if_match is not None:
        must_match(if_match, standing.version)
    webhooks.delete(work.connection, endpoint_id, work.now)
    work.audit("delete", "webhook-endpoint", endpoint_id)


def valid_secrets(endpoint: Endpoint, now: datetime) -> list[Secret]:
    """Return the secrets that sign at a moment, the newest first."""
    return [each for each in endpoint.secrets if each.until is None or each.until > now]


def opened_secrets(service: Service, endpoint: Endpoint, now: datetime) -> list[str]:
    """Return what a receiver may verify with at a moment; what the installation can no longer open is left out."""
    opened = (
        service.keyring.unseal("webhook", each.sealed, endpoint.endpoint_id) for each in valid_secrets(endpoint, now)
    )
    return [each.decode() for each in opened if each is not None]


def _sealed(service: Service, endpoint_id: str, secret: str) -> Secret:
    return Secret(sealed=service.keyring.seal("webhook", secret.encode(), endpoint_id), until=None)


def _owner(caller: Caller) -> tuple[str, str | None, str | None]:
    """Return client, and provider or board: all of it together is whose an endpoint is."""
    return caller.client.client_id, caller.provider, caller.client.board if caller.provider is None else None


def _locked(work: Work, endpoint_id: str) -> Endpoint:
    return _found(webhooks.one(work.connection, *_owner(work.caller), endpoint_id, for_update=True))


def _found(endpoint: Endpoint | None) -> Endpoint:
    if endpoint is None:
        raise NotFound
    return endpoint


def _saved(work: Work, endpoint: Endpoint, verb: str) -> Endpoint:
    saved = replace(endpoint, version=endpoint.version + 1, updated_at=work.now)
    webhooks.save(work.connection, saved)
    work.audit(verb, "webhook-endpoint", saved.endpoint_id, version=saved.version)
    return saved


def _judge(caller: Caller, wishes: Wishes) -> None:
    faults = [ErrorItem(code="format", pointer=pointer, detail=detail) for pointer, detail in _faults(caller, wishes)]
    if faults:
        raise InvalidRequest(errors=faults)


def _faults(caller: Caller, wishes: Wishes) -> Iterator[tuple[str, str]]:
    if "url" in wishes:
        try:
            split(wishes["url"] or "", allow_private=caller.service.settings.webhook_allow_private)
        except UrlRefused as refused:
            yield "/url", str(refused)
    if "status" in wishes and wishes["status"] is None:
        yield "/status", "An endpoint is enabled or disabled."
    for_board = caller.provider is None
    for place, kind in enumerate(wishes.get("event_types") or ()):
        if (kind == FEED_AVAILABLE) is not for_board:
            yield f"/event_types/{place}", f"{kind} is for {'providers' if for_board else 'boards'}."
