"""Reporting: the one way in. Every door ends here; a single request is a batch of one.

    load    activities and candidates, then what stands of those who were matched: a handful of queries for all records
    match   evidence → one learner, several, none                        (pure)
    spend   birth dates that led to nobody are counted: see `budget`     (its own two or three statements)
    place   what each record joins, replaces or corrects                 (pure)
    judge   every rule over every record → findings                      (pure)
    save    completions, credits, ledger, board events, audit            (set by set, in one transaction)

Records take effect in their order: each is placed and judged against what the ones before it have left.

There are two entrances: `submit` for any number of records, `report` for one. `match_only` and `judge_only` stop before
the last step; what the matches cost is charged between them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from app.core.errors import CompletionRejected
from app.domain.completion_changes import Change
from app.domain.credits import Completion, Outcome
from app.domain.findings import Finding
from app.domain.held import HeldRecord
from app.domain.identity.matches import Match
from app.domain.reports import CompletionReport
from app.rules.case import Case
from app.rules.judge import judge
from app.rules.offers import Offers
from app.rules.placement import place
from app.rules.rems_answers import in_listed_words
from app.services.context import Caller, Work, transact
from app.services.findings import rejection_of
from app.services.reporting.budget import Questions, questions_of, settle, spend, withhold
from app.services.reporting.changes import build_change
from app.services.reporting.dry_run_state import DryRunState
from app.services.reporting.holding import ACCEPTED, HeldPiece, is_held
from app.services.reporting.learner_ids import assign_learner_id
from app.services.reporting.loading import Loaded, Standings, load, load_standings, match_learners
from app.services.reporting.references import build_namings_elsewhere
from app.services.reporting.saving import save_changes
from app.store import completions
from app.store.registry import explanations


class Submitted(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one report."""

    outcome: Outcome
    completion: Completion | None
    """The completion it created, joined, deleted or was found in; None when it was rejected, or withdrawn before."""
    findings: tuple[Finding, ...]
    before: Completion | None = None
    """The completion as it stood, where it was joined, corrected or withdrawn."""
    held: HeldRecord | None = None
    """The held record, where it waits for its match; None in a dry run."""

    @property
    def standing(self) -> set[str]:
        """Ids of the credits that stood before."""
        before = self.completion if self.outcome is Outcome.UNCHANGED else self.before
        return {credit.credit_id for credit in before.credits} if before is not None else set()


def report(work: Work, one: CompletionReport) -> Submitted:
    """Report one completion; raises `CompletionRejected` with every finding when it is refused."""
    (submitted,) = submit([work], [one])
    if submitted.outcome is Outcome.REJECTED:
        raise rejection_of(CompletionRejected, submitted.findings)
    return submitted


def submit(works: Sequence[Work], reports: Sequence[CompletionReport]) -> list[Submitted]:
    """Judge and store reports in their order, in one transaction; each is accepted whole or rejected whole.

    Each is reported under its own caller's work: callers may differ, the transaction is the same.
    """
    if not works:
        return []
    reports = [_in_world(work.caller, record) for work, record in zip(works, reports, strict=True)]
    evidence = [record.evidence_as_linked() for record in reports]
    loaded = load(works[0], evidence, locking=True)
    matches = spend(works, evidence, loaded, match_learners(works[0], evidence, loaded))
    holding = HeldPiece.lock(works, reports, matches, loaded)
    standings = load_standings(works[0], reports, matches, loaded.facts, locking=True)
    results, changes = _judge_in_order(works, reports, matches, standings)
    if changes:
        activities, new_ids = loaded.facts.activities, standings.new_learner_ids
        save_changes(changes, activities, verb="report", new_learner_ids=new_ids)
        explanations.save(works[0].connection, _explain(results, matches), works[0].now)
    return results if holding is None else _hold(holding, results)


def _hold(holding: HeldPiece, results: Sequence[Submitted]) -> list[Submitted]:
    """Hold what lacks only its match, and set aside what accepted reports take the place of."""
    after = [_hold_one(holding, number, result) for number, result in enumerate(results)]
    holding.save()
    return after


def _hold_one(holding: HeldPiece, number: int, result: Submitted) -> Submitted:
    if result.outcome in ACCEPTED and result.completion is not None:
        holding.accept(number, result.completion)
    elif result.outcome is Outcome.REJECTED and is_held(holding.reports[number], result.findings):
        held = holding.hold(number, result.findings)
        if isinstance(held, Completion):
            return Submitted(outcome=Outcome.UNCHANGED, completion=held, findings=(), before=held)
        if held is not None:
            return replace(result, outcome=Outcome.HELD, held=held)
    return result


def _explain(results: Sequence[Submitted], matches: Sequence[Match]) -> dict[str, dict[str, Any]]:
    """Return what finding the learner of each stored completion rests on, where evidence was weighed."""
    return {
        result.completion.completion_id: match.explain()
        for result, match in zip(results, matches, strict=True)
        if match.explain is not None and result.completion is not None and result.outcome in _STORED
    }


_STORED = (Outcome.CREATED, Outcome.JOINED, Outcome.UPDATED)


class Matched(msgspec.Struct, frozen=True, kw_only=True):
    """Reports that are only judged, once it is known whom they mean."""

    reports: Sequence[CompletionReport]
    loaded: Loaded
    matches: Sequence[Match]
    questions: Questions
    """Birth dates that have to be charged, by `charge`, before anything is told."""


def match_only(connection: Connection, caller: Caller, reports: Sequence[CompletionReport]) -> Matched:
    """Load and match reports that are only judged; reads only."""
    work = Work(connection=connection, caller=caller, now=caller.service.clock())
    reports = [_in_world(caller, record) for record in reports]
    loaded = load(work, reports, locking=False)
    matches = match_learners(work, reports, loaded)
    questions = questions_of([work] * len(reports), reports, loaded, matches)
    return Matched(reports=reports, loaded=loaded, matches=withhold(matches, reports, set()), questions=questions)


def charge(work: Work, matched: Matched) -> Matched:
    """Charge what the matches cost, in a transaction of its own; return the matches that may be told."""
    refused = settle(work.connection, work.service, work.now, matched.questions)
    return replace(matched, matches=withhold(matched.matches, matched.reports, refused), questions={})


def judge_only(
    connection: Connection, caller: Caller, matched: Matched, state: DryRunState | None = None
) -> list[Submitted]:
    """Judge reports as `submit` would, and show the completions they would make; nothing is stored or locked.

    The pieces of a file share one `state`: each is judged as if those before it had been stored.
    """
    assert not matched.questions, "what the matches cost has to be charged first"
    work = Work(connection=connection, caller=caller, now=caller.service.clock())
    reports, matches = matched.reports, matched.matches
    standings = load_standings(work, reports, matches, matched.loaded.facts, locking=False)
    if state is not None:
        state.apply_to(standings, reports, matches)
    results, changes = _judge_in_order([work] * len(reports), reports, matches, standings)
    if state is not None:
        state.remember([change for _, change in changes], standings)
    return [
        replace(result, outcome=Outcome.HELD)
        if result.outcome is Outcome.REJECTED and is_held(record, result.findings)
        else result
        for record, result in zip(reports, _name_stored_only(connection, results), strict=True)
    ]


def _name_stored_only(connection: Connection, results: Sequence[Submitted]) -> Sequence[Submitted]:
    """Return results whose findings name no completion that was only judged: nobody could look it up or correct it."""
    named = {finding.completion_id for result in results for finding in result.findings} - {None}
    unstored = named - completions.pairs_of(connection, filter(None, named)).keys()
    return (
        [replace(result, findings=_without(unstored, result.findings)) for result in results] if unstored else results
    )


def _without(unstored: Collection[str | None], findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return tuple(
        replace(
            finding,
            completion_id=None,
            hint=finding.hint.replace(f"completion {finding.completion_id}", "the earlier record"),
        )
        if finding.completion_id in unstored
        else finding
        for finding in findings
    )


def rehearse(caller: Caller, reports: Sequence[CompletionReport], state: DryRunState | None = None) -> list[Submitted]:
    """Judge reports without storing them, in transactions of its own: see `judge_only`."""
    database = caller.service.database
    matched = database.read(lambda connection: match_only(connection, caller, reports))
    if matched.questions:
        matched = transact(caller, charge, matched)
    return database.read(lambda connection: judge_only(connection, caller, matched, state))


def _in_world(caller: Caller, record: CompletionReport) -> CompletionReport:
    """Return a record as one of the sandbox when a test client sends it: the live world does not exist for it.

    Its answers for REMS are put into the words of their lists, whichever door they came by.
    """
    if record.rems is not None:
        record = replace(record, rems=in_listed_words(record.rems))
    return replace(record, sandbox=True) if caller.client.test else record


def _judge_in_order(
    works: Sequence[Work], reports: Sequence[CompletionReport], matches: Sequence[Match], standings: Standings
) -> tuple[list[Submitted], list[tuple[Work, Change]]]:
    """Place and judge reports, each against what those before it leave; return also the changes to be saved."""
    results: list[Submitted] = []
    changes: list[tuple[Work, Change]] = []
    offers = Offers()
    for work, record, match in zip(works, reports, matches, strict=True):
        corrects = standings.to_correct(record)
        others = standings.same.beside(record, match)
        case = place(record, standings.facts, match, standings.of(record, match), corrects, others)
        findings = judge(case, offers)
        if any(finding.rejects for finding in findings):
            results.append(Submitted(outcome=Outcome.REJECTED, completion=None, findings=findings, before=corrects))
            continue
        change = build_change(work, case, _learner_id(work, case, standings))
        if change is None:
            outcome, completion = Outcome.UNCHANGED, case.before
        else:
            outcome, completion = case.outcome, change.completion
            changes.append((work, change))
            standings.note(change)
        for naming in build_namings_elsewhere(work, case):
            changes.append((work, naming))
            standings.note(naming)
        results.append(Submitted(outcome=outcome, completion=completion, findings=findings, before=case.before))
    return results, changes


def _learner_id(work: Work, case: Case, standings: Standings) -> str | None:
    """Return the id by which the provider may name the physician, None where no physician is meant."""
    if case.learner is None:
        return None
    pair = (case.report.provider_id, case.learner.physician_id)
    return assign_learner_id(work, pair, standings.learner_ids, standings.new_learner_ids)
