"""A physician's settings: what confirms the account, who else has asked for it, what is on file, and closing it."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from app.console.cookies import drop_session
from app.console.drawn_forms import DrawnForm, Said, said_of_problem
from app.console.frame import Flash, go_to, page
from app.console.once import submit_once
from app.console.pages.passport.confirming import lead_to_confirming
from app.console.routes import PageRoute, Sent, value_of
from app.console.visitors import Physician, Visitor
from app.console.words import instant
from app.core.errors import Conflict, Forbidden, InvalidRequest
from app.domain.identity.physicians import FiledNumber
from app.domain.passport.accounts import PassportClaim
from app.domain.passport.notices import MailChoices, MailTime
from app.services.context import read_async, transact_async
from app.services.passport import accounts, address_changes, permission, telling
from app.services.passport.accounts import Holder
from app.services.passport.permission import ProviderPermission

router = APIRouter(prefix="/passport/settings", route_class=PageRoute, include_in_schema=False)


class PermittedProvider(msgspec.Struct, frozen=True, kw_only=True):
    """A provider that has reported the physician, and whether it still may."""

    provider_id: str
    name: str
    records: int
    withdrawn: str
    """Since when it may not; empty while it may."""
    permission_id: str
    dispute_id: str
    """By which it is asked to withdraw what stands; empty where nothing is asked for."""


_TIMES = (
    (MailTime.AT_ONCE.value, "At once"),
    (MailTime.WEEKLY.value, "On Monday, all in one mail"),
    (MailTime.NONE.value, "Never"),
)
_MAILS = (
    ("reported", "Credit was reported for you"),
    ("rejected", "A board rejected credit"),
    ("withdrawn", "Credit was withdrawn, or an amount corrected"),
    ("viewed", "A link that you gave was opened"),
)


class PassportSettingsView(msgspec.Struct, frozen=True, kw_only=True):
    """What the settings of a physician show."""

    form: DrawnForm
    confirmed: bool
    address: str
    has_totp: bool
    changes: str
    """When another address, which was asked for, needs no word from this one; empty for none."""
    proven: bool
    """Whether the other address is known to be theirs."""
    facts: tuple[tuple[str, str], ...]
    numbers: tuple[tuple[str, str], ...]
    """(board, number) of licences and certifications on file."""
    providers: tuple[PermittedProvider, ...]
    """Those that have reported the physician."""
    mails: tuple[tuple[str, str, str], ...]
    """(field, of what, when) of mails that are a choice."""
    claims: tuple[tuple[str, str, bool], ...]
    """(claim, when, whether the physician has objected) of others who have asked for the account."""
    times: tuple[tuple[str, str], ...] = _TIMES


@router.get("")
async def show_settings(request: Request, visitor: Physician) -> Response:
    """Show the account, and what is on file of whose it is."""
    return await _show(request, visitor, DrawnForm(), 200)


@router.post("/confirm")
async def confirm_by_code(request: Request, visitor: Physician, sent: Sent) -> Response:
    """Confirm the account by the joining code of a provider."""
    try:
        await submit_once(request, visitor, sent, accounts.confirm_by_code, value_of(sent, "/code"))
    except InvalidRequest as refusal:
        return await _show(request, visitor, DrawnForm(sent, said_of_problem(refusal, sent)), 422)
    except Conflict as refusal:
        said = Said(pointer="/code", text=refusal.detail)
        return await _show(request, visitor, DrawnForm(sent, [said]), refusal.status)
    return go_to(request, "/passport/credits", Flash(text="Your account is confirmed."))


@router.post("/mails")
async def choose_mails(request: Request, visitor: Physician, sent: Sent) -> Response:
    """Choose what is mailed, and when."""
    given = {name: value_of(sent, name) for name, _ in _MAILS}
    said = [
        Said(pointer=name, text="There is no such choice.", hint="Choose one of them.")
        for name, value in given.items()
        if value not in set(MailTime)
    ]
    if said:
        return await _show(request, visitor, DrawnForm(sent, said), 422)
    chosen = MailChoices(**{name: MailTime(value) for name, value in given.items()})
    try:
        await transact_async(visitor.caller, telling.choose, chosen)
    except Forbidden:
        return lead_to_confirming(request)
    return go_to(request, "/passport/settings#mails", Flash(text="Your mails were changed."))


@router.post("/claims/{claim_id}/object")
async def object_to_claim(request: Request, visitor: Physician, claim_id: str) -> Response:
    """Say that somebody else has asked for the account."""
    await transact_async(visitor.caller, accounts.object_to, claim_id)
    flash = Flash(text="Noted: the operator sees that it was not you. Your account stays yours meanwhile.")
    return go_to(request, "/passport/settings", flash)


@router.post("/address")
async def ask_for_address(request: Request, visitor: Physician, sent: Sent) -> Response:
    """Ask for another mail address: both are mailed."""
    try:
        await submit_once(request, visitor, sent, address_changes.ask, value_of(sent, "/address"))
    except InvalidRequest as refusal:
        return await _show(request, visitor, DrawnForm(sent, said_of_problem(refusal, sent)), 422)
    except Conflict as refusal:
        said = Said(pointer="/address", text=refusal.detail)
        return await _show(request, visitor, DrawnForm(sent, [said]), refusal.status)
    text = "Mails went to the new address and to the one that you have. Open the links in them."
    return go_to(request, "/passport/settings#sign-in", Flash(text=text))


@router.post("/address/take-back")
async def take_address_back(request: Request, visitor: Physician) -> Response:
    """Take back the change of the address that waits."""
    await transact_async(visitor.caller, address_changes.take_back)
    return go_to(request, "/passport/settings#sign-in", Flash(text="Your address stays as it is."))


@router.get("/close")
async def show_closing(request: Request, visitor: Physician) -> Response:
    """Say what ends with the account, before it does."""
    await read_async(visitor.caller, accounts.holder_of)
    return page(request, visitor, "pages/passport/close.html", None)


@router.post("/close")
async def close_account(request: Request, visitor: Physician, sent: Sent) -> Response:
    """Close the account, and sign out."""
    await transact_async(visitor.caller, accounts.close)
    response = go_to(request, "/passport/join", Flash(text="Your account is closed, and you are signed out."))
    drop_session(request, response)
    return response


async def _show(request: Request, visitor: Visitor, form: DrawnForm, status: int) -> Response:
    holder = await read_async(visitor.caller, accounts.holder_of)
    claims = await read_async(visitor.caller, accounts.claims_on)
    waiting = await read_async(visitor.caller, address_changes.waiting)
    confirmed = holder.account.confirmed_at is not None
    providers = await read_async(visitor.caller, permission.overview) if confirmed else []
    chosen = await read_async(visitor.caller, telling.choices) if confirmed else None
    view = PassportSettingsView(
        form=form,
        confirmed=confirmed,
        address=visitor.person.address or "",
        has_totp=visitor.person.totp_secret is not None,
        changes=instant(waiting.due_at, visitor.time_zone) if waiting is not None else "",
        proven=waiting is not None and waiting.proven_at is not None,
        # An account that nothing has confirmed may be a stranger's, who is shown nothing that was not typed.
        facts=_facts(holder) if confirmed else (),
        numbers=_numbers(visitor, holder) if confirmed else (),
        providers=tuple(_provider(one, visitor.time_zone) for one in providers),
        mails=tuple((name, text, getattr(chosen, name).value) for name, text in _MAILS) if chosen is not None else (),
        claims=tuple(_claim(claim, visitor.time_zone) for claim in claims),
    )
    return page(request, visitor, "pages/passport/settings.html", view, status)


def _provider(one: ProviderPermission, zone: str) -> PermittedProvider:
    return PermittedProvider(
        provider_id=one.provider_id,
        name=one.name,
        records=one.records,
        withdrawn=instant(one.withdrawn.withdrawn_at, zone) if one.withdrawn is not None else "",
        permission_id=one.withdrawn.permission_id if one.withdrawn is not None else "",
        dispute_id=one.dispute.dispute_id if one.dispute is not None else "",
    )


def _facts(holder: Holder) -> tuple[tuple[str, str], ...]:
    physician = holder.physician
    return (
        ("Name", physician.shown.in_full),
        ("Birth month and day", physician.birth_date or "Not on file"),
        ("NPI", physician.npi or "Not on file"),
    )


def _numbers(visitor: Visitor, holder: Holder) -> tuple[tuple[str, str], ...]:
    catalogue = visitor.service.catalogue
    held: tuple[FiledNumber, ...] = (*holder.physician.licenses, *holder.physician.certifications)
    return tuple((catalogue.board_name(number.board), number.number) for number in held)


def _claim(claim: PassportClaim, zone: str) -> tuple[str, str, bool]:
    return claim.claim_id, instant(claim.created_at, zone), claim.objected_at is not None
