"""Physicians at the API: the session of their browser lets them in, by the rules of their pages.

A cookie goes along with whatever leads here, so what writes has to come from a page of ours, and be no form.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from app.core.errors import ErrorItem, Forbidden, Unauthenticated, UnsupportedMediaType
from app.core.http.browsers import READING, cookie_name, refuse_foreign, session_token
from app.core.http.exchange import Exchange
from app.services.access.rates import RateLimits
from app.services.context import Service
from app.services.people import visits
from app.services.people.visits import PlaceKind, Visit, Whereabouts

SESSION = "session"
"""The scope of a physician's own operations: no key has it."""
NOT_BY_KEY = (
    "This is a physician's own: the session of their browser opens it, and no key or token does. Boards read the "
    "transcripts of their licensees at POST /v1/transcripts:search."
)
_PLACE = Whereabouts(kind=PlaceKind.PASSPORT)


async def admit_physician(exchange: Exchange) -> None:
    """Let a physician in by the cookie of their session.

    Raises `Forbidden` for what a foreign page sends and for who is no physician, `UnsupportedMediaType` for a form,
    `Unauthenticated` without a session that works or while a second factor is missing, and `RateLimited`.
    """
    state = exchange.scope["app"].state
    service: Service = state.service
    token = session_token(state, exchange.headers)
    if token is not None:
        refuse_foreign(exchange)
        _refuse_forms(exchange)
    visit = await _look_up(exchange, state, token)
    if visit.seat is None:
        raise Forbidden("This is a physician's own, and you have no account of CME Passport. Join at /passport/join.")
    rates: RateLimits = state.rates
    client = visit.seat.client
    exchange.client = client
    if missing := rates.admit(client.client_id):
        await rates.refuse(client.client_id, missing)
    exchange.meter = rates
    await visits.note_seen(service, visit.signed_in)


def _refuse_forms(exchange: Exchange) -> None:
    """Raise `UnsupportedMediaType` for what a form can send: any page may send one, wherever it is."""
    given = exchange.header(b"content-type")
    if exchange.scope["method"] in READING or given is None:
        return
    if given.partition(";")[0].strip().lower() != "application/json":
        raise UnsupportedMediaType("A session opens no form: send JSON, as application/json.")


async def _look_up(exchange: Exchange, state: Any, token: str | None) -> Visit:
    """Return who calls; raises `Unauthenticated` without a session, for one that has ended, and for half of one."""
    service: Service = state.service
    rates: RateLimits = state.rates
    visit = None
    if token is not None:
        async with rates.turn_of(exchange.host) or nullcontext():
            visit = await service.database.read_by_key_async(
                lambda connection: visits.look_up(connection, service, token, _PLACE)
            )
    if visit is not None and visit.is_signed_in(service.clock()) and not visit.signed_in.needs_factor:
        return visit
    raise rates.refusal_of(exchange.host, _refusal(state, token, visit)) from None


def _refusal(state: Any, token: str | None, visit: Visit | None) -> Unauthenticated:
    if token is None:
        detail = "The request has no session."
    elif visit is not None and visit.is_signed_in(state.service.clock()):
        detail = "The second factor is still missing: enter it at /sign-in/factor."
    else:
        detail = "The session has ended, or never was."
    hint = (
        f"Sign in at /passport/sign-in, and call from a page of this service, or send its cookie {cookie_name(state)}."
    )
    item = ErrorItem(code=Unauthenticated.code, header="Cookie", detail=detail, hint=hint)
    return Unauthenticated(errors=[item], headers={"WWW-Authenticate": 'Link realm="sign-in"'})
