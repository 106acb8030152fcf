"""Completions of another system as lines of JSON: what an export of this service has, most of it optional."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from app.core.whole_numbers import Whole
from app.domain.reports import LAST_OCCASION, MOST_BOARDS, MOST_STATES, MOST_TYPES
from app.schemas.base import KEEPABLE, Amount, Line, Name, Reference, Strict, Word
from app.schemas.completions import LearnerIn, References, RemsIn

MOST_CREDITS = 4 * (MOST_STATES + MOST_BOARDS)
"""Rejected and withdrawn credit stands beside what came in its place."""


class PastTypeIn(Strict):
    """A credit type with its amount."""

    type: Name
    credits: Amount


class PastCreditIn(Strict):
    """A credit, with what its board decided."""

    credit_id: Reference | None = None
    kind: Word | None = None
    board: Name | None = None
    learner_board_id: Name | None = None
    credits: Amount | None = None
    credit_types: Annotated[list[PastTypeIn], Field(max_length=MOST_TYPES)] | None = None
    client_references: References | None = None
    status: Word | None = None
    delivery: Word | None = None
    status_reason: Name | None = None
    status_text: Annotated[str, Field(max_length=10_000, pattern=KEEPABLE)] | None = None
    status_at: Word | None = None


class PastCompletionIn(Strict):
    """A completion, with all of its credits."""

    completion_id: Reference | None = None
    activity_id: Name | None = None
    provider_id: Word | None = None
    completed_on: Word | None = None
    occasion: Annotated[int, Field(ge=1, le=LAST_OCCASION), Whole] | None = None
    submitted_at: Word | None = None
    entry_method: Word | None = None
    learner: LearnerIn | None = None
    credits: Annotated[list[PastCreditIn], Field(max_length=MOST_CREDITS)] | None = None
    rems: RemsIn | None = None
    version: int | None = None
    client_references: References | None = None


class PastActivityFields(Strict):
    """What an activity's line has beside the fields that are sent."""

    activity_id: Name | None = None
    provider_id: Word | None = None
    status: Word | None = None
    missing: list[Line] | None = None
    findings: list[object] | None = None
    version: int | None = None
    created_at: Word | None = None
    updated_at: Word | None = None
