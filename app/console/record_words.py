"""A record in words: what became of it, step by step, and which boards hear of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest

import msgspec

from app.console.words import day, instant
from app.domain.amounts import format_quarters
from app.domain.credits import Completion, Credit, CreditKind, CreditStatus, Delivery
from app.domain.looking.attention import reason_in_words
from app.services.completions.records import Version

_STEPS = {
    "correct": ("ok", "pencil", "Corrected"),
    "withdraw": ("gone", "cross", "Withdrawn"),
    "decide": ("wait", "clock", "The board took it"),
    "erase": ("gone", "cross", "The learner was erased"),
}
_DECIDED = {
    CreditStatus.ACCEPTED: ("ok", "tick", "accepted it"),
    CreditStatus.REJECTED: ("no", "stop", "rejected it"),
    CreditStatus.PENDING: ("wait", "clock", "has it"),
}


class RecordStep(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a record, as a step in time."""

    kind: str
    drawing: str
    text: str
    when: str
    who: str
    detail: str


def steps_of(versions: Sequence[Version], names: Mapping[str, str], zone: str) -> Iterator[RecordStep]:
    """Yield the steps of a record, newest first, from its versions in that order."""
    for version, before in zip_longest(versions, [one.completion for one in versions[1:]]):
        after = version.completion
        kind, drawing, text = _head(version, before)
        who = names.get(version.client_id or "", "") if version.board is None else version.board
        yield RecordStep(
            kind=kind,
            drawing=drawing,
            text=text,
            when=instant(version.at, zone),
            who=who,
            detail="" if before is None else " ".join(f"{change}." for change in changes_between(before, after)),
        )


def _head(version: Version, before: Completion | None) -> tuple[str, str, str]:
    if version.verb == "decide" and before is not None:
        stood = set(before.credits)
        changed = [credit for credit in version.completion.credits if credit not in stood]
        for credit in changed:
            kind, drawing, words = _DECIDED.get(credit.status, _STEPS["decide"])
            return kind, drawing, f"{credit.board} {words}"
    if before is None:
        return "wait", "up", "Reported"
    if version.verb == "withdraw" and version.completion.withdrawn_at is None:
        return "gone", "cross", "Some credit was withdrawn"
    return _STEPS.get(version.verb, ("ok", "plus", "Credit was added"))


def changes_between(before: Completion, after: Completion) -> Iterator[str]:
    """Yield what differs between two versions of a record, as sentences without their end."""
    for what, old, new in (
        ("First name", before.first_name, after.first_name),
        ("Last name", before.last_name, after.last_name),
        ("Birth month and day", before.birth_date, after.birth_date),
        ("NPI", before.npi, after.npi),
        ("Activity", before.activity_id, after.activity_id),
        ("Completed", day(before.completed_on), day(after.completed_on)),
    ):
        if old != new:
            yield f"{what}: {old or 'nothing'} became {new or 'nothing'}"
    stood = {credit.credit_id: credit for credit in before.credits}
    for credit in after.credits:
        old_credit = stood.get(credit.credit_id)
        if old_credit is None:
            yield f"{credit_in_words(credit)} was added"
        elif old_credit != credit:
            yield from _credit_changes(old_credit, credit)
    if before.rems_fields != after.rems_fields:
        yield "The answers for REMS were changed"


def _credit_changes(old: Credit, new: Credit) -> Iterator[str]:
    if old.quarters != new.quarters:
        yield f"{new.board}: {format_quarters(old.quarters)} became {format_quarters(new.quarters)}"
    if old.credit_types != new.credit_types:
        yield f"{new.board}: credit types became {_types(new) or 'none'}"
    if old.number_reported != new.number_reported:
        yield f"{new.board}: the number became {new.number_reported or 'nothing'}"
    if old.status is not new.status and new.status is CreditStatus.WITHDRAWN:
        yield f"{credit_in_words(new)} was withdrawn"
    elif old.status is not new.status and new.status is CreditStatus.REJECTED:
        words = f": “{new.status_text}”" if new.status_text else ""
        yield f"{new.board}: {reason_in_words(new.status_reason)}{words}"
    elif old.status is not new.status:
        yield f"{new.board}: {new.status.value}"


def _types(credit: Credit) -> str:
    return ", ".join(f"{format_quarters(quarters)} {name}" for name, quarters in credit.credit_types)


def credit_in_words(credit: Credit) -> str:
    """Return a credit with its board: `2 CME for TN-M`."""
    kind = "CME" if credit.kind is CreditKind.CME else "points"
    return f"{format_quarters(credit.quarters)} {kind} for {credit.board}"


def boards_told(completions: Iterable[Completion]) -> list[str]:
    """Return the boards that hear of it when records are withdrawn, sorted."""
    return sorted({
        credit.board
        for completion in completions
        for credit in completion.credits
        if credit.delivery is Delivery.BOARD and credit.status is not CreditStatus.WITHDRAWN
    })  # fmt: skip


def told_in_words(boards: Sequence[str]) -> str:
    """Return who is told, as a sentence, such as `ABA and TN-M will be told`."""
    if not boards:
        return "No board is told: it has none of this credit."
    listed = f"{', '.join(boards[:-1])} and {boards[-1]}" if len(boards) > 1 else boards[0]
    return f"{listed} will be told."


def learner_in_words(completion: Completion) -> str:
    """Return the name of a learner as reported; a word in its place where there is none."""
    return " ".join(filter(None, (completion.first_name, completion.last_name))) or "A learner without a name"
