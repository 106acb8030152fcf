"""Providers: the time of their accreditation, and the ids that they had before mergers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import Connection

from app.domain.boards import Accreditation, Span
from app.models import organisations as tables
from app.store.sql.bulk import update
from app.store.sql.key_sets import select_by_keys
from app.store.sql.statements import fetch, fetch_column, fetch_value
from app.store.sql.values import read_date


def accreditation(connection: Connection, provider_id: str) -> Accreditation:
    """Return a provider's accreditation, open on the sides of which nothing was entered."""
    rows = fetch(
        connection,
        "SELECT accredited_from, accredited_to, joint FROM providers WHERE provider_id = :id",
        {"id": provider_id},
    )
    for since, until, joint in rows:
        span = Span(
            since=None if since is None else read_date(since), until=None if until is None else read_date(until)
        )
        return Accreditation(span=span, joint=bool(joint))
    return Accreditation()


def count_outside(connection: Connection, provider_id: str) -> int:
    """Return how many of a provider's activities lie outside the time of its accreditation."""
    found: int = fetch_value(
        connection,
        "SELECT count(*) FROM activities a JOIN providers p ON p.provider_id = a.provider_id "
        "WHERE a.provider_id = :id AND a.deleted_at IS NULL "
        "AND (p.accredited_to < a.start_date OR p.accredited_from > a.end_date)",
        {"id": provider_id},
    )
    return found


def root_of(connection: Connection, provider_id: str) -> str | None:
    """Return the provider that an id stands for: the one it was merged into, or itself; None for an unknown id."""
    root: str | None = fetch_value(
        connection,
        "SELECT coalesce(merged_into, provider_id) FROM providers WHERE provider_id = :id",
        {"id": provider_id},
    )
    return root


def roots_of(connection: Connection, provider_ids: Iterable[str]) -> dict[str, str]:
    """Return what ids of merged providers stand for; others are left out."""
    rows = select_by_keys(
        connection,
        "p.provider_id, p.merged_into",
        ("id",),
        ((id,) for id in provider_ids),
        "providers p ON p.provider_id = k.id AND p.merged_into IS NOT NULL",
    )
    return dict(rows)


def every_root(connection: Connection) -> dict[str, str]:
    """Return what the id of every merged provider stands for."""
    return dict(fetch(connection, "SELECT provider_id, merged_into FROM providers WHERE merged_into IS NOT NULL"))


def families_of_merged(connection: Connection) -> dict[str, tuple[str, ...]]:
    """Return all ids of an organisation by each of them, for those that have several."""
    families: dict[str, list[str]] = {}
    for former, root in sorted(every_root(connection).items()):
        families.setdefault(root, [root]).append(former)
    return {id: tuple(ids) for ids in families.values() for id in ids}


def former_ids(connection: Connection, provider_id: str) -> list[str]:
    """Return the ids that were merged into a provider."""
    former = "SELECT provider_id FROM providers WHERE merged_into = :id ORDER BY provider_id"
    return fetch_column(connection, former, {"id": provider_id})


def former_ids_by_root(connection: Connection, provider_ids: Iterable[str]) -> dict[str, list[str]]:
    """Return the ids that were merged into each of some providers; those without any are left out."""
    rows = select_by_keys(
        connection,
        "p.merged_into, p.provider_id",
        ("id",),
        ((id,) for id in provider_ids),
        "providers p ON p.merged_into = k.id",
        "ORDER BY p.provider_id",
    )
    found: dict[str, list[str]] = {}
    for root, former in rows:
        found.setdefault(root, []).append(former)
    return found


def same_ids(connection: Connection, provider_ids: Collection[str]) -> tuple[str, ...]:
    """Return all ids of the organisations that some ids stand for, an id of nobody as it is."""
    if not provider_ids:
        return ()
    roots = roots_of(connection, provider_ids)
    standing = {roots.get(id, id) for id in provider_ids}
    former = former_ids_by_root(connection, standing)
    return tuple(sorted(standing | {id for ids in former.values() for id in ids}))


def change(connection: Connection, provider_id: str, values: Mapping[str, Any]) -> None:
    """Set columns of a provider."""
    update(connection, tables.providers, values, {"provider_id": provider_id})


def is_sandbox(connection: Connection, provider_id: str) -> bool:
    """Return whether a provider is one of the sandbox."""
    return bool(
        fetch_value(connection, "SELECT sandbox_of FROM providers WHERE provider_id = :id", {"id": provider_id})
    )
