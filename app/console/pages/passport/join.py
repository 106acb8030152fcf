"""Opening an account: what a physician gives, the page that says the same whatever was found, and the mailed link."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from app.console.cookies import keep_session
from app.console.drawn_forms import DrawnForm, said_of_problem
from app.console.frame import Flash, go_to, page
from app.console.routes import PageRoute, Sent, SentFields, value_of
from app.console.visitors import OUR_PAGES
from app.core.errors import InvalidRequest
from app.core.http.connections import site_of
from app.domain.identity.validations import ValidationRequest
from app.domain.parsing import plain_or_none, read_license_id, read_month_day, read_npi, text_or_none
from app.domain.passport.accounts import PassportClaim
from app.domain.people.sessions import browser_of
from app.domain.states import STATES
from app.services.context import Service, operator, transact_async
from app.services.passport import joining
from app.services.passport.joining import JoinRequest

router = APIRouter(prefix="/passport", route_class=PageRoute, include_in_schema=False)


class JoinView(msgspec.Struct, frozen=True, kw_only=True):
    """What the pages of joining show."""

    form: DrawnForm
    states: tuple[tuple[str, str], ...] = ()
    token: str = ""


@router.get("/join", dependencies=[OUR_PAGES])
async def show_join(request: Request) -> Response:
    """Ask for what tells one physician from all others."""
    return _show(request, DrawnForm(), 200)


@router.post("/join", dependencies=[OUR_PAGES])
async def ask_to_join(request: Request, sent: Sent) -> Response:
    """Look for the physician, and mail what came of it; the answer is the same for everybody."""
    service: Service = request.app.state.service
    asked = JoinRequest(
        known=_read(sent),
        code=value_of(sent, "/code"),
        address=value_of(sent, "/address"),
        host=_site(request, service),
    )
    try:
        await transact_async(operator(service), joining.ask, asked)
    except InvalidRequest as refusal:
        return _show(request, DrawnForm(sent, said_of_problem(refusal, sent)), 422)
    return page(request, None, "pages/passport/asked.html", JoinView(form=DrawnForm()))


def _site(request: Request, service: Service) -> str:
    """Return what is counted as one network address; empty behind a proxy that is trusted, and names nobody."""
    host = request.client.host if request.client is not None else None
    return (site_of(host, service.settings.trusted_networks) if host is not None else None) or ""


def _read(sent: SentFields) -> ValidationRequest:
    return ValidationRequest(
        first_name=text_or_none(value_of(sent, "/first_name")),
        last_name=text_or_none(value_of(sent, "/last_name")),
        birth_date=read_month_day(value_of(sent, "/date_of_birth")),
        state=plain_or_none(value_of(sent, "/state")),
        license_id=read_license_id(value_of(sent, "/license_id")),
        npi=read_npi(value_of(sent, "/npi")),
    )


@router.get("/join/{token}", dependencies=[OUR_PAGES])
async def show_opening(request: Request, token: str) -> Response:
    """Show the button that opens an account: programs that look into mails open links, and press nothing."""
    claim = await _find(request, token)
    if claim is None:
        return _gone(request)
    return page(request, None, "pages/passport/open.html", JoinView(form=DrawnForm(), token=token))


@router.post("/join/{token}", dependencies=[OUR_PAGES])
async def open_account(request: Request, token: str) -> Response:
    """Open the account of a mailed link, and sign in."""
    service: Service = request.app.state.service
    claim = await _find(request, token)
    browser = browser_of(request.headers.get("user-agent"))
    opened = (
        await transact_async(operator(service), joining.open_account, claim.claim_id, browser)
        if claim is not None
        else None
    )
    if opened is None:
        return _gone(request)
    if opened.account.confirmed_at is None:
        response = go_to(request, "/passport/settings", Flash(text="Your account is open. One step is missing."))
    else:
        response = go_to(request, "/passport/credits", Flash(text="Your account is open."))
    keep_session(request, response, opened.token)
    return response


@router.get("/sign-in", dependencies=[OUR_PAGES])
async def show_passport_sign_in(request: Request) -> Response:
    """Lead to the page by which everybody signs in, and from there to the credits."""
    return go_to(request, "/sign-in?next=/passport/credits")


async def _find(request: Request, token: str) -> PassportClaim | None:
    service: Service = request.app.state.service
    return await service.database.read_by_key_async(lambda connection: joining.find_claim(connection, service, token))


def _gone(request: Request) -> Response:
    return page(request, None, "pages/passport/gone.html", JoinView(form=DrawnForm()), 410)


def _show(request: Request, form: DrawnForm, status: int) -> Response:
    states = tuple(sorted(STATES.items(), key=lambda state: state[1]))
    return page(request, None, "pages/passport/join.html", JoinView(form=form, states=states), status)
