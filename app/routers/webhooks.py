"""`/v1/webhook-endpoints`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from msgspec.structs import replace

from app.core.errors import Conflict
from app.core.http.pagination import PageQuery
from app.core.http.routing import StrictRoute
from app.domain.webhooks import DeliveryStatus, Endpoint
from app.routers.answers import MINIMAL, NOT_MODIFIED, send, send_resource
from app.routers.callers import WebhooksEditor, WebhooksManager
from app.routers.conditions import IfMatch, IfNoneMatch
from app.routers.openapi import problems
from app.routers.paging import open_page
from app.schemas.webhooks import (
    WebhookDeliveryOut,
    WebhookDeliveryPage,
    WebhookEndpointIn,
    WebhookEndpointOut,
    WebhookEndpointPage,
    WebhookEndpointPatch,
    WebhookRecoveryIn,
    WebhookSecretOut,
)
from app.services.context import read_async, transact_async
from app.services.events import deliveries, endpoints, recovery
from app.services.idempotency import Answer

router = APIRouter(prefix="/v1/webhook-endpoints", tags=["Webhook endpoints"], route_class=StrictRoute)
PATH = "/v1/webhook-endpoints"
EndpointId = Annotated[str, Path(max_length=64, description="The endpoint's id.")]
DeliveryId = Annotated[str, Path(max_length=64, description="The delivery's id.")]


class DeliveryQuery(PageQuery):
    """Filters of the list of deliveries."""

    status: list[DeliveryStatus] = []


@router.post("", status_code=201, response_model=WebhookSecretOut, responses=problems(Conflict))
async def create_webhook_endpoint(caller: WebhooksManager, body: WebhookEndpointIn) -> Response:
    """Register an address that receives events from now on. The secret is shown only once.

    Deliveries are signed with it (Standard Webhooks). An endpoint belongs to the client that registers it, and to the
    provider that the client acts for. A vendor that names no provider registers one for all providers that have granted
    it the right, now or later; `data.provider_id` stands in every event. A board's client receives news of its feed
    (`feed.available`) and of its rosters (`batch.completed`), and nothing else.
    """
    endpoint, secret = await transact_async(caller, endpoints.create, body.fields_sent())
    return _send_with_secret(endpoint, secret, status=201)


@router.get("", response_model=WebhookEndpointPage)
async def list_webhook_endpoints(
    caller: WebhooksManager, query: Annotated[PageQuery, Query()], response: Response
) -> WebhookEndpointPage:
    """List the client's endpoints for the provider it acts for, oldest first.

    A vendor that names no provider lists those for all its providers.
    """
    asked = await open_page(caller, query, PATH)
    found = await read_async(caller, endpoints.page, after=asked.after, limit=asked.limit)
    page = asked.page(found, response, lambda endpoint: endpoint.endpoint_id)
    return WebhookEndpointPage(
        data=[WebhookEndpointOut.of(endpoint) for endpoint in page.rows], next_cursor=page.cursor
    )


@router.get("/{endpoint_id}", response_model=WebhookEndpointOut, responses=NOT_MODIFIED)
async def get_webhook_endpoint(
    caller: WebhooksManager, endpoint_id: EndpointId, if_none_match: IfNoneMatch = None
) -> Response:
    """Read one endpoint, and whether it accepts its deliveries."""
    found = await read_async(caller, endpoints.get, endpoint_id)
    return send_resource(WebhookEndpointOut.of(found).model_dump_json, found.version, if_none_match, of_person=False)


@router.patch("/{endpoint_id}", response_model=WebhookEndpointOut, responses=problems(428) | MINIMAL)
async def change_webhook_endpoint(
    caller: WebhooksEditor, endpoint_id: EndpointId, body: WebhookEndpointPatch, if_match: IfMatch = None
) -> Response:
    """Change an endpoint, or enable one that was disabled. Events of the time when it was disabled are not sent."""
    changed = await transact_async(caller, endpoints.change, endpoint_id, if_match, body.fields_sent())
    return send(caller, answer_of(changed, WebhookEndpointOut.of(changed)))


@router.delete("/{endpoint_id}", status_code=204, response_class=Response)
async def delete_webhook_endpoint(caller: WebhooksManager, endpoint_id: EndpointId, if_match: IfMatch = None) -> None:
    """Delete an endpoint, its secrets, and its pending deliveries."""
    await transact_async(caller, endpoints.delete, endpoint_id, if_match)


@router.post("/{endpoint_id}/rotate-secret", response_model=WebhookSecretOut)
async def rotate_webhook_secret(caller: WebhooksManager, endpoint_id: EndpointId) -> Response:
    """Give an endpoint a new secret, shown only once. For 24 hours the old one signs as well."""
    endpoint, secret = await transact_async(caller, endpoints.rotate_secret, endpoint_id)
    return _send_with_secret(endpoint, secret, status=200)


@router.post("/{endpoint_id}/test", response_model=WebhookDeliveryOut, responses=problems(Conflict))
async def test_webhook_endpoint(caller: WebhooksManager, endpoint_id: EndpointId) -> WebhookDeliveryOut:
    """Send a `webhook.test` to an endpoint now, and answer with what became of it.

    It is sent before whatever else waits, once, signed like any event, and also while the endpoint is disabled. Its
    outcome changes nothing about the endpoint. `status` is `delivered` or `dead`; where it is still `pending` or
    `sending` after 20 seconds, no worker runs or the endpoint has as many attempts under way as it may.
    """
    return WebhookDeliveryOut.of(await deliveries.test(caller, endpoint_id))


@router.post("/{endpoint_id}/recover", status_code=202, response_model=WebhookEndpointOut, responses=problems(Conflict))
async def recover_webhook_endpoint(
    caller: WebhooksManager, endpoint_id: EndpointId, body: WebhookRecoveryIn
) -> Response:
    """Send every event since an instant to an endpoint again: lost, refused and delivered ones, each under its id.

    Events that happened while the endpoint was disabled are sent as well, and only kinds that it wants. They are queued
    in the background, while newer ones go on; `recovers_since` is null once all of them are. A board is sent one
    `feed.available`.
    """
    recovering = await transact_async(caller, recovery.recover, endpoint_id, body.since)
    answer = answer_of(recovering, WebhookEndpointOut.of(recovering), status=202)
    return send(caller, replace(answer, headers=answer.headers | {"Location": f"{PATH}/{endpoint_id}"}))


@router.get("/{endpoint_id}/deliveries", response_model=WebhookDeliveryPage)
async def list_webhook_deliveries(
    caller: WebhooksManager, endpoint_id: EndpointId, query: Annotated[DeliveryQuery, Query()], response: Response
) -> WebhookDeliveryPage:
    """List the deliveries of an endpoint, newest first; each is kept for 30 days after it was delivered or given up."""
    asked = await open_page(caller, query, f"{PATH}/{endpoint_id}/deliveries")
    found = await read_async(
        caller, deliveries.page, endpoint_id, statuses=asked.query.status, before=asked.after, limit=asked.limit
    )
    page = asked.page(found, response, lambda delivery: delivery.delivery_id)
    return WebhookDeliveryPage(
        data=[WebhookDeliveryOut.of(delivery) for delivery in page.rows], next_cursor=page.cursor
    )


@router.post(
    "/{endpoint_id}/deliveries/{delivery_id}/redeliver",
    response_model=WebhookDeliveryOut,
    responses=problems(Conflict),
)
async def redeliver_webhook(
    caller: WebhooksManager, endpoint_id: EndpointId, delivery_id: DeliveryId
) -> WebhookDeliveryOut:
    """Send a delivery once more, under the same `webhook-id`, whether it is dead or was delivered."""
    return WebhookDeliveryOut.of(await transact_async(caller, deliveries.redeliver, endpoint_id, delivery_id))


def answer_of(endpoint: Endpoint, out: WebhookEndpointOut, status: int = 200) -> Answer:
    """Return the answer with an endpoint, and its version as `ETag`."""
    return Answer(status=status, body=out.model_dump_json(), headers={"ETag": f'"{endpoint.version}"'})


def _send_with_secret(endpoint: Endpoint, secret: str, *, status: int) -> Response:
    """Send an endpoint with its new secret: no cache keeps it, and nothing compresses it."""
    answer = answer_of(endpoint, WebhookSecretOut.with_secret(endpoint, secret), status)
    headers = answer.headers | {"Cache-Control": "no-store, no-transform"}
    if status == 201:
        headers["Location"] = f"{PATH}/{endpoint.endpoint_id}"
    return Response(answer.body, status, headers=headers, media_type="application/json")
