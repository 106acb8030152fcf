"""Ways to write and read completions with their credits: SQLAlchemy's ORM, SQLAlchemy Core, our statements and mapper.

`python -m benchmarks.statements` prints microseconds of processor time and of the clock for each completion, and then
how long a row takes to become a value. Decision 17 quotes it.
"""

from __future__ import annotations

import sys
import time
import timeit
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from itertools import count
from statistics import median
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, select
from sqlalchemy import insert as core_insert
from sqlalchemy.orm import Session, registry, relationship, selectinload

from app.core.clock import new_id
from app.core.logging import configure_logging
from app.domain.credits import Completion, Credit, CreditKind, CreditStatus, Delivery
from app.models import completions as tables
from app.models.learners import learner_links
from app.store import completions
from app.store.sql.bulk import insert
from app.store.sql.rows import RowMapper, expression, looked_up_by
from app.store.sql.rows import column as from_column
from app.store.sql.statements import fetch, fetch_value
from app.store.sql.values import read_date, read_instant
from benchmarks.world.installation import PROVIDER, World, world

AT_ONCE = {1: 60, 250: 12}
"""Completions in one call, with the number of rounds."""
_numbers = count(1)
Rows = dict[str, list[dict[str, Any]]]


class _Completion:
    credits: Any


class _Credit:
    types: Any


class _CreditType:
    pass


mapped = registry(metadata=tables.completions.metadata)
mapped.map_imperatively(_CreditType, tables.credit_types)
mapped.map_imperatively(
    _Credit,
    tables.credits,
    properties={"types": relationship(_CreditType, order_by=tables.credit_types.c.place, lazy="raise")},
)
mapped.map_imperatively(
    _Completion,
    tables.completions,
    properties={"credits": relationship(_Credit, order_by=tables.credits.c.place, lazy="raise")},
)


def made(installed: World, client_id: str, wanted: int) -> Rows:
    """Return the rows of some new completions, each with CME and MOC credit of one type."""
    rows: Rows = {"completions": [], "credits": [], "types": []}
    now = installed.service.clock()
    for number in (next(_numbers) for _ in range(wanted)):
        shared = {
            "completion_id": new_id(),
            "activity_id": installed.activity_id,
            "subject": f"rems:{PROVIDER}:{number}",
            "completed_on": date(2026, 6, 1),
            "occasion": 1,
        }
        person = {"first_name": "Ann", "last_name": "Lee", "first_key": "ann", "last_key": "lee", "birth_date": "02/14"}
        rows["completions"].append(
            shared
            | person
            | {"provider_id": PROVIDER, "learner_id": None, "npi": None, "rems": None, "entry_method": "api"}
            | {"client_id": client_id, "batch_id": None, "submitted_at": now, "updated_at": now, "version": 1}
            | {"withdrawn_at": None, "catalogue": "0" * 64}
        )
        for place, (kind, board) in enumerate((("cme", "TN-M"), ("moc", "ABIM"))):
            credit_id = new_id()
            rows["credits"].append(
                shared
                | {"credit_id": credit_id, "place": place, "kind": kind, "board": board, "reported_id": "12345"}
                | {"registry_id": "12345", "quarters": 4, "status": "pending", "holds": True, "once_per_day": False}
                | {"delivery": "board", "status_reason": None, "status_at": now, "status_text": None}
            )
            if kind == "moc":
                rows["types"].append({"credit_id": credit_id, "credit_type": "MOC", "quarters": 4, "place": 0})
    return rows


def _entity(cls: type[Any], row: dict[str, Any], **related: Any) -> Any:
    entity = cls()
    for name, value in (row | related).items():
        setattr(entity, name, value)
    return entity


def write_with_orm(connection: Connection, rows: Rows) -> None:
    """Add entities to a session and flush it: the unit of work."""
    types = {row["credit_id"]: [_entity(_CreditType, row)] for row in rows["types"]}
    credits: dict[str, list[Any]] = {}
    for row in rows["credits"]:
        entity = _entity(_Credit, row, types=types.get(row["credit_id"], []))
        credits.setdefault(row["completion_id"], []).append(entity)
    with Session(bind=connection) as session:
        session.add_all(
            [_entity(_Completion, row, credits=credits[row["completion_id"]]) for row in rows["completions"]]
        )
        session.commit()  # of the session only: the transaction is the connection's


def read_with_orm(connection: Connection, ids: Sequence[str]) -> list[Any]:
    """Load entities with their credits and types."""
    with Session(bind=connection) as session:
        found = session.scalars(
            select(_Completion)
            .where(tables.completions.c.completion_id.in_(ids))
            .options(selectinload(_Completion.credits).selectinload(_Credit.types))
        ).all()
        session.commit()
        return list(found)


def write_with_core(connection: Connection, rows: Rows) -> None:
    """Run an INSERT expression for each table."""
    connection.execute(core_insert(tables.completions), rows["completions"])
    connection.execute(core_insert(tables.credits), rows["credits"])
    connection.execute(core_insert(tables.credit_types), rows["types"])


def read_with_core(connection: Connection, ids: Sequence[str]) -> list[Completion]:
    """Select by expressions, and make the same values as ours."""
    c, links, x, t = tables.completions, learner_links, tables.credits, tables.credit_types
    on = (links.c.provider_id == c.c.provider_id) & (links.c.learner_id == c.c.learner_id)
    found = connection.execute(select(c, links.c.link).outerjoin(links, on).where(c.c.completion_id.in_(ids))).all()
    of_completions = x.c.completion_id.in_(ids)
    types: dict[str, list[tuple[str, int]]] = {}
    joined = select(t).join(x, x.c.credit_id == t.c.credit_id)
    for row in connection.execute(joined.where(of_completions).order_by(t.c.credit_id, t.c.place)):
        types.setdefault(row.credit_id, []).append((row.credit_type, row.quarters))
    credits: dict[str, list[Credit]] = {}
    for row in connection.execute(select(x).where(of_completions).order_by(x.c.completion_id, x.c.place)):
        credits.setdefault(row.completion_id, []).append(_credit(row, tuple(types.get(row.credit_id, ()))))
    return [_completion(row, tuple(credits.get(row.completion_id, ()))) for row in found]


def _credit(row: Row[Any], types: tuple[tuple[str, int], ...]) -> Credit:
    return Credit(
        credit_id=row.credit_id, kind=CreditKind(row.kind), board=row.board, number_reported=row.reported_id,
        number_on_file=row.registry_id, quarters=row.quarters, credit_types=types, client_references=(),
        status=CreditStatus(row.status), delivery=Delivery(row.delivery), status_reason=row.status_reason,
        status_at=row.status_at, once_per_day=row.once_per_day, status_text=row.status_text,
    )  # fmt: skip


def _completion(row: Row[Any], credits: tuple[Credit, ...]) -> Completion:
    return Completion(
        completion_id=row.completion_id, provider_id=row.provider_id, activity_id=row.activity_id,
        physician_id=row.learner_id, subject=row.subject, learner_id=row.link, completed_on=row.completed_on,
        occasion=row.occasion, first_name=row.first_name, last_name=row.last_name, birth_date=row.birth_date,
        npi=row.npi, rems=None, entry_method=row.entry_method, client_id=row.client_id, batch_id=row.batch_id,
        submitted_at=row.submitted_at, updated_at=row.updated_at, version=row.version, withdrawn_at=row.withdrawn_at,
        catalogue=row.catalogue, credits=credits,
    )  # fmt: skip


def write_with_ours(connection: Connection, rows: Rows) -> None:
    """Write as `app/store/completion_writes.py` does."""
    insert(connection, tables.completions, rows["completions"])
    insert(connection, tables.credits, rows["credits"])
    insert(connection, tables.credit_types, rows["types"])


def read_with_ours(connection: Connection, ids: Sequence[str]) -> list[Completion]:
    """Read as lists do; one statement more than the others, for references."""
    return completions.load_by_ids(connection, ids)


WAYS = {
    "ORM, unit of work": (write_with_orm, read_with_orm),
    "Core, expressions": (write_with_core, read_with_core),
    "ours": (write_with_ours, read_with_ours),
}


def _timed(verb: Callable[[Connection], Any], connection: Connection) -> tuple[float, float]:
    processor, clock = time.process_time(), time.perf_counter()
    verb(connection)
    return time.process_time() - processor, time.perf_counter() - clock


def measure(database: str) -> Iterator[str]:
    """Yield a line for each way and number of completions; the ways take turns in every round."""
    with world(database, 20) as installed:
        service = installed.service.database
        client_id = service.read(lambda connection: fetch_value(connection, "SELECT min(client_id) FROM clients"))
        for at_once, rounds in AT_ONCE.items():
            times: dict[tuple[str, str], list[tuple[float, float]]] = {}
            for _ in range(rounds):
                for way, (write, read) in WAYS.items():
                    rows = made(installed, client_id, at_once)
                    ids = [row["completion_id"] for row in rows["completions"]]
                    written = service.write(partial(_timed, partial(_with_connection_last(write), rows)))
                    loaded = service.read(partial(_timed, partial(_with_connection_last(read), ids)))
                    times.setdefault((way, "written"), []).append(written)
                    times.setdefault((way, "read"), []).append(loaded)
            for (way, done), measured in times.items():
                processor, clock = (median(column) / at_once * 1e6 for column in zip(*measured, strict=True))
                yield f"{database:<11}{at_once:>4} {done:<8}{way:<20}{processor:>9.0f} us{clock:>9.0f} us"


def _with_connection_last(verb: Callable[[Connection, Any], Any]) -> Callable[[Any, Connection], Any]:
    return lambda given, connection: verb(connection, given)


def measure_rows(database: str) -> Iterator[str]:
    """Yield how long a driver's row of a completion takes to become a value."""
    by_name = RowMapper(
        _keyword_class(),
        tables.completions,
        "c",
        physician_id=from_column("learner_id"),
        learner_id=expression("l.link"),
        credits=looked_up_by("completion_id"),
    )
    with world(database, 20) as installed:
        service = installed.service.database
        client_id = service.read(lambda connection: fetch_value(connection, "SELECT min(client_id) FROM clients"))
        service.write(lambda connection: write_with_ours(connection, made(installed, client_id, 1)))

        def timed(connection: Connection) -> dict[str, float]:
            sql = f"SELECT {completions.COMPLETION.columns} FROM completions c {completions.LINKS}"
            rows = fetch(connection, sql) * 200
            ways: dict[str, Callable[[], object]] = {
                "written out, by keyword": lambda: [_by_hand(row) for row in rows],
                "mapper, by keyword": lambda: by_name.read(connection, rows, credits=_no_credits),
                "mapper, by position": lambda: completions.COMPLETION.read(connection, rows, credits=_no_credits),
            }
            return {
                way: min(timeit.repeat(read, number=20, repeat=15, timer=time.process_time)) / 20 / len(rows) * 1e6
                for way, read in ways.items()
            }

        for way, microseconds in service.read(timed).items():
            yield f"{database:<11} row to value   {way:<26}{microseconds:>6.2f} us"


def _no_credits(completion_id: str) -> tuple[Credit, ...]:
    return ()


def _keyword_class() -> type[Any]:
    """Return a class with the fields of `Completion` that takes them by keyword only."""
    fields = [(field.name, field.type) for field in msgspec.structs.fields(Completion)]
    return msgspec.defstruct("KeywordOnly", fields, frozen=True, kw_only=True)


def _by_hand(row: Sequence[Any]) -> Completion:
    return Completion(
        completion_id=row[0], provider_id=row[1], activity_id=row[2], physician_id=row[3], subject=row[4],
        learner_id=row[5], completed_on=read_date(row[6]), occasion=row[7], first_name=row[8], last_name=row[9],
        birth_date=row[10], npi=row[11], rems=None if row[12] is None else row[12], entry_method=row[13],
        client_id=row[14], batch_id=row[15], submitted_at=read_instant(row[16]), updated_at=read_instant(row[17]),
        version=row[18], withdrawn_at=None if row[19] is None else read_instant(row[19]), catalogue=row[20],
        credits=(),
    )  # fmt: skip


def main() -> None:
    """Measure what is named, both databases when neither is."""
    configure_logging()
    for database in sys.argv[1:] or ("sqlite", "postgresql"):
        for line in (*measure(database), *measure_rows(database)):
            print(line, flush=True)


if __name__ == "__main__":
    main()
