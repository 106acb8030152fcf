"""Pairs of physicians who seem to be one person: both side by side, and the operator's decision."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from app.console.drawn_forms import DrawnForm, Said
from app.console.frame import Flash, go_to, page
from app.console.once import submit_once
from app.console.pages.operator.filed_words import ComparedField, compare
from app.console.routes import PageRoute, Sent, value_of
from app.console.visitors import Operator, Visitor
from app.core.errors import Conflict, ParameterInvalid
from app.core.http.pagination import place_after
from app.domain.identity.learners import PairStatus
from app.domain.identity.pairs import ReviewedPair
from app.services.context import transact_async
from app.services.registry import merge_previews, pair_review

router = APIRouter(prefix="/operator/disputes", route_class=PageRoute, include_in_schema=False)
PairId = Annotated[str, Path(max_length=160)]
Which = Annotated[str, Query(max_length=20)]
After = Annotated[str | None, Query(max_length=200)]
PATH = "/operator/disputes"
ROWS = 25
STATUSES = (
    (PairStatus.OPEN, "To decide"), (PairStatus.NEVER, "Two people"), (PairStatus.JOINED, "Merged"),
)  # fmt: skip
DECISIONS = {
    "never": (pair_review.decide_never, "They stay two people. No import offers them again."),
    "later": (pair_review.put_off, "They wait behind the others."),
    "reopen": (pair_review.reopen, "They wait for a decision again."),
}


class PairsView(msgspec.Struct, frozen=True, kw_only=True):
    """A page of pairs of one status."""

    pairs: tuple[ReviewedPair, ...]
    statuses: tuple[tuple[str, str, bool], ...]
    """(address, text, whether it is shown)."""
    open: bool
    older: str
    zone: str


class PairView(msgspec.Struct, frozen=True, kw_only=True):
    """Both of a pair, and what may be decided."""

    reviewed: ReviewedPair
    compared: tuple[ComparedField, ...]
    merging: str
    """Where what a merge would do is listed; empty where they are merged."""
    form: DrawnForm
    zone: str


@router.get("")
async def list_pairs(request: Request, visitor: Operator, status: Which = "open", after: After = None) -> Response:
    """List pairs of a status, the longest known first; the log says that the operator looked."""
    wanted = PairStatus(status) if status in set(PairStatus) else PairStatus.OPEN
    found = await transact_async(visitor.caller, merge_previews.list_pairs, wanted, _place_of(after), ROWS + 1)
    older = ""
    if len(found) > ROWS:
        older = f"{PATH}?status={wanted.value}&after={'~'.join(pair_review.place_of(found[ROWS - 1]))}"
    view = PairsView(
        pairs=tuple(found[:ROWS]),
        statuses=tuple((f"{PATH}?status={one.value}", text, one is wanted) for one, text in STATUSES),
        open=wanted is PairStatus.OPEN,
        older=older,
        zone=visitor.time_zone,
    )
    return page(request, visitor, "pages/operator/pairs.html", view)


@router.get("/{pair_id}")
async def show_pair(request: Request, visitor: Operator, pair_id: PairId) -> Response:
    """Show both side by side; the log says that the operator looked."""
    return await _show(request, visitor, pair_id, DrawnForm())


@router.post("/{pair_id}")
async def decide_pair(request: Request, visitor: Operator, pair_id: PairId, sent: Sent) -> Response:
    """Decide that two are never one, put the decision off, or open it again."""
    found = DECISIONS.get(value_of(sent, "decision"))
    if found is None:
        said = Said(pointer="", text="Choose what to decide.")
        return await _show(request, visitor, pair_id, DrawnForm(said=[said]), 422)
    decide, text = found
    try:
        done = await submit_once(request, visitor, sent, decide, pair_id)
    except Conflict as refusal:
        said = Said(pointer="", text="They are merged, or it was decided meanwhile.", hint="Look at how it stands now.")
        return await _show(request, visitor, pair_id, DrawnForm(said=[said]), refusal.status)
    return go_to(request, PATH, Flash(text="It was done already." if done.again else text))


async def _show(request: Request, visitor: Visitor, pair_id: str, form: DrawnForm, status: int = 200) -> Response:
    reviewed = await transact_async(visitor.caller, merge_previews.look_at_pair, pair_id)
    one, other = reviewed.sides
    view = PairView(
        reviewed=reviewed,
        compared=tuple(compare(one, other, reviewed.levels)),
        merging=next(_merging(reviewed), ""),
        form=form,
        zone=visitor.time_zone,
    )
    return page(request, visitor, "pages/operator/pair.html", view, status)


def _merging(reviewed: ReviewedPair) -> Iterator[str]:
    for side in reviewed.sides:
        if side.physician.physician_id != reviewed.into:
            yield f"/operator/registry/{side.physician.physician_id}/merge?into={reviewed.into}"


def _place_of(after: str | None) -> Sequence[str] | None:
    if after is None:
        return None
    try:
        return place_after(after.split("~"), 3)
    except ParameterInvalid:
        raise ParameterInvalid.of("after", "This is no place of the list.", "Follow the link Older.") from None
