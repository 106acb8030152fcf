"""`/v1/board-feed`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field
from typing_extensions import TypeAliasType

from app.core.http.csv_bodies import CSV, csv_route
from app.core.http.routing import StrictRoute
from app.domain.feeds import DailyFileFormat
from app.routers.callers import BoardReader
from app.routers.openapi import binary, problems
from app.schemas.base import Day
from app.schemas.board_feed import DecisionsIn, DecisionsOut, FeedPage, FeedSummaryOut, page_json
from app.schemas.decision_tables import DECISIONS
from app.schemas.queries import FollowQuery
from app.services.boards import daily_file, feed
from app.services.boards import decisions as board_decisions
from app.services.boards.daily_file import XLSX
from app.services.boards.decision_workbooks import WORKBOOKS, read_decisions_text
from app.services.context import DECISIONS_AS_ONE, ROWS_AS_ONE, read_async

router = APIRouter(prefix="/v1/board-feed", tags=["Board feed"], route_class=StrictRoute)
decisions = APIRouter(
    prefix="/v1/board-feed",
    tags=["Board feed"],
    route_class=csv_route(DECISIONS, workbooks=dict.fromkeys(WORKBOOKS, read_decisions_text)),
)


FileFormat = TypeAliasType("FileFormat", DailyFileFormat)
"""The public name of `DailyFileFormat`."""


class DecisionsQuery(BaseModel):
    """How far the board has read."""

    after: Annotated[
        str | None,
        Field(
            max_length=2_000,
            description="The newest `next_cursor`. The answer has another one to keep in its place: asked with it, the "
            "service answers 410 when a restore has undone these decisions.",
        ),
    ] = None


@router.get("", response_model=FeedPage, responses=problems(410))
async def read_board_feed(caller: BoardReader, query: Annotated[FollowQuery, Query()]) -> Response:
    """Read the board's events, each report, correction and withdrawal of credit once and in order.

    Keep `next_cursor`, and ask again with it later; asking confirms that everything before it has arrived. 410 means
    that the service was restored to an earlier state: read again from the beginning, which gives the present state, and
    send your decisions again.
    """
    caller.charge(query.size, ROWS_AS_ONE, parameter="limit")
    found = await feed.read(caller, after=query.after, limit=query.size)
    return Response(page_json(found.events, found.cursor), media_type="application/json")


@decisions.post(
    "/decisions",
    response_model=DecisionsOut,
    responses=problems(410),
    openapi_extra={"requestBody": {"content": binary(CSV, *WORKBOOKS)[200]["content"]}},
)
async def decide_credits(
    caller: BoardReader, body: DecisionsIn, query: Annotated[DecisionsQuery, Query()]
) -> DecisionsOut:
    """Accept or reject credit, up to 5,000 at once, as JSON, CSV or a workbook; each decision is answered by itself.

    A later decision replaces an earlier one. Sent again, decisions are `unchanged`. 410 means that the service was
    restored to an earlier state than that of `after`.
    """
    caller.charge(len(body.decisions), DECISIONS_AS_ONE, pointer="/decisions")
    reply = await board_decisions.decide(
        caller, [decision.as_decision() for decision in body.decisions], after=query.after
    )
    return DecisionsOut.of(body.decisions, reply.results, reply.cursor)


@router.get(
    "/file",
    response_class=StreamingResponse,
    responses=binary("text/csv", XLSX, description="The board's events of one day, a row each"),
)
async def get_board_feed_file(
    request: Request,
    caller: BoardReader,
    day: Annotated[Day, Query(alias="date", description="The day (UTC) whose events are wanted.")],
    format: Annotated[FileFormat, Query(description="What the file is to be.")] = DailyFileFormat.CSV,
) -> Response:
    """Download the events of one day as a file, for boards that work by hand.

    Fill in `decision` (and `reason_code`, `reason`) and send it back to the decisions, as a workbook or as CSV; rows
    without a decision are ignored. Days downloaded one after another count as read.
    """
    name = f"{feed.board_of(caller).code}_{day}.{format}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    # To ask for its head is no download: of a stream nothing is read then, and nothing counts as read.
    if format is DailyFileFormat.XLSX and request.method != "HEAD":
        book = await daily_file.make_workbook(caller, day)
        headers["Content-Length"] = str(len(book.content))
        return StreamingResponse(daily_file.send_workbook(caller, book), headers=headers, media_type=XLSX)
    media_type = XLSX if format is DailyFileFormat.XLSX else CSV
    return StreamingResponse(daily_file.write_csv(caller, day), headers=headers, media_type=media_type)


@router.get("/summary", response_model=FeedSummaryOut)
async def get_board_feed_summary(caller: BoardReader) -> FeedSummaryOut:
    """Count the board's credit by status, and show how far the board has read."""
    return FeedSummaryOut.of(await read_async(caller, feed.summary))
