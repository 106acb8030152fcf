"""`/v1/clients`: the clients that a client manages, and their keys."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from app.core.errors import Conflict, Forbidden, InvalidRequest
from app.core.http.pagination import PageQuery
from app.core.http.routing import StrictRoute
from app.domain.clients import ClientListing
from app.routers.answers import NOT_MODIFIED, send_resource
from app.routers.callers import ClientsManager
from app.routers.conditions import IfMatch, IfNoneMatch
from app.routers.openapi import problems
from app.routers.paging import open_page
from app.schemas.access.clients import (
    ClientKeyIn,
    ClientKeyList,
    ClientKeyOut,
    MadeClientOut,
    MadeKeyOut,
    ManagedClientIn,
    ManagedClientOut,
    ManagedClientPage,
    ManagedClientPatch,
)
from app.services.access import client_keys, management
from app.services.access.management import NewClient
from app.services.context import read_async, transact_async

PATH = "/v1/clients"
router = APIRouter(prefix=PATH, tags=["Clients"], route_class=StrictRoute)
ClientId = Annotated[str, Path(max_length=64, description="The client's id.")]
KeyId = Annotated[str, Path(max_length=64, description="The key's id: never the key itself.")]
Own = Annotated[bool, Query(description="Do it also to the client, or key, that this request was made with.")]
_SECRET = {"Cache-Control": "no-store, no-transform"}
"""No cache keeps it, and nothing compresses it."""


class ClientQuery(PageQuery):
    """Filters of the list of clients."""

    revoked: Annotated[bool, Query(description="Those that were revoked as well.")] = False


@router.get("", response_model=ManagedClientPage)
async def list_clients(
    caller: ClientsManager, query: Annotated[ClientQuery, Query()], response: Response
) -> ManagedClientPage:
    """List the clients that you manage, your own among them, the oldest first.

    A provider's client manages those that act for its provider and no other; a vendor's those of its vendor, which
    belong together because one made the other; an operator's everybody. A client of another answers as one that is not
    there.
    """
    asked = await open_page(caller, query, PATH)
    found = await read_async(caller, management.page, revoked=asked.query.revoked, after=asked.after, limit=asked.limit)
    page = asked.page(found, response, lambda client: client.client_id)
    return ManagedClientPage(data=[ManagedClientOut.of(client) for client in page.rows], next_cursor=page.cursor)


@router.post("", status_code=201, response_model=MadeClientOut, responses=problems(Conflict))
async def create_client(caller: ClientsManager, body: ManagedClientIn) -> Response:
    """Make a client with a key and a client secret, which are shown only this once.

    It has no scope, no provider and no time that yours has not. A client of a vendor acts for the providers that yours
    acts for now: what is granted later is granted to each.
    """
    asked = NewClient(
        name=body.name,
        role=body.role,
        provider_ids=body.provider_ids,
        board=body.board,
        scopes=body.scopes,
        test=None if body.environment is None else body.environment == "test",
        expires_at=body.expires_at,
    )
    client, created = await transact_async(caller, management.create, asked)
    out = MadeClientOut.with_secrets(client, created.api_key, created.client_secret)
    headers = _SECRET | {"Location": f"{PATH}/{client.client_id}", "ETag": f'"{client.version}"'}
    return Response(out.model_dump_json(), 201, headers=headers, media_type="application/json")


@router.get("/{client_id}", response_model=ManagedClientOut, responses=NOT_MODIFIED)
async def get_client(caller: ClientsManager, client_id: ClientId, if_none_match: IfNoneMatch = None) -> Response:
    """Read a client that you manage, revoked or not."""
    found = await read_async(caller, management.get, client_id)
    return send_resource(ManagedClientOut.of(found).model_dump_json, found.version, if_none_match)


@router.patch("/{client_id}", response_model=ManagedClientOut, responses=problems(428, Conflict))
async def change_client(
    caller: ClientsManager,
    client_id: ClientId,
    body: ManagedClientPatch,
    own: Own = False,
    if_match: IfMatch = None,
) -> Response:
    """Change the name, the scopes or the expiry of a client; what is narrowed holds within a second.

    You give no scope that you do not have, and no time beyond that of your own client. To take `clients:manage` from
    your own client is refused unless you say `own=true`.
    """
    changed = await transact_async(caller, management.change, client_id, if_match, body.fields_sent(), own=own)
    return _send(changed)


@router.post("/{client_id}/revoke", response_model=ManagedClientOut, responses=problems(Conflict))
async def revoke_client(caller: ClientsManager, client_id: ClientId, own: Own = False) -> Response:
    """Revoke a client for good: its keys, its client secrets and its tokens work no longer, within a second.

    Nothing more is sent to its webhook endpoints, and records that its batches have not reached are rejected. Sent
    again, nothing happens. Your own client is refused unless you say `own=true`.
    """
    return _send(await transact_async(caller, management.revoke, client_id, own=own))


@router.get("/{client_id}/keys", response_model=ClientKeyList)
async def list_client_keys(caller: ClientsManager, client_id: ClientId) -> ClientKeyList:
    """List the keys and client secrets of a client that were not ended, and when each was last used; newest first."""
    found = await read_async(caller, client_keys.list_keys, client_id)
    return ClientKeyList(data=[ClientKeyOut.of(key) for key in found])


@router.post(
    "/{client_id}/keys",
    status_code=201,
    response_model=MadeKeyOut,
    responses=problems(Conflict, Forbidden, InvalidRequest),
)
async def add_client_key(caller: ClientsManager, client_id: ClientId, body: ClientKeyIn) -> Response:
    """Give a client another key, or client secret, which is shown only this once; those it has go on.

    Two keys and two client secrets work at the same time: add one, have it used, end the other. You cannot add a key to
    a client that may do more than yours.
    """
    key, secret = await transact_async(caller, client_keys.add, client_id, body.kind, body.expires_at)
    headers = _SECRET | {"Location": f"{PATH}/{client_id}/keys/{key.key_id}"}
    out = MadeKeyOut.with_secret(key, secret).model_dump_json()
    return Response(out, 201, headers=headers, media_type="application/json")


@router.get("/{client_id}/keys/{key_id}", response_model=ClientKeyOut)
async def get_client_key(caller: ClientsManager, client_id: ClientId, key_id: KeyId) -> ClientKeyOut:
    """Read when a key expires, and when it was last used."""
    return ClientKeyOut.of(await read_async(caller, client_keys.get, client_id, key_id))


@router.delete("/{client_id}/keys/{key_id}", status_code=204, response_class=Response, responses=problems(Conflict))
async def end_client_key(caller: ClientsManager, client_id: ClientId, key_id: KeyId, own: Own = False) -> None:
    """End a key or client secret for good, with the tokens made with it, within a second.

    The key that this request is made with is refused unless you say `own=true`.
    """
    await transact_async(caller, client_keys.end, client_id, key_id, own=own)


def _send(client: ClientListing) -> Response:
    headers = {"ETag": f'"{client.version}"'}
    return Response(ManagedClientOut.of(client).model_dump_json(), headers=headers, media_type="application/json")
