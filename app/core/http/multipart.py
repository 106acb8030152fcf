"""Uploads: `multipart/form-data` read as it arrives, so that no file is ever held in memory or put on a disk.

Parts before and after the file may come in any order. What the form alone shows to be wrong is told by the caller,
once everything has arrived.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.requests import ClientDisconnect

from app.core.errors import TooLarge, Unreadable, UnsupportedMediaType

PIECE = 1_048_576
"""Bytes handed on at once."""
MOST_FIELDS = 50
LONGEST_FIELD = 4_096
LONGEST_HEADER = 4_096

Keep = Callable[[bytes], Awaitable[None]]


@dataclass(slots=True, kw_only=True)
class Form:
    """What a form held: its fields, and of its files the name and digest of the one that was kept."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    """Names of the fields under which files came, each as often as it came."""
    filename: str = ""
    size: int = 0
    digest: str = ""
    """SHA-256 of the file's content."""


@dataclass(slots=True)
class _Part:
    """The part that is arriving."""

    name: str = ""
    filename: str | None = None
    header: bytes = b""
    value: bytearray = field(default_factory=bytearray)
    headers: dict[bytes, bytes] = field(default_factory=dict)
    kept: bool = False


class _Reader:
    """Collects what the parser tells: small fields whole, the file piece by piece."""

    def __init__(self, file_field: str) -> None:
        self.form = Form()
        self.pieces: list[bytes] = []
        self.ended = False
        self._file_field = file_field
        self._digest = hashlib.sha256()
        self._waiting = bytearray()
        self._part = _Part()

    def on_part_begin(self) -> None:
        self._part = _Part()
        if sum(map(len, self.form.fields.values())) + len(self.form.files) >= MOST_FIELDS:
            raise TooLarge("The form has too many parts.")

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._part.header += data[start:end]
        self._bound(self._part.header)

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        name = self._part.header.lower()
        self._part.headers[name] = self._part.headers.get(name, b"") + data[start:end]
        self._bound(self._part.headers[name])

    @staticmethod
    def _bound(text: bytes) -> None:
        if len(text) > LONGEST_HEADER:
            raise TooLarge("A header of a part of the form is too long.")

    def on_header_end(self) -> None:
        self._part.header = b""

    def on_headers_finished(self) -> None:
        _, options = parse_options_header(self._part.headers.get(b"content-disposition", b""))
        self._part.name = options.get(b"name", b"").decode("utf-8", "replace")
        if b"filename" not in options:
            return
        self._part.filename = options[b"filename"].decode("utf-8", "replace")
        self._part.kept = self._part.name == self._file_field and not self.form.files
        self.form.files.append(self._part.name)
        if self._part.kept:
            self.form.filename = self._part.filename

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        content = data[start:end]
        if self._part.filename is None:
            self._part.value += content
            if len(self._part.value) > LONGEST_FIELD:
                raise TooLarge("A field of the form is too long.")
        elif self._part.kept:
            self._digest.update(content)
            self.form.size += len(content)
            self._waiting += content
            while len(self._waiting) >= PIECE:
                self.pieces.append(bytes(self._waiting[:PIECE]))
                del self._waiting[:PIECE]

    def on_part_end(self) -> None:
        if self._part.filename is None:
            try:
                value = self._part.value.decode()
            except UnicodeDecodeError:
                raise Unreadable("A field of the form is no UTF-8.") from None
            self.form.fields.setdefault(self._part.name, []).append(value)

    def on_end(self) -> None:
        self.ended = True
        if self._waiting:
            self.pieces.append(bytes(self._waiting))
        self.form.digest = self._digest.hexdigest()


async def receive(content_type: str, body: AsyncIterator[bytes], file_field: str, keep: Keep) -> Form:
    """Read a form, handing the content of its first file on piece by piece.

    Raises `UnsupportedMediaType` for another media type, `Unreadable` for a form that is broken or ends too early,
    `TooLarge` for too many or too long fields.
    """
    media_type, options = parse_options_header(content_type)
    if media_type != b"multipart/form-data" or b"boundary" not in options:
        raise UnsupportedMediaType("A file is sent as multipart/form-data.")
    reader = _Reader(file_field)
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
    told = {f"on_{name}": getattr(reader, f"on_{name}") for name in names}
    try:
        parser = MultipartParser(options[b"boundary"], told)  # type: ignore[arg-type]
        async for chunk in body:
            parser.write(chunk)
            while reader.pieces:
                await keep(reader.pieces.pop(0))
        parser.finalize()
    except FormParserError:
        raise Unreadable("The form cannot be read: its parts are not divided as its boundary says.") from None
    except ClientDisconnect:
        # Nobody is there to be told; it is no failure of the service either.
        raise Unreadable("The form did not arrive whole.") from None
    if not reader.ended:
        raise Unreadable("The form ends before its last part does.")
    while reader.pieces:
        await keep(reader.pieces.pop(0))
    return reader.form
