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
    credits = [credit for completion in api.completions(activity_id=GRAND_ROUNDS) for credit in completion["credits"]]
    assert sorted((credit["board"], credit["learner_board_id"], credit["status"]) for credit in credits) == sorted(
        (board, number, "rejected" if board == "ABA" else "accepted") for board, *_, number, _, _ in SEVEN_LINES
    )
    (refused,) = [credit for credit in credits if credit["status"] == "rejected"]
    assert (refused["status_reason"], refused["status_text"]) == ("id-unknown", "Nobody is known by this id.")
    ids = sorted(credit["credit_id"] for credit in credits)
    events = [event for event in api.get("/v1/events", limit=500).json["data"] if event["type"] == "credit.decided"]
    assert decided_in(GRAND_ROUNDS, events) == ids
    # The provider's webhook is sent the same, each change once, under the same ids.
    assert decided_in(GRAND_ROUNDS, [request.event for request in box.received]) == ids
    assert sorted(request.id for request in box.received) == sorted(event["event_id"] for event in events)


def decided_in(activity_id: str, events: list[Any]) -> list[str]:
    """Return the credits of an activity that events tell of, each as often as it is told."""
    return sorted(event["data"]["credit_id"] for event in events if event["data"]["activity_id"] == activity_id)
