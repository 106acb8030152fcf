"""Reporting: the one way in. Every door ends in `submit`; a single request is a batch of one.

    load    activities, candidates, what stands already: a handful of queries for any number of records
    match   who is meant (pure)
    judge   every rule over every record (pure)
    save    completions, credits, ledger, board events, audit: set-based, in one transaction

Records take effect in their order: each is judged against what the ones before it have left.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from app.core.clock import new_id
from app.core.errors import CompletionRejected, Contended
from app.domain.candidates import Wanted
from app.domain.completion_changes import Change, Day, Pair
from app.domain.credits import Completion, Outcome
from app.domain.findings import Finding
from app.domain.identity import NOT_ASKED, Match
from app.domain.reports import Action, CompletionReport
from app.matching.exact import collect_keys, find_learner
from app.rules.case import Case, Facts, case_of, subject_of
from app.rules.judge import judge
from app.rules.placement import Standing
from app.services.context import Caller, Work
from app.services.findings import rejected
from app.services.reporting.changes import as_written, correction, joined, new_credit
from app.services.reporting.dry_run_state import Overlay
from app.services.reporting.learner_ids import keep_learner_ids, learner_id_of
from app.services.reporting.saving import keep, partly_withdrawn, withdrawn
from app.store import activities, completions, learners

_DAILY = "daily-credits-unusual"


class Submitted(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one report."""

    outcome: Outcome
    completion: Completion | None
    """The completion it created, joined, deleted or was found in; None when it was rejected, or withdrawn before."""
    findings: tuple[Finding, ...]
    before: Completion | None = None
    """The completion as it stood, where it was joined, corrected or withdrawn."""

    @property
    def standing(self) -> set[str]:
        """Ids of the credits that stood before."""
        before = self.completion if self.outcome is Outcome.UNCHANGED else self.before
        return {each.credit_id for each in before.credits} if before is not None else set()


def report(work: Work, one: CompletionReport) -> Submitted:
    """Report one completion; raises `CompletionRejected` with every finding when it is refused."""
    (submitted,) = submit(work, [one])
    if submitted.outcome is Outcome.REJECTED:
        raise rejected(CompletionRejected, submitted.findings)
    return submitted


def submit(work: Work, reports: Sequence[CompletionReport]) -> list[Submitted]:
    """Judge and store reports in their order; each is accepted whole or rejected whole."""
    return submit_each([work] * len(reports), reports)


def submit_each(works: Sequence[Work], reports: Sequence[CompletionReport]) -> list[Submitted]:
    """Judge and store reports of several callers in one transaction, each under its own caller's work."""
    if not works:
        return []
    reports = [in_world(work.caller, each) for work, each in zip(works, reports, strict=True)]
    loaded = _load(works[0], reports)
    results, changes = _judged(works, reports, loaded)
    if changes:
        keep_learner_ids(works[0], loaded.new_learner_ids)
        keep(changes, loaded.facts.activities, verb="report")
    return results


def preview(connection: Connection, caller: Caller, one: CompletionReport) -> Submitted:
    """Judge a report as it would be now, and show the completion it would make; nothing is stored or locked."""
    work = Work(connection=connection, caller=caller, now=caller.service.clock())
    one = in_world(caller, one)
    (result,), _ = _judged([work], [one], _load(work, [one], locking=False))
    return result


def rehearse(
    connection: Connection, caller: Caller, reports: Sequence[CompletionReport], overlay: Overlay
) -> list[Submitted]:
    """Judge a piece of a file as `submit` would after the pieces before it; nothing is stored or locked.

    The overlay remembers what each piece would have left, and is the same object for all pieces of a file.
    """
    work = Work(connection=connection, caller=caller, now=caller.service.clock())
    reports = [in_world(caller, each) for each in reports]
    loaded = _load(work, reports, locking=False)
    for pair in {_pair(each, match) for each, match in zip(reports, loaded.matches, strict=True)}:
        loaded.standing[pair] = overlay.over(pair, loaded.standing[pair])
    for day in loaded.day_quarters:
        loaded.day_quarters[day] += overlay.more_on(day)
    results, changes = _judged([work] * len(reports), reports, loaded)
    summed = frozenset(board.code for board in work.service.catalogue.boards.values() if _DAILY in board.advice)
    for _, change in changes:
        overlay.count(change, summed)
    for pair in {completion.pair for _, change in changes for completion, _ in change.before_and_after()}:
        overlay.keep(pair, loaded.standing[pair])
    return results


def in_world(caller: Caller, one: CompletionReport) -> CompletionReport:
    """Return a report as one of the sandbox when a test client sends it: the live world does not exist for it."""
    return replace(one, sandbox=True) if caller.client.test else one


def _judged(
    works: Sequence[Work], reports: Sequence[CompletionReport], loaded: _Loaded
) -> tuple[list[Submitted], list[tuple[Work, Change]]]:
    """Judge reports in their order, each against what those before it leave; return what is to be stored."""
    results: list[Submitted] = []
    changes: list[tuple[Work, Change]] = []
    for work, each, match in zip(works, reports, loaded.matches, strict=True):
        before = loaded.corrected[each.corrects] if each.corrects is not None else None
        case = case_of(each, loaded.facts, match, loaded.standing[_pair(each, match)], before)
        findings = judge(case)
        if any(finding.rejects for finding in findings):
            results.append(Submitted(outcome=Outcome.REJECTED, completion=None, findings=findings, before=before))
            continue
        outcome, completion = _outcome(case)
        before = before or completion
        if outcome is not Outcome.UNCHANGED:
            change = _change(work, case, loaded)
            if change is None:
                outcome, completion = Outcome.UNCHANGED, before
            else:
                changes.append((work, change))
                completion = change.completion
                loaded.note(change)
        results.append(Submitted(outcome=outcome, completion=completion, findings=findings, before=before))
    return results, changes


def _outcome(case: Case) -> tuple[Outcome, Completion | None]:
    """Return what becomes of an accepted record, and the completion that it is about as that stands."""
    if case.report.action is Action.DELETE:
        assert case.row_target is not None
        return Outcome.UNCHANGED if case.row_target.gone else Outcome.DELETED, case.row_target.completion
    return case.placed.outcome, case.corrects or case.placed.onto


class _Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the rules need to know, for all reports at once."""

    facts: Facts
    matches: list[Match]
    standing: defaultdict[Pair, Standing]
    learner_ids: dict[tuple[str, str], str]
    new_learner_ids: list[dict[str, object]]
    day_quarters: dict[Day, int]
    corrected: dict[str, Completion]
    """Completions that are to be corrected, as they stand."""

    def note(self, change: Change) -> None:
        """Let the records that follow see what one before them changed."""
        before, after = change.before, change.completion
        if before is not None and before.pair != after.pair:
            self.standing[before.pair] = self.standing[before.pair].without(before.completion_id)
        if before is not None and (taken := change.withdrawn_boards):
            self.standing[before.pair].gone.update((before.completed_on, before.occasion, each) for each in taken)
        self.standing[after.pair].put(after)
        if after.completion_id in self.corrected:
            self.corrected[after.completion_id] = after
        for day, quarters in change.day_deltas() if self.day_quarters else ():
            if day in self.day_quarters:
                self.day_quarters[day] += quarters


def _load(work: Work, reports: Sequence[CompletionReport], *, locking: bool = True) -> _Loaded:
    catalogue = work.service.catalogue
    facts = Facts(
        catalogue=catalogue,
        now=work.now,
        activities=activities.reportable(
            work.connection,
            {(each.provider_id, each.activity_id) for each in reports if each.activity_id},
            locking=locking,
        ),
        day_quarters={},
        support=work.service.settings.support_contact,
    )
    asked = [collect_keys(each, catalogue) if facts.activity_of(each) is not None else None for each in reports]
    wanted = Wanted()
    for keys in asked:
        if keys is not None:
            wanted.add(keys)
    candidates = learners.candidates(work.connection, wanted)
    matches = [
        find_learner(each, candidates, catalogue, keys) if keys is not None else NOT_ASKED
        for each, keys in zip(reports, asked, strict=True)
    ]
    asked_for = {each.corrects for each in reports if each.corrects is not None}
    to_correct = completions.pairs_of(work.connection, asked_for)
    pairs = {_pair(each, match) for each, match in zip(reports, matches, strict=True)} - {("", "")}
    pairs |= set(to_correct.values())
    if locking:
        completions.lock_pairs(work.connection, pairs)
    standing: defaultdict[Pair, Standing] = defaultdict(Standing)
    corrected: dict[str, Completion] = {}
    deleted = {_pair(each, m) for each, m in zip(reports, matches, strict=True) if each.action is Action.DELETE}
    for pair, gone in completions.gone(work.connection, deleted - {("", "")}).items():
        standing[pair] = Standing(gone=gone)
    for pair, held in completions.standing(work.connection, pairs).items():
        standing[pair] = Standing(held, standing[pair].gone)
        corrected |= {each.completion_id: each for each in held if each.completion_id in asked_for}
    if corrected.keys() != asked_for:
        raise Contended("a completion was withdrawn or moved before it could be corrected")
    learner_ids = learners.learner_ids_of(
        work.connection,
        {
            (each.provider_id, match.learner.physician_id)
            for each, match in zip(reports, matches, strict=True)
            if match.learner
        },
    )
    watched = completions.day_quarters(work.connection, _watched_days(work, reports, matches))
    facts = replace(facts, day_quarters=watched)
    return _Loaded(
        facts=facts,
        matches=matches,
        standing=standing,
        learner_ids=learner_ids,
        new_learner_ids=[],
        day_quarters=watched,
        corrected=corrected,
    )


def _pair(report: CompletionReport, match: Match) -> Pair:
    subject = subject_of(report, match)
    return (report.activity_id, subject) if report.activity_id and subject else ("", "")


def _watched_days(work: Work, reports: Sequence[CompletionReport], matches: Sequence[Match]) -> Iterable[Day]:
    """Yield the providers, learners, boards and days of which a rule wants the sum over all activities."""
    for each, match in zip(reports, matches, strict=True):
        for moc in each.moc if match.learner is not None and each.action is not Action.DELETE else ():
            board = work.service.catalogue.certifying(moc.board) if moc.board else None
            if board is not None and _DAILY in board.advice and isinstance(each.completed_on, date):
                assert match.learner is not None
                yield each.provider_id, match.learner.physician_id, board.code, each.completed_on


def _change(work: Work, case: Case, loaded: _Loaded) -> Change | None:
    """Build the new, extended or corrected completion that an accepted record makes; None when nothing changes."""
    report = case.report
    if report.action is Action.DELETE:
        return _withdrawal(work, case)
    placement = case.placed
    if placement.corrects is not None:
        meant = case.learner.physician_id if case.learner else None
        return correction(work, case, _learner_id(work, report.provider_id, meant, loaded))
    added = tuple(new_credit(work, target, case.completed, case.learner) for target in placement.fresh)
    if placement.onto is not None:
        return joined(work, case, placement.onto, added)
    first_name, last_name, birth_date, npi = as_written(report.person)
    physician_id = case.learner.physician_id if case.learner else None
    subject = subject_of(report, case.match)
    assert subject is not None and report.activity_id is not None
    completion = Completion(
        completion_id=new_id(),
        provider_id=report.provider_id,
        activity_id=report.activity_id,
        physician_id=physician_id,
        subject=subject,
        learner_id=_learner_id(work, report.provider_id, physician_id, loaded),
        completed_on=case.completed,
        occasion=placement.occasion,
        first_name=first_name,
        last_name=last_name,
        birth_date=birth_date,
        npi=npi,
        rems=report.rems,
        entry_method=report.entry_method,
        client_id=work.caller.client.client_id,
        batch_id=report.batch_id,
        submitted_at=report.received_at,
        updated_at=work.now,
        version=1,
        withdrawn_at=None,
        catalogue=work.service.catalogue.digest,
        credits=added,
    )
    return Change(completion=completion, before=None, added=added)


def _learner_id(work: Work, provider_id: str, physician_id: str | None, loaded: _Loaded) -> str | None:
    """Return the id under which the provider may name the physician, None where nobody is meant."""
    if physician_id is None:
        return None
    return learner_id_of(work, (provider_id, physician_id), loaded.learner_ids, loaded.new_learner_ids)


def _withdrawal(work: Work, case: Case) -> Change:
    """Build what a delete takes back: the credit of the boards it names, or all of the completion."""
    row_target = case.row_target
    assert row_target is not None and row_target.completion is not None
    if not row_target.boards:
        return withdrawn(row_target.completion, work.now)
    with_rems = case.report.rems is not None
    return partly_withdrawn(row_target.completion, row_target.boards, work.now, with_rems=with_rems)
