"""Pages of tests, one for each role, that say in whose name services would be called."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from app.console.routes import PageRoute, Sent
from app.console.visitors import AnyPerson, BoardStaff, Manager, Operator, Reader, Reporter, Visitor
from app.core.errors import UnsupportedMediaType

router = APIRouter(route_class=PageRoute, include_in_schema=False)
TAKEN: list[dict[str, list[str]]] = []
"""The forms that were taken."""


def told(visitor: Visitor) -> Response:
    caller = visitor.caller
    return JSONResponse(
        {
            "role": visitor.role.value,
            "roles": sorted(visitor.roles),
            "client": caller.client.client_id,
            "provider": caller.provider,
            "owner": visitor.owner.address if visitor.owner is not None else None,
            "owners": [owner.address for owner in visitor.owners],
        }
    )


@router.get("/p/{provider_id}/reads")
async def for_readers(visitor: Reader, provider_id: str) -> Response:
    """Show what a reader may see."""
    return told(visitor)


@router.get("/p/{provider_id}/reports-here")
async def for_reporters(visitor: Reporter, provider_id: str) -> Response:
    """Show what a reporter may see."""
    return told(visitor)


@router.post("/p/{provider_id}/reports-here")
async def take_report(request: Request, visitor: Reporter, provider_id: str, sent: Sent) -> Response:
    """Take a form of a reporter."""
    assert visitor.caller.provider is not None
    TAKEN.append(sent)
    return told(visitor)


@router.post("/p/{provider_id}/arrives")
async def take_file(request: Request, visitor: Reporter, provider_id: str) -> Response:
    """Take a form that is read as it arrives."""
    try:
        before = visitor.caller.provider
    except UnsupportedMediaType:
        before = "refused"
    form = await request.form()
    visitor.hold(str(form.get("token", "")))
    return JSONResponse({"before": before, "after": visitor.caller.provider})


@router.get("/p/{provider_id}/manages")
async def for_managers(visitor: Manager, provider_id: str) -> Response:
    """Show what a manager may see."""
    return told(visitor)


@router.get("/b/{code}/decides")
async def for_boards(visitor: BoardStaff, code: str) -> Response:
    """Show what a board's staff may see."""
    return told(visitor)


@router.get("/operator/runs")
async def for_operators(visitor: Operator) -> Response:
    """Show what an operator may see."""
    return told(visitor)


@router.get("/operator/as/{provider_id}/reads")
async def for_operators_as(visitor: Operator, provider_id: str) -> Response:
    """Show a provider's page to an operator."""
    return told(visitor)


@router.post("/operator/as/{provider_id}/reads")
async def change_as(visitor: Operator, provider_id: str, sent: Sent) -> Response:
    """Change something of a provider's, which no operator does by its pages."""
    return told(visitor)


@router.get("/whoever")
async def for_anybody(visitor: AnyPerson) -> Response:
    """Show what everybody may see who is signed in."""
    return told(visitor)
