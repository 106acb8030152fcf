"""Batches: uploaded files in pieces, the records read from them, and their outcomes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "uploads",
        sa.Column("upload_id", KEY, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=True, comment="bytes; empty while it arrives"),
        sa.Column("digest", KEY, nullable=True, comment="SHA-256 of the content; empty while it arrives"),
        sa.PrimaryKeyConstraint("upload_id", name=op.f("pk_uploads")),
        comment="One that never became a batch is forgotten.",
    )
    op.create_index(op.f("ix_uploads_created_at"), "uploads", ["created_at"], unique=False)
    op.create_table(
        "upload_pieces",
        sa.Column("upload_id", KEY, nullable=False),
        sa.Column("piece", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["upload_id"], ["uploads.upload_id"], name=op.f("fk_upload_pieces_upload_id")),
        sa.PrimaryKeyConstraint("upload_id", "piece", name=op.f("pk_upload_pieces")),
    )
    op.create_table(
        "batches",
        sa.Column("batch_id", KEY, nullable=False),
        sa.Column("provider_id", KEY, nullable=False),
        sa.Column("client_id", KEY, nullable=False),
        sa.Column("upload_id", KEY, nullable=False),
        sa.Column("request_id", KEY, nullable=True),
        sa.Column("kind", KEY, nullable=False),
        sa.Column("filename", KEY, nullable=False),
        sa.Column("digest", KEY, nullable=False, comment="of the content: the same bytes uploaded before are told"),
        sa.Column("permission_attested", sa.Boolean(), nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("status", KEY, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("finished_at", INSTANT, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("head", DOCUMENT, nullable=True, comment="what stands before the records: format, headings"),
        sa.Column("file_error", DOCUMENT, nullable=True),
        sa.Column("piece_rows", sa.Integer(), nullable=False, comment="records in each piece but the last"),
        sa.Column("records", sa.Integer(), nullable=False, comment="records read from the file"),
        sa.Column("applied", sa.Integer(), nullable=False, comment="of these, in order, have been gone through"),
        sa.Column("counts", DOCUMENT, nullable=False),
        sa.Column("warnings", DOCUMENT, nullable=False, comment="rows for each rule that warned"),
        sa.Column("seen_before", KEY, nullable=True, comment="an earlier batch of the same bytes"),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="how often reading it was begun"),
        sa.Column("fence", sa.Integer(), nullable=False, comment="who reads it: a number that rises with each claim"),
        sa.Column("claimed_until", INSTANT, nullable=True),
        sa.Column("turn_at", INSTANT, nullable=True, comment="when its last piece was applied"),
        sa.CheckConstraint(
            "status in ('queued', 'reading', 'applying', 'completed', 'failed', 'cancelled')",
            name=op.f("ck_batches_status"),
        ),
        sa.CheckConstraint("applied >= 0 AND applied <= records", name=op.f("ck_batches_applied")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.client_id"], name=op.f("fk_batches_client_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.provider_id"], name=op.f("fk_batches_provider_id")),
        sa.ForeignKeyConstraint(["upload_id"], ["uploads.upload_id"], name=op.f("fk_batches_upload_id")),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_batches")),
    )
    op.create_index(
        "ix_batches_open",
        "batches",
        ["status", "turn_at"],
        unique=False,
        sqlite_where=sa.text("finished_at IS NULL"),
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.create_index(op.f("ix_batches_upload_id"), "batches", ["upload_id"], unique=False)
    op.create_index(op.f("ix_batches_provider_id_batch_id"), "batches", ["provider_id", "batch_id"], unique=False)
    op.create_index(op.f("ix_batches_provider_id_digest"), "batches", ["provider_id", "digest"], unique=False)
    op.create_table(
        "batch_pieces",
        sa.Column("batch_id", KEY, nullable=False),
        sa.Column("piece", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("records", sa.LargeBinary(), nullable=False, comment="as sent, JSON, deflated"),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.batch_id"], name=op.f("fk_batch_pieces_batch_id")),
        sa.PrimaryKeyConstraint("batch_id", "piece", name=op.f("pk_batch_pieces")),
        comment="Identity data as it was sent: kept so that refused records can be given back.",
    )
    op.create_table(
        "batch_rows",
        sa.Column("batch_id", KEY, nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False, comment="among the records read, from 0"),
        sa.Column(
            "number",
            sa.Integer(),
            nullable=False,
            comment="row of the sheet, line of the text, or place of the element, from 1",
        ),
        sa.Column("outcome", KEY, nullable=False),
        sa.Column("record_id", KEY, nullable=True, comment="the completion or activity"),
        sa.Column("findings", DOCUMENT, nullable=True),
        sa.Column("answer", DOCUMENT, nullable=True, comment="of a validation, what was matched"),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.batch_id"], name=op.f("fk_batch_rows_batch_id")),
        sa.PrimaryKeyConstraint("batch_id", "place", name=op.f("pk_batch_rows")),
        comment="One outcome a record; never identity data.",
    )
    op.create_index(
        "ix_batch_rows_rejected",
        "batch_rows",
        ["batch_id", "place"],
        unique=False,
        sqlite_where=sa.text("outcome = 'rejected'"),
        postgresql_where=sa.text("outcome = 'rejected'"),
    )
