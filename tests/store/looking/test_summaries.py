"""How summaries are read: the status of an activity in SQL, and plans that read no whole table."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from app.domain.activities import Activity, Registration
from app.domain.choices import DeliveryMethod
from app.schemas.looking.summary_queries import SummaryQuery
from app.services.context import Service, operator
from app.services.looking import summaries as service_of_summaries
from app.store import activities
from app.store.activity_lists import STATUS
from app.store.looking import totals
from app.store.sql import statements
from tests.builders.bodies import GRAND_ROUNDS, john
from tests.harness.api import Api, settle
from tests.harness.looking.plans import plans_of
from tests.harness.properties import examples

TODAY = date(2021, 12, 20)
TEXTS = st.sampled_from((None, "", "Portland", '"in-person"'))
ACTIVITIES = st.builds(
    Activity,
    activity_id=st.just(""), provider_id=st.just("0008001"), title=st.just("T"), format=st.just("journal-cme"),
    start_date=st.just(date(2021, 1, 1)),
    end_date=st.sampled_from([TODAY + timedelta(days=days) for days in (-300, -1, 0, 1)]),
    ama_pra_credits=st.sampled_from((None, 0.25, 10)), description=TEXTS, city=TEXTS, state=TEXTS, country=TEXTS,
    providership=st.sampled_from((None, "direct", "joint")), listing_public=st.sampled_from((None, False, True)),
    delivery_methods=st.lists(st.sampled_from([method.value for method in DeliveryMethod]), max_size=3).map(tuple),
    registrations=st.sampled_from(((), (Registration(board="ABA"),))), closed=st.booleans(),
)  # fmt: skip


class Undone(Exception):
    """Raised so that nothing of an example stays."""


@examples(100)
@given(given_activities=st.lists(ACTIVITIES, min_size=1, max_size=12))
def test_a_status_in_sql_is_the_one_that_the_activity_itself_says(
    service: Service, given_activities: list[Activity]
) -> None:
    stored = [
        Activity(**{name: getattr(one, name) for name in one.__struct_fields__} | {"activity_id": f"10000{number:04}"})
        for number, one in enumerate(given_activities)
    ]
    found: dict[str, str] = {}

    def store_and_ask(connection: Connection) -> None:
        activities.add(connection, stored, datetime(2021, 12, 20, tzinfo=UTC))
        found.update(
            statements.fetch(
                connection, f"SELECT a.activity_id, {STATUS} FROM activities a WHERE a.activity_id LIKE '10000%'",
                {"today": TODAY},
            )
        )  # fmt: skip
        raise Undone

    with pytest.raises(Undone):
        service.database.write(store_and_ask)
    assert found == {one.activity_id: one.status(TODAY) for one in stored}


EVERY: dict[str, Any] = {
    "q": "grand rounds", "activity_format": ["journal-cme"], "providership": ["direct"], "joint_provider": ["x"],
    "moc": True, "mips": True, "rems": False, "activity_status": ["active"], "activity_from": TODAY,
    "activity_to": TODAY, "outcome": ["learner-knowledge"], "state": ["ME"], "city": ["Portland"], "country": ["USA"],
    "practice_area": ["Ophthalmology"], "board": ["TN-M"], "kind": ["cme"], "status": ["accepted"],
    "entry_method": ["api"], "credit_type": ["Patient Safety"], "completed_from": TODAY, "completed_to": TODAY,
    "submitted_from": TODAY, "submitted_to": TODAY, "interprofessional": True,
}  # fmt: skip


_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) "
OTHERS = (
    "INSERT INTO providers (provider_id, name, joint, created_at) SELECT 'p' || i, 'P', false, '2021-01-01' FROM n",
    """INSERT INTO activities (activity_id, provider_id, title, format, start_date, end_date, delivery_methods, details,
        version, created_at, updated_at) SELECT 'a' || i, 'p' || i, 'T', 'journal-cme', '2021-01-01', '2021-12-31',
        '[]', '{}', 1, '2021-01-01', '2021-01-01' FROM n""",
    """INSERT INTO completions (completion_id, provider_id, activity_id, subject, completed_on, occasion, first_key,
        last_key, entry_method, client_id, submitted_at, updated_at, version, catalogue) SELECT 'c' || i,
        'p' || (1 + i % 40), 'a' || (1 + i % 40), 's' || i, '2021-12-01', 1, 'f', 'l', 'api', 'operator', '2021-12-02',
        '2021-12-02', 1, 'x' FROM n""",
    """INSERT INTO credits (credit_id, completion_id, provider_id, place, activity_id, subject, completed_on, occasion,
        kind, board, quarters, status, holds, once_per_day, delivery, status_at) SELECT 'x' || i, 'c' || i,
        'p' || (1 + i % 40), 0, 'a' || (1 + i % 40), 's' || i, '2021-12-01', 1, 'cme', 'TN-M', 4, 'accepted', true,
        false, 'board', '2021-12-02' FROM n""",
)
"""Forty other providers with twelve thousand completions: of fewer, any index would do."""


def add_others(connection: Connection) -> None:
    for insert, many in zip(OTHERS, (40, 40, 12_000, 12_000), strict=True):
        head, _, select = insert.partition(" SELECT ")
        statements.execute(connection, f"{head} {_NUMBERS.format(many)} SELECT {select}")
    if not statements.on_sqlite(connection):
        for table in ("providers", "activities", "completions", "credits"):
            statements.execute(connection, f"ANALYZE {table}")


def steps_of(connection: Connection, run: Callable[[], Any]) -> list[str]:
    """Return the plans of what a function asks, a line a step."""
    return [step for plan in plans_of(connection, run).values() for step in plan.splitlines()]


def whole_tables(plans: list[str]) -> list[str]:
    """Return the steps that read all completions, credits or activities: with an index, but without a condition."""
    found = []
    for step, following in zip(plans, [*plans[1:], ""], strict=True):
        if step.startswith("SCAN "):
            found += [step] if step.split()[1] in ("c", "x", "a", "o", "t", "credits", "completions") else []
        elif any(f" on {table}" in step for table in ("completions", "credits", "activities")):
            bare = "Seq Scan" in step or ("Index" in step and "Cond" not in following)
            found += [step] if bare and "Bitmap Heap" not in step else []
    return found


@pytest.mark.parametrize("sort", [None, "-persons,title"])
def test_no_filter_reads_a_whole_table(api: Api, service: Service, sort: str | None) -> None:
    assert set(EVERY) == SummaryQuery.model_fields.keys() - {"limit", "cursor", "include", "sort"}
    api.report(john())
    settle(service)
    service.database.write(add_others)
    caller = operator(service, "0008001")
    for asked in [{}, *({name: value} for name, value in EVERY.items()), EVERY]:
        query = SummaryQuery.model_validate(asked | {"include": ["total"], "sort": sort})

        def look(connection: Connection, query: SummaryQuery = query) -> list[str]:
            return steps_of(
                connection, lambda: service_of_summaries.page(connection, caller, query, after=None, limit=50)
            )

        plans = service.database.read(look)
        assert len(plans) > 5
        assert whole_tables(plans) == [], asked


def test_persons_by_board_are_counted_in_the_index_of_standing_credit(api: Api, service: Service) -> None:
    api.report(john())
    settle(service)
    service.database.write(add_others)
    caller = operator(service, "0008001")
    for asked in ({"board": ["TN-M"]}, {"kind": ["cme"]}):
        query = SummaryQuery.model_validate(asked)
        plans = service.database.read(
            lambda connection, query=query: plans_of(
                connection, lambda: service_of_summaries.page(connection, caller, query, after=None, limit=50)
            )
        )
        [plan] = [plan for asked_for, plan in plans.items() if "x.holds" in asked_for]
        bound = re.findall(r"uq_credits_standing.*?activity_id *=.*?board *=", plan, re.DOTALL)
        assert bound, plan


def test_one_activity_is_summed_up_without_its_rows(api: Api, service: Service) -> None:
    api.report(john())

    def look(connection: Connection) -> list[str]:
        return [
            *steps_of(connection, lambda: totals.of_activity(connection, GRAND_ROUNDS)),
            *steps_of(connection, lambda: totals.by_board(connection, GRAND_ROUNDS)),
        ]

    plans = service.database.read(look)
    assert plans
    assert not [step for step in plans if "completions" in step or "credits" in step]
