"""Imports into the registry of physicians, from files, as often as needed; a physician left out stays."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import IO, Any, TypeVar, cast

import msgspec
from msgspec import UNSET

from app.core.errors import Problem
from app.core.progress import report_progress
from app.core.strict_json import read_json
from app.domain.audit import RegistryAudit
from app.domain.catalogue import Catalogue
from app.domain.identity.learners import IdentifierKind, RegistryRow
from app.domain.parsing import plain_text
from app.matching.joining import BirthLevel, NameLevel
from app.services.context import Service, Work, operator, transact
from app.services.registry.national.npi_ends import NpiChange, NpiEnd, end_npis
from app.services.registry.placing import HeldIdentifier, IdentifierFault, ImportFault, PairSeen, reason_for
from app.services.registry.row_reading import COLUMNS, read_or_fault, read_row
from app.services.registry.writing import Piece, RowEffect
from app.store.registry import imports as registry
from app.store.registry.imports import Entry

__all__ = ["COLUMNS", "ImportCounts", "ImportFault", "import_file", "import_rows", "import_some", "read_row"]

AT_ONCE = 500
T = TypeVar("T")
_UNREADABLE = (UnicodeDecodeError, OSError, EOFError, zlib.error, zipfile.BadZipFile, csv.Error)
"""What reading a file raises where it is damaged."""
_BETWEEN_WORDS = re.compile(r"[\s_-]+")
"""Headings are read with blanks or hyphens in them, too."""


class LineConflict(msgspec.Struct, frozen=True, kw_only=True):
    """A line that was refused because somebody else on file holds its identifiers; no value of theirs is told."""

    line: int
    kinds: tuple[IdentifierKind, ...]
    reason: str
    physician_ids: tuple[str, ...]
    """Who holds them."""


class LinePair(msgspec.Struct, frozen=True, kw_only=True):
    """Two physicians on file who seem to be one person, kept as a pair because of a line."""

    line: int
    evidence: str
    """Kinds of what they have in common, separated by blanks."""
    names: NameLevel
    birth_date: BirthLevel
    physician_ids: tuple[str, str]


@dataclass(slots=True)
class ImportCounts:
    """How many rows an import added, updated and left unchanged, which it refused, and which pairs it has kept."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)
    """(line, reason)"""
    conflicts: list[LineConflict] = field(default_factory=list)
    """Why the lines were refused that give somebody else's identifiers; they are among those refused."""
    pairs: list[LinePair] = field(default_factory=list)
    """Kept for the first time; those known from earlier imports are not repeated."""
    left_aside: list[LineConflict] = field(default_factory=list)
    """Licences that people claim and others hold: their lines are imported without them."""
    not_imported: Counter[str] = field(default_factory=Counter)
    """What of a file of another system is not imported, by why."""
    npis: Counter[NpiChange] = field(default_factory=Counter)
    """What became of NPIs whose end a file tells."""
    notices: list[str] = field(default_factory=list)
    """Sentences about the file as a whole."""

    def add(self, other: ImportCounts) -> None:
        """Add the counts of another piece of the import."""
        self.added += other.added
        self.updated += other.updated
        self.unchanged += other.unchanged
        self.refused += other.refused
        self.conflicts += other.conflicts
        self.pairs += other.pairs
        self.left_aside += other.left_aside
        self.npis += other.npis


def import_file(service: Service, path: Path, counts: ImportCounts | None = None) -> ImportCounts:
    """Import a CSV or NDJSON file, plain or gzipped; raises `ImportFault` when the file cannot be read to its end.

    What was done is added to `counts`, which tells it also when the import ends before the file does.
    """
    with _open(path) as (lines, read_share):
        return import_rows(service, _rows(lines, service.catalogue), path.name, counts, read_share)


def import_rows(
    service: Service,
    rows: Iterable[tuple[int, RegistryRow | NpiEnd | ImportFault]],
    source: str = "",
    counts: ImportCounts | None = None,
    read_share: Callable[[], float | None] = lambda: None,
) -> ImportCounts:
    """Import rows with their line numbers, `AT_ONCE` in one transaction; `source` names where they come from.

    `read_share` tells which share of the source has been read, from 0 to 1; None where nobody knows.
    """
    counts = ImportCounts() if counts is None else counts
    done = 0
    for some in _pieces(iter(rows)):
        readable = [(line, row) for line, row in some if isinstance(row, RegistryRow)]
        imported = transact(operator(service), import_some, readable, source)
        if ends := [row for _, row in some if isinstance(row, NpiEnd)]:
            counts.npis += transact(operator(service), end_npis, ends)
        counts.refused.extend((line, str(row)) for line, row in some if isinstance(row, ImportFault))
        counts.add(imported)
        done += len(some)
        report_progress("importing", done, share=read_share())
    return counts


def _pieces(rows: Iterator[T]) -> Iterator[list[T]]:
    """Yield rows in pieces; where the file breaks off, the rows before it are a piece, too."""
    piece: list[T] = []
    try:
        for row in rows:
            piece.append(row)
            if len(piece) == AT_ONCE:
                yield piece
                piece = []
    except _UNREADABLE:
        if piece:
            yield piece
        raise
    if piece:
        yield piece


def import_some(work: Work, rows: Sequence[tuple[int, RegistryRow]], source: str = "") -> ImportCounts:
    """Add or update the physicians of some rows; each row sees the ones before it."""
    counts = ImportCounts()
    rows = [(line, row.with_keys()) for line, row in rows]
    registry.lock_imports(work.connection)
    piece = Piece(work, registry.load_known(work.connection, [row for _, row in rows]), source)
    for line, row in rows:
        try:
            effect, pairs = piece.take(row)
        except IdentifierFault as fault:
            counts.refused.append((line, str(fault)))
            counts.conflicts.append(_conflict(line, fault.held))
            pairs = piece.refuse(fault)
        else:
            counts.added += effect is RowEffect.ADDED
            counts.updated += effect is RowEffect.UPDATED
            counts.left_aside += [_conflict(line, [held]) for held in piece.left_aside]
            counts.unchanged += effect is RowEffect.UNCHANGED
        counts.pairs += [_pair(line, one, seen) for one, seen in pairs]
    digests = piece.save()
    if piece.has_changes:
        fields = RegistryAudit(
            added=counts.added,
            updated=counts.updated,
            conflicts=len(counts.conflicts) or UNSET,
            pairs=len(counts.pairs) or UNSET,
            digests=digests,
        )
        work.audit("import", work.commit_id, fields)
    return counts


def _conflict(line: int, given: Sequence[HeldIdentifier]) -> LineConflict:
    kinds = {kind for held in given for kind in held.kinds}
    return LineConflict(
        line=line,
        kinds=tuple(kind for kind in IdentifierKind if kind in kinds),
        reason=reason_for(given),
        physician_ids=tuple(held.physician_id for held in given),
    )


def _pair(line: int, one: Entry, seen: PairSeen) -> LinePair:
    return LinePair(
        line=line,
        evidence=seen.evidence,
        names=seen.names,
        birth_date=seen.birth,
        physician_ids=(one.physician_id, seen.other.physician_id),
    )


@contextmanager
def _open(path: Path) -> Iterator[tuple[io.TextIOWrapper, Callable[[], float | None]]]:
    """Open a file; give its lines, and a function that tells which share of its bytes has been read."""
    try:
        with (
            path.open("rb") as raw,
            io.TextIOWrapper(_decompress(raw, path), encoding="utf-8-sig", newline="") as text,
        ):
            size = path.stat().st_size
            yield text, lambda: raw.tell() / size if size else None
    except _UNREADABLE as error:
        raise ImportFault(f"{path.name} cannot be read: {_reason(error)}") from error


def _decompress(raw: IO[bytes], path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if path.suffix == ".gz" else raw


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror is not None:
        return error.strerror
    return "it is not CSV or NDJSON in UTF-8"


def _rows(lines: io.TextIOWrapper, catalogue: Catalogue) -> Iterator[tuple[int, RegistryRow | ImportFault]]:
    first = lines.readline()
    if first.lstrip().startswith("{"):
        yield from ((number, read_or_fault(fields, catalogue)) for number, fields in _objects(first, lines))
        return
    heading = [_BETWEEN_WORDS.sub("_", plain_text(name).lower()) for name in next(csv.reader([first]), [])]
    if repeated := [name for name in COLUMNS if heading.count(name) > 1]:
        raise ImportFault(f"the first line names a column twice: {', '.join(repeated)}")
    unknown = [name for name in heading if name not in COLUMNS]
    if unknown or "last_name" not in heading or len(set(heading)) != len(heading):
        raise ImportFault(f"the first line must name columns of: {', '.join(COLUMNS)}")
    reader = csv.reader(lines)
    for values in reader:
        if any(value.strip() for value in values):
            fault = ImportFault("the row has more cells than the heading") if len(values) > len(heading) else None
            yield reader.line_num + 1, fault or read_or_fault(dict(zip(heading, values, strict=False)), catalogue)


def _objects(first: str, lines: Iterable[str]) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(chain((first,), lines), 1):
        if line.strip():
            yield number, _object(line)


def _object(line: str) -> Any:
    """Return what a line holds, or the fault why it cannot be read: an unknown name in it may be somebody's."""
    try:
        return read_json(line, "the line")
    except Problem as problem:
        repeated = {item.pointer for item in problem.errors if item.code == "field-repeated"}
        twice = [name for name in COLUMNS if f"/{name}" in repeated]
        if repeated:
            return ImportFault(f"{', '.join(twice) or 'a member'} stands twice in the line")
        return ImportFault(problem.errors[0].detail.rstrip(".") if problem.errors else problem.detail.rstrip("."))
