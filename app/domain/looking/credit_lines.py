"""Credit lines: each credit of a completion by itself, as the lists for people show it."""

from __future__ import annotations

import msgspec

from app.domain.credits import Completion, Credit


class LineActivity(msgspec.Struct, frozen=True):
    """What a line shows of its activity."""

    activity_id: str
    title: str
    internal_id: str | None
    format: str
    """The format's code."""


class CreditLine(msgspec.Struct, frozen=True):
    """One credit of a completion, with its activity."""

    completion: Completion
    credit: Credit
    activity: LineActivity
