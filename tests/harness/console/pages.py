"""Pages of tests: an application of the demo with a few made-up ones, seen by somebody made up."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from app.console.frame import Flash, PageOwner, go_to, page
from app.console.refusals import VISITOR
from app.console.routes import ANYBODY, PageRoute, Sent
from app.core.errors import every_problem

HOME = PageOwner("/p/0008001", "Western Regional Medical Center")
OTHER = PageOwner("/p/0008002", "Harbor Point Hospital")
BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
"""What a browser says that somebody follows a link in."""


class Somebody(msgspec.Struct, frozen=True, kw_only=True):
    """Stands in for who is signed in."""

    name: str = "Dana Reyes"
    theme: str = "system"
    roles: frozenset[str] = frozenset({"reader", "reporter"})
    owner: PageOwner | None = HOME
    owners: tuple[PageOwner, ...] = (HOME,)
    token: str = "a-token"


class ProblemView(msgspec.Struct, frozen=True, kw_only=True):
    """What the page of a refusal shows, for pages that need some view."""

    status: int = 200
    heading: str = "A made-up page"
    detail: str = ""
    faults: tuple[str, ...] = ()
    what_to_do: str = "Look at it."
    again: str | None = None


router = APIRouter(route_class=PageRoute, dependencies=[ANYBODY], include_in_schema=False)
KINDS = {kind.code: kind for kind in every_problem()}


@router.get("/p/{provider_id}/made-up")
async def show_page(
    request: Request, provider_id: str, role: str = "reader", heading: str = "A made-up page"
) -> Response:
    """Show a page to somebody with a role."""
    owners = (HOME, OTHER) if provider_id == OTHER.address[3:] else (HOME,)
    visitor = Somebody(roles=frozenset({role}), owners=owners)
    return page(request, visitor, "pages/refusal.html", ProblemView(heading=heading))


@router.get("/made-up/anybodys")
async def show_to_anybody(request: Request) -> Response:
    """Show a page to somebody who is not signed in."""
    return page(request, None, "pages/refusal.html", ProblemView())


@router.post("/made-up/forms")
async def take_form(request: Request, sent: Sent) -> Response:
    """Take a form, and say what was typed on the page after it."""
    flash = Flash(text=f"{sent['name'][0]} was reported.", link="/made-up/anybodys", link_text="Open it")
    return go_to(request, "/p/0008001/made-up", flash)


@router.get("/made-up/problems/{code}")
async def raise_problem(request: Request, code: str) -> Response:
    """Raise a problem, before an answer to somebody."""
    request.scope["state"][VISITOR] = Somebody()
    if code == "broken":
        raise ArithmeticError("a fault of ours")
    raise KINDS[code]
