"""XML documents of records as they were sent, each after a comment that says what is wrong with it.

A comment is not an element: nothing has to be taken out before the document is sent again, and reading drops it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.domain.batches import Element, Head
from app.files.elements import closed, declared, markup, opened, plain, scope_of
from app.files.writing.result_rows import Note, ResultRow, WrittenRow, result_texts
from app.files.writing.zip_stream import gathered

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_BARE: Element = {"n": "Records"}


def write_rejected(head: Head, rows: Iterable[WrittenRow]) -> Iterator[bytes]:
    """Write rejected records within the sender's own root."""
    return _written(head, ((row, _comment(f"Record {row.number} was refused.", row.notes)) for row in rows))


def write_successful(head: Head, rows: Iterable[WrittenRow]) -> Iterator[bytes]:
    """Write accepted records within the sender's own root, the warnings before them."""
    return _written(
        head,
        (
            (row, _comment(f"Record {row.number} was accepted, with warnings.", row.notes) if row.notes else "")
            for row in rows
        ),
    )


def write_results(head: Head, rows: Iterable[ResultRow]) -> Iterator[bytes]:
    """Write records of validations within the sender's own root, the answer before each."""
    return _written(head, ((row, _answer(row)) for row in rows))


def _written(head: Head, rows: Iterable[tuple[WrittenRow | ResultRow, str]]) -> Iterator[bytes]:
    return (piece.encode() for piece in gathered(_document(head.root or _BARE, rows)))


def _document(root: Element, rows: Iterable[tuple[WrittenRow | ResultRow, str]]) -> Iterator[str]:
    """Yield the document. The root holds one element within another, the records stand in the innermost.

    Namespaces of the root are declared there, others where they come up.
    """
    scope = scope_of(root)
    chain = [root]
    while inner := chain[-1].get("c"):
        chain.append(inner[0])
    yield _DECLARATION
    declarations = declared(scope)
    for depth, element in enumerate(chain):
        indent = "  " * depth
        yield f"{indent}{opened(element, scope, declarations)}>\n"
        declarations = ""
    indent = "  " * len(chain)
    for row, comment in rows:
        yield comment
        if isinstance(row.raw, dict):
            yield markup(row.raw, scope, indent)
    for depth, element in reversed(list(enumerate(chain))):
        yield f"{'  ' * depth}{closed(element, scope)}\n"


def _comment(title: str, notes: tuple[Note, ...]) -> str:
    lines = [title]
    for note in notes:
        mark = "" if note.rejects else " (warning)"
        lines.append(f"  {note.code}{mark}{f' at {note.place}' if note.place else ''}: {note.detail}")
        if note.hint:
            lines.append(f"    What to do: {note.hint}")
    return _as_comment(lines)


def _answer(row: ResultRow) -> str:
    result, learner_id, boards, what_to_do = result_texts(row)
    named = (("Learner link", learner_id), ("Boards", boards), ("What to do", what_to_do))
    return _as_comment([f"Record {row.number}: {result}.", *(f"  {name}: {text}" for name, text in named if text)])


def _as_comment(lines: list[str]) -> str:
    """Return lines as a comment; two hyphens in a row would end it."""
    text = plain("\n".join(lines)).replace("--", "- -").replace("--", "- -")
    return f"<!-- {text}\n-->\n"
