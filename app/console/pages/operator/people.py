"""Operators, and invitations to any provider, vendor or board."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from app.console.drawn_forms import DrawnForm, Said, said_of_problem
from app.console.frame import Flash, go_to, page
from app.console.once import submit_once
from app.console.routes import PageRoute, Sent, value_of
from app.console.visitors import Operator, Visitor
from app.core.errors import Conflict, InvalidRequest, OperatorFault
from app.domain.clients import Role
from app.domain.people.persons import Member, PersonRole
from app.services.context import read_async
from app.services.people import invitations, memberships
from app.services.people.invitations import Invitation

router = APIRouter(prefix="/operator/people", route_class=PageRoute, include_in_schema=False)
PLACES = (
    (Role.PROVIDER.value, "A provider", "its id"),
    (Role.VENDOR.value, "A vendor", "its client id"),
    (Role.BOARD.value, "A board", "its code"),
    (Role.OPERATOR.value, "This installation", "as another operator"),
)
ROLES = tuple((role.value, role.value.capitalize()) for role in PersonRole if role is not PersonRole.LEARNER)


class OperatorPeopleView(msgspec.Struct, frozen=True, kw_only=True):
    """The operators, and the form that invites somebody."""

    members: tuple[Member, ...]
    form: DrawnForm
    zone: str
    places: tuple[tuple[str, str, str], ...] = PLACES
    roles: tuple[tuple[str, str], ...] = ROLES


@router.get("")
async def list_operators(request: Request, visitor: Operator) -> Response:
    """List the operators, with a form to invite somebody to any place."""
    return await _show(request, visitor, DrawnForm())


@router.post("")
async def invite_anybody(request: Request, visitor: Operator, sent: Sent) -> Response:
    """Make somebody a member of a provider, a vendor, a board, or the operators."""
    role, place = value_of(sent, "/role"), value_of(sent, "/client_role")
    said = []
    if place not in {known for known, _, _ in PLACES}:
        said.append(Said(pointer="/client_role", text="Choose where they work."))
    if role not in {known for known, _ in ROLES}:
        said.append(Said(pointer="/role", text="Choose what they may do."))
    if said:
        return await _show(request, visitor, DrawnForm(sent, said), 422)
    asked = Invitation(
        address=value_of(sent, "/address"), role=PersonRole(role), client_role=Role(place),
        id=value_of(sent, "/id") or None, name=value_of(sent, "/name") or None,
    )  # fmt: skip
    try:
        done = await submit_once(request, visitor, sent, invitations.invite, asked)
    except InvalidRequest as refusal:
        return await _show(request, visitor, DrawnForm(sent, said_of_problem(refusal, sent)), 422)
    except Conflict as refusal:
        said.append(Said(pointer="/address", text=refusal.detail))
        return await _show(request, visitor, DrawnForm(sent, said), refusal.status)
    except OperatorFault as fault:
        return await _show(request, visitor, DrawnForm(sent, [Said(pointer="/id", text=str(fault))]), 422)
    text = "They were invited: a link to sign in is mailed to them, and works for three days."
    again = "They were invited already by this form. Nothing was mailed again."
    return go_to(request, "/operator/people", Flash(text=again if done.again else text))


async def _show(request: Request, visitor: Visitor, form: DrawnForm, status: int = 200) -> Response:
    members = await read_async(visitor.caller, memberships.members)
    view = OperatorPeopleView(members=tuple(members), form=form, zone=visitor.time_zone)
    return page(request, visitor, "pages/operator/people.html", view, status)
