"""Removing what is kept of batches beside their outcomes: the file as uploaded, and the records as sent."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from app.core.http.exchange import MIN_UPLOAD_RATE
from app.domain.batches import Batch
from app.services.context import Service
from app.store import batch_mends, batches, uploads


def remove_original(connection: Connection, batch: Batch, at: datetime) -> bool:
    """Remove the file of a batch as it was uploaded, and give its room back; False where it is gone already."""
    if batch.original_removed_at is not None:
        return False
    uploads.empty(connection, batch.upload_id)
    batches.save(connection, batch, {"original_removed_at": at}, at)
    return True


def remove_records(connection: Connection, batch: Batch, at: datetime) -> bool:
    """Remove the records of a batch as they were sent; their outcomes stay. False where they are gone already."""
    if batch.records_removed_at is not None:
        return False
    batches.drop_pieces(connection, batch.batch_id)
    batch_mends.forget(connection, batch.batch_id)
    batches.save(connection, batch, {"records_removed_at": at}, at)
    return True


def longest_arrival(service: Service) -> timedelta:
    """Return for how long a file may arrive: one without a batch that is younger becomes one, or goes within a day."""
    settings = service.settings
    return timedelta(seconds=settings.upload_limit / MIN_UPLOAD_RATE + settings.body_deadline)
