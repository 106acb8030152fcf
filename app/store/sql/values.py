"""Values as the drivers take and return them: dates, instants, documents, arrays.

SQLite has text for all of these: its driver is told here how to write dates and instants as parameters. psycopg takes
and returns dates and instants as they are, and parses documents.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from typing import Any, TypeAlias

import msgspec
from msgspec import Raw
from pydantic_core import from_json, to_json
from sqlalchemy import Boolean, Column, Date, Table
from sqlalchemy.types import JSON

from app.models.base import Instant, instant_text

Converter: TypeAlias = Callable[[Any], Any]

_instant_text = lru_cache(maxsize=1_024)(instant_text)
sqlite3.register_adapter(datetime, _instant_text)
sqlite3.register_adapter(date, date.isoformat)


write_json = msgspec.json.Encoder().encode
"""Write keys or rows as JSON, for a statement that takes them as one parameter."""


def to_document(value: Any) -> str | None:
    """Return a value as the JSON text of a document column, NULL for None; `Raw` is JSON already."""
    if type(value) is Raw:
        return bytes(value).decode()
    return None if value is None else to_json(value).decode()


def array_literal(values: Iterable[str | int | None]) -> str:
    """Return PostgreSQL's literal of an array of texts or whole numbers; psycopg would take four times as long."""
    items = list(values)
    with suppress(TypeError):
        text = '","'.join(items)  # type: ignore[arg-type]
        if items and "\\" not in text and text.count('"') == 2 * len(items) - 2:
            return f'{{"{text}"}}'
    return f"{{{','.join([_array_item(item) for item in items])}}}"


def _array_item(value: str | int | None) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(value)
    if "\\" in value or '"' in value:
        value = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{value}"'


def read_date(value: Any) -> date:
    """Read a date column that is not NULL."""
    return value if isinstance(value, date) else date.fromisoformat(value)


def read_instant(value: Any) -> datetime:
    """Read an instant column that is not NULL."""
    return value.astimezone(UTC) if isinstance(value, datetime) else datetime.fromisoformat(value)


def read_optional_instant(value: Any) -> datetime | None:
    """Read an instant column."""
    return None if value is None else read_instant(value)


def read_document(value: Any) -> Any:
    """Read a document column."""
    return from_json(value, cache_strings="keys") if isinstance(value, str) else value


def column_reader(column: Column[Any], *, sqlite: bool) -> Converter | None:
    """Return the function that reads a column that is not NULL; None where the driver returns the value itself."""
    if isinstance(column.type, Instant):
        return datetime.fromisoformat if sqlite else _in_utc
    if not sqlite:
        return None
    if isinstance(column.type, JSON):
        return read_document
    if isinstance(column.type, Date):
        return date.fromisoformat
    return bool if isinstance(column.type, Boolean) else None


def _in_utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


def plain_name(name: str) -> str:
    """Return a name as text and nothing else: SQLAlchemy's own class of names cannot be encoded."""
    return "".join(name)


@cache
def column_writers(table: Table, *, sqlite: bool) -> dict[str, Converter | None]:
    """Return the columns of a table, each with the function that writes its values; None where the driver does.

    The functions are never given None. A column that the database numbers itself is left out.
    """
    return {
        plain_name(column.name): _column_writer(column, sqlite=sqlite)
        for column in table.columns
        if column.autoincrement is not True
    }


def _column_writer(column: Column[Any], *, sqlite: bool) -> Converter | None:
    if isinstance(column.type, JSON):
        return to_document
    # Dates and instants are written faster here than by the driver.
    if sqlite and isinstance(column.type, Instant):
        return _instant_text
    return date.isoformat if sqlite and isinstance(column.type, Date) else None
