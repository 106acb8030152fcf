"""A physician's own credits and transcripts, as a program of theirs reads and publishes them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Any, ClassVar

from pydantic import Field

from app.domain.amounts import in_credits
from app.domain.boards import BoardKind
from app.domain.credits import Completion, Credit, CreditKind, CreditStatus, Delivery
from app.domain.passport.published import PublishedTranscript
from app.domain.passport.transcripts import RowFlag, TranscriptRow
from app.schemas.base import Day, Example, Out, Requests, Strict
from app.schemas.completion_records import TypeAmountOut
from app.schemas.passport.transcripts import TranscriptTotalsOut


class OwnCreditOut(Out):
    """One credit, and where it stands at its board."""

    example: ClassVar[Example] = {
        "kind": "moc", "board": "ABA", "credits": 0.25, "status": "rejected", "delivery": "board",
        "credit_types": [{"type": "Lifelong Learning", "credits": 0.25}],
        "status_reason": "name-differs", "status_text": None,
    }  # fmt: skip

    credit_id: str
    kind: CreditKind
    board: str
    credits: float
    credit_types: list[TypeAmountOut] = Field(description="Parts of `credits`, never added to it.")
    status: CreditStatus
    delivery: Delivery
    status_reason: str | None = Field(description="Code of the board's reason, when it rejected the credit.")
    status_text: str | None = Field(description="The board's comment in its own words.")
    status_at: datetime = Field(description="Since when it stands so.")

    @classmethod
    def of(cls, credit: Credit, *, withdrawn: bool) -> OwnCreditOut:
        """Show a credit of a record, which may have been withdrawn as a whole."""
        return cls(
            credit_id=credit.credit_id,
            kind=credit.kind,
            board=credit.board,
            credits=in_credits(credit.quarters),
            credit_types=[
                TypeAmountOut(type=name, credits=in_credits(quarters)) for name, quarters in credit.credit_types
            ],
            status=CreditStatus.WITHDRAWN if withdrawn else credit.status,
            delivery=credit.delivery,
            status_reason=credit.status_reason,
            status_text=credit.status_text,
            status_at=credit.status_at,
        )


class OwnRecordOut(Out):
    """What a provider reported of the physician, once."""

    example: ClassVar[Example] = {
        "activity": "Grand Rounds Anesthesia", "provider": "Western Regional Medical Center", "withdrawn_at": None,
        "flags": [],
    }  # fmt: skip

    completion_id: str
    completed_on: date
    activity_id: str
    activity: str = Field(description="The title of the activity.")
    provider_id: str
    provider: str = Field(description="The name of the provider.")
    withdrawn_at: datetime | None = Field(description="When the provider withdrew it; it counts for nothing since.")
    flags: list[RowFlag] = Field(description="What is open about it.")
    credits: list[OwnCreditOut]

    @classmethod
    def of(cls, completion: Completion, activity: str, provider: str, flags: Iterable[RowFlag]) -> OwnRecordOut:
        """Show a record, with the names of its activity and its provider."""
        withdrawn = completion.withdrawn_at is not None
        return cls(
            completion_id=completion.completion_id,
            completed_on=completion.completed_on,
            activity_id=completion.activity_id,
            activity=activity,
            provider_id=completion.provider_id,
            provider=provider,
            withdrawn_at=completion.withdrawn_at,
            flags=list(flags),
            credits=[OwnCreditOut.of(credit, withdrawn=withdrawn) for credit in completion.credits],
        )


class OwnCreditsOut(Out):
    """Everything that was reported of the physician in a period."""

    name: str = Field(description="The physician's name, as printed.", examples=["Vincent Van Gogh"])
    totals: TranscriptTotalsOut
    data: list[OwnRecordOut] = Field(description="The newest first; withdrawn and rejected ones among them.")

    @classmethod
    def of(cls, name: str, counted: Iterable[TranscriptRow], records: list[OwnRecordOut]) -> OwnCreditsOut:
        """Show records, with the totals of what counts of them."""
        return cls(name=name, totals=TranscriptTotalsOut.of(counted), data=records)


class ContentPeriodOut(Out):
    """The days that a transcript covers, both included; null for an open side."""

    example: ClassVar[Example] = {"first": "2021-12-02", "last": "2022-04-21"}

    first: date | None
    last: date | None


class ContentLineOut(Out):
    """A board with the physician's numbers there, and the total reported to it."""

    example: ClassVar[Example] = {
        "kind": "certifying", "board": "ABO", "board_name": "American Board of Ophthalmology", "numbers": ["98989"],
        "quarters": 91,
    }  # fmt: skip

    kind: BoardKind
    board: str
    board_name: str
    numbers: list[str]
    quarters: int = Field(description="The total in quarters of a credit.")


class ContentCreditOut(Out):
    """Credit for one board within a row."""

    example: ClassVar[Example] = {
        "kind": "moc", "board": "ABO", "board_name": "American Board of Ophthalmology", "quarters": 28,
        "credit_types": [["Lifelong Learning", 28]], "status": "accepted", "delivery": "board",
        "status_on": "2022-04-22",
    }  # fmt: skip

    kind: CreditKind
    board: str
    board_name: str
    quarters: int
    credit_types: list[list[Any]] = Field(description="Each a list of the type and its quarters.")
    status: CreditStatus
    delivery: Delivery
    status_on: date | None


class ContentRowOut(Out):
    """One completion of a transcript."""

    example: ClassVar[Example] = {
        "activity": "Testing out CME Passport", "provider": "Western Regional Medical Center", "flags": [],
    }  # fmt: skip

    completion_id: str
    completed_on: date
    activity_id: str
    activity: str
    provider: str
    credits: list[ContentCreditOut]
    flags: list[RowFlag]


class TranscriptContentOut(Out):
    """The canonical form of a transcript: the same content is the same bytes, and amounts are quarters of a credit.

    The SHA-256 of these bytes is the digest of a transcript that is published with this content.
    """

    example: ClassVar[Example] = {"name": "Vincent Van Gogh", "latin_name": None, "ama_pra_quarters": 28, "layout": 1}

    name: str
    latin_name: str | None
    period: ContentPeriodOut
    lines: list[ContentLineOut]
    ama_pra_quarters: int
    rows: list[ContentRowOut]
    layout: int = Field(description="The number of this form.")


class CompletedDays(Strict):
    """Which days of completion are meant; all of them where none is given."""

    completed_from: Day | None = Field(None, description="First day of completion.")
    completed_to: Day | None = Field(None, description="Last day of completion.")


class TranscriptPublishIn(CompletedDays):
    """Which days a transcript is to cover; all of them where none is given."""

    requests: ClassVar[Requests] = {
        "period": ("Of a period", {"completed_from": "2021-12-02", "completed_to": "2022-04-21"}),
        "all": ("Of all there is", {}),
    }


class PublishedTranscriptOut(Out):
    """A transcript that the physician has published."""

    example: ClassVar[Example] = {
        "transcript_id": "tra_019ab0c2-5d1e-7f04-8a35-3f6f1c2e9b73", "code": "7K4M-9QXD-2TRA",
        "completed_from": "2021-12-02", "completed_to": "2022-04-21", "rows": 3,
        "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "pdf_digest": "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
    }  # fmt: skip

    transcript_id: str
    code: str = Field(description="By which anybody verifies it at `/verify`. It is printed on the PDF.")
    completed_from: date | None
    completed_to: date | None
    rows: int
    digest: Annotated[str, Field(description="SHA-256 of its canonical content, in hex.")]
    pdf_digest: Annotated[str, Field(description="SHA-256 of its PDF, in hex.")]
    published_at: datetime

    @classmethod
    def of(cls, published: PublishedTranscript, code: str) -> PublishedTranscriptOut:
        """Show a published transcript with its code."""
        return cls(
            transcript_id=published.transcript_id,
            code=code,
            completed_from=published.period_first,
            completed_to=published.period_last,
            rows=published.rows,
            digest=published.digest,
            pdf_digest=published.pdf_digest,
            published_at=published.published_at,
        )


class PublishedTranscriptsOut(Out):
    """What the physician has published, the newest first; 200 at most."""

    data: list[PublishedTranscriptOut]
