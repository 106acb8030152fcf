"""A provider's roster as it is asked for and answered."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, Field

from app.core.http.pagination import PageQuery
from app.domain.amounts import in_credits
from app.domain.looking.known_learners import KnownLearner
from app.domain.parsing import plain_text
from app.schemas.base import Example, Out
from app.schemas.queries import Text


class LearnerQuery(PageQuery):
    """Which of the provider's learners to list."""

    q: Annotated[
        Text | None,
        Field(
            description="Words, separated by white space; each must begin the first or the last name (case, accents "
            "and punctuation aside; a name of several words is compared as one)."
        ),
    ] = None
    series: Annotated[
        Text | None,
        AfterValidator(lambda text: text if text is None else plain_text(text)),
        Field(
            description="An activity of the provider: its learners come first, each with how often they took part. "
            "Any other id is nobody's series."
        ),
    ] = None


class KnownNumberOut(Out):
    """A board, and the beginning of the learner's number with it."""

    example: ClassVar[Example] = {"board": "CA-M", "number_begins": "7027"}

    board: str
    number_begins: str | None = Field(
        description="Of the number as it was reported: four characters at most, and at most half of it, to tell "
        "namesakes apart. Null where none was reported."
    )


class SeriesAttendanceOut(Out):
    """What a learner has in the series that was asked for."""

    example: ClassVar[Example] = {"completions": 11, "last_completed_on": "2021-12-12", "cme_credits": 11}

    completions: int
    last_completed_on: date | None = Field(description="Null for somebody who never took part.")
    cme_credits: float = Field(description="CME that counts towards the maximum of the activity.")


class KnownLearnerOut(Out):
    """A learner, as the provider last reported them."""

    example: ClassVar[Example] = {
        "first_name": "Willa", "last_name": "Duncan", "completions": 14, "last_completed_on": "2021-12-12",
        "boards": [{"board": "CA-M", "number_begins": "7027"}],
        "series": {"completions": 11, "last_completed_on": "2021-12-12", "cme_credits": 11},
    }  # fmt: skip

    learner_id: str = Field(
        description="Private to the provider; it may stand in place of names and numbers in reports."
    )
    first_name: str | None
    last_name: str | None
    boards: list[KnownNumberOut] = Field(description="Boards of the newest record with a name.")
    completions: int = Field(description="Records of the provider about them that stand.")
    last_completed_on: date
    series: SeriesAttendanceOut | None = Field(description="Null unless `series` names an activity.")

    @classmethod
    def of(cls, learner: KnownLearner) -> Self:
        """Show a learner."""
        series = learner.series
        return cls(
            learner_id=learner.learner_id,
            first_name=learner.first_name,
            last_name=learner.last_name,
            boards=[KnownNumberOut(board=known.board, number_begins=known.begins) for known in learner.numbers],
            completions=learner.completions,
            last_completed_on=learner.last_completed_on,
            series=series
            and SeriesAttendanceOut(
                completions=series.completions,
                last_completed_on=series.last_completed_on,
                cme_credits=in_credits(series.quarters),
            ),
        )


class KnownLearnerPage(Out):
    """A page of learners, by name."""

    data: list[KnownLearnerOut]
    next_cursor: str | None
