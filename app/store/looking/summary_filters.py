"""Which activities a query of summaries keeps, by what is said of the activities themselves."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from datetime import date

import msgspec
from sqlalchemy import Connection

from app.schemas.looking.summary_queries import SummaryQuery
from app.store.activity_lists import OWN, narrow_to_activities
from app.store.lists.keyset_pages import ListConditions
from app.store.sql.key_sets import from_keys
from app.store.sql.statements import fetch_column, on_sqlite


class Spelled(enum.Enum):
    """A field of free text, which a filter compares without case and accents."""

    JOINT_PROVIDER = "joint_providers"
    STATE = "state"
    CITY = "city"
    COUNTRY = "country"
    PRACTICE_AREA = "practice_areas"


class SummaryFilter(msgspec.Struct, frozen=True, kw_only=True):
    """A query of one provider's summaries, with its names as what is stored.

    `boards`, `formats` and `credit_types` are None where the query does not filter by them, and empty where none fits.
    A filter by kind is one by boards.
    """

    provider_id: str
    query: SummaryQuery
    today: date
    boards: Sequence[str] | None = None
    formats: Sequence[str] | None = None
    credit_types: Sequence[tuple[str | None, str]] | None = None
    spelled: Mapping[Spelled, Sequence[str]] = {}
    """The spellings that fit, of each field that the query filters by."""
    activity_ids: Sequence[str] | None = None
    """Only of these activities; None for all that fit."""

    @property
    def narrows_lines(self) -> bool:
        """Whether not all lines of an activity are counted."""
        query = self.query
        return self.needs_rows or bool(self.boards is not None or query.status or query.entry_method)

    @property
    def needs_rows(self) -> bool:
        """Whether lines are narrowed by what no total is kept for."""
        query = self.query
        days = (query.completed_from, query.completed_to, query.submitted_from, query.submitted_to)
        return self.credit_types is not None or any(day is not None for day in days)


def narrow(connection: Connection, conditions: ListConditions, wanted: SummaryFilter) -> None:
    """Narrow to the activities that fit."""
    query = wanted.query
    if wanted.activity_ids is not None:
        source, keys = from_keys(connection, ("id",), [(id,) for id in wanted.activity_ids], "chosen")
        conditions.add(f"a.activity_id IN (SELECT k.id FROM {source})", **keys)
    narrow_to_activities(conditions, query, wanted.formats, wanted.today)
    if query.interprofessional is not None:
        conditions.add(f"coalesce({_interprofessional(connection)}, false) = {str(query.interprofessional).lower()}")
    conditions.between_days("a.end_date", "activity_ends", query.activity_from, None)
    conditions.between_days("a.start_date", "activity_starts", None, query.activity_to)
    for column, field in (("a.city", Spelled.CITY), ("a.state", Spelled.STATE), ("a.country", Spelled.COUNTRY)):
        if field in wanted.spelled:
            conditions.add(f"{column} IN ({conditions.in_list(field.value, wanted.spelled[field])})")
    if query.outcome:
        value = "j.value" if on_sqlite(connection) else "CAST(j.value AS jsonb)"
        _narrow_to_element(connection, conditions, "measured_outcomes", f"{value} ->> 'outcome'", query.outcome)
    if (names := wanted.spelled.get(Spelled.JOINT_PROVIDER)) is not None:
        _narrow_to_element(connection, conditions, "joint_providers", "j.value", names)
    if (names := wanted.spelled.get(Spelled.PRACTICE_AREA)) is not None:
        _narrow_to_element(
            connection, conditions, "practice_areas", "j.value", names,
            f"activity_boards b CROSS JOIN {_elements(connection, 'b.practice_areas')} "
            "WHERE b.activity_id = a.activity_id AND ",
        )  # fmt: skip


def _interprofessional(connection: Connection) -> str:
    """Return the SQL of whether an activity `a` is interprofessional, NULL where nothing was said.

    SQLite:

        a.details ->> '$.joint_accreditation.interprofessional'

    PostgreSQL:

        CAST(a.details #>> '{joint_accreditation,interprofessional}' AS boolean)
    """
    if on_sqlite(connection):
        return "a.details ->> '$.joint_accreditation.interprofessional'"
    return "CAST(a.details #>> '{joint_accreditation,interprofessional}' AS boolean)"


def _narrow_to_element(
    connection: Connection,
    conditions: ListConditions,
    name: str,
    value: str,
    wanted: Sequence[str],
    elsewhere: str | None = None,
) -> None:
    """Narrow to activities where some element of a list in the details, or elsewhere, has a value that is wanted."""
    fits = f"({value}) IN ({conditions.in_list(name, wanted)})"
    sources = [f"{_elements(connection, 'a.details', name)} WHERE ", *([elsewhere] if elsewhere else [])]
    conditions.add(f"({' OR '.join(f'(SELECT 1 FROM {source}{fits} LIMIT 1) = 1' for source in sources)})")


def spellings(connection: Connection, provider_id: str, field: Spelled) -> list[str]:
    """Return every text that some activity of a provider has in a field."""
    parameters = {"provider": provider_id}
    if field in (Spelled.STATE, Spelled.CITY, Spelled.COUNTRY):
        column = f"a.{field.value}"
        query = f"SELECT DISTINCT {column} FROM activities a WHERE {OWN} AND {column} IS NOT NULL"
        return fetch_column(connection, query, parameters)
    each = [
        f"SELECT j.value FROM activities a CROSS JOIN {_elements(connection, 'a.details', field.value)} WHERE {OWN}"
    ]
    if field is Spelled.PRACTICE_AREA:
        each.append(
            "SELECT j.value FROM activities a JOIN activity_boards b ON b.activity_id = a.activity_id "
            f"CROSS JOIN {_elements(connection, 'b.practice_areas')} WHERE {OWN}"
        )
    return fetch_column(connection, " UNION ".join(each), parameters)


def _elements(connection: Connection, document: str, name: str | None = None) -> str:
    """Return the FROM item `j` with the elements of an array, or of the array under a name of an object, as `value`.

    SQLite:

        json_each(a.details, '$.joint_providers') AS j

    PostgreSQL:

        jsonb_array_elements_text(CASE jsonb_typeof(a.details -> 'joint_providers') WHEN 'array'
            THEN a.details -> 'joint_providers' ELSE '[]' END) AS j(value)
    """
    if on_sqlite(connection):
        return f"json_each({document}) AS j" if name is None else f"json_each({document}, '$.{name}') AS j"
    array = document if name is None else f"{document} -> '{name}'"
    return f"jsonb_array_elements_text(CASE jsonb_typeof({array}) WHEN 'array' THEN {array} ELSE '[]' END) AS j(value)"
