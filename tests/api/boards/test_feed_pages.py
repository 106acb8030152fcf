"""Pages of a board's feed are written without their models: they have to be, byte for byte, what those would write."""

from __future__ import annotations

import string
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.domain.feeds import FeedEvent
from app.schemas.board_feed import FeedPage, page_json
from app.services.context import Service
from tests.builders.bodies import a_completion, john, tina
from tests.harness.api import Api, api_of, settle
from tests.harness.clock import ManualClock

FEED = "/v1/board-feed"
COMPLETIONS = "/v1/learner-completions"

texts = st.text(max_size=20)
days = st.dates(date(1999, 1, 1), date(2099, 12, 31))
moments = st.integers(0, 3 * 10**15).map(lambda since: datetime(1999, 1, 1, tzinfo=UTC) + timedelta(microseconds=since))
tellings = st.builds(
    FeedEvent,
    position=st.integers(1, 2**31),
    event_id=st.text(string.hexdigits, min_size=36, max_size=36),
    event=st.sampled_from(["credit.reported", "credit.corrected", "credit.withdrawn"]),
    at=moments,
    credit_id=texts,
    kind=st.sampled_from(["cme", "moc"]),
    learner_board_id=st.none() | texts,
    first_name=st.none() | texts,
    last_name=st.none() | texts,
    birth_date=st.none() | texts,
    activity_id=texts,
    title=texts,
    format=texts,
    start_date=days,
    end_date=days,
    completed_on=days,
    quarters=st.integers(1, 4_000_000),
    credit_types=st.lists(st.tuples(texts, st.integers(1, 4_000_000)), max_size=3).map(tuple),
    provider_id=texts,
    provider_name=texts,
)


def by_the_schema(page: bytes) -> bytes:
    """Return a page as its models read it and write it again; raises where they refuse it."""
    return FeedPage.model_validate_json(page).model_dump_json().encode()


@given(st.lists(tellings, max_size=3), texts)
def test_whatever_is_told_is_written_as_the_schema_writes_it(events: list[FeedEvent], cursor: str) -> None:
    page = page_json(events, cursor)
    assert by_the_schema(page) == page


def test_every_kind_of_event_is_answered_as_the_schema_writes_it(
    api: Api, service: Service, clock: ManualClock
) -> None:
    clock.now = clock.now.replace(microsecond=0)
    reported = [api.report(body).json for body in (tina(), john(), a_completion(first_name="REBECCA"))]
    by_id = {"learner": {"learner_id": reported[2]["learner"]["learner_id"]}}
    api.report(a_completion(completed_on="2021-12-13", license_id=None) | by_id)
    clock.now += timedelta(microseconds=120)
    path = f"{COMPLETIONS}/{reported[0]['completion_id']}"
    assert api.send("PUT", path, headers={"If-Match": "*"}, json=tina(total=0.5)).status == 200
    assert api.delete(f"{COMPLETIONS}/{reported[1]['completion_id']}").status == 204
    settle(service)
    seen = set()
    for board in ("ABA", "ABIM", "TN-M"):
        answer = api_of(api.http, service, board, role="board", board=board).get(FEED, limit=500)
        assert by_the_schema(answer.response.content) == answer.response.content
        seen |= {(batch["event"], batch["kind"]) for batch in answer.json["data"]}
    assert seen >= {
        ("credit.reported", "cme"), ("credit.reported", "moc"), ("credit.corrected", "moc"),
        ("credit.withdrawn", "cme"), ("credit.withdrawn", "moc"),
    }  # fmt: skip
