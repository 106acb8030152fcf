"""Files of synthetic physicians: an import file, or one in the shape of the national provider file."""

from __future__ import annotations

import csv
import io
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from app.core.private_files import write_private_pieces
from app.core.progress import report_progress
from app.domain.catalogue import Catalogue
from app.domain.identity.learners import Holding, OtherName, RegistryRow
from app.services.context import Service
from app.services.registry.generating.physicians import physicians_of
from app.services.registry.generating.provider_files import NppesRows
from app.services.registry.imports import ImportCounts, import_rows
from app.services.registry.national.layout import HEADINGS
from app.services.registry.row_reading import COLUMNS

T = TypeVar("T")
_EVERY = 5_000
_AT_ONCE = 1_000
_AS_GZIP = 31
"""The window bits by which zlib writes gzip."""


def import_physicians(service: Service, count: int, seed: int, counts: ImportCounts) -> None:
    """Import synthetic physicians into the registry; those of the same seed who are there are found again."""
    people = physicians_of(service.catalogue, count, seed)
    told = _Counted(enumerate(people, 1))
    import_rows(service, told, f"generated, seed {seed}", counts, lambda: told.done / count)


class _Counted(Iterator[T]):
    """Counts what is taken of it."""

    def __init__(self, given: Iterator[T]) -> None:
        self._given = given
        self.done = 0

    def __next__(self) -> T:
        taken = next(self._given)
        self.done += 1
        return taken


def write_physicians(path: Path, catalogue: Catalogue, count: int, seed: int) -> None:
    """Write synthetic physicians as an import file: CSV, gzipped if the name ends in `.gz`."""
    rows = map(cells_of, _told(physicians_of(catalogue, count, seed), count))
    _write(path, COLUMNS, rows, csv.QUOTE_MINIMAL)


def write_nppes(path: Path, catalogue: Catalogue, count: int, seed: int) -> None:
    """Write so many rows in the shape of the national provider file, about one in seven a physician's."""
    rows = NppesRows(seed, catalogue).mixed(physicians_of(catalogue, count, seed), count)
    write_rows(path, HEADINGS, _told(rows, count))


def write_rows(path: Path, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write rows as the national provider file has them: every cell in quotes."""
    _write(path, headings, rows, csv.QUOTE_ALL)


def cells_of(row: RegistryRow) -> tuple[str, ...]:
    """Return a physician as a line of an import file, in the order of its columns."""
    return (
        row.first_name,
        row.middle_name or "",
        row.last_name,
        row.suffix or "",
        ";".join(row.other_last_names),
        ";".join(map(_name_text, row.other_names)),
        str(row.birth_date or ""),
        row.npi or "",
        row.medical_school or "",
        ";".join(map(_holding_text, row.licenses)),
        ";".join(map(_holding_text, row.certifications)),
    )


def _name_text(name: OtherName) -> str:
    parts = [name.last_name, name.first_name or "", name.middle_name or "", name.suffix or ""]
    while not parts[-1]:
        parts.pop()
    return f"{name.kind}:{', '.join(parts)}"


def _holding_text(held: Holding) -> str:
    dates = held.dates
    if dates is None or dates.since is dates.until is None:
        return f"{held.board}:{held.number}"
    return f"{held.board}:{held.number}@{dates.since or ''}..{dates.until or ''}"


def _told(rows: Iterable[T], count: int) -> Iterator[T]:
    """Yield rows, and tell how far it has come."""
    for done, row in enumerate(rows, 1):
        yield row
        if done % _EVERY == 0:
            report_progress("writing", done, count)


def _write(path: Path, heading: Sequence[str], rows: Iterable[Sequence[str]], quoting: Any) -> None:
    """Write a new CSV file; one that is there stays."""
    pieces = _encoded(heading, rows, quoting)
    write_private_pieces(path, _packed(pieces) if path.suffix == ".gz" else pieces, replace=False)


def _encoded(heading: Sequence[str], rows: Iterable[Sequence[str]], quoting: Any) -> Iterator[bytes]:
    text = io.StringIO()
    table = csv.writer(text, quoting=quoting, lineterminator="\n")
    table.writerow(heading)
    given = iter(rows)
    while some := list(islice(given, _AT_ONCE)):
        table.writerows(some)
        yield text.getvalue().encode()
        text.seek(0)
        text.truncate()
    yield text.getvalue().encode()


def _packed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Gzip bytes; no time is noted, so that the same physicians make the same file."""
    packer = zlib.compressobj(6, zlib.DEFLATED, _AS_GZIP)
    for piece in pieces:
        yield packer.compress(piece)
    yield packer.flush()
