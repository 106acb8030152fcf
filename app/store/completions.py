"""Completions with their credits, as they are read."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from app.domain.completion_changes import Day, Pair
from app.domain.credits import (
    REMS,
    Completion,
    Credit,
    CreditKind,
    CreditStatus,
    Delivery,
    Gone,
    is_rems_subject,
)
from app.domain.reports import RemsPart
from app.store import dialect

COLUMNS = (
    "c.completion_id, c.provider_id, c.activity_id, c.learner_id, c.subject, c.completed_on, c.occasion, c.first_name, "
    "c.last_name, c.birth_date, c.npi, c.rems, c.entry_method, c.client_id, c.batch_id, c.submitted_at, c.updated_at, "
    "c.version, c.withdrawn_at, c.catalogue, l.link"
)
LINKS = "LEFT JOIN learner_links l ON l.provider_id = c.provider_id AND l.learner_id = c.learner_id"
_PAIR_LOCKS = 0x7061


def lock_pairs(connection: Connection, pairs: Iterable[Pair]) -> None:
    """Let nobody else judge these learners in these activities until this transaction ends.

    The constraints would refuse a second winner anyway; the lock spares losing and starting over.
    """
    dialect.lock(connection, _PAIR_LOCKS, (zlib.crc32(f"{a}|{s}".encode()) & 0xFFFF for a, s in pairs))


def standing(connection: Connection, pairs: Iterable[Pair]) -> dict[Pair, list[Completion]]:
    """Return the completions of these learners in these activities that have not been withdrawn."""
    of_pair = "c.activity_id = k.activity AND c.subject = k.subject AND c.withdrawn_at IS NULL"
    found = dialect.by_keys(
        connection,
        COLUMNS,
        ("activity", "subject"),
        pairs,
        f"{dialect.looked_up(connection, 'completions c', of_pair)} {LINKS}",
    )
    held: dict[Pair, list[Completion]] = defaultdict(list)
    for each in read(connection, found):
        held[each.activity_id, each.subject].append(each)
    return held


def gone(connection: Connection, pairs: Iterable[Pair]) -> dict[Pair, set[Gone]]:
    """Return what these learners had in these activities and was withdrawn: each credit, and each completion's REMS."""
    held: defaultdict[Pair, set[Gone]] = defaultdict(set)
    wanted = set(pairs)
    for activity_id, subject, day, occasion, board in dialect.by_keys(
        connection,
        "x.activity_id, x.subject, x.completed_on, x.occasion, x.board",
        ("activity", "subject"),
        wanted,
        "credits x ON x.subject = k.subject AND x.activity_id = k.activity AND x.status = 'withdrawn'",
    ):
        held[activity_id, subject].add((dialect.as_date(day), occasion, board))
    withdrawn = "c.activity_id = k.activity AND c.withdrawn_at IS NOT NULL AND c.rems IS NOT NULL"
    of_learners = dialect.by_keys(
        connection,
        "c.activity_id, c.subject, c.completed_on, c.occasion",
        ("activity", "subject"),
        {(activity_id, subject) for activity_id, subject in wanted if not is_rems_subject(subject)},
        f"completions c ON c.learner_id = k.subject AND {withdrawn}",
    )
    of_others = dialect.by_keys(
        connection,
        "c.activity_id, c.subject, c.completed_on, c.occasion",
        ("activity",),
        # Of those who are no learners of the registry, what is gone is found by the activity only.
        {(activity_id,) for activity_id, subject in wanted if is_rems_subject(subject)},
        f"completions c ON {withdrawn} AND c.learner_id IS NULL",
    )
    for activity_id, subject, day, occasion in (*of_learners, *of_others):
        held[activity_id, subject].add((dialect.as_date(day), occasion, REMS))
    return held


def pairs_of(connection: Connection, completion_ids: Iterable[str]) -> dict[str, Pair]:
    """Return whom and which activity completions are about, those that have not been withdrawn."""
    found = dialect.by_keys(
        connection,
        "c.completion_id, c.activity_id, c.subject",
        ("id",),
        ((each,) for each in completion_ids),
        "completions c ON c.completion_id = k.id AND c.withdrawn_at IS NULL",
    )
    return {completion_id: (activity_id, subject) for completion_id, activity_id, subject in found}


def ids_of_activity(connection: Connection, activity_id: str, limit: int) -> list[str]:
    """Return the ids of an activity's completions that have not been withdrawn, the oldest first."""
    found = dialect.rows(
        connection,
        "SELECT completion_id FROM completions WHERE activity_id = :activity AND withdrawn_at IS NULL "
        "ORDER BY completion_id LIMIT :limit",
        {"activity": activity_id, "limit": limit},
    )
    return [row[0] for row in found]


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


def day_quarters(connection: Connection, days: Iterable[Day]) -> dict[Day, int]:
    """Return what learners hold of a board on a day over a provider's activities, 0 where they hold nothing yet."""
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
            physician_id=row[3],
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
            learner_id=row[20],
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
        "c.delivery, c.status_reason, c.status_at, c.once_per_day, c.status_text",
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
                number_reported=row[4],
                number_on_file=row[5],
                quarters=row[6],
                credit_types=tuple(types.get(row[1], ())),
                client_references=tuple(references.get(row[1], ())),
                status=CreditStatus(row[7]),
                delivery=Delivery(row[8]),
                status_reason=row[9],
                status_at=dialect.as_instant(row[10]),
                once_per_day=bool(row[11]),
                status_text=row[12],
            )
        )
    return held
