"""How a batch ends: noted in the audit log, from where its provider is told."""

from __future__ import annotations

from app.domain.audit import BatchAudit
from app.domain.batches import Batch, BatchStatus
from app.services.context import Work


def note_end(work: Work, batch: Batch, status: BatchStatus) -> None:
    """Note that a batch was worked through or has failed; the provider's events tell of it."""
    work.audit("end", batch.batch_id, BatchAudit(status=status.value, provider_id=batch.provider_id))
