"""What is told about a reporting rule: its id, what it says, and where it comes from."""

from __future__ import annotations

import enum
from datetime import date

import msgspec

from app.domain.findings import Severity

FOUNDING = date(2022, 1, 1)
"""The year of the material that this system implements; rules without a date of their own are as old."""


class Scope(enum.StrEnum):
    """What a rule is about."""

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
    FILE = "file"
    """Files and documents that hold records."""


class RuleFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A rule as its readers know it."""

    id: str
    severity: Severity
    statement: str
    scopes: tuple[Scope, ...]
    source: str
    since: date
    boards: tuple[str, ...]
