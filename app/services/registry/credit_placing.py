"""Whose credit is whose when two physicians become one, or are parted again. Pure.

Where two become one, the completions of the one are placed among those of the other as the pipeline would have placed
them, had they been reported for one person from the beginning: a credit that equals one of the same board and day is
the same credit, CME for other states belongs to the completion that has CME on that day, a board that takes one record
a day gets the sum. Everything else moves as it is, on an occasion of its own where the day is taken.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from msgspec.structs import replace

from app.domain.credits import Completion, Credit, CreditKind, CreditStatus
from app.domain.identity.merges import MergeReason, MovedCompletion, NamedRecord, NotRestored, Superseded
from app.services.registry.drafts import Draft, with_references, without_references

DraftsByDay = defaultdict[tuple[str, object], list[Draft]]
LearnerIds = Mapping[str, str | None]
"""Learner ids of a physician by provider."""


def equal(one: Credit, other: Credit) -> bool:
    """Whether two credits are alike: board, amount and types."""
    return (one.board, one.quarters, sorted(one.credit_types)) == (
        other.board,
        other.quarters,
        sorted(other.credit_types),
    )


def free_occasion(beside: Iterable[Draft], wanted: int) -> int:
    """Return the occasion wanted if nothing of the day has it, else the next one after all."""
    taken = {other.completion.occasion for other in beside}
    return wanted if wanted not in taken else max(taken) + 1


def by_day(drafts: Iterable[Draft]) -> DraftsByDay:
    """Return drafts by their activity and day."""
    found: DraftsByDay = defaultdict(list)
    for draft in drafts:
        found[draft.day].append(draft)
    return found


@dataclass(slots=True, kw_only=True)
class MergedCredit:
    """The completions of two physicians as they become one's."""

    subject: str
    learner_ids: LearnerIds
    """Of the one who stays."""
    standing: list[Draft]
    """The completions of the one who stays."""
    moving: list[Draft]
    moved: list[MovedCompletion] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
    superseded: list[Superseded] = field(default_factory=list)
    named: list[NamedRecord] = field(default_factory=list)
    _matched: set[str] = field(default_factory=set)
    """Credits that stand for another one already: each stands for one at most."""
    _standing_on: DraftsByDay = field(default_factory=lambda: defaultdict(list))
    """The completions of the one who stays."""
    _taken_on: DraftsByDay = field(default_factory=lambda: defaultdict(list))
    """The same, with those that have moved."""

    @classmethod
    def place(
        cls,
        moving: Sequence[Completion],
        standing: Sequence[Completion],
        *,
        subject: str,
        learner_ids: LearnerIds,
        at: datetime,
    ) -> MergedCredit:
        """Place the completions of one physician among those of another, `subject`."""
        ordered = sorted(moving, key=lambda one: (one.completed_on, one.submitted_at, one.completion_id))
        merged = cls(
            subject=subject,
            learner_ids=learner_ids,
            standing=[Draft.of(one, at) for one in sorted(standing, key=lambda one: one.occasion)],
            moving=[Draft.of(one, at) for one in ordered],
        )
        merged._standing_on, merged._taken_on = by_day(merged.standing), by_day(merged.standing)
        for draft in merged.moving:
            merged._place(draft)
        for draft in merged.standing:
            if draft.is_empty:
                merged.withdrawn.append(draft.completion.completion_id)
                merged._name_record(draft)
        return merged

    @property
    def drafts(self) -> list[Draft]:
        """All completions, those of the one who stays first: what they free is free for the others."""
        return [*self.standing, *self.moving]

    def _place(self, draft: Draft) -> None:
        beside = self._standing_on[draft.day]
        held = [credit for credit in draft.completion.credits if credit.holds]
        self._place_cme(draft, [credit for credit in held if credit.kind is CreditKind.CME], beside)
        for credit in held:
            if credit.kind is CreditKind.MOC:
                self._place_points(draft, credit, beside)
        records = [other for other in beside if not other.is_empty]
        rems = draft.completion.rems
        if not draft.left and rems is not None and any(other.completion.rems == rems for other in records):
            draft.completion = replace(draft.completion, rems=None)
        if draft.is_empty:
            self.withdrawn.append(draft.completion.completion_id)
            self._name_record(draft)
            return
        self.moved.append(
            MovedCompletion(completion_id=draft.completion.completion_id, occasion=draft.completion.occasion)
        )
        learner_id = self.learner_ids.get(draft.completion.provider_id)
        taken = self._taken_on[draft.day]
        draft.move_to(self.subject, learner_id, free_occasion(taken, draft.completion.occasion))
        taken.append(draft)

    def _place_cme(self, draft: Draft, cme: list[Credit], beside: Sequence[Draft]) -> None:
        with_cme = [
            other for other in beside if any(c.holds and c.kind is CreditKind.CME for c in other.completion.credits)
        ]
        for other in with_cme if cme else ():
            held = {credit.board: other.completion.holding(credit.board) for credit in cme}
            alike = {
                credit.board: one
                for credit in cme
                if (one := held[credit.board]) is not None and self._is_free(one) and equal(one, credit)
            }
            if all(one is None or board in alike for board, one in held.items()):
                for credit in cme:
                    if credit.board in alike:
                        self._keep_one(draft, credit, other, alike[credit.board])
                    else:
                        self._join(draft, credit, other)
                return
        for credit in cme:
            self._find_equal(draft, credit, beside)

    def _place_points(self, draft: Draft, credit: Credit, beside: Sequence[Draft]) -> None:
        if self._find_equal(draft, credit, beside) or not credit.once_per_day:
            return
        for other in beside:
            held = other.original_holding(credit.board)
            if held is not None:
                self._add_up(draft, credit, other, held)
                return

    def _find_equal(self, draft: Draft, credit: Credit, beside: Sequence[Draft]) -> bool:
        for other in beside:
            held = other.original_holding(credit.board)
            if held is not None and self._is_free(held) and equal(held, credit):
                self._keep_one(draft, credit, other, held)
                return True
        return False

    def _is_free(self, credit: Credit) -> bool:
        return credit.credit_id not in self._matched

    def _keep_one(self, draft: Draft, credit: Credit, other: Draft, held: Credit) -> None:
        """Let one of two equal credits stand: the one that its board has accepted, else the one there before."""
        accepted = CreditStatus.ACCEPTED
        if credit.status is accepted and held.status is not accepted:
            self._supersede(other, held, draft, credit, MergeReason.ALREADY_REPORTED)
        else:
            self._supersede(draft, credit, other, held, MergeReason.ALREADY_REPORTED)

    def _join(self, draft: Draft, credit: Credit, other: Draft) -> None:
        new = other.add(replace(credit, client_references=()))
        self._supersede(draft, credit, other, new, MergeReason.SAME_COMPLETION)

    def _add_up(self, draft: Draft, credit: Credit, other: Draft, held: Credit) -> None:
        types = dict(held.credit_types)
        for name, quarters in credit.credit_types:
            types[name] = types.get(name, 0) + quarters
        other.correct(replace(held, quarters=held.quarters + credit.quarters, credit_types=tuple(types.items())))
        self._supersede(draft, credit, other, held, MergeReason.ONE_RECORD_PER_DAY)

    def _supersede(self, draft: Draft, credit: Credit, other: Draft, kept: Credit, reason: MergeReason) -> None:
        """Withdraw credit for which other credit stands, which is given its references."""
        draft.withdraw(credit)
        current = other.current(kept.credit_id)
        assert current is not None
        references, new = with_references(current.client_references, credit.client_references)
        other.rename(current, references)
        self._matched.add(kept.credit_id)
        self.superseded.append(
            Superseded(
                reason=reason,
                completion_id=draft.completion.completion_id,
                credit_id=credit.credit_id,
                kept_in=other.completion.completion_id,
                kept=kept.credit_id,
                quarters=kept.quarters,
                credit_types=kept.credit_types,
                references=new,
            )
        )

    def _name_record(self, draft: Draft) -> None:
        """Give the references of a record of which nothing is left to the one that stands for it."""
        kept_in = [one.kept_in for one in self.superseded if one.completion_id == draft.completion.completion_id]
        other = next((one for one in self.drafts if one.completion.completion_id in kept_in), None)
        if other is None:
            return
        references, new = with_references(other.completion.client_references, draft.completion.client_references)
        if new:
            other.set_references(references)
            self.named.append(NamedRecord(completion_id=other.completion.completion_id, references=new))


@dataclass(slots=True, kw_only=True)
class PartedCredit:
    """The completions of a physician as the ones that a merge had moved go back."""

    subject: str
    """Who is parted."""
    from_subject: str
    learner_ids: LearnerIds
    """Of the one who is parted."""
    drafts_by_id: dict[str, Draft]
    gone: Mapping[str, Completion]
    """Completions that the merge withdrew as a whole, as they are."""
    at: datetime
    back: list[Draft] = field(default_factory=list)
    new: dict[str, Draft] = field(default_factory=dict)
    """New completions, by the ids of those that they stand for."""
    not_restored: list[NotRestored] = field(default_factory=list)
    restored: int = 0

    _days: DraftsByDay = field(default_factory=lambda: defaultdict(list))
    """All completions of both by day, as their learners are now."""

    @property
    def drafts(self) -> list[Draft]:
        """All completions, those that go back first: what they free is free for the others."""
        back = {draft.completion.completion_id for draft in self.back}
        others = [draft for id, draft in self.drafts_by_id.items() if id not in back]
        return [*self.back, *others, *self.new.values()]

    def part(
        self,
        moved: Iterable[MovedCompletion],
        superseded: Iterable[Superseded],
        named: Iterable[NamedRecord],
    ) -> None:
        """Move completions back, and bring back the credit for which other credit stood."""
        self._days = by_day(self.drafts_by_id.values())
        for one in moved:
            draft = self.drafts_by_id.get(one.completion_id)
            if draft is not None and draft.completion.subject == self.from_subject:
                self._move_back(draft, one.occasion)
        for lost in superseded:
            reason = self._restore(lost)
            if reason is None:
                self.restored += 1
            else:
                self.not_restored.append(
                    NotRestored(completion_id=lost.completion_id, credit_id=lost.credit_id, reason=reason)
                )
        for record in named:
            draft = self.drafts_by_id.get(record.completion_id)
            if draft is not None:
                draft.set_references(without_references(draft.completion.client_references, record.references))

    def _move_back(self, draft: Draft, occasion: int) -> None:
        learner_id = self.learner_ids.get(draft.completion.provider_id)
        draft.move_to(self.subject, learner_id, free_occasion(self._on_day(draft, self.subject), occasion))
        self.back.append(draft)

    def _on_day(self, draft: Draft, subject: str) -> list[Draft]:
        """Return what a physician has on the day of a completion, beside it."""
        return [one for one in self._days[draft.day] if one is not draft and one.completion.subject == subject]

    def _restore(self, lost: Superseded) -> str | None:
        """Bring one credit back; return why not."""
        other = self.drafts_by_id.get(lost.kept_in)
        kept = other.current(lost.kept) if other is not None else None
        if other is None or kept is None:
            return "the credit that stood for it was withdrawn since"
        before = self._as_it_was(lost)
        if before is None:
            return "its record was withdrawn since"
        completion, credit = before
        if lost.reason is MergeReason.ONE_RECORD_PER_DAY and kept.quarters != lost.quarters + credit.quarters:
            return "the record of the day was corrected since"
        target = self._target(completion)
        if target is None:
            return "its record was withdrawn since"
        if self._is_taken(target, credit):
            return "credit of its board stands on that day"
        references = credit.client_references
        match lost.reason:
            case MergeReason.SAME_COMPLETION:
                other.withdraw(kept)
                credit = replace(kept, client_references=references)
            case MergeReason.ONE_RECORD_PER_DAY:
                other.correct(
                    replace(
                        kept,
                        quarters=lost.quarters,
                        credit_types=lost.credit_types,
                        client_references=without_references(kept.client_references, lost.references),
                    )
                )
            case MergeReason.ALREADY_REPORTED:
                other.rename(kept, without_references(kept.client_references, lost.references))
        target.add(credit)
        return None

    def _as_it_was(self, lost: Superseded) -> tuple[Completion, Credit] | None:
        draft = self.drafts_by_id.get(lost.completion_id)
        completion = draft.before if draft is not None else self.gone.get(lost.completion_id)
        credits = completion.credits if completion is not None else ()
        credit = next((one for one in credits if one.credit_id == lost.credit_id), None)
        return (completion, credit) if completion is not None and credit is not None else None

    def _target(self, completion: Completion) -> Draft | None:
        """Return the completion to which credit goes back: its own, or a new one where that was withdrawn."""
        draft = self.drafts_by_id.get(completion.completion_id)
        if draft is not None:
            return draft
        if completion.completion_id not in self.new:
            if completion.completion_id not in self.gone:
                return None
            own = completion.subject == self.subject
            subject = self.subject if own else self.from_subject
            learner_id = self.learner_ids.get(completion.provider_id) if own else completion.learner_id
            new = Draft.copy_of(completion, self.at, subject=subject, learner_id=learner_id)
            new.completion = replace(new.completion, rems=completion.rems)
            new.set_references(completion.client_references)
            occasion = free_occasion(self._on_day(new, subject), completion.occasion)
            new.completion = replace(new.completion, occasion=occasion)
            self._days[new.day].append(new)
            self.new[completion.completion_id] = new
        return self.new[completion.completion_id]

    def _is_taken(self, target: Draft, credit: Credit) -> bool:
        if target.completion.holding(credit.board) is not None:
            return True
        beside = self._on_day(target, target.completion.subject)
        return credit.once_per_day and any(draft.completion.holding(credit.board) is not None for draft in beside)
