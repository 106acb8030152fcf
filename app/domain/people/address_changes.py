"""A new mail address that a person asked for: proven from the new one, and confirmed from the old one or waited for."""

from __future__ import annotations

import enum
from datetime import datetime, timedelta

import msgspec

PROOF_LIFE = timedelta(hours=24)
"""How long the link to the new address works."""
WAIT = timedelta(days=7)
"""How long who cannot read the old address waits: whoever can has so long to object."""
CHANGES_A_DAY = 3


class ChangeOutcome(enum.StrEnum):
    """What has become of a change."""

    CHANGED = "changed"
    REFUSED = "refused"
    """From the old address: it was somebody else who asked."""
    TAKEN_BACK = "taken-back"
    LAPSED = "lapsed"
    """Nobody proved the new address in time, or it is somebody else's by now."""


class AddressChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change that was asked for."""

    change_id: str
    person_id: str
    new_person_id: str
    """Who has the new address until it is given over; a person of their own has one that is taken already."""
    created_at: datetime
    due_at: datetime
    proven_at: datetime | None
    agreed_at: datetime | None
    ended_at: datetime | None
    outcome: ChangeOutcome | None

    def may_be_proven(self, now: datetime) -> bool:
        """Whether the link to the new address works."""
        return self.ended_at is None and self.proven_at is None and now < self.created_at + PROOF_LIFE

    def is_ripe(self, now: datetime) -> bool:
        """Whether the address is to be changed."""
        return self.proven_at is not None and (self.agreed_at is not None or self.due_at <= now)

    def is_over(self, now: datetime) -> bool:
        """Whether nothing can come of it any longer."""
        return self.proven_at is None and self.created_at + PROOF_LIFE <= now
