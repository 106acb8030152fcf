"""Webhooks of a provider's systems: where events are sent, what became of each, and another try."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from app.console.drawn_forms import DrawnForm, Said, said_of_problem
from app.console.forms import BodyForm
from app.console.frame import Flash, go_to, page
from app.console.once import submit_once
from app.console.pages.settings.confirming import ConfirmView, ask_first, settings_of
from app.console.pages.settings.keys import SecretsView
from app.console.routes import PageRoute, Sent, value_of
from app.console.visitors import Manager, Visitor
from app.core.errors import Conflict, InvalidRequest
from app.domain.events import EventKind
from app.domain.webhooks import DeliveryStatus, DisabledReason, Endpoint, EndpointStatus, WebhookDelivery
from app.schemas.webhooks import WebhookEndpointIn
from app.services.context import read_async, transact_async
from app.services.events import deliveries, endpoints, managed_endpoints

router = APIRouter(prefix="/p/{provider_id}/settings/webhooks", route_class=PageRoute, include_in_schema=False)
ClientId = Annotated[str, Path(max_length=64)]
EndpointId = Annotated[str, Path(max_length=64)]
DeliveryId = Annotated[str, Path(max_length=64)]
Before = Annotated[str | None, Query(max_length=64)]
FORM = BodyForm(WebhookEndpointIn)
ROWS = 50
EVENTS = {
    EventKind.COMPLETION_REPORTED: "Credit was reported",
    EventKind.COMPLETION_MATCHED: "A held record was matched",
    EventKind.COMPLETION_UNMATCHED: "A held record was refused",
    EventKind.HELP_ANSWERED: "The operator answered a question",
    EventKind.CREDIT_DECIDED: "A board decided",
    EventKind.CREDIT_CORRECTED: "Credit was corrected",
    EventKind.CREDIT_WITHDRAWN: "Credit was withdrawn",
    EventKind.ACTIVITY_CLOSED: "An activity was closed",
    EventKind.BATCH_COMPLETED: "A file was processed",
}
"""The events that a provider's endpoint may want, in words."""
_REASONS = {
    DisabledReason.BY_CLIENT: "It was switched off here.",
    DisabledReason.GONE: "It answered that it is gone.",
    DisabledReason.FAILING: "Everything sent to it failed for three days.",
}
_DELIVERIES = {
    DeliveryStatus.PENDING: ("pending", "Waits"),
    DeliveryStatus.SENDING: ("running", "Being sent"),
    DeliveryStatus.DELIVERED: ("accepted", "Delivered"),
    DeliveryStatus.DEAD: ("refused", "Given up"),
}


class EndpointRow(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint as the list shows it."""

    endpoint: Endpoint
    system: str
    client_id: str


class WebhooksView(msgspec.Struct, frozen=True, kw_only=True):
    """All endpoints, and the form that adds one."""

    address: str
    rows: tuple[EndpointRow, ...]
    systems: tuple[tuple[str, str], ...]
    form: DrawnForm
    events: tuple[tuple[str, str], ...] = tuple((kind.value, words) for kind, words in EVENTS.items())


class EndpointView(msgspec.Struct, frozen=True, kw_only=True):
    """One endpoint with its deliveries."""

    address: str
    """Of the endpoint."""
    settings: str
    endpoint: Endpoint
    system: str
    events: tuple[str, ...]
    enabled: bool
    why: str
    deliveries: tuple[WebhookDelivery, ...]
    states: dict[DeliveryStatus, tuple[str, str]]
    kinds: dict[str, str]
    older: str
    zone: str
    refusal: str = ""


@router.get("")
async def list_webhooks(request: Request, visitor: Manager, provider_id: str) -> Response:
    """List the endpoints of all systems, with a form to add one."""
    return await _show_list(request, visitor, DrawnForm(), 200)


@router.post("")
async def add_webhook(request: Request, visitor: Manager, provider_id: str, sent: Sent) -> Response:
    """Register an address for a system, and show its secret, this once."""
    typed = FORM.read(sent)
    client_id = value_of(sent, "system")
    said = [] if client_id else [Said(pointer="system", text="Choose the system that receives the events.")]
    fields = {**typed.fields, "system": [client_id]}
    try:
        body = FORM.validated(typed)
        if said:
            raise InvalidRequest
        done = await submit_once(
            request, visitor, sent, managed_endpoints.look_after, client_id, endpoints.create, body.fields_sent()
        )  # fmt: skip
    except (InvalidRequest, Conflict) as refusal:
        said += said_of_problem(refusal, typed.fields) if refusal.errors else []
        said = said or [Said(pointer="", text=refusal.detail)]
        return await _show_list(request, visitor, DrawnForm(fields, said), refusal.status)
    secret = done.result[1] if done.result is not None else None
    return _show_secret(request, visitor, body.url, secret, f"{settings_of(visitor)}/webhooks", "All webhooks")


@router.get("/{client_id}/{endpoint_id}")
async def show_webhook(
    request: Request, visitor: Manager, provider_id: str, client_id: ClientId, endpoint_id: EndpointId,
    before: Before = None,
) -> Response:  # fmt: skip
    """Show an endpoint with its deliveries, the newest first."""
    return await _show(request, visitor, client_id, endpoint_id, before=before)


@router.post("/{client_id}/{endpoint_id}/test")
async def test_webhook(
    request: Request, visitor: Manager, provider_id: str, client_id: ClientId, endpoint_id: EndpointId, sent: Sent
) -> Response:
    """Have a test sent, before whatever else waits."""
    try:
        await submit_once(
            request, visitor, sent, managed_endpoints.look_after, client_id, deliveries.queue_test, endpoint_id
        )  # fmt: skip
    except Conflict as refusal:
        return await _show(request, visitor, client_id, endpoint_id, refusal=refusal.detail, status=refusal.status)
    flash = Flash(text="A test is on its way. Load this page again in a few seconds to see what became of it.")
    return go_to(request, _address(visitor, client_id, endpoint_id), flash)


@router.post("/{client_id}/{endpoint_id}/deliveries/{delivery_id}/redeliver")
async def redeliver_webhook(
    request: Request, visitor: Manager, provider_id: str, client_id: ClientId, endpoint_id: EndpointId,
    delivery_id: DeliveryId, sent: Sent,
) -> Response:  # fmt: skip
    """Send a delivery once more, under the same id."""
    try:
        await submit_once(
            request, visitor, sent, managed_endpoints.look_after, client_id, deliveries.redeliver, endpoint_id,
            delivery_id,
        )  # fmt: skip
    except Conflict as refusal:
        return await _show(request, visitor, client_id, endpoint_id, refusal=refusal.detail, status=refusal.status)
    flash = Flash(text="It is sent once more, under the same id.")
    return go_to(request, _address(visitor, client_id, endpoint_id), flash)


@router.post("/{client_id}/{endpoint_id}/switch/{status}")
async def switch_webhook(
    request: Request, visitor: Manager, provider_id: str, client_id: ClientId, endpoint_id: EndpointId,
    status: EndpointStatus, sent: Sent,
) -> Response:  # fmt: skip
    """Switch an endpoint on or off."""
    tag = f'"{value_of(sent, "version")}"'
    await transact_async(
        visitor.caller, managed_endpoints.look_after, client_id, endpoints.change, endpoint_id, tag,
        {"status": status.value},
    )  # fmt: skip
    text = "Events are sent again." if status is EndpointStatus.ENABLED else "Nothing is sent until it is switched on."
    return go_to(request, _address(visitor, client_id, endpoint_id), Flash(text=text))


@router.post("/{client_id}/{endpoint_id}/rotate")
async def rotate_secret(
    request: Request, visitor: Manager, provider_id: str, client_id: ClientId, endpoint_id: EndpointId, sent: Sent
) -> Response:
    """Give an endpoint a new secret, and show it, this once."""
    done = await submit_once(
        request, visitor, sent, managed_endpoints.look_after, client_id, endpoints.rotate_secret, endpoint_id
    )  # fmt: skip
    _, endpoint = await read_async(visitor.caller, managed_endpoints.get, client_id, endpoint_id)
    secret = done.result[1] if done.result is not None else None
    address = _address(visitor, client_id, endpoint_id)
    return _show_secret(request, visitor, endpoint.url, secret, address, "The webhook")


@router.get("/{client_id}/{endpoint_id}/delete")
async def ask_to_delete(
    request: Request, visitor: Manager, provider_id: str, client_id: ClientId, endpoint_id: EndpointId
) -> Response:
    """Say what deleting an endpoint does."""
    _, endpoint = await read_async(visitor.caller, managed_endpoints.get, client_id, endpoint_id)
    address = _address(visitor, client_id, endpoint_id)
    view = ConfirmView(
        heading="Delete this webhook?",
        sentences=(f"{endpoint.url} is sent nothing more, and what waits for it is given up.",),
        action=f"{address}/delete",
        verb="Delete it",
        back=address,
    )
    return ask_first(request, visitor, view)


@router.post("/{client_id}/{endpoint_id}/delete")
async def delete_webhook(
    request: Request, visitor: Manager, provider_id: str, client_id: ClientId, endpoint_id: EndpointId, sent: Sent
) -> Response:
    """Delete an endpoint with its secrets and what waits for it."""
    await transact_async(
        visitor.caller, managed_endpoints.look_after, client_id, endpoints.delete, endpoint_id, None
    )  # fmt: skip
    return go_to(request, f"{settings_of(visitor)}/webhooks", Flash(text="The webhook was deleted."))


def _address(visitor: Visitor, client_id: str, endpoint_id: str) -> str:
    return f"{settings_of(visitor)}/webhooks/{client_id}/{endpoint_id}"


async def _show_list(request: Request, visitor: Visitor, form: DrawnForm, status: int) -> Response:
    found = await read_async(visitor.caller, managed_endpoints.list_all)
    view = WebhooksView(
        address=settings_of(visitor),
        rows=tuple(
            EndpointRow(endpoint=endpoint, system=client.name, client_id=client.client_id)
            for client, owned in found
            for endpoint in owned
        ),
        systems=tuple((client.client_id, client.name) for client, _ in found),
        form=form,
    )
    return page(request, visitor, "pages/settings/webhooks.html", view, status)


async def _show(
    request: Request,
    visitor: Visitor,
    client_id: str,
    endpoint_id: str,
    *,
    before: str | None = None,
    refusal: str = "",
    status: int = 200,
) -> Response:
    client, endpoint = await read_async(visitor.caller, managed_endpoints.get, client_id, endpoint_id)
    found = await read_async(
        visitor.caller, managed_endpoints.page_of_deliveries, client_id, endpoint_id, before=before, limit=ROWS + 1
    )  # fmt: skip
    address = _address(visitor, client_id, endpoint_id)
    kinds = {kind.value: words for kind, words in EVENTS.items()} | {EventKind.WEBHOOK_TEST.value: "Test"}
    view = EndpointView(
        address=address,
        settings=settings_of(visitor),
        endpoint=endpoint,
        system=client.name,
        events=tuple(kinds.get(kind, kind) for kind in endpoint.event_types) or ("All",),
        enabled=endpoint.status is EndpointStatus.ENABLED,
        why=_REASONS[endpoint.disabled_reason] if endpoint.disabled_reason is not None else "",
        deliveries=tuple(found[:ROWS]),
        states=_DELIVERIES,
        kinds=kinds,
        older=f"{address}?before={found[ROWS - 1].delivery_id}" if len(found) > ROWS else "",
        zone=visitor.time_zone,
        refusal=refusal,
    )
    return page(request, visitor, "pages/settings/webhook.html", view, status)


def _show_secret(request: Request, visitor: Visitor, url: str, secret: str | None, back: str, text: str) -> Response:
    view = SecretsView(
        heading=url,
        secrets=(("Signing secret", secret),) if secret is not None else (),
        after="Deliveries are signed with it. Put it where the system keeps its secrets: it cannot be shown again.",
        back=back,
        back_text=text,
    )
    return page(request, visitor, "pages/settings/secrets.html", view)
