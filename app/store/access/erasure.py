"""What is stored of one person, wherever it is: found, and taken out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from app.core.clock import find_ids
from app.domain.batches import RawRow
from app.models import batches as batch_tables
from app.models import completions as completion_tables
from app.models import held as held_tables
from app.models import learners as tables
from app.store.batches import pack
from app.store.sql.bulk import insert, update
from app.store.sql.key_sets import select_by_keys
from app.store.sql.statements import execute, execute_many, fetch, fetch_column, fetch_value, on_sqlite
from app.store.sql.values import read_document, read_instant
from app.store.states import canonical

AT_ONCE = 500
AnswerKey = tuple[str, str, str]
"""(client, provider, idempotency key)"""


def overwrite_deleted(connection: Connection) -> None:
    """Let SQLite overwrite what is deleted from now on; PostgreSQL's VACUUM does it later.

    SQLite: PRAGMA secure_delete = ON
    """
    if on_sqlite(connection):
        fetch(connection, "PRAGMA secure_delete = ON")


def erased_at(connection: Connection, physician_id: str) -> datetime | None:
    """Return when a physician was erased, None for anybody else."""
    at = fetch_value(connection, "SELECT erased_at FROM learners WHERE learner_id = :id", {"id": physician_id})
    return None if at is None else read_instant(at)


def completion_ids(connection: Connection, ids: Collection[str]) -> list[str]:
    """Return the completions of some physicians, withdrawn ones too."""
    keys = [(id,) for id in ids]
    return [
        completion_id
        for (completion_id,) in select_by_keys(
            connection, "c.completion_id", ("id",), keys, "completions c ON c.learner_id = k.id"
        )
    ]


def versions_about(connection: Connection, ids: Collection[str], since: datetime | None) -> list[dict[str, Any]]:
    """Return the rows of versions that are about some physicians, of completions of others too; since a moment, or all.

    Reads every version since then: no index tells whom a version was about.
    """
    position = "instr(CAST(v.document AS text), :wanted)" if on_sqlite(connection) else (
        "position(CAST(:wanted AS text) in CAST(v.document AS text))"
    )  # fmt: skip
    recent = "" if since is None else " AND v.at >= :since"
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for physician_id in sorted(ids):
        rows = fetch(
            connection,
            "SELECT v.completion_id, v.version, v.commit_id, v.verb, v.at, v.client_id, v.document "
            f"FROM completion_versions v WHERE {position} > 0{recent} ORDER BY v.completion_id, v.version",
            {"wanted": physician_id} | ({} if since is None else {"since": since}),
        )
        for completion_id, version, commit_id, verb, at, client_id, document in rows:
            read = read_document(document)
            if read["learner_id"] in ids:
                found[completion_id, version] = {
                    "completion_id": completion_id,
                    "version": version,
                    "commit_id": commit_id,
                    "verb": verb,
                    "at": read_instant(at),
                    "client_id": client_id,
                    "document": read,
                }
    return list(found.values())


def unread_boards(connection: Connection, ids: Sequence[str]) -> dict[str, int]:
    """Return how many events about completions each board has not shown to have read."""
    unread: dict[str, int] = {}
    for board, count in select_by_keys(
        connection,
        "e.board, count(*)",
        ("id",),
        [(id,) for id in ids],
        "board_events e ON e.completion_id = k.id LEFT JOIN feed f ON f.event_id = e.event_id "
        "LEFT JOIN board_marks m ON m.board = e.board",
        "WHERE f.position IS NULL OR f.position > coalesce(m.carried, 0) GROUP BY e.board",
    ):
        unread[board] = unread.get(board, 0) + count
    return unread


def blank_completions(connection: Connection, rows: Sequence[Mapping[str, Any]], first_key: str, last_key: str) -> None:
    """Write completions without their person; `rows` have id, version, moment and what is left of REMS."""
    document = ":rems" if on_sqlite(connection) else "CAST(:rems AS jsonb)"
    execute_many(
        connection,
        "UPDATE completions SET first_name = NULL, last_name = NULL, birth_date = NULL, npi = NULL, "
        f"first_key = :first_key, last_key = :last_key, rems = {document}, version = :version, "
        "updated_at = :updated_at WHERE completion_id = :completion_id",
        [{**row, "first_key": first_key, "last_key": last_key} for row in rows],
    )
    execute_many(
        connection,
        "UPDATE credits SET reported_id = NULL, registry_id = NULL WHERE completion_id = :id",
        [{"id": row["completion_id"]} for row in rows],
    )


def write_versions(
    connection: Connection, blanked: Sequence[Mapping[str, Any]], added: Sequence[Mapping[str, Any]]
) -> None:
    """Write the documents of versions anew, and insert new ones."""
    for row in blanked:
        where = {"completion_id": row["completion_id"], "version": row["version"]}
        update(connection, completion_tables.completion_versions, {"document": row["document"]}, where)
    insert(connection, completion_tables.completion_versions, list(added))


def blank_held(connection: Connection, held_id: str, document: Any, version: int, at: datetime) -> None:
    """Write a held record without its person; what was sent leads to it no more."""
    values = {"report": document, "version": version, "updated_at": at}
    update(connection, held_tables.held_records, values, {"held_id": held_id})
    digests = fetch(connection, "SELECT provider_id, digest FROM held_digests WHERE held_id = :id", {"id": held_id})
    for number, (provider_id, digest) in enumerate(digests):
        execute(
            connection,
            "UPDATE held_digests SET digest = :erased WHERE provider_id = :provider AND digest = :digest",
            {"erased": f"erased:{held_id}:{number}", "provider": provider_id, "digest": digest},
        )
    execute(
        connection,
        "UPDATE help_requests SET message = NULL, answer = NULL WHERE held_id = :id",
        {"id": held_id},
    )


def answers_about(connection: Connection, ids: frozenset[str], since: datetime | None) -> list[AnswerKey]:
    """Return the idempotency keys under which an answer is kept that names one of these ids."""
    found: list[AnswerKey] = []
    after: AnswerKey = ("", "", "")
    recent = "" if since is None else "AND created_at >= :since "
    while True:
        rows = fetch(
            connection,
            "SELECT client_id, provider_id, key, CAST(answer AS text) FROM idempotency_keys "
            f"WHERE (client_id, provider_id, key) > (:client, :provider, :key) {recent}"
            "ORDER BY client_id, provider_id, key LIMIT :limit",
            dict(zip(("client", "provider", "key"), after, strict=True))
            | {"limit": AT_ONCE}
            | ({} if since is None else {"since": since}),
        )
        for client_id, provider_id, key, answer in rows:
            after = (client_id, provider_id, key)
            if not ids.isdisjoint(find_ids(answer)):
                found.append(after)
        if len(rows) < AT_ONCE:
            return found


def drop_answers(connection: Connection, keys: Iterable[AnswerKey]) -> None:
    """Delete answers kept under idempotency keys: whoever sends such a request again is judged anew."""
    execute_many(
        connection,
        "DELETE FROM idempotency_keys WHERE client_id = :client AND provider_id = :provider AND key = :key",
        [dict(zip(("client", "provider", "key"), key, strict=True)) for key in keys],
    )


def places_of(
    connection: Connection, batch_id: str, record_ids: Collection[str], learner_ids: Collection[str]
) -> set[int]:
    """Return the places of a batch's rows that became one of these records, or that were answered with these people."""
    found: set[int] = set()
    for place, record_id, answer in fetch(
        connection,
        "SELECT place, record_id, answer FROM batch_rows WHERE batch_id = :id "
        "AND (record_id IS NOT NULL OR answer IS NOT NULL)",
        {"id": batch_id},
    ):
        document = read_document(answer) if answer is not None else None
        if record_id in record_ids or (document and document.get("learner_id") in learner_ids):
            found.add(place)
    return found


def unsearchable_files(connection: Connection) -> list[str]:
    """Return the finished batches of which something is kept, but not the records that would tell whom it is about."""
    return fetch_column(
        connection,
        "SELECT b.batch_id FROM batches b WHERE b.finished_at IS NOT NULL "
        "AND (b.records = 0 OR b.records_removed_at IS NOT NULL) AND (b.original_removed_at IS NULL "
        "OR EXISTS (SELECT 1 FROM batch_pieces p WHERE p.batch_id = b.batch_id)) ORDER BY b.batch_id",
    )


def files_to_be_read(connection: Connection, until: datetime) -> list[str]:
    """Return the batches sent until a moment whose file waits to be read, or is being read: it may name anybody."""
    return fetch_column(
        connection,
        "SELECT b.batch_id FROM batches b WHERE b.finished_at IS NULL AND b.status IN ('queued', 'reading') "
        "AND b.created_at <= :until ORDER BY b.batch_id",
        {"until": until},
    )


def count_abandoned(connection: Connection, before: datetime) -> int:
    """Return how many files began to arrive before a moment and never became a batch."""
    sql = (
        "SELECT count(*) FROM uploads u WHERE u.created_at < :before AND NOT EXISTS ("
        "SELECT 1 FROM batches b WHERE b.upload_id = u.upload_id)"
    )
    return int(fetch_value(connection, sql, {"before": before}))


def piece_numbers(connection: Connection, batch_id: str) -> list[int]:
    """Return the numbers of a batch's pieces."""
    return fetch_column(
        connection, "SELECT piece FROM batch_pieces WHERE batch_id = :id ORDER BY piece", {"id": batch_id}
    )


def replace_piece(connection: Connection, batch_id: str, piece: int, rows: Sequence[RawRow]) -> None:
    """Write a piece of records as sent anew."""
    where = {"batch_id": batch_id, "piece": piece}
    update(connection, batch_tables.batch_pieces, {"records": pack(rows)}, where)


def blank_physician(connection: Connection, physician_id: str, at: datetime) -> None:
    """Leave nothing of a physician's own row but the id."""
    empty = dict.fromkeys(
        (
            "middle_name",
            "suffix",
            "birth_date",
            "npi",
            "npi_disputed_at",
            "npi_listed",
            "npi_ended_on",
            "medical_school",
        )
    )
    values = empty | {"first_name": "", "last_name": "", "updated_at": at, "erased_at": at}
    update(connection, tables.learners, values, {"learner_id": physician_id})


_ABOUT = (
    "DELETE FROM registry_pairs WHERE learner_id = :id OR other_id = :id",
    "DELETE FROM roster_dates WHERE learner_id = :id",
    "DELETE FROM roster_addresses WHERE learner_id = :id",
    "DELETE FROM learner_links WHERE learner_id = :id",
    "DELETE FROM identity_tries WHERE person = :id",
    "DELETE FROM identity_finds WHERE learner_id = :id",
    "DELETE FROM identity_budgets WHERE kind = 'person' AND subject = :id",
)


def drop_what_is_known_of(connection: Connection, physician_id: str) -> None:
    """Delete what was compared, tried and found of a physician, and the ids by which providers name them."""
    for statement in _ABOUT:
        execute(connection, statement, {"id": physician_id})


def drop_explanations(connection: Connection, subject_ids: Iterable[str]) -> None:
    """Delete why these records found whom they found."""
    execute_many(
        connection, "DELETE FROM match_explanations WHERE subject_id = :id", [{"id": id} for id in subject_ids]
    )


def merge_documents(connection: Connection, ids: Collection[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (merge, document) of the merges that some physicians took part in."""
    keys = [(id,) for id in ids]
    on = "registry_merges m ON m.learner_id = k.id OR m.into_id = k.id"
    rows = select_by_keys(connection, "m.merge_id, m.document", ("id",), keys, on)
    yield from {merge_id: read_document(document) for merge_id, document in rows}.items()


def write_merge_document(connection: Connection, merge_id: str, document: Any) -> None:
    """Write what is left of a merge's document."""
    update(connection, tables.registry_merges, {"document": document}, {"merge_id": merge_id})


def remember(connection: Connection, digests: Iterable[str], physician_id: str, at: datetime) -> None:
    """Keep by which digests an erased physician is known again."""
    rows = [{"digest": digest, "learner_id": physician_id, "at": at} for digest in sorted(set(digests))]
    insert(connection, tables.erased_identities, rows, skip_known=True)


def remembered(connection: Connection) -> dict[str, str]:
    """Return who was erased by each digest; empty in most installations."""
    return dict(fetch(connection, "SELECT digest, learner_id FROM erased_identities"))


def identities_text(physician_id: str, remembered: Mapping[str, str]) -> bytes:
    """Return the digests that are kept of an erased physician, as what the audit entry's digest is made over."""
    return canonical([physician_id, *sorted(digest for digest, id in remembered.items() if id == physician_id)])


def identities_in_audit(connection: Connection) -> dict[str, str]:
    """Return by their ids the digest that the audit log has of erased physicians' identities, the last of each."""
    rows = fetch(
        connection,
        "SELECT a.subject_id, a.fields FROM audit a JOIN commits c ON c.commit_id = a.commit_id "
        "JOIN learners l ON l.learner_id = a.subject_id AND l.erased_at IS NOT NULL "
        "WHERE a.verb = 'erase' AND a.noun = 'learner' ORDER BY c.at, c.commit_id, a.item",
    )
    entries = ((id, read_document(fields)) for id, fields in rows)
    return {id: fields["identities"] for id, fields in entries if "identities" in fields}


def forget_erasure(connection: Connection, ids: Iterable[str], at: datetime) -> None:
    """Let a physician be on file again."""
    for id in ids:
        execute(connection, "DELETE FROM erased_identities WHERE learner_id = :id", {"id": id})
        update(connection, tables.learners, {"erased_at": None, "updated_at": at}, {"learner_id": id})


def held_after(connection: Connection, after: str, since: datetime | None) -> list[tuple[str, Any, str | None]]:
    """Return (id, report as kept, completion) of the next held records; since a moment, those that have changed."""
    recent = "" if since is None else "AND updated_at >= :since "
    rows = fetch(
        connection,
        f"SELECT held_id, report, completion_id FROM held_records WHERE held_id > :after {recent}"
        "ORDER BY held_id LIMIT :limit",
        {"after": after, "limit": AT_ONCE} | ({} if since is None else {"since": since}),
    )
    return [(held_id, read_document(report), completion_id) for held_id, report, completion_id in rows]
