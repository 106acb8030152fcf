"""The process that parses an untrusted file: bounded in memory, time and files, without settings or a database.

It reads the file from its standard input and writes lines of JSON: the head, the records in pieces, and at the end how
many there were; or why the file is refused.
"""

from __future__ import annotations

import codecs
import io
import json
import os
import resource
import sys
from collections.abc import Callable, Iterator, Sequence

from app.core.traces import forbid_cores
from app.domain.batches import BatchKind, FileFault, FileFaultCode
from app.files.parsing.faults import too_large
from app.files.parsing.limits import Limits
from app.files.parsing.recognition import Parsed, Reader, recognise
from app.files.parsing.sources import CODECS, IncomingFile

OUT_OF_MEMORY = "The file asks for more memory than is taken. Split its rows into several files."
TOO_DEEP = "Something in the file is nested too deeply. Save it again, and upload that."


def main(readers: Sequence[Reader]) -> None:
    """Parse one file. The arguments are its kind, the number of records in a piece, and the limits."""
    kind, piece_rows, limits = BatchKind(sys.argv[1]), int(sys.argv[2]), Limits(**json.loads(sys.argv[3]))
    prepare_codecs()
    confine(limits)
    pipe = io.FileIO(0, closefd=False)

    def allow(size: int) -> None:
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (min(limits.processor_seconds(size), hard), hard))

    allow(0)
    write_messages(lambda: parse_file(IncomingFile(pipe, limits, arrived=allow), readers, kind, piece_rows, limits))


def prepare_codecs() -> None:
    """Load every encoding that readers ask for: once the process is confined, no module can be opened."""
    for name in CODECS:
        codecs.lookup(name)


def confine(limits: Limits) -> None:
    """Bound what this process may take, before it reads a byte of the file."""
    bound(resource.RLIMIT_CORE, 0)
    forbid_cores()
    bound(resource.RLIMIT_AS, limits.address_space)
    bound(resource.RLIMIT_CPU, limits.most_seconds)
    bound(resource.RLIMIT_NPROC, 0)
    # One more file may be open: the one in memory that holds a workbook.
    bound(resource.RLIMIT_FSIZE, limits.file)
    bound(resource.RLIMIT_NOFILE, 4)


def bound(what: int, most: int) -> None:
    """Bound one resource for good."""
    _, hard = resource.getrlimit(what)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (most, most))


def write_messages(work: Callable[[], Iterator[str]]) -> None:
    """Write messages as lines; at a fault, the fault in place of the rest."""
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
    message = {
        "code": fault.code.value,
        "detail": fault.detail,
        "row": fault.row,
        "column": fault.column,
        "looks_like": fault.looks_like,
    }
    out.write(json.dumps({"fault": message}).encode("ascii") + b"\n")
    out.flush()


def parse_file(
    source: IncomingFile, readers: Sequence[Reader], kind: BatchKind, piece_rows: int, limits: Limits
) -> Iterator[str]:
    """Yield the messages about a file, each as JSON; raises `FileFault`."""
    parsed = _parse(source, readers, kind, limits)
    yield _check_head(json.dumps({"head": parsed.head.as_document()}), limits)
    encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
    count = size = 0
    piece: list[str] = []
    for number, raw in parsed.records:
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
    yield json.dumps({"end": count + len(piece), "encoding": (parsed.lines or parsed.head).encoding})


def _check_head(line: str, limits: Limits) -> str:
    if len(line) > limits.head:
        raise too_large("There is too much above the records. Use the template.")
    return line


def _parse(source: IncomingFile, readers: Sequence[Reader], kind: BatchKind, limits: Limits) -> Parsed:
    """Recognise a file, tighten the bounds to what its reader needs, and read the head."""
    reader = recognise(source.first, readers)
    if reader.NEEDS_SEEKING:
        source.hold(os.fdopen(os.memfd_create("file"), "w+b"))
    else:
        bound(resource.RLIMIT_NOFILE, 3)
    bound(resource.RLIMIT_FSIZE, 0)
    return reader.parse(source, kind, limits)
