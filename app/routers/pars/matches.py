"""`/pars/learner-match`: whether what is known of somebody fits one physician."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from pydantic import ValidationError

from app.core.errors import InvalidRequest
from app.core.http.problems import error_items
from app.files.mapping.locations import nearest
from app.files.mapping.match_documents import PLACES, read_match
from app.files.shapes import answers
from app.files.shapes.stored_records import filled
from app.routers.pars.callers import AnswerType, Document, LearnerMatcher
from app.routers.pars.description import MATCHED, match_body
from app.routers.pars.forms import ParsRoute, send
from app.schemas.validations import ValidationIn
from app.services.findings import rejection_of
from app.services.pars.learner_answers import finding_of
from app.services.registry import validations
from app.services.row_findings import locate_findings

router = APIRouter(prefix="/pars/learner-match", tags=["PARS"], route_class=ParsRoute)


@router.post("", responses=MATCHED, openapi_extra=match_body())
async def match_learner(caller: LearnerMatcher, document: Document, media_type: AnswerType) -> Response:
    """Ask whether what is known of a learner fits one physician, several, or none (GetLearnerMatch).

    Everything given must fit the same person; the answer never says which part did not.
    """
    question = read_match(document)
    if any(finding.rejects for finding in question.findings):
        raise rejection_of(InvalidRequest, question.findings)
    try:
        asked = ValidationIn.model_validate(question.body).as_request()
    except ValidationError as error:
        raise InvalidRequest(errors=error_items(error.errors(include_url=False), ValidationIn)) from None
    answered = await validations.validate(caller, asked)
    findings = locate_findings(question.findings, lambda pointer: nearest(pointer, PLACES))
    told: dict[str, Any] = {
        "Result": answered.result.value,
        "LearnerLink": answered.learner_id,
        "Board": list(answered.matched_boards),
        # Documents call it otherwise.
        "Message": answered.hint.replace("learner_id", "LearnerLink"),
        "Finding": [finding_of(finding) for finding in findings],
    }
    return send(filled(told), answers.MATCH, media_type)
