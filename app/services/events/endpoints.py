"""Webhook endpoints: created, listed, changed, given new secrets, deleted."""

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
from app.domain.audit import EndpointAudit
from app.domain.events import EventKind
from app.domain.webhooks import (
    SECRET_OVERLAP,
    DisabledReason,
    Endpoint,
    EndpointStatus,
    Secret,
)
from app.services.context import Caller, Service, Work
from app.services.preconditions import must_match
from app.store import webhooks

MOST_ENDPOINTS = 20
"""Of a client for one provider, for its board, or for all its providers."""
OF_BOARDS = frozenset((EventKind.FEED_AVAILABLE, EventKind.BATCH_COMPLETED, EventKind.WEBHOOK_TEST))
OF_PROVIDERS = frozenset(EventKind) - {EventKind.FEED_AVAILABLE}
MOST_SECRETS = 5
"""Signing at the same time, however often the secret is rotated."""

EndpointValues = Mapping[str, Any]
"""The fields that a client gives: url, event_types, description, status; in a change, only those to change."""


def create(work: Work, given: EndpointValues) -> tuple[Endpoint, str]:
    """Create an endpoint; return it with its secret, which is shown only this once.

    Raises `InvalidRequest` for a URL to which nothing is sent or for events that its owner does not receive, `Conflict`
    when there are `MOST_ENDPOINTS` already.
    """
    caller = work.caller
    _judge(caller, given)
    if len(webhooks.page(work.connection, *_owner(caller), None, MOST_ENDPOINTS)) == MOST_ENDPOINTS:
        raise Conflict(f"There are {MOST_ENDPOINTS} endpoints already; delete one first.")
    endpoint_id, secret = f"whe_{new_id()}", new_secret()
    client_id, provider_id, board = _owner(caller)
    endpoint = Endpoint(
        endpoint_id=endpoint_id,
        client_id=client_id,
        provider_id=provider_id,
        board=board,
        url=given["url"],
        event_types=_without_repeats(given.get("event_types")),
        description=given.get("description"),
        secrets=[_seal_secret(caller.service, endpoint_id, secret)],
        status=EndpointStatus.ENABLED,
        disabled_reason=None,
        disabled_at=None,
        failing_since=None,
        recovers_since=None,
        recovers_after=None,
        recovers_until=None,
        version=1,
        created_at=work.now,
        updated_at=work.now,
    )
    webhooks.add(work.connection, endpoint)
    work.audit("create", endpoint_id, EndpointAudit())
    return endpoint, secret


def get(connection: Connection, caller: Caller, endpoint_id: str) -> Endpoint:
    """Return an endpoint; raises `NotFound` for one that is not the caller's."""
    return _require(webhooks.one(connection, *_owner(caller), endpoint_id))


def page(connection: Connection, caller: Caller, *, after: str | None, limit: int) -> list[Endpoint]:
    """Return the caller's endpoints after an id, in the order in which they were created."""
    return webhooks.page(connection, *_owner(caller), after, limit)


def change(work: Work, endpoint_id: str, if_match: str | None, given: EndpointValues) -> Endpoint:
    """Change an endpoint; one enabled again counts as not failing. A change of nothing writes nothing.

    Raises `NotFound`, `PreconditionRequired` or `PreconditionFailed`, and `InvalidRequest` as `create` does.
    """
    endpoint = lock(work, endpoint_id)
    must_match(if_match, endpoint.version)
    _judge(work.caller, given)
    changed = _apply(given, endpoint, work.now)
    if changed == endpoint:
        return endpoint
    return save(work, changed, "change")


def _apply(given: EndpointValues, endpoint: Endpoint, now: datetime) -> Endpoint:
    edits = {name: value for name, value in given.items() if name != "status"}
    if "event_types" in edits:
        edits["event_types"] = _without_repeats(edits["event_types"])
    status = EndpointStatus(given.get("status", endpoint.status))
    if status is not endpoint.status:
        disabled = status is EndpointStatus.DISABLED
        edits |= {
            "status": status,
            "disabled_reason": DisabledReason.BY_CLIENT if disabled else None,
            "disabled_at": now if disabled else None,
            "failing_since": None,
        }
    return replace(endpoint, **edits)


def _without_repeats(types: Iterable[str] | None) -> list[str]:
    return list(dict.fromkeys(types or ()))


def rotate_secret(work: Work, endpoint_id: str) -> tuple[Endpoint, str]:
    """Give an endpoint a new secret, shown only this once; the previous one also signs for `SECRET_OVERLAP`."""
    endpoint = lock(work, endpoint_id)
    secret, until = new_secret(), work.now + SECRET_OVERLAP
    former = [replace(old, until=old.until or until) for old in _valid_secrets(endpoint, work.now)]
    secrets = [_seal_secret(work.service, endpoint_id, secret), *former][:MOST_SECRETS]
    return save(work, replace(endpoint, secrets=secrets), "rotate-secret"), secret


def delete(work: Work, endpoint_id: str, if_match: str | None) -> None:
    """Delete an endpoint with its pending deliveries; raises `NotFound` or `PreconditionFailed`."""
    endpoint = lock(work, endpoint_id)
    if if_match is not None:
        must_match(if_match, endpoint.version)
    webhooks.delete(work.connection, endpoint_id, work.now)
    work.audit("delete", endpoint_id, EndpointAudit())


def _valid_secrets(endpoint: Endpoint, now: datetime) -> list[Secret]:
    return [secret for secret in endpoint.secrets if secret.until is None or secret.until > now]


def signing_secrets(service: Service, endpoint: Endpoint, now: datetime) -> list[str]:
    """Return the secrets that sign now, newest first; those that can no longer be decrypted are left out."""
    opened = (
        service.keyring.unseal("webhook", secret.sealed, endpoint.endpoint_id)
        for secret in _valid_secrets(endpoint, now)
    )
    return [secret.decode() for secret in opened if secret is not None]


def _seal_secret(service: Service, endpoint_id: str, secret: str) -> Secret:
    return Secret(sealed=service.keyring.seal("webhook", secret.encode(), endpoint_id), until=None)


def _owner(caller: Caller) -> tuple[str, str | None, str | None]:
    """Return (client, provider, board), which together own an endpoint; for all providers, the last two are None."""
    client_id = caller.owner or caller.client.client_id
    return client_id, caller.provider, caller.client.board if caller.provider is None else None


def lock(work: Work, endpoint_id: str) -> Endpoint:
    """Return an endpoint that nobody else changes before this transaction ends; raises `NotFound`."""
    return _require(webhooks.one(work.connection, *_owner(work.caller), endpoint_id, for_update=True))


def _require(endpoint: Endpoint | None) -> Endpoint:
    if endpoint is None:
        raise NotFound
    return endpoint


def save(work: Work, endpoint: Endpoint, verb: str) -> Endpoint:
    """Write an endpoint as its next version, and audit it; return that version."""
    saved = replace(endpoint, version=endpoint.version + 1, updated_at=work.now)
    webhooks.save(work.connection, saved)
    work.audit(verb, saved.endpoint_id, EndpointAudit(version=saved.version))
    return saved


def _judge(caller: Caller, given: EndpointValues) -> None:
    faults = [
        ErrorItem(code="format", pointer=pointer, detail=detail, hint=_HINTS[pointer.split("/")[1]])
        for pointer, detail in _faults(caller, given)
    ]
    if faults:
        raise InvalidRequest(errors=faults)


_HINTS = {
    "url": "Send an address that receives POST requests, such as https://lms.example.org/pars.",
    "status": "Send enabled or disabled, or leave it out.",
    "event_types": "Leave it out of the list.",
}


def _faults(caller: Caller, given: EndpointValues) -> Iterator[tuple[str, str]]:
    if "url" in given:
        try:
            split(given["url"] or "", allow_private=caller.service.settings.webhook_allow_private)
        except UrlRefused as refused:
            yield "/url", str(refused)
    if "status" in given and given["status"] is None:
        yield "/status", "An endpoint is enabled or disabled."
    for_board = caller.client.board is not None
    for place, type in enumerate(given.get("event_types") or ()):
        # A test needs no subscription, and its name may stand among them.
        if type not in (OF_BOARDS if for_board else OF_PROVIDERS):
            yield f"/event_types/{place}", f"{type} is for {'providers' if for_board else 'boards'}."
