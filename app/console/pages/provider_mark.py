"""The mark that says that credit is reported: offered on the page of an activity, for the provider's own pages."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.console.frame import file_headers
from app.console.routes import PageRoute
from app.console.visitors import Reader
from app.core.errors import NotFound
from app.documents.mark import mark_as_png, mark_as_svg, mark_sentence
from app.domain.activities import Activity, ActivityStatus
from app.services.activities import lookup
from app.services.context import Service, read_one_async
from app.services.people.mail import address_of

router = APIRouter(prefix="/p/{provider_id}/activities", route_class=PageRoute, include_in_schema=False)
_MEDIA_TYPES = {"svg": "image/svg+xml", "png": "image/png"}


def sentence_for(service: Service, activity: Activity) -> str:
    """Return what the provider writes beside the mark; empty for an activity in which no credit is reported.

    That is a draft, or one for no certifying board and without CME.
    """
    reported = bool(activity.registrations) or bool(activity.ama_pra_credits)
    if not reported or activity.status(service.clock().date()) is ActivityStatus.DRAFT:
        return ""
    return mark_sentence(service.settings.service_name, address_of(service, "/passport/join"))


@router.get("/{activity_id}/mark/{format}")
async def send_mark(request: Request, visitor: Reader, provider_id: str, activity_id: str, format: str) -> Response:
    """Send the mark as a file; raises `NotFound` for an activity in which no credit is reported."""
    if format not in _MEDIA_TYPES:
        raise NotFound
    shown = await read_one_async(visitor.caller, lookup.get, activity_id)
    service = visitor.service
    if not sentence_for(service, shown.activity):
        raise NotFound("No credit is reported in this activity, so that it has no mark.")
    draw = mark_as_svg if format == "svg" else mark_as_png
    drawn = await asyncio.to_thread(draw, service.settings.service_name, font_folder=service.settings.font_dir)
    return Response(drawn, media_type=_MEDIA_TYPES[format], headers=file_headers(f"credit_is_reported.{format}"))
