"""Completions read for exports: a row for each credit, made of the tables as it is written.

No value of the domain is made of a row: a million of them would take longer than reading and writing together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

import msgspec
from sqlalchemy import Connection

from app.domain.credits import CreditStatus
from app.domain.exports import CellKind, ExportColumn
from app.store.completion_lists import CompletionFilter, conditions_of, credit_tests, order_by
from app.store.lists.keyset_pages import ListConditions, count_total, without_index
from app.store.looking.ids_in_order import Reached, along, next_ids
from app.store.sql.key_sets import from_ordered_ids
from app.store.sql.statements import Row, fetch, fetch_value, on_sqlite

BETWEEN = "\x1f"
"""Between the parts of an aggregate; texts that are stored have no such character."""
_MOST_CREDITS = 1_000
"""More than a completion has."""
_ROWS = msgspec.json.Decoder(list[Row])
_FEWEST_COUNTED = 10_000
"""Completions from which their credits are counted as well: none has a hundred."""


class LineColumn(msgspec.Struct, frozen=True, kw_only=True):
    """A column of a credit's row, and the SQL of it."""

    column: ExportColumn
    sql: str


def _text(heading: str, sql: str, width: int = 14, *, people: bool = False) -> LineColumn:
    return LineColumn(column=ExportColumn(heading=heading, width=width, written_by_people=people), sql=sql)


def _other(heading: str, sql: str, kind: CellKind, width: int = 14) -> LineColumn:
    return LineColumn(column=ExportColumn(heading=heading, kind=kind, width=width), sql=sql)


_TYPES = (
    "(SELECT {joined}(t.place || ' ' || t.quarters || ' ' || t.credit_type, CAST(:between AS text)) "
    "FROM credit_types t WHERE t.credit_id = x.credit_id)"
)
_OF_CREDIT = (
    "(SELECT {joined}(coalesce(r.as_sent, r.client_reference), CAST(:between AS text)) "
    "FROM credit_references r WHERE r.credit_id = x.credit_id)"
)
_REFERENCES = (
    "CASE WHEN x.credit_id IS NULL THEN "
    "(SELECT {joined}(coalesce(o.as_sent, o.client_reference), CAST(:between AS text)) "
    f"FROM completion_references o WHERE o.completion_id = c.completion_id) ELSE {_OF_CREDIT} END"
)
LINE_COLUMNS = (
    _text("Board", "x.board", 9),
    _text("First Name", "c.first_name", 16, people=True),
    _text("Last Name", "c.last_name", 18, people=True),
    _text("Date of Birth", "c.birth_date", 9),
    _text("Learner ID", "x.reported_id", 13, people=True),
    _text("Activity Title", "a.title", 44, people=True),
    _text("ACCME Activity ID", "c.activity_id", 12),
    _text("Provider Activity ID", "a.internal_id", 16, people=True),
    _text("Activity Format", "a.format", 26),
    _other("Completion Date", "{day:c.completed_on}", CellKind.DAY, 13),
    _other("Submitted (UTC)", "{instant:c.submitted_at}", CellKind.INSTANT, 18),
    _other("Credits Awarded", "{credits:x.quarters}", CellKind.NUMBER, 10),
    _text("Credit Types", _TYPES, 40),
    _text("Status", "x.status", 11),
    _text("Reason", "x.status_reason", 18),
    _text("Board's Words", "x.status_text", 34, people=True),
    _other("Status Since (UTC)", "{instant:x.status_at}", CellKind.INSTANT, 20),
    _text("Kind", "x.kind", 7),
    _text("Delivery", "x.delivery", 15),
    _text("Reported By", "c.entry_method", 10),
    _text("References", _REFERENCES, 26, people=True),
    _text("NPI", "c.npi", 12, people=True),
    _text("Learner Link", "l.link", 38),
    _other("Occasion", "CAST(c.occasion AS text)", CellKind.NUMBER, 10),
    _text("Completion ID", "c.completion_id", 38),
    _text("Credit ID", "x.credit_id", 38),
)
"""The columns of the slides, then the rest of what the API answers."""
TYPES_PLACE = next(place for place, line in enumerate(LINE_COLUMNS) if line.sql is _TYPES)
REFERENCES_PLACE = next(place for place, line in enumerate(LINE_COLUMNS) if line.sql is _REFERENCES)

RECORD_COLUMNS = (
    "c.completion_id", "c.activity_id", "c.provider_id", "{day:c.completed_on}", "c.occasion",
    "{moment:c.submitted_at}", "c.entry_method", "c.first_name", "c.last_name", "c.birth_date", "c.npi", "l.link",
    "c.rems", "c.version",
)  # fmt: skip
"""What a document has of a completion."""
CREDIT_COLUMNS = (
    "x.credit_id", "x.kind", "x.board", "x.reported_id", "x.quarters", _TYPES,
    _OF_CREDIT, "x.status", "x.delivery", "x.status_reason", "x.status_text", "{moment:x.status_at}",
)  # fmt: skip
"""What it has of each credit."""

_SQLITE = {
    "day": "{}",
    "moment": "{}",
    "instant": "substr({}, 1, 19) || 'Z'",
    "credits": (
        "CASE WHEN {0} IS NULL THEN NULL WHEN {0} % 4 = 0 THEN CAST({0} / 4 AS text) "
        "ELSE printf('%.10g', {0} / 4.0) END"
    ),
}
_POSTGRESQL = {
    "day": "to_char({}, 'YYYY-MM-DD')",
    "moment": "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')",
    "instant": "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')",
    "credits": "CAST(CAST({} / 4.0 AS float8) AS text)",
}


def read_lines(
    connection: Connection, wanted: CompletionFilter, reached: Reached, limit: int
) -> tuple[list[Row], Reached]:
    """Return the rows of the credits of the next completions, as `LINE_COLUMNS`, and how far the list is read.

    A row has texts and None, and its place at its end. With filters of credits, there are those that fit; a completion
    without any credit has one row. Where no row fits any longer, there are none, and the list goes on.
    """
    conditions = conditions_of(wanted)
    ids, further = next_ids(along(connection, conditions, order_by(wanted.query)), reached, limit)
    tests = credit_tests(conditions, wanted)
    selected = [in_dialect(connection, line.sql) for line in LINE_COLUMNS]
    return _read(connection, conditions, selected, ids, tests, "JOIN activities a ON a.activity_id = c.activity_id "), (
        further
    )


def read_records(
    connection: Connection, wanted: CompletionFilter, reached: Reached, limit: int
) -> tuple[list[Row], Reached]:
    """Return the next completions with all of their credits, a row for each, and how far the list is read.

    A row has `RECORD_COLUMNS`, then `CREDIT_COLUMNS`; the rows of a completion stand together, its credits in order.
    """
    conditions = conditions_of(wanted)
    ids, further = next_ids(along(connection, conditions, order_by(wanted.query)), reached, limit)
    selected = [in_dialect(connection, sql) for sql in (*RECORD_COLUMNS, *CREDIT_COLUMNS)]
    return _read(connection, conditions, selected, ids, []), further


STANDING_COLUMNS = (
    "c.completion_id", "c.activity_id", "a.title", "c.provider_id", "p.name", "{day:c.completed_on}", "c.occasion",
    "c.first_name", "c.last_name", "c.birth_date", "c.npi", "l.link", "c.rems",
    "x.credit_id", "x.kind", "x.board", "x.reported_id", "x.quarters", _TYPES, _OF_CREDIT,
)  # fmt: skip
"""What a report of a completion has of it, and of each credit."""


def read_standing(
    connection: Connection, wanted: CompletionFilter, reached: Reached, limit: int
) -> tuple[list[Row], Reached]:
    """Return the next completions with the credits that stand and fit the filters of credits, as `STANDING_COLUMNS`.

    Credit that was withdrawn is left out, and rejected credit unless the filter of statuses names it: reported again,
    it would go to its board again.
    """
    conditions = conditions_of(wanted)
    ids, further = next_ids(along(connection, conditions, order_by(wanted.query)), reached, limit)
    gone = "'withdrawn'" if CreditStatus.REJECTED in wanted.query.status else "'withdrawn', 'rejected'"
    tests = [*credit_tests(conditions, wanted), f"x.status NOT IN ({gone})"]
    selected = [in_dialect(connection, sql) for sql in STANDING_COLUMNS]
    joins = "JOIN activities a ON a.activity_id = c.activity_id JOIN providers p ON p.provider_id = c.provider_id "
    return _read(connection, conditions, selected, ids, tests, joins, kept="c.rems IS NOT NULL OR "), further


def count_lines(connection: Connection, wanted: CompletionFilter, most: int) -> int:
    """Count the rows that `read_lines` returns in all, up to one more than `most`; where they are few, completions."""
    conditions = conditions_of(wanted)
    total = count_total(connection, conditions, most)
    if total.capped:
        return most + 1
    if total.count < _FEWEST_COUNTED:
        return total.count
    tests = credit_tests(conditions, wanted)
    where = " AND ".join((*conditions.always, *conditions.conditions))
    query = f"SELECT 1 FROM {conditions.table} {_credits(tests)} WHERE {where} LIMIT :enough"
    parameters = {**conditions.parameters, "enough": most + 1}
    return int(fetch_value(connection, f"SELECT count(*) FROM ({query}) f", parameters))


def _credits(tests: Sequence[str]) -> str:
    fits = f" AND {without_index(*tests)}" if tests else ""
    return f"LEFT JOIN credits x ON x.completion_id = c.completion_id{fits}"


def _read(
    connection: Connection,
    conditions: ListConditions,
    selected: Sequence[str],
    ids: Sequence[str],
    tests: Sequence[str],
    joins: str = "",
    kept: str = "",
) -> list[Row]:
    """Return rows by ids, in their order; each ends with its place. What is `kept` has a row without any credit, too.

    SQLite:

        SELECT json_group_array(json_array(…)) FROM (SELECT key AS place, value AS id FROM json_each(:keys)) AS k
        CROSS JOIN completions c ON c.completion_id = k.id … LEFT JOIN credits x ON x.completion_id = c.completion_id

    PostgreSQL:

        SELECT … FROM (SELECT … FROM unnest(CAST(:keys AS text[])) WITH ORDINALITY AS …) AS k
        JOIN completions c ON c.completion_id = k.id … LEFT JOIN credits x ON x.completion_id = c.completion_id
    """
    if not ids:
        return []
    source, keys = from_ordered_ids(connection, ids)
    # Of a completion whose credits fit no longer, nothing is left.
    fitting = (
        f" AND (x.credit_id IS NOT NULL OR {kept}"
        "NOT EXISTS (SELECT 1 FROM credits n WHERE n.completion_id = c.completion_id))"
        if tests
        else ""
    )
    columns = ", ".join((*selected, f"k.place * {_MOST_CREDITS} + coalesce(x.place, 0)"))
    found = (
        f"FROM {source} {'CROSS ' if on_sqlite(connection) else ''}JOIN completions c ON c.completion_id = k.id "
        f"{joins}LEFT JOIN learner_links l ON l.provider_id = c.provider_id AND l.learner_id = c.learner_id "
        f"{_credits(tests)} WHERE {' AND '.join(conditions.always)}{fitting}"
    )
    rows = _fetch_at_once(connection, columns, found, {**conditions.parameters, **keys, "between": BETWEEN})
    # Nearly in their order already: that takes less than to let the database sort.
    rows.sort(key=itemgetter(-1))
    return rows


def _fetch_at_once(connection: Connection, columns: str, found: str, parameters: Mapping[str, Any]) -> list[Row]:
    """Return rows of texts, numbers and None; on SQLite of one statement with one row, JSON of them all.

    SQLite's driver takes the interpreter's lock again for each row, and waits for it while another thread writes the
    piece before this one: an export took a fifth longer as CSV, two fifths longer as NDJSON.
    """
    if not on_sqlite(connection):
        return fetch(connection, f"SELECT {columns} {found}", parameters)
    return _ROWS.decode(fetch_value(connection, f"SELECT json_group_array(json_array({columns})) {found}", parameters))


def in_dialect(connection: Connection, sql: str) -> str:
    """Return the SQL of a column as a database writes it."""
    if sql.startswith("{"):
        how, _, column = sql.strip("{}").partition(":")
        return (_SQLITE if on_sqlite(connection) else _POSTGRESQL)[how].format(column)
    return sql.replace("{joined}", "group_concat" if on_sqlite(connection) else "string_agg")
