"""Splitting a physician on pages: whose each record is, what becomes of it, and nothing that was not listed."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from app.console.pages.operator import split_fields
from app.services.context import Service
from tests.builders.bodies import points
from tests.builders.merging import ann
from tests.builders.people import import_people, physicians_on_file
from tests.harness.api import Api, api_of, settle
from tests.harness.console.stronger import sign_in_operator
from tests.harness.console.windows import SAME_SITE, Window

DATABASES = ["sqlite"]
BOTH = {
    "first_name": "Ann", "last_name": "Twice", "other_last_names": "Thrice", "date_of_birth": "05/06",
    "licenses": "TN-M:A1;ME-M:A2", "certifications": "ABA:35860002", "npi": "1000000012",
}  # fmt: skip
LEAVES = {"/physician/first_name": "Ann", "/physician/last_name": "Thrice", "/physician/date_of_birth": "06/07"}
THRICE, MAINE = "thrice|ann", "ME-M|A2"


@pytest.fixture
def operator(window: Window, service: Service) -> Window:
    """An operator's window."""
    sign_in_operator(window, service)
    return window


@pytest.fixture
def both(service: Service) -> str:
    """Import somebody who is two people; return the id."""
    import_people(service, BOTH)
    return next(id for id, who in physicians_on_file(service).items() if ("twice", "ann") in who.names)


def maine(completed_on: str = "2021-12-11") -> dict[str, object]:
    return ann(completed_on, state="ME", license_id="A2")


def here(both: str) -> str:
    return f"/operator/registry/{both}/split"


def whose(completion: dict[str, str]) -> str:
    return f"whose/{completion['completion_id']}"


def open_form(operator: Window, both: str) -> dict[str, list[str]]:
    return operator.open(here(both)).fields(here(both)) | {"do": ["list"]}


def fates(operator: Window) -> list[str]:
    rows = operator.tree.xpath("//section[@id='records']//tbody/tr")
    return [" ".join(row.xpath("string(td[last()])").split()) for row in rows]


def test_a_physician_is_split_after_what_becomes_of_each_record_was_listed(
    operator: Window, api: Api, service: Service, both: str
) -> None:
    mine, hers = api.report(ann()).json, api.report(maine()).json
    form = open_form(operator, both) | LEAVES | {"names": [THRICE], "licenses": [MAINE], "/npi": "true"}
    operator.send(here(both), form | {whose(mine): "stays", whose(hers): "goes"})
    assert operator.heading == "What goes where"
    assert sorted(fates(operator)) == ["Goes, with its id", "Stays"]
    told = operator.tree.xpath("string(//section[@id='both'])")
    for part in ("Ann Thrice", "06/07", "ME-M A2", "TN-M A1", "1000000012"):
        assert part in told
    before = set(physicians_on_file(service))
    fields = operator.fields(here(both)) | {"do": "split"}
    operator.send(here(both), fields)
    assert "They are two physicians now. 1 record went as a whole." in operator.text
    (new,) = set(physicians_on_file(service)) - before
    on_file = physicians_on_file(service)
    assert ("thrice", "ann") in on_file[new].names
    assert ("thrice", "ann") not in on_file[both].names
    assert on_file[new].npi == "1000000012"
    operator.send(here(both), fields)
    assert "It was done already." in operator.text
    assert set(physicians_on_file(service)) - before == {new}
    settle(service)
    operator.open("/operator/audit?noun=learner&verb=split")
    assert len(operator.tree.xpath("//tbody/tr")) == 2


def test_looking_is_in_the_log_and_changes_nothing(operator: Window, api: Api, service: Service, both: str) -> None:
    before = physicians_on_file(service)
    operator.send(here(both), open_form(operator, both) | LEAVES | {"names": [THRICE]})
    assert operator.heading == "What goes where"
    assert physicians_on_file(service) == before
    settle(service)
    operator.open("/operator/audit?noun=registry-search&verb=look-at")
    assert len(operator.tree.xpath("//tbody/tr")) == 2
    assert "Thrice" not in operator.text


def test_of_one_record_each_credit_may_go_its_way(operator: Window, api: Api, service: Service, both: str) -> None:
    body = ann() | {
        "cme": [{"state": "TN", "license_id": "A1", "credits": 2}, {"state": "ME", "license_id": "A2", "credits": 2}]
    }
    whole = api.report(body).json
    by_board = {credit["board"]: f"whose-of/{credit['credit_id']}" for credit in whole["credits"]}
    form = open_form(operator, both) | LEAVES | {"licenses": [MAINE]}
    operator.send(here(both), form | {whose(whole): "stays", by_board["ME-M"]: "goes"})
    (fate,) = fates(operator)
    assert fate == "2 CME for ME-M: withdrawn here, and reported anew for who leaves. The rest stays"
    operator.send(here(both), operator.fields(here(both)) | {"do": "split"})
    assert "Credit of 1 other was reported anew" in operator.text
    after = api.get(f"/v1/learner-completions/{whole['completion_id']}").json
    assert {credit["board"]: credit["status"] for credit in after["credits"]}["ME-M"] == "withdrawn"
    settle(service)


def test_who_leaves_is_stored_as_listed_with_every_part_of_a_name(
    operator: Window, api: Api, service: Service, both: str
) -> None:
    hers = api.report(maine()).json
    parts = {"middle_name": " Q. ", "suffix": "jr", "medical_school": "A  School,  somewhere", "date_of_birth": "02/29"}
    form = open_form(operator, both) | LEAVES | {f"/physician/{name}": value for name, value in parts.items()}
    operator.send(here(both), form | {"licenses": [MAINE], whose(hers): "goes"})
    assert operator.heading == "What goes where"
    operator.send(here(both), operator.fields(here(both)) | {"do": "split"})
    assert "They are two physicians now." in operator.text


def test_what_was_not_said_is_told_at_its_record_and_comes_back(operator: Window, api: Api, both: str) -> None:
    mine, hers = api.report(ann()).json, api.report(maine()).json
    form = open_form(operator, both) | {"/physician/last_name": "Thrice", whose(mine): "stays", "names": ["nobody|x"]}
    operator.send(here(both), form)
    assert operator.status == 422
    assert "It is not said whose this record is" in operator.text
    assert "no longer on file" in operator.text
    back = operator.fields(here(both))
    assert back["/physician/last_name"] == ["Thrice"]
    assert (back[whose(mine)], back[whose(hers)]) == (["stays"], [""])


@pytest.mark.parametrize(("most", "field"), [(2, "whose-at/0008001/201759558"), (1, "whose-at/0008001")])
def test_of_too_many_records_it_is_said_by_activity_or_provider_whose_they_are(
    operator: Window, api: Api, service: Service, both: str, monkeypatch: pytest.MonkeyPatch, most: int, field: str
) -> None:
    course = api.register(title="Hers").json["activity_id"]
    mine = [api.report(maine(day)).json for day in ("2021-12-10", "2021-12-11")]
    hers = api.report(maine("2021-12-12") | {"activity_id": course}).json
    monkeypatch.setattr(split_fields, "MOST_ONE_BY_ONE", most)
    form = open_form(operator, both) | LEAVES | {"licenses": [MAINE]}
    assert "There are 3 records: too many to ask of each." in operator.text
    assert not [name for name in form if name.startswith("whose/")]
    names = sorted(name for name in form if name.startswith("whose"))
    assert names == ([field, f"whose-at/0008001/{course}"] if most == 2 else [field])
    operator.send(here(both), form)
    assert operator.status == 422
    # In the summary and at its field, once for each group.
    assert operator.text.count("It is not said whose these records are") == 2 * len(names)
    said = dict.fromkeys(names, "goes") | ({f"whose-at/0008001/{course}": "stays"} if most == 2 else {})
    operator.send(here(both), form | said)
    assert operator.heading == "What goes where"
    goes = len(mine) if most == 2 else len(mine) + 1
    assert sorted(fates(operator)) == ["Goes, with its id"] * goes + ["Stays"] * (3 - goes)
    operator.send(here(both), operator.fields(here(both)) | {"do": "split"})
    assert f"{goes} records went as a whole." in operator.text
    assert api.get(f"/v1/learner-completions/{hers['completion_id']}").status == 200
    settle(service)


def test_credit_goes_to_nobody_without_a_number_of_its_board(operator: Window, api: Api, both: str) -> None:
    points_of = api.report(ann(credits=None, moc=[points("ABA", "35860002", 1)])).json
    operator.send(here(both), open_form(operator, both) | LEAVES | {whose(points_of): "goes"})
    assert operator.status == 409
    assert "of which no number goes" in operator.text
    every = ["twice|ann", THRICE]
    operator.send(here(both), open_form(operator, both) | LEAVES | {whose(points_of): "stays", "names": every})
    assert operator.status == 422
    assert "Every name would go." in operator.text


def test_nothing_is_split_that_was_not_listed(operator: Window, api: Api, service: Service, both: str) -> None:
    mine, hers = api.report(ann()).json, api.report(maine()).json
    form = open_form(operator, both) | LEAVES | {"licenses": [MAINE], whose(mine): "stays", whose(hers): "goes"}
    operator.send(here(both), form)
    listed = operator.fields(here(both)) | {"do": "split"}
    before = physicians_on_file(service)
    operator.send(here(both), listed | {"/physician/suffix": "Jr"})
    assert operator.status == 409
    assert "since what goes where was listed" in operator.text
    corrected = {"completed_on": "2021-12-10"}
    path = f"/v1/learner-completions/{mine['completion_id']}"
    tag = api.send("GET", path).response.headers["etag"]
    assert api.send("PATCH", path, json=corrected, headers={"If-Match": tag}).status == 200
    operator.send(here(both), listed)
    assert operator.status == 409
    third = api.report(maine("2021-12-09")).json
    operator.send(here(both), listed)
    assert operator.status == 422
    assert operator.tree.xpath(f"//select[@name='{whose(third)}']")
    assert physicians_on_file(service) == before
    settle(service)


def test_what_goes_may_be_changed_after_the_list(operator: Window, both: str) -> None:
    operator.send(here(both), open_form(operator, both) | LEAVES | {"names": [THRICE]})
    operator.send(here(both), operator.fields(here(both)) | {"do": "edit"})
    assert operator.status == 200
    assert operator.heading == "Split a physician"
    assert operator.fields(here(both))["names"] == [THRICE]
    assert operator.fields(here(both))["/physician/last_name"] == ["Thrice"]


def test_nobody_who_is_not_there_is_split(operator: Window, http: TestClient, service: Service) -> None:
    assert operator.open(here("nobody")).status == 404
    token = operator.open("/account").fields("/sign-out")["token"]
    assert operator.browser.post(here("nobody"), data={"token": token}, headers=SAME_SITE).status_code == 404
    assert api_of(http, service, "op", role="operator").get("/v1/physicians/nobody").status == 404
