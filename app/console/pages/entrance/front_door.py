"""`/`: leads who is signed in to their place, or lists several with what waits; programs are told where things are."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from app import __version__
from app.console.frame import page
from app.console.returning import HalfVisitor, demo_people
from app.console.routes import ANYBODY, PageRoute
from app.core.http.accepting import prefers_html
from app.core.http.browsers import session_token
from app.services.context import Service
from app.services.people import places, sessions
from app.services.people.places import ListedPlace

router = APIRouter(route_class=PageRoute, include_in_schema=False, dependencies=[ANYBODY])
_VARY = {"Vary": "Accept, Cookie"}
_LINKS = {
    "docs": "/docs",
    "description": "/openapi.json",
    "rules": "/v1/rules",
    "boards": "/v1/boards",
    "sandbox": "/v1/sandbox",
    "health": "/readyz",
}


class FrontDoorView(msgspec.Struct, frozen=True, kw_only=True):
    """What the front door shows."""

    places: tuple[ListedPlace, ...] = ()
    demo: tuple[tuple[str, str], ...] = ()
    """As whom one enters with a click: (key, words)."""


@router.get("/")
async def show_front_door(request: Request) -> Response:
    """Lead somebody to their place, and a program to what it can ask for."""
    if not prefers_html(request.headers.get("accept", "").encode("latin-1")):
        return JSONResponse({"name": "PARS", "version": __version__, "links": _LINKS}, headers={"Vary": "Accept"})
    service: Service = request.app.state.service
    token = session_token(request.app.state, {b"cookie": request.headers.get("cookie", "").encode("latin-1")})
    signed_in = None
    if token is not None:
        signed_in = await service.database.read_by_key_async(lambda connection: sessions.find(connection, token))
    if signed_in is None or not signed_in.session.works_at(service.clock()) or not signed_in.memberships:
        response = page(request, None, "pages/front_door/show.html", FrontDoorView(demo=demo_people(request)))
        response.headers.update(_VARY)
        return response
    if signed_in.needs_factor:
        return _lead("/sign-in/factor")
    person = signed_in
    found = await service.database.read_async(
        lambda connection: places.list_places(connection, service, person), whose=person.person.person_id
    )
    if len(found) == 1:
        return _lead(found[0].address)
    view = FrontDoorView(places=tuple(found))
    return page(request, HalfVisitor.of(service, signed_in), "pages/front_door/places.html", view)


def _lead(address: str) -> Response:
    return Response(status_code=303, headers={"Location": address, "Cache-Control": "no-store"} | _VARY)
