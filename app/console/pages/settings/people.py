"""People of a provider or vendor: who is a member, in which role, and when they were last here."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from app.console.drawn_forms import DrawnForm, Said, said_of_problem
from app.console.frame import Flash, go_to, page
from app.console.once import NOTHING_AGAIN, submit_once
from app.console.pages.settings.confirming import ConfirmView, ask_first, settings_of
from app.console.routes import PageRoute, Sent, value_of
from app.console.visitors import Manager, Visitor
from app.core.errors import Conflict, InvalidRequest, NotFound
from app.domain.clients import Role
from app.domain.people.persons import Member, PersonRole
from app.services.context import read_async
from app.services.people import invitations, memberships
from app.services.people.invitations import Invitation

router = APIRouter(prefix="/p/{provider_id}/settings", route_class=PageRoute, include_in_schema=False)
MemberId = Annotated[str, Path(max_length=64)]
ROLES = (
    (PersonRole.READER.value, "Reader", "looks up and downloads"),
    (PersonRole.REPORTER.value, "Reporter", "reports, uploads, mends, corrects and withdraws as well"),
    (PersonRole.MANAGER.value, "Manager", "manages people, keys, webhooks and vendors as well"),
)
"""The roles that a manager gives, in words."""


class PeopleView(msgspec.Struct, frozen=True, kw_only=True):
    """Members, and the form that invites another."""

    address: str
    """Of the settings."""
    members: tuple[Member, ...]
    own: str
    """The membership of who looks: it is changed by another manager."""
    zone: str
    roles: tuple[tuple[str, str, str], ...] = ROLES
    form: DrawnForm
    role_form: DrawnForm = msgspec.field(default_factory=DrawnForm)


@router.get("")
async def show_settings(request: Request, visitor: Manager, provider_id: str) -> Response:
    """Lead to the first of the settings."""
    return go_to(request, f"{settings_of(visitor)}/people")


@router.get("/people")
async def list_people(request: Request, visitor: Manager, provider_id: str) -> Response:
    """List the members, with a form to invite another."""
    return await _show(request, visitor, DrawnForm(), 200)


@router.post("/people")
async def invite_person(request: Request, visitor: Manager, provider_id: str, sent: Sent) -> Response:
    """Make somebody a member, and mail them a link."""
    client_role = visitor.caller.client.role
    role = value_of(sent, "/role")
    try:
        if role not in {known for known, _, _ in ROLES}:
            return await _refuse(request, visitor, sent, "/role", "Choose what the person may do.")
        asked = Invitation(
            address=value_of(sent, "/address"),
            role=PersonRole(role),
            client_role=client_role,
            id=visitor.caller.provider if client_role is Role.PROVIDER else None,
            name=value_of(sent, "/name") or None,
        )
        done = await submit_once(request, visitor, sent, invitations.invite, asked)
    except InvalidRequest as refusal:
        return await _show(request, visitor, DrawnForm(sent, said_of_problem(refusal, sent)), 422)
    except Conflict as refusal:
        return await _refuse(request, visitor, sent, "/address", refusal.detail, refusal.status)
    text = f"{asked.address} was invited: a link to sign in is mailed to them, and works for three days."
    if done.again:
        text = f"{asked.address} was invited already by this form. Nothing was mailed again."
    return go_to(request, f"{settings_of(visitor)}/people", Flash(text=text))


@router.post("/people/{client_id}/role")
async def change_role(
    request: Request, visitor: Manager, provider_id: str, client_id: MemberId, sent: Sent
) -> Response:
    """Give a member another role."""
    role = value_of(sent, "role")
    if role not in {known for known, _, _ in ROLES}:
        raise NotFound
    done = await submit_once(request, visitor, sent, memberships.change_role, client_id, PersonRole(role))
    flash = NOTHING_AGAIN if done.again else Flash(text=f"The role was changed to {role}.")
    return go_to(request, f"{settings_of(visitor)}/people", flash)


@router.get("/people/{client_id}/remove")
async def ask_to_remove(request: Request, visitor: Manager, provider_id: str, client_id: MemberId) -> Response:
    """Say what removing a member does."""
    member = await _member(visitor, client_id)
    here = f"{settings_of(visitor)}/people"
    view = ConfirmView(
        heading=f"Remove {member.name or member.address}?",
        sentences=(
            "They are signed out at once, and cannot sign in here any longer.",
            "What they reported stays as it is, and the log still says that it was one person.",
        ),
        action=f"{here}/{client_id}/remove",
        verb="Remove",
        back=here,
    )
    return ask_first(request, visitor, view)


@router.post("/people/{client_id}/remove")
async def remove_person(
    request: Request, visitor: Manager, provider_id: str, client_id: MemberId, sent: Sent
) -> Response:
    """End a membership."""
    done = await submit_once(request, visitor, sent, memberships.remove, client_id)
    flash = NOTHING_AGAIN if done.again else Flash(text="They were removed, and are signed out.")
    return go_to(request, f"{settings_of(visitor)}/people", flash)


async def _member(visitor: Visitor, client_id: str) -> Member:
    for member in await read_async(visitor.caller, memberships.members):
        if member.client_id == client_id:
            return member
    raise NotFound


async def _refuse(
    request: Request, visitor: Visitor, sent: Sent, pointer: str, text: str, status: int = 422
) -> Response:
    return await _show(request, visitor, DrawnForm(sent, [Said(pointer=pointer, text=text)]), status)


async def _show(request: Request, visitor: Visitor, form: DrawnForm, status: int) -> Response:
    members = await read_async(visitor.caller, memberships.members)
    view = PeopleView(
        address=settings_of(visitor), members=tuple(members), own=visitor.seat.client.client_id,
        zone=visitor.time_zone, form=form,
    )  # fmt: skip
    return page(request, visitor, "pages/settings/people.html", view, status)
