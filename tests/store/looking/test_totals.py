"""Kept totals: what they say is what a count of the rows says, whoever wrote them, and who changes them is found."""

from __future__ import annotations

from importlib import import_module

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection

from app.domain.looking.activity_counts import LineCounts
from app.services.context import Service
from app.services.operations import checks
from app.services.operations.sealing import SealResult, seal_next
from app.store import invariants
from app.store.looking import totals
from app.store.sql import statements
from app.worker import seal
from tests.builders.bodies import COURSE, GRAND_ROUNDS, a_completion, john, tina
from tests.harness.api import Api, settle
from tests.harness.board_views import decide
from tests.harness.databases import ON_POSTGRESQL

KEPT = {
    "activity_totals": "activity_id, accepted, rejected, pending, persons, quarters",
    "activity_board_totals": "activity_id, board, status, entry_method, lines, quarters",
}
BY_ACTIVITY = "an activity's totals are those of its credits and completions"
BY_BOARD = "an activity's totals by board are those of its credits"


def kept(service: Service) -> dict[str, list[tuple[object, ...]]]:
    """Return the rows of the kept totals that count anything."""
    counted = {"activity_totals": "accepted + rejected + pending + persons", "activity_board_totals": "lines"}
    return {
        table: service.database.read(
            lambda conn, t=table, c=columns: statements.fetch(
                conn, f"SELECT {c} FROM {t} WHERE {counted[t]} <> 0 ORDER BY {c}"
            )
        )
        for table, columns in KEPT.items()
    }


def read(service: Service, activity_id: str) -> tuple[LineCounts, int, list[tuple[str, str, int]]]:
    def look(connection: Connection) -> tuple[LineCounts, int, list[tuple[str, str, int]]]:
        counts, persons = totals.of_activity(connection, activity_id)
        boards = [(of.board, of.kind.value, of.counts.pending) for of in totals.by_board(connection, activity_id)]
        return counts, persons, boards

    return service.database.read(look)


def test_what_was_reported_is_counted_before_anybody_seals_it_and_after(api: Api, service: Service) -> None:
    api.report(john())
    api.report(a_completion())
    api.report(a_completion(completed_on="2021-12-13", credits=1))
    api.report(tina())
    expected = (LineCounts(pending=3, quarters=13), 2, [("ABA", "moc", 1), ("TN-M", "cme", 2)])
    assert read(service, GRAND_ROUNDS) == expected
    assert read(service, COURSE) == (LineCounts(pending=2, quarters=18), 1, [("ABIM", "moc", 1), ("TN-M", "cme", 1)])
    settle(service)
    assert read(service, GRAND_ROUNDS) == expected
    assert read(service, "100000000") == (LineCounts(), 0, [])


def test_decisions_and_withdrawals_change_what_is_counted(api: Api, service: Service) -> None:
    reported = [api.report(body).json for body in (a_completion(), a_completion(completed_on="2021-12-13"), tina())]
    for completion, status in zip(reported, ("accepted", "rejected", "accepted"), strict=True):
        decide(service, completion["credits"][0]["credit_id"], status)
    assert read(service, GRAND_ROUNDS)[:2] == (LineCounts(accepted=2, rejected=1, quarters=9), 2)
    assert api.delete(f"/v1/learner-completions/{reported[0]['completion_id']}").status == 204
    assert read(service, GRAND_ROUNDS)[:2] == (LineCounts(accepted=1, rejected=1, quarters=1), 2)
    assert api.delete(f"/v1/learner-completions/{reported[1]['completion_id']}").status == 204
    assert read(service, GRAND_ROUNDS)[:2] == (LineCounts(accepted=1, quarters=1), 1)
    settle(service)


@ON_POSTGRESQL
def test_changes_are_added_up_in_pieces_and_without_anything_to_seal(
    api: Api, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    for body in (john(), a_completion(), tina()):
        api.report(body)
    monkeypatch.setattr(totals, "AT_ONCE", 1)
    assert kept(service) == kept(service)
    before = read(service, GRAND_ROUNDS)
    assert service.database.write(lambda conn: seal_next(conn, service)) is SealResult.A_PART
    assert read(service, GRAND_ROUNDS) == before
    rounds = 0
    while seal(service):
        rounds += 1
        assert service.database.read(invariants.broken) == {}
        assert read(service, GRAND_ROUNDS) == before
    assert rounds >= 3
    assert not service.database.read(totals.any_deltas)


@pytest.mark.parametrize(
    ("statement", "invariant"),
    [
        ("UPDATE activity_totals SET accepted = accepted + 1", BY_ACTIVITY),
        ("UPDATE activity_totals SET persons = persons - 1 WHERE activity_id = '200912095'", BY_ACTIVITY),
        ("UPDATE activity_totals SET quarters = 0", BY_ACTIVITY),
        ("DELETE FROM activity_totals WHERE activity_id = '200912095'", BY_ACTIVITY),
        ("UPDATE activity_board_totals SET lines = lines + 1 WHERE board = 'ABIM'", BY_BOARD),
        ("UPDATE activity_board_totals SET quarters = 0", BY_BOARD),
        ("UPDATE activity_board_totals SET entry_method = 'form' WHERE board = 'ABIM'", BY_BOARD),
        ("DELETE FROM activity_board_totals WHERE board = 'ABIM'", BY_BOARD),
        (
            "INSERT INTO activity_total_deltas (activity_id, lines, quarters, persons) VALUES ('200912095', 0, 0, 1)",
            BY_ACTIVITY,
        ),
    ],
)  # fmt: skip
def test_totals_that_somebody_changed_are_found(api: Api, service: Service, statement: str, invariant: str) -> None:
    api.report(john())
    settle(service)
    service.database.write(lambda connection: statements.execute(connection, statement))
    (fault, *others) = checks.find_faults(service)
    assert invariant in fault
    assert others == []


def test_totals_are_counted_again_by_the_migration(api: Api, service: Service) -> None:
    reported = [api.report(body).json for body in (john(), a_completion(), a_completion(completed_on="2021-12-13"))]
    decide(service, reported[1]["credits"][0]["credit_id"], "rejected")
    api.report(tina())
    api.register(title="Café  Olé")
    api.delete(f"/v1/learner-completions/{reported[2]['completion_id']}")
    settle(service)
    migration = import_module("migrations.versions.0033_activity_totals")

    def back_and_again(connection: Connection) -> None:
        with Operations.context(MigrationContext.configure(connection)):
            migration.downgrade()
            migration.upgrade()

    before = kept(service)
    assert len(before["activity_totals"]) > 5
    service.database.write(back_and_again)
    assert kept(service) == before
    title = "SELECT title_key FROM activities WHERE title = 'Café  Olé'"
    assert service.database.read(lambda conn: statements.fetch_column(conn, title)) == ["cafe ole"]
    assert api.report(a_completion(completed_on="2021-12-14")).status == 201
    settle(service)


def test_many_rows_moved_in_one_statement_are_counted_once_each(api: Api, service: Service) -> None:
    """Of a person with several completions some go, then all, then some come back: by hand, in single statements."""
    days = [f"2021-12-{day:02}" for day in range(1, 7)]
    ids = [api.report(a_completion(completed_on=day, credits=1)).json["completion_id"] for day in days]
    api.report(tina())
    settle(service)

    def persons_after(change: str) -> int:
        def run(connection: Connection) -> None:
            chosen = ", ".join(f"'{id}'" for id in (ids if "all" in change else ids[:4]))
            gone = "NULL" if "back" in change else "submitted_at"
            statements.execute(
                connection, f"UPDATE completions SET withdrawn_at = {gone} WHERE completion_id IN ({chosen})"
            )

        service.database.write(run)
        return read(service, GRAND_ROUNDS)[1]

    steps = ("some", "some", "all", "all", "some back", "all back", "some back")
    assert [persons_after(change) for change in steps] == [2, 2, 1, 1, 2, 2, 2]
    settle(service)
