"""What waits for somebody at a provider: kinds, counts, and each as a sentence."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from datetime import date, datetime, timedelta

import msgspec

RECENT = timedelta(days=30)
"""Files older than this are not counted."""
EXPIRES_WITHIN = timedelta(days=30)
REPORTED_AFTER_END = timedelta(days=20)
"""How long after an activity's end its learners may still be unreported."""
MOST_WAITING = 10_000
"""No count is higher: it stands for that many or more."""


class AttentionKind(enum.StrEnum):
    """What waits, the most harmful first."""

    CREDITS_REJECTED = "credits-rejected"
    """Credit that a board rejected, and that nothing has taken the place of."""
    ROWS_TO_FIX = "rows-to-fix"
    """Rejected rows of files of the last 30 days, dry runs left out."""
    DISPUTES_OPEN = "disputes-open"
    """What physicians say of records, and the provider is to answer."""
    RECORDS_HELD = "records-held"
    """Records that wait for their physician to be found."""
    ATTENDANCE_ABOVE_REPORTED = "attendance-above-reported"
    """Activities that ended 20 days ago or earlier, and had more physicians than persons were reported."""
    ACTIVITIES_TO_CLOSE = "activities-to-close"
    """Activities that have ended and are not closed."""
    WEBHOOKS_FAILING = "webhooks-failing"
    """Webhook endpoints that fail, or were disabled for failing: the client's, or of those that a person manages."""
    KEYS_EXPIRING = "keys-expiring"
    """API keys, client secrets and clients that expire within 30 days."""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """How much of one kind waits, and since when."""

    count: int = 0
    oldest_at: datetime | None = None
    """When the one began to wait that has waited longest; of keys, when the next expires. None where nothing waits."""

    @property
    def capped(self) -> bool:
        """Whether there may be more than were counted."""
        return self.count >= MOST_WAITING


class RejectedGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Rejected credit of one board, rejected for one reason."""

    board: str
    reason: str | None
    count: int


class Moments(msgspec.Struct, frozen=True, kw_only=True):
    """The moments by which it is decided what waits."""

    now: datetime

    @property
    def today(self) -> date:
        """The day, in UTC."""
        return self.now.date()

    @property
    def recent(self) -> datetime:
        """Files uploaded since this moment are counted."""
        return self.now - RECENT

    @property
    def missed_until(self) -> date:
        """Activities that ended on this day or earlier should have all their learners reported."""
        return self.today - REPORTED_AFTER_END

    @property
    def expires_until(self) -> datetime:
        """Keys that expire by then are counted."""
        return self.now + EXPIRES_WITHIN


_SENTENCES: dict[AttentionKind, tuple[str, str, str]] = {
    AttentionKind.CREDITS_REJECTED: (
        "No credit is rejected.",
        "1 credit was rejected by its board.",
        "{} credits were rejected by their boards.",
    ),
    AttentionKind.ROWS_TO_FIX: (
        "No row of a file waits to be fixed.",
        "1 row of a file of the last 30 days was rejected.",
        "{} rows of files of the last 30 days were rejected.",
    ),
    AttentionKind.DISPUTES_OPEN: (
        "No physician waits for an answer.",
        "1 physician says that a record is wrong, or withdraws permission.",
        "Physicians say of {} records that they are wrong, or withdraw permission.",
    ),
    AttentionKind.RECORDS_HELD: (
        "No record is held.",
        "1 record is held: nobody is matched yet.",
        "{} records are held: nobody is matched yet.",
    ),
    AttentionKind.ATTENDANCE_ABOVE_REPORTED: (
        "No activity had more physicians than were reported.",
        "1 activity that ended 20 days ago or earlier had more physicians than were reported.",
        "{} activities that ended 20 days ago or earlier had more physicians than were reported.",
    ),
    AttentionKind.ACTIVITIES_TO_CLOSE: (
        "No activity waits to be closed.",
        "1 activity has ended and is not closed.",
        "{} activities have ended and are not closed.",
    ),
    AttentionKind.WEBHOOKS_FAILING: (
        "No webhook endpoint fails.",
        "1 webhook endpoint fails.",
        "{} webhook endpoints fail.",
    ),
    AttentionKind.KEYS_EXPIRING: (
        "No key expires within 30 days.",
        "1 key, secret or client expires within 30 days.",
        "{} keys, secrets or clients expire within 30 days.",
    ),
}
_REASONS = {
    "id-unknown": "the board does not know the number",
    "name-differs": "the name differs",
    "birth-date-differs": "the birth date differs",
    "not-certified": "the board does not certify the learner",
    "duplicate": "the board has the credit already",
    "over-limit": "the learner has all the credit that counts",
    "not-eligible": "the learner cannot earn this credit",
    "other": "another reason, in the board's words",
}
"""The codes of `Refusal` as the end of a sentence."""


def reason_in_words(code: str | None) -> str:
    """Return why a board rejects credit, as the end of a sentence."""
    return _REASONS.get(code or "other", _REASONS["other"])


def sentence_of(kind: AttentionKind, waiting: Waiting) -> str:
    """Return a sentence on how much waits."""
    none, one, many = _SENTENCES[kind]
    if waiting.count == 0:
        return none
    number = f"{waiting.count:,} or more" if waiting.capped else f"{waiting.count:,}"
    return one if waiting.count == 1 else many.format(number)


def rejections_in_words(rejected: Sequence[RejectedGroup]) -> str:
    """Return sentences on the boards that rejected credit, and their most frequent reason; empty where none did."""
    if not rejected:
        return ""
    boards: dict[str, int] = {}
    reasons: dict[str, int] = {}
    for group in rejected:
        boards[group.board] = boards.get(group.board, 0) + group.count
        reason = reason_in_words(group.reason)
        reasons[reason] = reasons.get(reason, 0) + group.count
    ordered = sorted(boards.items(), key=lambda pair: (-pair[1], pair[0]))
    most = min(reasons.items(), key=lambda pair: (-pair[1], pair[0]))
    named = ", ".join(f"{count:,} {board}" for board, count in ordered[:3])
    more = f", {sum(count for _, count in ordered[3:]):,} of others" if len(ordered) > 3 else ""
    why, _ = most
    return f"{named}{more}. {'Most: ' if len(reasons) > 1 else 'Why: '}{why}."
