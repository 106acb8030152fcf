"""Corrections at the same moment as other work: one winner where there can be one, nothing lost, nothing doubled."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from tests.builders.bodies import a_completion, tina
from tests.harness.api import Answer, Api
from tests.harness.wire import at_once

COMPLETIONS = "/v1/learner-completions"


pytestmark = pytest.mark.usefixtures("proven")


def put(api: Api, completion_id: str, body: Any, if_match: str = "*") -> Answer:
    return api.send("PUT", f"{COMPLETIONS}/{completion_id}", headers={"If-Match": if_match}, json=body)


def statuses(answers: list[Answer]) -> list[int]:
    return sorted(answer.status for answer in answers)


def test_of_corrections_to_one_version_one_wins(api: Api) -> None:
    first = api.report(a_completion()).json
    calls = [partial(put, api, first["completion_id"], a_completion(credits=n), '"1"') for n in range(3, 11)]
    answers = at_once(calls)
    assert statuses(answers) == [200] + [412] * 7
    assert api.get(f"{COMPLETIONS}/{first['completion_id']}").json["version"] == 2


def test_corrections_to_any_version_take_effect_one_after_another(api: Api) -> None:
    first = api.report(a_completion()).json
    answers = at_once([partial(put, api, first["completion_id"], a_completion(credits=n)) for n in range(3, 9)])
    assert statuses(answers) == [200] * 6
    assert sorted(answer.json["version"] for answer in answers) == [2, 3, 4, 5, 6, 7]


def test_a_correction_against_a_withdrawal_leaves_it_withdrawn(api: Api) -> None:
    for _ in range(4):
        first = api.report(a_completion()).json
        path = f"{COMPLETIONS}/{first['completion_id']}"
        answers = at_once(
            [partial(put, api, first["completion_id"], a_completion(credits=3)), partial(api.delete, path)]
        )
        assert answers[0].status in (200, 404)
        assert answers[1].status == 204
        assert api.get(path).status == 404


def test_a_correction_against_a_record_that_joins_keeps_what_the_last_one_said(api: Api) -> None:
    for _ in range(4):
        first = api.report(a_completion()).json
        other = a_completion(state="ME", license_id=None)
        corrected, joined = at_once(
            [partial(put, api, first["completion_id"], a_completion(credits=3)), partial(api.report, other)]
        )
        assert corrected.status == 200
        assert joined.status in (200, 201)
        for completion in api.completions(first_name="Rebecca"):
            api.delete(f"{COMPLETIONS}/{completion['completion_id']}")


def test_two_moved_onto_one_day_of_a_one_a_day_board_have_one_winner(api: Api) -> None:
    ids = [api.report(tina(f"2021-12-0{day}")).json["completion_id"] for day in (1, 2, 3)]
    answers = at_once([partial(put, api, completion_id, tina("2021-12-10")) for completion_id in ids])
    assert statuses(answers) == [200, 422, 422]
    assert [answer.codes for answer in answers if answer.status == 422] == [{"one-record-per-day"}] * 2


def test_two_raised_into_the_last_credits_have_one_winner(api: Api) -> None:
    activity = api.register(ama_pra_credits=5).json["activity_id"]
    days = ("2021-06-01", "2021-06-02")
    ids = [api.report(a_completion(activity, day, credits=2)).json["completion_id"] for day in days]
    answers = at_once(
        [
            partial(put, api, completion_id, a_completion(activity, day, credits=3))
            for completion_id, day in zip(ids, days, strict=True)
        ]
    )
    assert statuses(answers) == [200, 422]
    assert [answer.codes for answer in answers if answer.status == 422] == [{"cumulative-maximum"}]


def test_completions_that_change_places_never_lock_each_other_out(api: Api) -> None:
    one, two = (api.register(title=title).json["activity_id"] for title in ("One", "Two"))
    reported = [api.report(a_completion(activity, credits=amount)) for activity, amount in ((one, 1), (two, 2))]
    ids = [answer.json["completion_id"] for answer in reported]
    for turn in range(4):
        there = (two, one) if turn % 2 == 0 else (one, two)
        calls = [
            partial(put, api, completion_id, a_completion(to, credits=amount))
            for amount, (completion_id, to) in enumerate(zip(ids, there, strict=True), 1)
        ]
        assert statuses(at_once(calls)) == [200, 200]


def test_a_correction_against_an_edit_of_its_activity_leaves_the_credit_covered(api: Api) -> None:
    for _ in range(4):
        registered = api.register(ama_pra_credits=5)
        activity = registered.json["activity_id"]
        first = api.report(a_completion(activity, credits=1)).json
        lower = partial(
            api.send, "PATCH", f"/v1/activities/{activity}", headers={"If-Match": "*"}, json={"ama_pra_credits": 2}
        )
        corrected, edited = at_once(
            [partial(put, api, first["completion_id"], a_completion(activity, credits=4)), lower]
        )
        assert (corrected.status, edited.status) in ((200, 409), (422, 200))
