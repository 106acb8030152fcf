"""What physicians are mailed of, when each is due, and what of the events of providers is told to whom."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from app.domain.credits import CreditStatus
from app.domain.people.mails import FROM_HOUR

SETTLED_AFTER = timedelta(minutes=5)
"""How long after the first of several things one mail tells of all: what one file reports is one mail."""
LONGEST_WAIT = timedelta(hours=6)
"""How long a mail waits at most for a file that is still being applied."""


class MailTime(enum.StrEnum):
    """When a physician is mailed of something."""

    NONE = "none"
    AT_ONCE = "at-once"
    WEEKLY = "weekly"
    """On Monday morning, where the physician is."""


class NoticeKind(enum.StrEnum):
    """What a physician is told of a record, or of a link of theirs."""

    REPORTED = "reported"
    CORRECTED = "corrected"
    """An amount is another one."""
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    VIEWED = "viewed"
    """A link was opened; its subject is the share."""


class MailChoices(msgspec.Struct, frozen=True, kw_only=True):
    """When a physician is mailed of what.

    What was reported stands well and can wait for Monday; who is refused or loses credit has to do something about it.
    """

    reported: MailTime = MailTime.WEEKLY
    rejected: MailTime = MailTime.AT_ONCE
    withdrawn: MailTime = MailTime.AT_ONCE
    """Also of amounts that were corrected: both take what stood."""
    viewed: MailTime = MailTime.AT_ONCE

    def time_of(self, kind: NoticeKind) -> MailTime:
        """Return when a thing of a kind is told."""
        match kind:
            case NoticeKind.REPORTED:
                return self.reported
            case NoticeKind.REJECTED:
                return self.rejected
            case NoticeKind.WITHDRAWN | NoticeKind.CORRECTED:
                return self.withdrawn
            case NoticeKind.VIEWED:
                return self.viewed


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a physician is still to be mailed of."""

    client_id: str
    kind: NoticeKind
    subject_id: str
    at: datetime
    due_at: datetime


class VersionSeen(msgspec.Struct, frozen=True, kw_only=True):
    """What a version of a record says that decides who is told what."""

    learner_id: str | None
    amounts: Mapping[str, int]
    """By credit, those that are withdrawn left out."""
    rejected: frozenset[str]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> VersionSeen:
        """Read it from the document of a version."""
        credits: Iterable[Mapping[str, Any]] = document["credits"]
        standing = [one for one in credits if one["status"] != CreditStatus.WITHDRAWN.value]
        return cls(
            learner_id=document["learner_id"],
            amounts={one["credit_id"]: one["quarters"] for one in standing},
            rejected=frozenset(one["credit_id"] for one in standing if one["status"] == CreditStatus.REJECTED.value),
        )


def due_of(when: MailTime, now: datetime, time_zone: str) -> datetime | None:
    """Return from when a mail may tell of what happens now; None where it is not told."""
    match when:
        case MailTime.NONE:
            return None
        case MailTime.AT_ONCE:
            return now + SETTLED_AFTER
        case MailTime.WEEKLY:
            zone = ZoneInfo(time_zone)
            local = now.astimezone(zone)
            monday = datetime.combine(local.date() - timedelta(days=local.weekday()), time(FROM_HOUR), zone)
            return (monday if monday > local else monday + timedelta(days=7)).astimezone(now.tzinfo)
