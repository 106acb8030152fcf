"""The process that reads an untrusted file: it has bounds on memory, time and files, no settings and no database.

It takes the file on its standard input and writes lines of JSON: what stands before the records, the records in
pieces, and at the end how many there were; or why the file is refused.
"""

from __future__ import annotations

import codecs
import json
import os
import resource
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any, BinaryIO

from app.domain.batches import BatchKind, FileFault, FileFaultCode, FileFormat, Head
from app.formats.document_reading import read_document
from app.formats.limits import LIMITS, Limits
from app.formats.lines_reading import read_lines
from app.formats.sources import recognise
from app.formats.tab_reading import read_tab
from app.formats.workbook_reading import read_workbook

_PIECE = 1 << 20
CODECS = ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "cp437")
"""Looked up before the bounds are set: afterwards no module could be opened any more."""
OUT_OF_MEMORY = "The file asks for more memory than is taken. Split its rows into several files."


def main() -> None:
    """Read one file."""
    kind, piece_rows = BatchKind(sys.argv[1]), int(sys.argv[2])
    limits = Limits(**json.loads(sys.argv[3])) if len(sys.argv) > 3 else LIMITS
    _bound(resource.RLIMIT_AS, limits.address_space)
    _bound(resource.RLIMIT_CORE, 0)
    out = sys.stdout
    out.reconfigure(encoding="ascii")  # type: ignore[union-attr]
    try:
        file, size = _taken_in(sys.stdin.buffer)
        for name in CODECS:
            codecs.lookup(name)
        _bound(resource.RLIMIT_CPU, limits.seconds(size))
        _bound(resource.RLIMIT_FSIZE, 0)
        # Nothing more is opened from here on: no file, no socket.
        _bound(resource.RLIMIT_NOFILE, file.fileno() + 1)
        for line in _told(file, kind, piece_rows, limits):
            out.write(line + "\n")
        out.flush()
    except MemoryError:
        _say_fault(out, FileFault(FileFaultCode.TOO_LARGE, OUT_OF_MEMORY))
    except FileFault as fault:
        _say_fault(out, fault)


def _say_fault(out: Any, fault: FileFault) -> None:
    said = {"code": fault.code.value, "detail": fault.detail, "row": fault.row, "column": fault.column}
    out.write(json.dumps({"fault": said}) + "\n")
    out.flush()


def _bound(what: int, most: int) -> None:
    _, hard = resource.getrlimit(what)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (most, most))


def _taken_in(source: BinaryIO) -> tuple[BinaryIO, int]:
    """Return the file in memory, where it can be read from any place; on no disk is it ever written."""
    file = os.fdopen(os.memfd_create("file"), "w+b")
    size = 0
    while piece := source.read(_PIECE):
        size += file.write(piece)
    file.flush()
    file.seek(0)
    return file, size


def _told(file: BinaryIO, kind: BatchKind, piece_rows: int, limits: Limits) -> Iterator[str]:
    head, records = _opened(file, kind, limits)
    yield json.dumps({"head": head.as_document()})
    count = 0
    rows = iter(records)
    while piece := list(islice(rows, piece_rows)):
        count += len(piece)
        yield json.dumps({"rows": piece}, separators=(",", ":"))
    yield json.dumps({"end": count})


def _opened(file: BinaryIO, kind: BatchKind, limits: Limits) -> tuple[Head, Iterator[tuple[int, Any]]]:
    format, encoding = recognise(file)
    match format:
        case FileFormat.XLSX:
            return read_workbook(file, kind, limits)
        case FileFormat.TAB:
            return read_tab(file, kind, encoding, limits)
        case FileFormat.XML:
            return read_document(file, kind, limits)
        case FileFormat.NDJSON:
            return read_lines(file, encoding, limits)


if __name__ == "__main__":
    main()
