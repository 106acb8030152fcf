"""Credit lines read for exports: rows made of the tables as they are written, those of completions by line.

Their ids are found in any order of the list of lines, many at a time; rows are read by these ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter

from sqlalchemy import Connection

from app.store.completion_lists import CompletionFilter, credit_tests
from app.store.lists.keyset_pages import count_total, without_index
from app.store.lists.orders import Place
from app.store.looking.completion_exports import BETWEEN, CREDIT_COLUMNS, LINE_COLUMNS, in_dialect
from app.store.looking.credit_lines import conditions_of, find_lines
from app.store.looking.ids_in_order import Reached, next_ids
from app.store.sql.key_sets import from_ordered_ids
from app.store.sql.statements import Row, fetch, on_sqlite

_DOCUMENT = (
    *CREDIT_COLUMNS, "c.completion_id", "{day:c.completed_on}", "{moment:c.submitted_at}", "c.entry_method",
    "c.first_name", "c.last_name", "c.birth_date", "c.npi", "l.link", "a.activity_id", "a.title", "a.internal_id",
    "a.format",
)  # fmt: skip


def read_table(
    connection: Connection, wanted: CompletionFilter, reached: Reached, limit: int
) -> tuple[list[Row], Reached]:
    """Return the next lines as `LINE_COLUMNS`, each with its place at its end, and how far the list is read."""
    return _read(connection, wanted, reached, limit, [line.sql for line in LINE_COLUMNS])


def read_documents(
    connection: Connection, wanted: CompletionFilter, reached: Reached, limit: int
) -> tuple[list[Row], Reached]:
    """Return the next lines as a document has them: credit, record, learner, activity, and the place at the end."""
    return _read(connection, wanted, reached, limit, _DOCUMENT)


def count(connection: Connection, wanted: CompletionFilter, most: int) -> int:
    """Count the lines, up to one more than `most`."""
    total = count_total(connection, conditions_of(connection, wanted), most)
    return total.count + total.capped


def _read(
    connection: Connection, wanted: CompletionFilter, reached: Reached, limit: int, columns: Sequence[str]
) -> tuple[list[Row], Reached]:
    """Return the rows of the next lines.

    SQLite:

        SELECT … FROM (SELECT key AS place, value AS id FROM json_each(:keys)) AS k
        CROSS JOIN credits x ON x.credit_id = k.id JOIN completions c ON c.completion_id = x.completion_id …

    PostgreSQL:

        SELECT … FROM (SELECT … FROM unnest(CAST(:keys AS text[])) WITH ORDINALITY AS …) AS k
        JOIN credits x ON x.credit_id = k.id JOIN completions c ON c.completion_id = x.completion_id …
    """

    def find(after: Place | None, most: int) -> tuple[Sequence[str], Place | None]:
        places = find_lines(connection, wanted, after, most)
        return [credit_id for *_, credit_id in places], places[-1] if places else None

    ids, further = next_ids(find, reached, limit)
    if not ids:
        return [], further
    source, keys = from_ordered_ids(connection, ids)
    conditions = conditions_of(connection, wanted)
    fits = [*conditions.always, *credit_tests(conditions, wanted)]
    rows = fetch(
        connection,
        f"SELECT {', '.join(in_dialect(connection, column) for column in columns)}, k.place "
        f"FROM {source} {'CROSS ' if on_sqlite(connection) else ''}JOIN credits x ON x.credit_id = k.id "
        "JOIN completions c ON c.completion_id = x.completion_id JOIN activities a ON a.activity_id = c.activity_id "
        "LEFT JOIN learner_links l ON l.provider_id = c.provider_id AND l.learner_id = c.learner_id "
        f"WHERE {without_index(*fits)}",
        {**conditions.parameters, **keys, "between": BETWEEN},
    )
    rows.sort(key=itemgetter(-1))
    return rows, further
