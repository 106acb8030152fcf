"""Building what an accepted record makes: new credits, and the next version of a completion corrected in place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from msgspec.structs import replace

from app.core.clock import new_id
from app.domain.comparison_keys import full_name_key
from app.domain.completion_changes import Change
from app.domain.credits import Completion, Credit, CreditStatus, Delivery
from app.domain.decisions import withdraw_credit
from app.domain.learners import Learner, Person
from app.domain.parsing import MonthDay
from app.domain.reports import Action
from app.rules.case import Case, subject_of
from app.rules.placement import Target
from app.sandbox.fixtures import answered
from app.services.context import Work


def new_credit(work: Work, target: Target, day: date, learner: Learner | None) -> Credit:
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
    return answered(learner, credit)


def joined(work: Work, case: Case, onto: Completion, added: tuple[Credit, ...]) -> Change:
    """Return the change that adds a record to a completion that stands.

    Where it takes the place of what was rejected or withdrawn it brings its person: a board that knows the learner
    under another name must be told that name. Boards whose credit stands are not told of it.
    """
    after = replace(onto.with_credits(added, work.now), catalogue=work.service.catalogue.digest)
    if case.placed.rems_fresh:
        after = replace(after, rems=case.report.rems)
    if onto.person_changes_with(added):
        after = after.as_reported_by(as_written(case.report.person))
    return Change(completion=after, before=onto, added=added)


def correction(work: Work, case: Case, learner_id: str | None) -> Change | None:
    """Return the change that makes a completion what a correction says; None when it says what stands.

    A credit keeps its id when learner, board and delivery stay. Where what its board is told changes, or where the
    board had rejected it, it goes out again and waits for an answer; otherwise its status stays. What the correction
    leaves out is withdrawn; of an update, it stays, and so do names, numbers and references that an update does not
    give. Source: one completion is one learner, activity, date and occasion.
    """
    before = case.placed.corrects
    assert before is not None
    partly = case.report.action is Action.UPDATE
    after = _updated(before, case) if partly else _identity(case, before, learner_id)
    parts = _Parts(
        learner=case.learner,
        told_anew=not partly and _told(before) != _told(after),
        ids_stay=partly or case.report.person.learner_id is not None,
        references_stay=partly,
    )
    for target in case.placed.targets:
        _take(work, parts, target, before, after)
    parts.kept.extend(each for each in case.placed.kept if not parts.has(each))
    _settle_rest(work, parts, before, after)
    after = replace(after, credits=parts.in_order(before.credits))
    if not parts.changed() and replace(after, credits=before.credits) == before:
        return None
    after = replace(after, version=before.version + 1, updated_at=work.now, catalogue=work.service.catalogue.digest)
    return Change(
        completion=after,
        before=before,
        added=tuple(parts.added),
        restated=tuple(parts.withdrawn),
        corrected=tuple(parts.corrected),
        rewritten=tuple(parts.rewritten),
        corrected_whole=True,
    )


@dataclass(slots=True)
class _Parts:
    """What a correction does to each credit."""

    learner: Learner | None
    told_anew: bool
    """Whether every board must hear of it: the day, the activity, or the person as named has changed."""
    ids_stay: bool
    """Whether numbers that were reported before stay where none is given: a learner id may stand for them."""
    references_stay: bool
    """Whether the sender's own keys stay where none are given."""
    kept: list[Credit] = field(default_factory=list)
    corrected: list[Credit] = field(default_factory=list)
    rewritten: list[Credit] = field(default_factory=list)
    withdrawn: list[Credit] = field(default_factory=list)
    added: list[Credit] = field(default_factory=list)

    def changed(self) -> bool:
        """Tell whether any credit is another than before."""
        return bool(self.corrected or self.rewritten or self.withdrawn or self.added)

    def in_order(self, before: Iterable[Credit]) -> tuple[Credit, ...]:
        """Return every credit: those that stood in their old places, new ones after them."""
        now = {each.credit_id: each for each in (*self.kept, *self.corrected, *self.rewritten, *self.withdrawn)}
        return (*(now.get(each.credit_id, each) for each in before), *self.added)

    def has(self, credit: Credit) -> bool:
        """Tell whether a credit's fate is decided."""
        decided = (*self.kept, *self.corrected, *self.rewritten, *self.withdrawn)
        return any(each.credit_id == credit.credit_id for each in decided)


def _updated(before: Completion, case: Case) -> Completion:
    """Return the completion as an update leaves it: with its risk-mitigation part, if it gives one.

    As where a record joins, it brings its person where it takes the place of what was rejected or withdrawn, and boards
    whose credit stands are not told of that.
    """
    after = before if case.report.rems is None else replace(before, rems=case.report.rems)
    had = {each.board for each in before.credits}
    again = any(each.board in had and before.holding(each.board) is None for each in case.placed.targets)
    return after.as_reported_by(as_written(case.report.person)) if again else after


def _identity(case: Case, before: Completion, learner_id: str | None) -> Completion:
    """Return the completion with learner, activity, day and occasion as corrected, its credits still as they were."""
    subject = subject_of(case.report, case.match)
    assert subject is not None
    person = case.report.person
    written = as_written(person)
    first_name, last_name, birth_date, npi = written
    named = replace(before, first_name=first_name, last_name=last_name, birth_date=birth_date, npi=npi)
    if person.learner_id is not None and subject == before.subject:
        # What a learner id stands for stays as it was reported.
        named = before.as_reported_by(written)
    return replace(
        named,
        activity_id=case.registered.activity_id,
        physician_id=case.learner.physician_id if case.learner else None,
        subject=subject,
        learner_id=learner_id,
        completed_on=case.completed,
        occasion=case.placed.occasion,
        rems=case.report.rems,
    )


def as_written(person: Person) -> tuple[str | None, ...]:
    """Return the learner as a record names them: first name, last name, birth date (MM/DD), NPI."""
    birth_date = str(person.birth_date) if isinstance(person.birth_date, MonthDay) else None
    return (person.first_name, person.last_name, birth_date, person.npi)


def _told(completion: Completion) -> tuple[object, ...]:
    """Return what every board is told of a completion, beside its own credit; the spelling of a name is no change."""
    name = full_name_key(completion.first_name, completion.last_name)
    return (completion.activity_id, completion.subject, completion.completed_on, name, completion.birth_date)


def _take(work: Work, parts: _Parts, target: Target, before: Completion, after: Completion) -> None:
    """Find the credit that a target corrects, or open a new one."""
    fresh = new_credit(work, target, after.completed_on, parts.learner)
    held = before.current(target.board) if before.subject == after.subject else None
    if held is None or held.delivery is not fresh.delivery:
        parts.added.append(fresh)
        return
    number_reported = fresh.number_reported or (held.number_reported if parts.ids_stay else None)
    references = fresh.client_references or (held.client_references if parts.references_stay else ())
    wanted = replace(
        fresh,
        credit_id=held.credit_id,
        number_reported=number_reported,
        client_references=tuple(sorted(references)),
        credit_types=held.credit_types if target.equals(held) else fresh.credit_types,
    )
    standing = replace(
        wanted,
        status=held.status,
        status_reason=held.status_reason,
        status_text=held.status_text,
        status_at=held.status_at,
    )
    same_told = target.equals(held) and wanted.number_on_file == held.number_on_file and not parts.told_anew
    if held.status is CreditStatus.REJECTED or not same_told:
        parts.corrected.append(wanted)
    elif standing != held or _moved(before, after):
        parts.rewritten.append(standing)
    else:
        parts.kept.append(held)


def _moved(before: Completion, after: Completion) -> bool:
    """Tell whether what each credit repeats of its completion has changed."""
    return (before.pair, before.completed_on, before.occasion) != (after.pair, after.completed_on, after.occasion)


def _settle_rest(work: Work, parts: _Parts, before: Completion, after: Completion) -> None:
    """Withdraw what the correction leaves out.

    What another credit of its board has superseded stays beside it, unless its board would have to be told of it anew:
    of two credits that stand for the same, the board shall hear of one.
    """
    boards = {each.board for each in (*parts.kept, *parts.corrected, *parts.rewritten)}
    for credit in before.credits:
        if credit.status is CreditStatus.WITHDRAWN or parts.has(credit):
            continue
        if credit.board in boards and not parts.told_anew:
            (parts.rewritten if _moved(before, after) else parts.kept).append(credit)
        else:
            parts.withdrawn.append(withdraw_credit(credit, work.now))
