"""Queries on completions, credits and the ledger."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from app.core.errors import Contended
from app.domain.credits import Completion, Credit, CreditKind, CreditStatus, Delivery
from app.domain.reports import RemsPart
from app.domain.words import full_name_key
from app.models import completions as tables
from app.store import dialect

COLUMNS = (
    "c.completion_id, c.provider_id, c.activity_id, c.learner_id, c.subject, c.completed_on, c.occasion, c.first_name, "
    "c.last_name, c.birth_date, c.npi, c.rems, c.entry_method, c.client_id, c.batch_id, c.submitted_at, c.updated_at, "
    "c.version, c.withdrawn_at, c.catalogue, l.link"
)
LINKS = "LEFT JOIN learner_links l ON l.provider_id = c.provider_id AND l.learner_id = c.learner_id"
_PAIR_LOCKS = 0x7061
NO_MAXIMUM = 2**62

Pair = tuple[str, str]
"""(activity, subject): what one learner has in one activity."""


def lock_pairs(connection: Connection, pairs: Iterable[Pair]) -> None:
    """Let nobody else judge these learners in these activities until this transaction ends.

    The constraints would refuse a second winner anyway; the lock spares losing and starting over.
    """
    dialect.lock(connection, _PAIR_LOCKS, (zlib.crc32(f"{a}|{s}".encode()) & 0xFFFF for a, s in pairs))


def standing(connection: Connection, pairs: Iterable[Pair]) -> dict[Pair, list[Completion]]:
    """Return the completions of these learners in these activities that have not been withdrawn."""
    found = dialect.by_keys(
        connection,
        COLUMNS,
        ("activity", "subject"),
        pairs,
        f"completions c ON c.activity_id = k.activity AND c.subject = k.subject AND c.withdrawn_at IS NULL {LINKS}",
    )
    held: dict[Pair, list[Completion]] = defaultdict(list)
    for each in read(connection, found):
        held[each.activity_id, each.subject].append(each)
    return held


def of_provider(
    connection: Connection, provider_id: str, completion_id: str, *, for_update: bool = False
) -> Completion | None:
    """Return one completion of a provider that has not been withdrawn."""
    found = dialect.rows(
        connection,
        f"SELECT {COLUMNS} FROM completions c {LINKS} WHERE c.completion_id = :id AND c.provider_id = :provider "
        "AND c.withdrawn_at IS NULL" + (dialect.for_update(connection, "UPDATE OF c") if for_update else ""),
        {"id": completion_id, "provider": provider_id},
    )
    return next(iter(read(connection, found)), None)


def day_quarters(
    connection: Connection, days: Iterable[tuple[str, str, str, date]]
) -> dict[tuple[str, str, str, date], int]:
    """Return what learners hold of a board on a day over a provider's activities, 0 where they hold nothing yet.

    Keys are (provider, learner, board, day).
    """
    wanted = set(days)
    held = dict.fromkeys(wanted, 0)
    day = "k.day" if dialect.on_sqlite(connection) else "CAST(k.day AS date)"
    for provider, subject, board, on, quarters in dialect.by_keys(
        connection,
        "c.provider_id, x.subject, x.board, x.completed_on, sum(x.quarters)",
        ("provider", "subject", "board", "day"),
        ((provider, subject, board, on.isoformat()) for provider, subject, board, on in wanted),
        f"credits x ON x.subject = k.subject AND x.board = k.board AND x.completed_on = {day} AND x.holds "
        "JOIN completions c ON c.completion_id = x.completion_id AND c.provider_id = k.provider",
        "GROUP BY c.provider_id, x.subject, x.board, x.completed_on",
    ):
        held[provider, subject, board, dialect.as_date(on)] = int(quarters)
    return held


def read(connection: Connection, found: Sequence[dialect.Row]) -> Iterable[Completion]:
    """Yield the completions of rows of `COLUMNS`, each with its credits."""
    credits = _credits(connection, [row[0] for row in found])
    for row in found:
        rems = dialect.as_document(row[11])
        yield Completion(
            completion_id=row[0],
            provider_id=row[1],
            activity_id=row[2],
            learner_id=row[3],
            subject=row[4],
            completed_on=dialect.as_date(row[5]),
            occasion=row[6],
            first_name=row[7],
            last_name=row[8],
            birth_date=row[9],
            npi=row[10],
            rems=RemsPart(**rems) if rems is not None else None,
            entry_method=row[12],
            client_id=row[13],
            batch_id=row[14],
            submitted_at=dialect.as_instant(row[15]),
            updated_at=dialect.as_instant(row[16]),
            version=row[17],
            withdrawn_at=dialect.as_instant_or_none(row[18]),
            catalogue=row[19],
            link=row[20],
            credits=tuple(credits.get(row[0], ())),
        )


def _credits(connection: Connection, completion_ids: Sequence[str]) -> dict[str, list[Credit]]:
    """Return credits by completion, each with its types and references, in the order of the record."""
    keys = [(each,) for each in completion_ids]
    inside = "credits c ON c.completion_id = k.id JOIN"
    types: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for credit_id, name, quarters in dialect.by_keys(
        connection,
        "t.credit_id, t.credit_type, t.quarters",
        ("id",),
        keys,
        f"{inside} credit_types t ON t.credit_id = c.credit_id",
        "ORDER BY t.credit_id, t.place",
    ):
        types[credit_id].append((name, quarters))
    references: dict[str, list[str]] = defaultdict(list)
    for credit_id, reference in dialect.by_keys(
        connection,
        "r.credit_id, r.client_reference",
        ("id",),
        keys,
        f"{inside} credit_references r ON r.credit_id = c.credit_id",
        "ORDER BY r.credit_id, r.client_reference",
    ):
        references[credit_id].append(reference)
    held: dict[str, list[Credit]] = defaultdict(list)
    for row in dialect.by_keys(
        connection,
        "c.completion_id, c.credit_id, c.kind, c.board, c.reported_id, c.registry_id, c.quarters, c.status, "
        "c.delivery, c.status_reason, c.status_at, c.once_per_day",
        ("id",),
        keys,
        "credits c ON c.completion_id = k.id",
        "ORDER BY c.completion_id, c.place",
    ):
        held[row[0]].append(
            Credit(
                credit_id=row[1],
                kind=CreditKind(row[2]),
                board=row[3],
                reported_id=row[4],
                registry_id=row[5],
                quarters=row[6],
                credit_types=tuple(types.get(row[1], ())),
                client_references=tuple(references.get(row[1], ())),
                status=CreditStatus(row[7]),
                delivery=Delivery(row[8]),
                status_reason=row[9],
                status_at=dialect.as_instant(row[10]),
                once_per_day=bool(row[11]),
            )
        )
    return held


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is to be written of one completion: it is new, or has a new version."""

    completion: Completion
    before: Completion | None
    added: tuple[Credit, ...] = ()
    restated: tuple[Credit, ...] = ()
    """Credits whose status changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerDelta:
    """A change of what a learner holds of an activity's maximum, and the maximum it may not pass."""

    activity_id: str
    subject: str
    target: str
    quarters: int
    maximum: int


def save(connection: Connection, changes: Sequence[Change], versions: Sequence[Mapping[str, Any]]) -> None:
    """Write changes of completions, in their order, set by set."""
    new = [each.completion for each in changes if each.before is None]
    dialect.insert(connection, tables.completions, [_row(each) for each in new])
    changed = dialect.run(
        connection,
        "UPDATE completions SET version = :version, updated_at = :updated_at, withdrawn_at = :withdrawn_at, "
        "catalogue = :catalogue, rems = "
        + (":rems" if dialect.on_sqlite(connection) else "CAST(:rems AS jsonb)")
        + " WHERE completion_id = :id AND version = :before AND withdrawn_at IS NULL",
        [
            {
                "id": each.completion.completion_id,
                "version": each.completion.version,
                "catalogue": each.completion.catalogue,
                "before": each.before.version,
                "updated_at": dialect.bound(connection, each.completion.updated_at),
                "withdrawn_at": dialect.bound(connection, each.completion.withdrawn_at),
                "rems": dialect.document(_rems(each.completion)),
            }
            for each in changes
            if each.before is not None
        ],
    )
    if changed != len(changes) - len(new):
        raise Contended("a completion was changed meanwhile")
    _save_credits(connection, changes)
    dialect.insert(connection, tables.completion_versions, versions)


def _save_credits(connection: Connection, changes: Sequence[Change]) -> None:
    dialect.run(
        connection,
        "UPDATE credits SET status = :status, holds = :holds, status_reason = :reason, status_at = :at "
        "WHERE credit_id = :id",
        [
            {
                "id": credit.credit_id,
                "status": credit.status,
                "holds": credit.holds,
                "reason": credit.status_reason,
                "at": dialect.bound(connection, credit.status_at),
            }
            for each in changes
            for credit in each.restated
        ],
    )
    added = [
        (each.completion, len(each.before.credits) if each.before else 0, place, credit)
        for each in changes
        for place, credit in enumerate(each.added)
    ]
    dialect.insert(
        connection,
        tables.credits,
        [_credit_row(completion, first + place, credit) for completion, first, place, credit in added],
    )
    dialect.insert(
        connection,
        tables.credit_types,
        [
            {"credit_id": credit.credit_id, "credit_type": name, "quarters": quarters, "place": place}
            for _, _, _, credit in added
            for place, (name, quarters) in enumerate(credit.credit_types)
        ],
    )
    dialect.insert(
        connection,
        tables.credit_references,
        [
            {"provider_id": completion.provider_id, "client_reference": reference, "credit_id": credit.credit_id}
            for completion, _, _, credit in added
            for reference in credit.client_references
        ],
    )


def change_ledger(connection: Connection, deltas: Iterable[LedgerDelta]) -> None:
    """Add to what learners hold; raises `Contended` when a maximum would be passed, for the rules to say so."""
    ordered = sorted((each for each in deltas if each.quarters), key=lambda d: (d.activity_id, d.subject, d.target))
    grown = [asdict(each) for each in ordered if each.quarters > 0]
    shrunk = [asdict(each) for each in ordered if each.quarters < 0]
    changed = dialect.run(
        connection,
        "INSERT INTO ledger (activity_id, subject, target, quarters) "
        "VALUES (:activity_id, :subject, :target, :quarters) "
        "ON CONFLICT (activity_id, subject, target) DO UPDATE SET quarters = ledger.quarters + excluded.quarters "
        "WHERE ledger.quarters + excluded.quarters <= :maximum",
        grown,
    ) + dialect.run(
        connection,
        "UPDATE ledger SET quarters = quarters + :quarters WHERE activity_id = :activity_id AND subject = :subject "
        "AND target = :target AND quarters + :quarters >= 0",
        shrunk,
    )
    if changed != len(ordered):
        raise Contended("the maximum was reached meanwhile")


def _rems(completion: Completion) -> dict[str, Any] | None:
    return None if completion.rems is None else asdict(completion.rems)


def _row(each: Completion) -> dict[str, Any]:
    last_key, first_key = full_name_key(each.first_name, each.last_name)
    return {
        "completion_id": each.completion_id,
        "provider_id": each.provider_id,
        "activity_id": each.activity_id,
        "learner_id": each.learner_id,
        "subject": each.subject,
        "completed_on": each.completed_on,
        "occasion": each.occasion,
        "first_name": each.first_name,
        "last_name": each.last_name,
        "first_key": first_key,
        "last_key": last_key,
        "birth_date": each.birth_date,
        "npi": each.npi,
        "rems": _rems(each),
        "entry_method": each.entry_method,
        "client_id": each.client_id,
        "batch_id": each.batch_id,
        "submitted_at": each.submitted_at,
        "updated_at": each.updated_at,
        "version": each.version,
        "withdrawn_at": each.withdrawn_at,
        "catalogue": each.catalogue,
    }


def _credit_row(completion: Completion, place: int, credit: Credit) -> dict[str, Any]:
    return {
        "credit_id": credit.credit_id,
        "completion_id": completion.completion_id,
        "place": place,
        "activity_id": completion.activity_id,
        "subject": completion.subject,
        "completed_on": completion.completed_on,
        "occasion": completion.occasion,
        "kind": credit.kind,
        "board": credit.board,
        "reported_id": credit.reported_id,
        "registry_id": credit.registry_id,
        "quarters": credit.quarters,
        "status": credit.status,
        "holds": credit.holds,
        "once_per_day": credit.once_per_day,
        "delivery": credit.delivery,
        "status_reason": credit.status_reason,
        "status_at": credit.status_at,
    }


def version_document(completion: Completion) -> dict[str, Any]:
    """Return a version of a completion in full, as it is kept beside the record."""
    document = {name: getattr(completion, name) for name in _VERSIONED}
    document["rems"] = _rems(completion)
    document["credits"] = [
        {name: getattr(credit, name) for name in _VERSIONED_CREDIT} | {"status_at": credit.status_at.isoformat()}
        for credit in completion.credits
    ]
    for name in ("completed_on", "submitted_at", "updated_at", "withdrawn_at"):
        moment: date | datetime | None = document[name]
        document[name] = moment.isoformat() if moment is not None else None
    return document


_VERSIONED = tuple(field.name for field in fields(Completion) if field.name not in ("rems", "credits"))
_VERSIONED_CREDIT = tuple(field.name for field in fields(Credit) if field.name != "status_at")
