"""The audit log as the operator reads it: newest first, at any depth, under any filter.

The order is (moment, commit, item), all descending. What few entries have (a subject, a request, a verb) is gathered
from its own index and sorted; else the log is walked along one index, which holds clients and providers as well: half a
million transactions in a tenth of a second, where nothing fits.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from app.domain.audit import AuditFields, AuditFilter, LoggedEntry, SealOverLog
from app.domain.passport.audit import KINDS
from app.models import commits as tables
from app.store.sql.rows import RowMapper
from app.store.sql.statements import execute, fetch, fetch_value, in_list, narrow_to, on_sqlite
from app.store.sql.values import read_document, read_instant

FEW = 20_000
"""A filter with at most this many entries is gathered and sorted, in a fraction of a second."""
EVERYDAY_VERB = "report"
"""The verb of nearly all entries: walking finds them at once, and writing them pays for no index of verbs."""

Place = tuple[datetime, str, int]
"""Where an entry stands in the order: moment, commit, item."""
Query = tuple[str, dict[str, Any]]

_ENTRY = (
    "c.commit_id, a.item, c.at, c.client_id, c.provider_id, c.request_id, "
    "a.verb, a.noun, a.subject_id, a.fields, s.seal"
)
_SEALED = "LEFT JOIN sealed_commits s ON s.commit_id = c.commit_id"
_ORDER = "ORDER BY c.at DESC, c.commit_id DESC, a.item DESC LIMIT :limit"


def page(connection: Connection, wanted: AuditFilter, after: Place | None, limit: int) -> list[LoggedEntry]:
    """Return the next entries that fit, newest first."""
    if not on_sqlite(connection):
        execute(connection, "SET LOCAL plan_cache_mode = force_custom_plan")
    tests, parameters = _conditions(wanted, after)
    parameters["limit"] = limit
    source = _few(connection, wanted)
    if source is not None:
        query, given = source
        origin = f"({query}) f CROSS JOIN audit a CROSS JOIN commits c"
        tests = ["a.commit_id = f.commit_id", "a.item = f.item", "c.commit_id = a.commit_id", *tests]
        parameters |= given
    else:
        origin = "commits c CROSS JOIN audit a"
        tests = ["a.commit_id = c.commit_id", *tests]
    # Only what the order needs is sorted; the rest is read for the page alone.
    places = f"SELECT c.commit_id, a.item FROM {origin} WHERE {' AND '.join(tests)} {_ORDER}"
    rows = fetch(
        connection,
        f"SELECT {_ENTRY} FROM ({places}) p CROSS JOIN commits c CROSS JOIN audit a {_SEALED} "
        f"WHERE c.commit_id = p.commit_id AND a.commit_id = p.commit_id AND a.item = p.item {_ORDER}",
        parameters,
    )
    return [_read(row) for row in rows]


def _read(row: Sequence[Any]) -> LoggedEntry:
    commit_id, item, at, client_id, provider_id, request_id, verb, noun, subject_id, fields, seal = row
    return LoggedEntry(
        commit_id=commit_id,
        item=item,
        at=read_instant(at),
        client_id=client_id,
        provider_id=provider_id,
        request_id=request_id,
        verb=verb,
        noun=noun,
        subject_id=subject_id,
        fields=read_document(fields),
        seal=seal,
    )


def _conditions(wanted: AuditFilter, after: Place | None) -> tuple[list[str], dict[str, Any]]:
    tests, parameters = narrow_to("a", {"subject_id": wanted.subject_ids, "verb": wanted.verbs, "noun": wanted.nouns})
    of_commit, more = narrow_to(
        "c",
        {"client_id": wanted.client_ids, "provider_id": wanted.provider_ids, "request_id": wanted.request_ids},
    )
    tests += of_commit
    parameters |= more
    if wanted.since is not None:
        tests.append("c.at >= :since")
        parameters["since"] = wanted.since
    if wanted.before is not None:
        tests.append("c.at < :before")
        parameters["before"] = wanted.before
    if after is not None:
        # The first condition bounds the walk of the index, the second leaves out what was shown of the same commit.
        tests += [
            "(c.at, c.commit_id) <= (:after_at, :after_commit)",
            "(c.commit_id <> :after_commit OR a.item < :after_item)",
        ]
        parameters |= dict(zip(("after_at", "after_commit", "after_item"), after, strict=True))
    return tests, parameters


def _few(connection: Connection, wanted: AuditFilter) -> Query | None:
    """Return the query for (commit, item) of the first filter that few entries fit, with its parameters."""
    for query, parameters in _sources(wanted):
        counted = f"SELECT count(*) FROM (SELECT 1 FROM ({query}) s LIMIT :few) f"
        if fetch_value(connection, counted, {**parameters, "few": FEW + 1}) <= FEW:
            return query, parameters
    return None


def _sources(wanted: AuditFilter) -> list[Query]:
    sources: list[Query] = []
    if wanted.subject_ids:
        # The index begins with the noun.
        marks, parameters = in_list("q_subject", wanted.subject_ids)
        nouns, of_noun = in_list("q_noun", wanted.nouns or all_nouns())
        query = f"SELECT commit_id, item FROM audit WHERE noun IN ({nouns}) AND subject_id IN ({marks})"
        sources.append((query, parameters | of_noun))
    if wanted.request_ids:
        marks, parameters = in_list("q_request", wanted.request_ids)
        query = (
            "SELECT b.commit_id, b.item FROM commits r CROSS JOIN audit b "
            f"WHERE r.request_id IN ({marks}) AND b.commit_id = r.commit_id"
        )
        sources.append((query, parameters))
    if wanted.verbs and EVERYDAY_VERB not in wanted.verbs:
        marks, parameters = in_list("q_verb", wanted.verbs)
        query = f"SELECT commit_id, item FROM audit WHERE verb IN ({marks}) AND verb <> '{EVERYDAY_VERB}'"
        sources.append((query, parameters))
    return sources


def all_nouns() -> list[str]:
    """Return the nouns of all kinds of entries."""
    return sorted({kind.noun for kind in (*AuditFields.__subclasses__(), *KINDS)})


_SEAL = RowMapper(SealOverLog, tables.seals, "s")


def seals(connection: Connection, before: int | None, limit: int) -> list[SealOverLog]:
    """Return seals before a number, newest first."""
    within = "WHERE s.number < :before " if before is not None else ""
    rows = fetch(
        connection,
        f"SELECT {_SEAL.columns} FROM seals s {within}ORDER BY s.number DESC LIMIT :limit",
        {"before": before, "limit": limit},
    )
    return _SEAL.read(connection, rows)
