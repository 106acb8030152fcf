"""Signing in and out: by a mailed link or its code; what follows by an authenticator is in `second_factor`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.console import returning
from app.console.cookies import drop_session, keep_session
from app.console.drawn_forms import DrawnForm, Said
from app.console.frame import Flash, go_to, page
from app.console.returning import HalfVisitor, SentForm, SignInView, demo_people
from app.console.routes import PageRoute, Sent, value_of
from app.console.visitors import OUR_PAGES, AnyPerson, ReturningSession
from app.core.errors import NotFound
from app.domain.people.persons import read_address
from app.domain.people.sessions import LONGEST_PATH, browser_of, read_path
from app.services.context import Service, operator, transact_async
from app.services.passport import demo_physician
from app.services.people import demo, sessions, sign_in
from app.services.people.sessions import SignedIn
from app.services.people.sign_in import Signed, Signing

router = APIRouter(prefix="/sign-in", route_class=PageRoute, include_in_schema=False)
sign_out = APIRouter(prefix="/sign-out", route_class=PageRoute, include_in_schema=False)
Next = Annotated[str, Query(max_length=LONGEST_PATH)]
_START, _CODE = "pages/sign_in/start.html", "pages/sign_in/code.html"


@router.get("", dependencies=[OUR_PAGES])
async def show_sign_in(request: Request, next: Next = "") -> Response:
    """Ask for the address to mail a link to."""
    view = SignInView(form=DrawnForm(), next=read_path(next) or "", demo=demo_people(request))
    return page(request, None, _START, view)


@router.post("", dependencies=[OUR_PAGES])
async def ask_for_link(request: Request, sent: Sent) -> Response:
    """Mail a link to an address that somebody has, and ask for its code; the answer is the same for any other."""
    service: Service = request.app.state.service
    address = read_address(value_of(sent, "address"))
    next_path, sealed = read_path(value_of(sent, "next")) or "", value_of(sent, "sealed")
    if address is None:
        said = Said(pointer="address", text="Not a mail address.", hint="Write it as name@example.org.")
        view = SignInView(form=DrawnForm(sent, [said]), next=next_path, sealed=sealed, demo=demo_people(request))
        return page(request, None, _START, view, 422)
    attempt = await transact_async(operator(service), sign_in.ask, address, next_path or None)
    view = SignInView(form=DrawnForm(), next=next_path, sealed=sealed, attempt=attempt, address=address)
    return page(request, None, _CODE, view)


@router.post("/code", dependencies=[OUR_PAGES])
async def sign_in_by_code(request: Request, sent: Sent) -> Response:
    """Sign in by the code of a mail."""
    service: Service = request.app.state.service
    attempt = value_of(sent, "attempt")
    signing = await service.database.read_by_key_async(
        lambda connection: sign_in.find_attempt(connection, service, attempt)
    )
    signed = None
    if signing is not None:
        signed = await transact_async(
            signing.caller, sign_in.use_code, signing.link, value_of(sent, "code"), _browser(request)
        )
    next_path, sealed = value_of(sent, "next"), value_of(sent, "sealed")
    if signed is not None:
        return await _begin(request, signed, next_path, sealed)
    said = Said(
        pointer="code",
        text="This code is wrong, or works no longer.",
        hint="Look for the newest mail, open the link in it, or ask for another.",
    )
    view = SignInView(
        form=DrawnForm({}, [said]),
        next=next_path,
        sealed=sealed,
        attempt=attempt,
        address=value_of(sent, "shown_address"),
    )
    return page(request, None, _CODE, view, 422)


@router.post("/demo", dependencies=[OUR_PAGES])
async def enter_demo(request: Request, sent: Sent) -> Response:
    """Sign in as somebody of the demo."""
    service: Service = request.app.state.service
    key = value_of(sent, "as")
    if key not in dict(demo_people(request)):
        raise NotFound
    chosen = next((person for person in demo.PEOPLE if person.key == key), None)
    if chosen is None:
        signed = await transact_async(operator(service), demo_physician.enter, _browser(request))
    else:
        signed = await transact_async(operator(service), demo.enter, chosen, _browser(request))
    return await _begin(request, signed, value_of(sent, "next"), value_of(sent, "sealed"))


@router.post("/continue", dependencies=[OUR_PAGES])
async def go_on(request: Request, session: ReturningSession, sent: Sent) -> Response:
    """Go on where a link was opened in another window, and this one has waited."""
    return go_on_as(request, session, value_of(sent, "next"), value_of(sent, "sealed"))


@router.get("/{token}", dependencies=[OUR_PAGES])
async def show_link(request: Request, token: str) -> Response:
    """Show the button that uses a link up: programs that look into mails open links, and press nothing."""
    signing = await _find(request, token)
    if signing is None:
        return _gone(request)
    return page(request, None, "pages/sign_in/link.html", SignInView(form=DrawnForm(), token=token))


@router.post("/{token}", dependencies=[OUR_PAGES])
async def sign_in_by_link(request: Request, token: str) -> Response:
    """Use a link up, and sign in."""
    signing = await _find(request, token)
    if signing is None:
        return _gone(request)
    signed = await transact_async(signing.caller, sign_in.use_link, signing.link, _browser(request))
    return _gone(request) if signed is None else await _begin(request, signed, signed.next_path or "", "")


@sign_out.post("")
async def end_session(request: Request, visitor: AnyPerson) -> Response:
    """End the session of this browser."""
    await transact_async(visitor.caller, sessions.end, visitor.person.person_id, visitor.session.session_id)
    response = go_to(request, "/sign-in", Flash(text="You are signed out."))
    drop_session(request, response)
    return response


async def _find(request: Request, token: str) -> Signing | None:
    service: Service = request.app.state.service
    return await service.database.read_by_key_async(lambda connection: sign_in.find_link(connection, service, token))


def _gone(request: Request) -> Response:
    return page(request, None, "pages/sign_in/gone.html", SignInView(form=DrawnForm()), 410)


def _browser(request: Request) -> str:
    return browser_of(request.headers.get("user-agent"))


async def _begin(request: Request, signed: Signed, next_path: str, sealed: str) -> Response:
    """Return where a new session leads, with its cookie."""
    service: Service = request.app.state.service
    found = await service.database.read_by_key_async(lambda connection: sessions.find(connection, signed.token))
    if found is None:
        raise NotFound
    response = go_on_as(request, found, next_path, sealed)
    keep_session(request, response, signed.token)
    return response


def go_on_as(request: Request, session: SignedIn, next_path: str, sealed: str) -> Response:
    """Return what comes after signing in: the second factor, the form that waits, or the page somebody wanted."""
    service: Service = request.app.state.service
    if session.needs_factor:
        # What waits goes along: a page that is reached by a link could not hold it.
        view = SignInView(form=DrawnForm(), next=read_path(next_path) or "", sealed=sealed)
        return page(request, HalfVisitor.of(service, session), "pages/sign_in/factor_first.html", view)
    waiting = returning.go_on(service, session.person.person_id, next_path, sealed)
    if not isinstance(waiting, SentForm):
        return go_to(request, waiting)
    view = returning.waiting_view(waiting)
    return page(request, HalfVisitor.of(service, session), "pages/sign_in/waiting.html", view)
