"""Health, metrics, and what the codes of problems mean."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import PlainTextResponse

from app.core.errors import NotFound, every_problem
from app.core.http.routing import StrictRoute
from app.core.metrics import REGISTRY
from app.routers.callers import Public, service_of
from app.routers.openapi import problems
from app.routers.pages import PAGE, asks_for_page, problem_kind_page, rule_page
from app.schemas.problems import ProblemKindOut, rule_url
from app.services import reference
from app.services.operations import health

router = APIRouter(tags=["System"], route_class=StrictRoute, dependencies=[Public])


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
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)


@router.get("/problems/{code}", response_model=ProblemKindOut, responses=PAGE)
async def problem_page(
    request: Request, response: Response, code: Annotated[str, Path(description="A code of a problem, error or rule.")]
) -> Response | ProblemKindOut:
    """Explain a kind of problem, a fault of reading, or a reporting rule: as a page where HTML is preferred."""
    explained = _explain(code)
    if not asks_for_page(request):
        response.headers["Vary"] = "Accept"
        return explained
    if explained.status is None and explained.rule_url is not None:
        return rule_page(reference.rule(code), up="..")
    return problem_kind_page(explained, up="..")


def _explain(code: str) -> ProblemKindOut:
    """Return what a code means; raises `NotFound` for one that is none."""
    kind = next((known for known in every_problem() if known.code == code), None)
    if kind is not None:
        paragraphs = [" ".join(text.split()) for text in (kind.__doc__ or "").strip().split("\n\n")[1:]]
        of_rule = rule_url(code) if code in reference.rules() else None
        return ProblemKindOut(
            code=code, title=kind.title(), status=kind.status, explanation=paragraphs, rule_url=of_rule
        )
    if code in _ITEMS:
        title, *paragraphs = _ITEMS[code]
        return ProblemKindOut(code=code, title=title, status=None, explanation=paragraphs, rule_url=None)
    if code not in reference.rules():
        raise NotFound("No problem, error or rule has this code. /v1/rules lists the rules.")
    statements = list(dict.fromkeys(rule.statement for rule in reference.rule(code)))
    title, *more = statements[0].split(". ", 1)
    return ProblemKindOut(
        code=code, title=title.rstrip("."), status=None, explanation=[*more, *statements[1:]], rule_url=rule_url(code)
    )


_ITEMS = {
    "field-unknown": ("A field is not known", "The hint of the error names the field that may be meant."),
    "field-repeated": ("A field stands twice in one object", "Which of its values is meant cannot be known: send one."),
    "type": ("A field is missing or has another JSON type than it should have", "The hint says which."),
    "format": ("A text or number does not have the required form", "The hint says which."),
    "too-long": ("A text or list is too long to be stored", "The hint says how long it may be."),
}
