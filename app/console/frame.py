"""What every page gets: its template, the header and footer around it, its headers, and the sentence after a 303."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal, Protocol
from urllib.parse import urlsplit

import msgspec
from fastapi import Request
from jinja2 import DictLoader, Environment, StrictUndefined
from starlette.responses import HTMLResponse, Response

from app.console import words
from app.console.assets import address_of
from app.console.compact import Compact
from app.core.clock import new_id
from app.core.security import Keyring
from app.services.context import Service

TEMPLATES = Path(__file__).parent / "templates"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    # With `no-referrer` a browser sends `Origin: null` on our own forms.
    "Referrer-Policy": "same-origin",
}
# Not compressed: a token stands beside what was typed (BREACH).
_NOT_KEPT = {**_HEADERS, "Cache-Control": "no-store, no-transform"}
_ANYBODYS = {**_HEADERS, "Cache-Control": "no-cache, no-transform"}
_KEPT = {**_HEADERS, "Cache-Control": "public, max-age=30"}
FLASH_COOKIE = "__Host-pars-flash"
_FLASH_SECONDS = 300
_FLASH = "console flash"
_COOKIE = "; Path=/; Secure; HttpOnly; SameSite=Lax"


class PageOwner(msgspec.Struct, frozen=True):
    """Whose pages somebody may see: their address, such as `/p/0008001`, and the name of whom they are about."""

    address: str
    name: str
    reads_only: bool = False
    """Whether who is there sees every page of the owner's people, and changes nothing."""


class Beholder(Protocol):
    """Who sees a page, as far as the frame shows it."""

    @property
    def name(self) -> str:
        """Their name."""

    @property
    def theme(self) -> str:
        """The theme that they chose: light or dark; anything else is the system's."""

    @property
    def roles(self) -> frozenset[str]:
        """The roles that they have on these pages; a role that includes another stands beside it."""

    @property
    def owner(self) -> PageOwner | None:
        """Whose pages they are on; None on pages about nobody, such as their account."""

    @property
    def owners(self) -> Sequence[PageOwner]:
        """Some of those whose pages they may see, this one among them."""

    @property
    def token(self) -> str:
        """What their forms carry, so that no other site can send them."""


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A link of the header bar, and which addresses below an owner's belong to it."""

    title: str
    folder: str
    """The first part of its address below the owner's; empty for the owner's own page."""
    also: tuple[str, ...] = ()
    role: str
    reads: bool = True
    """Whether it shows something: who only reads sees no section that is but a form."""


SECTIONS: dict[str, tuple[Section, ...]] = {
    "p": (
        Section(title="Home", folder="", role="reader"),
        Section(title="Activities", folder="activities", role="reader"),
        Section(title="Learners", folder="learners", also=("completions", "summary", "disputes"), role="reader"),
        Section(title="Uploads", folder="uploads", also=("held",), role="reporter"),
        Section(title="Validate", folder="validate", role="reporter", reads=False),
        Section(title="Reports", folder="reports", role="reader"),
        Section(title="Settings", folder="settings", role="manager"),
    ),
    "b": (
        Section(title="Credits by day", folder="", role="board"),
        Section(title="Roster", folder="roster", role="board"),
        Section(title="Transcripts", folder="licensees", role="board"),
    ),
    "operator": (
        Section(title="Work", folder="", also=("work",), role="operator"),
        Section(title="Providers", folder="providers", also=("rems",), role="operator"),
        Section(title="Boards", folder="boards", also=("overdue",), role="operator"),
        Section(title="Registry", folder="registry", also=("misses", "disputes"), role="operator"),
        Section(title="Passport", folder="passport", role="operator"),
        Section(title="People", folder="people", role="operator"),
        Section(title="Audit", folder="audit", role="operator"),
    ),
    "passport": (
        Section(title="Find activities", folder="", also=("activities", "boards"), role="learner"),
        Section(title="My credits", folder="credits", also=("disputes",), role="learner"),
        Section(title="Transcript", folder="transcript", also=("transcripts",), role="learner"),
        Section(title="Shares", folder="shares", role="learner"),
        Section(title="Settings", folder="settings", role="learner"),
    ),
}
"""The links of the header bar, by the first part of an owner's address."""


class Flash(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence for the page after a form: what happened, and perhaps a link."""

    text: str
    kind: Literal["ok", "warn", "no"] = "ok"
    link: str | None = None
    link_text: str | None = None


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A link of the header bar."""

    title: str
    address: str
    current: bool


class Frame:
    """What templates are given beside their view: who looks, where, and what stands around the page."""

    def __init__(self, request: Request, visitor: Beholder | None) -> None:
        service: Service = request.app.state.service
        self._keyring: Keyring = service.keyring
        self._sealed_flash = request.cookies.get(FLASH_COOKIE)
        self.flash_shown = False
        self.visitor = visitor
        self.path: str = request.url.path
        self.request_id: str = request.state.request_id
        self.support = service.settings.support_contact
        self.owner = visitor.owner if visitor is not None else None
        self.reads_only = self.owner is not None and self.owner.reads_only
        self.theme = visitor.theme if visitor is not None and visitor.theme in ("light", "dark") else ""
        self.demo: bool = getattr(request.app.state, "demo", False)

    @property
    def token(self) -> str:
        """The token of forms; empty for those of pages that need no session."""
        return self.visitor.token if self.visitor is not None else ""

    @property
    def owner_name(self) -> str:
        """Whose page it is, for its title."""
        return self.owner.name if self.owner is not None else "PARS"

    @property
    def home(self) -> str:
        """Where the brand leads."""
        return self.owner.address if self.owner is not None else "/"

    @property
    def links(self) -> list[Link]:
        """The links of the header bar that the visitor may follow."""
        if self.owner is None or self.visitor is None:
            return []
        address, roles = self.owner.address, self.visitor.roles
        folder = self.path.removeprefix(address).strip("/").partition("/")[0] if self._within(address) else None
        place = "p" if self.reads_only else address.strip("/").partition("/")[0]
        return [
            Link(
                title=section.title,
                address=f"{address}/{section.folder}".rstrip("/"),
                current=folder in (section.folder, *section.also),
            )
            for section in SECTIONS.get(place, ())
            if section.role in roles or (self.reads_only and section.reads)
        ]

    def _within(self, address: str) -> bool:
        return self.path == address or self.path.startswith(f"{address}/")

    @cached_property
    def flash(self) -> Flash | None:
        """The sentence that the page before left; a page that shows it ends it."""
        self.flash_shown = self._sealed_flash is not None
        opened = self._keyring.unseal(_FLASH, self._sealed_flash, "") if self._sealed_flash else None
        return msgspec.json.decode(opened, type=Flash) if opened is not None else None

    @staticmethod
    def new_key() -> str:
        """Return the idempotency key of a form that is drawn now."""
        return new_id()


@cache
def templates() -> Environment:
    """Return all templates as they are on disk now: a request reads no file. Each is compiled when it is first shown.

    To compile them all takes as long as everything else that a start does.
    """
    texts = {
        path.relative_to(TEMPLATES).as_posix(): path.read_text(encoding="utf-8") for path in TEMPLATES.rglob("*.*")
    }
    environment = Environment(
        loader=DictLoader(texts),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
        extensions=[Compact],
    )
    environment.globals["asset"] = address_of
    environment.filters |= words.FILTERS
    return environment


def page(
    request: Request, visitor: Beholder | None, template: str, view: Any, status: int = 200, *, kept: bool = False
) -> Response:
    """Return a page, or a part of one where the template stands alone; `view` holds all that it shows.

    `visitor` is None on pages for anybody. One that is `kept` says the same to everybody, and for half a minute.
    """
    frame = Frame(request, visitor)
    text = templates().get_template(template).render(frame=frame, view=view)
    kept = kept and status == 200 and not frame.flash_shown
    headers = _NOT_KEPT if visitor is not None else _KEPT if kept else _ANYBODYS
    response = HTMLResponse(text, status, headers=headers)
    if frame.flash_shown:
        response.headers.append("Set-Cookie", f"{FLASH_COOKIE}={_COOKIE}; Max-Age=0")
    return response


def file_headers(name: str) -> dict[str, str]:
    """Return the headers of a file that a page leads to; its name holds no person."""
    return _NOT_KEPT | {"Content-Disposition": f'attachment; filename="{name}"'}


def whole_address(request: Request, path: str) -> str:
    """Return a page of ours as an address to pass on: under the public URL; without one, under that of this request."""
    service: Service = request.app.state.service
    return f"{service.settings.public_url or str(request.base_url).rstrip('/')}{path}"


def go_to(request: Request, address: str, flash: Flash | None = None) -> Response:
    """Answer a form: the browser shows another page of ours, which says `flash` on top.

    Raises `ValueError` for an address of another site.
    """
    parts = urlsplit(address)
    if parts.scheme or parts.netloc or not address.startswith("/") or address.startswith(("//", "/\\")):
        raise ValueError("a form is answered by a page of ours")
    # A script's request would follow 303 by itself and put the whole page where a part was to go.
    by_script = "hx-request" in request.headers
    headers = _led_by_script(request, address) if by_script else {"Location": address}
    response = Response(status_code=200 if by_script else 303, headers=_NOT_KEPT | headers)
    if flash is not None:
        service: Service = request.app.state.service
        sealed = service.keyring.seal(_FLASH, json.dumps(msgspec.to_builtins(flash)).encode(), "")
        response.headers.append("Set-Cookie", f"{FLASH_COOKIE}={sealed}{_COOKIE}; Max-Age={_FLASH_SECONDS}")
    return response


def _led_by_script(request: Request, address: str) -> dict[str, str]:
    """Return the header by which a script shows another page, or its own page anew.

    A browser that is sent to a place on the page that it shows only goes there, and loads nothing.
    """
    shown = urlsplit(request.headers.get("hx-current-url", ""))
    path, place, _ = address.partition("#")
    same = place and path == f"{shown.path}?{shown.query}".rstrip("?")
    return {"HX-Refresh": "true"} if same else {"HX-Redirect": address}
