"""`/v1/me` and `/v1/providers`."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Response

from app.core.http.pagination import MAX_LIMIT
from app.core.http.routing import StrictRoute
from app.domain.clients import Environment
from app.routers.callers import AnyClient
from app.routers.paging import open_page
from app.schemas.completion_answers import MOST_ITEMS
from app.schemas.identity import CredentialOut, LimitsOut, MeOut, ProviderOut, ProviderPage, ProviderQuery
from app.services.access import identity
from app.services.access.identity import Identity, ProviderRow
from app.services.access.scopes import SCOPES
from app.services.context import Caller, read_async
from app.services.events.endpoints import MOST_ENDPOINTS

router = APIRouter(prefix="/v1", tags=["Clients"], route_class=StrictRoute)
PROVIDERS = "/v1/providers"


@router.get("/me", response_model=MeOut)
async def get_me(caller: AnyClient) -> MeOut:
    """Read which client the key belongs to, what it may do, and for which providers."""
    return answer_of(caller, await read_async(caller, identity.identify))


@router.get("/providers", response_model=ProviderPage)
async def list_providers(
    caller: AnyClient, query: Annotated[ProviderQuery, Query()], response: Response
) -> ProviderPage:
    """List the providers that the client may act for now, by id; an operator's list has every provider.

    A grant that was revoked is gone from it at once. `granted_at` shows which are new, and `include=overview` what
    waits at each: rejected credit and rows, held records, failing webhooks.
    """
    asked = await open_page(caller, query, PROVIDERS)
    read = identity.page_with_overviews if asked.query.include else identity.page
    found = await read_async(caller, read, after=asked.after, limit=asked.limit)
    page = asked.page(found, response, _id_of)
    return ProviderPage(data=[ProviderOut.of(*row) for row in page.rows], next_cursor=page.cursor)


def _id_of(row: ProviderRow) -> str:
    provider, _ = row
    return provider.provider_id


def answer_of(caller: Caller, found: Identity) -> MeOut:
    """Return the answer with a client, and the limits of the installation."""
    client, settings = found.client, caller.service.settings
    assert client.credential is not None
    return MeOut.model_validate(
        {
            "client_id": client.client_id,
            "name": found.name,
            "role": client.role,
            "board": client.board,
            "environment": Environment.TEST if client.test else Environment.LIVE,
            "scopes": [scope for scope in SCOPES if scope in client.scopes],
            "providers": [ProviderOut.of(provider) for provider in found.providers],
            "provider_count": found.provider_count,
            "provider_required": found.must_name_provider,
            "expires_at": client.expires_at,
            **msgspec.structs.asdict(found.attestation),
            "credential": CredentialOut.model_validate(msgspec.structs.asdict(client.credential)),
            "limits": LimitsOut(
                body_bytes=settings.body_limit,
                upload_bytes=settings.upload_limit,
                upload_quota_bytes=settings.upload_quota or None,
                bulk_items=MOST_ITEMS,
                page_rows=MAX_LIMIT,
                idempotency_key_days=settings.keep_answers_days,
                webhook_endpoints=MOST_ENDPOINTS,
                connections=settings.address_connection_limit,
                requests_per_second=settings.rate_client or None,
                requests_at_once=settings.rate_client_burst if settings.rate_client else None,
                provider_requests_per_second=settings.rate_provider or None,
                provider_requests_at_once=settings.rate_provider_burst if settings.rate_provider else None,
            ),
        }
    )
