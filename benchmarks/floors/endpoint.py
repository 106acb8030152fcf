"""The service with endpoints added that do a part of a report's work, to see what each part costs.

None of these is a floor: all carry the service's own HTTP layer. The floors are in `frameworks`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Response
from sqlalchemy import Connection

from app.core.clock import new_id
from app.core.database.transactions import Database
from app.core.http.routing import StrictRoute
from app.core.logging import configure_logging
from app.domain.credits import Completion, Credit, CreditKind, CreditStatus, Delivery, Outcome
from app.domain.parsing import read_activity_id
from app.main import create_app
from app.routers.answers import send
from app.routers.callers import CompletionsReporter, LearnersValidator
from app.routers.completions import NewReport, answer_of, read_report
from app.schemas.completions import CompletionIn
from app.services.reporting.pipeline import Submitted
from app.services.sandbox.trouble import simulate_trouble
from app.store.sql import statements

NOTHING = "/floor/nothing"
STUBBED = "/floor/learner-completions"
DOCUMENT = "x" * 1_024
router = APIRouter(prefix="/floor", route_class=StrictRoute)


def make_table(database: Database) -> None:
    """Make the table that reports of `STUBBED` go into, each as one row of 1 KB."""
    database.write(
        lambda connection: statements.execute(
            connection, "CREATE TABLE IF NOT EXISTS floor_rows (row_id text PRIMARY KEY, document text NOT NULL)"
        )
    )


def _insert_together(connection: Connection, row_ids: Sequence[str]) -> Sequence[None]:
    rows = [{"id": row_id, "document": DOCUMENT} for row_id in row_ids]
    statements.execute_many(connection, "INSERT INTO floor_rows (row_id, document) VALUES (:id, :document)", rows)
    return [None] * len(row_ids)


async def _new_report(caller: CompletionsReporter, body: CompletionIn) -> NewReport:
    await simulate_trouble(caller, read_activity_id(body.activity_id))
    return NewReport(caller=caller, report=read_report(caller, body))


@router.post("/learner-completions", status_code=201)
async def report_completion(new: Annotated[NewReport, Depends(_new_report)]) -> Response:
    """Do all that a report's endpoint does, but store one row of 1 KB durably in place of judging and storing."""
    row_id = new_id()
    await new.caller.service.database.write_grouped_async(_insert_together, row_id)
    return send(new.caller, answer_of(_submitted(new, row_id)))


def _submitted(new: NewReport, completion_id: str) -> Submitted:
    report = new.report
    now, day = report.received_at, report.completed_on
    assert isinstance(day, date)
    credit = Credit(
        credit_id=completion_id, kind=CreditKind.CME, board="CA-M",
        number_reported=report.cme[0].license_id, number_on_file=None,
        quarters=4, credit_types=(), client_references=(), status=CreditStatus.PENDING, delivery=Delivery.BOARD,
        status_reason=None, status_at=now, once_per_day=False,
    )  # fmt: skip
    completion = Completion(
        completion_id=completion_id, provider_id=report.provider_id, activity_id=str(report.activity_id),
        physician_id="0", subject="0", learner_id="lrn_0", completed_on=day, occasion=1,
        first_name=report.person.first_name, last_name=report.person.last_name,
        birth_date=str(report.person.birth_date), npi=None, rems=None, entry_method="api", client_id="0",
        batch_id=None, submitted_at=now, updated_at=now, version=1, withdrawn_at=None, catalogue="",
        credits=(credit,),
    )  # fmt: skip
    return Submitted(outcome=Outcome.CREATED, completion=completion, findings=())


@router.post("/nothing")
async def nothing(caller: LearnersValidator) -> Response:
    """Authenticate, answer."""
    return Response("{}", media_type="application/json")


def app() -> FastAPI:
    """Build the service with these endpoints added, so that both run in one process."""
    configure_logging()
    built = create_app()
    built.include_router(router)
    return built
