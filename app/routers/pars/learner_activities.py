"""`/pars/learner-activities`: completions of learners as documents."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import AfterValidator, BaseModel

from app.core.errors import NotFound, ParameterInvalid
from app.domain.batches import OnUnmatched
from app.domain.parsing import Unparsed, describe_month_day, plain_text
from app.files.cells import read_birth_date, read_day
from app.files.shapes import answers, learner_reports
from app.files.shapes.envelopes import DocumentKind
from app.routers.answers import send_once
from app.routers.conditions import IfMatch
from app.routers.openapi import problems
from app.routers.pars.callers import (
    AnswerType,
    Document,
    LearnerActivitiesReader,
    LearnerActivitiesReporter,
    LearnerActivitiesWriter,
)
from app.routers.pars.description import (
    LEARNER_DELETED,
    LEARNER_FOUND,
    LEARNERS_FOUND,
    LEARNERS_SAVED,
    document_body,
)
from app.routers.pars.forms import ParsRoute, answer, send
from app.routers.pars.parameters import Text, fault, no_day
from app.routers.pars.records import records_of
from app.services.context import RECORDS_AS_ONE, Work, read_async, transact_async
from app.services.idempotency import Answer
from app.services.pars import learner_activities, questions
from app.services.pars.learner_answers import answer_of, answer_to
from app.services.pars.questions import LearnerQuestion

router = APIRouter(prefix="/pars/learner-activities", tags=["PARS"], route_class=ParsRoute)
WhenUnmatched = Annotated[
    OnUnmatched, Query(description="What becomes of a record of which only the physician is not found.")
]


@router.post("", responses=LEARNERS_SAVED, openapi_extra=document_body(DocumentKind.LEARNERS))
async def save_learner_activities(
    caller: LearnerActivitiesReporter,
    document: Document,
    media_type: AnswerType,
    on_unmatched: WhenUnmatched = OnUnmatched.REJECT,
) -> Response:
    """Report, correct or withdraw completions (SaveLearnerActivity): up to 500 `ActivityReport`s, in their order.

    Each is judged as a report of its own, after those before it, and answered in its place: what became of it, where
    each certificate stands, every finding. A record that is refused does not affect the others. Learners' permission is
    the client's standing attestation.
    """
    sent = records_of(document, DocumentKind.LEARNERS)
    caller.charge(len(sent), RECORDS_AS_ONE, pointer="")
    hold = on_unmatched is OnUnmatched.HOLD

    def save(work: Work) -> Answer:
        saved = learner_activities.save(work, sent, hold=hold)
        catalogue = work.service.catalogue
        told = [answer_to(one, element, catalogue) for one, element in zip(saved, sent, strict=True)]
        return answer(answer_of(work.now, told), answers.LEARNERS, media_type)

    return await send_once(caller, save)


CompletionId = Annotated[
    str, Path(max_length=64, description="What answers call `LearnerId`."), AfterValidator(plain_text)
]


class FindStatus(BaseModel):
    """Whose completion is asked for: activity, day, number and birth date as they were reported, or a `CreditID`."""

    moduleID: Text = None  # noqa: N815
    BirthDate: Text = None
    CompletionDate: Text = None
    UniqueID: Text = None
    domain: Text = None
    CreditId: Text = None


@router.get("/status", responses=LEARNERS_FOUND | problems(NotFound))
async def find_learner_activity(
    caller: LearnerActivitiesReader, query: Annotated[FindStatus, Query()], media_type: AnswerType
) -> Response:
    """Ask where a completion stands (GetLearnerStatusByLearner, GetLearnerStatusByCreditId).

    Either by `CreditId`, or by all of `moduleID`, `CompletionDate`, `UniqueID` and, where it was reported, `BirthDate`.
    They are compared with what you have reported, exactly; what does not fit is answered as what never was.
    """
    if query.CreditId is not None:
        found = await read_async(caller, questions.find_by_credit_id, query.CreditId)
    else:
        found = await read_async(caller, questions.find_by_learner, _learner_asked(query))
    return send(answer_of(caller.service.clock(), found), learner_reports.DOCUMENT, media_type)


def _learner_asked(query: FindStatus) -> LearnerQuestion:
    """Return whose completion is asked for; raises `ParameterInvalid` with all that is missing or unreadable."""
    day, born = read_day(query.CompletionDate), read_birth_date(query.BirthDate)
    faults = [
        fault(name, "It is needed where no CreditId is given.", "Send it, or ask by CreditId alone.")
        for name in ("moduleID", "CompletionDate", "UniqueID")
        if not (getattr(query, name) or "").strip()
    ]
    if isinstance(day, Unparsed):
        faults.append(no_day("CompletionDate", day))
    if isinstance(born, Unparsed):
        faults.append(fault("BirthDate", describe_month_day(born.text), "Send one as 02/01, --02-01 or 02-01."))
    if faults or not isinstance(day, date) or isinstance(born, Unparsed):
        raise ParameterInvalid(errors=faults)
    return LearnerQuestion(
        activity_id=plain_text(query.moduleID or ""),
        birth_date=born,
        completed_on=day,
        number=query.UniqueID or "",
        domain=query.domain,
    )


@router.get("/{completion_id}", responses=LEARNER_FOUND)
async def get_learner_activity(
    caller: LearnerActivitiesReader, completion_id: CompletionId, media_type: AnswerType
) -> Response:
    """Read one completion as a document, with where each certificate stands."""
    found, version = await read_async(caller, questions.find, completion_id)
    sent = send(answer_of(caller.service.clock(), found), learner_reports.DOCUMENT, media_type)
    sent.headers["ETag"] = f'"{version}"'
    return sent


@router.delete("/{completion_id}", responses=LEARNER_DELETED)
async def delete_learner_activity(
    caller: LearnerActivitiesWriter, completion_id: CompletionId, media_type: AnswerType, if_match: IfMatch = None
) -> Response:
    """Withdraw one completion with all its credits. The boards that have them are told."""
    told = await transact_async(caller, questions.withdraw, completion_id, if_match)
    return send(answer_of(caller.service.clock(), [told]), answers.LEARNERS, media_type)
