"""What is stored of somebody whom a provider knows by an id of its own: found, and given a subject without it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Connection

from app.store.sql.key_sets import select_by_keys
from app.store.sql.statements import execute_many, fetch, fetch_column, on_sqlite
from app.store.sql.values import read_document, read_instant
from app.store.states import canonical


def completions_of_subject(connection: Connection, provider_id: str, subject: str) -> list[str]:
    """Return a provider's completions about a subject, withdrawn ones too."""
    return fetch_column(
        connection,
        "SELECT c.completion_id FROM completions c WHERE c.provider_id = :provider AND c.subject = :subject "
        "ORDER BY c.completion_id",
        {"provider": provider_id, "subject": subject},
    )


def name_subject_anew(connection: Connection, ids: Iterable[str], subject: str) -> None:
    """Give completions another subject, with their credit that had the same."""
    keys = [{"id": id, "subject": subject} for id in ids]
    same = "SELECT c.subject FROM completions c WHERE c.completion_id = :id"
    execute_many(
        connection, f"UPDATE credits SET subject = :subject WHERE completion_id = :id AND subject = ({same})", keys
    )
    execute_many(connection, "UPDATE completions SET subject = :subject WHERE completion_id = :id", keys)


def versions_of_subject(connection: Connection, ids: Collection[str], subject: str) -> list[dict[str, Any]]:
    """Return the rows of versions of some completions, and of others that were about a subject.

    Reads every version: no index tells whom a version was about.
    """
    position = "instr(CAST(v.document AS text), :wanted)" if on_sqlite(connection) else (
        "position(CAST(:wanted AS text) in CAST(v.document AS text))"
    )  # fmt: skip
    columns = "v.completion_id, v.version, v.commit_id, v.verb, v.at, v.client_id, v.document"
    keys = [(id,) for id in ids]
    rows = list(select_by_keys(connection, columns, ("id",), keys, "completion_versions v ON v.completion_id = k.id"))
    local = canonical(subject.split(":", 2)[2]).decode()[1:-1]
    rows += fetch(connection, f"SELECT {columns} FROM completion_versions v WHERE {position} > 0", {"wanted": local})
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for completion_id, version, commit_id, verb, at, client_id, document in rows:
        read = read_document(document)
        if completion_id in ids or read["subject"] == subject:
            found[completion_id, version] = {
                "completion_id": completion_id, "version": version, "commit_id": commit_id, "verb": verb,
                "at": read_instant(at), "client_id": client_id, "document": read,
            }  # fmt: skip
    return list(found.values())


def unfinished_batches(connection: Connection, provider_id: str) -> list[str]:
    """Return the batches of a provider that are read, applied or retried."""
    return fetch_column(
        connection,
        "SELECT b.batch_id FROM batches b WHERE b.provider_id = :provider "
        "AND b.finished_at IS NULL ORDER BY b.batch_id",
        {"provider": provider_id},
    )
