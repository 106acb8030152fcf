"""`make drill-oracle`: a miss takes the same time whatever its reason, so that a clock tells nothing either.

Asks single validations about physicians whom nobody has found: a name that is nobody's, a wrong date, another state,
the right date once the person's budget is spent, and the right date of a client over its own limit. The kinds take
turns, so that whatever else the machine does meets all of them. Prints the median of each, and fails where two that
differ in nothing but the date do so by more than half: how many bear a name takes its time too, and is public.
`python -m benchmarks.drills.oracle 50000` sets the number of physicians.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import defaultdict
from statistics import median

from msgspec.structs import replace

from app.core.logging import configure_logging
from app.domain.identity.budgets import CLIENT_DATES, PERSON_DATES
from app.domain.identity.learners import RegistryRow
from app.domain.identity.matches import Result
from app.domain.identity.validations import ValidationRequest
from app.domain.parsing import MonthDay
from app.services.context import Caller, Service, operator
from app.services.registry import validations
from benchmarks.world.installation import PROVIDER, World, world

EACH = 60
"""Physicians asked about for each kind of miss."""
BY_DATE_ALONE = ("a wrong date", "the right date, budget spent", "the right date, over the client's limit")
"""Kinds of miss of one and the same question."""
MOST_APART = 1.5
"""The slowest median may take so many times as long as the quickest."""


def main() -> None:
    """Measure on both databases; exit with 1 where the kinds of miss differ."""
    configure_logging()
    physicians = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    apart = []
    for database in ("sqlite", "postgresql"):
        with world(database, physicians) as installed:
            medians = asyncio.run(_measure(installed))
        alike = [medians[kind] for kind in BY_DATE_ALONE]
        apart.append(max(alike) / min(alike))
        print(f"{database}, {physicians:,} physicians, slowest to quickest {apart[-1]:.2f}")
        for kind, milliseconds in medians.items():
            print(f"  {milliseconds:8.2f} ms  {kind}", flush=True)
    sys.exit(max(apart) > MOST_APART)


async def _measure(installed: World) -> dict[str, float]:
    service, catalogue = installed.service, installed.service.catalogue
    people = [row for row in installed.learners if row.birth_date is not None and row.licenses]
    asked, others = people[:EACH], people[EACH : EACH + CLIENT_DATES + 1]
    requests = [_request(row, catalogue.boards[row.licenses[0].board].state) for row in asked]
    # Callers of their own: what one tries is on nobody else's account.
    one, hostile = _caller(service, "one"), _caller(service, "hostile")
    for row in others:
        await validations.validate(hostile, _wrong(_request(row, None), 0))
    for place, request in enumerate(requests):
        # Nobody may spend the budgets of more than forty.
        spender = _caller(service, f"spender {place // 20}")
        for turn in range(PERSON_DATES):
            await validations.validate(spender, _wrong(request, turn))
    times: defaultdict[str, list[float]] = defaultdict(list)
    for request in requests:
        for kind, caller, sent in (
            ("nobody of the name", one, replace(request, first_name="Qzx", last_name="Xqzvbn")),
            ("a wrong date", one, _wrong(request, 7)),
            ("another state", one, replace(request, state="GU")),
            ("the right date, budget spent", one, request),
            ("the right date, over the client's limit", hostile, request),
        ):
            begun = time.perf_counter()
            answer = await validations.validate(caller, sent)
            times[kind].append((time.perf_counter() - begun) * 1_000)
            assert answer.result is Result.NONE, (kind, answer.result)
    return {kind: median(measured) for kind, measured in times.items()}


def _caller(service: Service, name: str) -> Caller:
    caller = operator(service, PROVIDER)
    return replace(caller, client=replace(caller.client, client_id=name))


def _request(row: RegistryRow, state: str | None) -> ValidationRequest:
    return ValidationRequest(first_name=row.first_name, last_name=row.last_name, birth_date=row.birth_date, state=state)


def _wrong(request: ValidationRequest, turn: int) -> ValidationRequest:
    """Return the request with another date, one of many."""
    assert isinstance(request.birth_date, MonthDay)
    month = (request.birth_date.month + turn) % 12 + 1
    return replace(request, birth_date=MonthDay(month, request.birth_date.day % 28 + 1))


if __name__ == "__main__":
    main()
