"""Going on after signing in: where somebody was going, and the form they had sent when their session had ended.

A form is sealed into the page by which its person signs in, and stands nowhere else. It goes on for that person alone,
by another press of a button: nobody sends in their name what they did not see.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import quote, urlsplit

import msgspec
from fastapi import Request
from starlette.responses import Response

from app.console.drawn_forms import DrawnForm
from app.console.frame import PageOwner, page
from app.console.routes import OWN_FIELDS, SentFields, read_fields, value_of
from app.core.http.exchange import Exchange
from app.core.http.form_bodies import FORM
from app.domain.people.sessions import read_path
from app.services.context import Service
from app.services.passport import demo_physician
from app.services.people import demo
from app.services.people.sessions import SignedIn, form_token

MOST_BYTES = 262_144
"""Of a form that is sealed into a page; a larger one has to be sent again."""
_KEPT = timedelta(hours=12)
_PURPOSE = "console-return"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class HalfVisitor(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever has a session, on the pages between the link and the place they go to."""

    name: str
    token: str
    theme: str = ""
    roles: frozenset[str] = frozenset()
    owner: PageOwner | None = None
    owners: tuple[PageOwner, ...] = ()

    @classmethod
    def of(cls, service: Service, signed_in: SignedIn) -> HalfVisitor:
        """Return the visitor of a session."""
        return cls(
            name=signed_in.person.shown_name,
            token=form_token(service, signed_in.session),
            theme=signed_in.person.theme.value,
        )


class SentForm(msgspec.Struct, frozen=True, kw_only=True):
    """A form that was sent after the end of a session."""

    person_id: str
    path: str
    body: str
    at: datetime


class SignInView(msgspec.Struct, frozen=True, kw_only=True):
    """What the pages of signing in show; `next` and `sealed` go along from one to the next."""

    form: DrawnForm
    next: str = ""
    sealed: str = ""
    ended: bool = False
    """Whether a session has ended, so that the page says why it is shown."""
    lost: bool = False
    """Whether something was sent that does not go on."""
    attempt: str = ""
    address: str = ""
    demo: tuple[tuple[str, str], ...] = ()
    """(key, what the button says) of those as whom one enters with a click."""
    token: str = ""
    qr: str = ""
    """An SVG."""
    secret: str = ""
    codes: tuple[str, ...] = ()
    action: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    key: str = ""
    """The idempotency key of the form that waits: sent again, it counts once."""


def redirect_to_sign_in(next_path: str | None, signed_in: SignedIn | None, now: datetime) -> Response:
    """Return the answer to who asks for a page without a session, or without the second factor."""
    pending = signed_in is not None and signed_in.session.works_at(now) and signed_in.needs_factor
    where = "/sign-in/factor" if pending else "/sign-in"
    address = f"{where}?next={quote(next_path, safe='/')}" if next_path and next_path != "/" else where
    return Response(status_code=303, headers={"Location": address, "Cache-Control": "no-store"})


def _is_at_loopback(host: str | None) -> bool:
    """Whether the host that a browser names is its own machine: another site's name may lead here as well."""
    return urlsplit(f"//{host or ''}").hostname in _LOOPBACK


def demo_people(request: Request) -> tuple[tuple[str, str], ...]:
    """Return as whom one enters with a click: nobody but in a demo, at the machine's own address."""
    if not (request.app.state.demo and _is_at_loopback(request.headers.get("host"))):
        return ()
    return (*((person.key, person.says) for person in demo.PEOPLE), (demo_physician.KEY, demo_physician.SAYS))


def page_after_end(exchange: Exchange, signed_in: SignedIn | None, sealed: str | None, now: datetime) -> Response:
    """Return the page by which somebody signs in whose form came after the end of their session."""
    pending = signed_in is not None and signed_in.session.works_at(now) and signed_in.needs_factor
    people = demo_people(exchange.request())
    view = SignInView(form=DrawnForm(), sealed=sealed or "", ended=True, lost=sealed is None, demo=people)
    half, template = None, "pages/sign_in/start.html"
    if pending and signed_in is not None:
        half, template = (
            HalfVisitor.of(exchange.scope["app"].state.service, signed_in),
            "pages/sign_in/factor_first.html",
        )
    response = page(exchange.request(), half, template, view, 401)
    response.headers["Cache-Control"] = "no-store, no-transform"
    response.headers["WWW-Authenticate"] = 'Link realm="sign-in"'
    return response


def seal_form(service: Service, person_id: str, path: str, body: bytes) -> str | None:
    """Return a form sealed for its person; None for one that is too large."""
    if len(body) > MOST_BYTES or read_path(quote(path)) is None:
        return None
    form = SentForm(person_id=person_id, path=quote(path), body=body.decode("utf-8", "replace"), at=service.clock())
    return service.keyring.seal(_PURPOSE, msgspec.json.encode(form), "")


def unseal_form(service: Service, sealed: str, person_id: str) -> SentForm | None:
    """Return a form that was sealed for a person; None for anything else."""
    opened = service.keyring.unseal(_PURPOSE, sealed, "") if sealed else None
    if opened is None:
        return None
    form = msgspec.json.decode(opened, type=SentForm)
    return form if form.person_id == person_id and service.clock() < form.at + _KEPT else None


def waiting_view(form: SentForm) -> SignInView:
    """Return what the page of a form shows that waits: its fields in their order, and no token of another session."""
    fields: SentFields = read_fields(form.body.encode(), FORM)
    kept = [(name, value) for name, values in fields.items() if name not in OWN_FIELDS for value in values]
    return SignInView(form=DrawnForm(), action=form.path, fields=tuple(kept), key=value_of(fields, "key"))


def go_on(service: Service, person_id: str, next_path: str, sealed: str) -> SentForm | str:
    """Return the form that goes on, else the path to go on to."""
    form = unseal_form(service, sealed, person_id)
    return form if form is not None else read_path(next_path) or "/"
