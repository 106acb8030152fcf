"""Accredited providers as the operator keeps them: their names, and the time of their accreditation."""

from __future__ import annotations

from datetime import date
from typing import Any

from msgspec import UNSET, UnsetType
from msgspec.structs import replace
from sqlalchemy import Connection

from app.core.errors import OperatorFault
from app.domain.audit import ProviderAudit
from app.domain.boards import Span
from app.services.context import Caller, Work
from app.store import sandbox
from app.store.access import providers


def former_callers(connection: Connection, caller: Caller) -> list[Caller]:
    """Return the caller under each id that was merged into its provider: cursors were sealed for those."""
    if caller.provider is None:
        return []
    return [replace(caller, provider=former) for former in providers.former_ids(connection, caller.provider)]


def is_joint(connection: Connection, caller: Caller) -> bool:
    """Return True if the caller's provider is jointly accredited."""
    return providers.accreditation(connection, caller.provider_id).joint


def rename(work: Work, provider_id: str, name: str) -> None:
    """Give a provider another name; raises `OperatorFault`. What was sent to boards stays as it is."""
    _require_live(work.connection, provider_id)
    if not name.strip():
        raise OperatorFault("A provider has a name.")
    providers.change(work.connection, provider_id, {"name": name.strip()})
    work.audit("rename", provider_id, ProviderAudit())


def set_accreditation(
    work: Work,
    provider_id: str,
    *,
    since: date | UnsetType | None = UNSET,
    until: date | UnsetType | None = UNSET,
) -> tuple[Span, int]:
    """Set the first or last day of a provider's accreditation, None for no such day; raises `OperatorFault`.

    Returns the time as it is then, and how many of the provider's activities lie outside it: nothing more is reported
    for them, while what was reported stands.
    """
    _require_live(work.connection, provider_id)
    before = providers.accreditation(work.connection, provider_id).span
    after = Span(
        since=before.since if isinstance(since, UnsetType) else since,
        until=before.until if isinstance(until, UnsetType) else until,
    )
    if after.since is not None and after.until is not None and after.since > after.until:
        raise OperatorFault(f"The accreditation would end on {after.until}, before it begins on {after.since}.")
    values: dict[str, Any] = {"accredited_from": after.since, "accredited_to": after.until}
    providers.change(work.connection, provider_id, values)
    work.audit(
        "accredit",
        provider_id,
        ProviderAudit(accredited_from=_text(after.since), accredited_to=_text(after.until)),
    )
    return after, providers.count_outside(work.connection, provider_id)


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _require_live(connection: Connection, provider_id: str) -> None:
    """Raise `OperatorFault` where an id is no provider's, or is a sandbox's or a merged one's."""
    root = providers.root_of(connection, provider_id)
    if root is None:
        raise OperatorFault("There is no such provider. Ids have seven digits, leading zeros included.")
    if root != provider_id:
        raise OperatorFault(f"{provider_id} was merged into {root}, which it means since then.")
    if sandbox.is_sandbox(connection, provider_id):
        raise OperatorFault(f"{provider_id} is a sandbox: it is accredited without an end, and named by its provider.")
