"""Learners: those of one activity, line by line, and the search over all of a provider's."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.console.activity_words import dates_in_words, format_in_words
from app.console.frame import go_to, page
from app.console.lists.addresses import SEALED, LinesAddress, read_request, seal_words, way_up
from app.console.lists.line_list import DETAILS, SEARCH, ShownLine, read_lines
from app.console.lists.listings import Listing, draw_list
from app.console.routes import PageRoute, Sent, SentFields
from app.console.visitors import Reader, Visitor
from app.console.words import counted, day
from app.domain.activities import Activity
from app.services.context import read_async
from app.services.looking import summaries

router = APIRouter(prefix="/p/{provider_id}", route_class=PageRoute, include_in_schema=False)
_SEARCHED = ("first_name", "last_name", "q")


class LearnersView(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of credit lines shows."""

    list: Listing
    rows: tuple[ShownLine, ...]
    base: str
    """The address of the provider's pages."""
    up: str
    """What leads there from this page."""
    may_report: bool
    title: str = ""
    lead: str = ""
    activity_id: str = ""
    facts: tuple[tuple[str, str], ...] = ()


@router.get("/activities/{activity_id}/learners")
async def show_learners_of_activity(
    request: Request, visitor: Reader, provider_id: str, activity_id: str, address: Annotated[LinesAddress, Query()]
) -> Response:
    """Show the learners of an activity, a row for each credit line."""
    caller = visitor.caller
    summary, _ = await read_async(caller, summaries.of_activity, activity_id)
    activity, counts = summary.activity, summary.counts
    base = visitor.home
    path = f"{base}/activities/{activity.activity_id}/learners"
    asked = read_request(
        caller.service.keyring, caller.provider_id, path, DETAILS, address.given(),
        {"activity_id": [activity.activity_id]},
    )  # fmt: skip
    rows, options = await read_lines(caller, asked)
    lines = counts.accepted + counts.rejected + counts.pending
    people = f", {counted(summary.persons, 'person', 'people')}" if summary.persons is not None else ""
    view = LearnersView(
        list=draw_list(asked, rows, f"Learners of {activity.title}", options, f"{base}/downloads"),
        rows=tuple(rows.rows),
        base=base,
        up=way_up(asked.path, base),
        may_report="reporter" in visitor.roles,
        title=activity.title or activity.activity_id,
        lead=f"{counted(lines, 'line')}{people}",
        activity_id=activity.activity_id,
        facts=_facts_of(activity),
    )
    return page(request, visitor, "pages/learners/of_activity.html", view, 422 if asked.said else 200)


@router.post("/activities/{activity_id}/learners")
async def search_learners_of_activity(
    request: Request, visitor: Reader, provider_id: str, activity_id: str, sent: Sent
) -> Response:
    """Search the learners of an activity; the words stand sealed in the address that follows."""
    summary, _ = await read_async(visitor.caller, summaries.of_activity, activity_id)
    path = f"{visitor.home}/activities/{summary.activity.activity_id}/learners"
    return go_to(request, _searched(visitor, path, sent))


@router.get("/learners")
async def show_learners(
    request: Request, visitor: Reader, provider_id: str, address: Annotated[LinesAddress, Query()]
) -> Response:
    """Show all learners, or those that were searched for, a row for each credit line."""
    caller = visitor.caller
    base = visitor.home
    asked = read_request(caller.service.keyring, caller.provider_id, f"{base}/learners", SEARCH, address.given())
    rows, options = await read_lines(caller, asked)
    view = LearnersView(
        list=draw_list(asked, rows, "Learners", options, f"{base}/downloads"),
        rows=tuple(rows.rows),
        base=base,
        up=way_up(asked.path, base),
        may_report="reporter" in visitor.roles,
    )
    return page(request, visitor, "pages/learners/search.html", view, 422 if asked.said else 200)


@router.post("/learners")
async def search_learners(request: Request, visitor: Reader, provider_id: str, sent: Sent) -> Response:
    """Search for learners; a new search starts without filters, and no name stands in an address."""
    return go_to(request, _searched(visitor, f"{visitor.home}/learners", sent))


def _searched(visitor: Visitor, path: str, sent: SentFields) -> str:
    words = {name: sent[name][:1] for name in _SEARCHED if name in sent}
    sealed = seal_words(visitor.caller.service.keyring, visitor.caller.provider_id, words)
    return f"{path}?{SEALED}={sealed}" if sealed else path


def _facts_of(activity: Activity) -> tuple[tuple[str, str], ...]:
    """Return what the head of a list shows of its activity, as the slides do."""
    boards = [registration.board for registration in activity.registrations]
    claims = {board: activity.claim_date(board) for board in boards}
    told = [f"{day(claim)} ({board})" for board, claim in claims.items() if claim is not None]
    credits = activity.ama_pra_credits
    facts = (
        ("Format", format_in_words(activity)),
        ("Activity ID · yours", " · ".join(filter(None, (activity.activity_id, activity.internal_id)))),
        ("Dates", dates_in_words(activity)),
        ("Certifying boards", ", ".join(boards)),
        ("Credit claim date", ", ".join(told)),
        ("Most for one learner", f"{credits:g} AMA PRA Category 1" if credits is not None else ""),
    )
    return tuple((term, text) for term, text in facts if text)
