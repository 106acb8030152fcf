"""The statements of real reports, recorded on PostgreSQL and written down as a script of pgbench.

Reports are judged and stored as always, each in a transaction that is rolled back, and what they sent to the database
is kept. So the script follows the service: a statement that it no longer sends is not in it. Values that differ between
reports lie in a table, one row a report; the script reads its row first, which pgbench has to do in addition. On the
other hand it has only reports of the most usual course, those that no board is told of: these send fewest statements.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.adapt import PyFormat, Transformer
from sqlalchemy import Connection, Engine, event

from app.domain.batches import EntryMethod
from app.schemas.completions import CompletionIn
from app.services.reporting.group import report_together
from benchmarks.world.completion_files import reporter
from benchmarks.world.installation import World

TABLE = "recorded_reports"
_MARK = re.compile(r"%%|%s|%\((\w+)\)s")


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A statement as it was sent, with its values in the order of its marks."""

    text: str
    values: tuple[Any, ...]


class _Undone(Exception):
    """Rolls a report back."""


class _RecordingCursor(psycopg.Cursor[Any]):
    """Keeps what is sent through it."""

    sent: list[Statement] = []

    def execute(self, query: Any, params: Any = None, **how: Any) -> Any:
        """Run a statement."""
        self.sent.append(_statement(query, params))
        return super().execute(query, params, **how)

    def executemany(self, query: Any, params_seq: Iterable[Any], **how: Any) -> None:
        """Run a statement for each set of values."""
        given = list(params_seq)
        self.sent.extend(_statement(query, values) for values in given)
        super().executemany(query, given, **how)


def _statement(query: str, params: Any) -> Statement:
    if params is None:
        return Statement(text=query.replace("%", "%%"), values=())
    if isinstance(params, Mapping):
        names = [mark[1] for mark in _MARK.finditer(query) if mark[1]]
        return Statement(text=query, values=tuple(params[name] for name in names))
    return Statement(text=query, values=tuple(params))


def record(world: World, bodies: Iterable[bytes], needed: int) -> list[list[Statement]]:
    """Report bodies, and undo it, until so many have taken one and the same course; return the statements of those."""
    caller = reporter(world)
    runs: dict[Any, list[list[Statement]]] = defaultdict(list)
    with _recording(world.service.database.engine):
        for body in bodies:
            given = CompletionIn.model_validate(json.loads(body))
            report = given.as_report(caller.provider_id, world.service.clock(), EntryMethod.API)

            def undone(connection: Connection, item: Any = (caller, report)) -> None:
                report_together(connection, [item])
                raise _Undone

            _RecordingCursor.sent = []
            with suppress(_Undone):
                world.service.database.write(undone)
            alike = runs[_course(_RecordingCursor.sent)]
            alike.append(_RecordingCursor.sent)
            if len(alike) == needed:
                return alike
    raise RuntimeError(f"fewer than {needed} reports took the same course")


def _course(run: Sequence[Statement]) -> tuple[Any, ...]:
    """Return what tells one course of a report from another: its statements, and which of their values are absent."""
    return tuple((statement.text, tuple(value is None for value in statement.values)) for statement in run)


@contextmanager
def _recording(engine: Engine) -> Iterator[None]:
    def checked_out(connection: Any, *_: Any) -> None:
        connection.cursor_factory = _RecordingCursor

    # Connections keep their cursor: those of before would not record.
    engine.dispose()
    event.listen(engine, "checkout", checked_out)
    try:
        yield
    finally:
        event.remove(engine, "checkout", checked_out)
        engine.dispose()


def write_script(connection: psycopg.Connection[Any], runs: Sequence[Sequence[Statement]]) -> str:
    """Fill the table of values, and return the script. It takes `first` and `turns`: each client's rows follow its own.

    Row `first + turns * client + turn` is read in each turn.
    """
    columns: dict[tuple[str, ...], str] = {}
    lines = []
    for place, statement in enumerate(runs[0]):
        terms = [term(columns, [run[place].values[mark] for run in runs]) for mark in range(len(statement.values))]
        rest = iter(terms)
        text = _MARK.sub(lambda mark, rest=rest: "%" if mark[0] == "%%" else next(rest), statement.text)
        lines.append(f"{text.strip()};")
    names = list(columns.values())
    connection.execute(f"DROP TABLE IF EXISTS {TABLE}")
    connection.execute(f"CREATE TABLE {TABLE} (n int PRIMARY KEY, {', '.join(f'{name} text' for name in names)})")
    with connection.cursor().copy(f"COPY {TABLE} (n, {', '.join(names)}) FROM STDIN") as copy:
        for number, values in enumerate(zip(*columns, strict=True)):
            copy.write_row((number, *values))
    connection.commit()
    reads = f"SELECT {', '.join(names)} FROM {TABLE} WHERE n = :n"
    counted = "\\set n :first + :turns * :client_id + :turn\n\\set turn :turn + 1"
    return "\n".join((counted, f"{reads} \\gset", "BEGIN;", *lines, "COMMIT;", ""))


def term(columns: dict[tuple[str, ...], str], values: Sequence[Any]) -> str:
    """Return what stands in the script for a value: itself where all reports have the same, else a variable."""
    if values[0] is None:
        return "NULL"
    texts = tuple(map(_as_text, values))
    # In a script, a colon begins a variable even within a text.
    if len(set(texts)) == 1 and ":" not in texts[0]:
        return texts[0] if type(values[0]) is int else sql.Literal(texts[0]).as_string()
    return ":" + columns.setdefault(texts, f"v{len(columns)}")


def _as_text(value: Any) -> str:
    """Return a value as the driver writes it."""
    dumped = Transformer().get_dumper(value, PyFormat.TEXT).dump(value)
    assert dumped is not None
    return bytes(dumped).decode()
