"""Merging physicians, undoing it, splitting one who is two, and pairs that wait for a decision."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, ClassVar

from pydantic import Field

from app.domain.amounts import in_credits
from app.domain.identity.learners import PairStatus
from app.domain.identity.merges import MergePlan, MergeReason, Overruled, SplitResult, Unmerged
from app.domain.identity.pairs import FieldLevel, PairSide, ReviewedPair
from app.schemas.base import Example, Line, Name, OneOf, Out, Requests, Strict, Word
from app.schemas.physicians import HeldCertification, HeldLicense, PhysicianNameIn, PhysicianOut

_STAYS = "017de0b2-4c30-7b5e-9a61-5f0d2c7be412"
_MOST_LINES = 10_000
"""Completions and credits that one split names, of each side."""
Overrule = Annotated[
    list[OneOf[Overruled]],
    Field(max_length=10, description="What speaks against it and shall not count; a refusal names what that is."),
]


class MergeIn(Strict):
    """Into whom a physician is merged."""

    requests: ClassVar[Requests] = {
        "looked_at": ("What it would do", {"into": _STAYS, "dry_run": True}),
        "overruled": (
            "Although the birth dates differ",
            {"into": _STAYS, "overrule": ["date_of_birth"]},
        ),
    }

    into: Word = Field(description="Id of the physician who stays.")
    overrule: Overrule = []
    dry_run: bool = Field(False, description="Only look at what it would do.")


class WithdrawnByMergeOut(Out):
    """Credit that is withdrawn as two become one, since other credit stands for it."""

    example: ClassVar[Example] = {"reason": "already-reported"}

    completion_id: str
    credit_id: str
    reason: MergeReason
    stands_in: str = Field(description="The completion of the credit that stands for it.")
    stands: str = Field(description="The credit that stands for it.")


class MergeOut(Out):
    """What a merge did, or would do."""

    example: ClassVar[Example] = {"dry_run": False}

    merged: str = Field(description="The id that is an alias now.")
    physician: PhysicianOut
    moved: list[str] = Field(description="Completions that moved, with their ids and their credit.")
    withdrawn: list[WithdrawnByMergeOut]
    dry_run: bool

    @classmethod
    def of(cls, plan: MergePlan, *, dry_run: bool = False) -> MergeOut:
        """Show a merge."""
        return cls(
            merged=plan.one.physician_id,
            physician=PhysicianOut.of(plan.after),
            moved=[moved.completion_id for moved in plan.document.moved],
            withdrawn=[
                WithdrawnByMergeOut(
                    completion_id=lost.completion_id,
                    credit_id=lost.credit_id,
                    reason=lost.reason,
                    stands_in=lost.kept_in,
                    stands=lost.kept,
                )
                for lost in plan.document.superseded
            ],
            dry_run=dry_run,
        )


class NotRestoredOut(Out):
    """Credit that a merge withdrew and that did not come back."""

    example: ClassVar[Example] = {"reason": "the credit that stood for it was withdrawn since"}

    completion_id: str
    credit_id: str
    reason: str


class UnmergeOut(Out):
    """What undoing a merge did."""

    physician: PhysicianOut = Field(description="Who was an alias.")
    rest: PhysicianOut = Field(description="Who they had been merged into.")
    moved: int = Field(description="Completions that went back.")
    restored: int = Field(description="Credits that the merge had withdrawn, and that were reported anew.")
    not_restored: list[NotRestoredOut]

    @classmethod
    def of(cls, undone: Unmerged) -> UnmergeOut:
        """Show what happened."""
        return cls(
            physician=PhysicianOut.of(undone.parted),
            rest=PhysicianOut.of(undone.rest),
            moved=undone.moved,
            restored=undone.restored,
            not_restored=[
                NotRestoredOut(completion_id=lost.completion_id, credit_id=lost.credit_id, reason=lost.reason)
                for lost in undone.not_restored
            ],
        )


class SplitPersonIn(Strict):
    """Who leaves."""

    first_name: Name | None = None
    middle_name: Name | None = None
    last_name: Name | None = None
    suffix: Word | None = None
    date_of_birth: Word | None = Field(None, description="`MM/DD`; the one on file stays with who stays.")
    medical_school: Name | None = None


class SplitIn(Strict):
    """Who leaves a physician on file who is two people, and whose each credit is."""

    requests: ClassVar[Requests] = {
        "father_and_son": (
            "One licence and one completion go with the son",
            {
                "physician": {"first_name": "John", "last_name": "Smith", "suffix": "Jr", "date_of_birth": "04/18"},
                "licenses": [{"board": "TN-M", "license_id": "54321"}],
                "goes": ["017de0b2-4c30-7b5e-9a61-5f0d2c7be401"],
                "stays": ["017de0b2-4c30-7b5e-9a61-5f0d2c7be404"],
            },
        ),
    }

    physician: SplitPersonIn
    names: list[PhysicianNameIn] = Field([], max_length=100, description="Names on file that go.")
    npi: bool = Field(False, description="Whether the NPI on file goes.")
    licenses: list[HeldLicense] = Field([], max_length=100, description="Licences that go.")
    certifications: list[HeldCertification] = Field([], max_length=100, description="Certifications that go.")
    goes: list[Line] = Field(
        [], max_length=_MOST_LINES, description="Completions, and single credits, that are the new physician's."
    )
    stays: list[Line] = Field([], max_length=_MOST_LINES, description="Completions, and single credits, that stay.")

    def fields_sent(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return self.model_dump()


class SplitOut(Out):
    """Two physicians out of one."""

    stays: PhysicianOut
    leaves: PhysicianOut
    moved: int = Field(description="Completions that went as a whole.")
    parted: int = Field(description="Completions of which some credit went: withdrawn there, and reported anew.")

    @classmethod
    def of(cls, result: SplitResult) -> SplitOut:
        """Show both."""
        return cls(
            stays=PhysicianOut.of(result.stays),
            leaves=PhysicianOut.of(result.leaves),
            moved=result.moved,
            parted=result.parted,
        )


class CreditedBoardOut(Out):
    """What is credited for one board."""

    example: ClassVar[Example] = {"board": "TN-M", "count": 3, "credits": 6.5}

    board: str
    count: int = Field(description="Credits that hold.")
    credits: float = Field(description="Their sum.")


class PairSideOut(Out):
    """One of two who seem to be one person."""

    physician: PhysicianOut
    completions: int
    credited: list[CreditedBoardOut]

    @classmethod
    def of(cls, side: PairSide) -> PairSideOut:
        """Show one of the two."""
        return cls(
            physician=PhysicianOut.of(side.physician),
            completions=side.completions,
            credited=[
                CreditedBoardOut(board=one.board, count=one.credits, credits=in_credits(one.quarters))
                for one in side.credited
            ],
        )


class PairLevelsOut(Out):
    """How the fields of both compare."""

    example: ClassVar[Example] = {
        "names": "related", "suffix": "absent", "date_of_birth": "same", "npi": "absent", "licenses": "different",
        "certifications": "absent", "medical_school": "absent",
    }  # fmt: skip

    names: FieldLevel
    suffix: FieldLevel
    date_of_birth: FieldLevel
    npi: FieldLevel
    licenses: FieldLevel = Field(description="`different` where both have numbers of one board that are not the same.")
    certifications: FieldLevel
    medical_school: FieldLevel


class PhysicianPairOut(Out):
    """Two physicians on file who seem to be one person."""

    example: ClassVar[Example] = {
        "status": "open", "evidence": ["names", "birth_date"], "source": "board.csv", "into": _STAYS,
        "decided_at": None, "decided_by": None, "postponed_at": None,
    }  # fmt: skip

    pair_id: str
    status: PairStatus
    evidence: list[str] = Field(description="Kinds of what both have in common, by which they were found.")
    source: str = Field(description="Where the second of them came from.")
    first_seen_at: datetime
    decided_at: datetime | None
    decided_by: str | None = Field(description="The client that decided.")
    postponed_at: datetime | None
    levels: PairLevelsOut
    physicians: list[PairSideOut] = Field(description="Both, with what is on file and credited.")
    into: str = Field(description="Who stays when they are joined, unless told otherwise.")

    @classmethod
    def of(cls, reviewed: ReviewedPair) -> PhysicianPairOut:
        """Show a pair."""
        pair = reviewed.pair
        return cls(
            pair_id=pair.pair_id,
            status=PairStatus(pair.status),
            evidence=pair.evidence.split(),
            source=pair.source,
            first_seen_at=pair.first_seen_at,
            decided_at=pair.decided_at,
            decided_by=pair.decided_by,
            postponed_at=pair.postponed_at,
            levels=PairLevelsOut.model_validate(reviewed.levels),
            physicians=[PairSideOut.of(side) for side in reviewed.sides],
            into=reviewed.into,
        )


class PhysicianPairPage(Out):
    """A page of pairs."""

    data: list[PhysicianPairOut]
    next_cursor: str | None

    @classmethod
    def of(cls, found: Iterable[ReviewedPair], cursor: str | None) -> PhysicianPairPage:
        """Show a page."""
        return cls(data=[PhysicianPairOut.of(one) for one in found], next_cursor=cursor)


class JoinIn(Strict):
    """How a pair is joined."""

    requests: ClassVar[Requests] = {
        "plain": ("As proposed", {}),
        "other": ("The other one stays", {"into": _STAYS}),
    }

    into: Word | None = Field(None, description="Who stays; without it, who has more credit, then more on file.")
    overrule: Overrule = []
