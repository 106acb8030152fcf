"""One activity for anybody: what it is, what it gives, and where to go; the same as an entry of a calendar."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from app.console.activity_words import dates_in_words
from app.console.frame import page
from app.console.lists.passport_list import WORDS_OF
from app.console.pages.passport.shown import (
    FoundActivityView,
    delivery_in_words,
    place_in_words,
)
from app.console.routes import ANYBODY, PageRoute
from app.console.words import amount, day
from app.domain.parsing import plain_text
from app.domain.passport.search import ShownActivity
from app.services.context import Service
from app.services.passport import activities

router = APIRouter(
    prefix="/passport/activities", route_class=PageRoute, dependencies=[ANYBODY], include_in_schema=False
)
_LONGEST_ID = 64


class PointsView(msgspec.Struct, frozen=True, kw_only=True):
    """Points for one board."""

    board: str
    name: str
    points: str
    types: str
    claim: str


class PassportActivityView(msgspec.Struct, frozen=True, kw_only=True):
    """What the page of an activity shows."""

    result: FoundActivityView
    description: str
    facts: Sequence[tuple[str, str]]
    points: Sequence[PointsView]
    calendar: str


@router.get("/{activity_id}")
async def show_activity(request: Request, activity_id: str) -> Response:
    """Show one listed activity."""
    service: Service = request.app.state.service
    shown = await activities.get(service, _id_of(activity_id))
    activity = shown.listed.activity
    view = PassportActivityView(
        result=FoundActivityView.of(shown, service.clock().date()),
        description=activity.description or "",
        facts=tuple((term, text) for term, text in _facts(shown) if text),
        points=[
            PointsView(
                board=one.board,
                name=service.catalogue.board_name(one.board),
                points=amount(activity.maximum(one.board) or 0),
                types=", ".join(one.credit_types),
                claim=day(claim) if (claim := activity.claim_date(one.board)) is not None else "",
            )
            for one in activity.registrations
        ],
        calendar=f"/passport/activities/{activity.activity_id}/calendar.ics",
    )
    return page(request, None, "pages/passport/activity.html", view, kept=True)


@router.get("/{activity_id}/calendar.ics")
async def get_calendar(request: Request, activity_id: str) -> Response:
    """Send an activity as an entry of a calendar."""
    service: Service = request.app.state.service
    body = await activities.calendar(service, _id_of(activity_id))
    headers = {
        "Content-Disposition": 'attachment; filename="activity.ics"', "Cache-Control": "public, max-age=30",
    }  # fmt: skip
    return Response(body, headers=headers, media_type="text/calendar; charset=utf-8")


def _id_of(typed: str) -> str:
    """Return the id that an address has; one that is too long is nobody's."""
    return plain_text(typed) if len(typed) <= _LONGEST_ID else ""


def _facts(shown: ShownActivity) -> list[tuple[str, str]]:
    activity = shown.listed.activity
    credits = activity.ama_pra_credits
    return [
        ("Provider", shown.listed.provider_name),
        ("Together with", ", ".join(activity.details.get("joint_providers") or ())),
        ("Format", activity.kind.name if activity.kind is not None else activity.format or ""),
        ("Delivery", delivery_in_words(shown).capitalize()),
        ("Where", place_in_words(shown)),
        ("When", dates_in_words(activity)),
        ("AMA PRA Category 1 Credit", amount(credits) if credits is not None else ""),
        ("Fee", WORDS_OF["fee"].get(activity.listing.get("fee") or "", "")),
        ("Registration", WORDS_OF["registration"].get(activity.listing.get("registration") or "", "")),
        ("Specialties", ", ".join(activity.listing.get("specialties") or ())),
        ("REMS", str((activity.rems or {}).get("type") or "Yes") if activity.rems is not None else ""),
        ("MIPS", "Improvement activity" if activity.mips else ""),
        ("Interprofessional (IPCE)", "Yes" if activity.joint_accreditation.get("interprofessional") else ""),
        ("For", ", ".join(activity.joint_accreditation.get("professions") or ())),
    ]
