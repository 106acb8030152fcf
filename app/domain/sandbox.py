"""The sandbox: learners and activities that always have the same outcome, for integrators to test against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from app.domain.credits import CreditStatus, Delivery
from app.domain.decisions import Refusal
from app.domain.identity.learners import RegistryRow

PROVIDER_ID = "9999999"
"""The shared sandbox: every test client that names no provider acts for it."""
MAGIC = "magic-"
"""How the internal ids of the sandbox's own activities begin."""


class MagicLearner(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who does not exist, and what boards answer to credit of theirs."""

    name: str
    says: str
    row: RegistryRow
    status: CreditStatus
    reason: Refusal | None

    @property
    def physician_id(self) -> str:
        """The registry id, the same everywhere."""
        return f"sandbox-{self.name}"


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """How a report for an activity fares before it is read: it waits, and then fails, or is done after all."""

    status: int | None = None
    """Status of the answer; None when the report is done."""
    retry_after: int | None = None
    """Seconds after which the failing answer says to come back."""
    seconds: float = 0
    """How long it takes."""


class MagicActivity(msgspec.Struct, frozen=True, kw_only=True):
    """An activity that every provider of the sandbox has, under the same internal id."""

    internal_id: str
    activity_id: str
    """Its id with the shared sandbox; elsewhere it has another."""
    says: str
    fields: Mapping[str, Any]
    """In the shape of the API."""
    closed: bool
    trouble: Trouble | None


class CreditExpected(msgspec.Struct, frozen=True, kw_only=True):
    """One credit of an answer, in the order of the answer."""

    board: str
    status: CreditStatus
    reason: Refusal | None
    delivery: Delivery


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A request and its answer. Records that must exist before it are sent first, and are accepted."""

    section: str
    says: str
    before: tuple[Mapping[str, Any], ...]
    """Reports to send first."""
    send: Mapping[str, Any]
    """In the shape of the API, for the shared sandbox."""
    status: int
    code: str | None
    """The problem's code, where it is one."""
    outcome: str | None
    rejects: tuple[str, ...]
    """Rules that refuse, in alphabetical order."""
    warns: tuple[str, ...]
    """Rules that warn, in alphabetical order, when the report comes within 30 days of the completion."""
    credits: tuple[CreditExpected, ...]
    retry_after: int | None


class Sandbox(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of the sandbox, as the data file has it."""

    provider_id: str
    name: str
    """The provider of the shared sandbox."""
    learners: tuple[MagicLearner, ...]
    activities: tuple[MagicActivity, ...]
    rows: tuple[Row, ...]

    def learner(self, name: str) -> MagicLearner | None:
        """Return a magic learner by name."""
        return next((learner for learner in self.learners if learner.name == name), None)

    def activity(self, internal_id: str) -> MagicActivity | None:
        """Return a magic activity by its internal id."""
        return next((activity for activity in self.activities if activity.internal_id == internal_id), None)
