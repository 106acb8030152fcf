"""Shares: a physician gives a receiver a link to their transcript, sees each view, and ends it.

A link that has ended, is over or never was is answered alike. Who opens one is nobody that is known: views are counted
by their day, in the name of the installation.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection

from app.core.clock import new_id
from app.core.errors import Conflict, InvalidRequest, NotFound, fault_at
from app.core.security import digest_of
from app.domain.passport.audit import ShareAudit
from app.domain.passport.notices import NoticeKind
from app.domain.passport.shares import LONGEST_RECEIVER, MOST_DAYS, MOST_OPEN, RECEIVER_KEPT, Share, ShareView
from app.domain.passport.transcripts import Transcript, TranscriptPeriod
from app.domain.people.persons import StaffPerson
from app.services.context import Caller, Service, Work, operator, read_async, transact, transact_async
from app.services.passport import my_credits, publishing, telling, verification
from app.services.passport.accounts import confirmed
from app.services.passport.publishing import Prepared
from app.services.passport.verification import VerifiedTranscript
from app.services.registry import physicians as registry
from app.store.passport import accounts, shares, transcripts
from app.store.people import persons

MOST_LISTED = 200
"""Shares of one account that are listed."""
_AT_ONCE = 50


class ShareRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a physician wants to show, to whom, and until when."""

    receiver: str
    period: TranscriptPeriod
    fixed: bool
    """Whether it shows what stands now, published under a code; otherwise it follows changes."""
    last_day: date | None = None
    days: int | None = None
    """Days from today, in place of the last one."""
    mails_views: bool = False


class CreatedShare(msgspec.Struct, frozen=True, kw_only=True):
    """A share that was made, and what stands in its link, this once."""

    share: Share
    token: str


class MyShare(msgspec.Struct, frozen=True, kw_only=True):
    """A share as whoever gave it sees it."""

    share: Share
    works: bool
    code: str
    """The verification code of what it shows; empty where it follows changes."""
    views: tuple[ShareView, ...]


class ShownShare(msgspec.Struct, frozen=True, kw_only=True):
    """What a receiver sees."""

    share: Share
    transcript: Transcript
    """As it was published, or as it stands now."""
    verified: VerifiedTranscript | None
    """The code, and what has changed since; None where the share follows changes."""


async def prepare(caller: Caller, asked: ShareRequest) -> Prepared | None:
    """Print and sign what a share is to show, where that is fixed.

    Raises `InvalidRequest` with all that the request lacks, and `Forbidden` while the account is not confirmed.
    """
    await read_async(caller, _refuse, asked)
    return await publishing.prepare(caller, asked.period) if asked.fixed else None


def _refuse(connection: Connection, caller: Caller, asked: ShareRequest) -> None:
    holder = confirmed(connection, caller)
    _last_day(asked, _today(_person(connection, holder.account.person_id), caller.service.clock()))


def create(work: Work, asked: ShareRequest, prepared: Prepared | None) -> CreatedShare:
    """Make a link. Raises `InvalidRequest`, `Forbidden` while the account is not confirmed, and `Conflict`."""
    connection = work.connection
    # Locked, so that none is made beside the end of the account.
    accounts.lock(connection, work.caller.client.client_id)
    holder = confirmed(connection, work.caller)
    account = holder.account
    person = _person(connection, account.person_id)
    last_day = _last_day(asked, _today(person, work.now))
    if shares.count_open(connection, account.client_id, work.now) >= MOST_OPEN:
        raise Conflict(f"{MOST_OPEN} links work already. End some of them, then make another.")
    published = publishing.save(work, prepared) if prepared is not None else None
    token = secrets.token_urlsafe(32)
    share = Share(
        share_id=f"shr_{new_id()}",
        client_id=account.client_id,
        learner_id=holder.physician.physician_id,
        receiver=_receiver(asked),
        transcript_id=published.transcript_id if published is not None else None,
        period_first=asked.period.first,
        period_last=asked.period.last,
        last_day=last_day,
        mails_views=asked.mails_views,
        created_at=work.now,
        expires_at=datetime.combine(last_day + timedelta(days=1), time(), ZoneInfo(person.time_zone)),
        ended_at=None,
    )
    shares.add(connection, share, digest_of(token))
    work.audit("create", share.share_id, audit_of(share))
    return CreatedShare(share=share, token=token)


def _receiver(asked: ShareRequest) -> str:
    return " ".join(asked.receiver.split())


def _last_day(asked: ShareRequest, today: date) -> date:
    """Return the last day of a share; raises `InvalidRequest` with all that the request lacks."""
    faults = []
    receiver = _receiver(asked)
    if not receiver:
        faults.append(fault_at("/receiver", "It is for nobody.", "Write for whom the link is: they are shown it."))
    elif len(receiver) > LONGEST_RECEIVER:
        faults.append(fault_at("/receiver", "That is too long.", f"Write at most {LONGEST_RECEIVER} characters."))
    last_day = today + timedelta(days=asked.days) if asked.days is not None else asked.last_day
    latest = today + timedelta(days=MOST_DAYS)
    hint = f"Choose a day from {today:%m/%d/%Y} to {latest:%m/%d/%Y}."
    if asked.days is not None and asked.last_day is not None:
        faults.append(fault_at("/last_day", "It has a last day and a number of days.", "Give one of the two."))
    elif last_day is None:
        faults.append(fault_at("/last_day", "The last day is missing.", hint))
    elif not today <= last_day <= latest:
        faults.append(fault_at("/last_day", "The last day is over, or more than a year ahead.", hint))
    if faults or last_day is None:
        raise InvalidRequest(errors=faults)
    return last_day


def _person(connection: Connection, person_id: str) -> StaffPerson:
    person = persons.by_id(connection, person_id)
    assert person is not None
    return person


def _today(person: StaffPerson, now: datetime) -> date:
    return now.astimezone(ZoneInfo(person.time_zone)).date()


def audit_of(share: Share) -> ShareAudit:
    """Return what the audit log says of a share: neither its receiver nor its link."""
    return ShareAudit(learner_id=share.learner_id)


def list_mine(connection: Connection, caller: Caller) -> list[MyShare]:
    """Return the links that the caller gave, the newest first; raises `Forbidden` while it is not confirmed."""
    account = confirmed(connection, caller).account
    return _shown_to_giver(connection, caller, shares.of_account(connection, account.client_id, MOST_LISTED))


def mine(connection: Connection, caller: Caller, share_id: str) -> MyShare:
    """Return a link that the caller gave; raises `NotFound`, and `Forbidden` while the account is not confirmed."""
    account = confirmed(connection, caller).account
    share = shares.one(connection, share_id)
    if share is None or share.client_id != account.client_id:
        raise NotFound("You have given no such link.")
    return _shown_to_giver(connection, caller, [share])[0]


def _shown_to_giver(connection: Connection, caller: Caller, found: Sequence[Share]) -> list[MyShare]:
    shown = {share.transcript_id for share in found if share.transcript_id is not None}
    codes = publishing.codes_of(connection, caller, shown)
    views: defaultdict[str, list[ShareView]] = defaultdict(list)
    for view in shares.views_of(connection, [share.share_id for share in found]):
        views[view.share_id].append(view)
    now = caller.service.clock()
    return [
        MyShare(
            share=share,
            works=share.works_at(now),
            code=codes.get(share.transcript_id or "", ""),
            views=tuple(views[share.share_id]),
        )
        for share in found
    ]


def end(work: Work, share_id: str) -> None:
    """End a link of the caller's at once; one that shows nothing any longer stays as it is.

    Raises `NotFound`, and `Forbidden` while the account is not confirmed.
    """
    account = confirmed(work.connection, work.caller).account
    share = shares.lock(work.connection, share_id)
    if share is None or share.client_id != account.client_id:
        raise NotFound("You have given no such link.")
    if share.works_at(work.now):
        shares.end(work.connection, share_id, work.now)
        work.audit("end", share_id, audit_of(share))


def find(connection: Connection, service: Service, token: str) -> Share | None:
    """Return the share of a link that works; None for any other. Nothing is counted."""
    return _working(connection, shares.of_link(connection, digest_of(token)), service.clock())


def _working(connection: Connection, share: Share | None, now: datetime) -> Share | None:
    # The statement runs as well where there is no such link.
    account = accounts.by_client(connection, share.client_id if share is not None else "")
    # What an account may show is not certain once its confirmation was taken back: then its links show nothing.
    confirmed = account is not None and account.closed_at is None and account.confirmed_at is not None
    return share if share is not None and share.works_at(now) and confirmed else None


async def view(service: Service, token: str, *, pdf: bool = False) -> ShownShare | None:
    """Count a view of a link, or that its PDF is taken, and return what it shows; None for one that shows nothing."""
    share = await transact_async(operator(service), _count, token, pdf=pdf)
    if share is None:
        return None
    return await service.database.read_async(lambda connection: _show(connection, service, share), whose="shares")


def _count(work: Work, token: str, *, pdf: bool) -> Share | None:
    connection = work.connection
    found = find(connection, work.service, token)
    share = shares.lock(connection, found.share_id) if found is not None else None
    # Locked, and looked at again: it may have ended by now.
    if share is None or _working(connection, share, work.now) is None:
        return None
    account = accounts.by_client(connection, share.client_id)
    assert account is not None
    day = _today(_person(connection, account.person_id), work.now)
    if shares.count_view(connection, share.share_id, day, pdf=pdf) and share.mails_views:
        telling.note(work, [(account.learner_id, NoticeKind.VIEWED, share.share_id)])
    work.audit("view", share.share_id, audit_of(share))
    return share


def _show(connection: Connection, service: Service, share: Share) -> ShownShare | None:
    if share.transcript_id is not None:
        verified = verification.verified(connection, service, share.transcript_id)
        return None if verified is None else ShownShare(share=share, transcript=verified.transcript, verified=verified)
    physician = registry.find(connection, share.learner_id)
    records = my_credits.records_of(connection, physician, share.period)
    transcript = my_credits.transcript_of(service.catalogue, physician, records, share.period)
    return ShownShare(share=share, transcript=transcript, verified=None)


async def pdf_of(service: Service, shown: ShownShare) -> bytes:
    """Return the PDF of what a link shows: as it was signed, or one to read that has no code."""
    transcript_id = shown.share.transcript_id
    if transcript_id is None:
        return await publishing.print_copy(service, shown.transcript)
    return await service.database.read_async(
        lambda connection: transcripts.pdf_of(connection, transcript_id), whose="shares"
    )


def forget_receivers(service: Service) -> None:
    """Forget for whom links were whose end is long past."""
    while transact(operator(service), _forget_some):
        pass


def _forget_some(work: Work) -> bool:
    found = shares.long_over(work.connection, work.now - RECEIVER_KEPT, _AT_ONCE)
    for share in found:
        shares.forget_receiver(work.connection, share.share_id)
        work.audit("forget", share.share_id, audit_of(share))
    return len(found) == _AT_ONCE
