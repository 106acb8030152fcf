"""A sitting of adding learners: what stays in the form from one to the next, and what was just reported."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

from app.console.routes import SentFields
from app.console.visitors import Visitor
from app.console.words import amount
from app.core.errors import NotFound
from app.domain.amounts import in_credits
from app.domain.credits import Completion, CreditKind, CreditStatus, Delivery, Outcome
from app.services.completions import records
from app.services.context import read_by_key_async

_PURPOSE = "sitting"
_LASTS = timedelta(minutes=60)
"""How long after a report the tick of permission holds for the next."""
_MOST = 5
_OUTCOMES = {
    Outcome.CREATED: "",
    Outcome.JOINED: "was added to the record that stands for this day",
    Outcome.UNCHANGED: "was reported before: nothing was changed",
}


class Reported(msgspec.Struct, frozen=True):
    """A record of the sitting."""

    completion_id: str
    version: int
    outcome: Outcome


class Sitting(msgspec.Struct, frozen=True, kw_only=True):
    """What goes along in the address, sealed: nobody reads it there."""

    fields: SentFields
    agreed: bool = False
    """Whether somebody ticked that all whom they enter now agreed to the report."""
    at: datetime
    reported: tuple[Reported, ...] = ()
    told: tuple[tuple[str, str], ...] = ()
    """What was said of the last record, each with the address of an earlier record in its way."""

    def sealed(self, visitor: Visitor, activity_id: str) -> str:
        """Return it for the address of the next form."""
        content = zlib.compress(msgspec.json.encode(self))
        return visitor.service.keyring.seal(_PURPOSE, content, visitor.caller.bound_to(activity_id))

    def after(self, report: Reported, fields: SentFields, told: Sequence[tuple[str, str]], now: datetime) -> Sitting:
        """Return the sitting after a record was reported."""
        rest = [one for one in self.reported if one.completion_id != report.completion_id]
        return replace(
            self, fields=fields, agreed=True, at=now, reported=(report, *rest)[:_MOST], told=tuple(told)[:_MOST]
        )


class JustReported(msgspec.Struct, frozen=True, kw_only=True):
    """A record of the sitting as the page shows it."""

    text: str
    outcome: str
    address: str
    completion_id: str
    version: int
    undoable: bool
    """Whether withdrawing it takes back exactly what was reported: nothing of it stood before."""


def open_sitting(visitor: Visitor, sealed: str, activity_id: str) -> Sitting:
    """Return a sitting of this person for this activity; a new one for anything else."""
    now = visitor.service.clock()
    bound_to = visitor.caller.bound_to(activity_id)
    opened = visitor.service.keyring.unseal(_PURPOSE, sealed, bound_to) if sealed else None
    if opened is None:
        return Sitting(fields={}, at=now)
    sitting = msgspec.json.decode(zlib.decompress(opened), type=Sitting)
    return sitting if now < sitting.at + _LASTS else replace(sitting, agreed=False)


def reported_of(body: str) -> tuple[Reported, list[tuple[str, str]]]:
    """Return a record, and what was said of it, from the answer that is kept under a form's key."""
    held = json.loads(body)
    return Reported(held["completion_id"], held["version"], Outcome(held["outcome"])), [
        (text, address) for text, address in held["told"]
    ]


async def just_reported(visitor: Visitor, sitting: Sitting) -> tuple[JustReported, ...]:
    """Return the records of a sitting that still stand."""
    shown = []
    for one in sitting.reported:
        try:
            found = await read_by_key_async(visitor.caller, records.get, one.completion_id)
        except NotFound:
            continue
        shown.append(
            JustReported(
                text=describe(found),
                outcome=_OUTCOMES.get(one.outcome, ""),
                address=f"{visitor.home}/completions/{one.completion_id}",
                completion_id=one.completion_id,
                version=one.version,
                undoable=one.outcome is Outcome.CREATED,
            )
        )
    return tuple(shown)


def name_of(completion: Completion) -> str:
    """Return the name that a record was reported with."""
    return f"{completion.first_name or ''} {completion.last_name or ''}".strip() or "A learner named by id"


def describe(completion: Completion) -> str:
    """Return who a record is about, and its credit: `Rebecca Test: 2 CME TN, 0.25 ABA`."""
    parts = [
        f"{amount(in_credits(credit.quarters))} "
        + (f"CME {credit.board.partition('-')[0]}" if credit.kind is CreditKind.CME else credit.board)
        for credit in completion.credits
        if credit.status is not CreditStatus.WITHDRAWN
    ]
    return f"{name_of(completion)}: {', '.join(parts) or 'REMS'}"


def boards_told(completion: Completion) -> str:
    """Return who is told of a withdrawal, as a sentence; empty where nobody has the credit."""
    boards = sorted(
        {credit.board for credit in completion.credits if credit.delivery is Delivery.BOARD and credit.holds}
    )
    return f"{', '.join(boards)} will be told." if boards else ""
