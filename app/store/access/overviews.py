"""What a client sees of its providers in one look: a handful of look-ups in indexes for each provider of a page."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from app.domain.clients import MOST_COUNTED, ProviderOverview
from app.store.sql.key_sets import from_keys
from app.store.sql.statements import fetch
from app.store.sql.values import read_optional_instant

_LAST = "SELECT c.submitted_at FROM completions c WHERE c.provider_id = k.id ORDER BY c.submitted_at DESC LIMIT 1"
_REPORTED = (
    "SELECT 1 FROM completions c WHERE c.provider_id = k.id AND c.submitted_at >= :since AND c.withdrawn_at IS NULL"
)
_REJECTED = (
    "SELECT 1 FROM credits x WHERE x.provider_id = k.id AND x.status = 'rejected' AND NOT EXISTS ("
    "SELECT 1 FROM credits o WHERE o.completion_id = x.completion_id "
    "AND o.board = x.board AND o.holds)"
)
_HELD = "SELECT 1 FROM held_records h WHERE h.provider_id = k.id AND h.status = 'waiting'"
_FILES = (
    "SELECT 1 FROM batches b WHERE b.provider_id = k.id AND b.created_at >= :since AND NOT b.dry_run AND EXISTS ("
    "SELECT 1 FROM batch_rows r WHERE r.batch_id = b.batch_id AND r.outcome = 'rejected')"
)
_FAILING = (
    "SELECT 1 FROM webhook_endpoints e WHERE e.client_id = :client AND e.deleted_at IS NULL AND e.board IS NULL "
    "AND (e.provider_id = k.id OR e.provider_id IS NULL) "
    "AND (e.failing_since IS NOT NULL OR (e.status = 'disabled' AND e.disabled_reason <> 'by-client'))"
)


def _count(rows: str) -> str:
    return f"(SELECT count(*) FROM ({rows} LIMIT {MOST_COUNTED}) n)"


def load(
    connection: Connection, client_id: str, provider_ids: Iterable[str], since: datetime
) -> dict[str, ProviderOverview]:
    """Return the overviews of providers by their ids; what is counted by time, since a moment."""
    keys = [(provider_id,) for provider_id in provider_ids]
    if not keys:
        return {}
    source, parameters = from_keys(connection, ("id",), keys)
    counts = ", ".join(map(_count, (_REPORTED, _REJECTED, _HELD, _FILES, _FAILING)))
    rows = fetch(
        connection,
        f"SELECT k.id, ({_LAST}), {counts} FROM {source}",
        parameters | {"since": since, "client": client_id},
    )
    return {
        provider_id: ProviderOverview(
            last_reported_at=read_optional_instant(last),
            reported=reported,
            rejected=rejected,
            held=held,
            files=files,
            failing_endpoints=failing,
        )
        for provider_id, last, reported, rejected, held, files, failing in rows
    }
