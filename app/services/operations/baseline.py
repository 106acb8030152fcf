"""Digests of what stands when a migration lays them down, or changes the rows that they are made over."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from app.core.progress import report_progress
from app.domain.audit import CompletionAudit, IntegrityAudit
from app.services.context import Service, Work, operator
from app.store import completion_versions, record_digests, schema, states

AT_ONCE = 1_000
"""Subjects under one audit row."""


def take(connection: Connection, service: Service) -> None:
    """Make the digests that are due, in the caller's transaction, and say so in the audit log.

    Memory is bounded; a million completions with as many physicians take about a minute.
    """
    for noun in record_digests.due(connection):
        pieces = (
            _versions(connection, service) if noun == CompletionAudit.noun else _subjects(connection, service, noun)
        )
        done, total = 0, None if noun == CompletionAudit.noun else states.count(connection, noun)
        for work, count, digests in pieces:
            done += count
            report_progress(f"digests of the kind {noun}", done, total, unit="subjects")
            audit = IntegrityAudit(
                kind=noun, revision=schema.current(connection) or "", subjects=count, digests=digests
            )
            work.audit("baseline", work.commit_id, audit)
            work.save_commit()
        record_digests.is_done(connection, noun)


def _work(connection: Connection, service: Service) -> Work:
    return Work(connection=connection, caller=operator(service), now=service.clock())


def _subjects(connection: Connection, service: Service, noun: str) -> Iterator[tuple[Work, int, str]]:
    last = ""
    while ids := states.ids_after(connection, noun, last, AT_ONCE):
        work = _work(connection, service)
        digests = record_digests.add(connection, service.keyring, work.commit_id, noun, ids)
        if digests is not None:
            yield work, len(ids), digests
        last = ids[-1]


def _versions(connection: Connection, service: Service) -> Iterator[tuple[Work, int, str]]:
    """Digest versions of completions as a new one is digested, numbered as they are.

    After a way back to an earlier revision, those that were digested before it have their digests already.
    """
    last = ("", 0)
    while rows := completion_versions.undigested_after(connection, CompletionAudit.noun, last, AT_ONCE):
        work = _work(connection, service)
        digests = [
            (
                row["completion_id"],
                row["version"],
                service.keyring.record_digest(completion_versions.VERSIONS, completion_versions.version_text(row)),
            )
            for row in rows
        ]
        added = record_digests.insert_digests(
            connection, service.keyring, work.commit_id, CompletionAudit.noun, digests
        )
        yield work, len(rows), added
        last = digests[-1][:2]
