"""The metadata with its naming convention, and the column types of all tables."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, Column, DateTime, ForeignKey, Integer, MetaData, String, Text, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Key = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that is compared or sorted: by its bytes, the same on every database and in every locale."""

Document = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
"""JSON that no query looks into."""


class Instant(TypeDecorator[datetime]):
    """A moment in UTC: `timestamptz` on PostgreSQL, sortable ISO text elsewhere."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """Choose the stored type."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(DateTime(timezone=True))
        return dialect.type_descriptor(String(27))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Write a moment."""
        if value is None or dialect.name == "postgresql":
            return value
        return instant_text(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Read a moment."""
        if value is None:
            return None
        return value.astimezone(UTC) if isinstance(value, datetime) else datetime.fromisoformat(value)


def instant_text(moment: datetime) -> str:
    """Write a moment as RFC 3339 in UTC with microseconds: fixed width, so that it sorts as text."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def key(name: str, *args: Any, **kwargs: Any) -> Column[str]:
    """Declare a required text column that is compared or sorted."""
    kwargs.setdefault("nullable", False)
    return Column(name, Key, *args, **kwargs)


def refers(name: str, target: str, **kwargs: Any) -> Column[str]:
    """Declare a column that refers to another table's key."""
    kwargs.setdefault("nullable", False)
    return Column(name, Key, ForeignKey(target), **kwargs)


def number(name: str, **kwargs: Any) -> Column[int]:
    """Declare a required whole number."""
    kwargs.setdefault("nullable", False)
    return Column(name, Integer, **kwargs)
