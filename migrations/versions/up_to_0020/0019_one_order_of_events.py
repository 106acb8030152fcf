"""One order of all providers' events, and webhook endpoints for all providers of a client.

Events keep their ids, so the cursors that clients hold stay valid: a cursor names the event after which it goes on. Every
event is written anew, which takes about a minute for a million.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.models.triggers import append_only_statements

revision = "0019"
down_revision = "0018"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")
SINCE = "while events are queued again: those since this moment"
AFTER = "the position of the last event that was looked at"
UNTIL = "the position of the last event when that was asked for"
ENDPOINT = (
    "endpoint_id, client_id, provider_id, board, url, event_types, description, secrets, status, disabled_reason, "
    "disabled_at, failing_since, version, created_at, updated_at, deleted_at"
)
APART = "endpoints_for_all_providers"
"""The table in which a downgrade leaves what the release before cannot have."""
ONE_OF_TWO, AT_MOST_ONE = "(provider_id IS NULL) <> (board IS NULL)", "provider_id IS NULL OR board IS NULL"


def upgrade() -> None:
    """Apply."""
    _renumber("s.seal, s.place, e.provider_id, e.position", "")
    op.create_index(op.f("ix_events_position"), "events", ["position"], unique=True)
    op.add_column(
        "webhook_deliveries", sa.Column("provider_id", KEY, nullable=True, comment="of the event, if it has one")
    )
    if op.get_bind().dialect.name == "sqlite":
        _rebuild_endpoints(AT_MOST_ONE, recovers=True)
    else:
        op.add_column("webhook_endpoints", sa.Column("recovers_since", INSTANT, nullable=True, comment=SINCE))
        op.add_column("webhook_endpoints", sa.Column("recovers_after", sa.BigInteger(), nullable=True, comment=AFTER))
        op.add_column("webhook_endpoints", sa.Column("recovers_until", sa.BigInteger(), nullable=True, comment=UNTIL))
        op.drop_constraint(op.f("ck_webhook_endpoints_owner"), "webhook_endpoints")
        op.create_check_constraint(op.f("ck_webhook_endpoints_owner"), "webhook_endpoints", AT_MOST_ONE)
    if sa.inspect(op.get_bind()).has_table(APART):
        op.execute(f"INSERT INTO webhook_endpoints ({ENDPOINT}) SELECT {ENDPOINT} FROM {APART}")
        op.drop_table(APART)
    op.execute(
        "UPDATE webhook_deliveries SET provider_id = (SELECT e.provider_id FROM webhook_endpoints e "
        "WHERE e.endpoint_id = webhook_deliveries.endpoint_id)"
    )


def downgrade() -> None:
    """Undo. Endpoints for all providers are set apart for the next upgrade; their deliveries, tests and recoveries end.

    Until then `pars check` of the release before says that these endpoints are missing, and for it they are.
    """
    everything = "SELECT endpoint_id FROM webhook_endpoints WHERE provider_id IS NULL AND board IS NULL"
    op.execute(
        f"CREATE TABLE {APART} AS SELECT {ENDPOINT} FROM webhook_endpoints WHERE provider_id IS NULL AND board IS NULL"
    )
    op.execute(f"DELETE FROM webhook_deliveries WHERE type = 'webhook.test' OR endpoint_id IN ({everything})")
    op.execute("DELETE FROM webhook_endpoints WHERE provider_id IS NULL AND board IS NULL")
    if op.get_bind().dialect.name == "sqlite":
        _rebuild_endpoints(ONE_OF_TWO, recovers=False)
    else:
        op.drop_constraint(op.f("ck_webhook_endpoints_owner"), "webhook_endpoints")
        op.create_check_constraint(op.f("ck_webhook_endpoints_owner"), "webhook_endpoints", ONE_OF_TWO)
        for column in ("recovers_since", "recovers_after", "recovers_until"):
            op.drop_column("webhook_endpoints", column)
    op.drop_column("webhook_deliveries", "provider_id")
    op.drop_index(op.f("ix_events_position"), "events")
    _renumber("e.position", "PARTITION BY e.provider_id ")


def _renumber(order: str, partition: str) -> None:
    """Give events the positions 1, 2, 3 in an order; below zero first, since two may not share one even for a moment."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    if sqlite:
        for verb in ("update", "delete"):
            op.execute(f"DROP TRIGGER events_no_{verb}")
    else:
        op.execute("ALTER TABLE events DISABLE TRIGGER events_append_only")
    op.execute(
        "CREATE TEMPORARY TABLE events_renumbered AS "
        f"SELECT e.event_id, row_number() OVER ({partition}ORDER BY {order}) AS position "
        "FROM events e LEFT JOIN sealed_commits s ON s.commit_id = e.commit_id"
    )
    op.execute("CREATE UNIQUE INDEX events_renumbered_id ON events_renumbered (event_id)")
    op.execute(
        "UPDATE events SET position = -(SELECT n.position FROM events_renumbered n WHERE n.event_id = events.event_id)"
    )
    op.execute("UPDATE events SET position = -position")
    op.execute("DROP TABLE events_renumbered")
    if sqlite:
        for statement in append_only_statements("sqlite", ("events",)):
            op.execute(statement)
    else:
        op.execute("ALTER TABLE events ENABLE TRIGGER events_append_only")


def _rebuild_endpoints(owner: str, *, recovers: bool) -> None:
    """Rebuild the table, since SQLite cannot change a constraint; deliveries that refer to it are checked at the end."""
    op.execute("PRAGMA defer_foreign_keys = ON")
    op.execute(f"CREATE TEMPORARY TABLE endpoints_before AS SELECT {ENDPOINT} FROM webhook_endpoints")
    op.drop_table("webhook_endpoints")
    more = (
        (
            sa.Column("recovers_since", INSTANT, nullable=True, comment=SINCE),
            sa.Column("recovers_after", sa.BigInteger(), nullable=True, comment=AFTER),
            sa.Column("recovers_until", sa.BigInteger(), nullable=True, comment=UNTIL),
        )
        if recovers
        else ()
    )
    op.create_table(
        "webhook_endpoints",
        sa.Column("endpoint_id", KEY, nullable=False),
        sa.Column("client_id", KEY, nullable=False),
        sa.Column("provider_id", KEY, nullable=True),
        sa.Column("board", KEY, nullable=True),
        sa.Column("url", KEY, nullable=False),
        sa.Column("event_types", DOCUMENT, nullable=False, comment="empty for all"),
        sa.Column("description", KEY, nullable=True),
        sa.Column("secrets", DOCUMENT, nullable=False, comment="encrypted, the newest first, each with its end"),
        sa.Column("status", KEY, nullable=False),
        sa.Column("disabled_reason", KEY, nullable=True),
        sa.Column("disabled_at", INSTANT, nullable=True),
        sa.Column("failing_since", INSTANT, nullable=True, comment="the first failure since the last success"),
        *more,
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column(
            "deleted_at",
            INSTANT,
            nullable=True,
            comment="kept without secrets, so that deliveries under way can refer to it",
        ),
        sa.CheckConstraint("status in ('enabled', 'disabled')", name=op.f("ck_webhook_endpoints_status")),
        sa.CheckConstraint(owner, name=op.f("ck_webhook_endpoints_owner")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.client_id"], name=op.f("fk_webhook_endpoints_client_id")),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["providers.provider_id"], name=op.f("fk_webhook_endpoints_provider_id")
        ),
        sa.ForeignKeyConstraint(["board"], ["boards.code"], name=op.f("fk_webhook_endpoints_board")),
        sa.PrimaryKeyConstraint("endpoint_id", name=op.f("pk_webhook_endpoints")),
    )
    op.execute(f"INSERT INTO webhook_endpoints ({ENDPOINT}) SELECT {ENDPOINT} FROM endpoints_before")
    op.execute("DROP TABLE endpoints_before")
    for column in ("client_id", "provider_id", "board"):
        op.create_index(op.f(f"ix_webhook_endpoints_{column}"), "webhook_endpoints", [column], unique=False)
