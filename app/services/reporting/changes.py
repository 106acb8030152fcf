"""Changes: what an accepted record makes of a completion, built before anything is stored.

A new completion, more credit for one that stands, its next version corrected in place, or what is taken back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from msgspec.structs import replace

from app.core.clock import new_id
from app.domain.completion_changes import Change
from app.domain.credits import Completion, Credit, CreditStatus, Delivery, Outcome, add_references
from app.domain.decisions import withdraw_credit
from app.domain.identity.comparison_keys import full_name_key
from app.domain.identity.learners import Learner, Person
from app.domain.parsing import MonthDay
from app.domain.reports import Action, CompletionReport, CorrectionKind, RemsPart
from app.rules.case import Case
from app.rules.rems_answers import rems_in_place_of
from app.rules.standing import subject_of
from app.rules.targets import Target, part_of
from app.sandbox.fixtures import decided_by_sandbox
from app.services.context import Work
from app.services.reporting.references import (
    add_names,
    build_naming,
    is_shared,
    references_of_credit,
    references_of_record,
)


def build_change(work: Work, case: Case, learner_id: str | None) -> Change | None:
    """Return what an accepted record changes, None when that is nothing.

    `learner_id` is the id by which the provider may name the physician, None where no physician is meant.
    """
    if case.outcome is Outcome.UNCHANGED:
        return build_naming(case, case.before, work.now) if case.placement is not None else None
    if case.report.action is Action.DELETE:
        return _build_row_withdrawal(case, work.now)
    placement = case.known_placement
    if placement.corrects is not None:
        return _build_correction(work, case, placement.corrects, learner_id)
    added = tuple(_build_credit(work, target, case.known_day, case.learner) for target in placement.fresh)
    if placement.joins is not None:
        return _build_join(work, case, placement.joins, added)
    return Change(completion=_build_completion(work, case, learner_id, added), before=None, added=added)


def build_withdrawal(completion: Completion, at: datetime) -> Change:
    """Return the change that takes a completion back with all its credits."""
    restated = [withdraw_credit(c, at) for c in completion.credits if c.status is not CreditStatus.WITHDRAWN]
    change = build_status_change(completion, restated, at)
    return replace(change, completion=replace(change.completion, withdrawn_at=at))


def build_status_change(completion: Completion, restated: Sequence[Credit], at: datetime) -> Change:
    """Return the change that gives some credits of a completion another status."""
    now = {credit.credit_id: credit for credit in restated}
    after = replace(
        completion,
        credits=tuple(now.get(credit.credit_id, credit) for credit in completion.credits),
        version=completion.version + 1,
        updated_at=at,
    )
    return Change(completion=after, before=completion, restated=tuple(restated))


def _build_row_withdrawal(case: Case, at: datetime) -> Change:
    """Return what a delete by row takes back: the credit of the boards it names, or all of the completion."""
    row_target = case.known_row_target
    assert row_target.completion is not None
    if not row_target.boards:
        return build_withdrawal(row_target.completion, at)
    with_rems = case.report.rems is not None
    return _build_partial_withdrawal(row_target.completion, row_target.boards, at, with_rems=with_rems)


def _build_partial_withdrawal(
    completion: Completion, boards: Collection[str], at: datetime, *, with_rems: bool
) -> Change:
    """Return the change that takes back a completion's credit for some boards; with the last of it, the completion.

    Participation in risk-mitigation education stands on its own, unless `with_rems` takes it back with the credit.
    """
    standing = [credit for credit in completion.credits if credit.status is not CreditStatus.WITHDRAWN]
    taken = [credit for credit in standing if credit.board in boards]
    if len(taken) == len(standing) and (completion.rems is None or with_rems):
        return build_withdrawal(completion, at)
    return build_status_change(completion, [withdraw_credit(credit, at) for credit in taken], at)


def _build_completion(work: Work, case: Case, learner_id: str | None, credits: tuple[Credit, ...]) -> Completion:
    """Return the new completion that a record opens."""
    report = case.report
    subject = subject_of(report, case.match)
    assert subject is not None and report.activity_id is not None
    first_name, last_name, birth_date, npi = _person_as_reported(report.person)
    return Completion(
        completion_id=new_id(),
        provider_id=report.provider_id,
        activity_id=report.activity_id,
        physician_id=case.learner.physician_id if case.learner else None,
        subject=subject,
        learner_id=learner_id,
        completed_on=case.known_day,
        occasion=case.known_placement.occasion,
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
        credits=credits,
        client_references=add_references((), report.references) if report.references else (),
    )


def _build_credit(work: Work, target: Target, day: date, learner: Learner | None) -> Credit:
    """Return the credit that a target becomes."""
    board = work.service.catalogue.boards[target.board].on(day)
    delivered = board.is_sent(day)
    credit = Credit(
        credit_id=new_id(),
        kind=target.kind,
        board=target.board,
        number_reported=target.number_reported,
        number_on_file=target.holding.number,
        quarters=int(target.quarters),
        credit_types=tuple((name, int(quarters)) for name, quarters in target.credit_types),
        client_references=target.client_references,
        # Where no board takes it, nobody is left to decide: it stands in the transcript at once.
        status=CreditStatus.PENDING if delivered else CreditStatus.ACCEPTED,
        delivery=Delivery.BOARD if delivered else Delivery.TRANSCRIPT_ONLY,
        status_reason=None,
        status_at=work.now,
        once_per_day=target.once_per_day,
    )
    return decided_by_sandbox(learner, credit)


def _build_join(work: Work, case: Case, joins: Completion, added: tuple[Credit, ...]) -> Change:
    """Return the change that adds a record to a completion that stands.

    Where it replaces credit that was rejected or withdrawn it brings its person: a board that knows the learner under
    another name must be told that name. Boards whose credit stands are not told of it.
    """
    named, rewritten = add_names(case, joins) if case.known_placement.names else (joins, ())
    after = replace(named.with_credits(added, work.now), catalogue=work.service.catalogue.digest)
    if case.known_placement.rems_fresh:
        after = replace(after, rems=_rems_after(case, joins))
    if joins.person_changes_with(added):
        after = after.as_reported_by(_person_as_reported(case.report.person))
    return Change(completion=after, before=joins, added=added, rewritten=rewritten)


def _build_correction(work: Work, case: Case, before: Completion, learner_id: str | None) -> Change | None:
    """Return the change that makes a completion what a correction says; None when it says what stands.

    A credit keeps its id when learner, board and delivery stay. Where what its board is shown changes, or where the
    board had rejected it, it goes out again and waits for an answer; otherwise its status stays. What the correction
    leaves out is withdrawn. An update by row leaves it as it is, and so names, numbers and references that it does not
    give. Source: one completion is one learner, activity, date and occasion.
    """
    partly = case.report.action is Action.UPDATE
    after = _as_updated(before, case) if partly else _as_corrected(before, case, learner_id)
    credits = _CorrectedCredits(
        learner=case.learner,
        shown_again=not partly and _shown_to_boards(before) != _shown_to_boards(after),
        numbers_stay=partly
        or (case.report.person.learner_id is not None and case.report.correction is not CorrectionKind.PATCH),
        sent_again=case.report.correction is CorrectionKind.WHOLE,
    )
    for target in case.known_placement.targets:
        _correct_credit(work, credits, target, case.report, before, after)
    credits.kept.extend(credit for credit in case.known_placement.kept if not credits.has(credit))
    _withdraw_rest(work, credits, before, after)
    after = replace(after, credits=credits.in_order(before.credits))
    if not credits.changed and replace(after, credits=before.credits) == before:
        return None
    after = replace(after, version=before.version + 1, updated_at=work.now, catalogue=work.service.catalogue.digest)
    return Change(
        completion=after,
        before=before,
        added=tuple(credits.added),
        restated=tuple(credits.withdrawn),
        corrected=tuple(credits.corrected),
        rewritten=tuple(credits.rewritten),
        corrected_whole=True,
    )


@dataclass(slots=True, kw_only=True)
class _CorrectedCredits:
    """The changes that a correction makes to each credit."""

    learner: Learner | None
    shown_again: bool
    """Whether every board must be told again: the day, the activity, or the person as named has changed."""
    numbers_stay: bool
    """Whether numbers that were reported before stay where none is given: a learner id may stand for them."""
    sent_again: bool
    """Whether what its board rejected goes out again though nothing of it has changed."""
    kept: list[Credit] = field(default_factory=list)
    corrected: list[Credit] = field(default_factory=list)
    rewritten: list[Credit] = field(default_factory=list)
    withdrawn: list[Credit] = field(default_factory=list)
    added: list[Credit] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """Whether any credit is another than before."""
        return bool(self.corrected or self.rewritten or self.withdrawn or self.added)

    def in_order(self, before: Iterable[Credit]) -> tuple[Credit, ...]:
        """Return every credit: those that stood in their old places, new ones after them."""
        now = {c.credit_id: c for c in (*self.kept, *self.corrected, *self.rewritten, *self.withdrawn)}
        return (*(now.get(credit.credit_id, credit) for credit in before), *self.added)

    def has(self, credit: Credit) -> bool:
        """Whether it is decided what becomes of a credit."""
        decided = (*self.kept, *self.corrected, *self.rewritten, *self.withdrawn)
        return any(other.credit_id == credit.credit_id for other in decided)


def _as_updated(before: Completion, case: Case) -> Completion:
    """Return the completion as an update by row leaves it: with its risk-mitigation part, if it gives one.

    As where a record joins, it brings its person where it replaces credit that was rejected or withdrawn, and boards
    whose credit stands are not told of that.
    """
    after = before if case.report.rems is None else replace(before, rems=_rems_after(case, before))
    after = replace(after, client_references=references_of_record(case.report, before))
    had = {credit.board for credit in before.credits}
    targets = case.known_placement.targets
    again = any(target.board in had and before.holding(target.board) is None for target in targets)
    return after.as_reported_by(_person_as_reported(case.report.person)) if again else after


def _as_corrected(before: Completion, case: Case, learner_id: str | None) -> Completion:
    """Return the completion with learner, activity, day and occasion as corrected, its credits still as they were."""
    subject = subject_of(case.report, case.match)
    assert subject is not None
    person = case.report.person
    as_reported = _person_as_reported(person)
    first_name, last_name, birth_date, npi = as_reported
    named = replace(before, first_name=first_name, last_name=last_name, birth_date=birth_date, npi=npi)
    stays = case.report.keeps_person or (
        person.learner_id is not None and case.report.correction is not CorrectionKind.PATCH
    )
    if stays and subject == before.subject:
        # A learner id names the same person: names and numbers stay as they were reported.
        named = before if case.report.keeps_person else before.as_reported_by(as_reported)
    return replace(
        named,
        activity_id=case.known_activity.activity_id,
        physician_id=case.learner.physician_id if case.learner else None,
        subject=subject,
        learner_id=learner_id,
        completed_on=case.known_day,
        occasion=case.known_placement.occasion,
        rems=_rems_after(case, before) if case.report.rems is not None or not is_shared(case) else before.rems,
        client_references=references_of_record(case.report, before),
    )


def _rems_after(case: Case, before: Completion) -> RemsPart | None:
    """Return the risk-mitigation part that a record gives a completion; another spelling of its id is no change."""
    return rems_in_place_of(case.report.rems, before.rems) if case.report.rems is not None else None


def _person_as_reported(person: Person) -> tuple[str | None, ...]:
    """Return the learner as a record names them: first name, last name, birth date (MM/DD), NPI."""
    birth_date = str(person.birth_date) if isinstance(person.birth_date, MonthDay) else None
    return (person.first_name, person.last_name, birth_date, person.npi)


def _shown_to_boards(completion: Completion) -> tuple[object, ...]:
    """Return what every board sees of a completion, beside its own credit; the spelling of a name is no change."""
    name = full_name_key(completion.first_name, completion.last_name)
    return (completion.activity_id, completion.subject, completion.completed_on, name, completion.birth_date)


def _correct_credit(
    work: Work,
    credits: _CorrectedCredits,
    target: Target,
    report: CompletionReport,
    before: Completion,
    after: Completion,
) -> None:
    """Correct the credit that a target is about, or add a new one."""
    fresh = _build_credit(work, target, after.completed_on, credits.learner)
    held = before.current(target.board) if before.subject == after.subject else None
    if held is None or held.delivery is not fresh.delivery:
        credits.added.append(fresh)
        return
    number_reported = fresh.number_reported or (held.number_reported if credits.numbers_stay else None)
    wanted = replace(
        fresh,
        credit_id=held.credit_id,
        number_reported=number_reported,
        client_references=references_of_credit(held, part_of(report, target), report, before, after),
        credit_types=held.credit_types if target.equals(held) else fresh.credit_types,
    )
    standing = replace(
        wanted,
        status=held.status,
        status_reason=held.status_reason,
        status_text=held.status_text,
        status_at=held.status_at,
    )
    shown_alike = target.equals(held) and wanted.number_on_file == held.number_on_file and not credits.shown_again
    if not shown_alike or (held.status is CreditStatus.REJECTED and credits.sent_again):
        credits.corrected.append(wanted)
    elif standing != held or _has_moved(before, after):
        credits.rewritten.append(standing)
    else:
        credits.kept.append(held)


def _has_moved(before: Completion, after: Completion) -> bool:
    """Whether what each credit repeats of its completion has changed."""
    return (before.pair, before.completed_on, before.occasion) != (after.pair, after.completed_on, after.occasion)


def _withdraw_rest(work: Work, credits: _CorrectedCredits, before: Completion, after: Completion) -> None:
    """Withdraw what the correction leaves out.

    What another credit of its board has superseded stays beside it, unless its board would have to be told of it
    again: of two credits that stand for the same, the board shall hear of one.
    """
    boards = {credit.board for credit in (*credits.kept, *credits.corrected, *credits.rewritten)}
    for credit in before.credits:
        if credit.status is CreditStatus.WITHDRAWN or credits.has(credit):
            continue
        if credit.board in boards and not credits.shown_again:
            (credits.rewritten if _has_moved(before, after) else credits.kept).append(credit)
        else:
            credits.withdrawn.append(withdraw_credit(credit, work.now))
