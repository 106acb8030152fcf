"""Periods that a physician has saved under a name, and when credit counts as new for them."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from app.domain.passport.transcripts import TranscriptPeriod

LONGEST_PERIOD_NAME = 60
MOST_PERIODS = 20
VISIT_ENDS_AFTER = timedelta(hours=1)
"""After the last look; so a reload, or a page that is left and opened again, shows the same as new."""


class OwnPeriod(msgspec.Struct, frozen=True, kw_only=True):
    """A period with the name that a physician gave it."""

    period_id: str
    name: str
    period: TranscriptPeriod


class OwnVisit(msgspec.Struct, frozen=True, kw_only=True):
    """When a physician looked at their credit last, and since when it was new to them then."""

    looked_at: datetime
    new_since: datetime | None
    """None at the first visit: nothing is new."""

    def at(self, now: datetime) -> OwnVisit:
        """Return the visit of a look at this moment: the same, or the next one."""
        if now - self.looked_at < VISIT_ENDS_AFTER:
            return OwnVisit(looked_at=max(now, self.looked_at), new_since=self.new_since)
        return OwnVisit(looked_at=now, new_since=self.looked_at)
