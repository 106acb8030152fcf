"""Verification: a code leads to what was printed, and to what has changed since.

A code that is wrong, that of a physician who was erased and one that was never given are answered alike.
"""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection

from app.documents.signing_keys import SigningCertificate, read_certificate
from app.domain.passport.published import ChangesSince, PublishedTranscript, changes_since
from app.domain.passport.transcripts import Transcript, TranscriptPeriod, read_content
from app.domain.passport.verification_codes import parse_verification_code
from app.services.context import Service
from app.services.passport import my_credits
from app.services.passport.publishing import CODE
from app.services.registry import physicians as registry
from app.store.passport import transcripts


class VerifiedTranscript(msgspec.Struct, frozen=True, kw_only=True):
    """A genuine transcript."""

    code: str
    published: PublishedTranscript
    transcript: Transcript
    """As it was printed."""
    changes: ChangesSince
    certificate: SigningCertificate
    """Whose key signed the PDF."""

    def is_pdf(self, digest: str) -> bool:
        """Whether a file with a SHA-256 is the PDF that was published, byte for byte."""
        return digest == self.published.pdf_digest


def verify(connection: Connection, service: Service, given: str) -> VerifiedTranscript | None:
    """Return the transcript of a code as somebody typed it, and what has changed since; None for any other."""
    code = parse_verification_code(given)
    digests = service.keyring.keyed_digests(CODE, code or "")
    published = transcripts.by_code(connection, digests)
    if published is None or code is None:
        return None
    return _compare(connection, service, published, code)


def verified(connection: Connection, service: Service, transcript_id: str) -> VerifiedTranscript | None:
    """Return a transcript by its id, and what has changed since; None where its physician was erased."""
    published = transcripts.one(connection, transcript_id)
    code = service.keyring.unseal(CODE, published.code, transcript_id) if published is not None else None
    if published is None or code is None:
        return None
    return _compare(connection, service, published, code.decode())


def _compare(connection: Connection, service: Service, published: PublishedTranscript, code: str) -> VerifiedTranscript:
    transcript = read_content(transcripts.content_of(connection, published.transcript_id))
    physician = registry.find(connection, published.learner_id)
    # A record may have moved out of the period since: it is looked for among all, and what is new only within.
    everything = my_credits.records_of(connection, physician, TranscriptPeriod())
    printed = {row.completion_id for row in transcript.rows}
    period = TranscriptPeriod(first=published.period_first, last=published.period_last)
    concerned = [
        record
        for record in everything
        if record.completion.completion_id in printed or period.covers(record.completion.completed_on)
    ]
    standing = my_credits.standing_of(service.catalogue, concerned)
    return VerifiedTranscript(
        code=code,
        published=published,
        transcript=transcript,
        changes=changes_since(transcript.rows, standing),
        certificate=read_certificate(transcripts.certificate_of(connection, published.certificate)),
    )
