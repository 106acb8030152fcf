"""Links by which an export is taken once, without a key: for browsers, which send none.

A link stands for who made it: it leads to what that client may have when it is followed, and to nothing once the key,
the client, the grant or the scope is gone. Only its digest is stored, and what it asks for is encrypted.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from app.core.clock import new_id
from app.core.errors import DownloadGone, NotFound
from app.core.http.pagination import FilterQuery
from app.core.security import digest_of
from app.domain.audit import DownloadAudit
from app.domain.exports import ExportFormat, ExportKind
from app.domain.looking.downloads import LINK_LIFE, DownloadLink
from app.schemas.looking.exports import QUERIES
from app.services.access.authentication import standing_client
from app.services.context import Caller, Service, Work
from app.services.looking.exports import LISTS, Export, open_export
from app.store import clients
from app.store.looking import downloads as stored

_PURPOSE = "download"


class MadeDownload(msgspec.Struct, frozen=True, kw_only=True):
    """A link that was made. The token is answered only once: its digest is stored, not the token."""

    token: str
    expires_at: datetime


class FollowedDownload(msgspec.Struct, frozen=True, kw_only=True):
    """A link that leads somewhere: for whom, and to what."""

    link: DownloadLink
    caller: Caller
    export: Export


def create(work: Work, kind: ExportKind, format: ExportFormat, query: FilterQuery) -> MadeDownload:
    """Make a link to an export that was opened before, so that what it would refuse was refused."""
    caller = work.caller
    token, download_id = secrets.token_urlsafe(32), new_id()
    credential = caller.client.credential
    link = DownloadLink(
        download_id=download_id,
        client_id=caller.client.client_id,
        key_id=credential.key_id if credential is not None else None,
        provider_id=caller.provider_id,
        kind=kind,
        format=format,
        query=caller.service.keyring.seal(_PURPOSE, msgspec.json.encode(query.filters()), download_id),
        expires_at=work.now + LINK_LIFE,
        used_at=None,
    )
    stored.add(work.connection, link, digest_of(token), work.now)
    _audit(work, "create", link)
    return MadeDownload(token=token, expires_at=link.expires_at)


def maker_of(connection: Connection, token: str) -> str:
    """Return the client that made a link; raises `NotFound`."""
    link = stored.find(connection, digest_of(token))
    if link is None:
        raise NotFound("There is no such download.")
    return link.client_id


def follow(connection: Connection, service: Service, token: str, request_id: str | None) -> FollowedDownload:
    """Return where a link leads now; raises `NotFound`, `DownloadGone`, and what the export raises before it begins."""
    link = stored.find(connection, digest_of(token))
    if link is None:
        raise NotFound("There is no such download.")
    now = service.clock()
    client = standing_client(connection, link.client_id, link.key_id, now) if link.works_at(now) else None
    if client is None or LISTS[link.kind].scope not in client.scopes:
        raise DownloadGone
    provider_id = clients.provider_acted_for(connection, client, link.provider_id)
    query = service.keyring.unseal(_PURPOSE, link.query, link.download_id)
    if provider_id is None or query is None:
        raise DownloadGone
    caller = Caller(service=service, client=client, provider=provider_id, request_id=request_id)
    asked = QUERIES[link.kind].model_validate(msgspec.json.decode(query, type=dict[str, Any]))
    return FollowedDownload(
        link=link, caller=caller, export=open_export(connection, caller, link.kind, link.format, asked)
    )


def use(work: Work, link: DownloadLink) -> None:
    """Use a link up; raises `DownloadGone` where another request was first."""
    if not stored.use(work.connection, link.download_id, work.now):
        raise DownloadGone
    _audit(work, "use", link)


def _audit(work: Work, verb: str, link: DownloadLink) -> None:
    fields = DownloadAudit(kind=link.kind.value, format=link.format.value, provider_id=link.provider_id)
    work.audit(verb, link.download_id, fields)
