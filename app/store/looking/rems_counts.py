"""Exact counts for the report of a REMS programme: one pass over the records of activities that are flagged REMS."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from app.domain.identity.comparison_keys import code_key
from app.domain.looking.rems_counts import RemsFilter, RemsGroup
from app.domain.rems import TYPE_ANSWERS, keys_of
from app.store.lists.keyset_pages import plan_for_values
from app.store.sql.key_sets import join_per_key
from app.store.sql.statements import fetch, fetch_column, in_list, on_sqlite

_ANSWERS = ("profession", "practice_area", "dea_registration", "surgical_procedures", "time_in_practice")
_PERSON = (
    "CASE WHEN c.subject LIKE 'rems:%' OR {local_id} IS NULL THEN c.subject "
    "ELSE 'rems:' || c.provider_id || ':' || {local_id} END"
)
"""Provider and local id, whether the learner was found as a physician or not; the learner where the id was erased."""
_PROGRAMMES = keys_of(TYPE_ANSWERS)
_YES_NO = {"1": "Yes", "true": "Yes", "0": "No", "false": "No"}
"""Truth in JSON as the databases read it."""


def count_groups(connection: Connection, wanted: RemsFilter) -> list[RemsGroup]:
    """Return the counts of the records with the same answers.

    SQLite, and PostgreSQL with `c.rems ->> 'profession'`:

        SELECT profession, …, count(*), count(CASE WHEN newest = 1 THEN 1 END) FROM (
            SELECT profession, …, row_number() OVER (
                PARTITION BY person ORDER BY completed_on DESC, completion_id DESC) AS newest
            FROM (SELECT … AS person, json_extract(c.rems, '$.profession') AS profession, …
                  FROM (SELECT … activities …) a JOIN completions c ON …) r
        ) n GROUP BY profession, …
    """
    plan_for_values(connection)
    activities, given = _activities(connection, wanted)
    fields = ", ".join(f"{_answer(connection, name)} AS {name}" for name in _ANSWERS)
    names = ", ".join(_ANSWERS)
    person = _PERSON.format(local_id=_answer(connection, "local_id"))
    join = "CROSS JOIN" if on_sqlite(connection) else "JOIN"
    completions = join_per_key(
        connection,
        "completions c",
        "c.activity_id = a.activity_id AND c.rems IS NOT NULL AND c.withdrawn_at IS NULL "
        "AND c.completed_on >= :first_day AND c.completed_on <= :last_day",
    )
    rows = fetch(
        connection,
        f"SELECT {names}, count(*), count(CASE WHEN newest = 1 THEN 1 END) FROM ("
        f"SELECT {names}, row_number() OVER (PARTITION BY person ORDER BY completed_on DESC, completion_id DESC) "
        f"AS newest FROM (SELECT c.completed_on, c.completion_id, {person} AS person, {fields} "
        f"FROM {activities} {join} {completions}) r) n GROUP BY {names}",
        given,
    )
    return [
        RemsGroup(
            profession=profession,
            practice_area=area,
            dea_registration=registration,
            surgical_procedures=_YES_NO.get(str(surgical)),
            time_in_practice=years,
            completions=completions,
            persons=persons,
        )
        for profession, area, registration, surgical, years, completions, persons in rows
    ]


def _answer(connection: Connection, name: str, column: str = "c.rems") -> str:
    return f"json_extract({column}, '$.{name}')" if on_sqlite(connection) else f"({column} ->> '{name}')"


def _activities(connection: Connection, wanted: RemsFilter) -> tuple[str, dict[str, Any]]:
    """Return the activities whose records are counted, as `a` of a FROM clause, and the parameters."""
    conditions, given = ["a.rems IS NOT NULL"], dict[str, Any]()
    if wanted.provider_id is None:
        conditions.append("a.provider_id IN (SELECT p.provider_id FROM providers p WHERE p.sandbox_of IS NULL)")
    else:
        conditions.append("a.provider_id = :provider")
        given["provider"] = wanted.provider_id
    if wanted.activity_id is not None:
        conditions.append("a.activity_id = :activity")
        given["activity"] = wanted.activity_id
    of_year = "a.start_date <= :last_day AND a.end_date >= :first_day"
    days = {"first_day": wanted.first_day, "last_day": wanted.last_day}
    where = " AND ".join((*conditions, of_year))
    if wanted.rems_type is not None:
        kind = _answer(connection, "type", "a.rems")
        query = f"SELECT DISTINCT {kind} FROM activities a WHERE {where} AND {kind} IS NOT NULL"
        spelled = fetch_column(connection, query, given | days)
        marks, types = in_list("type", [text for text in spelled if _programme(text) == _programme(wanted.rems_type)])
        where += f" AND {kind} IN ({marks})"
        given |= types
    return f"(SELECT a.activity_id FROM activities a WHERE {where}) a", given | days


def _programme(text: str) -> str:
    """Return the listed programme that a text means, else the text as it is compared."""
    return _PROGRAMMES.get(code_key(text), code_key(text))
