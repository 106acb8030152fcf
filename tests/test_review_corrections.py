"""What stands beside a corrected credit, and which board of a state a record means once the registry has changed."""

from __future__ import annotations

from typing import Any

import pytest

from app.services.context import Service
from tests.feeds import decide, live, replayed
from tests.support import Answer, Api, settle, tina

COMPLETIONS = "/v1/learner-completions"


def put(api: Api, completion_id: str, body: Any) -> Answer:
    return api.send("PUT", f"{COMPLETIONS}/{completion_id}", headers={"If-Match": "*"}, json=body)


def boards_know_what_stands(service: Service) -> bool:
    settle(service)
    return replayed(service) == live(service)


@pytest.mark.parametrize(
    ("correction", "statuses"),
    [
        (tina("2021-12-02"), ["withdrawn", "pending"]),
        (tina(total=0.5), ["rejected", "pending"]),
        (tina(occasion=2), ["rejected", "pending"]),
    ],
)
def test_what_was_rejected_and_reported_again_never_tells_another_day_than_its_board_knows(
    api: Api, service: Service, correction: Any, statuses: list[str]
) -> None:
    first = api.report(tina()).json
    decide(service, first["credits"][0]["credit_id"], "rejected")
    again = api.report(tina()).json
    assert (again["outcome"], again["completion_id"]) == ("joined", first["completion_id"])
    corrected = put(api, first["completion_id"], correction).json
    assert [each["status"] for each in corrected["credits"]] == statuses
    assert boards_know_what_stands(service)
    assert api.delete(f"{COMPLETIONS}/{first['completion_id']}").status == 204
    assert boards_know_what_stands(service)
