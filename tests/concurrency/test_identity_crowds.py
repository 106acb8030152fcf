"""Fifty of the same at once: one takes effect, the others are told so, and nothing is credited twice."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.services.batches.steps import Pace, apply_some, read_one
from app.services.context import Service
from app.services.held.judging import judge_all_due
from app.store.sql import statements
from tests.builders.merging import ann, anne, import_twice
from tests.builders.people import import_people, physicians_on_file
from tests.builders.sent_files import lines
from tests.harness.api import Answer, Api, api_of
from tests.harness.held import NORA, held_of, hold, nora
from tests.harness.properties import TIMES
from tests.harness.uploads import upload
from tests.harness.wire import at_once

CROWD = 50 if TIMES > 1 else 16
pytestmark = pytest.mark.usefixtures("proven")


@pytest.fixture
def operator(http: TestClient, service: Service) -> Api:
    return api_of(http, service, "the operator", role="operator")


def statuses(answers: list[Answer]) -> Counter[int]:
    return Counter(answer.status for answer in answers)


def verb(api: Api, held: Answer, name: str) -> partial[Answer]:
    return partial(api.post, f"/v1/held-records/{held.json['held_id']}/{name}", None)


def credited(api: Api, held: Answer) -> list[str]:
    """Return the completions of Nora; what stands in the held record is the one."""
    ids = [completion["completion_id"] for completion in api.completions(last_name="Quillfeather")]
    shown = held_of(api, held)
    assert ids == ([shown["completion_id"]] if shown["status"] == "accepted" else [])
    return ids


def test_one_answer_of_many_that_name_the_physician_credits(api: Api, operator: Api, service: Service) -> None:
    import_people(service, NORA | {"first_name": "Leonora", "date_of_birth": "07/19", "licenses": "TN-M:808080"})
    (physician_id,) = [
        id for id, who in physicians_on_file(service).items() if ("quillfeather", "leonora") in who.names
    ]
    held = hold(api, nora())
    asked = api.post(f"/v1/held-records/{held.json['held_id']}/ask", {}).json["help"]["help_id"]
    given = {"action": "link", "physician_id": physician_id}
    answers = at_once([partial(operator.post, f"/v1/help-requests/{asked}/answer", given)] * CROWD)
    assert statuses(answers) == {200: 1, 409: CROWD - 1}
    assert len(credited(api, held)) == 1


def test_of_many_that_judge_a_record_one_accepts_it(api: Api, service: Service) -> None:
    held = hold(api, nora())
    import_people(service, NORA)
    assert statuses(at_once([verb(api, held, "judge")] * CROWD)) == {200: 1, 409: CROWD - 1}
    assert len(credited(api, held)) == 1


def test_set_aside_judged_and_sent_again_at_once_a_record_ends_one_way(api: Api, service: Service) -> None:
    held = hold(api, nora())
    import_people(service, NORA)
    calls: list[Any] = [verb(api, held, "judge"), verb(api, held, "set-aside"), partial(hold, api, nora())]
    answers = at_once([*calls * (CROWD // 3), partial(judge_all_due, service)])
    assert {answer.status for answer in answers[:-1]} <= {200, 201, 202, 409, 422}
    judge_all_due(service)
    assert held_of(api, held)["status"] in ("accepted", "set-aside")
    credited(api, held)


def test_of_many_merges_one_moves_the_credit(api: Api, operator: Api, service: Service) -> None:
    one, into = import_twice(service)
    for body in (ann(), anne()):
        assert api.report(body).status == 201
    answers = at_once([partial(operator.post, f"/v1/physicians/{one}/merge", {"into": into})] * CROWD)
    assert statuses(answers) == {200: 1, 409: CROWD - 1}
    (completion,) = api.completions(last_name="Twice")
    assert {credit["board"]: credit["credits"] for credit in completion["credits"]} == {"TN-M": 2, "ME-M": 2}


def test_the_same_roster_many_times_brings_each_person_once(http: TestClient, service: Service) -> None:
    board = api_of(http, service, "ABIM", role="board", board="ABIM")
    names = ("Lovell", "Ng", "Quillfeather")
    sent = lines(
        {"first_name": "Ada", "last_name": name, "date_of_birth": "12/10", "board_id": f"77000{number}"}
        for number, name in enumerate(names)
    )
    uploads = at_once([partial(upload, board, sent, "roster", permission_attested=None)] * CROWD)
    taken = [answer.json["batch_id"] for answer in uploads if answer.status == 202]
    assert set(statuses(uploads)) <= {202, 429} and taken

    def work() -> None:
        pace = Pace(on_sqlite=service.database.on_sqlite, at_once=1)
        while read_one(service) or apply_some(service, pace):
            pass

    at_once([work] * 3)
    work()
    counts = [board.get(f"/v1/batches/{batch_id}").json["counts"] for batch_id in taken]
    assert [sum(count[name] for count in counts) for name in ("read", "added", "unchanged")] == [
        3 * len(taken), 3, 3 * len(taken) - 3,
    ]  # fmt: skip
    query = "SELECT board_id FROM certifications WHERE board = 'ABIM' AND board_id LIKE '77000%' ORDER BY board_id"
    on_file = service.database.read(lambda connection: statements.fetch_column(connection, query))
    assert on_file == ["770000", "770001", "770002"]


@pytest.mark.parametrize("round_", range(3))
def test_an_answer_that_names_who_is_merged_meanwhile_credits_who_stays(
    api: Api, operator: Api, service: Service, round_: int
) -> None:
    one, into = import_twice(service)
    held = hold(api, nora())
    asked = api.post(f"/v1/held-records/{held.json['held_id']}/ask", {}).json["help"]["help_id"]
    given = {"action": "link", "physician_id": one}
    answers = at_once(
        [
            partial(operator.post, f"/v1/help-requests/{asked}/answer", given),
            partial(operator.post, f"/v1/physicians/{one}/merge", {"into": into}),
            verb(api, held, "judge"),
        ]
    )
    assert [answer.status for answer in answers[:2]] == [200, 200], [answer.json for answer in answers]
    assert len(credited(api, held)) == 1
    query = "SELECT learner_id FROM completions WHERE last_name = 'Quillfeather'"
    assert service.database.read(lambda connection: statements.fetch_column(connection, query)) == [into]
