"""Periods that a physician saves under a name, for credits, transcript and shares; what is new since their visit."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from app.core.clock import new_id
from app.core.errors import Conflict, ErrorItem, InvalidRequest, NotFound
from app.domain.parsing import plain_text
from app.domain.passport.own_periods import LONGEST_PERIOD_NAME, MOST_PERIODS, OwnPeriod, OwnVisit
from app.domain.passport.transcripts import TranscriptPeriod
from app.services.context import Caller, Work
from app.services.passport.accounts import confirmed
from app.store.passport import accounts, own_periods

_OVERLAP = timedelta(minutes=1)
"""Longer than a transaction: what was being reported during the last look was not seen, and is new."""


def list_mine(connection: Connection, caller: Caller) -> list[OwnPeriod]:
    """Return the caller's periods by name; raises `Forbidden` while the account is not confirmed."""
    confirmed(connection, caller)
    return own_periods.of_client(connection, caller.client.client_id)


def save(work: Work, name: str, period: TranscriptPeriod) -> OwnPeriod:
    """Save a period under a name.

    Raises `InvalidRequest` with what is wrong, `Conflict` for one too many, and `Forbidden`.
    """
    client_id = work.caller.client.client_id
    accounts.lock(work.connection, client_id)
    known = list_mine(work.connection, work.caller)
    own = OwnPeriod(period_id=new_id(), name=plain_text(name).strip(), period=period)
    faults = []
    if not own.name:
        faults.append(_fault("/name", "The name is missing.", "Call it what it is for, such as Renewal 2026."))
    elif len(own.name) > LONGEST_PERIOD_NAME:
        faults.append(_fault("/name", f"The name has more than {LONGEST_PERIOD_NAME} characters.", "Shorten it."))
    elif own.name in {one.name for one in known}:
        faults.append(_fault("/name", "There is a period of this name.", "Choose another name, or remove that one."))
    if period.first is None and period.last is None:
        faults.append(_fault("/from", "The period has no day.", "Give the first day, the last, or both."))
    if faults:
        raise InvalidRequest(errors=faults)
    if len(known) >= MOST_PERIODS:
        raise Conflict(f"You have {MOST_PERIODS} saved periods, which is the most. Remove one first.")
    own_periods.add(work.connection, client_id, own, work.now)
    return own


def _fault(pointer: str, detail: str, hint: str) -> ErrorItem:
    return ErrorItem(code="format", pointer=pointer, detail=detail, hint=hint)


def remove(work: Work, period_id: str) -> None:
    """Remove one of the caller's periods; raises `NotFound` for any other, and `Forbidden`."""
    confirmed(work.connection, work.caller)
    if not own_periods.remove(work.connection, work.caller.client.client_id, period_id):
        raise NotFound("There is no such period of yours.")


def look(work: Work) -> datetime | None:
    """Note that the caller looks at their credit; return since when it is new to them, None at the first visit.

    A visit ends an hour after its last look, so that a reload marks the same. Raises `Forbidden`.
    """
    confirmed(work.connection, work.caller)
    client_id = work.caller.client.client_id
    before = own_periods.visit_of(work.connection, client_id)
    visit = before.at(work.now) if before is not None else OwnVisit(looked_at=work.now, new_since=None)
    own_periods.save_visit(work.connection, client_id, visit)
    return visit.new_since - _OVERLAP if visit.new_since is not None else None
