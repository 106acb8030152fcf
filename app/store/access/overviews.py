"""What a client sees of its providers in one look: a handful of look-ups in indexes for each provider of a page."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from app.domain.clients import MOST_IN_OVERVIEW, ProviderOverview
from app.domain.looking.attention import AttentionKind, Moments
from app.store.batches import FILES_TO_FIX
from app.store.looking import attention
from app.store.sql.key_sets import from_keys
from app.store.sql.statements import fetch
from app.store.sql.values import read_optional_instant

_LAST = "SELECT c.submitted_at FROM completions c WHERE c.provider_id = k.id ORDER BY c.submitted_at DESC LIMIT 1"
_REPORTED = (
    "SELECT 1 FROM completions c WHERE c.provider_id = k.id AND c.submitted_at >= :recent AND c.withdrawn_at IS NULL"
)
_FILES = f"SELECT 1 FROM batches b WHERE b.provider_id = k.id AND {FILES_TO_FIX}"


def _count(rows: str) -> str:
    return f"(SELECT count(*) FROM ({rows} LIMIT {MOST_IN_OVERVIEW}) n)"


def load(
    connection: Connection, client_id: str, provider_ids: Sequence[str], moments: Moments
) -> dict[str, ProviderOverview]:
    """Return the overviews of providers by their ids."""
    keys = [(provider_id,) for provider_id in provider_ids]
    if not keys:
        return {}
    waiting = attention.counts(connection, client_id, provider_ids, moments)
    source, parameters = from_keys(connection, ("id",), keys)
    rows = fetch(
        connection,
        f"SELECT k.id, ({_LAST}), {_count(_REPORTED)}, {_count(_FILES)} FROM {source}",
        parameters | {"recent": moments.recent},
    )
    return {
        provider_id: ProviderOverview(
            last_reported_at=read_optional_instant(last),
            reported=reported,
            rejected=waiting[provider_id][AttentionKind.CREDITS_REJECTED],
            held=waiting[provider_id][AttentionKind.RECORDS_HELD],
            files=files,
            rows_to_fix=waiting[provider_id][AttentionKind.ROWS_TO_FIX],
            attendance_above_reported=waiting[provider_id][AttentionKind.ATTENDANCE_ABOVE_REPORTED],
            activities_to_close=waiting[provider_id][AttentionKind.ACTIVITIES_TO_CLOSE],
            failing_endpoints=waiting[provider_id][AttentionKind.WEBHOOKS_FAILING],
        )
        for provider_id, last, reported, files in rows
    }
