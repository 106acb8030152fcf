"""The process that reads an untrusted file: it has bounds on memory, time and files, no settings and no database.

It takes the file on its standard input and writes lines of JSON: what stands before the records, the records in
pieces, and at the end how many there were; or why the file is refused.
"""

from __future__ import annotations

import codecs
import io
import json
import os
import resource
import sys
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from app.domain.batches import BatchKind, FileFault, FileFaultCode, FileFormat, Head
from app.files.parsing.limits import Limits
from app.files.parsing.ndjson import read_lines
from app.files.parsing.sources import CODECS, Lines, Source, recognise, too_large
from app.files.parsing.tab import read_tab
from app.files.parsing.workbook import read_workbook
from app.files.parsing.xml import read_document

OUT_OF_MEMORY = "The file asks for more memory than is taken. Split its rows into several files."
TOO_DEEP = "Something in the file is nested too deeply. Save it again, and upload that."


def main() -> None:
    """Read one file: its kind, the number of records in a piece, and the limits are the arguments."""
    kind, piece_rows, limits = BatchKind(sys.argv[1]), int(sys.argv[2]), Limits(**json.loads(sys.argv[3]))
    for name in CODECS:
        codecs.lookup(name)
    confine(limits)
    pipe = io.FileIO(0, closefd=False)
    confine(limits)

    def allow(size: int) -> None:
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (min(limits.processor_seconds(size), hard), hard))

    allow(0)
    tell(lambda: told(Source(pipe, limits, arrived=allow), kind, piece_rows, limits))


def confine(limits: Limits) -> None:
    """Bound what this process may take, before a byte of the file is looked at."""
    bound(resource.RLIMIT_CORE, 0)
    bound(resource.RLIMIT_AS, limits.address_space)
    bound(resource.RLIMIT_CPU, limits.most_seconds)
    bound(resource.RLIMIT_NPROC, 0)
    # One file in memory may be made, for a workbook; nothing on a disk has a number that low left.
    bound(resource.RLIMIT_FSIZE, limits.file)
    bound(resource.RLIMIT_NOFILE, 4)


def bound(what: int, most: int) -> None:
    """Bound one resource for good."""
    _, hard = resource.getrlimit(what)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (most, most))


def tell(work: Callable[[], Iterator[str]]) -> None:
    """Write lines, or why there are none."""
    out = sys.stdout.buffer
    try:
        for line in work():
            out.write(line.encode("ascii"))
            out.write(b"\n")
        out.flush()
        return
    except FileFault as found:
        fault = found
    except MemoryError:
        fault = too_large(OUT_OF_MEMORY)
    except RecursionError:
        fault = FileFault(FileFaultCode.TOO_DEEP, TOO_DEEP)
    said = {"code": fault.code.value, "detail": fault.detail, "row": fault.row, "column": fault.column}
    out.write(json.dumps({"fault": said}).encode("ascii") + b"\n")
    out.flush()


def told(source: Source, kind: BatchKind, piece_rows: int, limits: Limits) -> Iterator[str]:
    """Yield what there is to say of a file, as lines of JSON."""
    head, records, lines = _opened(source, kind, limits)
    yield _bounded(json.dumps({"head": head.as_document()}), limits)
    encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
    count = size = 0
    piece: list[str] = []
    for number, raw in records:
        record = encode((number, raw))
        piece.append(record)
        size += len(record)
        if size > limits.piece:
            raise too_large("The records are too long. Split the file.", row=number)
        if len(piece) == piece_rows:
            yield f'{{"rows":[{",".join(piece)}]}}'
            count, size = count + len(piece), 0
            piece.clear()
    if piece:
        yield f'{{"rows":[{",".join(piece)}]}}'
    yield json.dumps({"end": count + len(piece), "encoding": lines.encoding if lines else head.encoding})


def _bounded(line: str, limits: Limits) -> str:
    if len(line) > limits.head:
        raise too_large("What stands above the records is too long. Use the template.")
    return line


def _opened(source: Source, kind: BatchKind, limits: Limits) -> tuple[Head, Iterator[tuple[int, Any]], Lines | None]:
    format, encoding = recognise(source.first)
    if format is FileFormat.XLSX:
        file = _in_memory(source)
        bound(resource.RLIMIT_FSIZE, 0)
        return (*read_workbook(file, kind, limits), None)
    bound(resource.RLIMIT_FSIZE, 0)
    bound(resource.RLIMIT_NOFILE, 3)
    if format is FileFormat.XML:
        return (*read_document(source, kind, limits), None)
    lines = Lines(source, encoding, limits)
    if format is FileFormat.TAB:
        return (*read_tab(lines, kind, limits), lines)
    return (*read_lines(lines, limits), lines)


def _in_memory(source: Source) -> BinaryIO:
    """Return the file where it can be read from any place; on no disk is it ever written."""
    file = os.fdopen(os.memfd_create("file"), "w+b")
    while piece := source.read():
        file.write(piece)
    file.flush()
    file.seek(0)
    return file


if __name__ == "__main__":
    main()
