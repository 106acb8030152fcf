"""JSON documents of records as they were sent, each with one more member, which is dropped when it is read again.

A record that is not an object cannot have one: it is kept as text in `AsSent`, which is read as if it were the record.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from app.domain.batches import Element, FileHead
from app.files.document_members import ADDED, AS_SENT, FINDINGS, RESULT
from app.files.elements import local_name
from app.files.side_sheets import SideSheets
from app.files.writing.ndjson import as_json
from app.files.writing.result_rows import AnnotatedRow, AnsweredRow, Details, LicenseeRow, Note
from app.files.writing.zip_stream import join_pieces

_BARE: Element = {"n": "Records"}
_BLANK = re.compile(r"[ \t\r\n]*")
_decode = json.JSONDecoder().raw_decode


def write_rejected(head: FileHead, rows: Iterable[AnnotatedRow], beside: SideSheets | None = None) -> Iterator[bytes]:
    """Write rejected records within the members that were around them, with `Findings`."""
    return _write(head, ((row, FINDINGS, _as_members(row.notes)) for row in rows))


def write_successful(head: FileHead, rows: Iterable[AnnotatedRow]) -> Iterator[bytes]:
    """Write accepted records in the same way, with `Findings` where there are warnings."""
    return _write(head, ((row, FINDINGS, _as_members(row.notes)) for row in rows))


def write_results(head: FileHead, rows: Iterable[AnsweredRow]) -> Iterator[bytes]:
    """Write records of validations in the same way, with the answer in `Result`."""
    return _write(
        head,
        (
            (
                row,
                RESULT,
                {
                    "Result": row.result,
                    "LearnerLink": row.learner_id or None,
                    "Boards": list(row.boards),
                    "WhatToDo": row.what_to_do,
                },
            )
            for row in rows
        ),
    )


def write_transcripts(
    head: FileHead, rows: Iterable[LicenseeRow], columns: tuple[str, ...], details: Details
) -> Iterator[bytes]:
    """Raise `ValueError`: lists of licensees have no document."""
    raise ValueError("licensees have no document")


def write_table(head: FileHead, rows: Iterable[AnnotatedRow]) -> Iterator[bytes]:
    """Raise `ValueError`: rows of our own have no document."""
    raise ValueError("rows of our own have no document")


def _as_members(notes: tuple[Note, ...]) -> list[dict[str, str]]:
    return [
        {
            "code": note.code,
            "severity": "reject" if note.rejects else "warning",
            "place": note.place or "",
            "detail": note.detail,
            "hint": note.hint,
        }
        for note in notes
    ]


def _write(head: FileHead, rows: Iterable[tuple[AnnotatedRow | AnsweredRow, str, Any]]) -> Iterator[bytes]:
    return (piece.encode() for piece in join_pieces(_document(head.root or _BARE, rows)))


def _document(root: Element, rows: Iterable[tuple[AnnotatedRow | AnsweredRow, str, Any]]) -> Iterator[str]:
    """Yield the document: the members around the records as they were, the innermost with a list of records."""
    names = [root]
    while inner := names[-1].get("c"):
        names.append(inner[0])
    yield "{"
    for element in names[:-1]:
        yield f"{as_json(local_name(element['n']))}: {{"
        for name, value in element.get("a", {}).items():
            yield f"{as_json(name)}: {as_json(value)}, "
    yield f"{as_json(local_name(names[-1]['n']))}: ["
    before = "\n"
    for row, name, value in rows:
        yield before + _record(row.raw if isinstance(row.raw, str) else "", name, value)
        before = ",\n"
    yield f"\n]{'}' * len(names)}\n"


def _record(sent: str, name: str, value: Any) -> str:
    """Return a record with one more member. The rest of it stays as it was written, to the last digit."""
    text = sent.strip()
    members = _members(text)
    if members is None:
        return as_json({AS_SENT: sent, name: value})
    kept = [member for key, member in members if key not in ADDED]
    if not value and len(kept) == len(members):
        return text
    if len(kept) == len(members):
        return f"{text[:-1].rstrip()}{', ' if kept else ''}{as_json(name)}: {as_json(value)}}}"
    if value:
        kept.append(f"{as_json(name)}: {as_json(value)}")
    return f"{{{', '.join(kept)}}}"


def _members(text: str) -> list[tuple[str, str]] | None:
    """Return the members of an object by name, each as it was written; None for what is no object."""
    members: list[tuple[str, str]] = []
    if not text.startswith("{"):
        return None
    try:
        at = _after_blanks(text, 1)
        while text[at] != "}":
            began = at
            name, at = _decode(text, at)
            at = _after_blanks(text, _after_blanks(text, at) + 1)
            _, end = _decode(text, at)
            members.append((name, text[began:end]))
            at = _after_blanks(text, end)
            if text[at] == ",":
                at = _after_blanks(text, at + 1)
    except (ValueError, IndexError, RecursionError):
        return None
    return members


def _after_blanks(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found is not None else at
