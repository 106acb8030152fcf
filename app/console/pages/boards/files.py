"""Forms with a file, stored as it arrives: nothing is done before the session's token in them was looked at."""

from __future__ import annotations

from fastapi import Request

from app.console.once import with_file
from app.console.visitors import Visitor
from app.core.errors import Forbidden
from app.core.http.multipart import Form, read_multipart
from app.domain.batches import BatchOwner
from app.services.batches.uploads import IncomingUpload
from app.services.context import BYTES_AS_ONE, Caller


def incoming(visitor: Visitor) -> IncomingUpload:
    """Return what takes a file of the board in, before anybody looked at the form's token."""
    return IncomingUpload(visitor.service, BatchOwner(board=visitor.seat.client.board))


async def read_file(request: Request, visitor: Visitor, upload: IncomingUpload) -> tuple[Form, Caller]:
    """Read a form whose file `file` is stored in an upload; return it with the caller that it is sent once by.

    Raises `Forbidden` for another's form.
    """
    form = await read_multipart(request.headers.get("content-type", ""), request.stream(), "file", upload.store)
    return form, settle_form(request, visitor, form)


def settle_form(request: Request, visitor: Visitor, form: Form) -> Caller:
    """Return the caller that a form is sent once by; raises `Forbidden` for another's form."""
    tokens = form.fields.get("token", [])
    if len(tokens) != 1:
        raise Forbidden("The form has no token of this session. Load the page again, and send it from there.")
    visitor.hold(tokens[0])
    visitor.caller.charge_arrived(form.size, BYTES_AS_ONE)
    return with_file(visitor, form.fields, request.url.path, form.digest)
