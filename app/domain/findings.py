"""Findings: one for each fault that a rule sees in a record, all reported at once."""

from __future__ import annotations

import enum

import msgspec


class Severity(enum.StrEnum):
    """Whether a finding stops the record."""

    REJECT = "reject"
    """The record is refused."""
    WARNING = "warning"
    """The record is accepted, and the sender is warned."""


class Suggestion(msgspec.Struct, frozen=True):
    """A value that would satisfy a rule, if it is true: an amount in credits, or a name."""

    pointer: str
    """Where it would stand in the record."""
    value: str | float


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One fault that a rule sees.

    `pointer` is a JSON Pointer into the record (`/moc/0/credit_types/1/credits`); doors that take
    files turn it into row and column. `detail` and `hint` never hold names, birth dates or ids of
    people; dates, amounts, codes and activity ids may stand there.
    """

    rule: str
    severity: Severity
    pointer: str
    detail: str
    hint: str
    completion_id: str | None = None
    """The completion that stands in the way, if one does."""
    suggestions: tuple[Suggestion, ...] = ()
    """Each by itself would satisfy the rule here; which of them is true, only the sender knows."""

    @property
    def rejects(self) -> bool:
        """Whether this finding alone refuses the record."""
        return self.severity is Severity.REJECT
