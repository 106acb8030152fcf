"""Transcripts for boards: whom they look for, what is answered."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field

from app.domain.amounts import in_credits
from app.domain.boards import BoardKind
from app.domain.credits import CreditKind, CreditStatus, Delivery
from app.domain.passport.licensees import FoundTranscript, LicenseeQuestion
from app.domain.passport.transcripts import (
    RowFlag,
    TranscriptCredit,
    TranscriptLine,
    TranscriptPeriod,
    TranscriptRow,
    totals,
    totals_by_board,
)
from app.schemas.base import Day, Example, Out, Requests
from app.schemas.completion_records import TypeAmountOut
from app.schemas.validations import KnownLearner

_VINCENT = {"first_name": "Vincent", "last_name": "Van Gogh"}


class TranscriptSearchIn(KnownLearner):
    """Of whom the transcript is wanted: both names, and a number or the birth date. All of it has to fit exactly.

    A number without its state or board is one of your own board's.
    """

    requests: ClassVar[Requests] = {
        "number": ("By your board's own number", _VINCENT | {"board_id": "98989"}),
        "license": (
            "By a licence, for a period",
            _VINCENT | {
                "state": "CA", "license_id": "54916519", "completed_from": "2021-12-02", "completed_to": "2022-04-21",
            },
        ),
        "birthday": ("By the birth date", _VINCENT | {"date_of_birth": "03/30"}),
    }  # fmt: skip

    completed_from: Day | None = Field(None, description="First day of completion.")
    completed_to: Day | None = Field(None, description="Last day of completion.")

    def as_question(self) -> LicenseeQuestion:
        """Return what is asked."""
        return LicenseeQuestion(
            known=self.as_request(),
            completed=TranscriptPeriod(first=self.completed_from, last=self.completed_to),
        )


class TranscriptTotalsIn(TranscriptSearchIn):
    """Whose credit is to be added up, and of which days: of completion, of submission, or both."""

    requests: ClassVar[Requests] = {
        "completed": (
            "By days of completion",
            _VINCENT | {"board_id": "98989", "completed_from": "2021-01-01", "completed_to": "2022-12-31"},
        ),
        "submitted": (
            "By days of submission",
            _VINCENT | {"board_id": "98989", "submitted_from": "2022-01-01", "submitted_to": "2022-12-31"},
        ),
    }

    submitted_from: Day | None = Field(None, description="First day (UTC) on which records were submitted.")
    submitted_to: Day | None = Field(None, description="Last day (UTC) on which records were submitted.")

    def as_question(self) -> LicenseeQuestion:
        """Return what is asked."""
        return LicenseeQuestion(
            known=self.as_request(),
            completed=TranscriptPeriod(first=self.completed_from, last=self.completed_to),
            submitted=TranscriptPeriod(first=self.submitted_from, last=self.submitted_to),
        )


class TranscriptNumberOut(Out):
    """A board of the learner's, with their numbers there."""

    example: ClassVar[Example] = {
        "kind": "certifying", "board": "ABO", "name": "American Board of Ophthalmology", "numbers": ["98989"],
    }  # fmt: skip

    kind: BoardKind
    board: str
    name: str
    numbers: list[str] = Field(description="Empty where credit was reported and no number is on file.")

    @classmethod
    def of(cls, line: TranscriptLine) -> TranscriptNumberOut:
        """Show a line of a transcript."""
        return cls(kind=line.kind, board=line.board, name=line.board_name, numbers=list(line.numbers))


class TranscriptLearnerOut(Out):
    """Whose transcript it is."""

    example: ClassVar[Example] = {"name": "Vincent Van Gogh"}

    name: str = Field(description="As it is printed.")
    boards: list[TranscriptNumberOut] = Field(description="Licences, then certifications.")


class BoardTotalOut(Out):
    """What one board was sent."""

    example: ClassVar[Example] = {
        "board": "ABO", "name": "American Board of Ophthalmology", "kind": "moc", "credits": 22.75,
        "credit_types": [{"type": "Lifelong Learning", "credits": 22.75}],
    }  # fmt: skip

    board: str
    name: str
    kind: CreditKind
    credits: float = Field(description="Credit that is pending or accepted; what was rejected counts for nothing.")
    credit_types: list[TypeAmountOut] = Field(
        description="The sum of each type by itself. Types are parts of `credits`, and never added to each other."
    )


class TranscriptTotalsOut(Out):
    """Totals, none of which is ever added to another."""

    ama_pra_credits: float = Field(description="AMA PRA Category 1 credits; what went to several states counts once.")
    boards: list[BoardTotalOut] = Field(description="Every board with credit, states before certifying boards.")

    @classmethod
    def of(cls, rows: Iterable[TranscriptRow]) -> TranscriptTotalsOut:
        """Add rows up."""
        rows = list(rows)
        return cls(
            ama_pra_credits=in_credits(totals(rows).ama_pra),
            boards=[
                BoardTotalOut(
                    board=one.board,
                    name=one.board_name,
                    kind=one.kind,
                    credits=in_credits(one.quarters),
                    credit_types=_types(one.credit_types),
                )
                for one in totals_by_board(rows)
            ],
        )


def _types(types: Iterable[tuple[str, int]]) -> list[TypeAmountOut]:
    return [TypeAmountOut(type=name, credits=in_credits(quarters)) for name, quarters in types]


class TranscriptCreditOut(Out):
    """Credit for one board, and where it stands."""

    example: ClassVar[Example] = {
        "kind": "moc", "board": "ABO", "credits": 22.75, "status": "accepted", "delivery": "board",
        "credit_types": [{"type": "Lifelong Learning", "credits": 22.75}],
    }  # fmt: skip

    kind: CreditKind
    board: str
    credits: float
    credit_types: list[TypeAmountOut]
    status: CreditStatus
    status_on: date | None = Field(description="Since which day (UTC) it stands so.")
    delivery: Delivery

    @classmethod
    def of(cls, credit: TranscriptCredit) -> TranscriptCreditOut:
        """Show a credit of a row."""
        return cls(
            kind=credit.kind,
            board=credit.board,
            credits=in_credits(credit.quarters),
            credit_types=_types(credit.credit_types),
            status=credit.status,
            status_on=credit.status_on,
            delivery=credit.delivery,
        )


class TranscriptRowOut(Out):
    """One activity that the learner has completed."""

    example: ClassVar[Example] = {
        "activity": "Testing out CME Passport",
        "provider": "Western Regional Medical Center",
        "flags": [],
    }

    completed_on: date
    activity_id: str
    activity: str = Field(description="The title of the activity.")
    provider: str = Field(description="The name of the provider.")
    credits: list[TranscriptCreditOut]
    flags: list[RowFlag] = Field(description="What a reader should know before relying on it.")

    @classmethod
    def of(cls, row: TranscriptRow) -> TranscriptRowOut:
        """Show a row of a transcript."""
        return cls(
            completed_on=row.completed_on,
            activity_id=row.activity_id,
            activity=row.activity,
            provider=row.provider,
            credits=[TranscriptCreditOut.of(credit) for credit in row.credits],
            flags=list(row.flags),
        )


class TranscriptOut(Out):
    """A transcript that was found."""

    transcript_id: Annotated[
        str,
        Field(
            description="By which you take the PDF, within a day. It names nobody, and opens nothing to another board."
        ),
    ]
    learner: TranscriptLearnerOut
    totals: TranscriptTotalsOut
    rows: list[TranscriptRowOut] = Field(description="Completed activities, the newest first.")


class TranscriptsOut(Out):
    """The transcript of the one who is meant; empty where nobody is, or nobody that you may see."""

    data: list[TranscriptOut]

    @classmethod
    def of(cls, found: FoundTranscript | None) -> TranscriptsOut:
        """Show a transcript, or that there is none."""
        if found is None:
            return cls(data=[])
        return cls(
            data=[
                TranscriptOut(
                    transcript_id=found.handle,
                    learner=_learner(found),
                    totals=TranscriptTotalsOut.of(found.transcript.rows),
                    rows=[TranscriptRowOut.of(row) for row in found.transcript.rows],
                )
            ]
        )


class LearnerTotalsOut(Out):
    """What was reported for one learner."""

    learner: TranscriptLearnerOut
    totals: TranscriptTotalsOut


class LearnersTotalsOut(Out):
    """The totals of the one who is meant; empty where nobody is, or nobody that you may see."""

    data: list[LearnerTotalsOut]

    @classmethod
    def of(cls, found: FoundTranscript | None) -> LearnersTotalsOut:
        """Show totals, or that there is nobody."""
        if found is None:
            return cls(data=[])
        return cls(
            data=[LearnerTotalsOut(learner=_learner(found), totals=TranscriptTotalsOut.of(found.transcript.rows))]
        )


def _learner(found: FoundTranscript) -> TranscriptLearnerOut:
    transcript = found.transcript
    return TranscriptLearnerOut(
        name=transcript.name, boards=[TranscriptNumberOut.of(line) for line in transcript.lines]
    )
