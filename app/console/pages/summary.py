"""Learner summary by activity."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.console.activity_words import dates_in_words, format_in_words
from app.console.frame import page
from app.console.lists.addresses import SummaryAddress, read_request, way_up
from app.console.lists.listings import Listing, draw_list
from app.console.lists.summary_list import SUMMARY, read_summaries
from app.console.routes import PageRoute
from app.console.visitors import Reader
from app.domain.amounts import in_credits
from app.domain.looking.activity_counts import ActivitySummary

router = APIRouter(prefix="/p/{provider_id}/summary", route_class=PageRoute, include_in_schema=False)


class SummaryRow(msgspec.Struct, frozen=True, kw_only=True):
    """An activity with the counts of its lines."""

    activity_id: str
    title: str
    format: str
    internal_id: str
    dates: str
    accepted: int
    rejected: int
    pending: int
    persons: int | None
    credits: float

    @classmethod
    def of(cls, summary: ActivitySummary) -> SummaryRow:
        """Show a summary."""
        activity, counts = summary.activity, summary.counts
        return cls(
            activity_id=activity.activity_id,
            title=activity.title or activity.activity_id,
            format=format_in_words(activity),
            internal_id=activity.internal_id or "",
            dates=dates_in_words(activity),
            accepted=counts.accepted,
            rejected=counts.rejected,
            pending=counts.pending,
            persons=summary.persons,
            credits=in_credits(counts.quarters),
        )


class SummaryView(msgspec.Struct, frozen=True, kw_only=True):
    """What the summary shows."""

    list: Listing
    rows: tuple[SummaryRow, ...]
    base: str
    up: str
    """What leads from this page to `base`."""
    may_report: bool
    provider: str
    counts_some: bool
    """Whether filters of lines are on, so that other lines are not counted."""


_OF_LINES = frozenset({
    "status", "board", "kind", "credit_type", "entry_method", "submitted_from", "submitted_to", "completed_from",
    "completed_to",
})  # fmt: skip


@router.get("")
async def show_summary(
    request: Request, visitor: Reader, provider_id: str, address: Annotated[SummaryAddress, Query()]
) -> Response:
    """Sum up the activities: their credit lines by status, under every filter of the slides."""
    caller = visitor.caller
    base = visitor.home
    asked = read_request(caller.service.keyring, caller.provider_id, f"{base}/summary", SUMMARY, address.given())
    rows, options = await read_summaries(caller, asked)
    view = SummaryView(
        list=draw_list(asked, rows, "Activities with their learners", options, f"{base}/downloads"),
        rows=tuple(map(SummaryRow.of, rows.rows)),
        base=base,
        up=way_up(asked.path, base),
        may_report="reporter" in visitor.roles,
        provider=visitor.owner.name if visitor.owner is not None else "",
        counts_some=not _OF_LINES.isdisjoint(asked.given),
    )
    return page(request, visitor, "pages/summary.html", view, 422 if asked.said else 200)
