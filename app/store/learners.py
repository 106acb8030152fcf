"""Queries on the registry of physicians."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import Connection

from app.domain.candidates import Candidates, Wanted
from app.domain.learners import Holding, Learner
from app.domain.words import short_id_key
from app.models.learners import learner_links
from app.store import dialect


def candidates(connection: Connection, wanted: Wanted) -> Candidates:
    """Return everybody found under the wanted keys, each with all names, licences and certifications."""
    links = {
        (provider, link): learner
        for provider, link, learner in dialect.by_keys(
            connection,
            "l.provider_id, l.link, l.learner_id",
            ("provider", "link"),
            wanted.links,
            "learner_links l ON l.provider_id = k.provider AND l.link = k.link",
        )
    }
    ids = set(links.values())
    ids.update(
        row[0]
        for row in dialect.by_keys(
            connection,
            "n.learner_id",
            ("last", "first", "birth"),
            wanted.names,
            "learner_names n ON n.last_key = k.last AND n.first_key = k.first AND n.birth_date = k.birth",
        )
    )
    for table, keys in (("licenses", wanted.licenses), ("certifications", wanted.certifications)):
        ids.update(
            row[0]
            for row in dialect.by_keys(
                connection,
                "h.learner_id",
                ("board", "short", "exact"),
                ((board, short_id_key(key), key) for board, key in keys),
                f"{table} h ON h.board = k.board AND h.short_key = k.short AND h.id_key = k.exact",
            )
        )
    ids.update(
        row[0]
        for row in dialect.by_keys(
            connection, "l.learner_id", ("npi",), ((npi,) for npi in wanted.npis), "learners l ON l.npi = k.npi"
        )
    )
    return Candidates.of(by_ids(connection, ids), links)


_EVERYTHING = """
    SELECT l.learner_id, 'learner', l.birth_date, l.npi, l.sandbox FROM {keys} JOIN learners l ON l.learner_id = k.id
    UNION ALL
    SELECT n.learner_id, 'name', n.last_key, n.first_key, '' FROM {keys} JOIN learner_names n ON n.learner_id = k.id
    UNION ALL
    SELECT h.learner_id, 'license', h.board, h.license_id, h.id_key
    FROM {keys} JOIN licenses h ON h.learner_id = k.id
    UNION ALL
    SELECT h.learner_id, 'certification', h.board, h.board_id, h.id_key
    FROM {keys} JOIN certifications h ON h.learner_id = k.id
    ORDER BY 1, 2, 3, 5
"""
"""One statement: for a single report, four would take longer to send than to answer."""


def by_ids(connection: Connection, ids: Iterable[str]) -> list[Learner]:
    """Return learners with all that matching needs to know."""
    held: dict[str, dict[str, list[tuple[str, str]]]] = {}
    magic: dict[str, str] = {}
    for learner_id, what, first, second, third in dialect.everything(connection, _EVERYTHING, set(ids)):
        held.setdefault(learner_id, defaultdict(list))[what].append((first, second))
        if what == "learner":
            magic[learner_id] = third
    return [
        Learner(
            learner_id=learner_id,
            names=frozenset(parts["name"]),
            birth_date=parts["learner"][0][0],
            npi=parts["learner"][0][1],
            licenses=tuple(Holding(board=board, number=number) for board, number in parts["license"]),
            certifications=tuple(Holding(board=board, number=number) for board, number in parts["certification"]),
            sandbox=magic[learner_id],
        )
        for learner_id, parts in held.items()
    ]


def links_of(connection: Connection, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Return the opaque ids under which providers know learners: (provider, learner) to link."""
    return {
        (provider, learner): link
        for provider, learner, link in dialect.by_keys(
            connection,
            "l.provider_id, l.learner_id, l.link",
            ("provider", "learner"),
            pairs,
            "learner_links l ON l.provider_id = k.provider AND l.learner_id = k.learner",
        )
    }


def add_links(connection: Connection, rows: list[dict[str, object]]) -> None:
    """Keep new opaque ids; one that stands already stays."""
    dialect.insert(connection, learner_links, rows, skip_known=True)
