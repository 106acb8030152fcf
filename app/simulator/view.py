"""What a board holds: the credit that its feed has told it of, and what it has decided on each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from app.core.errors import OperatorFault


class FeedFault(OperatorFault):
    """The feed broke its promise: a position is missing or came twice, or a credit is told of out of turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What the board has decided on a credit as it was told last."""

    accepted: bool
    reason_code: str | None = None
    reason: str | None = None
    answer: str | None = None
    """What the service answered; None until it has, and the decision is sent again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A credit as the board was told of it last. Amounts in credits."""

    credit_id: str
    first: int
    """The position at which it was reported."""
    position: int
    """The position at which it was told of last: what is decided on."""
    learner_board_id: str | None
    first_name: str | None
    last_name: str | None
    date_of_birth: str | None
    activity_id: str
    completed_on: str
    credits: float
    credit_types: tuple[tuple[str, float], ...]
    decided: Decided | None = None

    @property
    def learner(self) -> tuple[str | None, ...]:
        """Who the learner is to the board: a number, or name and birth date where none was told."""
        return (self.learner_board_id,) if self.learner_board_id else (
            self.first_name, self.last_name, self.date_of_birth,
        )  # fmt: skip

    @property
    def refused(self) -> bool:
        """Whether the board has decided against it."""
        return self.decided is not None and not self.decided.accepted


@dataclass(slots=True)
class View:
    """What stands with a board after the events read so far, and where it reads on."""

    cursor: str | None = None
    position: int = 0
    held: dict[str, Held] = field(default_factory=dict)

    def tell(self, event: Mapping[str, Any]) -> None:
        """Take in the next event; raises `FeedFault` for one that cannot be the next."""
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
            self.held[credit_id] = _held(event, before.first if before else position)

    def decide(self, credit_id: str, decided: Decided) -> None:
        """Note a decision, or what it was answered."""
        self.held[credit_id] = replace(self.held[credit_id], decided=decided)

    def undecided(self) -> Iterator[Held]:
        """Yield the credits on which nothing is decided, in the order in which they were told."""
        yield from sorted((each for each in self.held.values() if each.decided is None), key=_told)

    def unanswered(self) -> Iterator[Held]:
        """Yield the credits whose decisions were not answered, in the order in which they were told."""
        waiting = (each for each in self.held.values() if each.decided is not None and each.decided.answer is None)
        yield from sorted(waiting, key=_told)

    def as_text(self) -> str:
        """Write it as JSON."""
        credits = [asdict(each) for each in self.held.values()]
        return json.dumps({"cursor": self.cursor, "position": self.position, "credits": credits}, ensure_ascii=False)

    @classmethod
    def of_text(cls, text: str) -> View:
        """Read what `as_text` has written."""
        given = json.loads(text)
        held = [_kept(each) for each in given["credits"]]
        return cls(given["cursor"], given["position"], {each.credit_id: each for each in held})


def _told(held: Held) -> int:
    return held.position


def _held(event: Mapping[str, Any], first: int) -> Held:
    learner = event["learner"]
    return Held(
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
        credit_types=tuple(sorted((each["type"], each["credits"]) for each in event["credit_types"])),
    )


def _kept(given: dict[str, Any]) -> Held:
    types = tuple((name, amount) for name, amount in given["credit_types"])
    decided = Decided(**given["decided"]) if given["decided"] else None
    return Held(**(given | {"credit_types": types, "decided": decided}))
