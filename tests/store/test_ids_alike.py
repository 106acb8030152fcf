"""The migration that compares senders' ids in their normal form, on databases that have ids in several spellings."""

from __future__ import annotations

import unicodedata

import pytest
from alembic import command
from sqlalchemy import Connection, text

from app.core.database.transactions import Database
from app.store import activities, schema

AT = "'2026-01-01T00:00:00.000000Z'"
COMPOSED = "S\u00e9ance-7"
DECOMPOSED = unicodedata.normalize("NFD", COMPOSED)
WIDE = "Ｓ\u00e9ance-７"


def fill(connection: Connection) -> None:
    command.upgrade(schema._config(connection), "0013")
    for statement in (
        f"INSERT INTO providers (provider_id, name, joint, created_at) VALUES ('0000001', 'P', false, {AT})",
        "INSERT INTO boards (code, name, kind) VALUES ('TN-M', 'Tennessee', 'licensing')",
        (
            "INSERT INTO clients (client_id, name, role, test, scopes, permission_attested_by, permission_attested_at, "
            f"created_at) VALUES ('c', 'C', 'provider', false, '[]', 'C', {AT}, {AT})"
        ),
    ):
        connection.execute(text(statement))
    for activity_id, internal_id, day in (
        ("100000001", DECOMPOSED, 2), ("100000002", COMPOSED, 3), ("100000003", WIDE, 1), ("100000004", "plain", 1),
    ):  # fmt: skip
        connection.execute(
            text(
                "INSERT INTO activities (activity_id, provider_id, internal_id, title, format, start_date, end_date, "
                "delivery_methods, details, version, created_at, updated_at) VALUES (:id, '0000001', :internal, 'T', "
                f"'live-course', '2026-01-01', '2026-01-02', '[]', '{{}}', 1, '2026-01-0{day}T00:00:00.000000Z', {AT})"
            ),
            {"id": activity_id, "internal": internal_id},
        )
    for completion_id, subject in (("k1", f"rems:0000001:{DECOMPOSED}"), ("k2", f"rems:0000001:{COMPOSED}")):
        connection.execute(
            text(
                "INSERT INTO completions (completion_id, provider_id, activity_id, subject, completed_on, occasion, "
                "first_key, last_key, entry_method, client_id, submitted_at, updated_at, version, catalogue) VALUES "
                f"(:id, '0000001', '100000004', :subject, '2026-01-01', 1, '', '', 'api', 'c', {AT}, {AT}, 1, '')"
            ),
            {"id": completion_id, "subject": subject},
        )
    for credit_id in ("r1", "r2"):
        connection.execute(
            text(
                "INSERT INTO credits (credit_id, completion_id, place, activity_id, subject, completed_on, occasion, "
                "kind, board, quarters, status, holds, once_per_day, delivery, status_at) VALUES (:id, 'k1', 0, "
                f"'100000004', :id, '2026-01-01', 1, 'cme', 'TN-M', 4, 'pending', true, false, 'board', {AT})"
            ),
            {"id": credit_id},
        )
    for reference, credit_id in ((DECOMPOSED, "r1"), (COMPOSED, "r1"), ("plain", "r1"), (WIDE, "r2")):
        connection.execute(
            text("INSERT INTO credit_references VALUES ('0000001', :reference, :credit)"),
            {"reference": reference, "credit": credit_id},
        )


def rows(connection: Connection, sql: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in connection.execute(text(sql))]


def test_the_oldest_of_ids_that_are_alike_has_the_key_and_the_others_are_told(
    empty: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    empty.write(fill)
    empty.write(schema.upgrade)
    kept = empty.read(lambda c: rows(c, "SELECT activity_id, internal_id, internal_key FROM activities ORDER BY 1"))
    assert kept == [
        ("100000001", DECOMPOSED, None),
        ("100000002", COMPOSED, None),
        ("100000003", WIDE, COMPOSED),
        ("100000004", "plain", "plain"),
    ]
    found = {
        spelling: empty.read(lambda c, spelling=spelling: activities.id_of_internal(c, "0000001", spelling))
        for spelling in (DECOMPOSED, COMPOSED, WIDE, f"\u200e{COMPOSED}", "ｐｌａｉｎ")
    }
    assert list(found.values()) == ["100000001", "100000002", "100000003", "100000003", "100000004"]
    told = capsys.readouterr().err
    assert "Activity 100000001 of provider 0000001" in told and "Activity 100000002" in told
    assert "Completion k1" in told


def test_references_and_local_ids_are_kept_in_their_normal_form(empty: Database) -> None:
    empty.write(fill)
    empty.write(schema.upgrade)
    references = "SELECT credit_id, client_reference, as_sent FROM credit_references ORDER BY 1, 2"
    assert empty.read(lambda c: rows(c, references)) == [
        ("r1", COMPOSED, None),
        ("r1", "plain", None),
        ("r2", COMPOSED, WIDE),
    ]
    subjects = "SELECT completion_id, subject FROM completions ORDER BY 1"
    # One has the normal form already; the other cannot have it too, and stays as it was.
    assert empty.read(lambda c: rows(c, subjects)) == [
        ("k1", f"rems:0000001:{DECOMPOSED}"),
        ("k2", f"rems:0000001:{COMPOSED}"),
    ]


def test_an_id_with_a_blank_behind_it_is_found_without(empty: Database) -> None:
    def fill_blanks(connection: Connection) -> None:
        fill(connection)
        connection.execute(text("UPDATE activities SET internal_id = 'plain ' WHERE internal_id = 'plain'"))
        connection.execute(text("UPDATE credit_references SET client_reference = ' ref ' WHERE credit_id = 'r2'"))
        connection.execute(text("UPDATE completions SET subject = 'rems:0000001:L1 ' WHERE completion_id = 'k1'"))

    empty.write(fill_blanks)
    empty.write(schema.upgrade)
    assert empty.read(lambda connection: activities.id_of_internal(connection, "0000001", "plain")) == "100000004"
    assert empty.read(
        lambda connection: rows(connection, "SELECT client_reference FROM credit_references WHERE credit_id = 'r2'")
    ) == [("ref",)]
    assert empty.read(
        lambda connection: rows(connection, "SELECT subject FROM completions WHERE completion_id = 'k1'")
    ) == [("rems:0000001:L1",)]


def test_the_change_can_be_taken_back(empty: Database) -> None:
    empty.write(fill)
    empty.write(schema.upgrade)
    empty.write(lambda connection: command.downgrade(schema._config(connection), "0013"))
    references = "SELECT client_reference FROM credit_references WHERE credit_id = 'r2'"
    assert empty.read(lambda c: rows(c, references)) == [(WIDE,)]
    empty.write(schema.upgrade)
    assert empty.read(schema.current) == schema.head()


def test_more_rows_than_a_piece_holds_get_their_normal_form(empty: Database) -> None:
    """Rows are read in pieces of 5,000, in the order of what is changed meanwhile."""
    count = 5_003

    def fill_many(connection: Connection) -> None:
        fill(connection)
        connection.execute(
            text("INSERT INTO credit_references VALUES ('0000001', :sent, 'r2')"),
            [{"sent": f" {number:05} "} for number in range(count)],
        )

    empty.write(fill_many)
    empty.write(schema.upgrade)
    kept = empty.read(
        lambda c: rows(c, "SELECT client_reference, as_sent FROM credit_references WHERE as_sent LIKE ' %' ORDER BY 1")
    )
    assert kept == [(f"{number:05}", f" {number:05} ") for number in range(count)]
