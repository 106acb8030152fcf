"""Rows read as values: what the drivers return becomes what the value class says, on both databases."""

from __future__ import annotations

import ast
import enum
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Boolean, Column, Connection, Date, MetaData, Table

from app.models.base import Document, Instant, key, number
from app.services.context import Service
from app.store.activities import ACTIVITY
from app.store.completions import COMPLETION
from app.store.sql.bulk import insert
from app.store.sql.rows import RowMapper, column, expression, looked_up_by
from app.store.sql.statements import fetch

APP = Path(__file__).resolve().parents[2] / "app"
POSITIONAL = {"Completion", "Credit", "Activity", "Registration", "RegisteredActivity", "RowResult"}
"""Classes that are read for every record, and made by position by the mapper."""


class Colour(enum.StrEnum):
    RED = "red"


class Box(msgspec.Struct, frozen=True):
    width: int
    height: int = 0


class Part(msgspec.Struct, frozen=True):
    name: str
    tags: tuple[str, ...]
    pieces: tuple[int, ...]


class Thing(msgspec.Struct, frozen=True):
    id: str
    part: Part
    colour: Colour | None
    open: bool | None
    day: date | None
    at: datetime
    box: Box | None
    fields: Mapping[str, Any] | None
    labels: frozenset[str]
    doubled: int
    note: str = "none"


class Named(msgspec.Struct, frozen=True, kw_only=True):
    at: datetime
    id: str


things = Table(
    "row_test_things", MetaData(), key("id", primary_key=True), key("name"), Column("tags", Document, nullable=False),
    Column("hue", key("x").type), Column("open", Boolean), Column("day", Date), Column("at", Instant, nullable=False),
    Column("box", Document), Column("fields", Document), Column("labels", Document), number("size"),
)  # fmt: skip
NOW = datetime(2026, 3, 4, 5, 6, 7, 89, tzinfo=UTC)
MAPPER = RowMapper(
    Thing,
    things,
    "t",
    part=RowMapper(Part, things, "t", pieces=looked_up_by("name")),
    colour=column("hue"),
    labels=column("labels", frozenset, null=frozenset({"unlabelled"})),
    doubled=expression("t.size * 2"),
)
NAMED = RowMapper(Named, things, "t")


def read(service: Service, *rows: dict[str, Any]) -> tuple[list[Thing], list[Named]]:
    def verb(connection: Connection) -> tuple[list[Thing], list[Named]]:
        things.create(connection)
        insert(connection, things, rows)
        found = fetch(connection, f"SELECT {MAPPER.columns} FROM row_test_things t ORDER BY t.id")
        assert MAPPER.column(found, "name") == [row["name"] for row in rows]
        named = fetch(connection, f"SELECT {NAMED.columns} FROM row_test_things t ORDER BY t.id")
        values = MAPPER.read(connection, found, pieces=lambda name: (len(name), 7)), NAMED.read(connection, named)
        things.drop(connection)
        return values

    return service.database.write(verb)


def test_a_row_becomes_the_value_whose_fields_it_has(service: Service) -> None:
    row = {"id": "a", "name": "lid", "tags": ["x", "y"], "hue": "red", "open": True, "day": date(2026, 3, 4), "at": NOW,
           "box": {"width": 3}, "fields": {"k": [1]}, "labels": ["l"], "size": 4}  # fmt: skip
    values, named = read(service, row)
    assert values == [
        Thing(
            id="a", part=Part(name="lid", tags=("x", "y"), pieces=(3, 7)), colour=Colour.RED, open=True,
            day=date(2026, 3, 4), at=NOW, box=Box(width=3), fields={"k": [1]}, labels=frozenset({"l"}), doubled=8,
        )
    ]  # fmt: skip
    assert values[0].open is True
    assert values[0].at.tzinfo is UTC
    assert named == [Named(id="a", at=NOW)]


def test_null_is_none_unless_something_else_was_named(service: Service) -> None:
    ((value,), _) = read(service, {"id": "a", "name": "lid", "tags": [], "at": NOW, "size": 1})
    assert (value.colour, value.open, value.day, value.box, value.fields) == (None, None, None, None, None)
    assert value.labels == {"unlabelled"}
    assert value.note == "none"


def test_a_value_gives_the_columns_that_it_is_stored_in() -> None:
    box = RowMapper(Box, things, "t", width=column("size", write=lambda width: 2 * width), height=expression("1"))
    assert box.values_of(Box(width=3, height=1)) == {"size": 6}
    named = RowMapper(Named, things, "t", at=column("at", write=datetime.isoformat), id=column("hue"))
    assert named.values_of(Named(at=NOW, id="a")) == {"at": NOW.isoformat(), "hue": "a"}


def test_a_field_without_a_source_and_a_source_without_a_field_are_refused() -> None:
    with pytest.raises(TypeError, match=r"Thing\.part has no source"):
        RowMapper(Thing, things, "t")
    with pytest.raises(TypeError, match="Box has no depth"):
        RowMapper(Box, things, "t", width=column("size"), depth=column("size"))


def test_the_select_list_can_have_another_alias() -> None:
    assert NAMED.columns == "t.at, t.id"
    assert NAMED.columns_of("row_test_things") == "row_test_things.at, row_test_things.id"
    assert ACTIVITY.width == ACTIVITY.columns.count(", ") + 1
    assert COMPLETION.columns.startswith("c.completion_id, c.provider_id")


def test_classes_that_rows_make_by_position_are_made_by_name_everywhere_else() -> None:
    positional = [
        f"{path.relative_to(APP)}:{node.lineno}"
        for path in sorted(APP.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in POSITIONAL and node.args
    ]
    assert positional == []
