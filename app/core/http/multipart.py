"""Uploads: `multipart/form-data` is parsed as it arrives, so that no file is held in memory or on a disk.

Fields may come before and after the file. This module refuses what cannot be parsed; whether the fields are valid is
judged by `app/schemas/batch_form.py`, once everything has arrived.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.requests import ClientDisconnect

from app.core.errors import TooLarge, Unreadable, UnsupportedMediaType

PIECE = 1_048_576
"""Bytes of the file that are stored at a time."""
MAX_PARTS = 50
MAX_FIELD_LENGTH = 4_096
MAX_HEADER_LENGTH = 4_096

_PARAMETER = re.compile(rb';\s*([^=;\s]+)\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^;]*)')
"""A parameter of a header; group 1 is its name."""
_PLAIN = frozenset({b"", b"7bit", b"8bit", b"binary", b"identity"})
"""Codings of a part that leave its bytes as they are."""

StorePiece = Callable[[bytes], Awaitable[None]]


@dataclass(slots=True, kw_only=True)
class Form:
    """A form as it was read: its fields, and name, size and digest of the file that was stored."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    """Field names of all files, a name once for each file."""
    filename: str = ""
    size: int = 0
    digest: str = ""
    """SHA-256 of the file's content, in hexadecimal."""


@dataclass(slots=True)
class _Part:
    """The part that arrives at the moment."""

    name: str = ""
    filename: str | None = None
    header: bytes = b""
    value: bytearray = field(default_factory=bytearray)
    headers: dict[bytes, bytes] = field(default_factory=dict)
    ended: set[bytes] = field(default_factory=set)
    """Names of the headers that have arrived whole."""
    stored: bool = False


class _FormReader:
    """Callbacks of the parser: collects small fields whole, and the file in pieces."""

    def __init__(self, file_field: str) -> None:
        self.form = Form()
        self.pieces: list[bytes] = []
        self.ended = False
        self._file_field = file_field
        self._digest = hashlib.sha256()
        self._buffer = bytearray()
        self._part = _Part()

    def on_part_begin(self) -> None:
        self._part = _Part()
        if sum(map(len, self.form.fields.values())) + len(self.form.files) >= MAX_PARTS:
            raise TooLarge("The form has too many parts.")

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._part.header += data[start:end]
        self._limit_header(self._part.header)

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        name = self._part.header.lower()
        self._part.headers[name] = self._part.headers.get(name, b"") + data[start:end]
        self._limit_header(self._part.headers[name])

    @staticmethod
    def _limit_header(text: bytes) -> None:
        if len(text) > MAX_HEADER_LENGTH:
            raise TooLarge("A header of a part of the form is too long.")

    def on_header_end(self) -> None:
        name = self._part.header.lower()
        if name in self._part.ended:
            raise Unreadable("A part of the form has one of its headers twice.")
        self._part.ended.add(name)
        self._part.header = b""

    def on_headers_finished(self) -> None:
        disposition = self._part.headers.get(b"content-disposition", b"")
        named = [name.lower() for name in _PARAMETER.findall(disposition)]
        if len(set(named)) < len(named):
            raise Unreadable("A part of the form has its name or filename twice.")
        for header in (b"content-transfer-encoding", b"content-encoding"):
            if self._part.headers.get(header, b"").strip().lower() not in _PLAIN:
                raise UnsupportedMediaType(
                    f"A part of the form is encoded ({header.decode().title()}); send its bytes as they are."
                )
        _, options = parse_options_header(disposition)
        self._part.name = options.get(b"name", b"").decode("utf-8", "replace")
        if b"filename" not in options:
            return
        self._part.filename = options[b"filename"].decode("utf-8", "replace")
        self._part.stored = self._part.name == self._file_field and not self.form.files
        self.form.files.append(self._part.name)
        if self._part.stored:
            self.form.filename = self._part.filename

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        content = data[start:end]
        if self._part.filename is None:
            self._part.value += content
            if len(self._part.value) > MAX_FIELD_LENGTH:
                raise TooLarge("A field of the form is too long.")
        elif self._part.stored:
            self._digest.update(content)
            self.form.size += len(content)
            self._buffer += content
            while len(self._buffer) >= PIECE:
                self.pieces.append(bytes(self._buffer[:PIECE]))
                del self._buffer[:PIECE]

    def on_part_end(self) -> None:
        if self._part.filename is None:
            try:
                value = self._part.value.decode()
            except UnicodeDecodeError:
                raise Unreadable("A field of the form is not UTF-8.") from None
            self.form.fields.setdefault(self._part.name, []).append(value)

    def on_end(self) -> None:
        self.ended = True
        if self._buffer:
            self.pieces.append(bytes(self._buffer))
        self.form.digest = self._digest.hexdigest()


async def read_multipart(
    content_type: str, body: AsyncIterator[bytes], file_field: str, store_piece: StorePiece
) -> Form:
    """Read a form, storing the content of its first file piece by piece.

    Raises `UnsupportedMediaType` for another media type, `Unreadable` for a form that is malformed or incomplete,
    `TooLarge` for too many parts or too long fields.
    """
    media_type, options = parse_options_header(content_type)
    if media_type != b"multipart/form-data":
        raise UnsupportedMediaType("A file is sent as a form: send Content-Type: multipart/form-data.")
    if b"boundary" not in options:
        raise UnsupportedMediaType(
            "The Content-Type multipart/form-data lacks its boundary. Let the HTTP client set the header: with curl, "
            "use -F, and no -H for it."
        )
    reader = _FormReader(file_field)
    names = (
        "part_begin",
        "header_field",
        "header_value",
        "header_end",
        "headers_finished",
        "part_data",
        "part_end",
        "end",
    )
    callbacks = {f"on_{name}": getattr(reader, f"on_{name}") for name in names}
    try:
        parser = MultipartParser(options[b"boundary"], callbacks)  # type: ignore[arg-type]
        async for chunk in body:
            parser.write(chunk)
            while reader.pieces:
                await store_piece(reader.pieces.pop(0))
        parser.finalize()
    except FormParserError:
        raise Unreadable("The form cannot be read: its parts are not separated by its boundary.") from None
    except ClientDisconnect:
        # Nobody reads this answer, but it must not be logged as a failure of the service.
        raise Unreadable("The form did not arrive whole.") from None
    if not reader.ended:
        raise Unreadable("The form ends before its last part does.")
    while reader.pieces:
        await store_piece(reader.pieces.pop(0))
    return reader.form
