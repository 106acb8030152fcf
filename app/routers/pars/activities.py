"""`/pars/activities`: activities as documents."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import AfterValidator, BaseModel, Field

from app.domain.parsing import plain_text
from app.files.shapes import activities as shape
from app.files.shapes import answers
from app.files.shapes.envelopes import DocumentKind
from app.routers.answers import send_once
from app.routers.pars.callers import AnswerType, Document, PARSActivitiesReader, PARSActivitiesWriter
from app.routers.pars.description import ACTIVITIES_FOUND, ACTIVITIES_SAVED, document_body
from app.routers.pars.forms import ParsRoute, answer, send
from app.routers.pars.parameters import Text, day_of
from app.routers.pars.records import records_of
from app.services.context import RECORDS_AS_ONE, Work, read_async
from app.services.idempotency import Answer
from app.services.pars import activities

router = APIRouter(prefix="/pars/activities", tags=["PARS"], route_class=ParsRoute)
ActivityId = Annotated[str, Path(max_length=64, description="The activity's nine digits."), AfterValidator(plain_text)]


class FindActivities(BaseModel):
    """Which activities are asked for: all that is given has to fit."""

    providerActivityId: Annotated[Text, Field(description="Your own id of it.")] = None  # noqa: N815
    activityStartDate: Annotated[Text, Field(description="Its first day; only the written day counts.")] = None  # noqa: N815
    activityTypeName: Annotated[Text, Field(description="Its format.")] = None  # noqa: N815


@router.post("", responses=ACTIVITIES_SAVED, openapi_extra=document_body(DocumentKind.ACTIVITIES))
async def save_activities(caller: PARSActivitiesWriter, document: Document, media_type: AnswerType) -> Response:
    """Register, update, close or delete activities (SaveActivity): up to 500 `MedicalEducationMetrics`, in their order.

    An activity is known by its nine-digit id, else by your own id, else by title, format and dates. Sent again with
    another field, it is updated; the answer says of each what became of it.
    """
    sent = records_of(document, DocumentKind.ACTIVITIES)
    caller.charge(len(sent), RECORDS_AS_ONE, pointer="")

    def save(work: Work) -> Answer:
        saved = activities.save(work, sent)
        return answer(activities.answer_to(work, saved), answers.ACTIVITIES, media_type)

    return await send_once(caller, save)


@router.get("", responses=ACTIVITIES_FOUND)
async def find_activities(
    caller: PARSActivitiesReader, query: Annotated[FindActivities, Query()], media_type: AnswerType
) -> Response:
    """Find activities (GetActivity) by your own id, the first day and the format, as far as they are given.

    Where none fits, the document is empty. At most 100 are answered; give more to find fewer.
    """
    asked = activities.ActivityQuestion(
        internal_id=query.providerActivityId,
        starts_on=day_of("activityStartDate", query.activityStartDate),
        format=query.activityTypeName,
    )
    return send(await read_async(caller, activities.find, asked), shape.DOCUMENT, media_type)


@router.get("/{activity_id}", responses=ACTIVITIES_FOUND)
async def get_activity_document(
    caller: PARSActivitiesReader, activity_id: ActivityId, media_type: AnswerType
) -> Response:
    """Read one activity as a document."""
    return send(await read_async(caller, activities.get, activity_id), shape.DOCUMENT, media_type)
