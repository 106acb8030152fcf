"""Health, metrics, and the pages to which problems point."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import HTMLResponse, PlainTextResponse

from app.core.errors import every_problem
from app.core.http.routing import StrictRoute
from app.routers.callers import Public, service_of
from app.routers.openapi import problems
from app.services import reference
from app.services.operations import health

router = APIRouter(tags=["System"], route_class=StrictRoute, dependencies=[Public])

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<style>body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 2rem auto; padding: 0 1rem }}
h1 {{ font-size: 1.4rem; line-height: 1.25 }}</style>
<main><h1>{title}</h1><p><code>{code}</code> · {what}</p>{text}</main></html>"""


@router.get("/livez", response_class=PlainTextResponse)
async def live() -> str:
    """Check that the process answers."""
    return "ok\n"


@router.get("/readyz", response_class=PlainTextResponse, responses=problems(503))
async def ready(request: Request) -> str:
    """Check that every thread of this process runs, and that the database answers and has the newest schema."""
    await health.check_ready(service_of(request))
    return "ok\n"


@router.get("/metrics", response_class=PlainTextResponse)
async def metrics(request: Request) -> Response:
    """Return the metrics of this process, and how long work has waited, in Prometheus' text format."""
    await health.measure_backlog(service_of(request))
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@router.get("/problems/{code}", response_class=HTMLResponse)
async def problem_page(code: str) -> str:
    """Explain a kind of problem, a fault of reading, or a reporting rule."""
    kind = next((known for known in every_problem() if known.code == code), None)
    if kind is not None:
        paragraphs = (kind.__doc__ or "").strip().split("\n\n")[1:]
        return _page(kind.title(), code, f"HTTP status {kind.status}", paragraphs)
    if code in _ITEMS:
        return _page(_ITEMS[code], code, "a fault of reading", [])
    rules = reference.rule(code)
    boards = sorted({board for rule in rules for board in rule.boards})
    title = rules[0].statement.split(". ")[0]
    return _page(
        title,
        code,
        f"a rule: {rules[0].severity.value}",
        [
            *(rule.statement for rule in rules if rule.statement != title),
            *(f"Source: {source}." for source in dict.fromkeys(rule.source for rule in rules)),
            *([f"Boards: {', '.join(boards)}."] if boards else []),
        ],
    )


_ITEMS = {
    "field-unknown": "A field is not known; the description of the API lists those that are",
    "type": "A field is missing or has another JSON type than it should have",
    "format": "A text or number does not have the required form",
    "too-long": "A text or list is too long to be stored",
}


def _page(title: str, code: str, what: str, paragraphs: Iterable[str]) -> str:
    text = "".join(f"<p>{escape(' '.join(paragraph.split()))}</p>" for paragraph in paragraphs)
    return _PAGE.format(title=escape(title), code=escape(code), what=escape(what), text=text)
