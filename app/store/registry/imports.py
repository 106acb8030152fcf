"""The registry of physicians, as an import reads and writes it, table by table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection

from app.domain.boards import Span
from app.domain.identity.comparison_keys import full_name_key, short_id_key
from app.domain.identity.learners import IdentifierKind, RegistryRow
from app.store.sql.key_sets import select_by_keys
from app.store.sql.statements import take_advisory_locks
from app.store.sql.values import read_date

Number = tuple[str, str]
"""(board, comparison key)"""
NO_DATES = Span()
_IMPORT_LOCK = 0x7265


@dataclass(slots=True, kw_only=True, eq=False)
class Entry:
    """A physician on file, with everything that an import may add to."""

    physician_id: str
    first_name: str
    middle_name: str | None
    last_name: str
    birth_date: str | None
    npi: str | None
    medical_school: str | None
    suffix: str | None = None
    npi_disputed: bool = False
    npi_listed: bool = False
    """Whether the national provider file lists the NPI as this person's."""
    npi_ended_on: date | None = None
    names: dict[tuple[str, str], str] = field(default_factory=dict)
    """Last names as written, by (last, first) name keys."""
    licenses: dict[Number, Span] = field(default_factory=dict)
    certifications: dict[Number, Span] = field(default_factory=dict)
    self_reported: set[Number] = field(default_factory=set)
    """Licences that the person alone has told; no board has confirmed them."""

    @property
    def is_only_listed(self) -> bool:
        """Whether all that is on file was told by the person, as in the national provider file."""
        return (
            self.npi_listed
            and self.birth_date is None
            and not self.certifications
            and self.licenses.keys() <= self.self_reported
        )

    def numbers(self, kind: IdentifierKind) -> dict[Number, Span]:
        """Return the licences or the certifications."""
        return self.licenses if kind is IdentifierKind.LICENSE else self.certifications


@dataclass(slots=True)
class Known:
    """The physicians on file that rows of an import may be about, indexed by numbers and by name."""

    entries: dict[str, Entry] = field(default_factory=dict)
    by_npi: dict[str, Entry] = field(default_factory=dict)
    by_license: defaultdict[Number, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    by_certification: defaultdict[Number, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    by_name: defaultdict[tuple[str, str], list[Entry]] = field(default_factory=lambda: defaultdict(list))
    pairs: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Ids of those with whom a physician is kept as a pair, whatever was decided of it."""

    def put(self, entry: Entry) -> None:
        """Index an entry, so that later rows find it."""
        self.entries[entry.physician_id] = entry
        if entry.npi:
            self.by_npi[entry.npi] = entry
        for numbers, index in ((entry.licenses, self.by_license), (entry.certifications, self.by_certification)):
            for number in numbers:
                if entry not in index[number]:
                    index[number].append(entry)
        for name in entry.names:
            if entry not in self.by_name[name]:
                self.by_name[name].append(entry)

    def holders(self, row: RegistryRow) -> Iterator[tuple[IdentifierKind, Number, Entry]]:
        """Yield who holds an identifier of a row, once for each of them; an NPI has no board."""
        if row.npi and row.npi in self.by_npi:
            yield IdentifierKind.NPI, ("", row.npi), self.by_npi[row.npi]
        for kind, holdings, index in (
            (IdentifierKind.LICENSE, row.licenses, self.by_license),
            (IdentifierKind.CERTIFICATION, row.certifications, self.by_certification),
        ):
            for held in holdings:
                for entry in index.get((held.board, held.key), ()):
                    yield kind, (held.board, held.key), entry

    def is_held(self, row: RegistryRow) -> bool:
        """Whether somebody holds an identifier of a row.

        A licence with dates may be issued again, and one that its holder alone has told may be another's: they are not
        asked.
        """
        return (
            row.npi in self.by_npi
            or any(
                number not in entry.self_reported
                for held in row.licenses
                if held.dates is None and not held.self_reported
                for number in [(held.board, held.key)]
                for entry in self.by_license.get(number, ())
            )
            or any((held.board, held.key) in self.by_certification for held in row.certifications)
        )

    def add_pair(self, one: str, other: str) -> bool:
        """Remember a pair; False when it is known."""
        if other in self.pairs[one]:
            return False
        self.pairs[one].add(other)
        self.pairs[other].add(one)
        return True


def lock_imports(connection: Connection) -> None:
    """Let one import at a time look identifiers up and add them, until the transaction ends."""
    take_advisory_locks(connection, _IMPORT_LOCK, [1])


def load_known(connection: Connection, rows: Sequence[RegistryRow]) -> Known:
    """Return the physicians on file that rows may be about, or seem to be about.

    These are the holders of their identifiers; for a row whose identifiers nobody holds, everybody of the name with
    the birth date, or without one and licensed by one of its boards; and those kept as pairs with them.
    """
    known = Known()
    _load(connection, known, _holder_ids(connection, rows))
    new = [row for row in rows if not known.is_held(row)]
    _load(connection, known, _namesake_ids(connection, new))
    _load_pairs(connection, known)
    return known


def _holder_ids(connection: Connection, rows: Sequence[RegistryRow]) -> set[str]:
    ids: set[str] = set()
    npis = [(row.npi,) for row in rows if row.npi]
    ids.update(_select_ids(connection, "l.learner_id", ("npi",), npis, "learners l ON l.npi = k.npi"))
    for table, holdings in (
        ("licenses", [holding for row in rows for holding in row.licenses]),
        ("certifications", [holding for row in rows for holding in row.certifications]),
    ):
        keys = ((holding.board, short_id_key(holding.key), holding.key) for holding in holdings)
        on = f"{table} h ON h.board = k.board AND h.short_key = k.short AND h.id_key = k.exact"
        ids.update(_select_ids(connection, "h.learner_id", ("board", "short", "exact"), keys, on))
    return ids


_SAME_BIRTH = "learner_names n ON n.last_key = k.last AND n.first_key = k.first AND n.birth_date = k.birth"
# Not joined: SQLite would rather begin with everybody whom the board has licensed.
_LICENSED = "EXISTS (SELECT 1 FROM licenses h WHERE h.learner_id = n.learner_id AND h.board = k.board)"


def _namesake_ids(connection: Connection, rows: Sequence[RegistryRow]) -> set[str]:
    """Return who has the name and birth date, or one of the boards where a birth date is missing.

    Two who have an NPI each are two people, and need no comparison.
    """
    dated: list[tuple[str, ...]] = []
    licensed: list[tuple[str, ...]] = []
    undated: list[tuple[str, ...]] = []
    for row in rows:
        last, first = full_name_key(row.first_name, row.last_name)
        numbered = bool(row.npi or row.licenses or row.certifications)
        if row.birth_date or not numbered:
            dated.append((last, first, str(row.birth_date or ""), row.npi or ""))
        if numbered:
            boards = {held.board for held in row.licenses}
            (licensed if row.birth_date else undated).extend((last, first, board, row.npi or "") for board in boards)
    other_npi = "(k.npi = '' OR l.npi IS NULL OR l.npi = k.npi)"
    on = f"{_SAME_BIRTH} JOIN learners l ON l.learner_id = n.learner_id AND {other_npi}"
    ids = set(_select_ids(connection, "n.learner_id", ("last", "first", "birth", "npi"), dated, on))
    columns = ("last", "first", "board", "npi")
    same_name = "learner_names n ON n.last_key = k.last AND n.first_key = k.first"
    learner = f"JOIN learners l ON l.learner_id = n.learner_id AND {other_npi}"
    for keys, born in ((licensed, "AND n.birth_date = ''"), (undated, "")):
        on = f"{same_name} {born} {learner} AND {_LICENSED}"
        ids.update(_select_ids(connection, "n.learner_id", columns, keys, on))
    return ids


def load_entry(connection: Connection, physician_id: str) -> Entry | None:
    """Return a physician on file; None for an id that nobody has, or one of the sandbox."""
    return next(iter(_entries(connection, [physician_id])), None)


def _load(connection: Connection, known: Known, ids: Iterable[str]) -> None:
    for entry in _entries(connection, set(ids) - known.entries.keys()):
        known.put(entry)


def _load_pairs(connection: Connection, known: Known) -> None:
    """Load the pairs of everybody known, and the others of these pairs."""
    keys = [(physician_id,) for physician_id in known.entries]
    aliases = select_by_keys(connection, "l.learner_id", ("id",), keys, "learners l ON l.merged_into = k.id")
    for column, other in (("learner_id", "other_id"), ("other_id", "learner_id")):
        # What was decided of somebody who has become another one holds for that one.
        on = (
            f"registry_pairs p ON p.{column} = k.id JOIN learners a ON a.learner_id = p.{column} "
            f"JOIN learners b ON b.learner_id = p.{other}"
        )
        both = "coalesce(a.merged_into, a.learner_id), coalesce(b.merged_into, b.learner_id)"
        for one, two in select_by_keys(connection, both, ("id",), [*keys, *aliases], on):
            if one != two:
                known.add_pair(one, two)
    _load(connection, known, {other for others in known.pairs.values() for other in others})


def _select_ids(
    connection: Connection, column: str, columns: Sequence[str], keys: Iterable[tuple[str, ...]], join: str
) -> list[str]:
    return [id for (id,) in select_by_keys(connection, column, columns, keys, join)]


def _entries(connection: Connection, ids: Iterable[str]) -> list[Entry]:
    rows = select_by_keys(
        connection,
        "l.learner_id, l.first_name, l.middle_name, l.last_name, l.birth_date, l.npi, l.medical_school, "
        "l.npi_disputed_at IS NOT NULL, l.suffix, l.npi_listed, l.npi_ended_on",
        ("id",),
        ((id,) for id in ids),
        "learners l ON l.learner_id = k.id AND l.sandbox = '' AND l.merged_into IS NULL",
    )
    entries = {
        physician_id: Entry(
            physician_id=physician_id,
            first_name=first_name,
            middle_name=middle_name,
            last_name=last_name,
            birth_date=birth_date,
            npi=npi,
            medical_school=medical_school,
            npi_disputed=bool(disputed),
            suffix=suffix,
            npi_listed=bool(listed),
            npi_ended_on=ended_on and read_date(ended_on),
        )
        for physician_id, first_name, middle_name, last_name, birth_date, npi, medical_school, disputed, suffix, listed,
            ended_on in rows
    }  # fmt: skip
    keys = [(physician_id,) for physician_id in entries]
    for physician_id, last, first, written in select_by_keys(
        connection,
        "n.learner_id, n.last_key, n.first_key, n.last_name",
        ("id",),
        keys,
        "learner_names n ON n.learner_id = k.id",
    ):
        entries[physician_id].names[last, first] = written
    of_holdings = "h.learner_id, h.board, h.id_key, h.starts_on, h.ends_on"
    for physician_id, board, key, starts_on, ends_on, told in select_by_keys(
        connection, f"{of_holdings}, h.self_reported", ("id",), keys, "licenses h ON h.learner_id = k.id"
    ):
        entries[physician_id].licenses[board, key] = _span(starts_on, ends_on)
        if told:
            entries[physician_id].self_reported.add((board, key))
    for physician_id, board, key, starts_on, ends_on in select_by_keys(
        connection, of_holdings, ("id",), keys, "certifications h ON h.learner_id = k.id"
    ):
        entries[physician_id].certifications[board, key] = _span(starts_on, ends_on)
    return list(entries.values())


def _span(starts_on: Any, ends_on: Any) -> Span:
    if starts_on is None and ends_on is None:
        return NO_DATES
    return Span(since=starts_on and read_date(starts_on), until=ends_on and read_date(ends_on))


def holders_of_npis(connection: Connection, npis: Iterable[str]) -> dict[str, tuple[str, date | None]]:
    """Return who on file has NPIs, by NPI, each with the day on which it ended, None while it goes on."""
    rows = select_by_keys(
        connection,
        "l.npi, l.learner_id, l.npi_ended_on",
        ("npi",),
        ((npi,) for npi in npis),
        "learners l ON l.npi = k.npi AND l.sandbox = ''",
    )
    return {npi: (physician_id, ended_on and read_date(ended_on)) for npi, physician_id, ended_on in rows}
