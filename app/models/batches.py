"""Batches: uploaded files in pieces, the records read from them, and the outcome of each record.

A batch's row and the outcomes of its records are its whole state: the next worker continues from them.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Date, Index, Integer, LargeBinary, Table, text

from app.models.base import Document, Instant, Key, key, metadata, number, refers

uploads = Table(
    "uploads",
    metadata,
    key("upload_id", primary_key=True),
    Column("created_at", Instant, nullable=False),
    Column("size", BigInteger, comment="bytes; empty while it arrives"),
    Column("digest", Key, comment="SHA-256 of the content; empty while it arrives"),
    Column("provider_id", Key, comment="whose room it takes"),
    Column("board", Key, comment="whose room it takes, where it is a board's"),
    Column("stored", BigInteger, nullable=False, server_default="0", comment="bytes of its pieces so far"),
    Index(None, "created_at"),
    comment="One that never became a batch is forgotten.",
)

upload_totals = Table(
    "upload_totals",
    metadata,
    refers("provider_id", "providers.provider_id", primary_key=True),
    Column("bytes", BigInteger, nullable=False),
    comment="The sum of `stored` over a provider's uploads, changed with every piece: no upload is summed up over all.",
)

board_upload_totals = Table(
    "board_upload_totals",
    metadata,
    refers("board", "boards.code", primary_key=True),
    Column("bytes", BigInteger, nullable=False),
    comment="The same over a board's uploads.",
)

upload_pieces = Table(
    "upload_pieces",
    metadata,
    refers("upload_id", "uploads.upload_id", primary_key=True),
    number("piece", primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

batches = Table(
    "batches",
    metadata,
    key("batch_id", primary_key=True),
    refers("provider_id", "providers.provider_id", nullable=True),
    refers("board", "boards.code", nullable=True),
    refers("client_id", "clients.client_id"),
    refers("upload_id", "uploads.upload_id"),
    Column("request_id", Key),
    key("kind"),
    key("filename"),
    key("digest", comment="of the content: the same bytes uploaded before are told"),
    Column("permission_attested", Boolean, nullable=False),
    Column("dry_run", Boolean, nullable=False),
    key("on_unmatched", server_default="reject", comment="whether records without a match are rejected or held"),
    key("status"),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("finished_at", Instant),
    number("version"),
    Column("head", Document, comment="what stands before the records: format, headings"),
    Column("file_error", Document),
    number("piece_rows", comment="records in each piece but the last"),
    number("records", comment="records read from the file"),
    number("applied", comment="of these, in order, have been gone through"),
    Column("counts", Document, nullable=False),
    Column("warnings", Document, nullable=False, comment="rows for each rule that warned"),
    Column("seen_before", Key, comment="an earlier batch of the same bytes"),
    number("attempts", comment="how often reading it was begun"),
    number("fence", comment="who reads it: a number that rises with each claim"),
    Column("claimed_until", Instant),
    Column("turn_at", Instant, comment="when its last piece was applied"),
    Column("original_removed_at", Instant, comment="since when the file as uploaded is gone"),
    Column("records_removed_at", Instant, comment="since when the records as sent are gone"),
    Column("mends", Key, comment="the batch whose rejected records it reports again"),
    Column("completed_from", Date, comment="first day of completion that its transcripts cover"),
    Column("completed_to", Date, comment="last day; of both, NULL for an open side"),
    CheckConstraint("status in ('queued', 'reading', 'applying', 'completed', 'failed', 'cancelled')", name="status"),
    CheckConstraint("applied >= 0 AND applied <= records", name="applied"),
    CheckConstraint("(provider_id IS NULL) <> (board IS NULL)", name="owner"),
    Index(None, "provider_id", "batch_id"),
    Index("ix_batches_created", "provider_id", "created_at"),
    Index(None, "provider_id", "digest"),
    Index(None, "board", "batch_id"),
    Index(None, "upload_id"),
    Index(
        "ix_batches_mends", "mends",
        sqlite_where=text("mends IS NOT NULL"), postgresql_where=text("mends IS NOT NULL"),
    ),
    Index(
        "ix_batches_open", "status", "turn_at",
        sqlite_where=text("finished_at IS NULL"), postgresql_where=text("finished_at IS NULL"),
    ),
)  # fmt: skip

batch_pieces = Table(
    "batch_pieces",
    metadata,
    refers("batch_id", "batches.batch_id", primary_key=True),
    Column("piece", Integer, primary_key=True, autoincrement=False),
    Column("records", LargeBinary, nullable=False, comment="as sent, JSON, deflated"),
    comment="Identity data as it was sent: kept so that refused records can be given back.",
)

batch_rows = Table(
    "batch_rows",
    metadata,
    refers("batch_id", "batches.batch_id", primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False, comment="among the records read, from 0"),
    number("number", comment="row of the sheet, line of the text, or place of the element, from 1"),
    key("outcome"),
    Column("record_id", Key, comment="the completion, activity or licensee"),
    Column("findings", Document),
    Column("answer", Document, comment="of a validation, what was matched; of a transcript, its days"),
    Column("at", Instant, nullable=False),
    Index(
        "ix_batch_rows_rejected", "batch_id", "place",
        sqlite_where=text("outcome = 'rejected'"), postgresql_where=text("outcome = 'rejected'"),
    ),
    comment="One outcome a record; never identity data.",
)  # fmt: skip

batch_mends = Table(
    "batch_mends",
    metadata,
    refers("batch_id", "batches.batch_id", primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False, comment="of the rejected record, from 0"),
    Column("cells", Document, nullable=False, comment="identity data as it was typed, by the fields of the record"),
    Column("outcome", Key, comment="of the last check; NULL since it was changed"),
    Column("findings", Document, comment="of the last check; never identity data"),
    Column("set_aside", Key, comment="why it is not mended"),
    Column("reported_in", Key, comment="the batch that reported it again"),
    Column("reported_place", Integer, comment="its place among the records of that batch"),
    refers("client_id", "clients.client_id", comment="who changed it last"),
    number("version", comment="1 is the record that nobody touched"),
    Column("updated_at", Instant, nullable=False),
    CheckConstraint(
        "set_aside IS NULL OR set_aside in ('no-physician', 'reported-elsewhere', 'wrong-file', 'other')",
        name="set_aside",
    ),
    CheckConstraint("(reported_in IS NULL) = (reported_place IS NULL)", name="reported"),
    CheckConstraint("reported_in IS NULL OR set_aside IS NULL", name="ends_once"),
    Index(
        "ix_batch_mends_reported_in", "reported_in", "reported_place", unique=True,
        sqlite_where=text("reported_in IS NOT NULL"), postgresql_where=text("reported_in IS NOT NULL"),
    ),
    comment="What was changed in rejected records before they are reported again.",
)  # fmt: skip
