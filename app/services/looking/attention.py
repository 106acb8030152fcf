"""One read of what waits for somebody at a provider."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection

from app.domain.clients import ClientKind
from app.domain.looking.attention import (
    AttentionKind,
    Moments,
    RejectedGroup,
    Waiting,
    rejections_in_words,
    sentence_of,
)
from app.domain.looking.yearly_closing import ClosingTold
from app.services.access import management
from app.services.access.management import MANAGE
from app.services.context import Caller
from app.services.looking.reports import yearly_closing
from app.store.access import clients
from app.store.looking import attention

_SCOPES = {
    AttentionKind.CREDITS_REJECTED: "completions:read",
    AttentionKind.ROWS_TO_FIX: "batches:read",
    AttentionKind.DISPUTES_OPEN: "completions:read",
    AttentionKind.RECORDS_HELD: "completions:read",
    AttentionKind.ATTENDANCE_ABOVE_REPORTED: "completions:read",
    AttentionKind.ACTIVITIES_TO_CLOSE: "activities:read",
    AttentionKind.WEBHOOKS_FAILING: "webhooks:manage",
}
"""The scope by which the rows of a kind are read; everybody sees the end of their own keys."""
_WHERE = {
    AttentionKind.CREDITS_REJECTED: "/v1/reports/not-yet-accepted?status=rejected",
    AttentionKind.ROWS_TO_FIX: "/v1/batches?to_fix=true",
    AttentionKind.DISPUTES_OPEN: "/v1/disputes?status=open",
    AttentionKind.RECORDS_HELD: "/v1/held-records?status=waiting",
    AttentionKind.ATTENDANCE_ABOVE_REPORTED: "/v1/reports/attendance?missed=true",
    AttentionKind.ACTIVITIES_TO_CLOSE: "/v1/reports/before-closing",
    AttentionKind.WEBHOOKS_FAILING: "/v1/webhook-endpoints",
    AttentionKind.KEYS_EXPIRING: "/v1/clients",
}


class AttentionEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What waits of one kind."""

    kind: AttentionKind
    waiting: Waiting
    rejected: Sequence[RejectedGroup]
    """Of rejected credit, by board and reason."""
    closing: ClosingTold | None = None
    """Of activities to close: those near the yearly closing, and behind it."""
    where: str
    """The address that lists it."""

    @property
    def headline(self) -> str:
        """How much waits, as a sentence."""
        return sentence_of(self.kind, self.waiting)

    @property
    def detail(self) -> str:
        """What more there is to say of it; mostly nothing."""
        return self.closing.in_words() if self.closing is not None else rejections_in_words(self.rejected)

    @property
    def sentence(self) -> str:
        """All of it in words."""
        return f"{self.headline} {self.detail}".rstrip()


def look(connection: Connection, caller: Caller) -> list[AttentionEntry]:
    """Return what waits of each kind that the client may read, the most harmful first."""
    moments = Moments(now=caller.service.clock())
    client, provider_id = caller.client, caller.provider_id
    managed = MANAGE in client.scopes
    found = attention.waiting(connection, client.client_id, provider_id, moments) | {
        AttentionKind.KEYS_EXPIRING: clients.expiring(
            connection, client, provider_id, moments.now, moments.expires_until, managed=managed
        )
    }
    if client.kind is ClientKind.PERSON:
        failing = management.failing_endpoints(connection, caller, [provider_id])
        found[AttentionKind.WEBHOOKS_FAILING] = failing.get(provider_id, Waiting())
    where = _WHERE if managed else _WHERE | {AttentionKind.KEYS_EXPIRING: "/v1/me"}
    rejected = found[AttentionKind.CREDITS_REJECTED].count > 0
    groups = attention.rejected_groups(connection, provider_id) if rejected else []
    to_close = found[AttentionKind.ACTIVITIES_TO_CLOSE].count > 0
    closing = _closing(connection, caller, moments) if to_close else None
    return [
        AttentionEntry(
            kind=kind,
            waiting=found[kind],
            rejected=groups if kind is AttentionKind.CREDITS_REJECTED else (),
            closing=closing if kind is AttentionKind.ACTIVITIES_TO_CLOSE else None,
            where=where[kind],
        )
        for kind in AttentionKind
        if kind not in _SCOPES or _SCOPES[kind] in client.scopes
    ]


def _closing(connection: Connection, caller: Caller, moments: Moments) -> ClosingTold | None:
    """Return which activities to close are near the yearly closing, or behind it."""
    closing = yearly_closing(caller)
    if closing is None:
        return None
    passed_year, told_year = closing.years_told(moments.today)
    passed = attention.count_to_close(connection, caller.provider_id, moments, passed_year)
    told = attention.count_to_close(connection, caller.provider_id, moments, told_year)
    return ClosingTold(passed=passed, near=told - passed, near_by=closing.of_year(told_year))
