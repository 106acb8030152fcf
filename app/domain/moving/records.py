"""Records of another system as its files tell them: read, not judged."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable
from datetime import datetime

import msgspec

from app.domain.activities import Activity
from app.domain.catalogue import Catalogue
from app.domain.credits import CreditStatus, Delivery
from app.domain.findings import Finding
from app.domain.reports import Amount, CompletionReport, TypeAmount

_OWN_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.ASCII)


def is_own_id(text: str) -> bool:
    """Return True if a completion or credit of an installation of this service could have this id."""
    return _OWN_ID.fullmatch(text) is not None


class ImportOutcome(enum.StrEnum):
    """What became of a record that was to be taken over."""

    ADDED = "added"
    """It is on file now."""
    JOINED = "joined"
    """Its credit was added to a completion on file."""
    TOLD = "told"
    """It was on file; its board is told now of credit on which it has not decided."""
    ALREADY_THERE = "already-there"
    """It was on file as it is; nothing was written."""
    DIFFERS = "differs"
    """It is on file otherwise; what is on file stays."""
    REFUSED = "refused"
    """It is not on file: the findings say why."""


class PastCredit(msgspec.Struct, frozen=True, kw_only=True):
    """One credit, with what its board decided."""

    pointer: str
    """Where in the record it stands."""
    board: str | None
    """The board, or for CME the state; None where only an NPI says whose credit it is."""
    number: str | None
    credits: Amount
    types: tuple[TypeAmount, ...] = ()
    references: tuple[str, ...] = ()
    is_cme: bool | None = None
    """Whether it is CME; None where the board tells."""
    credit_id: str | None = None
    """Its id where it is one of this service."""
    status: CreditStatus | None
    """None where the file does not say it."""
    delivery: Delivery | None = None
    reason: str | None = None
    text: str | None = None
    status_at: datetime | None = None
    assumed: bool = False
    """Whether the operator says its status, and not the file."""


class PastCompletion(msgspec.Struct, frozen=True, kw_only=True):
    """One completion, with all of its credits."""

    report: CompletionReport | None
    """Who completed what and when, without parts for boards; None where it cannot be read. It arrived when it was
    submitted to the other system."""
    submitted: bool = True
    """Whether it is said when it was submitted."""
    assumed: bool = False
    """Whether the operator says that, and not the file."""
    completion_id: str | None = None
    """Its id where it is one of this service."""
    credits: tuple[PastCredit, ...] = ()
    findings: tuple[Finding, ...] = ()
    entry_said: bool = True
    """Whether the file says how it came."""
    of_nobody: bool = False
    """Whether the other system knows no physician of it: it has answers for REMS, and no credit that counts."""
    without_rems: bool = False
    """Whether the file has no place for answers for REMS."""

    @property
    def unreadable(self) -> bool:
        """Whether the record is refused before any rule sees it."""
        return self.report is None or any(finding.rejects for finding in self.findings)


class PastActivity(msgspec.Struct, frozen=True, kw_only=True):
    """One activity, with its status."""

    given: Activity
    """With its id where the file has one, and closed if it is."""
    status: str | None
    """The other system's word; None where the file has none."""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    onto: Callable[[Activity, Catalogue], Activity] | None = None
    """Returns an activity on file with what the record gives; None where the file has a place for all of it."""
    findings: tuple[Finding, ...] = ()

    @property
    def unreadable(self) -> bool:
        """Whether the record is refused before any rule sees it."""
        return any(finding.rejects for finding in self.findings)
