"""Tables: which of the first rows has the headings, and which rows are records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice

from app.domain.batches import OF_BOARDS, BatchKind, Cell, FileFault, FileFaultCode, FileFormat, FileHead, RawRow
from app.domain.columns import NOTES, REJECTION
from app.domain.identity.comparison_keys import code_key
from app.files.headings import KIND_NAMES, LOOKED_AT, count_known, layout
from app.files.parsing.faults import too_large
from app.files.parsing.limits import Limits
from app.files.parsing.merged_cells import SpannedCells, columns_shared, settle_spans, unmerged

Rows = Iterator[tuple[int, list[Cell]]]
"""(number, cells) of the rows that are not blank, in their order, without empty cells at the end."""
_ALIKE = {BatchKind.LEARNER_VALIDATIONS, BatchKind.TRANSCRIPTS}
"""Kinds with the same columns but for one or two: nobody may upload both, and neither is taken for the other."""
_NEARLY = 3
"""Known columns that a sheet beside the records may have, for example a list of people."""


class RecordTable:
    """The rows of one table, with its headings."""

    def __init__(self, rows: Rows, kind: BatchKind) -> None:
        first = list(islice(rows, LOOKED_AT))
        layouts = [(place, layout(_texts(unmerged(cells)), kind)) for place, (_, cells) in enumerate(first)]
        self.kind = kind
        self._first = first
        self._rest = rows
        self._place, self.layout = min(
            layouts, key=lambda found: (len(found[1].missing), -found[1].known), default=(0, layout((), kind))
        )

    def describe(self, format: FileFormat) -> FileHead:
        """Return the head of a file that has this table: what stands above its records."""
        return FileHead(format=format, above=self.above, heading_row=self.heading_row, headings=self.headings)

    @property
    def fits(self) -> bool:
        """Whether every required heading is there."""
        return bool(self._first) and not self.layout.missing

    @property
    def nearly_fits(self) -> bool:
        """Whether a single required heading is missing among several that are known, as when it was misspelt."""
        return len(self.layout.missing) == 1 and self.layout.known > _NEARLY and not self.of_another_kind

    @property
    def of_another_kind(self) -> bool:
        """Whether its headings are rather those of another kind."""
        return self._other_kind() is not None

    @property
    def has_records(self) -> bool:
        """Whether there is a row below the headings."""
        if len(self._first) <= self._place + 1 and (following := next(self._rest, None)) is not None:
            self._first.append(following)
        return len(self._first) > self._place + 1

    def check(self) -> RecordTable:
        """Return the table itself when its records can be read; raises `FileFault`."""
        if not self.fits or self.layout.unclear or self.of_another_kind:
            raise self._fault()
        if self.kind is BatchKind.ROSTER:
            _refuse_other_columns(self.headings, self.layout.pointers, self.heading_row)
        return self

    @property
    def heading_row(self) -> int:
        """The number of the row of headings."""
        return self._first[self._place][0]

    @property
    def beginning(self) -> Iterator[tuple[int, str]]:
        """The first rows as texts, with their numbers."""
        return ((number, "".join(_texts(cells))) for number, cells in self._first)

    @property
    def headings(self) -> tuple[str, ...]:
        """The headings as sent, each a text."""
        return tuple(_texts(unmerged(self._first[self._place][1])))

    @property
    def above(self) -> tuple[RawRow, ...]:
        """The rows above the headings."""
        return tuple(RawRow(number=number, raw=unmerged(cells)) for number, cells in self._first[: self._place])

    def records(self, limits: Limits) -> Rows:
        """Yield the rows below the headings."""
        width = len(self.headings)
        widest = width + limits.beyond
        known = self.layout.pointers
        shared = columns_shared(self._first[self._place][1], known)
        for number, cells in chain(self._first[self._place + 1 :], self._rest):
            settled = settle_spans(cells, known, width) if type(cells) is SpannedCells else cells
            if len(settled) > widest:
                raise too_large("A row has cells far beyond the last heading. Remove them.", row=number)
            if shared:
                _check_shared(settled, shared, number)
            if self.kind is BatchKind.ROSTER:
                _refuse_nameless_cells(settled, self.headings, number)
            yield number, settled

    def _fault(self) -> FileFault:
        """Return why the table cannot be read: another kind of records, or headings that are missing or ambiguous."""
        if not self._first:
            return FileFault(FileFaultCode.NO_ROWS, "The file has no rows. Fill in the template, and upload it again.")
        other = self._other_kind()
        if other is not None:
            return FileFault(
                FileFaultCode.KIND_UNKNOWN,
                f"The headings are those of {KIND_NAMES[other]}, not of {KIND_NAMES[self.kind]}. Upload the file as "
                f"{KIND_NAMES[other]}.",
                row=self.heading_row,
                looks_like=other,
            )
        if self.fits:
            return FileFault(FileFaultCode.HEADING_MISSING, self.layout.unclear, row=self.heading_row)
        return self._missing()

    def _other_kind(self) -> BatchKind | None:
        """Return the kind that has all of its required headings here, and knows more of the columns."""
        known = count_known(self.headings, self.kind) if self._first else 0
        for other in BatchKind:
            if other is self.kind or (other in OF_BOARDS and self.fits) or {other, self.kind} == _ALIKE:
                # What is read as another kind today has no columns of a board's files by chance only.
                continue
            for _, cells in self._first:
                headings = _texts(cells)
                if not layout(headings, other).missing and count_known(headings, other) > known:
                    return other
        return None

    def _missing(self) -> FileFault:
        names = [column.heading for column in self.layout.missing]
        listed = ", ".join(f"“{name}”" for name in names)
        return FileFault(
            FileFaultCode.HEADING_MISSING,
            f"Missing {'heading' if len(names) == 1 else 'headings'}: {listed}. Headings are looked for in the first "
            f"{LOOKED_AT} rows; keep those of the template.",
            row=self.heading_row,
            column=names[0],
        )


_OURS = frozenset(code_key(name) for name in (*REJECTION, NOTES))
"""Columns that files which came back from us have beside the sender's own."""


def _refuse_other_columns(headings: Sequence[str], known: Mapping[int, str], row: int) -> None:
    """Raise a fault for a roster with a column that boards do not give."""
    others = [
        heading
        for place, heading in enumerate(headings)
        if place not in known and heading.strip() and code_key(heading) not in _OURS
    ]
    if others:
        raise FileFault(
            FileFaultCode.HEADING_UNKNOWN,
            f"A roster has the columns of its template and no others; {len(others)} of this file "
            f"{'is' if len(others) == 1 else 'are'} not among them. Remove {'it' if len(others) == 1 else 'them'}, and "
            "upload the file again.",
            row=row,
            column=others[0][:100],
        )


def _refuse_nameless_cells(cells: Sequence[Cell], headings: Sequence[str], number: int) -> None:
    """Raise a fault for a roster with values below no heading."""
    for place, cell in enumerate(cells):
        if cell is not None and (place >= len(headings) or not headings[place].strip()) and str(cell).strip():
            raise FileFault(
                FileFaultCode.HEADING_UNKNOWN,
                "A roster has the columns of its template and no others: there are values in a column without heading.",
                row=number,
            )


def _check_shared(cells: Sequence[Cell], shared: Mapping[int, str], number: int) -> None:
    """Raise a fault for a value in a further column of a heading that is merged over several."""
    for place, heading in shared.items():
        if place < len(cells) and cells[place] is not None and str(cells[place]).strip():
            raise FileFault(
                FileFaultCode.HEADING_MISSING,
                "A heading is merged over several columns, and more than the first of them has values: it is not clear "
                "which is meant. Unmerge it, and give each column a heading of its own.",
                row=number,
                column=heading,
            )


def _texts(cells: Sequence[Cell]) -> list[str]:
    return [cell if isinstance(cell, str) else _text(cell) for cell in cells]


def _text(cell: Cell) -> str:
    if isinstance(cell, dict):
        return _text(cell["v"]) if "v" in cell else _text(cell.get("c")) if "m" in cell else ""
    return "" if cell is None else str(cell) if not isinstance(cell, str) else cell
