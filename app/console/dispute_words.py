"""Disputes in words, the same for physicians, providers and the operator."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from app.console.record_words import RecordStep, changes_between, learner_in_words
from app.console.words import day, instant
from app.domain.passport.disputes import DisputeCase, DisputeKind, DisputeStatus, DisputeStep, DisputeVerb, Party

KINDS = {
    DisputeKind.NOT_ME: "It is not me",
    DisputeKind.AMOUNT: "The amount is wrong",
    DisputeKind.DATE: "The date is wrong",
    DisputeKind.ACTIVITY: "The activity is wrong",
    DisputeKind.CREDIT_TYPE: "A credit type is wrong",
    DisputeKind.MISSING_TYPE: "A credit type is missing",
    DisputeKind.PERMISSION: "Permission was withdrawn",
}
CHOICES = tuple((kind.value, text) for kind, text in KINDS.items() if kind is not DisputeKind.PERMISSION)
"""What a physician chooses from."""
_STATES = {
    DisputeStatus.OPEN: ("warn", "warn", "To be answered"),
    DisputeStatus.ANSWERED: ("wait", "pencil", "Answered"),
    DisputeStatus.REFERRED: ("wait", "clock", "With the operator"),
    DisputeStatus.AGREED: ("ok", "tick", "Agreed"),
    DisputeStatus.REFUSED: ("no", "stop", "Refused"),
    DisputeStatus.TAKEN_BACK: ("gone", "cross", "Taken back"),
}
"""(kind, drawing, word) of each status."""
_STEPS = {
    DisputeVerb.OPEN: ("warn", "warn", "Opened"),
    DisputeVerb.ADD: ("warn", "plus", "More was said"),
    DisputeVerb.ANSWER: ("wait", "pencil", "Answered"),
    DisputeVerb.REFER: ("wait", "up", "Passed to the operator"),
    DisputeVerb.AGREE: ("ok", "tick", "Agreed"),
    DisputeVerb.REFUSE: ("no", "stop", "Refused"),
    DisputeVerb.TAKE_BACK: ("gone", "cross", "Taken back"),
}
_PARTIES = {
    Party.PHYSICIAN: "The physician",
    Party.PROVIDER: "The provider",
    Party.OPERATOR: "The operator",
    Party.SERVICE: "",
}
_BY_ITSELF = {
    DisputeVerb.REFER: "The time to answer is over.",
    DisputeVerb.AGREE: "The record was withdrawn, changed, or is somebody else's now.",
    DisputeVerb.REFUSE: "Nobody objected to the answer in time: it stands.",
}
"""Why a step came that nobody made."""


class DisputeView(msgspec.Struct, frozen=True, kw_only=True):
    """A dispute as any page shows it."""

    dispute_id: str
    mark: tuple[str, str]
    """(kind, drawing) of its status."""
    state: str
    """The status in words."""
    kind: str
    facts: tuple[tuple[str, str], ...]
    steps: tuple[RecordStep, ...]
    changes: tuple[str, ...]
    """What of the record has changed since, as sentences."""
    changed: bool
    is_open: bool
    about_permission: bool
    completion_id: str
    """Empty where it is about all that the provider has reported."""
    stands: bool
    """Whether the record has not been withdrawn."""


def view_of(case: DisputeCase, zone: str, *, shows_changes: bool = True) -> DisputeView:
    """Return a dispute in words; what changed is left out where the record is another person's by now."""
    dispute = case.dispute
    shown = shows_changes and case.record is not None and case.before is not None
    changes = tuple(f"{text}." for text in _changes(case)) if shown else ()
    mark, drawing, state = _STATES[dispute.status]
    return DisputeView(
        dispute_id=dispute.dispute_id,
        mark=(mark, drawing),
        state=state,
        kind=KINDS[dispute.kind],
        facts=tuple(_facts(case, zone)),
        steps=tuple(_step(step, zone) for step in reversed(case.steps)),
        changes=changes,
        changed=case.changed,
        is_open=dispute.status.is_open,
        about_permission=dispute.kind is DisputeKind.PERMISSION,
        completion_id=dispute.completion_id or "",
        stands=case.record is not None and case.record.withdrawn_at is None,
    )


def _changes(case: DisputeCase) -> Iterator[str]:
    assert case.record is not None and case.before is not None
    if case.record.withdrawn_at is not None and case.before.withdrawn_at is None:
        yield "The whole record was withdrawn"
    yield from changes_between(case.before, case.record)


def _facts(case: DisputeCase, zone: str) -> Iterator[tuple[str, str]]:
    dispute = case.dispute
    yield "About", case.activity or "Everything that the provider has reported"
    if case.before is not None:
        yield "Reported as", learner_in_words(case.before)
        yield "Completed", day(case.before.completed_on)
    yield "Provider", case.provider
    yield "Opened", instant(dispute.opened_at, zone)
    if dispute.status is DisputeStatus.OPEN:
        yield "To be answered by", instant(dispute.answer_by, zone)
    elif dispute.due_at is not None:
        yield "The answer stands from", instant(dispute.due_at, zone)
    if dispute.closed_at is not None:
        yield "Ended", instant(dispute.closed_at, zone)


def _step(step: DisputeStep, zone: str) -> RecordStep:
    kind, drawing, text = _STEPS[step.verb]
    return RecordStep(
        kind=kind,
        drawing=drawing,
        text=text,
        when=instant(step.at, zone),
        who=_PARTIES[step.party],
        detail=step.message or (_BY_ITSELF.get(step.verb, "") if step.party is Party.SERVICE else ""),
    )


class DisputeRow(msgspec.Struct, frozen=True, kw_only=True):
    """A dispute of a list."""

    dispute_id: str
    kind: str
    about: str
    learner: str
    """As the record names them; empty where it is about all that was reported."""
    provider: str
    mark: tuple[str, str]
    """(kind, drawing) of its status."""
    state: str
    opened_at: datetime
    answer_by: datetime | None
    """Until when the provider answers; None where it need not."""
    changed: bool

    @classmethod
    def of(cls, case: DisputeCase) -> DisputeRow:
        """Show a dispute."""
        dispute = case.dispute
        mark, drawing, state = _STATES[dispute.status]
        return cls(
            dispute_id=dispute.dispute_id,
            kind=KINDS[dispute.kind],
            about=case.activity or "Everything that was reported",
            learner=learner_in_words(case.before) if case.before is not None else "",
            provider=case.provider,
            mark=(mark, drawing),
            state=state,
            opened_at=dispute.opened_at,
            answer_by=dispute.answer_by if dispute.status is DisputeStatus.OPEN else None,
            changed=case.changed,
        )
