"""A record in its place, with everything that the rules read from it. `placement.place` makes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import date, datetime, timedelta

import msgspec

from app.domain.activities import Activity, ActivityStatus
from app.domain.boards import Board
from app.domain.catalogue import Catalogue
from app.domain.credits import Completion, Credit, Outcome
from app.domain.identity.learners import Learner
from app.domain.identity.matches import Match, Result
from app.domain.parsing import Unparsed
from app.domain.reports import MOST_REFERENCES, Action, Amount, CmePart, CompletionReport, MocPart
from app.rules.row_target import RowTarget
from app.rules.standing import Standing
from app.rules.targets import Target

EARTH = timedelta(hours=14)
"""The farthest any calendar on earth is ahead of UTC."""


def latest_date_on_earth(now: datetime) -> date:
    """Return today's date where it is latest: elsewhere a completion of that day lies ahead, but not there."""
    return (now + EARTH).date()


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Facts shared by all records of one call."""

    catalogue: Catalogue
    now: datetime
    activities: Mapping[str, Activity]
    """Activities by id."""
    day_quarters: Mapping[tuple[str, str, str, date], int]
    """Quarters held on a day over all of a provider's activities, by (provider, learner, board, day).

    What others reported is not the provider's to know, not even as a sum.
    """
    support: str
    """Whom to ask when nothing else helps."""
    unaccredited: Set[str] = frozenset()
    """Activities, by id, that lie outside the time of their provider's accreditation."""
    unpermitted: Set[tuple[str, str, str | None, date | None]] = frozenset()
    """What physicians no longer permit, as (provider, learner, activity, day), of the learners who were matched.

    Activity and day are None where nothing may be reported.
    """

    def activity_of(self, report: CompletionReport) -> Activity | None:
        """Return a report's activity if it is the provider's; another provider's is as if it did not exist.

        So is a live one for a report of the sandbox, and the other way round.
        """
        activity = self.activities.get(report.activity_id) if report.activity_id else None
        if activity is None or activity.provider_id != report.provider_id or activity.sandbox != report.sandbox:
            return None
        return activity


class Clash(msgspec.Struct, frozen=True, kw_only=True):
    """A target that stands already on that day with other amounts."""

    target: Target
    credit: Credit
    completion_id: str
    """The completion in which it stands."""


class Naming(msgspec.Struct, frozen=True, kw_only=True):
    """References that a completion, or a credit of it, gets beside those it has."""

    completion: Completion
    credit: Credit | None
    """None for references of the completion as a whole."""
    references: tuple[str, ...]

    @property
    def fits(self) -> bool:
        """Whether there is room for them."""
        held = (self.completion if self.credit is None else self.credit).client_references
        return len(held) + len(self.references) <= MOST_REFERENCES


class LedgerTotal(msgspec.Struct, frozen=True, kw_only=True):
    """Quarters that the learner holds of a fresh target's ledger over the whole activity."""

    target: Target
    held: int
    becomes: int
    """The same with the record."""


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """Where a record goes, and what stands in its way."""

    targets: tuple[Target, ...]
    unchanged: tuple[Target, ...]
    fresh: tuple[Target, ...]
    rems_fresh: bool
    """Whether the record's risk-mitigation part is not there yet."""
    joins: Completion | None
    """The completion that the fresh targets join, or that has all of them; None when the record opens a new one."""
    occasion: int
    reused: tuple[Clash, ...]
    """Targets whose client reference already stands on the same target with other amounts."""
    same_day: tuple[Clash, ...]
    """Fresh targets of which another record of the day stands."""
    corrects: Completion | None = None
    """The completion that is corrected in place; nothing of it stands in its own way."""
    kept: tuple[Credit, ...] = ()
    """Credit that an update does not name, and so leaves as it is."""
    occasion_taken: bool = False
    """Whether a correction names the occasion of another completion."""
    rems_same_day: bool
    """Whether other risk-mitigation data of the day stands, so that this opens an occasion of its own."""
    names: tuple[Naming, ...] = ()
    """New references of what stands unchanged, and of the completion that is joined."""
    not_named: bool = False
    """Whether what stands has too many references to get those of the record."""
    moves: bool = False
    """Whether a correction takes its completion to another learner, activity or day."""
    moves_others: bool = False
    """Whether a correction by reference would move credit that stands under another one."""
    totals: tuple[LedgerTotal, ...]
    """One for each ledger that fresh targets count against."""

    @property
    def other_credits(self) -> Sequence[Credit]:
        """Credit that holds in the completion beside what the record asks for."""
        return [credit for credit in (self.joins.credits if self.joins else self.kept) if credit.holds]

    @property
    def outcome(self) -> Outcome:
        """The outcome of the record if no rule refuses it."""
        if self.corrects is not None:
            return Outcome.UPDATED
        if not self.fresh and not self.rems_fresh:
            return Outcome.UNCHANGED
        return Outcome.JOINED if self.joins is not None else Outcome.CREATED


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One record before the rules.

    A rule that needs the activity, the day, the learner, the placement or the row target says so in its `needs`, is
    not asked without it, and reads it as `known_…`.
    """

    report: CompletionReport
    facts: Facts
    activity: Activity | None
    match: Match
    standing: Standing
    placement: Placement | None
    corrects: Completion | None = None
    """The completion that the record is a correction of, as it stands; `standing` is then what stands beside it."""
    moc_parts: tuple[tuple[str, MocPart, Board], ...] = ()
    """The MOC parts of known boards, with their pointers: half of all rules go through them."""
    amounts: tuple[tuple[str, Amount], ...] = ()
    """Every amount of the record with its pointer."""
    row_target: RowTarget | None = None
    """The target of a delete or an update; None for other records, and where nobody can be looked up."""
    elsewhere: Completion | None = None
    """The completion of another learner that is the same record: its physician is found anew."""

    @property
    def learner(self) -> Learner | None:
        """The learner meant, when exactly one is."""
        return self.match.learner if self.match.result is Result.ONE else None

    @property
    def day(self) -> date | None:
        """The completion date, when it can be read."""
        day = self.report.completed_on
        return None if isinstance(day, Unparsed) else day

    @property
    def known_activity(self) -> Activity:
        """The activity, for rules that need it."""
        assert self.activity is not None
        return self.activity

    @property
    def known_day(self) -> date:
        """The completion date, for rules that need it."""
        assert self.day is not None
        return self.day

    @property
    def known_learner(self) -> Learner:
        """The learner, for rules that need one."""
        assert self.learner is not None
        return self.learner

    @property
    def known_placement(self) -> Placement:
        """The placement, for rules that need it."""
        assert self.placement is not None
        return self.placement

    @property
    def known_row_target(self) -> RowTarget:
        """The row target, for rules that need it."""
        assert self.row_target is not None
        return self.row_target

    @property
    def outcome(self) -> Outcome:
        """The outcome of the record if no rule refuses it."""
        if self.report.action is Action.DELETE:
            return Outcome.UNCHANGED if self.known_row_target.gone else Outcome.DELETED
        return self.known_placement.outcome

    @property
    def before(self) -> Completion | None:
        """The completion that an accepted record is about, as it stands; None when the record opens a new one."""
        if self.report.action is Action.DELETE:
            return self.known_row_target.completion
        return self.corrects or self.known_placement.joins

    @property
    def other_credits(self) -> Iterable[Credit]:
        """Credit that holds in the completion beside what the record asks for; none where it has no place."""
        return self.placement.other_credits if self.placement is not None else ()

    def cme_boards(self, cme: CmePart) -> tuple[Board, ...]:
        """Return the boards that a CME part's state may mean."""
        return self.facts.catalogue.licensing(cme.state, self.day) if cme.state else ()

    def board(self, moc: MocPart) -> Board | None:
        """Return the certifying board of a MOC part, if it is a known one."""
        return self.facts.catalogue.certifying(moc.board, self.day) if moc.board else None

    @property
    def activity_status(self) -> ActivityStatus:
        """The activity's status today."""
        return self.known_activity.status(self.facts.now.date())
