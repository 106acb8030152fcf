"""`:export` of a list: all of it as a file."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse

from app.core.errors import RateLimited
from app.core.http.routing import StrictRoute
from app.domain.exports import ExportKind
from app.routers.callers import ActivitiesReader, CompletionsReader
from app.routers.openapi import binary, problems
from app.schemas.looking.exports import (
    QUERIES,
    ActivityExportQuery,
    CompletionExportQuery,
    CreditLineExportQuery,
    ExportQuery,
    SummaryExportQuery,
)
from app.services.context import Caller, read_async
from app.services.looking import exports
from app.services.looking.exports import Export
from app.services.looking.lists import MEDIA_TYPES
from app.services.looking.slots import ExportSlot

router = APIRouter(prefix="/v1", route_class=StrictRoute)
FILE = binary(*(type for format, type in MEDIA_TYPES.items() if not format.is_document), description="The file")
REPORTED_FILE = binary(*MEDIA_TYPES.values(), description="The file")
"""Of a list that is a PARS document, too."""


@router.get(
    "/learner-completions:export",
    tags=["Learner completions"],
    response_class=StreamingResponse,
    responses=REPORTED_FILE | problems(RateLimited),
)
async def export_completions(
    caller: CompletionsReader, query: Annotated[CompletionExportQuery, Query()], request: Request
) -> Response:
    """Download all completions that fit the filters of the list, in its order.

    `xlsx` and `csv` have a row for each credit; with filters of credits (`board`, `kind`, `status`, `credit_type`,
    `state`, `client_reference`), for each that fits. `ndjson` has a completion a line, as the list answers it. `xml`
    and `json` are a PARS document of what stands of them, which changes nothing when it is uploaded as it is. A
    completion that exists during the whole download, and whose sort keys do not change, is in it exactly once. If the
    download fails, the answer is cut off before its end, so that no part is taken for the whole. A workbook holds
    1,048,575 rows: more are refused before the first byte.
    """
    return await export_list(caller, ExportKind.LEARNER_COMPLETIONS, query, request)


@router.get(
    "/activities:export",
    tags=["Activities"],
    response_class=StreamingResponse,
    responses=REPORTED_FILE | problems(RateLimited),
)
async def export_activities(
    caller: ActivitiesReader, query: Annotated[ActivityExportQuery, Query()], request: Request
) -> Response:
    """Download all activities that fit the filters of the list, in its order.

    `xlsx` and `csv` have the columns of the template for activities, so that the file can be changed and uploaded; as
    it is, it changes nothing. `ndjson` has an activity a line, as the list answers it. `xml` and `json` are a PARS
    document, which changes nothing either; what such a document cannot say is left out.
    """
    return await export_list(caller, ExportKind.ACTIVITIES, query, request)


@router.get(
    "/credit-lines:export",
    tags=["Learner completions"],
    response_class=StreamingResponse,
    responses=FILE | problems(RateLimited),
)
async def export_credit_lines(
    caller: CompletionsReader, query: Annotated[CreditLineExportQuery, Query()], request: Request
) -> Response:
    """Download all credit lines that fit the filters of the list, in its order.

    Every filter holds for the line itself. `xlsx` and `csv` have a row for each line, in the columns of completions;
    `ndjson` has a line of the list a line, as the list answers it.
    """
    return await export_list(caller, ExportKind.CREDIT_LINES, query, request)


@router.get(
    "/activity-summaries:export",
    tags=["Activities"],
    response_class=StreamingResponse,
    responses=FILE | problems(RateLimited),
)
async def export_activity_summaries(
    caller: CompletionsReader, query: Annotated[SummaryExportQuery, Query()], request: Request
) -> Response:
    """Download the summaries of all activities that fit the filters of the list, in its order.

    `xlsx` and `csv` have a row for each activity, with its learners by status, its persons and its credits; `ndjson`
    has a summary a line, as the list answers it. The order is that of the counts when the download begins; the counts
    of a row are those of the moment at which it is read, and belong together.
    """
    return await export_list(caller, ExportKind.ACTIVITY_SUMMARIES, query, request)


async def export_list(caller: Caller, kind: ExportKind, query: ExportQuery, request: Request) -> Response:
    """Send a list as a file; raises what opening it does, and `RateLimited`, `Unavailable`."""
    asked = query.model_dump(mode="json", exclude={"format"}, exclude_defaults=True)
    listed = QUERIES[kind].model_validate(asked)
    export = await read_async(caller, exports.open_export, kind, query.format, listed)
    return send_export(caller, export, is_head=request.method == "HEAD")


def send_export(caller: Caller, export: Export, *, is_head: bool, slot: ExportSlot | None = None) -> Response:
    """Send a file as it is written; to HEAD, its head. Raises `RateLimited`, `Unavailable` for too many at a time.

    `slot` is the right to write it, where that was taken already.
    """
    headers = {"Content-Disposition": f'attachment; filename="{export.name}"', "Cache-Control": "no-store"}
    if is_head:
        return StreamingResponse(iter(()), headers=headers, media_type=export.media_type)
    pieces = exports.write(caller, export, slot or exports.take_slot(caller))
    return StreamingResponse(pieces, headers=headers, media_type=export.media_type)
