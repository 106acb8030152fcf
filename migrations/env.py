"""Alembic's environment: it uses the connection that the caller passes."""

from __future__ import annotations

from alembic import context

from app.models.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=connection.dialect.name == "sqlite")
with context.begin_transaction():
    context.run_migrations()
