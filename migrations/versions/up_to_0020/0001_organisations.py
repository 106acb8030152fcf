"""Providers, boards, clients with their secrets and grants, idempotency keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "boards",
        sa.Column("code", KEY, nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("kind", KEY, nullable=False),
        sa.Column("state", KEY, nullable=True),
        sa.CheckConstraint("kind in ('certifying', 'licensing')", name=op.f("ck_boards_kind")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_boards")),
        comment="Codes that records may refer to; the facts are the catalogue's.",
    )
    op.create_table(
        "catalogues",
        sa.Column("digest", KEY, nullable=False),
        sa.Column("files", DOCUMENT, nullable=False),
        sa.Column("first_used_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_catalogues")),
        comment="Every state of the board facts by which records were judged, so that an old verdict can be repeated.",
    )
    op.create_table(
        "providers",
        sa.Column("provider_id", KEY, nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("joint", sa.Boolean(), nullable=False),
        sa.Column("city", KEY, nullable=True),
        sa.Column("state", KEY, nullable=True),
        sa.Column("merged_into", KEY, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["merged_into"], ["providers.provider_id"], name=op.f("fk_providers_merged_into")),
        sa.PrimaryKeyConstraint("provider_id", name=op.f("pk_providers")),
    )
    op.create_table(
        "clients",
        sa.Column("client_id", KEY, nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("role", KEY, nullable=False),
        sa.Column("board", KEY, nullable=True),
        sa.Column("test", sa.Boolean(), nullable=False),
        sa.Column("scopes", DOCUMENT, nullable=False),
        sa.Column("permission_attested_by", KEY, nullable=False),
        sa.Column("permission_attested_at", INSTANT, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("revoked_at", INSTANT, nullable=True),
        sa.CheckConstraint("role in ('provider', 'vendor', 'board', 'operator')", name=op.f("ck_clients_role")),
        sa.ForeignKeyConstraint(["board"], ["boards.code"], name=op.f("fk_clients_board")),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_clients")),
    )
    op.create_table(
        "client_secrets",
        sa.Column("digest", KEY, nullable=False),
        sa.Column("client_id", KEY, nullable=False),
        sa.Column("kind", KEY, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("revoked_at", INSTANT, nullable=True),
        sa.CheckConstraint("kind in ('api-key', 'client-secret')", name=op.f("ck_client_secrets_kind")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.client_id"], name=op.f("fk_client_secrets_client_id")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_client_secrets")),
        comment="SHA-256 of keys and secrets; several at once while one is rotated.",
    )
    op.create_index(op.f("ix_client_secrets_client_id"), "client_secrets", ["client_id"], unique=False)
    op.create_table(
        "grants",
        sa.Column("client_id", KEY, nullable=False),
        sa.Column("provider_id", KEY, nullable=False),
        sa.Column("granted_at", INSTANT, nullable=False),
        sa.Column("revoked_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["clients.client_id"], name=op.f("fk_grants_client_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.provider_id"], name=op.f("fk_grants_provider_id")),
        sa.PrimaryKeyConstraint("client_id", "provider_id", name=op.f("pk_grants")),
        comment="For which providers a client may act: its own, or those that granted it the right.",
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("client_id", KEY, nullable=False),
        sa.Column("provider_id", KEY, nullable=False),
        sa.Column("key", KEY, nullable=False),
        sa.Column("fingerprint", KEY, nullable=False),
        sa.Column("answer", DOCUMENT, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.client_id"], name=op.f("fk_idempotency_keys_client_id")),
        sa.PrimaryKeyConstraint("client_id", "provider_id", "key", name=op.f("pk_idempotency_keys")),
        comment="Answers kept to be given again; provider_id is empty where none is acted for.",
    )
    op.create_index(op.f("ix_idempotency_keys_created_at"), "idempotency_keys", ["created_at"], unique=False)
    # ### end Alembic commands ###
