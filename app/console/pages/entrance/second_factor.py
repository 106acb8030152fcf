"""The second factor while signing in: a code of the authenticator or a recovery code, or enrolling a first one."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.console.cookies import drop_session
from app.console.drawn_forms import DrawnForm, Said
from app.console.frame import Flash, go_to, page
from app.console.pages.entrance.sign_in import Next, go_on_as
from app.console.qr_codes import qr_of
from app.console.returning import HalfVisitor, SignInView
from app.console.routes import PageRoute, Sent, value_of
from app.console.visitors import OUR_PAGES, AnySession
from app.core.errors import NotFound
from app.domain.people.sessions import read_path
from app.domain.people.totp import address_of, shown_secret
from app.services.context import Caller, Service, transact_async
from app.services.people import sessions, totp
from app.services.people.sessions import SignedIn
from app.services.people.totp import FactorVerdict

router = APIRouter(prefix="/sign-in/factor", route_class=PageRoute, include_in_schema=False, dependencies=[OUR_PAGES])
SECRET = "QR code of the secret"
_ASK, _ENROL = "pages/sign_in/factor.html", "pages/sign_in/enrol.html"


@router.get("")
async def show_factor(request: Request, session: AnySession, next: Next = "") -> Response:
    """Ask for a code of the authenticator, or show how to enrol one."""
    return await _show(request, session, read_path(next) or "", "", [])


@router.post("/ask")
async def show_factor_with_form(request: Request, session: AnySession, sent: Sent) -> Response:
    """Do the same, with a form that waits."""
    return await _show(request, session, read_path(value_of(sent, "next")) or "", value_of(sent, "sealed"), [])


@router.post("")
async def give_factor(request: Request, session: AnySession, sent: Sent) -> Response:
    """Take a code of the authenticator, or a recovery code."""
    next_path, sealed = value_of(sent, "next"), value_of(sent, "sealed")
    if not session.needs_factor:
        return go_on_as(request, session, next_path, sealed)
    verdict = await transact_async(
        await caller_of(request, session), totp.verify, session.session, value_of(sent, "code")
    )
    if verdict is FactorVerdict.ENDED:
        response = go_to(request, "/sign-in", Flash(text="Too many codes were wrong. Sign in again.", kind="no"))
        drop_session(request, response)
        return response
    if verdict is FactorVerdict.WRONG:
        said = Said(
            pointer="code", text="This code is wrong, or was used.", hint="Wait for the next one, and check the clock."
        )
        return await _show(request, session, next_path, sealed, [said])
    return go_on_as(request, await _again(request, session), next_path, sealed)


@router.post("/enrol")
async def enrol(request: Request, session: AnySession, sent: Sent) -> Response:
    """Enrol the authenticator whose first code is given; show the recovery codes, this once."""
    next_path, sealed = read_path(value_of(sent, "next")) or "", value_of(sent, "sealed")
    given = value_of(sent, "code")
    codes = await transact_async(await caller_of(request, session), totp.confirm, session.session, given)
    if codes is None:
        said = Said(
            pointer="code", text="This code is not of that secret.", hint="Scan again, or check the clock of the phone."
        )
        return await _show(request, session, next_path, sealed, [said])
    view = SignInView(form=DrawnForm(), next=next_path, sealed=sealed, codes=tuple(codes))
    return page(request, HalfVisitor.of(request.app.state.service, session), "pages/sign_in/recovery_codes.html", view)


async def _show(request: Request, session: SignedIn, next_path: str, sealed: str, said: list[Said]) -> Response:
    if not session.needs_factor:
        return go_on_as(request, session, next_path, sealed)
    form, status = DrawnForm({}, said), 422 if said else 200
    service: Service = request.app.state.service
    half = HalfVisitor.of(service, session)
    if session.person.totp_secret is not None:
        return page(request, half, _ASK, SignInView(form=form, next=next_path, sealed=sealed), status)
    secret = await transact_async(await caller_of(request, session), totp.begin, session.session)
    address = address_of(secret, account=session.person.address or "", issuer=service.settings.service_name)
    view = SignInView(form=form, next=next_path, sealed=sealed, qr=qr_of(address, SECRET), secret=shown_secret(secret))
    return page(request, half, _ENROL, view, status)


async def caller_of(request: Request, session: SignedIn) -> Caller:
    """Return the caller in whose name a person acts on their own account: their oldest membership."""
    service: Service = request.app.state.service
    caller = await service.database.read_by_key_async(
        lambda connection: sessions.caller_of(connection, service, session)
    )
    if caller is None:
        raise NotFound
    return caller


async def _again(request: Request, session: SignedIn) -> SignedIn:
    """Return the session as it stands now."""
    service: Service = request.app.state.service
    return await service.database.read_by_key_async(lambda connection: sessions.read_again(connection, session))
