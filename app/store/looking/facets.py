"""Lines grouped for facets: from the kept totals where no other filter stands, else from the rows that fit."""

from __future__ import annotations

from sqlalchemy import Connection

from app.domain.looking.facets import LineGroup
from app.store.completion_lists import CompletionFilter
from app.store.lists.keyset_pages import count_total, group_rows
from app.store.looking.credit_lines import conditions_of
from app.store.sql.statements import fetch, in_list, on_sqlite

_COLUMNS = (
    "x.board", "x.status", "c.entry_method", "(SELECT a.format FROM activities a WHERE a.activity_id = c.activity_id)",
)  # fmt: skip


def kept(connection: Connection, wanted: CompletionFilter) -> list[LineGroup]:
    """Return the groups of a provider's lines, or of those in some activities, from the kept totals."""
    marks, parameters = in_list("activity", wanted.query.activity_id or [""])
    chosen = f"AND a.activity_id IN ({marks}) " if wanted.query.activity_id else ""
    tables = ["activity_board_totals"] if on_sqlite(connection) else ["activity_board_totals", "activity_total_deltas"]
    lines = " UNION ALL ".join(
        f"SELECT f.board, f.status, f.entry_method, a.format, f.lines FROM activities a "
        f"CROSS JOIN {table} f WHERE a.provider_id = :provider {chosen}AND f.activity_id = a.activity_id "
        "AND f.board IS NOT NULL"
        for table in tables
    )
    rows = fetch(
        connection,
        f"SELECT board, status, entry_method, format, CAST(sum(lines) AS bigint) FROM ({lines}) s "
        "GROUP BY board, status, entry_method, format HAVING sum(lines) <> 0",
        parameters | {"provider": wanted.provider_id},
    )
    return [LineGroup(*row) for row in rows]


def counted(connection: Connection, wanted: CompletionFilter) -> list[LineGroup] | None:
    """Return the groups of the lines that fit a query; None if they are more than `MOST_COUNTED`."""
    conditions = conditions_of(connection, wanted)
    if count_total(connection, conditions).capped:
        return None
    return [LineGroup(*row) for row in group_rows(connection, conditions, _COLUMNS)]
