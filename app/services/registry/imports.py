"""Imports into the registry of physicians, from files, as often as needed; a physician left out stays."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any, cast

from app.core.clock import new_id
from app.core.errors import OperatorFault, Problem
from app.core.strict_json import read_json
from app.domain.audit import RegistryAudit
from app.domain.boards import BoardKind
from app.domain.catalogue import Catalogue
from app.domain.comparison_keys import damage_of, full_name_key, id_key
from app.domain.learners import Holding, RegistryRow
from app.domain.parsing import Unparsed, is_npi, plain_or_none, plain_text, read_month_day, read_npi, text_or_none
from app.services.context import Service, Work, operator, transact
from app.store import registry
from app.store.registry import Entry, Known, Writes

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
_BETWEEN_WORDS = re.compile(r"[\s_-]+")
"""Headings are read with blanks or hyphens in them, too."""


class ImportFault(OperatorFault):
    """A row or a file that cannot be imported. The message names columns and boards, never a person."""


@dataclass(slots=True)
class ImportCounts:
    """How many rows an import added, updated and left unchanged, and which it refused."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)
    """(line, reason)"""


def import_file(service: Service, path: Path) -> ImportCounts:
    """Import a CSV or NDJSON file, plain or gzipped; raises `ImportFault` when the file as a whole cannot be read."""
    with _open(path) as lines:
        return import_rows(service, _rows(lines, service.catalogue))


def import_rows(service: Service, rows: Iterable[tuple[int, RegistryRow | ImportFault]]) -> ImportCounts:
    """Import rows with their line numbers, `AT_ONCE` in one transaction."""
    counts = ImportCounts()
    iterator = iter(rows)
    while some := list(islice(iterator, AT_ONCE)):
        readable = [(line, row) for line, row in some if isinstance(row, RegistryRow)]
        counts.refused.extend((line, str(row)) for line, row in some if isinstance(row, ImportFault))
        imported = transact(operator(service), import_some, readable)
        counts.added += imported.added
        counts.updated += imported.updated
        counts.unchanged += imported.unchanged
        counts.refused.extend(imported.refused)
    return counts


def import_some(work: Work, rows: Sequence[tuple[int, RegistryRow]]) -> ImportCounts:
    """Add or update the physicians of some rows; each row sees the ones before it."""
    counts = ImportCounts()
    known = registry.load_known(work.connection, [row for _, row in rows])
    writes = Writes()
    for line, row in rows:
        try:
            entry = _find(row, known)
        except ImportFault as fault:
            counts.refused.append((line, str(fault)))
            continue
        if entry is None:
            entry = _add(work, row, writes)
            counts.added += 1
        elif _update(work, entry, row, writes):
            counts.updated += 1
        else:
            counts.unchanged += 1
        known.put(entry)
    registry.save(work.connection, writes)
    if counts.added or counts.updated:
        work.audit("import", work.commit_id, RegistryAudit(added=counts.added, updated=counts.updated))
    return counts


def _find(row: RegistryRow, known: Known) -> Entry | None:
    """Return the physician on file whom a row is about; None for a new one.

    An NPI decides. A licence or certification decides unless birth date or NPI contradict it, a name only if one
    physician of that name and birth date is on file. Raises `ImportFault` when numbers belong to different people.
    """
    by_npi = known.by_npi.get(row.npi) if row.npi else None
    sharing: dict[str, Entry] = {}
    for numbers, index in ((row.licenses, known.by_license), (row.certifications, known.by_certification)):
        for held in numbers:
            for entry in index.get((held.board, held.key), ()):
                sharing[entry.physician_id] = entry
    if by_npi is not None:
        if sharing.keys() - {by_npi.physician_id}:
            raise ImportFault("the NPI and a licence or certification belong to different learners")
        return by_npi
    if sharing:
        fitting = [entry for entry in sharing.values() if _agrees(row, entry)]
        if len(sharing) > 1 or not fitting:
            raise ImportFault("a licence or certification belongs to another learner")
        return fitting[0]
    if row.npi or row.licenses or row.certifications:
        return None
    last, first = full_name_key(row.first_name, row.last_name)
    named = known.by_name.get((last, first, str(row.birth_date) if row.birth_date else None), [])
    return named[0] if len(named) == 1 else None


def _agrees(row: RegistryRow, entry: Entry) -> bool:
    birth_fits = row.birth_date is None or entry.birth_date in (None, str(row.birth_date))
    return birth_fits and (row.npi is None or entry.npi in (None, row.npi))


def _add(work: Work, row: RegistryRow, writes: Writes) -> Entry:
    entry = Entry(
        physician_id=new_id(),
        first_name=row.first_name,
        middle_name=row.middle_name,
        last_name=row.last_name,
        birth_date=str(row.birth_date) if row.birth_date else None,
        npi=row.npi,
        medical_school=row.medical_school,
    )
    writes.learners.append(_learner_row(entry) | {"sandbox": "", "created_at": work.now, "updated_at": work.now})
    _add_names_and_numbers(work, entry, row, writes)
    return entry


def _update(work: Work, entry: Entry, row: RegistryRow, writes: Writes) -> bool:
    """Update a physician from a row; return whether anything was new. What the row leaves out stays."""
    before = _learner_row(entry)
    entry.first_name, entry.last_name = row.first_name, row.last_name
    entry.middle_name = row.middle_name or entry.middle_name
    entry.birth_date = str(row.birth_date) if row.birth_date else entry.birth_date
    entry.npi = row.npi or entry.npi
    entry.medical_school = row.medical_school or entry.medical_school
    changed = _learner_row(entry) != before
    if changed:
        writes.changed.append(_learner_row(entry) | {"updated_at": work.now})
    return _add_names_and_numbers(work, entry, row, writes) or changed


def _learner_row(entry: Entry) -> dict[str, Any]:
    names = ("first_name", "middle_name", "last_name", "birth_date", "npi", "medical_school")
    return {"learner_id": entry.physician_id} | {name: getattr(entry, name) for name in names}


def _add_names_and_numbers(work: Work, entry: Entry, row: RegistryRow, writes: Writes) -> bool:
    new = [writes.add_name(entry, row.first_name, last) for last in (row.last_name, *row.other_last_names)]
    new += [writes.add_number(entry, "licenses", held.board, held.number, work.now) for held in row.licenses]
    new += [
        writes.add_number(entry, "certifications", held.board, held.number, work.now) for held in row.certifications
    ]
    return any(new)


@contextmanager
def _open(path: Path) -> Iterator[io.TextIOWrapper]:
    try:
        with (
            path.open("rb") as raw,
            io.TextIOWrapper(_decompress(raw, path), encoding="utf-8-sig", newline="") as text,
        ):
            yield text
    except (UnicodeDecodeError, OSError, EOFError, zlib.error, csv.Error) as error:
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
    return text_or_none(value)


def _list(name: str, fields: dict[str, Any]) -> tuple[str, ...]:
    value = fields.get(name)
    parts = value if isinstance(value, list) else (_text(name, value) or "").split(";")
    return tuple(text for part in parts if (text := _text(name, part)) is not None)


def _holdings(name: str, fields: dict[str, Any], catalogue: Catalogue, kind: BoardKind) -> tuple[Holding, ...]:
    held = []
    for entry in _list(name, fields):
        code, colon, number = (plain_or_none(entry) or "").partition(":")
        board = catalogue.board(code)
        if not colon or board is None or board.kind is not kind or not id_key(number):
            raise ImportFault(f"{name} has an entry that is not BOARD:ID with a {kind.value} board")
        held.append(Holding(board=board.code, number=number.strip()))
    return tuple(held)
