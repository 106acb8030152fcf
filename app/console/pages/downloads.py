"""Lists as files: links of the session, under the filters and the order of the list that they stand on."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse

from app.console.frame import Flash, file_headers, go_to
from app.console.lists.addresses import DownloadAddress, Ticked, read_request
from app.console.lists.line_list import RECORDS, SEARCH
from app.console.lists.report_lists import REPORT_LISTS
from app.console.lists.summary_list import SUMMARY, WHOLE_ACTIVITIES
from app.console.routes import PageRoute
from app.console.visitors import Reader
from app.core.errors import NotFound, ParameterInvalid
from app.core.http.pagination import FilterQuery
from app.domain.exports import ExportFormat, ExportKind
from app.schemas.queries import CompletionQuery
from app.services.context import Caller, read_async
from app.services.looking import exports

router = APIRouter(prefix="/p/{provider_id}/downloads", route_class=PageRoute, include_in_schema=False)
_LISTS = {
    spec.export.value: (spec.export, spec)
    for spec in (SEARCH, RECORDS, SUMMARY, WHOLE_ACTIVITIES, *REPORT_LISTS.values())
    if spec.export is not None
}

FORMATS = tuple(format.value for format in ExportFormat)


@router.get("/ticked")
async def download_ticked(
    request: Request,
    visitor: Reader,
    provider_id: str,
    completion: Ticked = [],  # noqa: B006
    format: ExportFormat = ExportFormat.XLSX,
) -> Response:
    """Send the records that are ticked on a list as a file, whole, newest first."""
    if not completion:
        flash = Flash(text="Tick the records first that you want to download.", kind="warn")
        return go_to(request, f"{visitor.home}/learners", flash)
    query = CompletionQuery(completion_id=list(dict.fromkeys(completion)))
    return await _send_list(visitor.caller, ExportKind.LEARNER_COMPLETIONS, format, query)


@router.get("/{kind}")
async def download_list(
    visitor: Reader,
    provider_id: str,
    kind: str,
    address: Annotated[DownloadAddress, Query()],
) -> Response:
    """Send all rows of a list as a file. Words that may name a person stand sealed in its address, as on its page."""
    caller, given = visitor.caller, address.given()
    export, spec = _LISTS.get(kind, (None, None))
    if export is None or spec is None or ("q" in given and spec in (SEARCH, RECORDS)):
        raise NotFound("There is no such list.")
    asked = read_request(caller.service.keyring, caller.provider_id, "", spec, given)
    if asked.query is None:
        raise ParameterInvalid.of(asked.said[0].pointer, asked.said[0].text, asked.said[0].hint)
    format = given.get("format", [ExportFormat.XLSX.value])[0]
    if format not in FORMATS:
        raise ParameterInvalid.of("format", "There is no such format.", f"It is one of: {', '.join(FORMATS)}.")
    return await _send_list(caller, export, ExportFormat(format), asked.query)


async def _send_list(caller: Caller, kind: ExportKind, format: ExportFormat, query: FilterQuery) -> Response:
    export = await read_async(caller, exports.open_export, kind, format, query)
    headers = file_headers(export.name)
    pieces = exports.write(caller, export, exports.take_slot(caller))
    return StreamingResponse(pieces, headers=headers, media_type=export.media_type)
