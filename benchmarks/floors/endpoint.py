"""The floor of single completions: the same endpoint without a database (body read, authenticated, answered)."""

from __future__ import annotations

from datetime import UTC, date, datetime

from fastapi import APIRouter, FastAPI, Response

from app.core.http.routing import StrictRoute
from app.core.logging import configure_logging
from app.domain.batches import EntryMethod
from app.domain.credits import Completion, Credit, CreditKind, CreditStatus, Delivery, Outcome
from app.main import create_app
from app.routers.callers import CompletionsReporter, LearnersValidator
from app.schemas.base import encode_json
from app.schemas.completions import CompletionIn, ReportedCompletionOut

router = APIRouter(prefix="/floor", route_class=StrictRoute)


@router.post("/learner-completions")
async def report_completion(caller: CompletionsReporter, body: CompletionIn) -> Response:
    """Read the body, authenticate, answer."""
    now = datetime.now(UTC)
    report = body.as_report(caller.provider_id, now, EntryMethod.API)
    credit = Credit(
        credit_id="0" * 36, kind=CreditKind.CME, board="CA-M",
        number_reported=report.cme[0].license_id, number_on_file=None,
        quarters=4, credit_types=(), client_references=(), status=CreditStatus.PENDING, delivery=Delivery.BOARD,
        status_reason=None, status_at=now, once_per_day=False,
    )  # fmt: skip
    day = report.completed_on
    assert isinstance(day, date)
    completion = Completion(
        completion_id="0" * 36, provider_id=report.provider_id, activity_id=str(report.activity_id), physician_id="0",
        subject="0", learner_id="lrn_0", completed_on=day, occasion=1, first_name=report.person.first_name,
        last_name=report.person.last_name, birth_date=str(report.person.birth_date), npi=None, rems=None,
        entry_method="api", client_id="0", batch_id=None, submitted_at=now, updated_at=now, version=1,
        withdrawn_at=None, catalogue="", credits=(credit,),
    )  # fmt: skip
    shown = ReportedCompletionOut.fields_after(completion, Outcome.CREATED, ())
    return Response(encode_json(shown), 201, media_type="application/json")


@router.post("/nothing")
async def nothing(caller: LearnersValidator) -> Response:
    """Authenticate, answer."""
    return Response("{}", media_type="application/json")


def app() -> FastAPI:
    """Build the service with the floor's endpoints added, so that both run in one process."""
    configure_logging()
    built = create_app()
    built.include_router(router)
    return built
