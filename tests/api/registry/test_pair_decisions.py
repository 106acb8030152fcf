"""Pairs over HTTP: both sides with levels and credit, and the operator's decisions, which survive imports."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.services.context import Service
from tests.builders.merging import ANN, ANNE, ann, anne, import_twice, merge
from tests.builders.people import import_people, physicians_on_file
from tests.harness.api import Api, api_of
from tests.harness.clock import ManualClock

pytestmark = pytest.mark.usefixtures("proven")
PATH = "/v1/physician-pairs"
ROBERT = {"first_name": "Robert", "last_name": "Twin", "date_of_birth": "05/06", "licenses": "TN-M:R1"}
BOB = ROBERT | {"first_name": "Bob"}


@pytest.fixture
def operator(http: Any, service: Service) -> Api:
    return api_of(http, service, "operator", role="operator")


@pytest.fixture
def pair(operator: Api, service: Service) -> Any:
    import_people(service, ROBERT, BOB, source="board.csv")
    (found,) = operator.get(PATH).json["data"]
    return found


def test_a_pair_shows_both_sides_their_levels_and_their_credit(operator: Api, api: Api, service: Service) -> None:
    import_people(service, ROBERT, BOB, source="board.csv")
    assert api.report(ann(first_name="Robert", last_name="Twin", license_id="R1")).status == 201
    (pair,) = operator.get(PATH).json["data"]
    assert (pair["status"], pair["evidence"], pair["source"]) == ("open", ["license"], "board.csv")
    assert pair["levels"] == {
        "names": "related", "suffix": "absent", "date_of_birth": "same", "npi": "absent", "licenses": "absent",
        "certifications": "absent", "medical_school": "absent",
    }  # fmt: skip
    credited = {side["physician"]["first_name"]: side["credited"] for side in pair["physicians"]}
    assert credited == {"Robert": [{"board": "TN-M", "count": 1, "credits": 2}], "Bob": []}
    shown = [side["physician"] for side in pair["physicians"]]
    assert [one["first_name"] for one in shown if one["physician_id"] == pair["into"]] == ["Robert"]


def test_a_pair_compares_suffixes_and_schools_as_matching_does(operator: Api, service: Service) -> None:
    robert = ROBERT | {"suffix": "2nd", "medical_school": "Tulane & Xavier School of Medicine"}
    bob = BOB | {"suffix": "II", "medical_school": "Tulane and Xavier School of Medicine"}
    import_people(service, robert, bob, source="board.csv")
    (pair,) = operator.get(PATH).json["data"]
    assert (pair["levels"]["suffix"], pair["levels"]["medical_school"]) == ("same", "same")
    assert operator.post(f"{PATH}/{pair['pair_id']}/join", {}).status == 200


def test_joined_they_are_one_and_the_pair_is_decided(operator: Api, service: Service, pair: Any) -> None:
    joined = operator.post(f"{PATH}/{pair['pair_id']}/join", {})
    assert joined.status == 200, joined.json
    assert joined.json["physician"]["physician_id"] == pair["into"]
    assert operator.get(PATH).json["data"] == []
    (decided,) = operator.get(PATH, status="joined").json["data"]
    assert (decided["status"], decided["decided_by"]) == ("joined", operator.client_id)
    assert operator.post(f"{PATH}/{pair['pair_id']}/never", {}).status == 409
    assert import_people(service, BOB, ROBERT).pairs == []
    operator.post(f"/v1/physicians/{joined.json['merged']}/unmerge", {})
    assert [one["status"] for one in operator.get(PATH).json["data"]] == ["open"]


def test_never_is_kept_survives_imports_and_must_be_overruled(operator: Api, service: Service, pair: Any) -> None:
    assert operator.post(f"{PATH}/{pair['pair_id']}/never", {}).json["status"] == "never"
    assert import_people(service, BOB, ROBERT).pairs == []
    assert operator.get(PATH).json["data"] == []
    assert [one["pair_id"] for one in operator.get(PATH, status="never").json["data"]] == [pair["pair_id"]]
    refused = operator.post(f"{PATH}/{pair['pair_id']}/join", {})
    assert (refused.status, refused.pointers) == (409, {"conflict": "/overrule"})
    assert operator.post(f"{PATH}/{pair['pair_id']}/join", {"overrule": ["never"]}).status == 200


def test_never_holds_for_whom_one_of_them_becomes(operator: Api, service: Service, pair: Any) -> None:
    operator.post(f"{PATH}/{pair['pair_id']}/never", {})
    import_people(service, BOB | {"first_name": "Robbie", "licenses": "ME-M:R3", "date_of_birth": ""})
    third = next(id for id, who in physicians_on_file(service).items() if ("twin", "robbie") in who.names)
    bob = next(id for id, who in physicians_on_file(service).items() if ("twin", "bob") in who.names)
    merge(service, bob, third)
    assert import_people(service, BOB, ROBERT).pairs == []


def test_put_off_it_goes_behind_the_others(operator: Api, service: Service, clock: ManualClock, pair: Any) -> None:
    other = {"last_name": "Two", "licenses": "TN-M:9"}
    clock.now += timedelta(minutes=1)
    import_people(service, ROBERT | other, BOB | other)
    clock.now += timedelta(minutes=1)
    first, second = [one["pair_id"] for one in operator.get(PATH).json["data"]]
    operator.post(f"{PATH}/{first}/later", {})
    assert [one["pair_id"] for one in operator.get(PATH).json["data"]] == [second, first]
    page = operator.get(PATH, limit=1).json
    rest = operator.get(PATH, cursor=page["next_cursor"], limit=1).json
    assert [one["pair_id"] for one in page["data"] + rest["data"]] == [second, first]


def test_an_unknown_pair_is_not_found(operator: Api, pair: Any) -> None:
    one, other = pair["pair_id"].split(".")
    for pair_id in ("x", f"{other}.{one}", f"{one}.{one}"):
        assert operator.get(f"{PATH}/{pair_id}").status == 404
        assert operator.post(f"{PATH}/{pair_id}/never", {}).status == 404


def test_a_merge_that_is_only_looked_at_changes_nothing(operator: Api, api: Api, service: Service) -> None:
    one, two = import_twice(service)
    api.report(ann())
    api.report(anne())
    before = api.completions(last_name="Twice")
    shown = operator.post(f"/v1/physicians/{one}/merge", {"into": two, "dry_run": True})
    assert (shown.status, shown.json["dry_run"]) == (200, True)
    assert [lost["reason"] for lost in shown.json["withdrawn"]] == ["same-completion"]
    assert api.completions(last_name="Twice") == before
    assert {ANN["first_name"].lower(), ANNE["first_name"].lower()} <= {
        first for who in physicians_on_file(service).values() for _, first in who.names
    }
