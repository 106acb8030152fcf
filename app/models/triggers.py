"""Triggers that keep append-only tables append-only, in the SQL of each database."""

from __future__ import annotations

from collections.abc import Iterator

from app.models.commits import APPEND_ONLY

FUNCTION = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$
"""


def append_only_statements(dialect: str, tables: tuple[str, ...] = APPEND_ONLY) -> Iterator[str]:
    """Yield the statements that make tables append-only."""
    if dialect == "postgresql":
        yield FUNCTION
        for table in tables:
            yield (
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            )
        return
    for table in tables:
        for verb in ("UPDATE", "DELETE"):
            yield (
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
