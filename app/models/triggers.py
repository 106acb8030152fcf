"""Triggers: append-only tables stay so, and nothing is written for a provider that was merged into another."""

from __future__ import annotations

from collections.abc import Iterator

from app.core.database.failures import MERGED_PROVIDER_STATE
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


def merged_provider_statements(dialect: str) -> Iterator[str]:
    """Yield the statements by which a transaction fails that was begun for a provider before it was merged.

    Rows refer to their provider, so a merge waits for transactions that have written some. Those that write later see
    the merge when they come to their commit row, which is the last. SQLite has one writer, which asks once for all
    commits of a transaction: see `store/commits.py`.
    """
    if dialect != "postgresql":
        return
    yield f"""
CREATE OR REPLACE FUNCTION refuse_merged_provider() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM providers p WHERE p.provider_id = NEW.provider_id AND p.merged_into IS NOT NULL;
    IF FOUND THEN
        RAISE EXCEPTION 'the provider was merged' USING ERRCODE = '{MERGED_PROVIDER_STATE}';
    END IF;
    RETURN NEW;
END $$
"""
    yield (
        "CREATE TRIGGER commits_merged_provider BEFORE INSERT ON commits FOR EACH ROW "
        "WHEN (NEW.provider_id IS NOT NULL) EXECUTE FUNCTION refuse_merged_provider()"
    )


def without_merged_provider_statements(dialect: str) -> Iterator[str]:
    """Yield the statements that undo the former."""
    if dialect == "postgresql":
        yield "DROP TRIGGER commits_merged_provider ON commits"
        yield "DROP FUNCTION refuse_merged_provider()"
