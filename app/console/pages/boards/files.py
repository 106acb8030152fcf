"""Forms with a file, stored as it arrives: nothing is done before the session's token in them was looked at."""

from __future__ import annotations

from hashlib import sha256

from fastapi import Request
from msgspec.structs import replace

from app.console.once import key_of, one_form
from app.console.routes import SentFields
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
    caller = settle_form(visitor, form)
    line = sha256(f"POST {request.url.path}\n{form.digest}".encode()).hexdigest()
    return form, one_form(replace(caller, fingerprint=line))


def settle_form(visitor: Visitor, form: Form) -> Caller:
    """Return the caller of a form, with the key that it was drawn with; raises `Forbidden` for another's form."""
    tokens = form.fields.get("token", [])
    if len(tokens) != 1:
        raise Forbidden("The form has no token of this session. Load the page again, and send it from there.")
    visitor.hold(tokens[0])
    visitor.caller.charge_arrived(form.size, BYTES_AS_ONE)
    sent: SentFields = form.fields
    return replace(visitor.caller, idempotency_key=key_of(sent))
