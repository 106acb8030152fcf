"""The senders' own keys of records as a whole: those of a record without credit had nowhere to stand.

Keys of records from before stand with their credits, where nothing tells them from the credits' own. Versions of this
release hold the keys of their records, also while an earlier one runs: an upgrade after a downgrade finds them there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

from app.domain.parsing import plain_text

revision = "0018"
down_revision = "0017"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "completion_references",
        sa.Column("provider_id", KEY, nullable=False),
        sa.Column("client_reference", KEY, nullable=False, comment="in its normal form, by which it is compared"),
        sa.Column("completion_id", KEY, nullable=False),
        sa.Column("as_sent", KEY, comment="NULL where it was sent in its normal form"),
        sa.ForeignKeyConstraint(
            ["completion_id"], ["completions.completion_id"], name=op.f("fk_completion_references_completion_id")
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["providers.provider_id"], name=op.f("fk_completion_references_provider_id")
        ),
        sa.PrimaryKeyConstraint(
            "provider_id", "client_reference", "completion_id", name=op.f("pk_completion_references")
        ),
        comment="The senders' own keys of records as a whole; their credits bear them as well.",
    )
    op.create_index(op.f("ix_completion_references_completion_id"), "completion_references", ["completion_id"])
    for rows in _held_by_versions(op.get_bind()):
        op.get_bind().execute(
            sa.text(
                "INSERT INTO completion_references VALUES (:provider_id, :client_reference, :completion_id, :as_sent)"
            ),
            rows,
        )


def _held_by_versions(connection: sa.Connection) -> Iterator[list[dict[str, str | None]]]:
    """Yield the rows of some completions whose last version holds keys: none, unless this was applied before."""
    held = (
        "json_extract(v.document, '$.client_references')"
        if connection.dialect.name == "sqlite"
        else "CAST(v.document -> 'client_references' AS text)"
    )
    found = connection.execute(
        sa.text(
            f"SELECT c.provider_id, c.completion_id, {held} FROM completions c JOIN completion_versions v "
            f"ON v.completion_id = c.completion_id AND v.version = c.version WHERE {held} IS NOT NULL"
        ).execution_options(yield_per=1_000)
    )
    for some in found.partitions():
        yield [
            {
                "provider_id": provider_id,
                "client_reference": plain_text(reference),
                "completion_id": completion_id,
                "as_sent": None if plain_text(reference) == reference else reference,
            }
            for provider_id, completion_id, references in some
            for reference in json.loads(references)
        ]


def downgrade() -> None:
    """Undo. Nothing is lost: versions hold the same keys."""
    op.drop_table("completion_references")
