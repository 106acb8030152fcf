"""Tables: where among their first rows the headings stand, and which rows follow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from app.domain.batches import BatchKind, Cell, FileFault, FileFaultCode, RawRow
from app.formats.headings import LOOKED_AT, layout

Rows = Iterator[tuple[int, list[Cell]]]
"""(number, cells) of the rows that are not blank, in their order; empty cells at the end are left out."""
NAMES = {
    BatchKind.LEARNER_COMPLETIONS: "learner completions",
    BatchKind.ACTIVITIES: "activities",
    BatchKind.LEARNER_VALIDATIONS: "learner validations",
}


class Table:
    """The rows of one table, with what is known of them before the first record."""

    def __init__(self, rows: Rows, kind: BatchKind) -> None:
        first = list(islice(rows, LOOKED_AT))
        laid = [(place, layout(_texts(cells), kind)) for place, (_, cells) in enumerate(first)]
        self.kind = kind
        self._first = first
        self._rest = rows
        self._place, self.layout = min(
            laid, key=lambda each: (len(each[1].missing), -each[1].known), default=(0, layout((), kind))
        )

    @property
    def fits(self) -> bool:
        """Whether every required heading is there."""
        return bool(self._first) and not self.layout.missing

    @property
    def heading_row(self) -> int:
        """The number of the row of headings."""
        return self._first[self._place][0]

    @property
    def headings(self) -> tuple[str, ...]:
        """The headings as sent, each a text."""
        return tuple(_texts(self._first[self._place][1]))

    @property
    def above(self) -> tuple[RawRow, ...]:
        """The rows above the headings."""
        return tuple(RawRow(number=number, raw=list(cells)) for number, cells in self._first[: self._place])

    def records(self) -> Iterator[tuple[int, list[Cell]]]:
        """Yield the rows below the headings."""
        return chain(iter(self._first[self._place + 1 :]), self._rest)

    def fault(self) -> FileFault:
        """Return why the table cannot be read: which headings are missing, or what it looks like instead."""
        if not self._first:
            return FileFault(FileFaultCode.NO_ROWS, "The file has no rows. Fill in the template, and upload it again.")
        other = _other_kind(self._first, self.kind, self.layout.known)
        if other is not None:
            return FileFault(
                FileFaultCode.KIND_UNKNOWN,
                f"The headings are those of {NAMES[other]}, not of {NAMES[self.kind]}. Upload the file as these.",
                row=self.heading_row,
            )
        return self._missing()

    def _missing(self) -> FileFault:
        names = [each.heading for each in self.layout.missing]
        listed = ", ".join(f"“{name}”" for name in names)
        return FileFault(
            FileFaultCode.HEADING_MISSING,
            f"Missing {'heading' if len(names) == 1 else 'headings'}: {listed}. Headings are looked for in the first "
            f"{LOOKED_AT} rows; keep those of the template.",
            row=self.heading_row,
            column=names[0],
        )


def _texts(cells: Sequence[Cell]) -> list[str]:
    return [
        cell if isinstance(cell, str) else "" if cell is None or isinstance(cell, dict) else str(cell) for cell in cells
    ]


def _other_kind(first: Iterable[tuple[int, list[Cell]]], kind: BatchKind, known: int) -> BatchKind | None:
    """Return the kind whose required headings are all there, and that knows more of the columns than the one named."""
    for other in BatchKind:
        laid = [layout(_texts(cells), other) for _, cells in first] if other is not kind else []
        if any(not each.missing and each.known > known for each in laid):
            return other
    return None
