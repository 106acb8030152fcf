"""Drafts: completions whose credit is being placed anew, each until it becomes one change. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from msgspec.structs import replace

from app.core.clock import new_id
from app.domain.completion_changes import Change
from app.domain.credits import Completion, Credit, CreditStatus, Delivery, add_references, held_quarters
from app.domain.decisions import withdraw_credit
from app.domain.parsing import plain_text
from app.services.reporting.changes import build_withdrawal

LedgerKey = tuple[str, str, str]
"""(activity, subject, target)"""


@dataclass(slots=True, kw_only=True, eq=False)
class Draft:
    """One completion and what becomes of it."""

    before: Completion | None
    """As it stands; None for a new one."""
    completion: Completion
    at: datetime
    _added: dict[str, Credit] = field(default_factory=dict)
    _restated: dict[str, Credit] = field(default_factory=dict)
    _corrected: dict[str, Credit] = field(default_factory=dict)
    _rewritten: dict[str, Credit] = field(default_factory=dict)
    _moves: bool = False

    @classmethod
    def of(cls, completion: Completion, at: datetime) -> Draft:
        """Begin with a completion as it stands."""
        return cls(before=completion, completion=completion, at=at)

    @classmethod
    def copy_of(cls, completion: Completion, at: datetime, *, subject: str, learner_id: str | None) -> Draft:
        """Begin a new completion that says of another physician what this one says, as yet without credit."""
        new = replace(
            completion,
            completion_id=new_id(),
            physician_id=subject,
            subject=subject,
            learner_id=learner_id,
            credits=(),
            client_references=(),
            version=1,
            updated_at=at,
            withdrawn_at=None,
            rems=None,
        )
        return cls(before=None, completion=new, at=at)

    @property
    def day(self) -> tuple[str, object]:
        """Its activity and day."""
        return self.completion.activity_id, self.completion.completed_on

    @property
    def left(self) -> list[Credit]:
        """The credits that are not withdrawn."""
        return [credit for credit in self.completion.credits if credit.status is not CreditStatus.WITHDRAWN]

    @property
    def is_empty(self) -> bool:
        """Whether nothing of it would stand."""
        return not self.left and self.completion.rems is None

    def original_holding(self, board: str) -> Credit | None:
        """Return the credit that counts for a board and did before."""
        held = self.completion.holding(board)
        return None if held is None or held.credit_id in self._added else held

    def move_to(self, subject: str, learner_id: str | None, occasion: int) -> None:
        """Let it be another physician's, on an occasion of its day."""
        self.completion = replace(
            self.completion, physician_id=subject, subject=subject, learner_id=learner_id, occasion=occasion
        )
        self._moves = True

    def add(self, credit: Credit) -> Credit:
        """Add credit like another one, which its board is sent anew; return it."""
        to_board = credit.delivery is Delivery.BOARD
        new = replace(
            credit,
            credit_id=new_id(),
            status=CreditStatus.PENDING if to_board else CreditStatus.ACCEPTED,
            status_reason=None,
            status_text=None,
            status_at=self.at,
        )
        self._added[new.credit_id] = new
        self.completion = replace(self.completion, credits=(*self.completion.credits, new))
        return new

    def withdraw(self, credit: Credit) -> None:
        """Withdraw credit."""
        self._put(withdraw_credit(credit, self.at), self._restated)

    def correct(self, credit: Credit) -> None:
        """Put credit in place of the one with its id; its board is sent it, and decides anew."""
        if credit.credit_id in self._added:
            self._put(credit, self._added)
            return
        status = CreditStatus.PENDING if credit.delivery is Delivery.BOARD else CreditStatus.ACCEPTED
        sent = replace(credit, status=status, status_reason=None, status_text=None, status_at=self.at)
        self._put(sent, self._corrected)

    def rename(self, credit: Credit, references: Iterable[str]) -> None:
        """Give credit these references of its sender; no board is told."""
        named = replace(credit, client_references=tuple(sorted(references)))
        if named != credit:
            known = next((some for some in (self._added, self._corrected) if credit.credit_id in some), self._rewritten)
            self._put(named, known)

    def set_references(self, references: Iterable[str]) -> None:
        """Give the record as a whole these references."""
        self.completion = replace(self.completion, client_references=tuple(sorted(references)))

    def current(self, credit_id: str) -> Credit | None:
        """Return a credit as it is now, None for one that is withdrawn or not here."""
        return next((credit for credit in self.left if credit.credit_id == credit_id), None)

    def _put(self, credit: Credit, among: dict[str, Credit]) -> None:
        among[credit.credit_id] = credit
        self.completion = replace(
            self.completion,
            credits=tuple(credit if one.credit_id == credit.credit_id else one for one in self.completion.credits),
        )

    def change(self) -> Change | None:
        """Return what is to be written, None where all stays as it is."""
        if self.before is None:
            if self.is_empty:
                return None
            return Change(completion=self.completion, before=None, added=tuple(self._added.values()))
        if self.is_empty:
            return build_withdrawal(self.before, self.at)
        named = self.completion.client_references != self.before.client_references
        if not (self._moves or self._added or self._restated or self._corrected or self._rewritten or named):
            return None
        decided = self._added.keys() | self._restated.keys() | self._corrected.keys()
        if self._moves:
            # Credit repeats its completion's learner and occasion.
            self._rewritten |= {c.credit_id: c for c in self.left if c.credit_id not in decided}
        return Change(
            completion=replace(self.completion, version=self.before.version + 1, updated_at=self.at),
            before=self.before,
            added=tuple(self._added.values()),
            restated=tuple(self._restated.values()),
            corrected=tuple(self._corrected.values()),
            rewritten=tuple(credit for id, credit in self._rewritten.items() if id not in decided),
            corrected_whole=True,
        )


def with_references(held: tuple[str, ...], given: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return references with those given, and those of them that are new."""
    after = add_references(held, given)
    return after, tuple(reference for reference in after if reference not in held)


def without_references(held: Iterable[str], taken: Iterable[str]) -> tuple[str, ...]:
    """Return references without some, in any spelling."""
    gone = set(map(plain_text, taken))
    return tuple(reference for reference in held if plain_text(reference) not in gone)


def ledger_growth(drafts: Iterable[Draft]) -> Iterator[LedgerKey]:
    """Yield the ledger rows that would hold more than before."""
    totals: defaultdict[LedgerKey, int] = defaultdict(int)
    for draft in drafts:
        for completion, sign in ((draft.before, -1), (None if draft.is_empty else draft.completion, 1)):
            if completion is not None:
                for target, quarters in held_quarters(completion.credits).items():
                    totals[*completion.pair, target] += sign * quarters
    yield from sorted(key for key, quarters in totals.items() if quarters > 0)


def held_after(drafts: Iterable[Draft]) -> Mapping[LedgerKey, int]:
    """Return what each ledger row would hold of these completions."""
    totals: defaultdict[LedgerKey, int] = defaultdict(int)
    for draft in drafts:
        if not draft.is_empty:
            for target, quarters in held_quarters(draft.completion.credits).items():
                totals[*draft.completion.pair, target] += quarters
    return totals
