"""`/accessibility`: what these pages hold to, how that is tried, and whom to tell of what does not work."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.console.frame import page
from app.console.routes import ANYBODY, PageRoute

router = APIRouter(route_class=PageRoute, dependencies=[ANYBODY], include_in_schema=False)


@router.get("/accessibility")
async def show_statement(request: Request) -> Response:
    """Show the statement on accessibility."""
    return page(request, None, "pages/accessibility.html", None)
