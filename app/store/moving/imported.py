"""Credit that was taken over from another system, and the ids that are somebody's already."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from app.store.sql.key_sets import select_by_keys


def find_untold(connection: Connection, credit_ids: Iterable[str]) -> set[str]:
    """Return the credits among some that were taken over and of which no event was ever written for a board."""
    rows = select_by_keys(
        connection,
        "i.credit_id",
        ("id",),
        ((credit_id,) for credit_id in credit_ids),
        "imported_credits i ON i.credit_id = k.id "
        "AND NOT EXISTS (SELECT 1 FROM board_events e WHERE e.credit_id = i.credit_id)",
    )
    return {credit_id for (credit_id,) in rows}


def completions_bearing(connection: Connection, provider_id: str, keys: Iterable[str]) -> dict[str, str]:
    """Return the completions of a provider, withdrawn ones too, that bear some keys as a whole: the id by the key.

    Keys are in their normal form; of several completions that bear one, the oldest is returned.
    """
    rows = select_by_keys(
        connection,
        "k.reference, o.completion_id",
        ("provider", "reference"),
        ((provider_id, key) for key in keys),
        "completion_references o ON o.provider_id = k.provider AND o.client_reference = k.reference",
        "ORDER BY o.completion_id DESC",
    )
    return dict(map(tuple, rows))


def completions_of_credits(connection: Connection, credit_ids: Iterable[str]) -> dict[str, str]:
    """Return the completions of the credits that have some ids, by the id of the credit."""
    rows = select_by_keys(
        connection,
        "x.credit_id, x.completion_id",
        ("id",),
        ((credit_id,) for credit_id in credit_ids),
        "credits x ON x.credit_id = k.id",
    )
    return dict(map(tuple, rows))
