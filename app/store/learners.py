"""Queries on the registry of physicians."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from app.domain.candidates import Candidates, Wanted
from app.domain.comparison_keys import short_id_key
from app.domain.learners import Holding, Learner
from app.domain.validations import Lookup, LookupKey, LookupResults
from app.models.learners import learner_links
from app.store.sql.bulk import insert
from app.store.sql.key_sets import from_keys, select_by_ids, select_by_keys
from app.store.sql.statements import Row, fetch, string_agg


def candidates(connection: Connection, wanted: Wanted) -> Candidates:
    """Return everybody found under the wanted keys, each with all names, licences and certifications."""
    physicians = {
        (provider, learner_id): physician_id
        for provider, learner_id, physician_id in select_by_keys(
            connection,
            "l.provider_id, l.link, l.learner_id",
            ("provider", "link"),
            wanted.learner_ids,
            "learner_links l ON l.provider_id = k.provider AND l.link = k.link",
        )
    }
    ids = set(physicians.values())
    ids.update(
        row[0]
        for row in select_by_keys(
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
            for row in select_by_keys(
                connection,
                "h.learner_id",
                ("board", "short", "exact"),
                ((board, short_id_key(key), key) for board, key in keys),
                f"{table} h ON h.board = k.board AND h.short_key = k.short AND h.id_key = k.exact",
            )
        )
    for table, keys in (("licenses", wanted.short_licenses), ("certifications", wanted.short_certifications)):
        ids.update(
            row[0]
            for row in select_by_keys(
                connection,
                "h.learner_id",
                ("board", "short"),
                keys,
                f"{table} h ON h.board = k.board AND h.short_key = k.short",
            )
        )
    ids.update(
        row[0]
        for row in select_by_keys(
            connection, "l.learner_id", ("npi",), ((npi,) for npi in wanted.npis), "learners l ON l.npi = k.npi"
        )
    )
    return Candidates.of(by_ids(connection, ids), physicians)


_EVERYTHING = """
    SELECT l.learner_id, 'learner', l.birth_date, l.npi, l.medical_school, l.sandbox
    FROM {keys} JOIN learners l ON l.learner_id = k.id
    UNION ALL
    SELECT n.learner_id, 'name', n.last_key, n.first_key, '', ''
    FROM {keys} JOIN learner_names n ON n.learner_id = k.id
    UNION ALL
    SELECT h.learner_id, 'license', h.board, h.license_id, h.id_key, ''
    FROM {keys} JOIN licenses h ON h.learner_id = k.id
    UNION ALL
    SELECT h.learner_id, 'certification', h.board, h.board_id, h.id_key, ''
    FROM {keys} JOIN certifications h ON h.learner_id = k.id
    ORDER BY 1, 2, 3, 5
"""
"""One statement: for a single report, four would take longer to send than to answer."""


def by_ids(connection: Connection, ids: Iterable[str]) -> list[Learner]:
    """Return learners with all that matching needs to know."""
    people: list[Row] = []
    names: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    licenses: defaultdict[str, list[Holding]] = defaultdict(list)
    certifications: defaultdict[str, list[Holding]] = defaultdict(list)
    for row in select_by_ids(connection, _EVERYTHING, set(ids)):
        physician_id, what, first, second, third, _ = row
        if what == "name":
            names[physician_id].append((first, second))
        elif what == "license":
            licenses[physician_id].append(Holding(board=first, number=second, known_key=third))
        elif what == "certification":
            certifications[physician_id].append(Holding(board=first, number=second, known_key=third))
        else:
            people.append(row)
    return [
        Learner(
            physician_id=physician_id,
            names=frozenset(names[physician_id]),
            birth_date=birth_date,
            npi=npi,
            licenses=tuple(licenses[physician_id]),
            certifications=tuple(certifications[physician_id]),
            medical_school=medical_school,
            sandbox=sandbox,
        )
        for physician_id, _, birth_date, npi, medical_school, sandbox in people
    ]


_OF_THE_NAME = "n.last_key = k.last AND n.first_key = k.first"
_BORN = "n.birth_date BETWEEN k.born_from AND k.born_to"
_OF_THE_WORLD = """EXISTS (
    SELECT 1 FROM learners w WHERE w.learner_id = n.learner_id AND (w.sandbox = '') = (:world = ''))"""
_HOLDS = """EXISTS (
    SELECT 1 FROM {table} h WHERE h.learner_id = n.learner_id AND (k.board = '' OR h.board = k.board)
    AND (k.number = '' OR h.id_key = k.number))"""
_HOLDER = f"""
    SELECT n.learner_id FROM {{table}} h CROSS JOIN learner_names n
    WHERE h.board = k.board AND h.short_key = k.short AND h.id_key = k.number
    AND n.learner_id = h.learner_id AND {_OF_THE_NAME} AND (n.birth_date = '' OR {_BORN})
    AND {_OF_THE_WORLD}"""
_NAMESAKE = f"SELECT n.learner_id FROM learner_names n WHERE {_OF_THE_NAME} AND {_BORN} AND {_OF_THE_WORLD}"
_LOOKUPS = {
    LookupKey.NPI.name: f"""
    SELECT n.learner_id FROM learners l CROSS JOIN learner_names n
    WHERE l.npi = k.number AND n.learner_id = l.learner_id AND {_OF_THE_NAME} AND (n.birth_date = '' OR {_BORN})
    AND {_OF_THE_WORLD}""",
    LookupKey.LICENSE.name: _HOLDER.format(table="licenses"),
    LookupKey.CERTIFICATION.name: _HOLDER.format(table="certifications"),
    LookupKey.NAME.name: _NAMESAKE,
    LookupKey.NAME_LICENSED.name: f"{_NAMESAKE} AND {_HOLDS.format(table='licenses')}",
    LookupKey.NAME_CERTIFIED.name: f"{_NAMESAKE} AND {_HOLDS.format(table='certifications')}",
}
"""One look into the registry for each key; a name is shared by many, so every look stops where it may."""


_CERTIFIED_TOO = """EXISTS (
    SELECT 1 FROM certifications c WHERE c.learner_id = n.learner_id AND (k.certifying = '' OR c.board = k.certifying)
    AND (k.certified = '' OR c.id_key = k.certified))"""
_COLUMNS = ("place", "last", "first", "born_from", "born_to", "board", "number", "short", "certifying", "certified")


_LINKED = """x.learner_id || ' ' || COALESCE((
    SELECT l.link FROM learner_links l WHERE l.provider_id = :provider AND l.learner_id = x.learner_id), '')"""


class _Kind(NamedTuple):
    """Lookups that are one statement."""

    by: str
    most: int
    decides: bool
    certified: bool
    sandbox: bool
    provider: str


def found(connection: Connection, lookups: Sequence[Lookup], providers: Sequence[str]) -> LookupResults:
    """Return whom some lookups find, each for a provider.

    The same statements run whether anybody is found or nobody.
    """
    asked: dict[_Kind, list[tuple[str, ...]]] = {}
    for place, (lookup, provider) in enumerate(zip(lookups, providers, strict=True)):
        number, certifying, certified = lookup.number, lookup.certifying, lookup.certified
        row = (
            str(place), lookup.last, lookup.first, lookup.born_from, lookup.born_to, lookup.board, number,
            short_id_key(number), certifying, certified,
        )  # fmt: skip
        also_certified = certifying != "" or certified != ""
        kind = _Kind(lookup.by.name, lookup.most, lookup.decides, also_certified, lookup.sandbox, provider)
        several = asked.get(kind)
        if several is None:
            asked[kind] = [row]
        else:
            several.append(row)
    ids: list[Sequence[str]] = [()] * len(lookups)
    learner_ids: dict[tuple[str, str], str | None] = {}
    for kind, several in asked.items():
        for place, held in _looked_up(connection, kind, several):
            if not held:
                continue
            if not kind.decides:
                ids[int(place)] = held.split(" ")
                continue
            told = held.split(" ")
            ids[int(place)] = told[::2]
            learner_ids[kind.provider, told[0]] = told[1] or None
    compared = [place for place, lookup in enumerate(lookups) if not lookup.decides]
    if not compared:
        return LookupResults(ids=ids, learners={}, learner_ids=learner_ids)
    wanted = {each for place in compared if len(ids[place]) <= lookups[place].most for each in ids[place]}
    compared_learners = {each.physician_id: each for each in by_ids(connection, wanted or _NOBODY)}
    return LookupResults(ids=ids, learners=compared_learners, learner_ids=learner_ids)


def _looked_up(connection: Connection, kind: _Kind, rows: Sequence[tuple[str, ...]]) -> list[Row]:
    """Return the place of each lookup with the ids it finds, between spaces; a deciding one has learner ids too."""
    source, parameters = from_keys(connection, _COLUMNS if kind.certified else _COLUMNS[:-2], rows)
    look = f"{_LOOKUPS[kind.by]} AND {_CERTIFIED_TOO}" if kind.certified else _LOOKUPS[kind.by]
    every = string_agg(connection, _LINKED if kind.decides else "x.learner_id")
    statement = f"SELECT k.place, (SELECT {every} FROM ({look} LIMIT :enough) x) FROM {source}"
    given = parameters | {"enough": kind.most + 1, "world": "sandbox" if kind.sandbox else ""}
    return fetch(connection, statement, given | ({"provider": kind.provider} if kind.decides else {}))


_NOBODY = ("",)
"""No learner's id: asked for when there is none to ask for, so that a miss takes as long as a find."""


def learner_ids_of(connection: Connection, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Return the opaque ids under which providers know learners: (provider, physician) to learner id."""
    return {
        (provider, physician_id): learner_id
        for provider, physician_id, learner_id in select_by_keys(
            connection,
            "l.provider_id, l.learner_id, l.link",
            ("provider", "learner"),
            pairs,
            "learner_links l ON l.provider_id = k.provider AND l.learner_id = k.learner",
        )
    }


def add_learner_ids(connection: Connection, rows: list[dict[str, object]]) -> None:
    """Keep new opaque ids; one that stands already stays."""
    insert(connection, learner_links, rows, skip_known=True)
