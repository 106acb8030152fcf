"""What an edit of an activity takes away: only that can make credit that was reported break a rule.

Extending, raising and adding is always allowed, so nothing is said about it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import msgspec

from app.domain.activities import Activity
from app.domain.amounts import in_quarters
from app.domain.comparison_keys import code_key
from app.domain.credits import CME


class Tightened(msgspec.Struct, frozen=True, kw_only=True):
    """One bound that an edit draws tighter, with the pointer of the field that does it."""

    pointer: str
    detail: str


class Later(Tightened, frozen=True, kw_only=True):
    """Completions before this day are no longer covered."""

    start: date


class Earlier(Tightened, frozen=True, kw_only=True):
    """Completions after this day are no longer covered: with CME or REMS, or with points of a board."""

    end: date
    board: str | None


class Lower(Tightened, frozen=True, kw_only=True):
    """A learner may no longer hold more quarters than this of a target."""

    target: str
    quarters: int


class Gone(Tightened, frozen=True, kw_only=True):
    """A board, or one of its credit types, is no longer registered."""

    board: str
    credit_type: str | None


class Unflagged(Tightened, frozen=True, kw_only=True):
    """The activity is no longer flagged REMS."""


class Draft(Tightened, frozen=True, kw_only=True):
    """The activity lacks something without which learners cannot be reported."""


def tightened(before: Activity, after: Activity) -> Iterator[Tightened]:
    """Yield every bound that an edit draws tighter."""
    if (
        isinstance(after.start_date, date)
        and isinstance(before.start_date, date)
        and after.start_date > before.start_date
    ):
        yield Later(pointer="/start_date", detail=f"The start moves to {after.start_date}.", start=after.start_date)
    if isinstance(after.end_date, date) and isinstance(before.end_date, date) and after.end_date < before.end_date:
        yield Earlier(pointer="/end_date", detail=f"The end moves to {after.end_date}.", end=after.end_date, board=None)
    yield from _maximum(before, after, None, "/ama_pra_credits")
    kept = {each.board: place for place, each in enumerate(after.registrations)}
    for each in before.registrations:
        if each.board not in kept:
            detail = f"The registration for {each.board} is taken away."
            yield Gone(pointer="/moc", detail=detail, board=each.board, credit_type=None)
            continue
        pointer = f"/moc/{kept[each.board]}"
        claim, claimed = after.claim_date(each.board), before.claim_date(each.board)
        if claim is not None and claimed is not None and claim < claimed:
            own = [r.credit_claim_date for r in (each, after.registration(each.board)) if r is not None]
            moved = f"{pointer}/credit_claim_date" if own[0] != own[-1] else "/end_date"
            detail = f"The claim date of {each.board} moves to {claim}."
            yield Earlier(pointer=moved, detail=detail, end=claim, board=each.board)
        yield from _maximum(before, after, each.board, f"{pointer}/points")
        registration = after.registration(each.board)
        for name in each.credit_types:
            if registration is not None and not registration.has_type(code_key(name)):
                detail = f"{name} of {each.board} is taken away."
                yield Gone(pointer=f"{pointer}/credit_types", detail=detail, board=each.board, credit_type=name)
    if before.rems and not after.rems:
        yield Unflagged(pointer="/rems", detail="The REMS flag is taken away.")
    missing = list(after.missing_to_activate())
    if missing and not any(before.missing_to_activate()):
        for name in missing:
            pointer = "/" + name.replace(".", "/")
            yield Draft(pointer=pointer, detail=f"Without {name} the activity would be a draft.")


def _maximum(before: Activity, after: Activity, board: str | None, pointer: str) -> Iterator[Lower]:
    """Yield a maximum that binds from now on, or binds tighter, at the field that makes it so."""
    now = after.maximum(board) if after.maximum_checked else None
    then = before.maximum(board) if before.maximum_checked else None
    if now is None or (then is not None and now >= then):
        return
    if not before.maximum_checked and before.maximum(board) == now:
        pointer = "/format"
    elif board is not None and _points(before, board) == _points(after, board):
        # A board without points has the AMA PRA amount.
        pointer = "/ama_pra_credits"
    detail = f"The maximum of {board or CME} would be {now:g}."
    yield Lower(pointer=pointer, detail=detail, target=board or CME, quarters=int(in_quarters(now)))


def _points(activity: Activity, board: str) -> float | None:
    registration = activity.registration(board)
    return registration.points if registration is not None else None
