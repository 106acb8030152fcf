"""`make drill-registry`: an import in which one line in a thousand contradicts another merges nobody wrongly.

Lines are physicians of their own; one in a thousand gives somebody's identifier for somebody else, and one in a
thousand is somebody's married name. Every contradiction has to be named with its line, and everybody else has to stand
as their line says. `python -m benchmarks.drills.registry 1000000 --seed 7 --database sqlite` sets the lines, the seed
and the database.
"""

from __future__ import annotations

import argparse
import csv
import enum
import random
import secrets
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from msgspec.structs import replace
from sqlalchemy import Connection

from app.core.logging import configure_logging
from app.domain.boards import BoardKind
from app.domain.catalogue import Catalogue
from app.domain.identity.learners import Holding, RegistryRow
from app.domain.parsing import MonthDay
from app.services.context import Service
from app.services.registry import imports
from app.services.registry.generating.files import cells_of
from app.services.registry.generating.physicians import synthetic_physicians
from app.services.registry.imports import COLUMNS
from app.store.sql.key_sets import select_by_keys
from app.store.sql.statements import fetch_value
from benchmarks.world.installation import world

EVERY = 1_000
KEPT = 2_000
"""Earlier lines that later ones may contradict."""
CHUNK = 5_000


class Line(enum.Enum):
    """What a line is."""

    OWN = enum.auto()
    MARRIED = enum.auto()
    CONTRADICTS = enum.auto()


def main() -> None:
    """Import 200,000 lines into each database by default."""
    configure_logging()
    parser = argparse.ArgumentParser()
    parser.add_argument("lines", type=int, nargs="?", default=200_000)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--database", action="append", choices=["sqlite", "postgresql"])
    given = parser.parse_args()
    seed = secrets.randbelow(1_000_000) if given.seed is None else given.seed
    for database in given.database or ["sqlite", "postgresql"]:
        with world(database, 0) as installed:
            drill(database, installed.service, given.lines, seed)


def drill(database: str, service: Service, count: int, seed: int) -> None:
    """Import and verify."""
    path = service.settings.data_dir / "registry.csv"
    expected = _write(path, count, seed, service.catalogue)
    begun, used = time.perf_counter(), time.process_time()
    counts = imports.import_file(service, path)
    took, used = time.perf_counter() - begun, time.process_time() - used
    path.unlink()
    print(
        f"{database}, seed {seed}: {count} lines, {count / took:.0f} lines/s, {used / count * 1e6:.0f} µs of CPU each; "
        f"added {counts.added}, updated {counts.updated}, conflicts {len(counts.conflicts)}, pairs {len(counts.pairs)}",
        flush=True,
    )
    told = [conflict.line for conflict in counts.conflicts]
    assert told == expected, sorted(set(told) ^ set(expected))[:10]
    assert [line for line, _ in counts.refused] == expected
    assert (counts.added + counts.updated + len(told), counts.unchanged) == (count, 0)
    on_file = service.database.read(
        lambda connection: fetch_value(connection, "SELECT count(*) FROM learners WHERE sandbox = ''")
    )
    assert on_file == counts.added
    checked = service.database.read(lambda connection: _verify(connection, count, seed, service.catalogue))
    assert checked == counts.added
    print(f"{database}: every contradiction is named, and {checked} physicians stand as their lines say", flush=True)


def lines(count: int, seed: int, catalogue: Catalogue) -> Iterator[tuple[Line, RegistryRow]]:
    """Yield the lines of a file; the same ones for the same seed."""
    boards = catalogue.boards.values()
    rows = synthetic_physicians(
        count,
        seed,
        licensing=[board.code for board in boards if board.kind is BoardKind.LICENSING],
        certifying=[board.code for board in boards if board.kind is BoardKind.CERTIFYING],
        reserved=frozenset(),
    )
    chance = random.Random(seed)
    kept: list[RegistryRow] = []
    for place, row in enumerate(rows):
        kind = place % EVERY
        if kind == EVERY - 1:
            yield Line.CONTRADICTS, chance.choice(CONTRADICTIONS)(chance.choice(kept), row)
        elif kind == EVERY // 2:
            known = chance.choice(kept)
            # Nobody is married twice here: a double name of a double name would be another test.
            kept.remove(known)
            yield Line.MARRIED, replace(known, last_name=f"{known.last_name}-Drillmarried", other_last_names=())
        else:
            if len(kept) < KEPT:
                kept.append(row)
            else:
                kept[chance.randrange(KEPT)] = row
            yield Line.OWN, row


def _of_a_group(held: RegistryRow, row: RegistryRow) -> RegistryRow:
    return replace(row, npi=held.npi, birth_date=_another_day(held))


def _renamed(held: RegistryRow, row: RegistryRow) -> RegistryRow:
    """Another name under a licence, without a birth date."""
    return RegistryRow(first_name="Contra", last_name="Dictor", licenses=held.licenses[:1])


def _namesake(held: RegistryRow, row: RegistryRow) -> RegistryRow:
    return replace(held, npi=None, birth_date=_another_day(held))


def _sibling(held: RegistryRow, row: RegistryRow) -> RegistryRow:
    return replace(held, first_name="Contra", birth_date=None, licenses=(), certifications=())


def _of_two(held: RegistryRow, row: RegistryRow) -> RegistryRow:
    """A new physician with one number that is somebody's."""
    given = Holding(board=held.licenses[0].board, number=held.licenses[0].number)
    return replace(row, first_name="Contra", last_name="Dictor", licenses=(*row.licenses, given))


CONTRADICTIONS: tuple[Callable[[RegistryRow, RegistryRow], RegistryRow], ...] = (
    _of_a_group, _renamed, _namesake, _sibling, _of_two,
)  # fmt: skip


def _another_day(held: RegistryRow) -> MonthDay:
    return MonthDay(1, 1) if held.birth_date != MonthDay(1, 1) else MonthDay(2, 2)


def _write(path: Path, count: int, seed: int, catalogue: Catalogue) -> list[int]:
    """Write the file; return the lines that contradict others."""
    expected = []
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for number, (kind, row) in enumerate(lines(count, seed, catalogue), 2):
            if kind is Line.CONTRADICTS:
                expected.append(number)
            table.writerow(cells_of(row))
    return expected


def _verify(connection: Connection, count: int, seed: int, catalogue: Catalogue) -> int:
    """Hold everybody on file against their own line; return how many they are."""
    own = (row for kind, row in lines(count, seed, catalogue) if kind is Line.OWN)
    married = {row.npi: row for kind, row in lines(count, seed, catalogue) if kind is Line.MARRIED}
    checked = 0
    while some := list(islice(own, CHUNK)):
        wanted = {row.npi or "": _standing(row, married.get(row.npi)) for row in some}
        found = {
            npi: (birth_date, last, names, licenses, certifications)
            for npi, birth_date, last, names, licenses, certifications in select_by_keys(
                connection,
                "l.npi, l.birth_date, l.last_name, "
                "(SELECT count(*) FROM learner_names n WHERE n.learner_id = l.learner_id), "
                "(SELECT count(*) FROM licenses h WHERE h.learner_id = l.learner_id), "
                "(SELECT count(*) FROM certifications h WHERE h.learner_id = l.learner_id)",
                ("npi",),
                ((npi,) for npi in wanted),
                "learners l ON l.npi = k.npi",
            )
        }
        assert found == wanted, [(npi, found.get(npi), held) for npi, held in wanted.items() if found.get(npi) != held][
            :3
        ]
        checked += len(some)
    return checked


def _standing(row: RegistryRow, married: RegistryRow | None) -> tuple[str, str, int, int, int]:
    names = {row.last_name, *row.other_last_names} | ({married.last_name} if married else set())
    last = married.last_name if married else row.last_name
    return str(row.birth_date), last, len(names), len(row.licenses), len(row.certifications)


if __name__ == "__main__":
    main()
