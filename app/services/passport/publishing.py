"""Publishing a transcript: what it says is read once, printed, signed and kept under a code that is printed on it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Collection
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection

from app.core.clock import new_id
from app.core.errors import Conflict, NotFound
from app.documents.signing_keys import SigningCertificate, open_signing_key
from app.documents.transcript.printing import print_transcript
from app.documents.transcript.wording import Publication
from app.domain.passport.audit import TranscriptAudit
from app.domain.passport.published import PublishedTranscript
from app.domain.passport.transcripts import Transcript, TranscriptPeriod, content_of, digest_of_content
from app.domain.passport.verification_codes import new_verification_code
from app.services.context import Caller, Service, Work, read_async
from app.services.passport import my_credits
from app.services.passport.accounts import confirmed
from app.store.passport import accounts, transcripts

CODE = "verification-code"
"""The purpose of the key by which codes are found, and of that by which they are sealed."""
PDF_AS_REQUESTS = 40
"""Requests that printing a PDF counts as: so much longer it takes than a page."""
MOST_A_DAY = 20
"""Transcripts that one account publishes in a day: each is kept for ever."""
MOST_LISTED = 200
"""Transcripts of one account that are listed."""


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """A transcript that is printed and signed, and not stored yet."""

    transcript_id: str
    code: str
    learner_id: str
    period: TranscriptPeriod
    rows: int
    content: bytes
    pdf: bytes
    certificate: SigningCertificate


class MyTranscript(msgspec.Struct, frozen=True, kw_only=True):
    """A transcript as whoever published it sees it."""

    published: PublishedTranscript
    code: str


async def copy_for_reading(caller: Caller, period: TranscriptPeriod) -> bytes:
    """Return the PDF of what a transcript of a period would say now: without a code, and not kept.

    Raises `Forbidden` while the account is not confirmed.
    """
    caller.charge(PDF_AS_REQUESTS, 1)
    found = await read_async(caller, my_credits.look, period)
    return await print_copy(caller.service, found.transcript)


async def print_copy(service: Service, transcript: Transcript) -> bytes:
    """Return the PDF of a transcript to read: without a code, and not kept."""
    return await asyncio.to_thread(_print, service, transcript, service.clock(), None)


async def prepare(caller: Caller, period: TranscriptPeriod) -> Prepared:
    """Print and sign the transcript of a period; raises `Forbidden` while the account is not confirmed."""
    caller.charge(PDF_AS_REQUESTS, 1)
    found = await read_async(caller, my_credits.look, period)
    return await sign(caller.service, new_transcript_id(), found.holder.physician.physician_id, found.transcript)


def new_transcript_id() -> str:
    """Return an id for a transcript that may be published."""
    return f"tra_{new_id()}"


async def sign(service: Service, transcript_id: str, learner_id: str, transcript: Transcript) -> Prepared:
    """Print and sign a transcript of a physician under a new code; nothing is stored."""
    code = new_verification_code()
    pdf, certificate = await asyncio.to_thread(_print_signed, service, transcript, service.clock(), code)
    return Prepared(
        transcript_id=transcript_id,
        code=code,
        learner_id=learner_id,
        period=transcript.period,
        rows=len(transcript.rows),
        content=content_of(transcript),
        pdf=pdf,
        certificate=certificate,
    )


def _print(service: Service, transcript: Transcript, now: datetime, code: str | None) -> bytes:
    settings = service.settings
    publication = Publication(
        service_name=settings.service_name,
        address=settings.address_lines,
        contact=settings.support_contact,
        published_on=now.date(),
        code=code,
        # A paper that is signed for ever bears no address that only this machine knows.
        verify_url=f"{settings.public_url}/verify" if settings.public_url else "",
    )
    return print_transcript(transcript, publication, font_folder=settings.font_dir)


def _print_signed(
    service: Service, transcript: Transcript, now: datetime, code: str
) -> tuple[bytes, SigningCertificate]:
    """Return the signed PDF, and the certificate of the key; where no event loop runs."""
    # Imported when a transcript is first signed: it takes as long as a tenth of a start.
    from app.documents.signing import sign_pdf

    settings = service.settings
    key = open_signing_key(settings.transcript_keys, settings.service_name, now, given=settings.transcript_key)
    pdf = _print(service, transcript, now, code)
    return sign_pdf(pdf, key, service_name=settings.service_name), key.certificate


def save(work: Work, prepared: Prepared) -> PublishedTranscript:
    """Store a transcript that was printed and signed.

    Raises `Forbidden` for an account that is not confirmed, and `Conflict` for one too many of a day.
    """
    # Locked, so that no two count the same, and none is stored beside the end of the account.
    accounts.lock(work.connection, work.caller.client.client_id)
    client_id = confirmed(work.connection, work.caller).account.client_id
    since = work.now - timedelta(days=1)
    if transcripts.count_of_account(work.connection, client_id, since) >= MOST_A_DAY:
        raise Conflict(f"You have published {MOST_A_DAY} transcripts within a day. Use one of them, or wait.")
    return store(work, prepared, client_id)


def store(work: Work, prepared: Prepared, client_id: str) -> PublishedTranscript:
    """Store a transcript that was printed and signed as what a client has published."""
    keyring = work.service.keyring
    published = PublishedTranscript(
        transcript_id=prepared.transcript_id,
        client_id=client_id,
        learner_id=prepared.learner_id,
        code=keyring.seal(CODE, prepared.code.encode(), prepared.transcript_id),
        period_first=prepared.period.first,
        period_last=prepared.period.last,
        rows=prepared.rows,
        digest=digest_of_content(prepared.content),
        pdf_digest=hashlib.sha256(prepared.pdf).hexdigest(),
        certificate=prepared.certificate.fingerprint,
        published_at=work.now,
    )
    more = {
        "code_digest": keyring.keyed_digest(CODE, prepared.code),
        "content": prepared.content.decode(),
        "pdf": prepared.pdf,
    }
    transcripts.keep_certificate(work.connection, prepared.certificate.fingerprint, prepared.certificate.pem, work.now)
    transcripts.add(work.connection, published, more)
    audited = TranscriptAudit(learner_id=prepared.learner_id, digest=published.pdf_digest)
    work.audit("publish", published.transcript_id, audited)
    return published


def list_mine(connection: Connection, caller: Caller) -> list[MyTranscript]:
    """Return what the caller has published, the newest first; raises `Forbidden` while it is not confirmed."""
    account = confirmed(connection, caller).account
    found = transcripts.of_account(connection, account.client_id, MOST_LISTED)
    return [_with_code(caller, published) for published in found]


def codes_of(connection: Connection, caller: Caller, transcript_ids: Collection[str]) -> dict[str, str]:
    """Return the verification codes of transcripts by their ids, however many were published since."""
    found = transcripts.with_ids(connection, transcript_ids) if transcript_ids else []
    return {one.published.transcript_id: one.code for one in (_with_code(caller, published) for published in found)}


def _with_code(caller: Caller, published: PublishedTranscript) -> MyTranscript:
    code = caller.service.keyring.unseal(CODE, published.code, published.transcript_id)
    return MyTranscript(published=published, code=code.decode() if code is not None else "")


def mine(connection: Connection, caller: Caller, transcript_id: str) -> MyTranscript:
    """Return a transcript of the caller's; raises `NotFound`, and `Forbidden` while the account is not confirmed."""
    account = confirmed(connection, caller).account
    published = transcripts.one(connection, transcript_id)
    if published is None or published.client_id != account.client_id:
        raise NotFound("You have published no such transcript.")
    return _with_code(caller, published)


def my_pdf(connection: Connection, caller: Caller, transcript_id: str) -> bytes:
    """Return the signed PDF of a transcript of the caller's; raises `NotFound`."""
    return transcripts.pdf_of(connection, mine(connection, caller, transcript_id).published.transcript_id)
