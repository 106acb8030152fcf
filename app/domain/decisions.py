"""Boards' decisions on credit. The status of a credit changes here and nowhere else."""

from __future__ import annotations

import enum
from datetime import datetime

import msgspec
from msgspec.structs import replace

from app.domain.credits import Credit, CreditStatus


class Refusal(enum.StrEnum):
    """Why a board refuses a credit."""

    ID_UNKNOWN = "id-unknown"
    """The board has nobody under this id."""
    NAME_DIFFERS = "name-differs"
    """The board has this id under another name."""
    BIRTH_DATE_DIFFERS = "birth-date-differs"
    """The board has this id with another birth date."""
    NOT_CERTIFIED = "not-certified"
    """The board does not certify the learner."""
    DUPLICATE = "duplicate"
    """The board has this credit already."""
    OVER_LIMIT = "over-limit"
    """The learner already has all the credit of this kind that counts."""
    NOT_ELIGIBLE = "not-eligible"
    """The learner cannot earn this credit."""
    OTHER = "other"
    """Something else, given in words."""


class Verdict(enum.StrEnum):
    """A board's verdict on a credit."""

    ACCEPTED = "accepted"
    """The credit counts with the board."""
    REJECTED = "rejected"
    """The credit does not count; it occupies neither its day nor a part of the maximum."""


class DecisionResult(enum.StrEnum):
    """The result of a decision."""

    APPLIED = "applied"
    """The credit now has the status decided."""
    UNCHANGED = "unchanged"
    """The credit had that status already."""
    STALE = "stale"
    """The credit was corrected, withdrawn or superseded since the position decided on; read on and decide again."""
    UNKNOWN = "unknown"
    """The board was never sent this credit."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """One decision of a board on a credit, as the credit stood at a position of the board's feed."""

    credit_id: str
    position: int
    verdict: Verdict
    reason_code: Refusal | None
    """None for an accepted credit; `other` when a rejection names none."""
    reason: str | None

    @property
    def resulting_status(self) -> tuple[CreditStatus, str | None, str | None]:
        """(status, reason code, reason in words) that the decision gives a credit."""
        if self.verdict is Verdict.ACCEPTED:
            return CreditStatus.ACCEPTED, None, self.reason
        return CreditStatus.REJECTED, self.reason_code or Refusal.OTHER, self.reason


class SentCredit(msgspec.Struct, frozen=True, kw_only=True):
    """The last event about a credit in its board's feed."""

    credit_id: str
    completion_id: str
    position: int
    withdrawn: bool


def _require_status(credit: Credit, *allowed: CreditStatus) -> None:
    """Raise `ValueError` unless the credit has one of these statuses: the caller should have checked."""
    if credit.status not in allowed:
        raise ValueError(f"a credit that is {credit.status} cannot become that")


def apply_decision(credit: Credit, decision: Decision, at: datetime) -> Credit:
    """Return a credit as its board has decided; a later decision replaces an earlier one.

    Raises `ValueError` for a withdrawn credit: nothing is left to decide on.
    """
    _require_status(credit, CreditStatus.PENDING, CreditStatus.ACCEPTED, CreditStatus.REJECTED)
    status, code, text = decision.resulting_status
    return replace(credit, status=status, status_reason=code, status_text=text, status_at=at)


def matches_decision(credit: Credit, decision: Decision) -> bool:
    """Whether a credit already has the status, the reason and the words of a decision."""
    return (credit.status, credit.status_reason, credit.status_text) == decision.resulting_status


def accept_on_delivery(credit: Credit, at: datetime) -> Credit:
    """Return a credit that has reached a board which does not decide: it is accepted.

    Raises `ValueError` unless it is pending: delivery changes no other status.
    """
    _require_status(credit, CreditStatus.PENDING)
    return replace(credit, status=CreditStatus.ACCEPTED, status_reason=None, status_text=None, status_at=at)


def withdraw_credit(credit: Credit, at: datetime) -> Credit:
    """Return a credit as withdrawn by its provider; raises `ValueError` if it already was."""
    _require_status(credit, CreditStatus.PENDING, CreditStatus.ACCEPTED, CreditStatus.REJECTED)
    return replace(credit, status=CreditStatus.WITHDRAWN, status_reason=None, status_text=None, status_at=at)
