"""The operator's look at a provider as its own people see it: nothing is changed, and each look is in the log."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET

from app.core.clock import is_id
from app.domain.audit import ProviderAudit
from app.services.context import Work


def note_look(work: Work, page: str, chosen: Sequence[str] = ()) -> None:
    """Note that the operator saw a page of the caller's provider; `page` is its address below the provider's.

    `chosen` are the ids of the completions that a file was asked for; what is no id may be a name, and is left out.
    """
    completions = [id for id in dict.fromkeys(chosen) if is_id(id)]
    work.audit("look-as", work.caller.provider_id, ProviderAudit(page=page, completions=completions or UNSET))
