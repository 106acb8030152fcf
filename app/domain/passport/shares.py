"""Shares: links by which a physician shows their transcript to a receiver, until a day, and sees each view."""

from __future__ import annotations

import enum
from datetime import date, datetime, timedelta

import msgspec

from app.domain.passport.transcripts import TranscriptPeriod

MOST_DAYS = 366
"""How far ahead the last day of a share may be."""
MOST_OPEN = 100
"""Shares of one account that work at once."""
LONGEST_RECEIVER = 200
RECEIVER_KEPT = timedelta(days=365)
"""How long after its end a share says for whom it was."""


class ShareKind(enum.StrEnum):
    """What a share shows."""

    FIXED = "fixed"
    """What stood when it was made, published under a code."""
    FOLLOWING = "following"
    """What stands when it is opened."""


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """A link to a transcript; what stands in it is stored as a digest."""

    share_id: str
    client_id: str
    """The account that gave it."""
    learner_id: str
    receiver: str
    """For whom, as the physician wrote it; empty once it was forgotten."""
    transcript_id: str | None
    """The published transcript that it shows; None where it follows changes."""
    period_first: date | None
    period_last: date | None
    last_day: date
    mails_views: bool
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None

    @property
    def kind(self) -> ShareKind:
        """What it shows."""
        return ShareKind.FIXED if self.transcript_id is not None else ShareKind.FOLLOWING

    @property
    def period(self) -> TranscriptPeriod:
        """The days that it covers."""
        return TranscriptPeriod(first=self.period_first, last=self.period_last)

    def works_at(self, now: datetime) -> bool:
        """Whether its link shows anything."""
        return self.ended_at is None and now < self.expires_at


class ShareView(msgspec.Struct, frozen=True, kw_only=True):
    """How often a share was opened on a day, where the physician is."""

    share_id: str
    viewed_on: date
    views: int
    pdfs: int
    """Times that the PDF was taken."""
