"""The learners that a provider has reported, by the names that it last reported.

There is no table of them. Its records are walked by name (`ix_completions_named`), and a learner stands where their
newest record with a name is: one look-up in `ix_completions_of_learner` for each record that is passed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from app.domain.credits import CME, Completion
from app.domain.identity.comparison_keys import name_key
from app.domain.looking.known_learners import KnownLearner, KnownNumber, SeriesAttendance, UsualCredit, beginning_of
from app.store.completion_lists import OWN
from app.store.completions import load_by_ids
from app.store.lists.keyset_pages import ListConditions, find_places
from app.store.lists.orders import Order, Place, SortColumn
from app.store.sql.key_sets import select_by_keys
from app.store.sql.statements import fetch
from app.store.sql.values import read_date

_ORDER = Order(
    tuple((SortColumn(column), False) for column in ("c.last_key", "c.first_key", "c.learner_id", "c.completion_id"))
)
# A record by `learner_id` alone has no name, nor has one of somebody who was erased.
_OWN = f"{OWN} AND c.last_key > ''"
_SHOWN = (
    "c.completion_id = (SELECT o.completion_id FROM completions o WHERE o.learner_id = c.learner_id "
    "AND o.provider_id = :provider AND o.withdrawn_at IS NULL AND o.last_key > '' "
    "ORDER BY o.completion_id DESC LIMIT 1) AND (SELECT 1 FROM learner_links l "
    "WHERE l.provider_id = :provider AND l.learner_id = c.learner_id LIMIT 1) = 1"
)
# Of other providers' series nothing may be learnt: whoever asks has none of their records.
_OF_SERIES = "s.activity_id = :series AND s.provider_id = :provider AND s.withdrawn_at IS NULL"


def page(
    connection: Connection, provider_id: str, words: Sequence[str], series: str | None, after: Any, limit: int
) -> list[tuple[Place, KnownLearner]]:
    """Return learners after a place, by name; with a series, those who have a record in it before all others.

    Each word begins the first or the last name. A place is [0 in the series or 1, *place by name].
    """
    found: list[Place] = []
    block, rest = (after[0], after[1:]) if after is not None else (0 if series is not None else 1, None)
    for number in range(block, 2):
        conditions = _conditions(provider_id, words, series, inside=number == 0)
        places = find_places(connection, conditions, _ORDER, rest if number == block else None, limit - len(found))
        found += [[number, *place] for place in places]
        if len(found) == limit:
            break
    return _read(connection, provider_id, series, found)


def named(
    connection: Connection, provider_id: str, learner_ids: Sequence[str], series: str | None
) -> list[KnownLearner]:
    """Return some of the learners that a provider has reported by name, in no order."""
    newest = select_by_keys(
        connection,
        "c.learner_id, max(c.completion_id)",
        ("provider", "id"),
        ((provider_id, learner_id) for learner_id in learner_ids),
        "learner_links l ON l.provider_id = k.provider AND l.link = k.id "
        "JOIN completions c ON c.learner_id = l.learner_id AND c.provider_id = k.provider "
        "AND c.withdrawn_at IS NULL AND c.last_key > ''",
        "GROUP BY c.learner_id",
    )
    places: list[Place] = [[completion_id] for _, completion_id in newest]
    return [learner for _, learner in _read(connection, provider_id, series, places)]


def held_in_activity(connection: Connection, provider_id: str, learner_id: str, activity_id: str) -> dict[str, int]:
    """Return the quarters that a learner holds of an activity of the provider, by CME or board; {} for strangers."""
    rows = fetch(
        connection,
        "SELECT b.target, b.quarters FROM learner_links l "
        "JOIN activities a ON a.activity_id = :activity AND a.provider_id = l.provider_id "
        "JOIN ledger b ON b.activity_id = a.activity_id AND b.subject = l.learner_id "
        "WHERE l.provider_id = :provider AND l.link = :learner",
        {"provider": provider_id, "learner": learner_id, "activity": activity_id},
    )
    return {target: int(quarters) for target, quarters in rows}


def usual_credit(connection: Connection, provider_id: str, activity_id: str) -> UsualCredit | None:
    """Return the CME credit that most were given on an activity's last day with any; None where nobody was given any.

    Along `uq_credits_standing`.
    """
    given = "{0}.activity_id = :activity AND {0}.provider_id = :provider AND {0}.kind = 'cme' AND {0}.holds"
    rows = fetch(
        connection,
        f"SELECT x.completed_on, x.quarters FROM credits x WHERE {given.format('x')} AND x.completed_on = "
        f"(SELECT max(l.completed_on) FROM credits l WHERE {given.format('l')}) "
        "GROUP BY x.completed_on, x.quarters ORDER BY count(*) DESC, x.quarters DESC LIMIT 1",
        {"activity": activity_id, "provider": provider_id},
    )
    return next((UsualCredit(day=read_date(day), quarters=int(quarters)) for day, quarters in rows), None)


def _conditions(provider_id: str, words: Sequence[str], series: str | None, *, inside: bool) -> ListConditions:
    conditions = ListConditions("completions c", [_OWN], "completion_id", {"provider": provider_id})
    conditions.add(_SHOWN)
    for number, key in enumerate(filter(None, map(name_key, words))):
        ways = [conditions.starts_with(column, f"word{number}", key) for column in ("c.last_key", "c.first_key")]
        conditions.add(f"({' OR '.join(ways)})")
        conditions.sources.append(
            " UNION ALL ".join(f"SELECT c.completion_id FROM completions c WHERE {_OWN} AND {way}" for way in ways)
        )
    if series is not None:
        attends = f"(SELECT 1 FROM completions s WHERE s.subject = c.learner_id AND {_OF_SERIES} LIMIT 1)"
        conditions.add(f"{attends} IS {'NOT ' if inside else ''}NULL", series=series)
        if inside:
            conditions.sources.insert(
                0,
                f"SELECT c.completion_id FROM (SELECT DISTINCT s.subject FROM completions s WHERE {_OF_SERIES}) "
                f"attending JOIN completions c ON c.learner_id = attending.subject WHERE {_OWN} AND {_SHOWN}",
            )
    return conditions


def _read(
    connection: Connection, provider_id: str, series: str | None, places: Sequence[Place]
) -> list[tuple[Place, KnownLearner]]:
    shown = {record.completion_id: record for record in load_by_ids(connection, [id for *_, id in places])}
    people = {record.subject for record in shown.values()}
    totals = {
        subject: (count, read_date(last))
        for subject, count, last in select_by_keys(
            connection,
            "c.learner_id, count(*), max(c.completed_on)",
            ("provider", "id"),
            ((provider_id, subject) for subject in people),
            "completions c ON c.learner_id = k.id AND c.provider_id = k.provider AND c.withdrawn_at IS NULL",
            "GROUP BY c.learner_id",
        )
    }
    attended = _attendance(connection, provider_id, series, people) if series is not None else {}
    found: list[tuple[Place, KnownLearner]] = []
    for place in places:
        record = shown[place[-1]]
        count, last = totals[record.subject]
        found.append((place, _learner_of(record, count, last, attended.get(record.subject))))
    return found


def _learner_of(record: Completion, count: int, last: Any, attended: SeriesAttendance | None) -> KnownLearner:
    assert record.learner_id is not None
    numbers = {credit.board: beginning_of(credit.number_reported) for credit in record.credits}
    return KnownLearner(
        learner_id=record.learner_id,
        first_name=record.first_name,
        last_name=record.last_name,
        numbers=[KnownNumber(board=board, begins=begins) for board, begins in sorted(numbers.items())],
        completions=count,
        last_completed_on=last,
        series=attended,
    )


def _attendance(connection: Connection, provider_id: str, series: str, people: set[str]) -> dict[str, SeriesAttendance]:
    """Return what each of some people has in an activity of the provider."""
    keys = [(provider_id, series, subject) for subject in people]
    columns = ("provider", "series", "id")
    held = {
        subject: int(quarters)
        for subject, quarters in select_by_keys(
            connection,
            "b.subject, b.quarters",
            columns,
            keys,
            f"ledger b ON b.activity_id = k.series AND b.subject = k.id AND b.target = '{CME}' "
            "JOIN activities a ON a.activity_id = b.activity_id AND a.provider_id = k.provider",
        )
    }
    counted = {
        subject: (count, read_date(last))
        for subject, count, last in select_by_keys(
            connection,
            "s.subject, count(*), max(s.completed_on)",
            columns,
            keys,
            "completions s ON s.activity_id = k.series AND s.subject = k.id AND s.provider_id = k.provider "
            "AND s.withdrawn_at IS NULL",
            "GROUP BY s.subject",
        )
    }
    nothing = (0, None)
    return {
        subject: SeriesAttendance(completions=count, last_completed_on=last, quarters=held.get(subject, 0))
        for subject in people
        for count, last in [counted.get(subject, nothing)]
    }
