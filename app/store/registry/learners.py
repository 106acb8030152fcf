"""The registry of physicians, as reports and validations look it up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

import msgspec
from sqlalchemy import Connection

from app.domain.boards import Span
from app.domain.identity.candidates import Candidates, Wanted
from app.domain.identity.comparison_keys import short_id_key
from app.domain.identity.learners import Holding, Learner, WrittenName, name_on_file
from app.domain.identity.validations import Lookup, LookupKey, LookupResults
from app.models.learners import learner_links
from app.store.passport import permissions
from app.store.sql.bulk import Rows, insert
from app.store.sql.key_sets import Way, from_keys, select_by_found_ids, select_by_ids, select_by_keys
from app.store.sql.statements import Row, fetch, on_sqlite, string_agg


def load_candidates(connection: Connection, wanted: Wanted) -> Candidates:
    """Return the learners under the wanted keys, each with all names, licences and certifications."""
    physicians = {
        (provider, learner_id): physician_id
        for provider, learner_id, physician_id in select_by_keys(
            connection,
            "l.provider_id, l.link, coalesce(p.merged_into, l.learner_id)",
            ("provider", "link"),
            wanted.learner_ids,
            "learner_links l ON l.provider_id = k.provider AND l.link = k.link "
            "JOIN learners p ON p.learner_id = l.learner_id",
        )
    }
    if unknown := wanted.learner_ids - physicians.keys():
        physicians |= _named_by_former_ids(connection, unknown)
    ways = _ways(wanted, set(physicians.values()))
    return Candidates.of(_learners(select_by_found_ids(connection, _ALL_OF_LEARNERS, ways)), physicians)


def _named_by_former_ids(connection: Connection, unknown: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Return the physicians by (provider, learner id) whom a provider knew by an id that was merged into it."""
    return {
        (provider, learner_id): physician_id
        for provider, learner_id, physician_id in select_by_keys(
            connection,
            "k.provider, l.link, coalesce(p.merged_into, l.learner_id)",
            ("provider", "link"),
            unknown,
            "providers f ON f.merged_into = k.provider "
            "JOIN learner_links l ON l.provider_id = f.provider_id AND l.link = k.link "
            "JOIN learners p ON p.learner_id = l.learner_id",
        )
    }


def _ways(wanted: Wanted, ids: Iterable[str]) -> Iterator[Way]:
    """Yield how the learners under the wanted keys are found, and those of some ids."""
    yield Way(
        ("last", "first", "birth"),
        wanted.names,
        "SELECT n.learner_id FROM {keys} JOIN learner_names n "
        "ON n.last_key = k.last AND n.first_key = k.first AND n.birth_date = k.birth",
    )
    for table, keys in (("licenses", wanted.licenses), ("certifications", wanted.certifications)):
        yield Way(
            ("board", "short", "exact"),
            ((board, short_id_key(key), key) for board, key in keys),
            f"SELECT h.learner_id FROM {{keys}} JOIN {table} h "
            "ON h.board = k.board AND h.short_key = k.short AND h.id_key = k.exact",
        )
    for table, keys in (("licenses", wanted.short_licenses), ("certifications", wanted.short_certifications)):
        yield Way(
            ("board", "short"),
            keys,
            f"SELECT h.learner_id FROM {{keys}} JOIN {table} h ON h.board = k.board AND h.short_key = k.short",
        )
    npis = ((npi,) for npi in wanted.npis)
    yield Way(("npi",), npis, "SELECT l.learner_id FROM {keys} JOIN learners l ON l.npi = k.npi")
    yield Way(
        ("kind", "form", "born", "state"),
        wanted.forms,
        "SELECT f.learner_id FROM {keys} JOIN name_forms f "
        "ON f.kind = k.kind AND f.form = k.form AND f.birth_date = k.born AND f.state = k.state",
    )
    yield Way(
        ("last", "first", "state"),
        wanted.namesakes,
        "SELECT n.learner_id FROM {keys} JOIN learner_names n ON n.last_key = k.last AND n.first_key = k.first "
        f"WHERE {_IN_THE_STATE}",
    )
    given = ((physician_id,) for physician_id in ids)
    yield Way(("id",), given, "SELECT l.learner_id FROM {keys} JOIN learners l ON l.learner_id = k.id")


_IN_THE_STATE = """(k.state = '' OR EXISTS (
    SELECT 1 FROM licenses h JOIN boards b ON b.code = h.board
    WHERE h.learner_id = n.learner_id AND b.state = k.state))"""
_ALL_OF_LEARNERS = """
    SELECT l.learner_id, 'learner', l.birth_date, l.npi, l.medical_school, l.sandbox,
        CASE WHEN l.npi_disputed_at IS NULL THEN '' ELSE 'disputed' END, l.first_name, l.middle_name, l.suffix
    FROM {keys} JOIN learners l ON l.learner_id = k.id
    UNION ALL
    SELECT n.learner_id, 'name', n.last_key, n.first_key, n.last_name, n.first_name, n.middle_name, n.suffix, '', ''
    FROM {keys} JOIN learner_names n ON n.learner_id = k.id
    UNION ALL
    SELECT h.learner_id, 'license', h.board, h.license_id, h.id_key,
        coalesce(CAST(h.starts_on AS text), ''), coalesce(CAST(h.ends_on AS text), ''),
        CASE WHEN h.self_reported THEN 'self-reported' ELSE '' END, '', ''
    FROM {keys} JOIN licenses h ON h.learner_id = k.id
    UNION ALL
    SELECT h.learner_id, 'certification', h.board, h.board_id, h.id_key, '', '', '', '', ''
    FROM {keys} JOIN certifications h ON h.learner_id = k.id
    ORDER BY 1, 2, 3, 5
"""
"""One statement: for a single report, sending four would take longer than answering them."""


def load_namesakes(
    connection: Connection, names: Iterable[tuple[str, str, str]], ids: Iterable[str] = ()
) -> list[Learner]:
    """Return everybody under (last, first, state) name keys, whatever their birth dates, and those of some ids.

    The state, unless it is empty, is one in which they are licensed.
    """
    by_name = Way(
        ("last", "first", "state"),
        names,
        "SELECT n.learner_id FROM {keys} JOIN learner_names n ON n.last_key = k.last AND n.first_key = k.first "
        f"WHERE {_IN_THE_STATE}",
    )
    given = ((physician_id,) for physician_id in ids)
    by_id = Way(("id",), given, "SELECT l.learner_id FROM {keys} JOIN learners l ON l.learner_id = k.id")
    return _learners(select_by_found_ids(connection, _ALL_OF_LEARNERS, [by_name, by_id]))


def by_ids(connection: Connection, ids: Iterable[str]) -> list[Learner]:
    """Return learners with their names, licences and certifications."""
    return _learners(select_by_ids(connection, _ALL_OF_LEARNERS, set(ids)))


def _learners(rows: Iterable[Row]) -> list[Learner]:
    """Make learners of rows of `_ALL_OF_LEARNERS`."""
    people: list[Row] = []
    names: defaultdict[str, list[Sequence[str]]] = defaultdict(list)
    licenses: defaultdict[str, list[Holding]] = defaultdict(list)
    certifications: defaultdict[str, list[Holding]] = defaultdict(list)
    for row in rows:
        physician_id, kind, first, second, third, *more = row
        if kind == "name":
            names[physician_id].append((first, second, third, *more))
        elif kind == "license":
            since, until, self_reported, *_ = more
            dates = _span(since, until) if since or until else None
            licenses[physician_id].append(
                Holding(board=first, number=second, known_key=third, dates=dates, self_reported=self_reported != "")
            )
        elif kind == "certification":
            certifications[physician_id].append(Holding(board=first, number=second, known_key=third))
        else:
            people.append(row)
    return [
        Learner(
            physician_id=physician_id,
            names=frozenset([(last_key, first_key) for last_key, first_key, *_ in names[physician_id]]),
            written=tuple([_written(name, shown) for name in names[physician_id]]),
            birth_date=birth_date,
            npi=npi,
            licenses=tuple(licenses[physician_id]),
            certifications=tuple(certifications[physician_id]),
            medical_school=medical_school,
            sandbox=sandbox,
            npi_disputed=disputed != "",
        )
        for physician_id, _, birth_date, npi, medical_school, sandbox, disputed, *shown in people
    ]


def _written(name: Sequence[str], shown: Sequence[str | None]) -> WrittenName:
    _, first_key, last, first, middle, suffix, *_ = name
    return name_on_file(first_key, last, (first, middle, suffix), shown)


def _span(since: str, until: str) -> Span:
    return Span(since=date.fromisoformat(since) if since else None, until=date.fromisoformat(until) if until else None)


_OF_THE_NAME = "n.last_key = k.last AND n.first_key = k.first"
_BORN = "n.birth_date BETWEEN k.born_from AND k.born_to"
_NO_RIVAL = """NOT EXISTS (
    SELECT 1 FROM learner_names r JOIN learners o ON o.learner_id = r.learner_id AND (o.sandbox = '') = (:world = '')
    WHERE r.last_key = k.last AND r.first_key = k.first AND r.birth_date = k.unless_born AND k.unless_born <> '')"""
"""Nobody of the name has the birth date given: who has none on file may be meant."""
_BORN_OR_UNKNOWN = f"({_BORN} OR (n.birth_date = '' AND {_NO_RIVAL}))"
_OF_THE_WORLD = """EXISTS (
    SELECT 1 FROM learners w WHERE w.learner_id = n.learner_id AND (w.sandbox = '') = (:world = ''))"""
_HOLDS = """EXISTS (
    SELECT 1 FROM {table} h WHERE h.learner_id = n.learner_id AND (k.board = '' OR h.board = k.board)
    AND (k.number = '' OR h.id_key = k.number))"""
_HOLDER = f"""
    SELECT n.learner_id FROM {{table}} h CROSS JOIN learner_names n
    WHERE h.board = k.board AND h.short_key = k.short AND h.id_key = k.number
    AND n.learner_id = h.learner_id AND {_OF_THE_NAME} AND {_BORN_OR_UNKNOWN}
    AND {_OF_THE_WORLD}"""
_NAMESAKE = f"SELECT n.learner_id FROM learner_names n WHERE {_OF_THE_NAME} AND {_BORN} AND {_OF_THE_WORLD}"
_NAMESAKE = f"{_NAMESAKE} AND (k.unless_born = '' OR {_NO_RIVAL})"
_LOOKUPS = {
    LookupKey.NPI.name: f"""
    SELECT n.learner_id FROM learners l CROSS JOIN learner_names n
    WHERE l.npi = k.number AND n.learner_id = l.learner_id AND {_OF_THE_NAME} AND {_BORN_OR_UNKNOWN}
    AND (l.npi_disputed_at IS NULL OR (n.birth_date <> '' AND n.birth_date = k.born_from)) AND {_OF_THE_WORLD}""",
    LookupKey.LICENSE.name: _HOLDER.format(table="licenses"),
    LookupKey.CERTIFICATION.name: _HOLDER.format(table="certifications"),
    LookupKey.NAME.name: _NAMESAKE,
    LookupKey.NAME_LICENSED.name: f"{_NAMESAKE} AND {_HOLDS.format(table='licenses')}",
    LookupKey.NAME_CERTIFIED.name: f"{_NAMESAKE} AND {_HOLDS.format(table='certifications')}",
}
"""A subquery for each way to look a learner up. Many share a name, so each stops at its limit."""


_CERTIFIED_TOO = """EXISTS (
    SELECT 1 FROM certifications c WHERE c.learner_id = n.learner_id AND (k.certifying = '' OR c.board = k.certifying)
    AND (k.certified = '' OR c.id_key = k.certified))"""
_COLUMNS = (
    "place",
    "last",
    "first",
    "born_from",
    "born_to",
    "unless_born",
    "board",
    "number",
    "short",
    "certifying",
    "certified",
)


_WITH_LEARNER_ID = """x.learner_id || ' ' || COALESCE((
    SELECT l.link FROM learner_links l WHERE l.provider_id = :provider AND l.learner_id = x.learner_id), '')"""


class _LookupGroup(msgspec.Struct, frozen=True):
    """Lookups that share a statement and its parameters."""

    by: str
    most: int
    decides: bool
    certified: bool
    sandbox: bool
    provider: str


def look_up(connection: Connection, lookups: Sequence[Lookup], providers: Sequence[str]) -> LookupResults:
    """Return the learners that lookups find, each lookup made for a provider.

    The same statements run whether a learner is found or not.
    """
    keys: dict[_LookupGroup, list[tuple[str, ...]]] = {}
    for place, (lookup, provider) in enumerate(zip(lookups, providers, strict=True)):
        certified = lookup.certifying != "" or lookup.certified != ""
        group = _LookupGroup(lookup.by.name, lookup.most, lookup.decides, certified, lookup.sandbox, provider)
        row = (
            str(place), lookup.last, lookup.first, lookup.born_from, lookup.born_to, lookup.unless_born,
            lookup.board, lookup.number, short_id_key(lookup.number), lookup.certifying, lookup.certified,
        )  # fmt: skip
        keys.setdefault(group, []).append(row)
    ids: list[Sequence[str]] = [()] * len(lookups)
    learner_ids: dict[tuple[str, str], str | None] = {}
    for group, rows in keys.items():
        for place, found in _run_lookups(connection, group, rows):
            if not found:
                continue
            if not group.decides:
                ids[int(place)] = found.split(" ")
                continue
            with_learner_ids = found.split(" ")
            ids[int(place)] = with_learner_ids[::2]
            learner_ids[group.provider, with_learner_ids[0]] = with_learner_ids[1] or None
    compared = [place for place, lookup in enumerate(lookups) if not lookup.decides]
    if not compared:
        return LookupResults(ids=ids, learners={}, learner_ids=learner_ids)
    wanted = {
        physician_id for place in compared if len(ids[place]) <= lookups[place].most for physician_id in ids[place]
    }
    learners = {learner.physician_id: learner for learner in by_ids(connection, wanted or _NO_LEARNER)}
    return LookupResults(ids=ids, learners=learners, learner_ids=learner_ids)


def _run_lookups(connection: Connection, group: _LookupGroup, rows: Sequence[tuple[str, ...]]) -> list[Row]:
    """Return (place, ids found, joined with spaces) of each lookup; after each id its learner id where it decides.

    SQLite:

        SELECT k.place, (SELECT group_concat(x.learner_id, ' ') FROM (SELECT … LIMIT :enough) x)
        FROM (SELECT … FROM json_each(:k_keys)) AS k

    PostgreSQL:

        SELECT k.place, (SELECT string_agg(x.learner_id, ' ') FROM (SELECT … LIMIT :enough) x) FROM unnest(…) AS k(…)
    """
    source, parameters = from_keys(connection, _COLUMNS if group.certified else _COLUMNS[:-2], rows)
    lookup = f"{_LOOKUPS[group.by]} AND {_CERTIFIED_TOO}" if group.certified else _LOOKUPS[group.by]
    ids = string_agg(connection, _WITH_LEARNER_ID if group.decides else "x.learner_id")
    sql = f"SELECT k.place, (SELECT {ids} FROM ({lookup} LIMIT :enough) x) FROM {source}"
    parameters |= {"enough": group.most + 1, "world": "sandbox" if group.sandbox else ""}
    return fetch(connection, sql, parameters | ({"provider": group.provider} if group.decides else {}))


_NO_LEARNER = ("",)
"""The id of no learner: selected when nothing was found, so that a miss takes as long as a hit."""


def learner_ids_of(connection: Connection, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Return the opaque ids by which providers name learners, by (provider, physician)."""
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


def learner_ids_of_standing(
    connection: Connection, pairs: Iterable[tuple[str, str]]
) -> tuple[dict[tuple[str, str], str], list[str], bool]:
    """Return the opaque ids by (provider, physician), and who of the physicians was merged into another one, or erased.

    And whether anybody withdrew the permission to report them: mostly nobody has, and then it is asked of no physician.
    On PostgreSQL that is a part of the statement, which spares a round trip. SQLite has one writer: whoever was found
    in this transaction still stands, and is not looked up again.
    """
    if on_sqlite(connection):
        return learner_ids_of(connection, pairs), [], permissions.any_stands(connection)
    learner_ids: dict[tuple[str, str], str] = {}
    merged: list[str] = []
    withdrawn = False
    for provider, physician_id, learner_id, gone, stands in select_by_keys(
        connection,
        "k.provider, k.learner, l.link, p.merged_into IS NOT NULL OR p.erased_at IS NOT NULL, "
        f"{permissions.ANY_STANDS}",
        ("provider", "learner"),
        pairs,
        "learners p ON p.learner_id = k.learner "
        "LEFT JOIN learner_links l ON l.provider_id = k.provider AND l.learner_id = k.learner",
    ):
        if learner_id is not None:
            learner_ids[provider, physician_id] = learner_id
        if gone:
            merged.append(physician_id)
        withdrawn = stands
    return learner_ids, merged, withdrawn


def learner_ids_after(connection: Connection, after: tuple[str, str], limit: int) -> list[tuple[str, str, str]]:
    """Return (provider, physician, learner id) after a provider and physician, in their order."""
    rows = fetch(
        connection,
        "SELECT provider_id, learner_id, link FROM learner_links WHERE (provider_id, learner_id) > (:provider, :id) "
        "ORDER BY provider_id, learner_id LIMIT :limit",
        {"provider": after[0], "id": after[1], "limit": limit},
    )
    return [(provider_id, physician_id, learner_id) for provider_id, physician_id, learner_id in rows]


def add_learner_ids(connection: Connection, rows: Rows) -> None:
    """Insert new opaque ids; those that exist stay."""
    insert(connection, learner_links, rows, skip_known=True)
