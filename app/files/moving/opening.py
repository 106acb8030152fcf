"""Opening a file with the records of another system: which form it has, its records, and what maps them."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Protocol, cast

from msgspec.structs import replace

from app.domain.batches import BatchKind, FileFault, FileFaultCode, FileFormat, FileHead, RawRow
from app.domain.moving.records import PastCompletion
from app.files.mapping.locations import Location
from app.files.mapping.records import Upload
from app.files.moving.completion_documents import PastCompletionDocuments
from app.files.moving.completion_lines import PastCompletionLines
from app.files.moving.completion_rows import PastCompletionRows, read_rows
from app.files.parsing.limits import LIMITS, MEBIBYTE
from app.files.parsing.parser_client import open_file

_LIMITS = replace(LIMITS, file=64 * 1024 * MEBIBYTE, rows=100_000_000, most_seconds=86_400)
"""The operator's own file may be as long as a system's history; each record of it is bounded as any other."""
_DOCUMENTS = (FileFormat.XML, FileFormat.JSON)
_NO_SUCH_FORM = (
    "Completions are imported from lines of JSON, from text with commas in the columns of the export, or from PARS "
    "documents."
)


class PastCompletionReader(Protocol):
    """Maps the completions of one file."""

    def key(self, row: RawRow) -> str | None:
        """Return what the rows of one record have in common; None for a row that is one by itself."""
        ...

    def read(self, rows: Sequence[RawRow]) -> PastCompletion:
        """Return what the rows of one record say."""
        ...

    def locate(self, pointer: str, rows: Sequence[RawRow]) -> Location:
        """Return where in the file something of a record stands."""
        ...


@contextmanager
def open_past(path: Path, kind: BatchKind) -> Iterator[tuple[FileHead, Iterator[RawRow]]]:
    """Open a file, and give its head and its records; raises `FileFault`, also from the records.

    Text with commas of completions has the columns of the export. All else is parsed as what is uploaded.
    """
    with _unpacked(path) as file, _damage_told():
        beginning = file.read(512)
        file.seek(0)
        if kind is BatchKind.LEARNER_COMPLETIONS and _is_text_with_commas(beginning):
            yield read_rows(file)
            return
        with open_file(iter(partial(file.read, MEBIBYTE), b""), kind, limits=_LIMITS) as opened:
            if kind is BatchKind.LEARNER_COMPLETIONS and opened.head.format not in (FileFormat.NDJSON, *_DOCUMENTS):
                raise FileFault(FileFaultCode.KIND_UNKNOWN, _NO_SUCH_FORM)
            yield opened.head, (row for piece in opened.pieces() for row in piece)


def completion_reader(head: FileHead, upload: Upload) -> PastCompletionReader:
    """Return what maps the completions of a file."""
    if head.format is FileFormat.NDJSON:
        return PastCompletionLines(upload)
    return PastCompletionDocuments(head, upload) if head.format in _DOCUMENTS else PastCompletionRows(head, upload)


@contextmanager
def _damage_told() -> Iterator[None]:
    """Raise `FileFault` where a packed file is damaged."""
    try:
        yield
    except (gzip.BadGzipFile, EOFError, zlib.error):
        detail = "The packed file is damaged, or is not all there. Unpack it, or copy it again."
        raise FileFault(FileFaultCode.UNREADABLE, detail) from None


def _unpacked(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def _is_text_with_commas(beginning: bytes) -> bool:
    text = beginning.removeprefix(b"\xef\xbb\xbf").lstrip()
    line = text.split(b"\n", 1)[0]
    return text[:1] not in (b"{", b"<", b"[") and not text.startswith((b"PK", b"\xd0\xcf")) and b"," in line
