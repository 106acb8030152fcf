"""The account: what a person changes about themselves, where they are signed in, and their authenticator."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from app.console.drawn_forms import DrawnForm, Said, said_of_problem
from app.console.frame import Flash, go_to, page
from app.console.pages.entrance.second_factor import SECRET
from app.console.qr_codes import qr_of
from app.console.routes import PageRoute, Sent, SentFields, value_of
from app.console.visitors import AnyPerson, Visitor
from app.core.errors import InvalidRequest
from app.domain.clients import Role
from app.domain.people.persons import MailChoice, Theme
from app.domain.people.sessions import Session
from app.domain.people.totp import address_of, shown_secret
from app.services.context import transact_async
from app.services.people import accounts, sessions, totp

router = APIRouter(prefix="/account", route_class=PageRoute, include_in_schema=False)
_FIELDS = ("name", "time_zone", "theme", "mail_choice")


class AccountView(msgspec.Struct, frozen=True, kw_only=True):
    """What the account page shows."""

    form: DrawnForm
    address: str
    zone: str
    sessions: tuple[Session, ...]
    this_session: str
    memberships: tuple[tuple[str, str], ...]
    """(of what, in which role)."""
    has_totp: bool
    codes_left: int
    time_zones: tuple[tuple[str, str], ...]
    themes: tuple[tuple[str, str], ...] = (
        (Theme.SYSTEM.value, "As this device is set"),
        (Theme.LIGHT.value, "Light"),
        (Theme.DARK.value, "Dark"),
    )
    mail_choices: tuple[tuple[str, str], ...] = (
        (MailChoice.NONE.value, "None"),
        (MailChoice.DAILY.value, "Every morning on which something waits"),
        (MailChoice.WEEKLY.value, "On Monday, if something waits"),
    )


class AuthenticatorView(msgspec.Struct, frozen=True, kw_only=True):
    """What the page that enrols an authenticator shows."""

    form: DrawnForm
    qr: str = ""
    secret: str = ""
    codes: tuple[str, ...] = ()
    replaces: bool = False


@router.get("")
async def show_account(request: Request, visitor: AnyPerson) -> Response:
    """Show what a person may change about themselves."""
    person = visitor.person
    fields = {
        "name": [person.name or ""], "time_zone": [person.time_zone], "theme": [person.theme.value],
        "mail_choice": [person.mail_choice.value],
    }  # fmt: skip
    return await _show(request, visitor, DrawnForm(fields), 200)


@router.post("")
async def change_account(request: Request, visitor: AnyPerson, sent: Sent) -> Response:
    """Change name, time zone, theme and mails."""
    given = {name: value_of(sent, name) for name in _FIELDS if name in sent}
    try:
        await transact_async(visitor.caller, accounts.change, visitor.person.person_id, given)
    except InvalidRequest as refusal:
        said = [said_about(name, said_of_problem(refusal, sent)) for name in _FIELDS]
        return await _show(request, visitor, DrawnForm(sent, [line for lines in said for line in lines]), 422)
    return go_to(request, "/account", Flash(text="Your account was changed."))


def said_about(name: str, said: list[Said]) -> list[Said]:
    """Return what is said of a field, whose name on this page is no pointer."""
    return [msgspec.structs.replace(line, pointer=name) for line in said if line.pointer == f"/{name}"]


@router.post("/sessions/end-others")
async def end_other_sessions(request: Request, visitor: AnyPerson) -> Response:
    """End all sessions but this one."""
    person_id, session_id = visitor.person.person_id, visitor.session.session_id
    await transact_async(visitor.caller, sessions.end_others, person_id, session_id)
    return go_to(request, "/account", Flash(text="You are signed in here alone."))


@router.post("/sessions/{session_id}/end")
async def end_session(request: Request, visitor: AnyPerson, session_id: str) -> Response:
    """End a session of one's own."""
    await transact_async(visitor.caller, sessions.end, visitor.person.person_id, session_id)
    return go_to(request, "/account", Flash(text="The session was ended."))


@router.get("/authenticator")
async def show_authenticator(request: Request, visitor: AnyPerson) -> Response:
    """Say what an authenticator is for, and begin to enrol one."""
    view = AuthenticatorView(form=DrawnForm(), replaces=visitor.person.totp_secret is not None)
    return page(request, visitor, "pages/account/authenticator.html", view)


@router.post("/authenticator/begin")
async def begin_authenticator(request: Request, visitor: AnyPerson) -> Response:
    """Show the secret of a new authenticator."""
    return await _show_secret(request, visitor, {}, [])


@router.post("/authenticator")
async def enrol_authenticator(request: Request, visitor: AnyPerson, sent: Sent) -> Response:
    """Enrol the authenticator whose code is given, in place of another; show the recovery codes, this once."""
    codes = await transact_async(visitor.caller, totp.confirm, visitor.session, value_of(sent, "code"))
    if codes is None:
        said = Said(pointer="code", text="This code is not of that secret.", hint="Scan again, or check the clock.")
        return await _show_secret(request, visitor, {}, [said])
    return _show_codes(request, visitor, codes)


@router.post("/recovery-codes")
async def renew_recovery_codes(request: Request, visitor: AnyPerson) -> Response:
    """Put new recovery codes in place of all others; show them, this once."""
    return _show_codes(
        request, visitor, await transact_async(visitor.caller, totp.renew_recovery_codes, visitor.session)
    )


def _show_codes(request: Request, visitor: Visitor, codes: list[str]) -> Response:
    view = AuthenticatorView(form=DrawnForm(), codes=tuple(codes))
    return page(request, visitor, "pages/account/recovery_codes.html", view)


async def _show_secret(request: Request, visitor: Visitor, sent: SentFields, said: list[Said]) -> Response:
    secret = await transact_async(visitor.caller, totp.begin, visitor.session)
    issuer = visitor.service.settings.service_name
    address = address_of(secret, account=visitor.person.address or "", issuer=issuer)
    view = AuthenticatorView(
        form=DrawnForm(sent, said),
        qr=qr_of(address, SECRET),
        secret=shown_secret(secret),
        replaces=visitor.person.totp_secret is not None,
    )
    return page(request, visitor, "pages/account/enrol.html", view, 422 if said else 200)


async def _show(request: Request, visitor: Visitor, form: DrawnForm, status: int) -> Response:
    person, service = visitor.person, visitor.service
    listed, left = await service.database.read_by_key_async(
        lambda connection: accounts.look(connection, person.person_id, service.clock())
    )
    view = AccountView(
        form=form,
        address=person.address or "",
        zone=person.time_zone,
        sessions=tuple(listed),
        this_session=visitor.session.session_id,
        memberships=tuple(
            (_said(visitor, membership.place), membership.role.value) for membership in visitor.memberships
        ),
        has_totp=person.totp_secret is not None,
        codes_left=left,
        time_zones=tuple((name, name.replace("_", " ")) for name in accounts.time_zones()),
    )
    return page(request, visitor, "pages/account/show.html", view, status)


def _said(visitor: Visitor, place: str) -> str:
    """Return of what a membership is, in words."""
    kind, _, id = place.partition(":")
    if kind == Role.LEARNER.value:
        # Which physician of the registry it is, the pages of the account say once it is confirmed.
        return "CME Passport"
    name = visitor.named(id)
    return f"{kind.capitalize()} {name or id}".strip()
