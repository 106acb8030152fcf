"""`/v1/learner-validations`."""

from __future__ import annotations

from fastapi import APIRouter

from app.core.http.routing import StrictRoute
from app.routers.callers import LearnersValidator
from app.schemas.validations import ValidationIn, ValidationOut
from app.services.registry import validations

router = APIRouter(prefix="/v1/learner-validations", tags=["Learner validations"], route_class=StrictRoute)


@router.post("", response_model=ValidationOut)
async def validate_learner(caller: LearnersValidator, body: ValidationIn) -> ValidationOut:
    """Ask whether what is known of a learner fits one physician, more than one, or none.

    Everything given must fit the same person; which field did not is never told. When one fits, the answer's
    `learner_id`, which is yours alone, may stand in a completion in place of names, birth date and numbers.
    """
    return ValidationOut.of(await validations.validate(caller, body.as_request()))
