"""XML documents of records as they were sent, each after a comment that says what is wrong with it.

Comments are dropped when the document is read again: nothing has to be removed before it is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.domain.batches import Element, FileHead
from app.files.elements import close_tag, declare, open_tag, render, replace_forbidden, scope_of
from app.files.side_sheets import SideSheets
from app.files.writing.result_rows import AnnotatedRow, AnsweredRow, Details, LicenseeRow, Note, result_texts
from app.files.writing.zip_stream import join_pieces

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_BARE: Element = {"n": "Records"}


def write_rejected(head: FileHead, rows: Iterable[AnnotatedRow], beside: SideSheets | None = None) -> Iterator[bytes]:
    """Write rejected records within the sender's own root."""
    return _write(head, ((row, _comment(f"Record {row.number} was refused.", row.notes)) for row in rows))


def write_successful(head: FileHead, rows: Iterable[AnnotatedRow]) -> Iterator[bytes]:
    """Write accepted records within the sender's own root, the warnings before them."""
    return _write(
        head,
        (
            (row, _comment(f"Record {row.number} was accepted, with warnings.", row.notes) if row.notes else "")
            for row in rows
        ),
    )


def write_results(head: FileHead, rows: Iterable[AnsweredRow]) -> Iterator[bytes]:
    """Write records of validations within the sender's own root, the answer before each."""
    return _write(head, ((row, _answer(row)) for row in rows))


def write_transcripts(
    head: FileHead, rows: Iterable[LicenseeRow], columns: tuple[str, ...], details: Details
) -> Iterator[bytes]:
    """Raise `ValueError`: lists of licensees have no form in XML."""
    raise ValueError("licensees have no form in XML")


def write_table(head: FileHead, rows: Iterable[AnnotatedRow]) -> Iterator[bytes]:
    """Raise `ValueError`: rows of our own have no form in XML."""
    raise ValueError("rows of our own have no form in XML")


def _write(head: FileHead, rows: Iterable[tuple[AnnotatedRow | AnsweredRow, str]]) -> Iterator[bytes]:
    return (piece.encode() for piece in join_pieces(_document(head.root or _BARE, rows)))


def _document(root: Element, rows: Iterable[tuple[AnnotatedRow | AnsweredRow, str]]) -> Iterator[str]:
    """Yield the document. The root holds one element within another, and the innermost holds the records.

    Namespaces of the root are declared there, others at the records that use them.
    """
    scope = scope_of(root)
    chain = [root]
    while inner := chain[-1].get("c"):
        chain.append(inner[0])
    yield _DECLARATION
    declarations = declare(scope)
    for depth, element in enumerate(chain):
        indent = "  " * depth
        yield f"{indent}{open_tag(element, scope, declarations)}>\n"
        declarations = ""
    indent = "  " * len(chain)
    for row, comment in rows:
        yield comment
        if isinstance(row.raw, dict):
            yield render(row.raw, scope, indent)
    for depth, element in reversed(list(enumerate(chain))):
        yield f"{'  ' * depth}{close_tag(element, scope)}\n"


def _comment(title: str, notes: tuple[Note, ...]) -> str:
    lines = [title]
    for note in notes:
        mark = "" if note.rejects else " (warning)"
        lines.append(f"  {f'{note.place}: ' if note.place else ''}{note.detail}{mark} [{note.code}]")
        if note.hint:
            lines.append(f"    What to do: {note.hint}")
    return _as_comment(lines)


def _answer(row: AnsweredRow) -> str:
    result, learner_id, boards, what_to_do = result_texts(row)
    named = (("Learner link", learner_id), ("Boards", boards), ("What to do", what_to_do))
    return _as_comment([f"Record {row.number}: {result}.", *(f"  {name}: {text}" for name, text in named if text)])


def _as_comment(lines: list[str]) -> str:
    """Return lines as a comment; two hyphens in a row would end it."""
    text = replace_forbidden("\n".join(lines)).replace("--", "- -").replace("--", "- -")
    return f"<!-- {text}\n-->\n"
