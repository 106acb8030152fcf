"""Triggers that keep the totals of activities: whoever writes a credit or a completion, they follow.

SQLite has one writer, so each row changes the totals themselves:

    AFTER INSERT, UPDATE OF …, DELETE ON credits, completions FOR EACH ROW: INSERT … ON CONFLICT DO UPDATE SET n = n + …

On PostgreSQL a row of totals would be a lock that every report of an activity waits for. There each statement inserts
what it changes as deltas, from its transition tables; the sealer adds them up (`store/looking/totals.py`):

    AFTER INSERT, UPDATE, DELETE ON credits, completions FOR EACH STATEMENT: INSERT INTO activity_total_deltas …
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

_TABLES = ("credits", "completions")
_VERBS = ("insert", "update", "delete")


def total_statements(dialect: str) -> Iterator[str]:
    """Yield the statements by which totals are kept from now on."""
    if dialect == "postgresql":
        yield _function("credits", _CREDIT_DELTAS)
        yield _function("completions", _PERSON_DELTAS)
        for table in _TABLES:
            for verb in _VERBS:
                seen = {"insert": _NEW, "update": f"{_OLD} {_NEW}", "delete": _OLD}[verb]
                yield (
                    f"CREATE TRIGGER {table}_{verb}_totals AFTER {verb.upper()} ON {table} REFERENCING {seen} "
                    f"FOR EACH STATEMENT EXECUTE FUNCTION note_{table}_totals()"
                )
        return
    yield from _row_triggers("credits", _CREDIT_COLUMNS, _add_line)
    yield from _row_triggers("completions", _COMPLETION_COLUMNS, _add_person)


def without_total_statements(dialect: str) -> Iterator[str]:
    """Yield the statements that undo the former."""
    for table in _TABLES:
        for verb in _VERBS:
            yield f"DROP TRIGGER {table}_{verb}_totals" + (f" ON {table}" if dialect == "postgresql" else "")
        if dialect == "postgresql":
            yield f"DROP FUNCTION note_{table}_totals()"


_OLD, _NEW = "OLD TABLE AS old_rows", "NEW TABLE AS new_rows"
_CREDIT_DELTAS = """
    INSERT INTO activity_total_deltas (activity_id, board, status, entry_method, lines, quarters, persons)
    SELECT x.activity_id, x.board, x.status, c.entry_method, sum(x.sign), sum(x.sign * x.quarters), 0
    FROM ({rows}) x JOIN completions c ON c.completion_id = x.completion_id
    WHERE x.status <> 'withdrawn' GROUP BY 1, 2, 3, 4 HAVING sum(x.sign) <> 0 OR sum(x.sign * x.quarters) <> 0;"""
# `n` completions more of a pair stand than before the statement, and `now` of those that stand are counted, as far as
# tells whether there are more than `n`: so many that there were some before, too.
_PERSON_DELTAS = """
    INSERT INTO activity_total_deltas (activity_id, lines, quarters, persons)
    SELECT p.activity_id, 0, 0, sum(CASE WHEN p.now > 0 THEN 1 ELSE 0 END - CASE WHEN p.now > p.n THEN 1 ELSE 0 END)
    FROM (SELECT s.activity_id, s.n, (SELECT count(*) FROM (SELECT 1 FROM completions c
            WHERE c.activity_id = s.activity_id AND c.subject = s.subject AND c.withdrawn_at IS NULL
            LIMIT greatest(s.n, 0) + 1) f) AS now
        FROM (SELECT x.activity_id, x.subject, sum(x.sign) AS n FROM ({rows}) x WHERE x.withdrawn_at IS NULL
            GROUP BY 1, 2 HAVING sum(x.sign) <> 0) s) p
    GROUP BY 1 HAVING sum(CASE WHEN p.now > 0 THEN 1 ELSE 0 END - CASE WHEN p.now > p.n THEN 1 ELSE 0 END) <> 0;"""


def _function(table: str, insert: str) -> str:
    added, removed = "SELECT 1 AS sign, n.* FROM new_rows n", "SELECT -1 AS sign, o.* FROM old_rows o"
    return f"""
CREATE OR REPLACE FUNCTION note_{table}_totals() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN {insert.format(rows=added)}
    ELSIF TG_OP = 'UPDATE' THEN {insert.format(rows=f"{added} UNION ALL {removed}")}
    ELSE {insert.format(rows=removed)}
    END IF;
    RETURN NULL;
END $$
"""


_CREDIT_COLUMNS = ("activity_id", "board", "status", "quarters", "completion_id")
_COMPLETION_COLUMNS = ("activity_id", "subject", "withdrawn_at")


def _row_triggers(table: str, columns: tuple[str, ...], add: Callable[[str, int], str]) -> Iterator[str]:
    changed = " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in columns)
    for verb, event, when, body in (
        ("insert", "INSERT", "", add("NEW", 1)),
        ("update", f"UPDATE OF {', '.join(columns)}", f" WHEN {changed}", add("OLD", -1) + add("NEW", 1)),
        ("delete", "DELETE", "", add("OLD", -1)),
    ):
        yield f"CREATE TRIGGER {table}_{verb}_totals AFTER {event} ON {table} FOR EACH ROW{when} BEGIN {body}END"


def _add_line(row: str, sign: int) -> str:
    """Return the statements of a trigger that count the line of an old or new row of credits, or count it no more."""
    held = f"CASE WHEN {row}.status = 'rejected' THEN 0 ELSE {row}.quarters END"
    each = ", ".join(f"{sign} * ({row}.status = '{status}')" for status in ("accepted", "rejected", "pending"))
    counted = ("accepted", "rejected", "pending", "quarters")
    return (
        f"INSERT INTO activity_totals (activity_id, {', '.join(counted)}) "
        f"SELECT {row}.activity_id, {each}, {sign} * {held} WHERE {row}.status <> 'withdrawn' "
        f"ON CONFLICT (activity_id) DO UPDATE SET {_added(*counted)}; "
        "INSERT INTO activity_board_totals (activity_id, board, status, entry_method, lines, quarters) "
        f"SELECT {row}.activity_id, {row}.board, {row}.status, c.entry_method, {sign}, {sign} * {row}.quarters "
        f"FROM completions c WHERE c.completion_id = {row}.completion_id AND {row}.status <> 'withdrawn' "
        f"ON CONFLICT (activity_id, board, status, entry_method) DO UPDATE SET {_added('lines', 'quarters')}; "
    )


def _add_person(row: str, sign: int) -> str:
    """Return the statement of a trigger that counts the person of a completion, or no more, if no other one counts."""
    return (
        f"INSERT INTO activity_totals (activity_id, persons) SELECT {row}.activity_id, {sign} "
        f"WHERE {row}.withdrawn_at IS NULL AND NOT EXISTS (SELECT 1 FROM completions c "
        f"WHERE c.activity_id = {row}.activity_id AND c.subject = {row}.subject AND c.withdrawn_at IS NULL "
        f"AND c.completion_id <> {row}.completion_id) ON CONFLICT (activity_id) DO UPDATE SET {_added('persons')}; "
    )


def _added(*columns: str) -> str:
    return ", ".join(f"{column} = {column} + excluded.{column}" for column in columns)
