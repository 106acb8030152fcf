"""Imports at the same moment: an identifier has one holder, and nobody is added twice."""

from __future__ import annotations

from functools import partial

from app.services.context import Service
from tests.builders.people import import_people, physicians_on_file
from tests.harness.api import settle
from tests.harness.wire import at_once

PEOPLE = 250
"""Enough for the imports to overlap."""


def roster(first: str, born: str) -> list[dict[str, str]]:
    """People of one birth date, under the same licences as everybody else's."""
    rows = [{"first_name": f"{first}{place}", "licenses": f"TN-M:RACE{place}"} for place in range(PEOPLE)]
    return [row | {"last_name": "Race", "date_of_birth": born} for row in rows]


def test_two_imports_at_once_add_nobody_twice_and_give_no_licence_to_two(service: Service) -> None:
    before = len(physicians_on_file(service))
    ours, theirs = roster("Ada", "01/02"), roster("Ben", "03/04")
    imports = [partial(import_people, service, *people) for people in (ours, ours, theirs, theirs[::-1])]
    counts = at_once(imports)
    on_file = physicians_on_file(service).values()
    assert len(on_file) == before + PEOPLE == before + sum(count.added for count in counts)
    held = [holding.number for who in on_file for holding in who.licenses if holding.number.startswith("RACE")]
    assert len(held) == len(set(held)) == PEOPLE
    assert sum(len(count.conflicts) for count in counts) == 2 * PEOPLE
    settle(service)
