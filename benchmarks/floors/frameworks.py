"""The floors of HTTP: what a plain FastAPI application and a plain Starlette one do with the same models, and no more.

Nothing here is the service's own but the models of bodies and answers: no key, no database, no log line, no counts, no
request id, no bounds. Both are served by uvicorn as it comes, with uvloop and httptools.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.domain.batches import EntryMethod
from app.domain.credits import CreditKind, CreditStatus, Delivery
from app.domain.identity.matches import Result
from app.schemas.completion_records import CompletionOut, CompletionPage, CreditOut, LearnerOut
from app.schemas.completions import CompletionIn
from app.schemas.validations import ValidationIn, ValidationOut

PATH = "/completions"
VALIDATIONS = "/validations"
ROWS = 50
"""Completions of the list page, as many as the service's own page has."""
_ACCEPTED = {"status": "accepted"}
_MOMENT = datetime(2026, 6, 1, tzinfo=UTC)


def completion_out(completion_id: str) -> CompletionOut:
    """Return a completion as it would be shown."""
    credit = CreditOut(
        credit_id="0" * 36, kind=CreditKind.CME, board="CA-M", learner_board_id="C14249", credits=1, credit_types=[],
        client_references=[], status=CreditStatus.PENDING, delivery=Delivery.BOARD, status_reason=None,
        status_text=None, status_at=_MOMENT,
    )  # fmt: skip
    learner = LearnerOut(first_name="A", last_name="B", date_of_birth="01/02", npi=None, learner_id="lrn_" + "0" * 32)
    return CompletionOut(
        completion_id=completion_id, activity_id="100000000", provider_id="0000001", completed_on=date(2026, 6, 1),
        occasion=1, submitted_at=_MOMENT, entry_method=EntryMethod.API, learner=learner, credits=[credit], rems=None,
        version=1,
    )  # fmt: skip


_PAGE = CompletionPage(
    data=[completion_out(f"{number:036d}") for number in range(ROWS)],
    next_cursor=None, total=None, total_capped=None,
)  # fmt: skip
_VALIDATED = ValidationOut.model_construct(
    result=Result.ONE, learner_id="lrn_" + "0" * 32, matched_boards=[], hint="Use it."
)


def fastapi() -> FastAPI:
    """Build the FastAPI application, as its tutorial has it."""
    app = FastAPI()

    @app.post(PATH, status_code=201)
    async def report(body: CompletionIn) -> dict[str, str]:
        return _ACCEPTED

    @app.get(PATH + "/{completion_id}")
    async def show(completion_id: str) -> CompletionOut:
        return completion_out(completion_id)

    @app.get(PATH)
    async def page() -> CompletionPage:
        return _PAGE

    @app.post(VALIDATIONS)
    async def validate(body: ValidationIn) -> ValidationOut:
        return _VALIDATED

    return app


def starlette() -> Starlette:
    """Build the Starlette application: bytes to model, model to bytes."""

    async def report(request: Request) -> Response:
        CompletionIn.model_validate_json(await request.body())
        return JSONResponse(_ACCEPTED, 201)

    async def show(request: Request) -> Response:
        return _json(completion_out(request.path_params["completion_id"]).model_dump_json())

    async def page(request: Request) -> Response:
        return _json(_PAGE.model_dump_json())

    async def validate(request: Request) -> Response:
        ValidationIn.model_validate_json(await request.body())
        return _json(_VALIDATED.model_dump_json())

    return Starlette(
        routes=[
            Route(PATH, report, methods=["POST"]),
            Route(PATH + "/{completion_id}", show),
            Route(PATH, page),
            Route(VALIDATIONS, validate, methods=["POST"]),
        ]
    )


def _json(text: str) -> Response:
    return Response(text, media_type="application/json")
