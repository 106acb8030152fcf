"""Held records as their provider sees them: one, or a page of them, each with the last request for help."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection

from app.core.errors import NotFound
from app.domain.held import HeldFilter, HeldRecord, HelpRequest
from app.services.context import Caller
from app.store.held import help_requests, records

NO_SUCH_RECORD = "There is no such held record."


class HeldDetail(msgspec.Struct, frozen=True, kw_only=True):
    """A held record, and the last request for help with it."""

    held: HeldRecord
    help: HelpRequest | None


def get(connection: Connection, caller: Caller, held_id: str) -> HeldDetail:
    """Return one held record of the provider; raises `NotFound` for any other."""
    held = records.one(connection, held_id, provider_id=caller.provider_id)
    if held is None:
        raise NotFound(NO_SUCH_RECORD)
    return detail_of(connection, held)


def detail_of(connection: Connection, held: HeldRecord) -> HeldDetail:
    """Return a held record with its last request for help."""
    return HeldDetail(held=held, help=help_requests.last_of(connection, [held.held_id]).get(held.held_id))


def page(
    connection: Connection, caller: Caller, wanted: HeldFilter, *, before: str | None, limit: int
) -> list[HeldDetail]:
    """Return the provider's held records, newest first."""
    found = records.page(connection, caller.provider_id, wanted, before=before, limit=limit)
    asked = help_requests.last_of(connection, [held.held_id for held in found])
    return [HeldDetail(held=held, help=asked.get(held.held_id)) for held in found]
