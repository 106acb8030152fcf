"""NDJSON: one JSON object a line. Lines are parsed later: one that is not JSON is still a record, and is refused."""

from __future__ import annotations

from collections.abc import Iterator

from app.domain.batches import BatchKind, FileFault, FileFaultCode, FileFormat, FileHead
from app.files.parsing.faults import too_large
from app.files.parsing.limits import Limits
from app.files.parsing.recognition import Beginning, Parsed
from app.files.parsing.sources import IncomingFile, TextLines

NEEDS_SEEKING = False
_SEVERAL_LINES = (
    "This is JSON over several lines. Write each object on one line (NDJSON), with nothing around them; or all of them "
    "in a document, whose first member is ACCMELearnerReports or ACCMEActivities."
)
_LIST = "This is a JSON list. Write one object a line (NDJSON), without brackets and commas around them."


def recognise(beginning: Beginning) -> bool:
    """Return True for text that begins with an object; refuse JSON that is not one object a line."""
    text = beginning.text
    if beginning.goes_on and beginning.line.strip() == "{":
        raise FileFault(FileFaultCode.KIND_UNKNOWN, _SEVERAL_LINES)
    if text.startswith("{"):
        # A control character within JSON is refused with its line.
        if text[1:4096].lstrip()[:1] not in {'"', "}"}:
            beginning.check_characters()
        return True
    if text.startswith("["):
        beginning.check_characters()
        raise FileFault(FileFaultCode.KIND_UNKNOWN, _LIST)
    return False


def parse(source: IncomingFile, kind: BatchKind, limits: Limits) -> Parsed:
    """Return the lines that are not blank, whatever they hold; raises `FileFault`."""
    lines = TextLines(source, limits)
    head, records = read_lines(lines, limits)
    return Parsed(head=head, records=records, lines=lines)


def read_lines(lines: TextLines, limits: Limits) -> tuple[FileHead, Iterator[tuple[int, str]]]:
    """Return the head and the lines that are not blank; raises `FileFault`."""
    return FileHead(format=FileFormat.NDJSON, encoding=lines.encoding), _lines(lines, limits)


def _lines(lines: TextLines, limits: Limits) -> Iterator[tuple[int, str]]:
    count = 0
    for number, line in lines:
        if line and not line.isspace():
            count += 1
            if count > limits.rows:
                raise too_large("The file has too many lines. Split it into several files.", row=number)
            yield number, line
