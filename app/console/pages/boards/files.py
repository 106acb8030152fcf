"""Forms with a small file, read as they arrive: nothing is done before the session's token in them was looked at."""

from __future__ import annotations

import msgspec
from fastapi import Request

from app.console.visitors import Visitor
from app.core.errors import Forbidden
from app.core.http.multipart import read_multipart


class SentFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was sent by a form, with the form's other fields."""

    name: str
    content: bytes
    digest: str
    """SHA-256 of the content, in hexadecimal."""
    fields: dict[str, list[str]]


async def read_file(request: Request, visitor: Visitor) -> SentFile:
    """Read a form with the file `file`, no larger than any request may be; raises `Forbidden` for another's form."""
    content = bytearray()

    async def keep(piece: bytes) -> None:
        content.extend(piece)

    form = await read_multipart(request.headers.get("content-type", ""), request.stream(), "file", keep)
    tokens = form.fields.get("token", [])
    if len(tokens) != 1:
        raise Forbidden("The form has no token of this session. Load the page again, and send it from there.")
    visitor.hold(tokens[0])
    return SentFile(name=form.filename, content=bytes(content), digest=form.digest, fields=form.fields)
