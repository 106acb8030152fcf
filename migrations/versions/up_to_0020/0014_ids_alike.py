"""Ids that senders make are compared in their normal form.

Every row is looked through once: a minute for ten million references. Only those with blanks around them, or with
characters beyond ASCII, change.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from app.domain.parsing import plain_text

revision = "0014"
down_revision = "0013"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
AT_ONCE = 5_000
STANDING = sa.text("deleted_at IS NULL")


def upgrade() -> None:
    """Apply."""
    op.add_column(
        "activities", sa.Column("internal_key", KEY, comment="its normal form; NULL where an older activity has it")
    )
    op.add_column("credit_references", sa.Column("as_sent", KEY, comment="NULL where it was sent in its normal form"))
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("credit_references", "client_reference", comment="in its normal form, by which it is compared")
    _fill_internal_keys()
    op.create_index(
        "uq_activities_internal_key",
        "activities",
        ["provider_id", "internal_key"],
        unique=True,
        sqlite_where=STANDING,
        postgresql_where=STANDING,
    )
    _normalise_references()
    _normalise_subjects()


def downgrade() -> None:
    """Take back. References are as they were sent again; subjects of local ids stay in their normal form."""
    op.execute("UPDATE credit_references SET client_reference = as_sent WHERE as_sent IS NOT NULL")
    op.drop_index("uq_activities_internal_key", "activities")
    op.drop_column("activities", "internal_key")
    op.drop_column("credit_references", "as_sent")
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("credit_references", "client_reference", comment=None)


def _may_change(column: str) -> str:
    """Return the condition that a text has characters beyond printable ASCII, or a blank, which may be around it."""
    other = f"{column} ~ '[^ -~]'" if op.get_bind().dialect.name == "postgresql" else f"{column} GLOB '*[^ -~]*'"
    return f"({other} OR {column} LIKE '% %')"


def _fill_internal_keys() -> None:
    """Fill the keys in. Of activities whose ids are alike the oldest has the key, and the others are told."""
    connection = op.get_bind()
    connection.execute(sa.text("UPDATE activities SET internal_key = internal_id WHERE internal_id IS NOT NULL"))
    providers = connection.execute(
        sa.text(
            f"SELECT DISTINCT provider_id FROM activities WHERE deleted_at IS NULL AND {_may_change('internal_id')}"
        )
    )
    for (provider_id,) in providers.all():
        rows = connection.execute(
            sa.text(
                "SELECT activity_id, internal_id FROM activities WHERE provider_id = :provider AND deleted_at IS NULL "
                "AND internal_id IS NOT NULL ORDER BY created_at, activity_id"
            ),
            {"provider": provider_id},
        ).all()
        alike: dict[str, list[str]] = defaultdict(list)
        changed = []
        for activity_id, internal_id in rows:
            key: str | None = plain_text(internal_id)
            alike[str(key)].append(activity_id)
            key = key if len(alike[str(key)]) == 1 else None
            if key != internal_id:
                changed.append({"id": activity_id, "key": key})
        if changed:
            connection.execute(sa.text("UPDATE activities SET internal_key = :key WHERE activity_id = :id"), changed)
        for oldest, *others in alike.values():
            for other in others:
                _tell(
                    f"Activity {other} of provider {provider_id} has the internal id of activity {oldest} in another "
                    "spelling: it is found by its own spelling alone. Give one of them another internal id."
                )


def _pieces(sql: str, keys: tuple[str, ...]) -> Iterator[Sequence[sa.Row[Any]]]:
    """Yield the rows of a query in pieces, in the order of its first columns: no more than a piece is held at once."""
    connection = op.get_bind()
    after = tuple(f"after{place}" for place in range(len(keys)))
    text = sa.text(f"{sql} AND ({', '.join(keys)}) > (:{', :'.join(after)}) ORDER BY {', '.join(keys)} LIMIT {AT_ONCE}")
    last: Sequence[str] = [""] * len(keys)
    while piece := connection.execute(text, dict(zip(after, last, strict=True))).all():
        yield piece
        last = piece[-1][: len(keys)]


def _normalise_references() -> None:
    """Keep each reference in its normal form, beside it as it was sent; of two spellings for one credit the plain one."""
    connection = op.get_bind()
    row = "WHERE provider_id = :provider AND credit_id = :credit AND client_reference = "
    stands = sa.text(f"SELECT 1 FROM credit_references {row}:plain")
    drop = sa.text(f"DELETE FROM credit_references {row}:sent")
    change = sa.text(f"UPDATE credit_references SET client_reference = :plain, as_sent = :sent {row}:sent")
    for piece in _pieces(
        "SELECT provider_id, client_reference, credit_id FROM credit_references "
        f"WHERE {_may_change('client_reference')}",
        ("provider_id", "client_reference", "credit_id"),
    ):
        for provider_id, sent, credit_id in piece:
            plain = plain_text(sent)
            if plain == sent:
                continue
            values = {"provider": provider_id, "credit": credit_id, "sent": sent, "plain": plain}
            known = connection.execute(stands, values).first() is not None
            connection.execute(drop if known else change, values)


def _normalise_subjects() -> None:
    """Give completions without a physician the normal form of their local id, unless another completion has it.

    Their ids are in the order in which they were made: of several the oldest has it.
    """
    connection = op.get_bind()
    change = sa.text(
        "UPDATE completions SET subject = :plain WHERE completion_id = :id AND (withdrawn_at IS NOT NULL OR "
        "NOT EXISTS (SELECT 1 FROM completions o WHERE o.activity_id = completions.activity_id "
        "AND o.completed_on = completions.completed_on AND o.occasion = completions.occasion "
        "AND o.subject = :plain AND o.withdrawn_at IS NULL))"
    )
    for piece in _pieces(
        f"SELECT completion_id, subject FROM completions WHERE subject LIKE 'rems:%' AND {_may_change('subject')}",
        ("completion_id",),
    ):
        for completion_id, subject in piece:
            prefix, provider_id, local_id = subject.split(":", 2)
            plain = f"{prefix}:{provider_id}:{plain_text(local_id)}"
            if plain == subject:
                continue
            if not connection.execute(change, {"id": completion_id, "plain": plain}).rowcount:
                _tell(
                    f"Completion {completion_id} repeats another in another spelling of its local id: withdraw one of "
                    "them."
                )


def _tell(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")
