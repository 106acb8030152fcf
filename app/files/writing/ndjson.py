"""NDJSON of lines as they were sent, with one more member that reading drops.

A line that is no object cannot take one: it stands as text in `_line`, which is read as if it were the line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from app.domain.batches import Head
from app.files.line_members import DROPPED, ERRORS, LINE, NOTES, RESULT
from app.files.writing.result_rows import Note, ResultRow, WrittenRow
from app.files.writing.zip_stream import gathered

_SURROGATE = re.compile("[\ud800-\udfff]")


def write_rejected(head: Head, rows: Iterable[WrittenRow]) -> Iterator[bytes]:
    """Write rejected lines as sent, with `_errors`: code, pointer, detail, hint and severity of each finding."""
    del head
    return _written((row, ERRORS, _said(row.notes)) for row in rows)


def write_successful(head: Head, rows: Iterable[WrittenRow]) -> Iterator[bytes]:
    """Write accepted lines as sent, with `_notes` where there are warnings."""
    del head
    return _written((row, NOTES, _said(row.notes)) for row in rows)


def write_results(head: Head, rows: Iterable[ResultRow]) -> Iterator[bytes]:
    """Write lines of validations as sent, with the answer in `_result`, named as the API names it."""
    del head
    return _written(
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


def _said(notes: tuple[Note, ...]) -> list[dict[str, str]]:
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


def _written(rows: Iterable[tuple[WrittenRow | ResultRow, str, Any]]) -> Iterator[bytes]:
    lines = (f"{_line(row.raw if isinstance(row.raw, str) else '', name, value)}\n" for row, name, value in rows)
    return (piece.encode() for piece in gathered(lines))


def _line(sent: str, name: str, value: Any) -> str:
    """Return a line with a member of ours. What was sent stays as it was written, to the last digit."""
    line = sent.strip()
    try:
        body = json.loads(line)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        return _json({LINE: sent, name: value})
    if DROPPED & body.keys():
        body = {key: held for key, held in body.items() if key not in DROPPED}
        line = _json(body)
    if not value:
        return line
    return f"{line[:-1].rstrip()}{', ' if body else ''}{_json(name)}: {_json(value)}}}"


def _json(value: Any) -> str:
    """Return JSON with names as they are written; half a character can only stand as an escape."""
    text = json.dumps(value, ensure_ascii=False)
    return json.dumps(value) if _SURROGATE.search(text) else text
