"""The validation tool: whether what is known of a person fits one learner, several, or none."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from app.console.drawn_forms import DrawnForm, said_of_problem
from app.console.forms import BodyForm
from app.console.frame import page
from app.console.routes import PageRoute, Sent
from app.console.visitors import Reporter, Visitor
from app.core.errors import InvalidRequest
from app.domain.boards import BoardKind
from app.domain.identity.matches import Result
from app.domain.identity.validations import ValidationAnswer
from app.domain.states import STATES
from app.schemas.validations import ValidationIn
from app.services import reference
from app.services.registry import validations

router = APIRouter(prefix="/p/{provider_id}/validate", route_class=PageRoute, include_in_schema=False)
FORM = BodyForm(ValidationIn)
_MARKS = {Result.ONE: "one", Result.SEVERAL: "several", Result.NONE: "none"}


class ValidateView(msgspec.Struct, frozen=True, kw_only=True):
    """What the validation tool shows."""

    form: DrawnForm
    address: str
    """Of the provider's pages."""
    states: tuple[tuple[str, str], ...]
    boards: tuple[tuple[str, str], ...]
    mark: str = ""
    """State of the match mark; empty before somebody was asked for."""
    learner_id: str = ""
    matched_boards: tuple[str, ...] = ()
    hint: str = ""


@router.get("")
async def show_validation(request: Request, visitor: Reporter, provider_id: str) -> Response:
    """Show the empty form: nothing of the person before stands in it."""
    return _show(request, visitor, DrawnForm(), None, 200)


@router.post("")
async def validate_learner(request: Request, visitor: Reporter, provider_id: str, sent: Sent) -> Response:
    """Look a learner up, and show the result above what was typed."""
    typed = FORM.read(sent)
    try:
        answer = await validations.validate(visitor.caller, FORM.validated(typed).as_request())
    except InvalidRequest as refusal:
        return _show(request, visitor, DrawnForm(typed.fields, said_of_problem(refusal, typed.fields)), None, 422)
    return _show(request, visitor, DrawnForm(typed.fields), answer, 200)


def _show(
    request: Request, visitor: Visitor, form: DrawnForm, answer: ValidationAnswer | None, status: int
) -> Response:
    catalogue = visitor.service.catalogue
    names = {code: board.name for code, board in catalogue.boards.items()}
    view = ValidateView(
        form=form,
        address=visitor.home,
        states=tuple(sorted(STATES.items(), key=lambda state: state[1])),
        boards=tuple(
            (board.code, board.name) for board in reference.boards(catalogue) if board.kind is BoardKind.CERTIFYING
        ),
        mark="" if answer is None else _MARKS[answer.result],
        learner_id="" if answer is None else answer.learner_id or "",
        matched_boards=() if answer is None else tuple(names.get(code, code) for code in answer.matched_boards),
        hint="" if answer is None or answer.result is Result.ONE else answer.hint,
    )
    return page(request, visitor, "pages/validate/show.html", view, status)
