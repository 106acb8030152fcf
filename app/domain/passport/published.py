"""Published transcripts, and what has changed since of what they say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime

import msgspec

from app.domain.amounts import format_quarters
from app.domain.credits import CreditKind, CreditStatus
from app.domain.passport.transcripts import RowFlag, TranscriptCredit, TranscriptRow


class PublishedTranscript(msgspec.Struct, frozen=True, kw_only=True):
    """A transcript that was published, without what it says."""

    transcript_id: str
    client_id: str
    learner_id: str
    code: str
    """Sealed."""
    period_first: date | None
    period_last: date | None
    rows: int
    digest: str
    """SHA-256 of the content, in hex."""
    pdf_digest: str
    """SHA-256 of the PDF, in hex."""
    certificate: str
    """SHA-256 of the certificate that it was signed with."""
    published_at: datetime


class UsedCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """The certificate of a key that has signed transcripts."""

    fingerprint: str
    """SHA-256 of the certificate, in hex."""
    pem: str
    first_used_at: datetime
    transcripts: int


class RowChange(msgspec.Struct, frozen=True, kw_only=True):
    """A row as it was printed, and what is different now."""

    row: TranscriptRow
    texts: tuple[str, ...]
    """Sentences without their end."""
    changed_on: date | None


class ChangesSince(msgspec.Struct, frozen=True, kw_only=True):
    """What has changed since a transcript was published."""

    rows: tuple[RowChange, ...]
    added: int
    """Records with credit that were not there: they are counted, and not shown."""

    @property
    def by_record(self) -> dict[str, tuple[str, ...]]:
        """What is different now, by the record that was printed."""
        return {change.row.completion_id: change.texts for change in self.rows}


class StandingRow(msgspec.Struct, frozen=True, kw_only=True):
    """A record as it stands now: every credit of it, also what counts no longer."""

    row: TranscriptRow
    changed_on: date
    flagged_on: date | None = None
    """Since when something is open about it, which is no change of the record."""


def changes_since(printed: Sequence[TranscriptRow], standing: Mapping[str, StandingRow]) -> ChangesSince:
    """Return what is different now of rows that were printed; `standing` is by completion.

    That a board has accepted what was on its way is no change: the credit is the same.
    """
    changed = []
    for row in printed:
        now = standing.get(row.completion_id)
        if now is None:
            changed.append(RowChange(row=row, texts=("This record is gone",), changed_on=None))
            continue
        texts, open_since = tuple(_differences(row, now.row)), tuple(_newly_open(row, now.row))
        days = [now.changed_on] if texts else []
        if open_since:
            days.append(now.flagged_on or now.changed_on)
        if texts or open_since:
            changed.append(RowChange(row=row, texts=(*texts, *open_since), changed_on=max(days, default=None)))
    known = {row.completion_id for row in printed}
    added = sum(
        any(credit.status.holds for credit in one.row.credits) for id, one in standing.items() if id not in known
    )
    return ChangesSince(rows=tuple(changed), added=added)


def _differences(printed: TranscriptRow, now: TranscriptRow) -> Iterator[str]:
    if printed.completed_on != now.completed_on:
        yield f"Completed on {now.completed_on:%m/%d/%Y}, not on {printed.completed_on:%m/%d/%Y}"
    if printed.activity_id != now.activity_id:
        yield f"For another activity: {now.activity}"
    for credit in printed.credits:
        yield from _credit_differences(credit, _standing_of(credit, now.credits))


def _newly_open(printed: TranscriptRow, now: TranscriptRow) -> Iterator[str]:
    for flag in sorted(set(now.flags) - set(printed.flags)):
        yield _FLAGGED[flag]


_FLAGGED = {
    RowFlag.DISPUTED: "The physician says that it is wrong, and the question is open",
    RowFlag.PERMISSION_WITHDRAWN: "The physician has withdrawn the permission to report it",
}


def _standing_of(credit: TranscriptCredit, others: Iterable[TranscriptCredit]) -> TranscriptCredit | None:
    """Return what stands of a credit now: what counts before what does not."""
    same = [other for other in others if (other.kind, other.board) == (credit.kind, credit.board)]
    return max(same, key=lambda other: other.status.holds, default=None)


def _credit_differences(printed: TranscriptCredit, now: TranscriptCredit | None) -> Iterator[str]:
    counts = now is not None and now.status.holds
    what = f"{format_quarters(printed.quarters)} {'CME for ' if printed.kind is CreditKind.CME else ''}{printed.board}"
    if not printed.status.holds:
        if counts:
            yield f"{what} counts now: it was rejected then"
    elif now is None or now.status is CreditStatus.WITHDRAWN:
        yield f"{what} was withdrawn"
    elif now.status is CreditStatus.REJECTED:
        yield f"{what} was rejected by its board"
    elif now.quarters != printed.quarters:
        yield f"{what} is {format_quarters(now.quarters)} now"
    elif sorted(now.credit_types) != sorted(printed.credit_types):
        types = ", ".join(f"{format_quarters(quarters)} {name}" for name, quarters in sorted(now.credit_types))
        yield f"{what}: the credit types are {types or 'none'} now"
