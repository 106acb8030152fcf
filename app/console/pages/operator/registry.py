"""The registry: somebody is looked for with a reason, which the log keeps."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from app.console.drawn_forms import DrawnForm, Said, said_of_problem
from app.console.forms import BodyForm
from app.console.frame import page
from app.console.routes import PageRoute, Sent, value_of
from app.console.visitors import Operator, Visitor
from app.core.errors import InvalidRequest
from app.domain.identity.physicians import Physician
from app.schemas.physicians import PhysicianSearchIn
from app.services import reference
from app.services.context import transact_async
from app.services.registry import reasoned_searches
from app.services.registry.given_fields import read_search
from app.services.registry.reasoned_searches import SearchReason

router = APIRouter(prefix="/operator/registry", route_class=PageRoute, include_in_schema=False)
PhysicianId = Annotated[str, Path(max_length=64)]
FORM = BodyForm(PhysicianSearchIn)
ROWS = 25
REASONS = (
    (SearchReason.HELP.value, "A provider asked for help with a record"),
    (SearchReason.PHYSICIAN.value, "The physician asked about themselves"),
    (SearchReason.BOARD.value, "A board asked about somebody"),
    (SearchReason.PAIR.value, "Two entries may be one person, or one may be two"),
    (SearchReason.FAULT.value, "Something in the registry is being set right"),
)


class RegistryView(msgspec.Struct, frozen=True, kw_only=True):
    """The search, and whom it found."""

    form: DrawnForm
    boards: tuple[tuple[str, str], ...]
    reasons: tuple[tuple[str, str], ...] = REASONS
    found: tuple[Physician, ...] = ()
    more: bool = False
    searched: bool = False
    reason: str = ""


class PhysicianView(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on file of one physician."""

    physician: Physician
    zone: str


@router.get("")
async def show_registry(request: Request, visitor: Operator) -> Response:
    """Ask whom to look for, and why."""
    return _show(request, visitor, DrawnForm())


@router.post("")
async def search_registry(request: Request, visitor: Operator, sent: Sent) -> Response:
    """Look for somebody; names and numbers stand in no address."""
    typed = FORM.read(sent)
    reason = value_of(sent, "reason")
    fields = {**typed.fields, "reason": [reason]}
    said = [] if reason in set(SearchReason) else [Said(pointer="reason", text="Say why you look: the log keeps it.")]
    try:
        wanted = read_search(FORM.validated(typed).wanted(), visitor.service.catalogue)
    except InvalidRequest as refusal:
        said += said_of_problem(refusal, typed.fields)
    if said:
        return _show(request, visitor, DrawnForm(fields, said), status=422)
    found = await transact_async(visitor.caller, reasoned_searches.search, wanted, SearchReason(reason), ROWS + 1)
    return _show(
        request, visitor, DrawnForm(fields), found=tuple(found[:ROWS]), more=len(found) > ROWS, searched=True,
        reason=reason,
    )  # fmt: skip


@router.post("/{physician_id}")
async def show_physician(request: Request, visitor: Operator, physician_id: PhysicianId, sent: Sent) -> Response:
    """Show everything on file of one physician; the log keeps who looked, and why."""
    reason = value_of(sent, "reason")
    if reason not in set(SearchReason):
        return _show(request, visitor, DrawnForm({}, [Said(pointer="reason", text="Say why you look.")]), status=422)
    found = await transact_async(
        visitor.caller, reasoned_searches.look_at, physician_id, SearchReason(reason)
    )  # fmt: skip
    return page(
        request, visitor, "pages/operator/physician.html", PhysicianView(physician=found, zone=visitor.time_zone)
    )  # fmt: skip


def _show(request: Request, visitor: Visitor, form: DrawnForm, status: int = 200, **more: Any) -> Response:
    boards = tuple((board.code, board.name) for board in reference.boards(visitor.service.catalogue))
    view = RegistryView(form=form, boards=boards, **more)
    return page(request, visitor, "pages/operator/registry.html", view, status)
