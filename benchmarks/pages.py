"""Pages of very many completions over HTTP: any filter, any order, any depth, against the first page unfiltered.

Of several rounds, in turns, the quickest counts: other programs may run beside. `PARS_BENCH_COMPLETIONS` is the number
of completions; a million by default.
"""

from __future__ import annotations

import http.client
import json
import os
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from app.core.http.pagination import seal_cursor
from app.routers.completion_lists import PATH
from app.routers.looking.credit_lines import PATH as LINES
from app.routers.looking.summaries import PATH as SUMMARIES
from app.schemas.queries import CompletionQuery
from app.services.access.authentication import ClientCache
from app.services.context import Caller
from app.store.completion_lists import SORTS
from app.store.looking.credit_lines import SORTS as LINE_SORTS
from app.store.sql import statements
from benchmarks import console_pages, growth
from benchmarks.table import Row, at_most
from benchmarks.world.installation import PROVIDER, World, served, world
from benchmarks.world.many_completions import ManyCompletions, filters_by_name

COMPLETIONS = int(os.environ.get("PARS_BENCH_COMPLETIONS", "1000000"))
PHYSICIANS = 20_000
ROUNDS = 5
GOAL = 3
MIXED = "-completed_on,last_name"


def rows(database: str) -> Iterator[Row]:
    """Measure growth, the console, depths, orders, filters in two orders, and totals."""
    few = growth.among_few(database)
    with world(database, PHYSICIANS) as installed:
        begun = time.perf_counter()
        ManyCompletions(installed, COMPLETIONS).fill()
        print(f"{COMPLETIONS} completions inserted into {database} in {time.perf_counter() - begun:.0f} s", flush=True)
        with served("app.main:create_app", installed.environment) as port:
            reader = _Reader(port, installed)
            yield from growth.compared(few, growth.latencies(port, installed), COMPLETIONS)
            yield from console_pages.measured(port, installed)
            yield from _of_lines(reader, installed)
            yield from _of_summaries(reader)
            yield from _measured(reader, installed)


def _measured(reader: _Reader, installed: World) -> Iterator[Row]:
    queries: list[tuple[str, dict[str, Any]]] = [("total", {"include": "total"})]
    orders = [None, *(sign + key for key in SORTS for sign in ("", "-")), MIXED]
    for order in orders:
        query = {"sort": order} if order else {}
        queries.append((f"sort={order}" if order else "no order", query))
        queries.append((f"  at half its depth, {order or 'no order'}", {"cursor": reader.cursor(query)}))
    for name, query in filters_by_name(installed, COMPLETIONS):
        queries.append((name, query))
        queries.append((f"  half way, {name}", query | {"cursor": reader.cursor(query)}))
        queries.append((f"  sort=completed_on, {name}", query | {"sort": "completed_on"}))
        queries.append((f"  total, {name}", query | {"include": "total"}))
    for name, query in queries:
        first: list[float] = []
        ours: list[float] = []
        for _ in range(ROUNDS):
            first.append(reader.timed({}))
            ours.append(reader.timed(query))
        yield at_most(name, "the first page", min(ours), min(first), GOAL)


def _of_lines(reader: _Reader, installed: World) -> Iterator[Row]:
    """Measure every order of credit lines, and their filters in the slides' order, by board."""
    orders = [{"sort": sign + key} for key in LINE_SORTS for sign in ("", "-")]
    filters = [(name, query | {"sort": "board"}) for name, query in filters_by_name(installed, COMPLETIONS)]
    queries = [(f"lines, sort={order['sort']}", order) for order in orders]
    queries += [(f"lines by board, {name}", query) for name, query in filters]
    queries += [("lines, facets", {"include": "facets"}), ("lines, total", {"include": "total"})]
    yield from _beside_the_first(reader, LINES, queries)


def _of_summaries(reader: _Reader) -> Iterator[Row]:
    """Measure summaries under filters of activities and of lines."""
    asked: list[dict[str, Any]] = [
        {"sort": "title"}, {"sort": "-persons"}, {"q": "course"}, {"activity_format": "journal-cme"}, {"board": "ABIM"},
        {"status": "rejected"}, {"entry_method": "form"}, {"board": "ABIM", "sort": "persons"},
        {"completed_from": "2024-03-01", "completed_to": "2024-03-01"}, {"submitted_from": "2026-06-01"},
        {"completed_from": "2022-01-01", "completed_to": "2022-12-31"}, {"credit_type": "Self-Assessment"},
        {"credit_type": "Patient Safety"},
    ]  # fmt: skip
    yield from _beside_the_first(reader, SUMMARIES, [(f"summaries, {urlencode(query)}", query) for query in asked])


def _beside_the_first(reader: _Reader, path: str, queries: list[tuple[str, dict[str, Any]]]) -> Iterator[Row]:
    for name, query in queries:
        first: list[float] = []
        ours: list[float] = []
        for _ in range(ROUNDS):
            first.append(reader.timed({}, path))
            ours.append(reader.timed(query, path))
        yield at_most(name, "its first page", min(ours), min(first), GOAL)


class _Reader:
    """One connection to the server, and cursors into the middle of a list."""

    def __init__(self, port: int, installed: World) -> None:
        self.installed = installed
        self.connection = http.client.HTTPConnection("127.0.0.1", port)

    def timed(self, query: dict[str, Any], path: str = PATH) -> float:
        """Return the milliseconds that a page takes."""
        begun = time.perf_counter()
        self.connection.request(
            "GET", f"{path}?{urlencode(query)}", headers={"Authorization": f"Bearer {self.installed.key}"}
        )
        answer = self.connection.getresponse()
        body = answer.read()
        taken = (time.perf_counter() - begun) * 1000
        assert answer.status == 200, body
        json.loads(body)
        return taken

    def cursor(self, query: dict[str, Any]) -> str:
        """Return the cursor of the page that begins half way through the list."""
        service = self.installed.service
        self.connection.close()  # looking half way takes longer than a connection may be idle
        read = CompletionQuery.model_validate(
            {name: [value] if isinstance(CompletionQuery.model_fields[name].default, list) else value
             for name, value in query.items()}
        )  # fmt: skip
        name = (read.sort or "").lstrip("-").partition(",")[0]
        columns = ["last_name", "first_name"] if name == "last_name" else [name] if name else []
        if read.sort == MIXED:
            columns = ["completed_on", "last_name"]
        order = ", ".join(SORTS[column].sql for column in columns) + (", " if columns else "")

        def look(connection: Any) -> list[Any]:
            (row,) = statements.fetch(
                connection,
                f"SELECT {order} c.completion_id FROM completions c WHERE c.provider_id = :provider "
                f"AND c.withdrawn_at IS NULL ORDER BY {order} c.completion_id LIMIT 1 OFFSET :half",
                {"provider": PROVIDER, "half": COMPLETIONS // 2},
            )
            return [value if isinstance(value, str) else value.isoformat() for value in row]

        client = service.database.read(
            lambda connection: ClientCache().look_up(connection, service, self.installed.key)
        )
        assert client is not None
        bound_to = Caller(service=service, client=client, provider=PROVIDER).bound_to(PATH)
        return seal_cursor(service.keyring, read, service.database.read(look), bound_to)
