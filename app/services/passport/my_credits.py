"""A physician's credits: everything that was reported for them, where it stands, and what a transcript says of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from app.domain.boards import BoardKind
from app.domain.catalogue import Catalogue
from app.domain.credits import Completion, Credit, CreditStatus
from app.domain.identity.physicians import Physician
from app.domain.passport.credit_filters import CreditFilter
from app.domain.passport.disputes import DisputeKind, WithdrawnPermission
from app.domain.passport.published import StandingRow
from app.domain.passport.transcripts import (
    BoardNumber,
    RowFlag,
    Transcript,
    TranscriptCredit,
    TranscriptPeriod,
    TranscriptRow,
    assemble,
)
from app.services.context import Caller
from app.services.passport.accounts import Holder, confirmed
from app.services.passport.disputes import open_by_record
from app.services.passport.names import load_names
from app.services.passport.permission import covers
from app.store import completions
from app.store.passport import permissions


class CreditRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One completion as the physician sees it."""

    completion: Completion
    activity: str
    """The activity's title; its id where the activity was deleted."""
    provider: str
    """The provider's name."""
    flags: tuple[RowFlag, ...] = ()
    """What is open about it."""
    flagged_at: datetime | None = None
    """Since when the newest of it is."""


class MyCredits(msgspec.Struct, frozen=True, kw_only=True):
    """A physician's credits of a period."""

    holder: Holder
    records: tuple[CreditRecord, ...]
    """The newest first; withdrawn ones among them."""
    transcript: Transcript
    """What counts of them."""


def look(connection: Connection, caller: Caller, period: TranscriptPeriod) -> MyCredits:
    """Return the caller's credits of a period; raises `Forbidden` while the account is not confirmed."""
    holder = confirmed(connection, caller)
    records = records_of(connection, holder.physician, period)
    transcript = transcript_of(caller.service.catalogue, holder.physician, records, period)
    return MyCredits(holder=holder, records=tuple(records), transcript=transcript)


def narrow(catalogue: Catalogue, found: MyCredits, wanted: CreditFilter) -> MyCredits:
    """Return what fits a filter of a physician's credits, with the totals of that alone."""
    if not wanted.narrows:
        return found
    records = [
        replace(record, completion=fitting)
        for record in found.records
        if (fitting := wanted.apply(record.completion)) is not None
    ]
    transcript = transcript_of(catalogue, found.holder.physician, records, found.transcript.period)
    return replace(found, records=tuple(records), transcript=transcript)


def records_of(connection: Connection, physician: Physician, period: TranscriptPeriod) -> list[CreditRecord]:
    """Return what was reported for a physician in a period, the newest first."""
    return records_of_each(connection, [physician], period)[physician.physician_id]


def records_of_each(
    connection: Connection, physicians: Collection[Physician], period: TranscriptPeriod
) -> dict[str, list[CreditRecord]]:
    """Return what was reported for physicians in a period, the newest first, by their ids: the statements of one."""
    by_id: dict[str, list[CreditRecord]] = {one.physician_id: [] for one in physicians}
    found = completions.load_of_physicians(connection, by_id, period.first, period.last)
    named = load_names(connection, found)
    flags = _flags_of(connection, physicians, found)
    for one in sorted(found, key=lambda one: (one.completed_on, one.completion_id), reverse=True):
        record = CreditRecord(
            completion=one,
            activity=named.activity(one.activity_id),
            provider=named.provider(one.provider_id),
            flags=tuple(flags.get(one.completion_id, ())),
            flagged_at=max(flags.get(one.completion_id, {}).values(), default=None),
        )
        by_id[one.physician_id or ""].append(record)
    return by_id


def _flags_of(
    connection: Connection, physicians: Iterable[Physician], found: Sequence[Completion]
) -> dict[str, dict[RowFlag, datetime]]:
    """Return by record what is open about it, and since when: a dispute, or permission withdrawn while it stands."""
    now = {id: one.physician_id for one in physicians for id in (one.physician_id, *one.aliases)}
    disputed = open_by_record(connection, now)
    withdrawn: defaultdict[str, list[WithdrawnPermission]] = defaultdict(list)
    for permission in permissions.standing_of(connection, now):
        withdrawn[now[permission.learner_id]].append(permission)
    flags: dict[str, dict[RowFlag, datetime]] = {}
    for record in found:
        if record.withdrawn_at is not None:
            continue
        since = {
            RowFlag.DISPUTED: [
                dispute.opened_at
                for dispute in disputed.get(record.completion_id, ())
                if dispute.kind is not DisputeKind.PERMISSION
            ],
            RowFlag.PERMISSION_WITHDRAWN: [
                permission.withdrawn_at
                for permission in withdrawn.get(record.physician_id or "", ())
                if covers(permission, record)
            ],
        }
        flags[record.completion_id] = {flag: max(moments) for flag, moments in since.items() if moments}
    return flags


def transcript_of(
    catalogue: Catalogue, physician: Physician, records: Sequence[CreditRecord], period: TranscriptPeriod
) -> Transcript:
    """Return the transcript of a period: what was withdrawn is not on it; what a board rejected is, and says so."""
    rows = [
        _row(catalogue, record, standing)
        for record in records
        if record.completion.withdrawn_at is None
        and (standing := [one for one in record.completion.credits if one.status is not CreditStatus.WITHDRAWN])
    ]
    return assemble(physician.shown.in_full, period, _numbers(catalogue, physician), rows)


def standing_of(catalogue: Catalogue, records: Sequence[CreditRecord]) -> dict[str, StandingRow]:
    """Return every record as it stands, also what counts no longer, by completion."""
    return {
        record.completion.completion_id: StandingRow(
            row=_row(catalogue, record, record.completion.credits),
            changed_on=record.completion.updated_at.date(),
            flagged_on=record.flagged_at.date() if record.flagged_at is not None else None,
        )
        for record in records
    }


def _row(catalogue: Catalogue, record: CreditRecord, credits: Iterable[Credit]) -> TranscriptRow:
    gone = record.completion.withdrawn_at is not None
    return TranscriptRow(
        completion_id=record.completion.completion_id,
        completed_on=record.completion.completed_on,
        activity_id=record.completion.activity_id,
        activity=record.activity,
        provider=record.provider,
        credits=tuple(_credit(catalogue, credit, gone=gone) for credit in credits),
        flags=record.flags,
    )


def _credit(catalogue: Catalogue, credit: Credit, *, gone: bool) -> TranscriptCredit:
    return TranscriptCredit(
        kind=credit.kind,
        board=credit.board,
        board_name=catalogue.board_name(credit.board),
        quarters=credit.quarters,
        credit_types=credit.credit_types,
        status=CreditStatus.WITHDRAWN if gone else credit.status,
        delivery=credit.delivery,
        status_on=credit.status_at.date(),
    )


def _numbers(catalogue: Catalogue, physician: Physician) -> Iterable[BoardNumber]:
    for kind, held in (
        (BoardKind.LICENSING, physician.licenses),
        (BoardKind.CERTIFYING, physician.certifications),
    ):
        for number in held:
            yield BoardNumber(
                kind=kind, board=number.board, board_name=catalogue.board_name(number.board), number=number.number
            )
