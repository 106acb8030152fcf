"""Merges: two physicians on file become one, and what has to be known of it to undo it."""

from __future__ import annotations

import enum
from datetime import datetime

import msgspec

from app.domain.identity.physicians import FiledName, Physician
from app.domain.parsing import MonthDay


class MergeReason(enum.StrEnum):
    """Why credit was withdrawn as two physicians became one: other credit stands for it."""

    ALREADY_REPORTED = "already-reported"
    """Credit of the same activity, day, board and amounts stands: it is one record that was reported twice."""
    ONE_RECORD_PER_DAY = "one-record-per-day"
    """The board takes one record a day: the other one was corrected to the sum of both."""
    SAME_COMPLETION = "same-completion"
    """CME of one completion for several states is one amount: it was reported anew within the other completion."""


class Overruled(enum.StrEnum):
    """What speaks against a merge, and does not once the operator says so."""

    BIRTH_DATE = "date_of_birth"
    """The birth dates on file differ."""
    NPI = "npi"
    """Both have an NPI."""
    SUFFIX = "suffix"
    """The suffixes of their names differ, as those of father and son."""
    NEVER = "never"
    """The pair was decided: never these two."""


class MovedCompletion(msgspec.Struct, frozen=True, kw_only=True):
    """A completion that has moved to the other physician, with its credit."""

    completion_id: str
    occasion: int
    """The one that it had before."""


class Superseded(msgspec.Struct, frozen=True, kw_only=True):
    """Credit that was withdrawn since other credit of the same physician stands for it."""

    reason: MergeReason
    completion_id: str
    credit_id: str
    kept_in: str
    """The completion of the credit that stands for it."""
    kept: str
    quarters: int
    """The amount of the credit that stands for it, before."""
    credit_types: tuple[tuple[str, int], ...] = ()
    references: tuple[str, ...] = ()
    """The sender's keys that the credit that stands for it was given."""


class NamedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A completion that was given the sender's keys of one that was withdrawn."""

    completion_id: str
    references: tuple[str, ...]


class MergeDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What a merge has moved."""

    before: Physician
    """The one who is an alias since, as they were."""
    gave: tuple[str, ...] = ()
    """Fields that the other one lacked and was given."""
    aliases: tuple[str, ...] = ()
    """Physicians who had been merged into this one before."""
    providers: tuple[str, ...] = ()
    """Providers whose learner id now names the other one."""
    moved: tuple[MovedCompletion, ...] = ()
    withdrawn: tuple[str, ...] = ()
    """Completions of which nothing was left."""
    superseded: tuple[Superseded, ...] = ()
    named: tuple[NamedRecord, ...] = ()
    pair_status: str | None = None
    """What the pair of the two was before; None where there was none."""


class Merge(msgspec.Struct, frozen=True, kw_only=True):
    """A merge that stands."""

    merge_id: str
    physician_id: str
    """The one that is an alias since."""
    into_id: str
    at: datetime
    document: MergeDocument


class NotRestored(msgspec.Struct, frozen=True, kw_only=True):
    """Credit that a merge withdrew and that did not come back when it was undone."""

    completion_id: str
    credit_id: str
    reason: str


class MergePlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a merge does, or would do."""

    one: Physician
    into: Physician
    after: Physician
    """The one who stays, as they are after it."""
    document: MergeDocument


class Unmerged(msgspec.Struct, frozen=True, kw_only=True):
    """What undoing a merge did."""

    parted: Physician
    """Who was an alias."""
    rest: Physician
    """Who they were merged into."""
    moved: int
    """Completions that went back."""
    restored: int
    """Credits that the merge had withdrawn, and that were reported anew."""
    not_restored: tuple[NotRestored, ...]


FiledKey = tuple[str, str]
"""A board, and the comparison key of a number."""


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """Who leaves, and with what."""

    shown: FiledName
    """The name of who leaves; it need not be on file."""
    birth_date: MonthDay | None = None
    """None where it is not known; the one on file stays with who stays."""
    medical_school: str | None = None
    names: tuple[FiledName, ...] = ()
    """Names on file that go."""
    npi: bool = False
    """Whether the NPI goes."""
    licenses: tuple[FiledKey, ...] = ()
    certifications: tuple[FiledKey, ...] = ()
    goes: frozenset[str] = frozenset()
    """Ids of completions and of credits that go."""
    stays: frozenset[str] = frozenset()
    """Ids of completions and of credits that stay."""


class SplitRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A completion of who is split, and what becomes of it."""

    completion_id: str
    version: int
    """The one that it has before."""
    going: tuple[str, ...] = ()
    """Ids of its credit that goes."""
    whole: bool = False
    """Whether it goes itself, with its id: otherwise what goes is withdrawn, and reported anew."""
    corrected: tuple[str, ...] = ()
    """Ids of credit whose board is told by which number or name it knows who leaves."""


class SplitResult(msgspec.Struct, frozen=True, kw_only=True):
    """Two physicians out of one, as they are or would be."""

    before: Physician
    stays: Physician
    leaves: Physician
    records: tuple[SplitRecord, ...] = ()
    """Every completion that stood."""

    @property
    def moved(self) -> int:
        """Completions that go as a whole."""
        return sum(record.whole for record in self.records)

    @property
    def parted(self) -> int:
        """Completions of which some credit goes."""
        return sum(bool(record.going) and not record.whole for record in self.records)
