"""`/v1/physicians`: the operator reads, adds and changes what is on file; credit stays where it is."""

from __future__ import annotations

from typing import Any

import pytest

from app.services.context import Service
from tests.builders.merging import ANN, anne, import_twice, merge
from tests.builders.people import import_people, physicians_on_file
from tests.harness.api import Answer, Api, api_of

PATH = "/v1/physicians"
GRACE = {
    "first_name": "Grace", "last_name": "Okafor", "date_of_birth": "07/21", "npi": "1000000012",
    "other_names": [{"first_name": "Grace", "last_name": "Eze", "kind": "former"}],
    "licenses": [{"board": "TN-M", "license_id": "50123", "starts_on": "2012-07-01"}],
    "certifications": [{"board": "ABIM", "board_id": "512345", "starts_on": "2015-01-01"}],
}  # fmt: skip

pytestmark = pytest.mark.usefixtures("proven")


@pytest.fixture
def operator(http: Any, service: Service) -> Api:
    return api_of(http, service, "operator", role="operator")


def patch(api: Api, physician_id: str, body: Any, if_match: str | None = None) -> Answer:
    version = if_match or f'"{api.get(f"{PATH}/{physician_id}").json["version"]}"'
    return api.send("PATCH", f"{PATH}/{physician_id}", headers={"If-Match": version}, json=body)


def search(api: Api, **wanted: Any) -> list[str]:
    found = api.post(f"{PATH}:search", wanted)
    assert found.status == 200, found.json
    return [one["physician_id"] for one in found.json["data"]]


def test_somebody_new_is_added_with_everything_and_found_by_reports(operator: Api, api: Api) -> None:
    added = operator.post(PATH, GRACE)
    assert (added.status, added.json["outcome"]) == (201, "added")
    who = added.json
    assert added.response.headers["Location"] == f"{PATH}/{who['physician_id']}"
    assert [name["kind"] for name in who["other_names"]] == ["former"]
    assert who["licenses"][0]["starts_on"] == "2012-07-01"
    assert who["certifications"][0]["starts_on"] == "2015-01-01"
    body = anne(first_name="Grace", last_name="Eze", born="07/21", state="TN", license_id="50123")
    assert api.report(body).status == 201


def test_sent_again_nothing_changes(operator: Api) -> None:
    first = operator.post(PATH, GRACE)
    again = operator.post(PATH, GRACE)
    assert (again.status, again.json["outcome"]) == (200, "unchanged")
    assert again.json == first.json | {"outcome": "unchanged"}
    more = operator.post(PATH, GRACE | {"licenses": [{"board": "ME-M", "license_id": "7"}]})
    assert (more.status, more.json["outcome"]) == (200, "joined")
    assert len(more.json["licenses"]) == 2


def test_whom_it_seems_to_describe_is_kept_beside_as_a_pair(operator: Api, service: Service) -> None:
    import_people(service, ANN)
    added = operator.post(
        PATH, {"first_name": "Ann", "last_name": "Twice", "date_of_birth": "05/06", "npi": "1000000004"}
    )
    assert (added.status, added.json["outcome"], len(added.json["pairs"])) == (201, "pair", 1)


def test_identifiers_of_somebody_else_are_refused_and_change_nothing(operator: Api, service: Service) -> None:
    operator.post(PATH, GRACE)
    before = physicians_on_file(service)
    other = operator.post(
        PATH, {"first_name": "Jill", "last_name": "Doe", "date_of_birth": "01/01", "npi": "1000000012"}
    )
    assert (other.status, other.json["code"], other.pointers) == (409, "conflict", {"conflict": "/npi"})
    assert "Doe" not in other.response.text
    assert physicians_on_file(service) == before


def test_every_fault_of_a_body_is_told_at_its_place(operator: Api) -> None:
    body = {
        "first_name": "A?B", "date_of_birth": "13/45", "npi": "1000000000", "last_name": "Ok",
        "licenses": [{"board": "ABIM", "license_id": "1"}, {"board": "TN-M", "license_id": "--"}],
        "certifications": [{"board": "ABIM", "board_id": "1", "starts_on": "2020-02-01", "ends_on": "2020-01-01"}],
    }  # fmt: skip
    refused = operator.post(PATH, body)
    assert refused.status == 422
    assert [error["pointer"] for error in refused.json["errors"]] == [
        "/first_name", "/date_of_birth", "/npi", "/licenses/0/board", "/licenses/1/license_id",
        "/certifications/0/ends_on",
    ]  # fmt: skip


def test_a_search_is_by_beginnings_of_names_numbers_and_all_of_it(operator: Api, service: Service) -> None:
    one, two = import_twice(service)
    assert search(operator, last_name="twi") == sorted((one, two))
    assert search(operator, last_name="TWICE", first_name="Anne") == [two]
    assert search(operator, npi="1000000004") == [two]
    assert search(operator, license={"board": "TN-M", "license_id": "a1"}) == [one]
    assert search(operator, certification={"board": "ABA", "board_id": "35860001"}) == [two]
    assert search(operator, last_name="Twice", board="ME-M") == [two]
    assert search(operator, last_name="Twice", npi="1000000012") == []
    merge(service, one, two)
    assert search(operator, license={"board": "TN-M", "license_id": "a1"}) == [two]
    assert operator.post(f"{PATH}:search", {}).codes == {"format"}


def test_pages_of_a_search_are_asked_for_by_their_cursor_alone(operator: Api, service: Service) -> None:
    both = sorted(import_twice(service))
    first = operator.post(f"{PATH}:search", {"last_name": "Twice", "limit": 1})
    assert [one["physician_id"] for one in first.json["data"]] == both[:1]
    second = operator.post(f"{PATH}:search", {"cursor": first.json["next_cursor"], "limit": 1})
    assert [one["physician_id"] for one in second.json["data"]] == both[1:]
    assert second.json["next_cursor"] is None
    assert operator.post(f"{PATH}:search", {"last_name": "Twice", "limit": 1.0}).json["data"] == first.json["data"]
    foreign = operator.post(f"{PATH}:search", {"cursor": first.json["next_cursor"], "last_name": "Other"})
    assert foreign.status == 422


def test_everybody_is_listed_once_page_by_page(operator: Api, service: Service) -> None:
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = operator.get(PATH, limit=100, **({"cursor": cursor} if cursor else {}))
        seen += [one["physician_id"] for one in page.json["data"]]
        cursor = page.json["next_cursor"]
        if cursor is None:
            break
    assert seen == sorted(physicians_on_file(service))


def test_an_alias_finds_whom_it_was_merged_into(operator: Api, service: Service) -> None:
    one, two = import_twice(service)
    merge(service, one, two)
    found = operator.get(f"{PATH}/{one}")
    assert (found.json["physician_id"], found.json["aliases"]) == (two, [one])
    assert operator.get(f"{PATH}/nobody").status == 404


def test_a_change_needs_the_version_and_keeps_the_former_name(operator: Api, service: Service) -> None:
    one, _ = import_twice(service)
    read = operator.get(f"{PATH}/{one}")
    assert operator.send("PATCH", f"{PATH}/{one}", json={"last_name": "Rivera"}).status == 428
    changed = patch(operator, one, {"last_name": "Rivera"}, read.response.headers["ETag"])
    assert changed.status == 200, changed.json
    assert changed.json["last_name"] == "Rivera"
    assert [(name["last_name"], name["kind"]) for name in changed.json["other_names"]] == [("Twice", "former")]
    assert patch(operator, one, {"last_name": "X"}, read.response.headers["ETag"]).status == 412
    assert (
        operator.send("GET", f"{PATH}/{one}", headers={"If-None-Match": changed.response.headers["ETag"]}).status == 304
    )


def test_an_empty_change_changes_nothing(operator: Api, service: Service) -> None:
    one, _ = import_twice(service)
    assert patch(operator, one, {}).json == operator.get(f"{PATH}/{one}").json


def test_a_birth_date_on_file_is_replaced_only_when_that_is_said(operator: Api, service: Service) -> None:
    one, _ = import_twice(service)
    assert patch(operator, one, {"date_of_birth": "05/07"}).pointers == {"conflict": "/date_of_birth"}
    assert patch(operator, one, {"date_of_birth": "05/07", "replace_date_of_birth": True}).status == 200
    added = operator.post(PATH, {"first_name": "No", "last_name": "Date", "npi": "1000000020"}).json
    assert patch(operator, added["physician_id"], {"date_of_birth": "5/7"}).json["date_of_birth"] == "05/07"


def test_credit_that_stands_stays_when_its_licence_goes(operator: Api, api: Api, service: Service) -> None:
    _, two = import_twice(service)
    api.report(anne())
    before = api.completions(last_name="Twice")
    assert patch(operator, two, {"licenses": []}).json["licenses"] == []
    assert api.completions(last_name="Twice") == before
    (held,) = operator.get(f"{PATH}/{two}/credits").json["data"]
    assert (held["provider_id"], [credit["board"] for credit in held["credits"]]) == ("0008001", ["ME-M"])


def test_a_number_of_somebody_else_is_refused_at_its_place(operator: Api, service: Service) -> None:
    one, two = import_twice(service)
    licenses = [{"board": "TN-M", "license_id": "A1"}, {"board": "ME-M", "license_id": "A2"}]
    refused = patch(operator, one, {"licenses": licenses, "npi": "1000000004"})
    assert refused.status == 409
    assert {error["pointer"] for error in refused.json["errors"]} == {"/npi", "/licenses/1"}
    assert all(two in error["detail"] for error in refused.json["errors"])


def test_the_sandbox_sees_nobody_of_the_registry(http: Any, service: Service) -> None:
    test = api_of(http, service, "test", role="operator", test=True)
    assert test.get(PATH).status == 403
    assert test.post(f"{PATH}:search", {"last_name": "Test"}).status == 403


def test_the_audit_log_tells_which_fields_changed_and_no_value(operator: Api, service: Service) -> None:
    from app.store.sql import statements

    one, _ = import_twice(service)
    patch(operator, one, {"last_name": "Rivera", "npi": "1000000012"})
    query = "SELECT verb, fields FROM audit WHERE noun = 'learner' AND subject_id = :id"
    ((verb, fields),) = service.database.read(lambda connection: statements.fetch(connection, query, {"id": one}))
    assert verb == "change"
    text = str(fields)
    assert "npi" in text and "last_name" in text
    assert "Rivera" not in text and "1000000012" not in text
