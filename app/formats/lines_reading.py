"""NDJSON: one JSON object a line. What a line says is read later: one that is no JSON is still a record, refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from app.domain.batches import FileFault, FileFaultCode, FileFormat, Head
from app.formats.limits import Limits
from app.formats.tab_reading import lines_of


def read_lines(file: BinaryIO, encoding: str, limits: Limits) -> tuple[Head, Iterator[tuple[int, str]]]:
    """Return the head and the lines that are not blank; raises `FileFault`."""
    return Head(format=FileFormat.NDJSON, encoding=encoding), _lines(file, encoding, limits)


def _lines(file: BinaryIO, encoding: str, limits: Limits) -> Iterator[tuple[int, str]]:
    for number, line in lines_of(file, encoding, limits):
        if number > limits.rows:
            raise FileFault(FileFaultCode.TOO_LARGE, "The file has too many lines. Split it into several files.")
        if line and not line.isspace():
            yield number, line
