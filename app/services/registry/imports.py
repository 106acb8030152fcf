"""Imports into the registry of physicians, from files, as often as needed; a physician left out stays."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
from app.domain.boards import BoardKind, Span
from app.domain.catalogue import Catalogue
from app.domain.identity.comparison_keys import damage_of, full_name_key, id_key
from app.domain.identity.learners import Holding, IdentifierKind, RegistryRow
from app.domain.parsing import (
    Unparsed,
    is_error_or_lost,
    is_npi,
    plain_or_none,
    plain_text,
    read_date,
    read_month_day,
    read_npi,
    text_or_none,
)
from app.matching.joining import BirthLevel, NameLevel
from app.services.context import Service, Work, operator, transact
from app.services.registry.placing import IdentifierFault, ImportFault, PairSeen
from app.services.registry.writing import Piece, RowEffect
from app.store.registry import imports as registry
from app.store.registry.imports import Entry

COLUMNS = (
    "first_name",
    "middle_name",
    "last_name",
    "other_last_names",
    "date_of_birth",
    "npi",
    "medical_school",
    "licenses",
    "certifications",
)
LISTS = ("other_last_names", "licenses", "certifications")
AT_ONCE = 500
T = TypeVar("T")
_UNREADABLE = (UnicodeDecodeError, OSError, EOFError, zlib.error, csv.Error)
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

    def add(self, other: ImportCounts) -> None:
        """Add the counts of another piece of the import."""
        self.added += other.added
        self.updated += other.updated
        self.unchanged += other.unchanged
        self.refused += other.refused
        self.conflicts += other.conflicts
        self.pairs += other.pairs


def import_file(service: Service, path: Path, counts: ImportCounts | None = None) -> ImportCounts:
    """Import a CSV or NDJSON file, plain or gzipped; raises `ImportFault` when the file cannot be read to its end.

    What was done is added to `counts`, which tells it also when the import ends before the file does.
    """
    with _open(path) as (lines, read_share):
        return import_rows(service, _rows(lines, service.catalogue), path.name, counts, read_share)


def import_rows(
    service: Service,
    rows: Iterable[tuple[int, RegistryRow | ImportFault]],
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
            counts.conflicts.append(_conflict(line, fault))
            pairs = piece.refuse(fault)
        else:
            counts.added += effect is RowEffect.ADDED
            counts.updated += effect is RowEffect.UPDATED
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


def _conflict(line: int, fault: IdentifierFault) -> LineConflict:
    kinds = {kind for held in fault.held for kind in held.kinds}
    return LineConflict(
        line=line,
        kinds=tuple(kind for kind in IdentifierKind if kind in kinds),
        reason=str(fault),
        physician_ids=tuple(held.physician_id for held in fault.held),
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
    missing = isinstance(error, OSError) and error.strerror is not None
    return str(error.strerror) if missing else "it is not CSV or NDJSON in UTF-8"  # type: ignore[attr-defined]


def _rows(lines: io.TextIOWrapper, catalogue: Catalogue) -> Iterator[tuple[int, RegistryRow | ImportFault]]:
    first = lines.readline()
    if first.lstrip().startswith("{"):
        yield from ((number, _read(fields, catalogue)) for number, fields in _objects(first, lines))
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
            yield reader.line_num + 1, fault or _read(dict(zip(heading, values, strict=False)), catalogue)


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


def _read(fields: Any, catalogue: Catalogue) -> RegistryRow | ImportFault:
    """Read one row, or return why it cannot be read."""
    try:
        return read_row(fields, catalogue)
    except ImportFault as fault:
        return fault


def read_row(fields: Any, catalogue: Catalogue) -> RegistryRow:
    """Read the import columns of one physician; raises `ImportFault`."""
    if isinstance(fields, ImportFault):
        raise fields
    if not isinstance(fields, dict):
        raise ImportFault("the line is not a JSON object")
    unknown = [name for name in fields if name not in COLUMNS]
    if unknown:
        raise ImportFault(f"unknown columns; known: {', '.join(COLUMNS)}")
    text = {name: _text(name, fields.get(name)) for name in COLUMNS if name not in LISTS}
    if full_name_key(text["first_name"], text["last_name"]) == ("", ""):
        raise ImportFault("the name is missing")
    other_last_names = _list("other_last_names", fields)
    _refuse_damaged(text | {"other_last_names": fields.get("other_last_names")}, other_last_names)
    birth_date = read_month_day(text["date_of_birth"])
    if isinstance(birth_date, Unparsed):
        raise ImportFault("date_of_birth is not MM/DD")
    npi = read_npi(text["npi"])
    if npi and not is_npi(npi):
        raise ImportFault("npi is not an NPI: its check digit is wrong")
    return RegistryRow(
        first_name=text["first_name"] or "",
        middle_name=text["middle_name"],
        last_name=text["last_name"] or "",
        other_last_names=other_last_names,
        birth_date=birth_date,
        npi=npi,
        medical_school=text["medical_school"],
        licenses=_holdings("licenses", fields, catalogue, BoardKind.LICENSING),
        certifications=_holdings("certifications", fields, catalogue, BoardKind.CERTIFYING),
    )


def _refuse_damaged(text: Mapping[str, Any], other_last_names: Iterable[str]) -> None:
    """Refuse names of which keys would be made that are somebody else's.

    Other last names are looked at as they are written, too: an entity of a web page ends in the semicolon that parts
    them.
    """
    names = ((column, text[column]) for column in ("first_name", "middle_name", "last_name", "other_last_names"))
    for column, name in (*names, *(("other_last_names", other) for other in other_last_names)):
        damage = damage_of(name) if isinstance(name, str) else None
        if damage is not None:
            raise ImportFault(f"{column} {damage.detail}")


def _text(name: str, value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ImportFault(f"{name} must be text")
    if value is not None and ("\x00" in value or len(value) > 1_000):
        raise ImportFault(f"{name} cannot be stored: it has a NUL character or more than 1,000 characters")
    text = text_or_none(value)
    if text is not None and "\n" in text:
        raise ImportFault(f"{name} has a line break: a quote that is not closed may have swallowed the lines after it")
    return text


def _list(name: str, fields: dict[str, Any]) -> tuple[str, ...]:
    value = fields.get(name)
    parts = value if isinstance(value, list) else (_text(name, value) or "").split(";")
    return tuple(text for part in parts if (text := _text(name, part)) is not None)


_SHORTENED = re.compile(r"\A\s*\d\.\d+[Ee]\+\d{2}\s*\Z")
"""As spreadsheets write a long number: many have the same."""
_DATES = re.compile(r"@(?P<since>[^@]*)\.\.(?P<until>[^@]*)\Z")


def _holdings(name: str, fields: dict[str, Any], catalogue: Catalogue, kind: BoardKind) -> tuple[Holding, ...]:
    held = []
    for entry in _list(name, fields):
        code, colon, number = (plain_or_none(entry) or "").partition(":")
        board = catalogue.board(code)
        number, dates = _split_dates(name, number, kind)
        key = id_key(number)
        if not colon or board is None or board.kind is not kind or not key:
            raise ImportFault(f"{name} has an entry that is not BOARD:ID with a {kind.value} board")
        if is_error_or_lost(number.strip()) or _SHORTENED.search(number):
            raise ImportFault(f"{name} has a number that is an error of a spreadsheet, or has lost letters or digits")
        held.append(Holding(board=board.code, number=number.strip(), known_key=key, dates=dates))
    if any(holding.dates for holding in held) and len({(holding.board, holding.key) for holding in held}) < len(held):
        raise ImportFault(f"{name} has one number twice: write it once, from its first day to its last")
    return tuple(held)


def _split_dates(name: str, number: str, kind: BoardKind) -> tuple[str, Span | None]:
    """Return a number without the days behind it, `@YYYY-MM-DD..YYYY-MM-DD` of which either may be left out."""
    if "@" not in number:
        return number, None
    if kind is not BoardKind.LICENSING:
        raise ImportFault(f"{name} has an entry with dates, which licences only have")
    given = _DATES.search(number)
    since, until = (read_date(given["since"]), read_date(given["until"])) if given else (None, None)
    if given is None or isinstance(since, Unparsed) or isinstance(until, Unparsed) or since is until is None:
        raise ImportFault(f"{name} has dates that are not written as BOARD:ID@YYYY-MM-DD..YYYY-MM-DD")
    if since and until and since > until:
        raise ImportFault(f"{name} has dates that end before they begin")
    return number[: given.start()], Span(since=since, until=until)
