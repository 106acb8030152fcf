"""Entries of the audit log about CME Passport: accounts, transcripts, disputes, permission, and boards that look."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from msgspec import UNSET, UnsetType

from app.domain.audit import AuditFields


class PassportAccountAudit(AuditFields, frozen=True, kw_only=True):
    """A physician's account was opened, confirmed or closed, or somebody decided between two who claim it."""

    noun: ClassVar[str] = "passport-account"

    person_id: str
    learner_id: str
    confirmed_by: str | UnsetType = UNSET
    claim_id: str | UnsetType = UNSET
    """The claim of somebody else."""


class MailChoicesAudit(AuditFields, frozen=True, kw_only=True):
    """A physician chose what they are mailed of; the subject is the account."""

    noun: ClassVar[str] = "passport-mails"

    changed: Sequence[str]


class PassportClaimAudit(AuditFields, frozen=True, kw_only=True):
    """Somebody asked for an account of CME Passport: there is an entry whoever it was, and whatever came of it."""

    noun: ClassVar[str] = "passport-claim"

    person_id: str
    """Who asked."""
    learner_id: str | UnsetType = UNSET
    """The physician who was found; left out where nobody was."""


class TranscriptAudit(AuditFields, frozen=True, kw_only=True):
    """A transcript was published, by its physician or for a board, or its physician was erased."""

    noun: ClassVar[str] = "transcript"

    learner_id: str
    digest: str | UnsetType = UNSET
    """Of the PDF as it was signed."""


class DisputeAudit(AuditFields, frozen=True, kw_only=True):
    """A physician disputed a record or asked for its withdrawal; somebody answered or decided it; or it was closed."""

    noun: ClassVar[str] = "dispute"

    provider_id: str
    kind: str
    status: str
    completion_id: str | UnsetType = UNSET
    """Left out where it is about all that the provider has reported."""
    activity_id: str | UnsetType = UNSET


class PermissionAudit(AuditFields, frozen=True, kw_only=True):
    """A physician withdrew the permission to report them, or gave it back."""

    noun: ClassVar[str] = "withdrawn-permission"

    provider_id: str
    completion_id: str | UnsetType = UNSET
    """Left out where nothing may be reported."""


class JoiningCodeAudit(AuditFields, frozen=True, kw_only=True):
    """A provider made a code by which a physician opens or confirms an account; its subject is the physician."""

    noun: ClassVar[str] = "joining-code"

    provider_id: str


class SigningKeyAudit(AuditFields, frozen=True, kw_only=True):
    """The key that transcripts are signed with was changed; its subject is the fingerprint of the new certificate."""

    noun: ClassVar[str] = "signing-key"

    before: str | UnsetType = UNSET
    """Fingerprint of the certificate that was in use."""


class LicenseeSearchAudit(AuditFields, frozen=True, kw_only=True):
    """A board, or the operator, asked for a physician's transcript: what they gave stands nowhere.

    The subject is the physician who was found, the commit where nobody was; of a list, the batch, an entry for each
    piece of it.
    """

    noun: ClassVar[str] = "licensee-search"

    found: int
    asked: int | UnsetType = UNSET
    """Of a list: how many rows were looked up."""
    board: str | UnsetType = UNSET
    """Of a list: whose it is."""
    learner_ids: Sequence[str] | UnsetType = UNSET
    """Of a list: who was found."""


class ShareAudit(AuditFields, frozen=True, kw_only=True):
    """A physician gave a link to a transcript or ended it, somebody opened it, or its receiver was forgotten."""

    noun: ClassVar[str] = "share"

    learner_id: str


KINDS: tuple[type[AuditFields], ...] = (
    PassportAccountAudit, PassportClaimAudit, TranscriptAudit, DisputeAudit, PermissionAudit, JoiningCodeAudit,
    LicenseeSearchAudit, ShareAudit, MailChoicesAudit, SigningKeyAudit,
)  # fmt: skip
"""All kinds of entries here: the log is searched by their nouns."""
