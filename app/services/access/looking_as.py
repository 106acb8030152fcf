"""The operator's look at a provider as its own people see it: nothing is changed, and each look is in the log."""

from __future__ import annotations

from app.domain.audit import ProviderAudit
from app.services.context import Work


def note_look(work: Work, page: str) -> None:
    """Note that the operator saw a page of the caller's provider; `page` is its address below the provider's."""
    work.audit("look-as", work.caller.provider_id, ProviderAudit(page=page))
