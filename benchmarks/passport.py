"""The public search over many listed activities: pages with all facets, against one plain GROUP BY over the same rows.

Pages are asked for over HTTP of a server in a process of its own, the statement is run on a connection of its own, by
turns. So a page carries what HTTP, JSON and the reading of its rows cost, and the statement nothing but itself.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from app.services.context import Service
from app.store.sql.statements import fetch
from benchmarks.table import Row, at_most, middle, shown
from benchmarks.world.installation import served, world
from benchmarks.world.many_listed import fill, words

ACTIVITIES = int(os.environ.get("PARS_BENCH_LISTED", "200000"))
ROUNDS = 9
GOAL = 3
PATH = "/v1/passport/activities"
_LOADED_WITHIN = 900
_GROUP_BY = (
    "SELECT format, count(*) FROM activities WHERE listing_public AND deleted_at IS NULL AND closed_at IS NULL "
    "GROUP BY format"
)


def rows(database: str) -> Iterator[Row]:
    """Measure pages under filters of every kind, then what keeps the index up to date."""
    with world(database, 100) as installed:
        fill(installed.service, ACTIVITIES)
        begun = time.perf_counter()
        with served("app.server:process", installed.environment | {"PARS_SERVE_WORKER": "0"}) as port:
            asked = _Asked(port)
            asked.wait()
            yield shown(f"{ACTIVITIES:,} activities loaded, from start", "", time.perf_counter() - begun, None, "s")
            floor = _Floor(installed.service)
            for name, query in _queries():
                ours: list[float] = []
                grouped: list[float] = []
                for _ in range(ROUNDS):
                    grouped.append(floor.timed())
                    ours.append(asked.timed(query))
                yield at_most(f"passport: {name}", "one GROUP BY of a facet", middle(ours), middle(grouped), GOAL)
            yield from _freshness(installed.service, asked)


def _queries() -> Iterator[tuple[str, dict[str, Any]]]:
    drawn = random.Random(7)
    texts = words(drawn)
    faceted = {"include": ["facets", "total"], "limit": 25}
    for name, query in {
        "everything": {},
        "past ones too": {"past": "true"},
        "a frequent word": {"q": texts[0]},
        "three words": {"q": " ".join(texts[10:13])},
        "a beginning": {"q": texts[0][:3]},
        "a rare word": {"q": max(texts[:2_000], key=len)},
        "a format": {"activity_format": "live-course"},
        "board, type and points": {"board": "ABIM", "credit_type": "Patient Safety", "moc_points_from": 5},
        "specialty, state, fee": {"specialty": "Specialty 3", "state": "CA", "fee": "no"},
        "dates and credits": {"activity_from": "2026-06-01", "activity_to": "2026-09-30", "credits_from": 10},
        "by title": {"sort": "title"},
        "by credits, with a filter": {"sort": "-credits", "delivery_method": "online"},
    }.items():
        yield name, query | faceted
    yield "without facets", {"limit": 25}
    yield "a deep page", {"limit": 25, "deep": True}


def _freshness(service: Service, asked: _Asked) -> Iterator[Row]:
    """Measure until a change shows."""

    def change(connection: Any) -> None:
        fetch(
            connection,
            "UPDATE activities SET title = 'zzyzx', version = version + 1, updated_at = :at "
            "WHERE activity_id = '300000007' RETURNING activity_id",
            {"at": datetime.now(UTC)},
        )

    service.database.write(change)
    begun = time.perf_counter()
    while not asked.page({"q": "zzyzx", "past": "true"})["data"]:
        time.sleep(0.02)
    yield shown("until a change shows", "", time.perf_counter() - begun, None, "s")


class _Floor:
    """The plain statement, on a connection that stays open."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def timed(self) -> float:
        """Return the milliseconds that it takes."""

        def run(connection: Any) -> float:
            begun = time.perf_counter()
            assert fetch(connection, _GROUP_BY)
            return (time.perf_counter() - begun) * 1_000

        return self._service.database.read(run)


class _Asked:
    """One connection to the server."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._deep = ""

    def wait(self) -> None:
        """Wait until the list is loaded, and remember a place deep in it."""
        until = time.monotonic() + _LOADED_WITHIN
        while self._send({"limit": 1})[0] != 200:
            if time.monotonic() > until:
                raise RuntimeError("the list was not loaded")
            time.sleep(1)
        query: dict[str, Any] = {"limit": 500}
        for _ in range(ACTIVITIES // 500 // 8):
            query = {"cursor": self.page(query)["next_cursor"], "limit": 500}
        self._deep = query["cursor"]

    def page(self, query: dict[str, Any]) -> Any:
        """Return a page."""
        status, body = self._send(query)
        assert status == 200, body
        return json.loads(body)

    def timed(self, query: dict[str, Any]) -> float:
        """Return the milliseconds that a page takes."""
        asked = {name: value for name, value in query.items() if name != "deep"}
        if "deep" in query:
            asked["cursor"] = self._deep
        begun = time.perf_counter()
        self.page(asked)
        return (time.perf_counter() - begun) * 1_000

    def _send(self, query: dict[str, Any]) -> tuple[int, bytes]:
        try:
            return self._once(query)
        except (http.client.HTTPException, ConnectionError):
            # The server ends a connection that rests.
            self._connection.close()
            return self._once(query)

    def _once(self, query: dict[str, Any]) -> tuple[int, bytes]:
        self._connection.request("GET", f"{PATH}?{urlencode(query, doseq=True)}")
        answer = self._connection.getresponse()
        return answer.status, answer.read()
