"""Health, metrics, and the pages that problems point to."""

from __future__ import annotations

from html import escape

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import HTMLResponse, PlainTextResponse

from app.core.errors import NotFound, every_problem
from app.core.routing import StrictRoute
from app.routers.depends import Public, service_of
from app.routers.openapi import problems
from app.services import health

router = APIRouter(tags=["System"], route_class=StrictRoute, dependencies=[Public])

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<main><h1>{title}</h1><p><code>{code}</code> · HTTP status {status}</p>{text}</main></html>"""


@router.get("/livez", response_class=PlainTextResponse, responses=problems())
async def live() -> str:
    """Tell that the process answers."""
    return "ok\n"


@router.get("/readyz", response_class=PlainTextResponse, responses=problems())
async def ready(request: Request) -> str:
    """Tell that the database answers and has the newest schema."""
    await service_of(request).database.read_async(health.ready)
    return "ok\n"


@router.get("/metrics", response_class=PlainTextResponse, responses=problems())
async def metrics() -> Response:
    """Give the measures of this process in Prometheus' text format."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@router.get("/problems/{code}", response_class=HTMLResponse, responses=problems(404))
async def problem_page(code: str) -> str:
    """Explain a kind of problem."""
    kind = next((each for each in every_problem() if each.code == code), None)
    if kind is None:
        raise NotFound("There is no such kind of problem.")
    paragraphs = (kind.__doc__ or "").strip().split("\n\n")[1:]
    text = "".join(f"<p>{escape(' '.join(each.split()))}</p>" for each in paragraphs)
    return _PAGE.format(title=escape(kind.title()), code=code, status=kind.status, text=text)
