"""Load and match: what judging needs to know, for all reports at once, in a handful of queries.

First the activities and everybody who may be meant; then, of those who were matched, what stands already.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import msgspec
from msgspec.structs import replace

from app.core.errors import Contended, ProviderMoved
from app.domain.completion_changes import Change, Day, Pair
from app.domain.credits import Completion
from app.domain.identity.candidates import Candidates, Wanted
from app.domain.identity.matches import NOT_ASKED, Match
from app.domain.reports import Action, CompletionReport
from app.matching.by_evidence import find_by_evidence, forms_of_report, index_forms, needs_evidence
from app.matching.exact import collect_keys, find_learner
from app.matching.parts import credit_confirmed
from app.rules.case import Facts
from app.rules.standing import Standing, subject_of
from app.services.context import Work
from app.services.reporting import same_records
from app.services.reporting.learner_ids import LearnerIdRow
from app.services.reporting.same_records import SameRecords
from app.store import activities, completions
from app.store.access import providers
from app.store.activities import Reportable
from app.store.passport import permissions
from app.store.registry import learners

DAILY_CREDITS = "daily-credits-unusual"
"""The rule that wants the sum of a day over all of a provider's activities."""
_NO_PAIR: Pair = ("", "")
"""Stands for the activity and learner of a report that lacks one of them."""


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """The facts for all rules, and everybody who may be meant by some reports."""

    facts: Facts
    wanted: list[Wanted | None]
    """The keys under which the learner of each report was looked up; None where nobody is looked for."""
    candidates: Candidates
    reportable: Reportable
    """The activities, and what is to be known of records held for them."""


def load(work: Work, reports: Sequence[CompletionReport], *, locking: bool) -> Loaded:
    """Load the activities and the candidates of some reports; with `locking`, no activity changes meanwhile."""
    asked = {(report.provider_id, report.activity_id) for report in reports if report.activity_id}
    reportable = activities.load_reportable(work.connection, asked, locking=locking)
    if len(reportable.activities) < len(asked):
        _refuse_merged(work, {provider_id for provider_id, _ in asked})
    facts = Facts(
        catalogue=work.service.catalogue,
        now=work.now,
        activities=reportable.activities,
        day_quarters={},
        support=work.service.settings.support_contact,
        unaccredited=reportable.unaccredited,
    )
    wanted = [
        collect_keys(report, facts.catalogue) if facts.activity_of(report) is not None else None for report in reports
    ]
    every_key = Wanted()
    for keys in wanted:
        if keys is not None:
            every_key.add(keys)
    candidates = learners.load_candidates(work.connection, every_key)
    return Loaded(facts=facts, wanted=wanted, candidates=candidates, reportable=reportable)


def _refuse_merged(work: Work, provider_ids: Iterable[str]) -> None:
    """Raise `ProviderMoved` where an activity is missing because its provider was merged after the request began."""
    if providers.roots_of(work.connection, provider_ids):
        raise ProviderMoved


def match_learners(work: Work, reports: Sequence[CompletionReport], loaded: Loaded) -> list[Match]:
    """Return who is meant by each report, with the licences that credit goes to: confirmed ones only."""
    matches = _find_learners(work, reports, loaded)
    return [credit_confirmed(match, report) for match, report in zip(matches, reports, strict=True)]


def _find_learners(work: Work, reports: Sequence[CompletionReport], loaded: Loaded) -> list[Match]:
    """Return who is meant by each report: who fits exactly, else who does by evidence.

    One statement more for all whom nobody fits exactly, whatever the reason: all misses take the same time.
    """
    catalogue, candidates = loaded.facts.catalogue, loaded.candidates
    matches = [
        find_learner(report, candidates, catalogue, keys) if keys is not None else NOT_ASKED
        for report, keys in zip(reports, loaded.wanted, strict=True)
    ]
    open_places = [
        place
        for place, (report, match) in enumerate(zip(reports, matches, strict=True))
        if needs_evidence(report, match)
    ]
    if not open_places:
        return matches
    forms = Wanted()
    for place in open_places:
        forms.add(forms_of_report(reports[place], catalogue))
    found = learners.load_candidates(work.connection, forms).learners.values()
    index = index_forms(found, catalogue)
    for place in open_places:
        report, keys = reports[place], loaded.wanted[place]
        assert keys is not None
        here = candidates.in_world(report.sandbox)
        exact = here.under(keys, report).values()
        matches[place] = find_by_evidence(report, matches[place], exact, index, here, catalogue)
    return matches


@dataclass(slots=True, kw_only=True)
class Standings:
    """Existing completions of the matched learners, updated as records are judged one after another."""

    facts: Facts
    by_pair: defaultdict[Pair, Standing]
    corrected: dict[str, Completion]
    """Completions that are to be corrected, as they stand."""
    day_quarters: dict[Day, int]
    """Sums of days that a rule asks for; the same dictionary as in `facts`."""
    learner_ids: dict[tuple[str, str], str]
    """The ids by which providers name physicians, by (provider, physician)."""
    new_learner_ids: list[LearnerIdRow]
    """Those of them that are not stored yet."""
    same: SameRecords
    """Completions of others that may be the records sent."""

    def of(self, report: CompletionReport, match: Match) -> Standing:
        """Return what stands of a report's learner in its activity."""
        return self.by_pair[pair_of(report, match)]

    def to_correct(self, report: CompletionReport) -> Completion | None:
        """Return the completion that a report is a correction of, None when it is a record of its own."""
        return self.corrected[report.corrects] if report.corrects is not None else None

    def note(self, change: Change) -> None:
        """Let the records that follow see a change."""
        before, after = change.before, change.completion
        self.same.note(change)
        if before is not None and before.pair != after.pair:
            self.by_pair[before.pair] = self.by_pair[before.pair].without(before.completion_id)
        if before is not None and (taken := change.withdrawn_boards):
            self.by_pair[before.pair].gone.update((before.completed_on, before.occasion, board) for board in taken)
        self.by_pair[after.pair].put(after)
        if after.completion_id in self.corrected:
            self.corrected[after.completion_id] = after
        for day, quarters in change.day_deltas() if self.day_quarters else ():
            if day in self.day_quarters:
                self.day_quarters[day] += quarters


def pair_of(report: CompletionReport, match: Match) -> Pair:
    """Return the activity of a report and whom it is about, two empty texts where either is missing."""
    subject = subject_of(report, match)
    return (report.activity_id, subject) if report.activity_id and subject else _NO_PAIR


def load_standings(
    work: Work, reports: Sequence[CompletionReport], matches: Sequence[Match], facts: Facts, *, locking: bool
) -> Standings:
    """Load what stands of whom the reports mean; with `locking`, nobody else changes it meanwhile.

    Raises `Contended` when a completion that is to be corrected is not there any more.
    """
    connection = work.connection
    pair_by_report = [pair_of(report, match) for report, match in zip(reports, matches, strict=True)]
    asked_for = {report.corrects for report in reports if report.corrects is not None}
    to_correct = completions.pairs_of(connection, asked_for)
    pairs = (set(pair_by_report) - {_NO_PAIR}) | set(to_correct.values())
    if locking:
        completions.lock_pairs(connection, pairs, same_records.lock_keys(reports, matches))
    by_pair: defaultdict[Pair, Standing] = defaultdict(Standing)
    corrected: dict[str, Completion] = {}
    deleted = {pair for report, pair in zip(reports, pair_by_report, strict=True) if report.action is Action.DELETE} - {
        _NO_PAIR
    }
    for pair, gone in completions.load_withdrawn(connection, deleted).items():
        by_pair[pair].gone = gone
    for pair, held in completions.load_standing(connection, pairs).items():
        by_pair[pair].completions = held
        corrected |= {
            completion.completion_id: completion for completion in held if completion.completion_id in asked_for
        }
    if corrected.keys() != asked_for:
        raise Contended("a completion was withdrawn or moved before it could be corrected")
    learner_ids, merged, any_withdrew = learners.learner_ids_of_standing(
        connection,
        {
            (report.provider_id, match.learner.physician_id)
            for report, match in zip(reports, matches, strict=True)
            if match.learner
        },
    )
    if locking and merged:
        raise Contended("a physician was merged into another one after they had been found")
    day_quarters = completions.sum_by_day(connection, _summed_days(work, reports, matches))
    needing = _permission_asked_for(reports, matches) if any_withdrew else ()
    unpermitted = permissions.unpermitted(connection, needing)
    return Standings(
        facts=replace(facts, day_quarters=day_quarters, unpermitted=unpermitted),
        by_pair=by_pair,
        corrected=corrected,
        day_quarters=day_quarters,
        learner_ids=learner_ids,
        new_learner_ids=[],
        same=same_records.load(connection, reports, matches),
    )


def _permission_asked_for(reports: Sequence[CompletionReport], matches: Sequence[Match]) -> Iterable[tuple[str, str]]:
    """Yield (provider, physician) of what needs a permission that may have been withdrawn: a delete needs none."""
    for report, match in zip(reports, matches, strict=True):
        if match.learner is not None and report.action is not Action.DELETE and not report.sandbox:
            yield report.provider_id, match.learner.physician_id


def _summed_days(work: Work, reports: Sequence[CompletionReport], matches: Sequence[Match]) -> Iterable[Day]:
    """Yield the providers, learners, boards and days of which a rule wants the sum over all activities."""
    for report, match in zip(reports, matches, strict=True):
        if match.learner is None or report.action is Action.DELETE or not isinstance(report.completed_on, date):
            continue
        for moc in report.moc:
            board = work.service.catalogue.certifying(moc.board) if moc.board else None
            if board is not None and DAILY_CREDITS in board.advice:
                yield report.provider_id, match.learner.physician_id, board.code, report.completed_on
