"""The keys that transcripts were and are signed with: listed with what each signed, changed, looked at before use."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import UNSET
from sqlalchemy import Connection

from app.core.config import Settings
from app.core.errors import ConfigurationError, NotFound
from app.documents.signing_keys import (
    SigningCertificate,
    certifies_itself,
    faults_of_key,
    key_in_use,
    list_certificates,
    read_certificate,
    read_key_file,
    rotate_signing_key,
)
from app.documents.transcript.printing import print_transcript
from app.documents.transcript.wording import Publication
from app.domain.passport.audit import SigningKeyAudit
from app.domain.passport.transcripts import TranscriptPeriod, assemble
from app.services.context import Work
from app.store.passport import transcripts

SOON = 90
"""Days before its end from which a key is said to end soon."""


class KnownCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """The certificate of a key that was ever in use here."""

    certificate: SigningCertificate
    current: bool
    """Whether the next transcript is signed with its key."""
    first_used_at: datetime | None
    """When it first signed; None for one that has not."""
    transcripts: int
    """How many it has signed."""


class KeyLook(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of a key that is to sign transcripts."""

    certificate: SigningCertificate
    faults: list[str]
    """Why readers would refuse what it signs; none for one that fits."""
    notes: list[str]
    """What is worth knowing of one that fits."""
    days_left: int
    """Until its certificate ends; below zero once it has."""


def list_known(connection: Connection, settings: Settings) -> list[KnownCertificate]:
    """Return the certificates that have signed here, or are kept in this machine's folder, the newest first.

    Raises `ConfigurationError` for a key that is in use and cannot be read.
    """
    used = {one.fingerprint: one for one in transcripts.used_certificates(connection)}
    known = {one.fingerprint: one for one in list_certificates(settings.transcript_keys)}
    known |= {fingerprint: read_certificate(one.pem) for fingerprint, one in used.items()}
    current = _in_use(settings)
    if current is not None:
        known[current.fingerprint] = current
    newest_first = sorted(known.values(), key=lambda one: (one.not_before, one.fingerprint), reverse=True)
    return [
        KnownCertificate(
            certificate=certificate,
            current=current is not None and certificate.fingerprint == current.fingerprint,
            first_used_at=used[certificate.fingerprint].first_used_at if certificate.fingerprint in used else None,
            transcripts=used[certificate.fingerprint].transcripts if certificate.fingerprint in used else 0,
        )
        for certificate in newest_first
    ]


def certificate_to_trust(connection: Connection, settings: Settings, fingerprint: str | None) -> SigningCertificate:
    """Return the certificate in use, or that of a fingerprint or the beginning of one; raises `NotFound`."""
    found = list_known(connection, settings)
    if fingerprint is None:
        meant = [one.certificate for one in found if one.current]
        if not meant:
            raise NotFound("No key is in use yet: it is made when the first transcript is published.")
    else:
        meant = [one.certificate for one in found if one.certificate.fingerprint.startswith(fingerprint.lower())]
        if not meant:
            raise NotFound(f"No certificate has a fingerprint that begins with {fingerprint}.")
        if len(meant) > 1:
            raise NotFound(f"{len(meant)} certificates have a fingerprint that begins with {fingerprint}: write more.")
    (certificate,) = meant
    return certificate


def rotate(work: Work) -> SigningCertificate:
    """Make a new key of the installation's own; raises `ConfigurationError` where a key is given by a setting.

    What the old key has signed verifies on: its certificate is kept.
    """
    settings = work.service.settings
    if settings.transcript_key is not None:
        raise ConfigurationError(
            f"Transcripts are signed with the key in {settings.transcript_key} (PARS_TRANSCRIPT_KEY): put another file "
            "in its place, and look at it with pars transcript check-key."
        )
    before = _in_use(settings)
    key = rotate_signing_key(settings.transcript_keys, settings.service_name, work.now)
    audited = SigningKeyAudit(before=before.fingerprint if before is not None else UNSET)
    work.audit("rotate", key.certificate.fingerprint, audited)
    return key.certificate


def look_at_key(path: Path, now: datetime) -> KeyLook:
    """Look at a file with a key, and sign a page with it; raises `ConfigurationError` for one that cannot be read."""
    key = read_key_file(path)
    faults = faults_of_key(key, now)
    if not faults:
        faults += _faults_of_signing(path, now)
    left = (key.certificate.not_after - now).days
    notes = []
    if certifies_itself(key):
        notes.append("No authority vouches for it: readers show it as valid but unknown, until they trust it.")
    if 0 <= left < SOON:
        notes.append(f"It ends in {left} days.")
    return KeyLook(certificate=key.certificate, faults=faults, notes=notes, days_left=left)


def _faults_of_signing(path: Path, now: datetime) -> list[str]:
    """Return what went wrong when an empty transcript was signed with a key."""
    # Imported when a transcript is signed: it takes as long as a tenth of a start.
    from app.documents.signing import sign_pdf

    empty = assemble("Nobody", TranscriptPeriod(), [], [])
    publication = Publication(
        service_name="PARS", address=(), contact="", published_on=now.date(), code=None, verify_url=""
    )
    try:
        sign_pdf(print_transcript(empty, publication), read_key_file(path), service_name="PARS")
    except Exception as error:
        return [f"A page could not be signed with it ({type(error).__name__})."]
    return []


def _in_use(settings: Settings) -> SigningCertificate | None:
    key = key_in_use(settings.transcript_keys, given=settings.transcript_key)
    return key.certificate if key is not None else None
