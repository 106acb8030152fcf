"""Links by which a physician shows a transcript, and what their receivers read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, ClassVar

from pydantic import Field

from app.domain.passport.published import ChangesSince, PublishedTranscript, RowChange
from app.domain.passport.shares import LONGEST_RECEIVER, MOST_DAYS, Share, ShareKind, ShareView
from app.domain.passport.transcripts import Transcript
from app.schemas.base import KEEPABLE, Day, Example, OneOf, Out, Requests
from app.schemas.passport.own_transcripts import CompletedDays
from app.schemas.passport.transcripts import (
    TranscriptLearnerOut,
    TranscriptNumberOut,
    TranscriptRowOut,
    TranscriptTotalsOut,
)

_SHOWS = (
    "`fixed`: the transcript as it stands now, published under a code; `following`: as it stands whenever it is read."
)
_DAYS = 30


class ShareIn(CompletedDays):
    """A link to make: for whom, what it shows, and until when."""

    requests: ClassVar[Requests] = {
        "fixed": (
            "What stands now, for 30 days",
            {"receiver": "Credentials office, Harbor Point", "shows": "fixed", "days": _DAYS},
        ),
        "following": (
            "Whatever stands when it is read, until a day",
            {
                "receiver": "Credentials office, Harbor Point", "shows": "following", "completed_from": "2021-12-02",
                "last_day": "2022-01-31", "mails_views": True,
            },
        ),
    }  # fmt: skip

    receiver: Annotated[str, Field(max_length=LONGEST_RECEIVER, pattern=KEEPABLE)] = Field(
        description="For whom it is, in your words; the receiver is shown them."
    )
    shows: OneOf[ShareKind] = Field(description=_SHOWS)
    days: Annotated[int, Field(ge=1, le=MOST_DAYS)] | None = Field(
        None, description="For how many days from today it works. This or `last_day`."
    )
    last_day: Day | None = Field(None, description="The last day on which it works, where the physician is.")
    mails_views: bool = Field(False, description="Whether the first view of a day is told by mail.")


class ShareViewsOut(Out):
    """How often a link was opened on a day."""

    example: ClassVar[Example] = {"viewed_on": "2021-12-21", "views": 2, "pdfs": 1}

    viewed_on: date = Field(description="A day where the physician is.")
    views: int
    pdfs: int = Field(description="How often its PDF was taken.")


class ShareOut(Out):
    """A link that the physician gave, and its views."""

    example: ClassVar[Example] = {
        "share_id": "shr_019ab0c2-5d1e-7f04-8a35-3f6f1c2e9b74", "receiver": "Credentials office, Harbor Point",
        "shows": "fixed", "completed_from": None, "completed_to": None, "code": "7K4M-9QXD-2TRA",
        "last_day": "2022-01-19", "mails_views": False, "works": True, "ended_at": None,
    }  # fmt: skip

    share_id: str
    receiver: str
    shows: ShareKind
    completed_from: date | None
    completed_to: date | None
    code: str | None = Field(description="The verification code of what it shows; null where it follows changes.")
    last_day: date
    mails_views: bool
    works: bool = Field(description="Whether it shows anything now.")
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    views: list[ShareViewsOut] = Field(description="The newest day first.")

    @classmethod
    def of(cls, share: Share, views: Iterable[ShareView], *, code: str, works: bool) -> ShareOut:
        """Show a link with its views."""
        return cls.model_validate(_fields_of(share, views, code=code, works=works))


class MadeShareOut(ShareOut):
    """A link that was made, with what opens it: shown only this once."""

    example: ClassVar[Example] = ShareOut.example | {
        "token": "jQ3yq2nB7yN0bq5tR8Jd0wV4mZ1xC6uK9sE2aL7pHfo",
        "link": "https://pars.example.org/s/jQ3yq2nB7yN0bq5tR8Jd0wV4mZ1xC6uK9sE2aL7pHfo", "views": [],
    }  # fmt: skip

    token: str = Field(description="What opens it. It is stored as a digest, and not told again.")
    link: str = Field(description="The page for its receiver.")

    @classmethod
    def made(cls, share: Share, *, code: str, token: str, link: str) -> MadeShareOut:
        """Show a link that was made a moment ago."""
        return cls.model_validate(_fields_of(share, (), code=code, works=True) | {"token": token, "link": link})


def _fields_of(share: Share, views: Iterable[ShareView], *, code: str, works: bool) -> dict[str, object]:
    return {
        "share_id": share.share_id,
        "receiver": share.receiver,
        "shows": share.kind,
        "completed_from": share.period_first,
        "completed_to": share.period_last,
        "code": code or None,
        "last_day": share.last_day,
        "mails_views": share.mails_views,
        "works": works,
        "created_at": share.created_at,
        "expires_at": share.expires_at,
        "ended_at": share.ended_at,
        "views": [{"viewed_on": view.viewed_on, "views": view.views, "pdfs": view.pdfs} for view in views],
    }


class SharesOut(Out):
    """Links that the physician gave, the newest first; 200 at most. Those whose receiver is forgotten are left out."""

    data: list[ShareOut]


class RowChangeOut(Out):
    """A row as it was published, and what is different now."""

    example: ClassVar[Example] = {"says": ["7 ABO was withdrawn"], "changed_on": "2022-05-02"}

    row: TranscriptRowOut
    says: list[str] = Field(description="Sentences without their end.")
    changed_on: date | None

    @classmethod
    def of(cls, change: RowChange) -> RowChangeOut:
        """Show a change."""
        return cls(row=TranscriptRowOut.of(change.row), says=list(change.texts), changed_on=change.changed_on)


class PublishedHereOut(Out):
    """Of what was published under a code: when, and what has changed since."""

    example: ClassVar[Example] = {
        "code": "7K4M-9QXD-2TRA", "added": 0, "changes": [],
        "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "pdf_digest": "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
    }  # fmt: skip

    code: str
    published_at: datetime
    digest: Annotated[str, Field(description="SHA-256 of its canonical content, in hex.")]
    pdf_digest: Annotated[str, Field(description="SHA-256 of its PDF, in hex.")]
    changes: list[RowChangeOut] = Field(description="Rows that are no longer as they were published.")
    added: int = Field(description="Records with credit that came later: counted, and not shown.")

    @classmethod
    def of(cls, code: str, published: PublishedTranscript, changes: ChangesSince) -> PublishedHereOut:
        """Show what was published, and its changes."""
        return cls(
            code=code,
            published_at=published.published_at,
            digest=published.digest,
            pdf_digest=published.pdf_digest,
            changes=[RowChangeOut.of(change) for change in changes.rows],
            added=changes.added,
        )


class SharedTranscriptOut(Out):
    """What a link shows to whoever has it."""

    example: ClassVar[Example] = {
        "receiver": "Credentials office, Harbor Point", "shows": "fixed", "last_day": "2022-01-19",
        "completed_from": None, "completed_to": None,
    }  # fmt: skip

    receiver: str = Field(description="Whom it is meant for.")
    shows: ShareKind = Field(description=_SHOWS)
    last_day: date = Field(description="The last day on which the link works.")
    completed_from: date | None
    completed_to: date | None
    learner: TranscriptLearnerOut
    totals: TranscriptTotalsOut
    rows: list[TranscriptRowOut] = Field(description="Completed activities, the newest first.")
    published: PublishedHereOut | None = Field(description="Null where the link follows changes.")

    @classmethod
    def of(cls, share: Share, transcript: Transcript, published: PublishedHereOut | None) -> SharedTranscriptOut:
        """Show what a link shows."""
        boards = [TranscriptNumberOut.of(line) for line in transcript.lines]
        return cls(
            receiver=share.receiver,
            shows=share.kind,
            last_day=share.last_day,
            completed_from=share.period_first,
            completed_to=share.period_last,
            learner=TranscriptLearnerOut(name=transcript.name, boards=boards),
            totals=TranscriptTotalsOut.of(transcript.rows),
            rows=[TranscriptRowOut.of(row) for row in transcript.rows],
            published=published,
        )
