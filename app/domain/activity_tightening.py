"""The bounds that an edit of an activity tightens: only these can make reported credit break a rule.

Extending, raising and adding are always allowed and yield nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import msgspec

from app.domain.activities import Activity
from app.domain.amounts import in_quarters
from app.domain.credits import CME
from app.domain.identity.comparison_keys import code_key


class Tightened(msgspec.Struct, frozen=True, kw_only=True):
    """A bound that an edit tightens, with a JSON Pointer to the edited field."""

    pointer: str
    detail: str


class StartsLater(Tightened, frozen=True, kw_only=True):
    """Completions before this day are no longer covered."""

    start: date


class EndsEarlier(Tightened, frozen=True, kw_only=True):
    """Completions after this day are no longer covered: with CME or REMS, or with points of a board."""

    end: date
    board: str | None


class MaximumLowered(Tightened, frozen=True, kw_only=True):
    """A learner may hold at most this many quarters of a target."""

    target: str
    quarters: int


class RegistrationRemoved(Tightened, frozen=True, kw_only=True):
    """A board, or one of its credit types, is no longer registered."""

    board: str
    credit_type: str | None


class RemsFlagRemoved(Tightened, frozen=True, kw_only=True):
    """The activity is no longer flagged REMS."""


class BecomesDraft(Tightened, frozen=True, kw_only=True):
    """The activity lacks a field that reporting learners requires."""


def find_tightened(before: Activity, after: Activity) -> Iterator[Tightened]:
    """Yield every bound that an edit tightens."""
    if (
        isinstance(after.start_date, date)
        and isinstance(before.start_date, date)
        and after.start_date > before.start_date
    ):
        yield StartsLater(
            pointer="/start_date", detail=f"The start moves to {after.start_date}.", start=after.start_date
        )
    if isinstance(after.end_date, date) and isinstance(before.end_date, date) and after.end_date < before.end_date:
        yield EndsEarlier(
            pointer="/end_date", detail=f"The end moves to {after.end_date}.", end=after.end_date, board=None
        )
    yield from _find_lowered_maximum(before, after, None, "/ama_pra_credits")
    kept = {registration.board: place for place, registration in enumerate(after.registrations)}
    for earlier in before.registrations:
        if earlier.board not in kept:
            detail = f"The registration for {earlier.board} is taken away."
            yield RegistrationRemoved(pointer="/moc", detail=detail, board=earlier.board, credit_type=None)
            continue
        pointer = f"/moc/{kept[earlier.board]}"
        claim, claimed = after.claim_date(earlier.board), before.claim_date(earlier.board)
        if claim is not None and claimed is not None and claim < claimed:
            own = [r.credit_claim_date for r in (earlier, after.registration(earlier.board)) if r is not None]
            moved = f"{pointer}/credit_claim_date" if own[0] != own[-1] else "/end_date"
            detail = f"The claim date of {earlier.board} moves to {claim}."
            yield EndsEarlier(pointer=moved, detail=detail, end=claim, board=earlier.board)
        yield from _find_lowered_maximum(before, after, earlier.board, f"{pointer}/points")
        registration = after.registration(earlier.board)
        for name in earlier.credit_types:
            if registration is not None and not registration.has_type(code_key(name)):
                detail = f"{name} of {earlier.board} is taken away."
                yield RegistrationRemoved(
                    pointer=f"{pointer}/credit_types", detail=detail, board=earlier.board, credit_type=name
                )
    if before.rems and not after.rems:
        yield RemsFlagRemoved(pointer="/rems", detail="The REMS flag is taken away.")
    missing = list(after.missing_to_activate())
    if missing and not any(before.missing_to_activate()):
        for name in missing:
            pointer = "/" + name.replace(".", "/")
            yield BecomesDraft(pointer=pointer, detail=f"Without {name} the activity would be a draft.")


def _find_lowered_maximum(
    before: Activity, after: Activity, board: str | None, pointer: str
) -> Iterator[MaximumLowered]:
    """Yield a maximum that is new or lower, at the field that makes it so."""
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
    yield MaximumLowered(pointer=pointer, detail=detail, target=board or CME, quarters=int(in_quarters(now)))


def _points(activity: Activity, board: str) -> float | None:
    registration = activity.registration(board)
    return registration.points if registration is not None else None
