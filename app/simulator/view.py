"""A board's state: the credits that its feed has reported, and what the board has decided on each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from app.core.errors import OperatorFault


class FeedFault(OperatorFault):
    """The feed broke its promise: a position is missing or repeated, or an event does not fit its credit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardDecision:
    """What the board has decided on the latest state of a credit."""

    accepted: bool
    reason_code: str | None = None
    reason: str | None = None
    answer: str | None = None
    """The service's answer; None until there is one, and the decision is sent again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldCredit:
    """A credit after its latest event. Amounts in credits."""

    credit_id: str
    first: int
    """Position of the event that reported it."""
    position: int
    """Position of its latest event, which is what the board decides on."""
    learner_board_id: str | None
    first_name: str | None
    last_name: str | None
    date_of_birth: str | None
    activity_id: str
    completed_on: str
    credits: float
    credit_types: tuple[tuple[str, float], ...]
    decided: BoardDecision | None = None

    @property
    def learner(self) -> tuple[str | None, ...]:
        """The learner as the board identifies them: an id, or name and birth date where there is none."""
        return (self.learner_board_id,) if self.learner_board_id else (
            self.first_name, self.last_name, self.date_of_birth,
        )  # fmt: skip

    @property
    def refused(self) -> bool:
        """Whether the board has rejected it."""
        return self.decided is not None and not self.decided.accepted


@dataclass(slots=True)
class View:
    """The credits of a board after the events read so far, and the cursor to read on from."""

    cursor: str | None = None
    position: int = 0
    held: dict[str, HeldCredit] = field(default_factory=dict)

    def apply(self, event: Mapping[str, Any]) -> None:
        """Apply the next event; raises `FeedFault` for one that cannot be the next."""
        credit_id, kind, position = event["credit_id"], event["event"], event["position"]
        if position != self.position + 1:
            raise FeedFault(f"position {position} came after {self.position}")
        before = self.held.get(credit_id)
        if (before is None) is not (kind == "credit.reported"):
            raise FeedFault(
                f"{kind} at position {position} of a credit that {'stands' if before else 'does not stand'}"
            )
        self.position = position
        if kind == "credit.withdrawn":
            del self.held[credit_id]
        else:
            self.held[credit_id] = _reported_credit(event, before.first if before else position)

    def decide(self, credit_id: str, decided: BoardDecision) -> None:
        """Store a decision, or the answer to it."""
        self.held[credit_id] = replace(self.held[credit_id], decided=decided)

    def undecided(self) -> Iterator[HeldCredit]:
        """Yield the credits without a decision, in the order of their latest events."""
        undecided = (credit for credit in self.held.values() if credit.decided is None)
        yield from sorted(undecided, key=_position)

    def unanswered(self) -> Iterator[HeldCredit]:
        """Yield the credits whose decision has no answer yet, in the order of their latest events."""
        unanswered = (
            credit for credit in self.held.values() if credit.decided is not None and credit.decided.answer is None
        )
        yield from sorted(unanswered, key=_position)

    def to_json(self) -> str:
        """Return the view as JSON text."""
        credits = [asdict(credit) for credit in self.held.values()]
        return json.dumps({"cursor": self.cursor, "position": self.position, "credits": credits}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> View:
        """Return the view that `to_json` has written."""
        given = json.loads(text)
        held = [_stored_credit(fields) for fields in given["credits"]]
        return cls(given["cursor"], given["position"], {credit.credit_id: credit for credit in held})


def _position(credit: HeldCredit) -> int:
    return credit.position


def _reported_credit(event: Mapping[str, Any], first: int) -> HeldCredit:
    learner = event["learner"]
    return HeldCredit(
        credit_id=event["credit_id"],
        first=first,
        position=event["position"],
        learner_board_id=event["learner_board_id"],
        first_name=learner["first_name"],
        last_name=learner["last_name"],
        date_of_birth=learner["date_of_birth"],
        activity_id=event["activity"]["activity_id"],
        completed_on=event["completed_on"],
        credits=event["credits"],
        credit_types=tuple(sorted((part["type"], part["credits"]) for part in event["credit_types"])),
    )


def _stored_credit(fields: dict[str, Any]) -> HeldCredit:
    types = tuple((name, amount) for name, amount in fields["credit_types"])
    decided = BoardDecision(**fields["decided"]) if fields["decided"] else None
    return HeldCredit(**(fields | {"credit_types": types, "decided": decided}))
