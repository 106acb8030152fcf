"""One reference from many at the same moment: one record, and every correction on it."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from app.services.context import Service
from tests.builders.bodies import a_completion, john, tina
from tests.builders.people import import_people
from tests.harness.api import Answer, Api
from tests.harness.wire import at_once

COMPLETIONS = "/v1/learner-completions"


pytestmark = pytest.mark.usefixtures("proven")


def put(api: Api, reference: str, body: Any) -> Answer:
    return api.send("PUT", f"{COMPLETIONS}/by-reference/{reference}", json=body)


def test_of_many_alike_one_creates(api: Api) -> None:
    answers = at_once([partial(put, api, "lms:1", a_completion()) for _ in range(12)])
    assert sorted(answer.status for answer in answers) == [200] * 11 + [201]
    assert len({answer.json["completion_id"] for answer in answers}) == 1
    assert [completion["version"] for completion in api.completions(client_reference="lms:1")] == [1]


@pytest.mark.parametrize("turn", range(3))
def test_of_different_records_under_one_reference_none_is_a_second(api: Api, turn: int) -> None:
    reference = f"lms:{turn}"
    before = len(api.completions(limit=500))
    bodies = [
        a_completion(),
        a_completion(completed_on="2021-12-13"),
        john(),
        tina(),
        a_completion(credits=3),
        a_completion(completed_on="2021-12-14", credits=1),
    ]
    answers = at_once([partial(put, api, reference, body) for body in bodies])
    assert sorted(answer.status for answer in answers) == [200] * 5 + [201]
    assert len({answer.json["completion_id"] for answer in answers}) == 1
    (standing,) = api.completions(client_reference=reference)
    assert standing["version"] == len(bodies)
    assert len(api.completions(limit=500)) == before + 1


def test_two_references_for_one_record_are_both_kept(api: Api) -> None:
    names = [f"system:{number}" for number in range(8)]
    answers = at_once([partial(put, api, name, a_completion()) for name in names])
    assert sorted(answer.status for answer in answers) == [200] * 7 + [201]
    assert len({api.completions(client_reference=name)[0]["completion_id"] for name in names}) == 1


def test_reports_that_only_bring_references_lose_none(api: Api) -> None:
    api.report(a_completion())
    names = [f"post:{number}" for number in range(8)]
    answers = at_once([partial(api.report, a_completion(client_reference=name)) for name in names])
    assert {answer.json["outcome"] for answer in answers} == {"unchanged"}
    for name in names:
        assert len(api.completions(client_reference=name)) == 1


def test_a_report_under_the_reference_at_the_same_moment_is_what_is_corrected(api: Api) -> None:
    for turn in range(6):
        reference = f"lms:{turn}"
        by_reference, report = at_once(
            [
                partial(put, api, reference, a_completion(credits=3)),
                partial(api.report, a_completion(client_reference=reference)),
            ]
        )
        assert by_reference.status in (200, 201), by_reference.json
        assert report.status == 201 or report.codes == {"reference-reused"}
        (standing,) = api.completions(client_reference=reference)
        assert standing["credits"][0]["credits"] == 3
        api.delete(f"{COMPLETIONS}/{standing['completion_id']}")


def test_of_two_people_alike_under_one_reference_at_the_same_moment_one_is_credited(api: Api, service: Service) -> None:
    names = ("Quillfeather", "Quilfeather")
    for number, last_name in enumerate(names):
        row = {"first_name": "Nora", "last_name": last_name, "date_of_birth": "07/09"}
        import_people(service, row | {"licenses": f"TN-M:70000{number}"})
    for turn in range(6):
        bodies = [
            a_completion(
                completed_on=f"2021-12-{turn + 1:02}",
                first_name="Nora",
                last_name=last_name,
                born="07/09",
                license_id=None,
                client_reference=f"lms:{turn}",
            )
            for last_name in names
        ]
        answers = at_once([partial(api.report, body) for body in bodies])
        assert sorted(answer.status for answer in answers) == [201, 422]
        assert len(api.completions(client_reference=f"lms:{turn}")) == 1


def test_a_correction_by_reference_against_one_by_id_and_a_withdrawal_leaves_one_truth(api: Api) -> None:
    for turn in range(4):
        reference = f"lms:{turn}"
        first = put(api, reference, a_completion()).json["completion_id"]
        path = f"{COMPLETIONS}/{first}"
        by_reference, by_id, gone = at_once(
            [
                partial(put, api, reference, a_completion(credits=3)),
                partial(api.send, "PUT", path, headers={"If-Match": "*"}, json=a_completion(credits=4)),
                partial(api.delete, path),
            ]
        )
        assert by_reference.status in (200, 201)
        assert by_id.status in (200, 404)
        assert gone.status == 204
        standing = api.completions(client_reference=reference)
        assert len(standing) == (1 if by_reference.status == 201 else 0)
        for completion in standing:
            api.delete(f"{COMPLETIONS}/{completion['completion_id']}")


def test_records_joined_to_one_completion_are_corrected_each_by_its_reference(api: Api) -> None:
    put(api, "cme:1", john() | {"moc": []})
    put(api, "moc:1", john() | {"cme": []})
    calls = [
        partial(put, api, "cme:1", john() | {"moc": [], "cme": [{"state": "TN", "license_id": "12345", "credits": n}]})
        for n in (1, 1.5, 2)
    ] + [partial(put, api, "moc:1", john() | {"cme": []}) for _ in range(3)]
    assert {answer.status for answer in at_once(calls)} == {200}
    (standing,) = api.completions(client_reference="moc:1")
    assert [credit["status"] for credit in standing["credits"]] == ["pending", "pending"]
