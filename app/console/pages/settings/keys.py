"""Systems that report for a provider, and their keys: shown once, two at a time, so that one can replace another."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from app.console.drawn_forms import DrawnForm, Said, said_of_problem
from app.console.forms import BodyForm
from app.console.frame import Flash, go_to, page
from app.console.once import NOTHING_AGAIN, submit_once
from app.console.pages.settings.confirming import ConfirmView, ask_first, settings_of
from app.console.routes import PageRoute, Sent
from app.console.visitors import Manager, Visitor
from app.core.errors import Conflict, Forbidden, InvalidRequest, NotFound
from app.domain.access.credentials import MOST_ACTIVE, ClientKey, KeyKind
from app.domain.clients import ClientListing
from app.schemas.access.clients import ManagedClientIn
from app.services.access import client_keys, management
from app.services.access.management import NewClient
from app.services.context import read_async, transact_async

router = APIRouter(prefix="/p/{provider_id}/settings/keys", route_class=PageRoute, include_in_schema=False)
ClientId = Annotated[str, Path(max_length=64)]
KeyId = Annotated[str, Path(max_length=64)]
FORM = BodyForm(ManagedClientIn)
SCOPES = {
    "activities:read": "Look up activities",
    "activities:write": "Register, change and close activities",
    "completions:read": "Look up what was reported",
    "completions:write": "Report, correct and withdraw",
    "learners:validate": "Validate learners",
    "batches:read": "Look up uploads",
    "batches:write": "Upload files",
    "webhooks:manage": "Manage its webhooks",
    "clients:manage": "Manage systems and people",
    "transcripts:read": "Look up transcripts",
    "board:feed": "Read and decide a board's feed",
    "operator": "Operate the installation",
}
"""What each scope allows, in words."""
KINDS = {KeyKind.API_KEY: "API key", KeyKind.CLIENT_SECRET: "Client secret for OAuth"}

_ATTESTING = {"attest": True, "withdraw": False}
_WITHDRAW = "Withdraw the attestation of the learners' permission?"
_IF_WITHDRAWN = (
    "PARS documents of this system that report completions are refused from now on.",
    "What it reported stays as it is. Its other requests go on: each says itself that the learner agreed.",
    "It can be attested again.",
)
_IF_ATTESTED = (
    "PARS documents have no place for the learner's permission: they rest on this.",
    "It is kept with the system's name and the date.",
)


class KeysView(msgspec.Struct, frozen=True, kw_only=True):
    """The systems, and the form that adds one."""

    address: str
    clients: tuple[ClientListing, ...]
    zone: str
    form: DrawnForm
    scopes: tuple[tuple[str, str], ...]
    """Those that may be given, in words."""


class SystemView(msgspec.Struct, frozen=True, kw_only=True):
    """One system with its keys."""

    address: str
    client: ClientListing
    scopes: tuple[str, ...]
    keys: tuple[ClientKey, ...]
    zone: str
    now: datetime
    most: int = MOST_ACTIVE
    refusal: str = ""
    kinds: dict[KeyKind, str]


class SecretsView(msgspec.Struct, frozen=True, kw_only=True):
    """Secrets, in the one answer that shows them."""

    heading: str
    secrets: tuple[tuple[str, str], ...]
    """(what it is, the secret); none where the form was sent before."""
    after: str
    """What to do with them, in a sentence."""
    back: str
    back_text: str


@router.get("")
async def list_systems(request: Request, visitor: Manager, provider_id: str) -> Response:
    """List the systems, with a form to add another."""
    given = [scope for scope in SCOPES if scope in visitor.caller.client.scopes and scope != management.MANAGE]
    return await _show_list(request, visitor, DrawnForm({"/scopes": given}), 200)


@router.post("")
async def add_system(request: Request, visitor: Manager, provider_id: str, sent: Sent) -> Response:
    """Make a client with a key and a client secret, and show them, this once."""
    typed = FORM.read(sent)
    try:
        body = FORM.validated(typed)
        asked = NewClient(
            name=body.name,
            role=None,
            provider_ids=None,
            board=None,
            scopes=body.scopes or [],
            test=None if body.environment is None else body.environment == "test",
            expires_at=body.expires_at,
        )
        done = await submit_once(request, visitor, sent, management.create, asked)
    except InvalidRequest as refusal:
        return await _show_list(request, visitor, DrawnForm(typed.fields, said_of_problem(refusal, typed.fields)), 422)
    except Conflict as refusal:
        return await _show_list(
            request, visitor, DrawnForm(typed.fields, [Said(pointer="", text=refusal.detail)]), refusal.status
        )
    secrets: tuple[tuple[str, str], ...] = ()
    if done.result is not None:
        created = done.result[1]
        secrets = (("API key", created.api_key), ("Client secret for OAuth", created.client_secret))
    return _show_secrets(request, visitor, body.name, secrets, f"{settings_of(visitor)}/keys", "All systems")


@router.get("/{client_id}")
async def show_system(request: Request, visitor: Manager, provider_id: str, client_id: ClientId) -> Response:
    """Show a system with its keys."""
    return await _show_system(request, visitor, client_id)


@router.post("/{client_id}/add/{kind}")
async def add_key(
    request: Request, visitor: Manager, provider_id: str, client_id: ClientId, kind: KeyKind, sent: Sent
) -> Response:
    """Give a system another key, and show it, this once."""
    try:
        done = await submit_once(request, visitor, sent, client_keys.add, client_id, kind, None)
    except (Conflict, Forbidden, InvalidRequest) as refusal:
        return await _show_system(request, visitor, client_id, refusal.detail, refusal.status)
    secrets = ((KINDS[kind], done.result[1]),) if done.result is not None else ()
    back = f"{settings_of(visitor)}/keys/{client_id}"
    return _show_secrets(request, visitor, KINDS[kind], secrets, back, "The system's keys")


@router.get("/{client_id}/end/{key_id}")
async def ask_to_end(
    request: Request, visitor: Manager, provider_id: str, client_id: ClientId, key_id: KeyId
) -> Response:
    """Say what ending a key does."""
    key = await read_async(visitor.caller, client_keys.get, client_id, key_id)
    back = f"{settings_of(visitor)}/keys/{client_id}"
    ending = f" that ends with {key.ending}" if key.ending else ""
    used = "It was never used." if key.last_used_at is None else f"It was last used on {key.last_used_at:%m/%d/%Y}."
    view = ConfirmView(
        heading=f"End the {KINDS[key.kind]}{ending}?",
        sentences=("It works no longer, within a second, for good. Whatever still uses it is refused.", used),
        action=f"{back}/end/{key_id}",
        verb="End it",
        back=back,
    )
    return ask_first(request, visitor, view)


@router.post("/{client_id}/end/{key_id}")
async def end_key(
    request: Request, visitor: Manager, provider_id: str, client_id: ClientId, key_id: KeyId, sent: Sent
) -> Response:
    """End a key for good."""
    await transact_async(visitor.caller, client_keys.end, client_id, key_id, own=False)
    return go_to(request, f"{settings_of(visitor)}/keys/{client_id}", Flash(text="The key was ended."))


@router.get("/{client_id}/permission/{what}")
async def ask_about_permission(
    request: Request, visitor: Manager, provider_id: str, client_id: ClientId, what: str
) -> Response:
    """Say what withdrawing the attestation of learners' permission does, or making it again."""
    withdraws = not _attests(what)
    client = await read_async(visitor.caller, management.get, client_id)
    back = f"{settings_of(visitor)}/keys/{client_id}"
    view = ConfirmView(
        heading=_WITHDRAW if withdraws else f"Attest that learners permit what {client.name} reports?",
        sentences=_IF_WITHDRAWN if withdraws else _IF_ATTESTED,
        action=f"{back}/permission/{what}",
        verb="Withdraw the attestation" if withdraws else "Attest permission",
        back=back,
        dangerous=withdraws,
    )
    return ask_first(request, visitor, view)


@router.post("/{client_id}/permission/{what}")
async def change_permission(
    request: Request, visitor: Manager, provider_id: str, client_id: ClientId, what: str, sent: Sent
) -> Response:
    """Withdraw the attestation of learners' permission, or make it again."""
    attested = _attests(what)
    given = {"permission_attested": attested}
    done = await submit_once(request, visitor, sent, management.change, client_id, "*", given, own=False)
    text = "The learners' permission is attested." if attested else "The attestation was withdrawn."
    flash = NOTHING_AGAIN if done.again else Flash(text=text)
    return go_to(request, f"{settings_of(visitor)}/keys/{client_id}", flash)


def _attests(what: str) -> bool:
    """Whether the word of an address attests; raises `NotFound` for one that is none."""
    if what not in _ATTESTING:
        raise NotFound
    return _ATTESTING[what]


@router.get("/{client_id}/revoke")
async def ask_to_revoke(request: Request, visitor: Manager, provider_id: str, client_id: ClientId) -> Response:
    """Say what revoking a system does."""
    client = await read_async(visitor.caller, management.get, client_id)
    back = f"{settings_of(visitor)}/keys/{client_id}"
    view = ConfirmView(
        heading=f"Revoke {client.name}?",
        sentences=(
            "All its keys and tokens work no longer, within a second, for good.",
            "Nothing more is sent to its webhooks. Rows of its files that were not reached are rejected.",
            "What it reported stays as it is.",
        ),
        action=f"{back}/revoke",
        verb="Revoke it",
        back=back,
    )
    return ask_first(request, visitor, view)


@router.post("/{client_id}/revoke")
async def revoke_system(
    request: Request, visitor: Manager, provider_id: str, client_id: ClientId, sent: Sent
) -> Response:
    """Revoke a system for good."""
    revoked = await transact_async(visitor.caller, management.revoke, client_id, own=False)
    return go_to(request, f"{settings_of(visitor)}/keys", Flash(text=f"{revoked.name} was revoked."))


async def _show_list(request: Request, visitor: Visitor, form: DrawnForm, status: int) -> Response:
    caller = visitor.caller
    found = await read_async(
        caller, management.page, revoked=False, after=None, limit=management.MOST_CLIENTS
    )  # fmt: skip
    view = KeysView(
        address=settings_of(visitor),
        clients=tuple(found),
        zone=visitor.time_zone,
        form=form,
        scopes=tuple((scope, words) for scope, words in SCOPES.items() if scope in caller.client.scopes),
    )
    return page(request, visitor, "pages/settings/keys.html", view, status)


async def _show_system(
    request: Request, visitor: Visitor, client_id: str, refusal: str = "", status: int = 200
) -> Response:
    client = await read_async(visitor.caller, management.get, client_id)
    found = await read_async(visitor.caller, client_keys.list_keys, client_id)
    view = SystemView(
        address=settings_of(visitor),
        client=client,
        scopes=tuple(SCOPES.get(scope, scope) for scope in client.scopes),
        keys=tuple(found),
        zone=visitor.time_zone,
        now=visitor.service.clock(),
        refusal=refusal,
        kinds=KINDS,
    )
    return page(request, visitor, "pages/settings/system.html", view, status)


def _show_secrets(
    request: Request, visitor: Visitor, heading: str, secrets: tuple[tuple[str, str], ...], back: str, text: str
) -> Response:
    view = SecretsView(
        heading=heading,
        secrets=secrets,
        after="Put it where the system keeps its secrets. It cannot be shown again; lost, it is replaced by another.",
        back=back,
        back_text=text,
    )
    return page(request, visitor, "pages/settings/secrets.html", view)
