"""The database's own check of its pages and indexes, and the snapshot in which all checks read."""

from __future__ import annotations

from sqlalchemy import Connection

from app.store.sql.statements import execute, fetch, fetch_column, on_sqlite

FEW = 20


def begin_snapshot(connection: Connection) -> None:
    """Let all that this transaction reads be of one moment; to be called first. SQLite's transactions always are."""
    if not on_sqlite(connection):
        execute(connection, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


def read_whole_tables(connection: Connection, *, on: bool) -> None:
    """Allow PostgreSQL's planner to read whole tables in this transaction, or forbid it again (decision 9)."""
    if not on_sqlite(connection):
        for scan in ("seqscan", "hashjoin", "mergejoin"):
            execute(connection, f"SET LOCAL enable_{scan} = {'on' if on else 'off'}")


def can_check(connection: Connection) -> bool:
    """Whether the database can check itself: PostgreSQL needs the extension amcheck."""
    return on_sqlite(connection) or bool(fetch(connection, "SELECT 1 FROM pg_extension WHERE extname = 'amcheck'"))


def find_damage(connection: Connection) -> list[str]:
    """Return what the database finds wrong with its pages and indexes; raises its error where it cannot go on.

    SQLite:

        PRAGMA integrity_check(20)

    PostgreSQL, index by index and table by table:

        SELECT bt_index_check(CAST(:name AS regclass))
        SELECT msg FROM verify_heapam(CAST(:name AS regclass)) LIMIT 20
    """
    if on_sqlite(connection):
        return [line for line in fetch_column(connection, f"PRAGMA integrity_check({FEW})") if line != "ok"]
    found: list[str] = []
    for kind, statement in (
        ("i", "SELECT bt_index_check(CAST(:name AS regclass))"),
        ("r", f"SELECT msg FROM verify_heapam(CAST(:name AS regclass)) LIMIT {FEW}"),
    ):
        names = fetch_column(
            connection,
            "SELECT quote_ident(c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "LEFT JOIN pg_am m ON m.oid = c.relam WHERE n.nspname = current_schema() AND c.relkind = :kind "
            "AND (c.relkind = 'r' OR m.amname = 'btree') ORDER BY c.relname",
            {"kind": kind},
        )
        for name in names:
            found += [f"{name}: {line}" for line in fetch_column(connection, statement, {"name": name}) if line]
    return found


def find_dangling(connection: Connection) -> list[str]:
    """Return the tables of which rows refer to a row that does not exist, on SQLite; PostgreSQL cannot tell.

    SELECT DISTINCT "table", parent FROM pragma_foreign_key_check
    """
    if not on_sqlite(connection):
        return []
    rows = fetch(connection, 'SELECT DISTINCT "table", parent FROM pragma_foreign_key_check')
    return [f"{table} to {parent}" for table, parent in rows]
