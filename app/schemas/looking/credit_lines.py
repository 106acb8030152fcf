"""Credit lines as they are answered."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar

from pydantic import Field

from app.domain.batches import EntryMethod
from app.domain.credit_lines import CreditLine
from app.schemas.base import Example, Out
from app.schemas.completion_records import CompletionOut, CreditOut, LearnerOut


class LineActivityOut(Out):
    """The activity of a line."""

    activity_id: str
    title: str
    internal_id: str | None
    format: str = Field(description="Code of the format.", examples=["regularly-scheduled-series"])


class CreditLineOut(CreditOut):
    """One credit of a standing completion, with who earned it, in which activity and when."""

    example: ClassVar[Example] = CreditOut.example

    completion_id: str
    completed_on: date
    submitted_at: datetime
    entry_method: EntryMethod
    learner: LearnerOut
    activity: LineActivityOut

    @classmethod
    def of(cls, line: CreditLine) -> CreditLineOut:
        """Show a line."""
        completion, activity = CompletionOut.fields_of(line.completion), line.activity
        shown = ("completion_id", "completed_on", "submitted_at", "entry_method", "learner")
        return cls.model_validate(
            CreditOut.fields_of(line.credit)
            | {name: completion[name] for name in shown}
            | {
                "activity": {
                    "activity_id": activity.activity_id,
                    "title": activity.title,
                    "internal_id": activity.internal_id,
                    "format": activity.format,
                }
            }
        )


class CreditLinePage(Out):
    """A page of credit lines."""

    data: list[CreditLineOut]
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null on the last page.")
    total: int | None = Field(description="Number of lines on all pages, with `include=total`.")
    total_capped: bool | None = Field(description="Whether there are more than `total`; counting stops there.")
