"""Completions with their credits, read."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from sqlalchemy import Connection

from app.domain.completion_changes import Day, Pair
from app.domain.credits import REMS, Completion, Credit, Gone, is_rems_subject
from app.domain.parsing import plain_text
from app.models import completions as tables
from app.store.sql.key_sets import join_per_key, select_by_ids, select_by_keys
from app.store.sql.rows import RowMapper, column, expression, looked_up_by
from app.store.sql.statements import Row, fetch, fetch_column, locking_clause, on_sqlite, take_advisory_locks
from app.store.sql.values import read_date

LINKS = "LEFT JOIN learner_links l ON l.provider_id = c.provider_id AND l.learner_id = c.learner_id"
COMPLETION = RowMapper(
    Completion,
    tables.completions,
    "c",
    physician_id=column("learner_id"),
    learner_id=expression("l.link"),
    credits=looked_up_by("completion_id"),
    client_references=looked_up_by("completion_id"),
)
_CREDIT = RowMapper(
    Credit,
    tables.credits,
    "c",
    number_reported=column("reported_id"),
    number_on_file=column("registry_id"),
    credit_types=looked_up_by("credit_id"),
    client_references=looked_up_by("credit_id"),
)
MERGE_LOCK = 0x6D67
"""The space of the lock between reporting, which shares it, and merging (`registry/merges.py`)."""
_PAIR_LOCKS = 0x7061
_REFERENCE_LOCKS = 0x7265


def lock_pairs(connection: Connection, pairs: Iterable[Pair], records: Iterable[str] = ()) -> None:
    """Take advisory locks on (activity, learner) pairs for this transaction, and let nobody be merged meanwhile.

    The constraints would refuse a second winner anyway; the lock spares losing and starting over. No constraint stands
    for `records`: what names a record, which two at once might credit to two learners.
    """
    names = (*(f"{activity}|{subject}" for activity, subject in pairs), *records)
    take_advisory_locks(connection, _PAIR_LOCKS, (zlib.crc32(n.encode()) & 0xFFFF for n in names), beside=MERGE_LOCK)


def lock_reference(connection: Connection, provider_id: str, client_reference: str) -> None:
    """Take the advisory lock on a provider's reference for this transaction.

    No constraint can stand for it: several completions may bear one reference. On SQLite the one writer is the lock.
    """
    key = f"{provider_id}|{plain_text(client_reference)}"
    take_advisory_locks(connection, _REFERENCE_LOCKS, [zlib.crc32(key.encode()) & 0xFFFF])


def ids_bearing(connection: Connection, provider_id: str, client_reference: str) -> list[str]:
    """Return the ids of a provider's standing completions that bear a reference, or have a credit that does."""
    return fetch_column(
        connection,
        "SELECT c.completion_id FROM (SELECT x.completion_id AS id FROM credit_references r "
        "JOIN credits x ON x.credit_id = r.credit_id AND x.status <> 'withdrawn' "
        "WHERE r.provider_id = :provider AND r.client_reference = :reference "
        "UNION SELECT o.completion_id FROM completion_references o "
        "WHERE o.provider_id = :provider AND o.client_reference = :reference) AS k "
        "JOIN completions c ON c.completion_id = k.id AND c.withdrawn_at IS NULL ORDER BY c.completion_id",
        {"provider": provider_id, "reference": plain_text(client_reference)},
    )


def load_standing(connection: Connection, pairs: Iterable[Pair]) -> dict[Pair, list[Completion]]:
    """Return the completions of (activity, learner) pairs that have not been withdrawn, by pair."""
    of_pair = "c.activity_id = k.activity AND c.subject = k.subject AND c.withdrawn_at IS NULL"
    rows = select_by_keys(
        connection,
        COMPLETION.columns,
        ("activity", "subject"),
        pairs,
        f"{join_per_key(connection, 'completions c', of_pair)} {LINKS}",
    )
    standing: dict[Pair, list[Completion]] = defaultdict(list)
    for completion in read(connection, rows):
        standing[completion.pair].append(completion)
    return standing


def load_withdrawn(connection: Connection, pairs: Iterable[Pair]) -> dict[Pair, set[Gone]]:
    """Return the withdrawn credits and REMS parts of (activity, learner) pairs, by pair."""
    gone: defaultdict[Pair, set[Gone]] = defaultdict(set)
    asked = set(pairs)
    # What was withdrawn of somebody who was merged since stays theirs.
    meant = {pair: pair for pair in asked}
    for alias, subject in select_by_keys(
        connection,
        "l.learner_id, l.merged_into",
        ("id",),
        ((subject,) for _, subject in asked),
        "learners l ON l.merged_into = k.id",
    ):
        meant |= {(activity, alias): (activity, subject) for activity, of in asked if of == subject}
    wanted = set(meant)
    for activity_id, subject, day, occasion, board in select_by_keys(
        connection,
        "x.activity_id, x.subject, x.completed_on, x.occasion, x.board",
        ("activity", "subject"),
        wanted,
        "credits x ON x.subject = k.subject AND x.activity_id = k.activity AND x.status = 'withdrawn'",
    ):
        gone[meant[activity_id, subject]].add((read_date(day), occasion, board))
    with_rems = "c.activity_id = k.activity AND c.withdrawn_at IS NOT NULL AND c.rems IS NOT NULL"
    of_physicians = select_by_keys(
        connection,
        "c.activity_id, c.subject, c.completed_on, c.occasion",
        ("activity", "subject"),
        {(activity_id, subject) for activity_id, subject in wanted if not is_rems_subject(subject)},
        f"completions c ON c.learner_id = k.subject AND {with_rems}",
    )
    of_others = select_by_keys(
        connection,
        "c.activity_id, c.subject, c.completed_on, c.occasion",
        ("activity",),
        # The subjects of others have no index: their withdrawn completions are found by the activity only.
        {(activity_id,) for activity_id, subject in wanted if is_rems_subject(subject)},
        f"completions c ON {with_rems} AND c.learner_id IS NULL",
    )
    for activity_id, subject, day, occasion in (*of_physicians, *of_others):
        # Of others the query returns those of other people as well: nobody asks for them.
        gone[meant.get((activity_id, subject), (activity_id, subject))].add((read_date(day), occasion, REMS))
    return gone


def pairs_of(connection: Connection, completion_ids: Iterable[str]) -> dict[str, Pair]:
    """Return the (activity, learner) pairs of completions that have not been withdrawn, by completion id."""
    rows = select_by_keys(
        connection,
        "c.completion_id, c.activity_id, c.subject",
        ("id",),
        ((completion_id,) for completion_id in completion_ids),
        "completions c ON c.completion_id = k.id AND c.withdrawn_at IS NULL",
    )
    return {completion_id: (activity_id, subject) for completion_id, activity_id, subject in rows}


def ids_of_activity(connection: Connection, activity_id: str, limit: int) -> list[str]:
    """Return the ids of an activity's completions that have not been withdrawn, the oldest first."""
    return fetch_column(
        connection,
        "SELECT completion_id FROM completions WHERE activity_id = :activity AND withdrawn_at IS NULL "
        "ORDER BY completion_id LIMIT :limit",
        {"activity": activity_id, "limit": limit},
    )


def of_provider(
    connection: Connection, provider_id: str, completion_id: str, *, for_update: bool = False
) -> Completion | None:
    """Return one completion of a provider that has not been withdrawn.

    With `for_update`, PostgreSQL appends `FOR UPDATE OF c`.
    """
    rows = fetch(
        connection,
        f"SELECT {COMPLETION.columns} FROM completions c {LINKS} "
        "WHERE c.completion_id = :id AND c.provider_id = :provider AND c.withdrawn_at IS NULL"
        + (locking_clause(connection, "UPDATE OF c") if for_update else ""),
        {"id": completion_id, "provider": provider_id},
    )
    return next(iter(read(connection, rows)), None)


def load_by_ids(connection: Connection, completion_ids: Iterable[str]) -> list[Completion]:
    """Return completions by their ids, in no order."""
    rows = select_by_keys(
        connection,
        COMPLETION.columns,
        ("id",),
        ((completion_id,) for completion_id in completion_ids),
        f"completions c ON c.completion_id = k.id {LINKS}",
    )
    return read(connection, rows)


def load_of_physicians(
    connection: Connection, physician_ids: Iterable[str], first: date | None, last: date | None
) -> list[Completion]:
    """Return the completions of physicians within days, withdrawn ones too, in no order; None is an open side.

    The days are text among the keys: SQLite compares `c.completed_on >= k.first`, PostgreSQL `CAST(k.first AS date)`.
    """
    columns, within = ["id"], ""
    days = {"first": (first, ">="), "last": (last, "<=")}
    given = {name: (day.isoformat(), sign) for name, (day, sign) in days.items() if day is not None}
    for name, (_, sign) in given.items():
        columns.append(name)
        key = f"k.{name}" if on_sqlite(connection) else f"CAST(k.{name} AS date)"
        within += f" AND c.completed_on {sign} {key}"
    beside = [day for day, _ in given.values()]
    rows = select_by_keys(
        connection,
        COMPLETION.columns,
        columns,
        ((physician_id, *beside) for physician_id in physician_ids),
        f"completions c ON c.learner_id = k.id{within} {LINKS}",
    )
    return read(connection, rows)


def count_credits(connection: Connection, physician_ids: Iterable[str]) -> int:
    """Return how many credits of physicians have not been withdrawn."""
    counts = select_by_keys(
        connection,
        "count(*)",
        ("id",),
        ((physician_id,) for physician_id in physician_ids),
        "completions c ON c.learner_id = k.id AND c.withdrawn_at IS NULL "
        "JOIN credits x ON x.completion_id = c.completion_id AND x.status <> 'withdrawn'",
    )
    return sum(count for (count,) in counts)


def sum_by_day(connection: Connection, days: Iterable[Day]) -> dict[Day, int]:
    """Return the quarters that hold for each learner, board and day over a provider's activities, 0 without any.

    The day is text among the keys: SQLite compares `x.completed_on = k.day`, PostgreSQL `CAST(k.day AS date)`.
    """
    wanted = set(days)
    sums = dict.fromkeys(wanted, 0)
    day_key = "k.day" if on_sqlite(connection) else "CAST(k.day AS date)"
    for provider, subject, board, day, quarters in select_by_keys(
        connection,
        "c.provider_id, x.subject, x.board, x.completed_on, sum(x.quarters)",
        ("provider", "subject", "board", "day"),
        ((provider, subject, board, day.isoformat()) for provider, subject, board, day in wanted),
        f"credits x ON x.subject = k.subject AND x.board = k.board AND x.completed_on = {day_key} AND x.holds "
        "JOIN completions c ON c.completion_id = x.completion_id AND c.provider_id = k.provider",
        "GROUP BY c.provider_id, x.subject, x.board, x.completed_on",
    ):
        sums[provider, subject, board, read_date(day)] = int(quarters)
    return sums


def read(connection: Connection, rows: Sequence[Row]) -> list[Completion]:
    """Read rows of `COMPLETION`, each with its credits."""
    completion_ids = COMPLETION.column(rows, "completion_id")
    references = _references(connection, completion_ids)
    credits = _credits(connection, completion_ids, references)
    return COMPLETION.read(
        connection,
        rows,
        credits=lambda completion_id: tuple(credits.get(completion_id, ())),
        client_references=lambda completion_id: tuple(references.get(completion_id, ())),
    )


def _references(connection: Connection, completion_ids: Iterable[str]) -> dict[str, list[str]]:
    """Return the references of completions and of their credits, by the id of either."""
    references: dict[str, list[str]] = defaultdict(list)
    for bearer, reference in select_by_ids(
        connection,
        "SELECT r.credit_id, coalesce(r.as_sent, r.client_reference) FROM {keys} "
        "JOIN credits c ON c.completion_id = k.id JOIN credit_references r ON r.credit_id = c.credit_id UNION ALL "
        "SELECT o.completion_id, coalesce(o.as_sent, o.client_reference) FROM {keys} "
        "JOIN completion_references o ON o.completion_id = k.id ORDER BY 1, 2",
        completion_ids,
    ):
        references[bearer].append(reference)
    return references


def _credits(
    connection: Connection, completion_ids: Iterable[str], references: Mapping[str, list[str]]
) -> dict[str, list[Credit]]:
    """Return credits by completion, each with its types and references, in the order of the record."""
    keys = [(completion_id,) for completion_id in completion_ids]
    inside = "credits c ON c.completion_id = k.id JOIN"
    types: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for credit_id, name, quarters in select_by_keys(
        connection,
        "t.credit_id, t.credit_type, t.quarters",
        ("id",),
        keys,
        f"{inside} credit_types t ON t.credit_id = c.credit_id",
        "ORDER BY t.credit_id, t.place",
    ):
        types[credit_id].append((name, quarters))
    rows = select_by_keys(
        connection,
        f"c.completion_id, {_CREDIT.columns}",
        ("id",),
        keys,
        "credits c ON c.completion_id = k.id",
        "ORDER BY c.completion_id, c.place",
    )
    credits: dict[str, list[Credit]] = defaultdict(list)
    for completion_id, credit in _CREDIT.read_keyed(
        connection,
        rows,
        credit_types=lambda credit_id: tuple(types.get(credit_id, ())),
        client_references=lambda credit_id: tuple(references.get(credit_id, ())),
    ):
        credits[completion_id].append(credit)
    return credits
