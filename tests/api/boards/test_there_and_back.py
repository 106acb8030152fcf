"""To the boards and back: a slide's seven lines go to four boards, and every answer comes to their provider once."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.services.context import Service
from tests.api.completions.test_stories import SEVEN_LINES, report_the_seven_lines
from tests.builders.bodies import GRAND_ROUNDS
from tests.harness.api import Api, settle
from tests.harness.inbox import allowing_private, deliver, inbox, register
from tests.harness.simulated_boards import work

BOARDS = ("ABA", "TN-M", "CA-M", "ME-M")


@pytest.fixture
def service(service: Service) -> Service:
    settle(service)
    return allowing_private(service)


def test_the_seven_lines_come_back_from_their_boards_as_the_slide_shows_them(
    api: Api, http: TestClient, service: Service
) -> None:
    with inbox() as box:
        register(api, box.url, "credit.decided")
        report_the_seven_lines(api)
        for board in BOARDS:
            work(http, service, board)
        while deliver(service):
            pass
    credits = [credit for each in api.completions(activity_id=GRAND_ROUNDS) for credit in each["credits"]]
    assert sorted((each["board"], each["learner_board_id"], each["status"]) for each in credits) == sorted(
        (board, number, "rejected" if board == "ABA" else "accepted") for board, *_, number, _, _ in SEVEN_LINES
    )
    (refused,) = [each for each in credits if each["status"] == "rejected"]
    assert (refused["status_reason"], refused["status_text"]) == ("id-unknown", "Nobody is known by this id.")
    ids = sorted(each["credit_id"] for each in credits)
    events = [each for each in api.get("/v1/events", limit=500).json["data"] if each["type"] == "credit.decided"]
    assert decided_in(GRAND_ROUNDS, events) == ids
    # The provider's webhook is sent the same, each change once, under the same ids.
    assert decided_in(GRAND_ROUNDS, [each.event for each in box.received]) == ids
    assert sorted(each.id for each in box.received) == sorted(each["event_id"] for each in events)


def decided_in(activity_id: str, events: list[Any]) -> list[str]:
    """Return the credits of an activity that events tell of, each as often as it is told."""
    return sorted(each["data"]["credit_id"] for each in events if each["data"]["activity_id"] == activity_id)
