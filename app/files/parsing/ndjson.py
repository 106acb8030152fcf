"""NDJSON: one JSON object a line. What a line says is read later: one that is no JSON is still a record, refused."""

from __future__ import annotations

from collections.abc import Iterator

from app.domain.batches import FileFormat, Head
from app.files.parsing.limits import Limits
from app.files.parsing.sources import Lines, too_large


def read_lines(lines: Lines, limits: Limits) -> tuple[Head, Iterator[tuple[int, str]]]:
    """Return the head and the lines that are not blank; raises `FileFault`."""
    return Head(format=FileFormat.NDJSON, encoding=lines.encoding), _lines(lines, limits)


def _lines(lines: Lines, limits: Limits) -> Iterator[tuple[int, str]]:
    count = 0
    for number, line in lines:
        if line and not line.isspace():
            count += 1
            if count > limits.rows:
                raise too_large("The file has too many lines. Split it into several files.", row=number)
            yield number, line
