"""A reporting rule as documented: its id, statement, severity and source."""

from __future__ import annotations

import enum
from datetime import date

import msgspec

from app.domain.findings import Severity

FOUNDING = date(2022, 1, 1)
"""The year of the founding material: the date of rules that have none of their own."""


class Scope(enum.StrEnum):
    """The records a rule applies to."""

    ALL = "all"
    """Every reported record."""
    CME = "cme"
    """Records with CME."""
    MOC = "moc"
    """Records with MOC/CC points."""
    REMS = "rems"
    """Records of risk-mitigation education."""
    ACTIVITY = "activity"
    """Activities as they are registered or changed."""
    VALIDATION = "validation"
    """Learner validations."""
    ROSTER = "roster"
    """Rows of a board's roster."""
    FILE = "file"
    """Files and documents that hold records."""


class RuleFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A rule as published."""

    id: str
    severity: Severity
    statement: str
    scopes: tuple[Scope, ...]
    source: str
    since: date
    boards: tuple[str, ...]
