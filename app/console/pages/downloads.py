"""Lists as files: links of the session, under the filters and the order of the list that they stand on."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response, StreamingResponse

from app.console.frame import file_headers
from app.console.lists.addresses import DownloadAddress, read_request
from app.console.lists.line_list import SEARCH
from app.console.lists.report_lists import REPORT_LISTS
from app.console.lists.summary_list import SUMMARY
from app.console.routes import PageRoute
from app.console.visitors import Reader
from app.core.errors import NotFound, ParameterInvalid
from app.domain.exports import ExportFormat
from app.services.context import read_async
from app.services.looking import exports

router = APIRouter(prefix="/p/{provider_id}/downloads", route_class=PageRoute, include_in_schema=False)
_LISTS = {spec.export.value: spec for spec in (SEARCH, SUMMARY, *REPORT_LISTS.values())}

FORMATS = tuple(format.value for format in ExportFormat)


@router.get("/{kind}")
async def download_list(
    visitor: Reader,
    provider_id: str,
    kind: str,
    address: Annotated[DownloadAddress, Query()],
) -> Response:
    """Send all rows of a list as a file. Words that may name a person stand sealed in its address, as on its page."""
    caller, spec, given = visitor.caller, _LISTS.get(kind), address.given()
    if spec is None or ("q" in given and spec is SEARCH):
        raise NotFound("There is no such list.")
    asked = read_request(caller.service.keyring, caller.provider_id, "", spec, given)
    if asked.query is None:
        raise ParameterInvalid.of(asked.said[0].pointer, asked.said[0].text, asked.said[0].hint)
    format = given.get("format", [ExportFormat.XLSX.value])[0]
    if format not in FORMATS:
        raise ParameterInvalid.of("format", "There is no such format.", f"It is one of: {', '.join(FORMATS)}.")
    export = await read_async(caller, exports.open_export, spec.export, ExportFormat(format), asked.query)
    headers = file_headers(export.name)
    pieces = exports.write(caller, export, exports.take_slot(caller))
    return StreamingResponse(pieces, headers=headers, media_type=export.media_type)
