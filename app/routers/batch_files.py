"""`/v1/batches/{batch_id}/files` and `/v1/templates`: files for spreadsheets."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response, StreamingResponse
from typing_extensions import TypeAliasType

from app.core.errors import Conflict, FileRemoved
from app.core.http.routing import StrictRoute
from app.files.shapes.published import published_files
from app.routers.batches import BatchId
from app.routers.callers import BatchesReader, Public, service_of
from app.routers.openapi import binary, problems
from app.schemas.batches import BatchFormat
from app.services.batches import templates as template_files
from app.services.batches.downloads import BatchFile, media_types
from app.services.batches.templates import FORMATS_BY_ENDING, media_type
from app.services.context import read_async
from app.services.passport import licensee_files

router = APIRouter(prefix="/v1/batches", tags=["Batches"], route_class=StrictRoute)
templates = APIRouter(prefix="/v1/templates", tags=["Batches"], route_class=StrictRoute, dependencies=[Public])
if TYPE_CHECKING:
    TemplateFile = str
else:
    TemplateFile = TypeAliasType("TemplateFile", Literal[(*template_files.FILES, *template_files.SCHEMAS)])
"""Template files: the kind of records, and the format; and the schemas and examples of documents."""


@router.get(
    "/{batch_id}/files/{which}",
    response_class=StreamingResponse,
    responses=binary("application/octet-stream", *media_types(), description="The file")
    | problems(Conflict, FileRemoved),
)
async def get_batch_file(
    caller: BatchesReader,
    batch_id: BatchId,
    which: Annotated[BatchFile, Path(description="Which file of the batch.")],
    format: Annotated[BatchFormat | None, Query(description="Without it, the format of the uploaded file.")] = None,
) -> Response:
    """Download the file as it was uploaded, its rejected records, those that were held, or its accepted ones.

    The rejected file holds the rejected records as they were sent, and beside them what is wrong and what to do. Once
    corrected, it can be uploaded as it is. The held file says in the same way what became of each record that was held.
    The successful file of validations has the answers, and that of transcripts the totals of whoever was found; their
    `details` have every completed activity, a workbook of totals has both. They say what is true when they are
    downloaded. All exist once the batch has ended. When it is retried during
    the download, the answer is cut off before its end, so that no part is taken for the whole.
    """
    written = await read_async(caller, licensee_files.open_file, batch_id, which, format)
    plain = re.sub(r'[^\x20-\x7e]|["\\%]', "_", written.name)
    headers = {
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(written.name)}",
        "Cache-Control": "no-store",
    }
    return StreamingResponse(written.pieces, headers=headers, media_type=written.media_type)


@templates.get(
    "/{file}",
    response_class=Response,
    responses=binary(*map(media_type, FORMATS_BY_ENDING.values()), description="The template"),
)
async def get_template(
    request: Request,
    file: Annotated[TemplateFile, Path(description="The kind of records, and the format of the file.")],
) -> Response:
    """Download a template to fill in: a workbook with guidance, lists of accepted values and cells that turn yellow.

    It is generated from the current facts of the boards. The schemas of PARS documents (`.xsd`, `.schema.json`) and
    complete examples of them are here as well.
    """
    headers = {"Content-Disposition": f'attachment; filename="{file}"'}
    if file in template_files.SCHEMAS:
        ending = "json" if file.endswith(".json") else "xml"
        text = published_files()[file]
        return Response(text.encode(), headers=headers, media_type=media_type(FORMATS_BY_ENDING[ending]))
    name, _, ending = file.rpartition(".")
    format = FORMATS_BY_ENDING[ending]
    service = service_of(request)
    content = await asyncio.to_thread(
        template_files.make_template, name, format, service.catalogue, service.settings.support_contact
    )
    return Response(content, headers=headers, media_type=media_type(format))
