"""The audit log: what was done to which thing. Entries hold ids, names of things and digests, never identity data.

Each noun has its fields here, in the order in which they are stored as JSON; what does not apply is left out. The seals
are made over stored entries, so fields may be added but never renamed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

import msgspec
from msgspec import UNSET, UnsetType

IMPORT = "import"
"""The verb of what was taken over from another system, in the audit log and of versions."""


class AuditFields(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of an entry about one kind of thing."""

    noun: ClassVar[str]

    state: str | UnsetType = UNSET
    """Keyed digest of what stands of the subject after it, put here as the transaction ends; see `store/states.py`."""


class CompletionAudit(AuditFields, frozen=True, kw_only=True):
    """A completion was reported, corrected, decided on or withdrawn; providers' events are made of this."""

    noun: ClassVar[str] = "completion"

    version: int
    activity_id: str
    boards: Sequence[str]
    """Boards of the credits added, restated or corrected."""
    reported: Sequence[str]
    """Ids of the credits added; those below are ids of credits too."""
    corrected: Sequence[str]
    withdrawn: Sequence[str]
    moved_from: str | UnsetType = UNSET
    """The activity that the completion was in before, where it moved."""
    decided: Sequence[str]
    provider_id: str
    digest: str | UnsetType = UNSET
    """Keyed digest of the version; not in entries of earlier releases."""
    imported: Sequence[str] | UnsetType = UNSET
    """Credits that were taken over from another system, without a word to their boards."""


class ActivityAudit(AuditFields, frozen=True, kw_only=True):
    """An activity was registered, changed, closed, reopened or deleted."""

    noun: ClassVar[str] = "activity"

    version: int


class BatchAudit(AuditFields, frozen=True, kw_only=True):
    """A file was uploaded, or its batch cancelled, retried, ended or withdrawn; or records of it were set aside."""

    noun: ClassVar[str] = "batch"

    kind: str | UnsetType = UNSET
    dry_run: bool | UnsetType = UNSET
    digest: str | UnsetType = UNSET
    """Keyed: a plain digest of a short file would be as good as its content."""
    status: str | UnsetType = UNSET
    applied: int | UnsetType = UNSET
    rejected: int | UnsetType = UNSET
    provider_id: str | UnsetType = UNSET
    board: str | UnsetType = UNSET
    """The board of a roster."""
    mends: str | UnsetType = UNSET
    """The batch whose rejected records it reports again."""
    rows: int | UnsetType = UNSET
    """Rejected records that were set aside, or taken up again; completions that were withdrawn."""


class ImportAudit(AuditFields, frozen=True, kw_only=True):
    """A file with the records of another system was begun to be imported, or was imported to its end."""

    noun: ClassVar[str] = "import"

    kind: str
    digest: str
    """Keyed, as that of a batch."""
    provider_id: str
    tell_boards: str
    """Of what boards are told: `none` or `pending`."""
    counts: Mapping[str, int] | UnsetType = UNSET
    """Records by what became of them, at its end."""


class HeldAudit(AuditFields, frozen=True, kw_only=True):
    """A record was held, judged again, corrected, accepted, refused or set aside; events are made of its ends."""

    noun: ClassVar[str] = "held-record"

    activity_id: str
    provider_id: str
    reason: str | UnsetType = UNSET
    completion_id: str | UnsetType = UNSET
    superseded_by: str | UnsetType = UNSET
    physician_id: str | UnsetType = UNSET
    """Whom the operator named."""


class HelpAudit(AuditFields, frozen=True, kw_only=True):
    """Help was asked for with a held record, or the operator answered."""

    noun: ClassVar[str] = "help-request"

    held_id: str
    activity_id: str
    provider_id: str
    action: str | UnsetType = UNSET
    physician_id: str | UnsetType = UNSET
    """Whom the operator named."""


class EndpointAudit(AuditFields, frozen=True, kw_only=True):
    """A webhook endpoint was created, changed, given another secret, sent events again, disabled or deleted."""

    noun: ClassVar[str] = "webhook-endpoint"

    version: int | UnsetType = UNSET
    reason: str | UnsetType = UNSET


class DeliveryAudit(AuditFields, frozen=True, kw_only=True):
    """A webhook delivery was queued again, or a test was."""

    noun: ClassVar[str] = "webhook-delivery"


class ProviderAudit(AuditFields, frozen=True, kw_only=True):
    """A provider was added, renamed, accredited for a time, merged into another, or looked at by an operator."""

    noun: ClassVar[str] = "provider"

    sandbox_of: str | UnsetType = UNSET
    accredited_from: str | UnsetType | None = UNSET
    accredited_to: str | UnsetType | None = UNSET
    other_id: str | UnsetType = UNSET
    """The other of two providers that were merged."""
    moved: Mapping[str, int] | UnsetType = UNSET
    """How many of what moved to it."""
    page: str | UnsetType = UNSET
    """The page, below the provider's own, at which an operator looked: what stands in it are ids."""
    completions: Sequence[str] | UnsetType = UNSET
    """The completions that were chosen there, by their ids."""


class ClientAudit(AuditFields, frozen=True, kw_only=True):
    """A client was created, changed or revoked, given a key or had one ended, or was granted or lost a provider."""

    noun: ClassVar[str] = "client"

    role: str | UnsetType = UNSET
    providers: Sequence[str] | UnsetType = UNSET
    test: bool | UnsetType = UNSET
    provider_id: str | UnsetType = UNSET
    board: str | UnsetType = UNSET
    scopes: Sequence[str] | UnsetType = UNSET
    key_id: str | UnsetType = UNSET
    kind: str | UnsetType = UNSET
    """Of the key."""
    expires_at: str | UnsetType = UNSET
    """Of the client or key; empty where it does not expire any longer."""
    changed: Sequence[str] | UnsetType = UNSET
    """Names of the fields that changed."""
    permission_attested: bool | UnsetType = UNSET
    """Whether it was attested that learners permit what it reports, or the attestation was withdrawn."""


class RegistryAudit(AuditFields, frozen=True, kw_only=True):
    """Physicians were imported, or came with a board's roster."""

    noun: ClassVar[str] = "registry"

    added: int
    updated: int
    conflicts: int | UnsetType = UNSET
    """Lines refused because they give somebody else's identifiers."""
    pairs: int | UnsetType = UNSET
    """Pairs of physicians who seem to be one person, kept for the first time."""
    digests: str | UnsetType = UNSET
    """Keyed digest of the rows of `record_digests` that this commit wrote, one for each physician."""
    board: str | UnsetType = UNSET
    """The board whose roster it was."""


class PhysicianAudit(AuditFields, frozen=True, kw_only=True):
    """The operator added, changed, merged, parted, split or erased a physician, or decided on a pair."""

    noun: ClassVar[str] = "learner"

    other_id: str | UnsetType = UNSET
    """The other of two physicians."""
    changed: Sequence[str] | UnsetType = UNSET
    """Names of the fields that changed, never values."""
    completions: int | UnsetType = UNSET
    """How many moved."""
    withdrawn: int | UnsetType = UNSET
    """How many credits were withdrawn, since other credit stands for them."""
    restored: int | UnsetType = UNSET
    """How many credits were reported anew."""
    digests: str | UnsetType = UNSET
    """Of an erasure: keyed digest of the rows of `record_digests`, one for each version that was blanked."""
    identities: str | UnsetType = UNSET
    """Of an erasure: keyed digest of the rows of `erased_identities`, by which an import is told who it brings back."""


class IntegrityAudit(AuditFields, frozen=True, kw_only=True):
    """Digests were made of subjects as they stood, after an upgrade."""

    noun: ClassVar[str] = "integrity"

    kind: str
    """The noun of the subjects."""
    revision: str
    """Of the schema."""
    subjects: int
    digests: str


class BudgetAudit(AuditFields, frozen=True, kw_only=True):
    """A budget against guessing birth dates was released; the subject is a physician's id, or a client's."""

    noun: ClassVar[str] = "identity-budget"

    kind: str
    refused: int
    """Answers that were refused before."""


class DownloadAudit(AuditFields, frozen=True, kw_only=True):
    """A link to an export was made, or used."""

    noun: ClassVar[str] = "download"

    kind: str
    """Which list."""
    format: str
    provider_id: str


class RetentionAudit(AuditFields, frozen=True, kw_only=True):
    """What was stored for longer than the settings say was removed: how many of each, not which."""

    noun: ClassVar[str] = "retention"

    originals: int
    """Files of batches as uploaded."""
    records: int
    """Batches whose records as sent went."""
    held_records: int
    answers: int
    deliveries: int
    explanations: int
    downloads: int | UnsetType = UNSET
    """Links; not in entries of earlier releases."""
    sign_in_links: int | UnsetType = UNSET
    sessions: int | UnsetType = UNSET
    mails: int | UnsetType = UNSET
    dispute_words: int | UnsetType = UNSET


class PersonAudit(AuditFields, frozen=True, kw_only=True):
    """A person was invited, changed or removed, signed in or out, or enrolled or lost an authenticator.

    Never a name or an address: the subject's id leads to them for as long as the person is there.
    """

    noun: ClassVar[str] = "person"

    client_id: str | UnsetType = UNSET
    """The membership."""
    role: str | UnsetType = UNSET
    place: str | UnsetType = UNSET
    """For what the membership was made."""
    session_id: str | UnsetType = UNSET
    changed: Sequence[str] | UnsetType = UNSET
    """Names of the fields that changed."""
    factor: str | UnsetType = UNSET
    """What was given beside the link: `totp` or `recovery-code`."""


class RegistrySearchAudit(AuditFields, frozen=True, kw_only=True):
    """An operator looked somebody up on a page, and said why: neither who was looked for, nor who was found."""

    noun: ClassVar[str] = "registry-search"

    reason: str
    """A code, never words."""
    found: int


class RemsLearnerAudit(AuditFields, frozen=True, kw_only=True):
    """Somebody whom a provider knows by an id of its own was erased; the subject is the provider."""

    noun: ClassVar[str] = "rems-learner"

    completions: int
    digests: str | UnsetType = UNSET
    """Keyed digest of the rows of `record_digests`, one for each version that was blanked."""


class LearnersAudit(AuditFields, frozen=True, kw_only=True):
    """Validations named learners to a provider for the first time: how many, not whom."""

    noun: ClassVar[str] = "learners"

    added: int


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry as it is stored."""

    provider_id: str | None
    """The provider that the entry concerns."""
    verb: str
    noun: str
    subject_id: str
    fields: Mapping[str, Any]
    at: datetime


class LoggedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the audit log as the operator reads it: who did what to which thing, and the seal over it."""

    commit_id: str
    item: int
    """Its place among the entries of its commit, from 0."""
    at: datetime
    client_id: str
    provider_id: str | None
    """The provider acted for."""
    request_id: str | None
    verb: str
    noun: str
    subject_id: str
    fields: Mapping[str, Any]
    seal: int | None
    """Number of the seal over its commit; None for the moment until it is sealed."""


class AuditFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries of the audit log are listed; empty sequences mean any."""

    subject_ids: Sequence[str] = ()
    verbs: Sequence[str] = ()
    nouns: Sequence[str] = ()
    client_ids: Sequence[str] = ()
    provider_ids: Sequence[str] = ()
    request_ids: Sequence[str] = ()
    since: datetime | None = None
    """The first moment."""
    before: datetime | None = None
    """The first moment that no longer belongs to it."""


class SealOverLog(msgspec.Struct, frozen=True, kw_only=True):
    """One seal: a link of the hash chain over the audit log."""

    number: int
    at: datetime
    commits: int
    audit_rows: int
    seal: str
    """Keyed hash, in hex, over the previous seal and all that this one vouches for."""
