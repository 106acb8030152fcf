"""CME Passport: physicians' accounts, who asked for one, providers' codes, published transcripts and shares of them."""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, Date, Index, LargeBinary, Table, text

from app.models.base import Instant, Key, key, metadata, number, refers

_OPEN, _ASKED = text("closed_at IS NULL"), text("outcome = 'taken' AND decided_at IS NULL")

passport_accounts = Table(
    "passport_accounts",
    metadata,
    refers("client_id", "clients.client_id", primary_key=True),
    refers("person_id", "people.person_id"),
    refers("learner_id", "learners.learner_id", comment="as matched then; whom it means now, merges say"),
    Column("opened_at", Instant, nullable=False),
    Column("confirmed_at", Instant, comment="NULL while it shows nothing: identity data alone opened it"),
    Column("confirmed_by", Key, comment="code or operator"),
    Column("closed_at", Instant),
    CheckConstraint("confirmed_by IS NULL OR confirmed_by in ('code', 'operator', 'roster')", name="confirmed_by"),
    CheckConstraint("(confirmed_at IS NULL) = (confirmed_by IS NULL)", name="confirmed"),
    Index("uq_passport_accounts_open", "learner_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index(None, "person_id"),
    comment="A physician's account is a membership whose client has the role learner.",
)

passport_claims = Table(
    "passport_claims",
    metadata,
    key("claim_id", primary_key=True),
    key("digest", comment="SHA-256 of what stands in the mailed link"),
    key("asked_key", comment="keyed digest of the address"),
    refers("person_id", "people.person_id"),
    refers("learner_id", "learners.learner_id", nullable=True, comment="NULL where no one physician was meant"),
    key("outcome"),
    Column("code_digest", Key, comment="of a provider's code that was given, which confirms; keyed"),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    Column("objected_at", Instant, comment="when the holder of the first account said that it was not them"),
    Column("decided_at", Instant, comment="when the operator decided between the two"),
    CheckConstraint("outcome in ('found', 'taken', 'nobody')", name="outcome"),
    CheckConstraint("(learner_id IS NULL) = (outcome = 'nobody')", name="learner"),
    Index(None, "digest", unique=True),
    Index(None, "asked_key", "created_at"),
    Index(None, "person_id"),
    Index(None, "expires_at"),
    Index("ix_passport_claims_asked", "created_at", sqlite_where=_ASKED, postgresql_where=_ASKED),
    comment="Who asked for an account. Those that nobody fits are rows as well: both take the same time.",
)

joining_codes = Table(
    "joining_codes",
    metadata,
    key("digest", primary_key=True, comment="keyed"),
    refers("learner_id", "learners.learner_id"),
    refers("provider_id", "providers.provider_id"),
    refers("client_id", "clients.client_id", comment="who made it"),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    number("tries", comment="times that it was given with data that are not the physician's"),
    Index(None, "learner_id"),
    Index(None, "expires_at"),
    comment="Codes by which a provider says to a physician whom it knows: this is you.",
)

signing_certificates = Table(
    "signing_certificates",
    metadata,
    key("fingerprint", primary_key=True, comment="SHA-256 of the certificate"),
    key("pem"),
    Column("first_used_at", Instant, nullable=False),
    comment="Certificates of all keys that have signed transcripts: what they signed verifies for ever.",
)

transcripts = Table(
    "transcripts",
    metadata,
    key("transcript_id", primary_key=True),
    refers("client_id", "clients.client_id", comment="the account that published it"),
    refers("learner_id", "learners.learner_id"),
    key("code_digest", comment="keyed, of the code that is printed on it"),
    key("code", comment="sealed"),
    Column("period_first", Date),
    Column("period_last", Date),
    number("rows"),
    key("content", comment="what it says, as canonical JSON"),
    key("digest", comment="SHA-256 of the content"),
    Column("pdf", LargeBinary, nullable=False, comment="signed: one code always gives the same bytes"),
    key("pdf_digest", comment="SHA-256 of the PDF"),
    refers("certificate", "signing_certificates.fingerprint"),
    Column("published_at", Instant, nullable=False),
    CheckConstraint("period_first IS NULL OR period_last IS NULL OR period_first <= period_last", name="period"),
    Index(None, "code_digest", unique=True),
    Index(None, "client_id", "published_at"),
    Index(None, "learner_id"),
    comment="Transcripts that were published. They are blanked when their physician is erased, and stay otherwise.",
)

passport_shares = Table(
    "passport_shares",
    metadata,
    key("share_id", primary_key=True),
    key("digest", comment="SHA-256 of what stands in the link"),
    refers("client_id", "clients.client_id", comment="the account that gave it"),
    refers("learner_id", "learners.learner_id"),
    key("receiver", comment="for whom, as the physician wrote it; empty a year after its end"),
    refers("transcript_id", "transcripts.transcript_id", nullable=True, comment="NULL where it follows changes"),
    Column("period_first", Date),
    Column("period_last", Date),
    Column("last_day", Date, nullable=False),
    Column("mails_views", Boolean, nullable=False, comment="whether the physician is mailed when it is opened"),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, comment="when the last day is over, where the physician is"),
    Column("ended_at", Instant, comment="when the physician, or the end of the account, ended it"),
    CheckConstraint("period_first IS NULL OR period_last IS NULL OR period_first <= period_last", name="period"),
    Index(None, "digest", unique=True),
    Index(None, "client_id", "created_at"),
    Index(None, "learner_id"),
    Index(None, "expires_at"),
    comment="Links by which physicians show their transcript. They stay without their receiver, who is forgotten.",
)

passport_share_views = Table(
    "passport_share_views",
    metadata,
    refers("share_id", "passport_shares.share_id", primary_key=True),
    Column("viewed_on", Date, primary_key=True, comment="where the physician is"),
    number("views"),
    number("pdfs", comment="times that the PDF was taken"),
    comment="On which days a share was opened, and how often: the physician sees it.",
)
