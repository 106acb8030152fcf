"""What boards answer to credit, and what that makes of it. The states of a credit change here and nowhere else."""

from __future__ import annotations

import enum
from datetime import datetime

import msgspec
from msgspec.structs import replace

from app.domain.credits import Credit, CreditStatus


class Refusal(enum.StrEnum):
    """Why a board refuses a credit."""

    ID_UNKNOWN = "id-unknown"
    """The board knows nobody by this id."""
    NAME_DIFFERS = "name-differs"
    """The board knows the id under another name."""
    BIRTH_DATE_DIFFERS = "birth-date-differs"
    """The board knows the id with another birth date."""
    NOT_CERTIFIED = "not-certified"
    """The board does not certify the learner."""
    DUPLICATE = "duplicate"
    """The board has this credit already."""
    OVER_LIMIT = "over-limit"
    """The learner has all the credit of this kind that counts."""
    NOT_ELIGIBLE = "not-eligible"
    """The learner cannot earn this credit."""
    OTHER = "other"
    """Something else, told in words."""


class Verdict(enum.StrEnum):
    """What a board decides."""

    ACCEPTED = "accepted"
    """The credit counts with the board."""
    REJECTED = "rejected"
    """The credit does not count; it holds neither its day nor a part of the maximum."""


class Answered(enum.StrEnum):
    """What became of a decision."""

    APPLIED = "applied"
    """The credit stands as decided now."""
    UNCHANGED = "unchanged"
    """The credit stood so before."""
    STALE = "stale"
    """The credit was corrected, withdrawn or superseded since the position decided on; read on and decide anew."""
    UNKNOWN = "unknown"
    """The board was never sent this credit."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """One decision of a board, on a credit as it stood at a position of its feed."""

    credit_id: str
    position: int
    verdict: Verdict
    reason_code: Refusal | None
    """None for an accepted credit; `other` when a rejection names none."""
    reason: str | None

    @property
    def as_told(self) -> tuple[CreditStatus, str | None, str | None]:
        """The status it gives, with the reason in a code and in words."""
        if self.verdict is Verdict.ACCEPTED:
            return CreditStatus.ACCEPTED, None, self.reason
        return CreditStatus.REJECTED, self.reason_code or Refusal.OTHER, self.reason


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """Where a credit stands in its board's feed."""

    credit_id: str
    completion_id: str
    position: int
    """Of the last that the board was told of it."""
    withdrawn: bool


def _from(credit: Credit, *may: CreditStatus) -> None:
    """Raise `ValueError` for a credit that cannot go on from where it stands: whoever calls should have known."""
    if credit.status not in may:
        raise ValueError(f"a credit that is {credit.status} cannot become that")


def decided(credit: Credit, decision: Decision, at: datetime) -> Credit:
    """Return a credit as its board has decided; a later decision replaces an earlier one.

    Raises `ValueError` for one that was withdrawn: nothing is left to decide on.
    """
    _from(credit, CreditStatus.PENDING, CreditStatus.ACCEPTED, CreditStatus.REJECTED)
    status, code, text = decision.as_told
    return replace(credit, status=status, status_reason=code, status_text=text, status_at=at)


def stands_so(credit: Credit, decision: Decision) -> bool:
    """Tell whether a credit stands as decided already."""
    return (credit.status, credit.status_reason, credit.status_text) == decision.as_told


def carried(credit: Credit, at: datetime) -> Credit:
    """Return a credit that has reached a board which does not decide: it is accepted.

    Raises `ValueError` unless it is pending: being carried changes nothing else.
    """
    _from(credit, CreditStatus.PENDING)
    return replace(credit, status=CreditStatus.ACCEPTED, status_reason=None, status_text=None, status_at=at)


def taken_back(credit: Credit, at: datetime) -> Credit:
    """Return a credit that its provider has withdrawn; raises `ValueError` for one that was before."""
    _from(credit, CreditStatus.PENDING, CreditStatus.ACCEPTED, CreditStatus.REJECTED)
    return replace(credit, status=CreditStatus.WITHDRAWN, status_reason=None, status_text=None, status_at=at)
