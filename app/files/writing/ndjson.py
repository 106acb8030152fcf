"""NDJSON of lines as they were sent, each with one more member, which is dropped when the line is read again.

A line that is not an object cannot have one: it is kept as text in `_line`, which is read as if it were the line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from app.core.strict_json import has_repeated_member
from app.domain.batches import FileHead
from app.files.line_members import DROPPED, ERRORS, LINE, NOTES, RESULT
from app.files.side_sheets import SideSheets
from app.files.writing.result_rows import AnnotatedRow, AnsweredRow, Details, LicenseeRow, Note
from app.files.writing.zip_stream import join_pieces

_SURROGATE = re.compile("[\ud800-\udfff]")


def write_rejected(head: FileHead, rows: Iterable[AnnotatedRow], beside: SideSheets | None = None) -> Iterator[bytes]:
    """Write rejected lines as sent, with `_errors`: code, pointer, detail, hint and severity of each finding."""
    del head
    return _write((row, ERRORS, _as_members(row.notes)) for row in rows)


def write_successful(head: FileHead, rows: Iterable[AnnotatedRow]) -> Iterator[bytes]:
    """Write accepted lines as sent, with `_notes` where there are warnings."""
    del head
    return _write((row, NOTES, _as_members(row.notes)) for row in rows)


def write_results(head: FileHead, rows: Iterable[AnsweredRow]) -> Iterator[bytes]:
    """Write lines of validations as sent, with the answer in `_result`, named as the API names it."""
    del head
    return _write(
        (
            row,
            RESULT,
            {
                "result": row.result,
                "learner_id": row.learner_id or None,
                "matched_boards": list(row.boards),
                "hint": row.what_to_do,
            },
        )
        for row in rows
    )


def write_transcripts(
    head: FileHead, rows: Iterable[LicenseeRow], columns: tuple[str, ...], details: Details
) -> Iterator[bytes]:
    """Write lines of licensees as sent, with what was found in `_result`."""
    del head, columns, details
    return _write((row, RESULT, row.document) for row in rows)


def write_table(head: FileHead, rows: Iterable[AnnotatedRow]) -> Iterator[bytes]:
    """Write rows of our own as lines: each is one already."""
    del head
    lines = (f"{row.raw}\n" for row in rows)
    return (piece.encode() for piece in join_pieces(lines))


def _as_members(notes: tuple[Note, ...]) -> list[dict[str, str]]:
    return [
        {
            "code": note.code,
            "severity": "reject" if note.rejects else "warning",
            "pointer": note.place or "",
            "detail": note.detail,
            "hint": note.hint,
        }
        for note in notes
    ]


def _write(rows: Iterable[tuple[AnnotatedRow | AnsweredRow | LicenseeRow, str, Any]]) -> Iterator[bytes]:
    lines = (f"{_line(row.raw if isinstance(row.raw, str) else '', name, value)}\n" for row, name, value in rows)
    return (piece.encode() for piece in join_pieces(lines))


def _line(sent: str, name: str, value: Any) -> str:
    """Return a line with one more member. The line itself stays as it was written, to the last digit."""
    line = sent.strip()
    try:
        body = json.loads(line)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        return as_json({LINE: sent, name: value})
    if DROPPED & body.keys():
        if has_repeated_member(line):
            # Written anew, it would lose one of the two.
            return as_json({LINE: sent, name: value})
        body = {key: held for key, held in body.items() if key not in DROPPED}
        line = as_json(body)
    if not value:
        return line
    return f"{line[:-1].rstrip()}{', ' if body else ''}{as_json(name)}: {as_json(value)}}}"


def as_json(value: Any) -> str:
    """Return JSON, with characters beyond ASCII as they are; half a surrogate pair can only be an escape."""
    text = json.dumps(value, ensure_ascii=False)
    return json.dumps(value) if _SURROGATE.search(text) else text
