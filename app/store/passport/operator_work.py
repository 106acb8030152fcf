"""What waits for the operator in CME Passport, counted."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from app.domain.passport.operator_work import PassportWaiting
from app.store.sql.statements import fetch


def waiting(connection: Connection, now: datetime) -> PassportWaiting:
    """Return how many claims and disputes wait for the operator; one that is overdue is counted before it is passed on.

    Both are read by indexes of what is open.
    """
    [(claims, disputes)] = fetch(
        connection,
        "SELECT (SELECT count(*) FROM passport_claims c WHERE c.outcome = 'taken' AND c.decided_at IS NULL), "
        "(SELECT count(*) FROM disputes d WHERE d.closed_at IS NULL "
        "AND (d.status = 'referred' OR (d.status = 'open' AND d.due_at <= :now)))",
        {"now": now},
    )
    return PassportWaiting(claims=claims, disputes=disputes)
