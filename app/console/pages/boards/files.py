"""Forms with a file, stored as it arrives: nothing is done before the session's token in them was looked at.

And what boards are told of the files that they have sent.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import msgspec
from fastapi import Request
from starlette.responses import Response, StreamingResponse

from app.console.drawn_forms import DrawnForm, Said
from app.console.once import settle_file_form
from app.console.routes import SentFields
from app.console.visitors import Visitor
from app.core.errors import ErrorItem, InvalidRequest, UploadQuotaExceeded
from app.core.http.multipart import Form, read_multipart
from app.domain.batches import Batch, BatchOwner, BatchStatus
from app.services.batches import intake
from app.services.batches.downloads import Download
from app.services.batches.uploads import IncomingUpload
from app.services.context import Caller
from app.services.idempotency import Answer
from app.services.row_findings import say_in_tables

ROWS = 25
"""Files that a list shows."""
STATES = {
    BatchStatus.QUEUED: ("pending", "Waits"),
    BatchStatus.READING: ("running", "Being read"),
    BatchStatus.APPLYING: ("running", "Under way"),
    BatchStatus.COMPLETED: ("accepted", "Done"),
    BatchStatus.FAILED: ("refused", "Could not be read"),
    BatchStatus.CANCELLED: ("cancelled", "Cancelled"),
}
_FILE_WORDS = {
    "type": ("No file was chosen.", "Choose the {what}."),
    "format": ("The file is empty.", "Check that it was saved, and choose it again."),
    "too-long": ("There is more than one file.", "Choose one, and send the others after it."),
}
"""What is said of the file, by the code of the fault: the schema speaks to programs."""


def incoming(visitor: Visitor) -> IncomingUpload:
    """Return what takes a file of the board in, before anybody looked at the form's token."""
    return IncomingUpload(visitor.service, BatchOwner(board=visitor.seat.client.board))


async def read_file(request: Request, visitor: Visitor, upload: IncomingUpload) -> tuple[Form, Caller]:
    """Read a form whose file `file` is stored in an upload; return it with the caller that it is sent once by.

    Raises `Forbidden` for another's form.
    """
    form = await read_multipart(request.headers.get("content-type", ""), request.stream(), "file", upload.store)
    return form, settle_file_form(request, visitor, form)


class RefusedForm(msgspec.Struct, frozen=True, kw_only=True):
    """A form with a file that was not taken: as it is shown again, with the status."""

    form: DrawnForm
    status: int


async def take_in(
    request: Request,
    visitor: Visitor,
    fields_of: Callable[[Form], dict[str, list[str]]],
    *,
    what: str,
    fields: Collection[str] = (),
) -> str | RefusedForm:
    """Take a file in as it arrives; return what is said of it, or the form with what is wrong.

    `fields_of` returns the fields of the form as the API has them; `what` is what the file is, in a word, and `fields`
    are the page's own beside it.
    """
    sent: SentFields = {}

    def settle(form: Form) -> Caller:
        caller = settle_file_form(request, visitor, form)
        sent.update(form.fields)
        form.fields = fields_of(form)
        return caller

    line, content_type = f"POST {request.url.path}", request.headers.get("content-type", "")
    try:
        answer = await intake.accept_form(incoming(visitor), line, content_type, request.stream(), _answer_of, settle)
    except UploadQuotaExceeded as problem:
        said = [Said(pointer="file", text=problem.detail)]
        return RefusedForm(form=DrawnForm(sent, said), status=problem.status)
    except InvalidRequest as problem:
        said = [_said_of_file(item, what, fields) for item in problem.faults]
        return RefusedForm(form=DrawnForm(sent, said), status=problem.status)
    return msgspec.json.decode(answer.body, type=str)


def _said_of_file(item: ErrorItem, what: str, fields: Collection[str]) -> Said:
    """Return what is said of a fault: at the file or one of the page's fields, or of the form for what it has none.

    `what` is what the file is, in a word.
    """
    name = item.pointer.removeprefix("/") if item.pointer else ""
    if name == "file":
        text, hint = _FILE_WORDS.get(item.code, (item.detail, item.hint or ""))
        return Said(pointer="file", text=text, hint=hint.format(what=what))
    hint = say_in_tables(item.hint or "")
    return Said(pointer=name if name in fields else "", text=item.detail, hint=hint)


def _answer_of(batch: Batch) -> Answer:
    """Return the answer to a file, kept under the key of its form: what is said of it."""
    seen = " It was sent before, which does no harm." if batch.seen_before is not None else ""
    text = f"{batch.filename} has arrived and is being read.{seen} Load this page again to see the result."
    return Answer(status=303, body=msgspec.json.encode(text).decode())


def send(found: Download) -> Response:
    """Send a file of a batch; nothing on the way keeps it."""
    name = found.name.replace('"', "").encode("ascii", "replace").decode()
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(found.pieces, headers=headers, media_type=found.media_type)
