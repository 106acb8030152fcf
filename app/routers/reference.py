"""Reference data: boards, rules and lists of accepted values, public so that error messages can point there."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from app.core.http.routing import StrictRoute
from app.domain.formats import ACTIVITY_FORMATS
from app.domain.states import STATES
from app.routers.callers import Public, service_of
from app.routers.pages import PAGE, asks_for_page, rule_page, rules_page
from app.sandbox import fixtures
from app.schemas.reference import (
    ActivityFormatList,
    ActivityFormatOut,
    BoardList,
    BoardOut,
    LicensingStateOut,
    MedicalSchoolList,
    PracticeAreaList,
    PracticeAreaOut,
    RemsAnswersOut,
    RuleList,
    RuleOut,
    StateList,
)
from app.schemas.sandbox import SandboxOut
from app.services import reference

router = APIRouter(prefix="/v1", tags=["Reference data"], route_class=StrictRoute, dependencies=[Public])


@router.get("/boards", response_model=BoardList)
async def list_boards(request: Request) -> BoardList:
    """List every certifying and licensing board with the facts that the rules use."""
    service = service_of(request)
    today = service.clock().date()
    return BoardList(data=[BoardOut.of(board, today) for board in reference.boards(service.catalogue)])


@router.get("/boards/{code}", response_model=BoardOut)
async def get_board(request: Request, code: str) -> BoardOut:
    """Read one board, by its code or name."""
    service = service_of(request)
    return BoardOut.of(reference.board(service.catalogue, code), service.clock().date())


@router.get("/rules", response_model=RuleList, responses=PAGE)
async def list_rules(request: Request, response: Response) -> Response | RuleList:
    """List every reporting rule, with its statement and its source: as a page where HTML is preferred."""
    if asks_for_page(request):
        return rules_page(reference.rules(), up="..")
    response.headers["Vary"] = "Accept"
    return RuleList(data=[RuleOut.of(rule) for rule in reference.rules().values()])


@router.get("/rules/{rule_id}", response_model=RuleOut, responses=PAGE)
async def get_rule(request: Request, response: Response, rule_id: str) -> Response | RuleOut:
    """Read one reporting rule: as a page where HTML is preferred."""
    if asks_for_page(request):
        return rule_page(reference.rule(rule_id), up="../..")
    response.headers["Vary"] = "Accept"
    return RuleOut.of(reference.rule(rule_id))


@router.get("/activity-formats", response_model=ActivityFormatList)
async def list_activity_formats() -> ActivityFormatList:
    """List the activity formats, with the maxima and dates that each allows."""
    return ActivityFormatList(data=[ActivityFormatOut.of(known) for known in ACTIVITY_FORMATS])


@router.get("/states", response_model=StateList)
async def list_states(request: Request) -> StateList:
    """List the states, the District of Columbia and the territories, with their licensing boards."""
    licensing = service_of(request).catalogue.licensing
    return StateList(
        data=[
            LicensingStateOut(code=code, name=name, boards=[board.code for board in licensing(code)])
            for code, name in STATES.items()
        ]
    )


@router.get("/practice-areas", response_model=PracticeAreaList)
async def list_practice_areas() -> PracticeAreaList:
    """List the practice areas that REMS reports accept; practice areas of activities are free text."""
    return PracticeAreaList(
        data=[
            PracticeAreaOut(name=name, aliases=list(others), source=reference.practice_area_source())
            for name, others in reference.practice_areas().items()
        ]
    )


@router.get("/rems-answers", response_model=RemsAnswersOut)
async def list_rems_answers() -> RemsAnswersOut:
    """List the REMS programmes of activities, and the answers about learners, each with others that mean the same."""
    return RemsAnswersOut.of(reference.rems_answers())


@router.get("/medical-schools", response_model=MedicalSchoolList)
async def list_medical_schools() -> MedicalSchoolList:
    """List the medical schools that a validation may name."""
    return MedicalSchoolList.model_validate({"data": reference.medical_schools()})


@router.get("/sandbox", response_model=SandboxOut)
async def get_sandbox() -> SandboxOut:
    """List the learners and activities of the sandbox that always have the same outcome, case by case."""
    return SandboxOut.of(fixtures.sandbox())
