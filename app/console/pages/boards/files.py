"""Forms with a file, stored as it arrives: nothing is done before the session's token in them was looked at."""

from __future__ import annotations

from fastapi import Request

from app.console.once import settle_file_form
from app.console.visitors import Visitor
from app.core.http.multipart import Form, read_multipart
from app.domain.batches import BatchOwner
from app.services.batches.uploads import IncomingUpload
from app.services.context import Caller


def incoming(visitor: Visitor) -> IncomingUpload:
    """Return what takes a file of the board in, before anybody looked at the form's token."""
    return IncomingUpload(visitor.service, BatchOwner(board=visitor.seat.client.board))


async def read_file(request: Request, visitor: Visitor, upload: IncomingUpload) -> tuple[Form, Caller]:
    """Read a form whose file `file` is stored in an upload; return it with the caller that it is sent once by.

    Raises `Forbidden` for another's form.
    """
    form = await read_multipart(request.headers.get("content-type", ""), request.stream(), "file", upload.store)
    return form, settle_file_form(request, visitor, form)
