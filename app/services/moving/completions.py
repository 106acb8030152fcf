"""Completions of another system taken over: matched and judged as reports are, stored with what boards decided there.

What a report is asked about its time is asked about the time at which it was submitted there. Birth dates are not
counted: the operator has the registry, and nothing is told of it to anybody else.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec
from msgspec.structs import replace

from app.domain.audit import IMPORT
from app.domain.completion_changes import Change
from app.domain.credits import Completion, Outcome
from app.domain.findings import Finding
from app.domain.identity.matches import Match
from app.domain.moving.records import ImportOutcome, PastCompletion
from app.domain.moving.telling import TellBoards
from app.domain.parsing import is_activity_id, plain_text
from app.rules.case import Case
from app.rules.judge import judge
from app.rules.placement import place
from app.services.context import Work
from app.services.moving.building import build_import
from app.services.moving.comparing import differences, find_alike
from app.services.moving.parts import JudgedRecord, judged_record
from app.services.moving.refusals import DIFFERS, TAKEN, find_refusals, refusal
from app.services.reporting.learner_ids import assign_learner_id
from app.services.reporting.loading import Standings, load, load_standings, match_learners, pair_of
from app.services.reporting.saving import save_changes
from app.store import activities, completions
from app.store.moving import imported
from app.store.registry import explanations

_STAYS = "What is on file stays. Correct it there, if the other system is right."


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one record."""

    outcome: ImportOutcome
    findings: Sequence[Finding] = ()
    """Why it was refused, or what differs."""
    stands: Completion | None = None
    """The completion on file that it is already."""


class _OnFile(msgspec.Struct, frozen=True, kw_only=True):
    """What has the ids of some records already."""

    others: frozenset[str]
    """Completions of other providers, by their ids."""
    own: dict[str, Completion]
    """The provider's own completions among them, those that bear other systems' ids, and those of the credits."""
    by_key: dict[str, str]
    """Ids of completions by other systems' ids of them, in their normal form."""
    completions_of_credits: dict[str, str]
    """Ids of completions by those of credits."""


def import_some(work: Work, records: Sequence[PastCompletion], tell: TellBoards) -> list[Imported]:
    """Take records over in their order, in one transaction; return what became of each.

    A record is taken over whole or not at all. What is on file already is not written again.
    """
    catalogue, provider_id = work.service.catalogue, work.caller.provider_id
    on_file = _look_up(work, records)
    results: dict[int, Imported] = {}
    judged: dict[int, JudgedRecord] = {}
    activity_ids: dict[str, str | None] = {}
    for number, moved in enumerate(records):
        findings = find_refusals(moved, catalogue, work.now)
        if findings:
            results[number] = Imported(outcome=ImportOutcome.REFUSED, findings=findings)
            continue
        one = judged_record(_with_own_activity(work, moved, activity_ids), catalogue, provider_id)
        compared = _compare(work, one, on_file)
        if compared is not None:
            results[number] = compared
        else:
            judged[number] = one
    if judged:
        results |= zip(judged, _import(work, list(judged.values()), on_file, tell), strict=True)
    in_order = [results[number] for number in range(len(records))]
    return _tell_of(work, in_order) if tell is TellBoards.PENDING else in_order


def _tell_of(work: Work, results: Sequence[Imported]) -> list[Imported]:
    """Tell boards of credit on file on which they have not decided, and of which they have heard nothing from here."""
    waiting = {
        stands.completion_id: [credit for credit in stands.credits if credit.waits]
        for moved in results
        if (stands := moved.stands) is not None
    }
    ids = {credit.credit_id for credits in waiting.values() for credit in credits}
    untold = imported.find_untold(work.connection, ids) if ids else set()
    changes: dict[str, Change] = {}
    told: list[Imported] = []
    for moved in results:
        stands = moved.stands
        credits = [c for c in waiting[stands.completion_id] if c.credit_id in untold] if stands is not None else []
        if stands is None or not credits or stands.completion_id in changes:
            told.append(moved)
            continue
        after = replace(stands, version=stands.version + 1, updated_at=work.now)
        changes[stands.completion_id] = Change(completion=after, before=stands, told=tuple(credits))
        told.append(replace(moved, outcome=ImportOutcome.TOLD))
    save_changes([(work, change) for change in changes.values()], {}, verb=IMPORT)
    return told


def _look_up(work: Work, records: Sequence[PastCompletion]) -> _OnFile:
    connection, provider_id = work.connection, work.caller.provider_id
    ids = {moved.completion_id for moved in records if moved.completion_id is not None}
    credits = {credit.credit_id for moved in records for credit in moved.credits if credit.credit_id is not None}
    of_credits = imported.completions_of_credits(connection, credits)
    keys = {key for moved in records if (key := _key_of(moved)) is not None}
    by_key = imported.completions_bearing(connection, provider_id, keys) if keys else {}
    found = completions.load_by_ids(connection, {*ids, *of_credits.values(), *by_key.values()})
    return _OnFile(
        others=frozenset(one.completion_id for one in found if one.provider_id != provider_id),
        own={one.completion_id: one for one in found if one.provider_id == provider_id},
        by_key=by_key,
        completions_of_credits=of_credits,
    )


def _key_of(moved: PastCompletion) -> str | None:
    """Return the other system's id of a record, in its normal form."""
    reference = moved.report.client_reference if moved.report is not None else None
    return plain_text(reference) if reference is not None else None


def _with_own_activity(work: Work, moved: PastCompletion, known: dict[str, str | None]) -> PastCompletion:
    """Return a record with our id of its activity, where the other system's is kept as the provider's own id of it."""
    assert moved.report is not None
    given = moved.report.activity_id
    if given is None or is_activity_id(given):
        return moved
    if given not in known:
        known[given] = activities.id_of_internal(work.connection, work.caller.provider_id, given)
    found = known[given]
    return moved if found is None else replace(moved, report=replace(moved.report, activity_id=found))


def _compare(work: Work, judged: JudgedRecord, on_file: _OnFile) -> Imported | None:
    """Return what becomes of a record whose ids are on file; None where none is."""
    completion_id = judged.moved.completion_id
    if completion_id is None:
        completion_id = on_file.by_key.get(_key_of(judged.moved) or "")
    known = {credit.credit_id for credit in judged.moved.credits} & on_file.completions_of_credits.keys()
    of_credits = {on_file.completions_of_credits[credit_id] for credit_id in known if credit_id is not None}
    if completion_id is None and len(of_credits) == 1 and of_credits <= on_file.own.keys():
        # A document has ids of credit alone.
        (completion_id,) = of_credits
    if completion_id in on_file.others:
        return _refused(_taken("/completion_id", "completion"))
    stands = on_file.own.get(completion_id or "")
    if stands is not None:
        differing = differences(judged, stands, work.service.catalogue)
        return _differs(differing, stands) if differing else _already_there(stands)
    taken = [
        _taken(f"{credit.pointer}/credit_id", "credit")
        for credit in judged.moved.credits
        if credit.credit_id in on_file.completions_of_credits
    ]
    return _refused(*taken) if taken else None


def _taken(pointer: str, what: str) -> Finding:
    return refusal(
        TAKEN, pointer, f"Another {what} on file has this id.", "Leave the id out to have it given a new one."
    )


def _already_there(stands: Completion) -> Imported:
    return Imported(outcome=ImportOutcome.ALREADY_THERE, stands=stands)


def _refused(*findings: Finding) -> Imported:
    return Imported(outcome=ImportOutcome.REFUSED, findings=findings)


def _differs(differing: Sequence[str], stands: Completion) -> Imported:
    detail = f"It is on file otherwise: {', '.join(differing)}."
    finding = refusal(DIFFERS, "", detail, _STAYS, stands.completion_id)
    return Imported(outcome=ImportOutcome.DIFFERS, findings=(finding,))


def _in_the_way(stands: Completion) -> Imported:
    detail = f"Completion {stands.completion_id} stands for this learner on that day, under another id or otherwise."
    hint = "If it is the same record, nothing is to be done. If the learner took part twice, give the occasion."
    finding = refusal(DIFFERS, "", detail, hint, stands.completion_id)
    return Imported(outcome=ImportOutcome.DIFFERS, findings=(finding,))


def _import(work: Work, judged: Sequence[JudgedRecord], on_file: _OnFile, tell: TellBoards) -> list[Imported]:
    """Match, judge and store records none of whose ids is on file."""
    reports = [one.report for one in judged]
    loaded = load(work, reports, locking=True)
    matches = match_learners(work, reports, loaded)
    standings = load_standings(work, reports, matches, loaded.facts, locking=True)
    taking = _Taking(work=work, standings=standings, tell=tell, on_file=on_file)
    results = [taking.take(one, match) for one, match in zip(judged, matches, strict=True)]
    save_changes(
        [(work, change) for change in taking.changes],
        loaded.facts.activities,
        verb=IMPORT,
        new_learner_ids=standings.new_learner_ids,
    )
    explanations.save(work.connection, taking.explained, work.now)
    return results


class _Taking:
    """Records taken over one after another, each beside what those before it leave."""

    def __init__(self, *, work: Work, standings: Standings, tell: TellBoards, on_file: _OnFile) -> None:
        self._work = work
        self._standings = standings
        self._tell = tell
        self._ids = {*on_file.others, *on_file.own, *on_file.completions_of_credits}
        self._made: dict[str, Completion] = {}
        self.changes: list[Change] = []
        self.explained: dict[str, dict[str, object]] = {}

    def take(self, judged: JudgedRecord, match: Match) -> Imported:
        """Take one record over, if nothing refuses it."""
        report, standings = judged.report, self._standings
        moved = judged.moved
        ids = [moved.completion_id, *(credit.credit_id for credit in moved.credits)]
        standing = standings.by_pair[pair_of(report, match)]
        # A line may stand twice in the file, or be taken over by somebody else since its id was looked up.
        twice = self._made.get(moved.completion_id or "")
        twice = twice or next((one for one in standing.completions if one.completion_id == moved.completion_id), None)
        if twice is not None:
            differing = differences(judged, twice, standings.facts.catalogue)
            return _differs(differing, twice) if differing else _already_there(twice)
        if not self._ids.isdisjoint(ids):
            return _refused(_taken("", "record of the file, or one"))
        day = report.completed_on
        beside = standing.on(day) if isinstance(day, date) else []
        if beside and moved.completion_id is None:
            alike = find_alike(judged, beside, standings.facts.catalogue)
            if alike is not None:
                return _already_there(alike)
        # What is asked about time is asked about the time of submission.
        facts = replace(standings.facts, now=report.received_at)
        case = place(report, facts, match, standing, None, standings.same.beside(report, match))
        stands = _stands_in_the_way(judged, case, beside)
        if stands is not None:
            return _in_the_way(stands)
        findings = judged.concern(judge(case))
        if findings:
            return Imported(outcome=ImportOutcome.REFUSED, findings=findings)
        joins = case.known_placement.joins
        change = build_import(self._work, judged, case, self._learner_id(case), joins, self._tell)
        self._note(change, match, ids)
        return Imported(outcome=ImportOutcome.JOINED if joins is not None else ImportOutcome.ADDED)

    def _note(self, change: Change, match: Match, ids: Sequence[str | None]) -> None:
        self.changes.append(change)
        self._standings.note(change)
        self._ids.update(filter(None, ids))
        self._made[change.completion.completion_id] = change.completion
        if match.explain is not None:
            self.explained[change.completion.completion_id] = match.explain()

    def _learner_id(self, case: Case) -> str | None:
        if case.learner is None:
            return None
        pair = (case.report.provider_id, case.learner.physician_id)
        return assign_learner_id(self._work, pair, self._standings.learner_ids, self._standings.new_learner_ids)


def _stands_in_the_way(judged: JudgedRecord, case: Case, beside: Sequence[Completion]) -> Completion | None:
    """Return the completion that stands where a record would, and is another or otherwise; None where none does.

    Which of two records of a day is meant cannot be known without an id or an occasion, and is not guessed.
    """
    placement = case.placement
    if placement is None or not beside:
        return None
    if placement.outcome is Outcome.UNCHANGED or (placement.joins is not None and judged.moved.completion_id):
        return placement.joins or beside[0]
    clashes = placement.reused if judged.report.occasion is not None else placement.same_day
    by_id = {one.completion_id: one for one in beside}
    if clashes:
        return by_id.get(clashes[0].completion_id, beside[0])
    if placement.joins is not None and placement.unchanged:
        # Some of it is on file, with another status or in another record.
        return placement.joins
    return None
