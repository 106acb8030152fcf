"""Two physicians on file become one: nothing is lost, nothing is doubled, and it can be undone."""

from __future__ import annotations

from typing import Any

import pytest

from app.core.errors import Conflict
from app.domain.credits import Outcome
from app.domain.identity.learners import Person
from app.domain.identity.merges import MergeReason, Overruled
from app.domain.parsing import MonthDay
from app.domain.reports import CmePart
from app.services.context import Service
from tests.builders.merging import aba, ann, anne, import_twice, merge, unmerge
from tests.builders.people import import_people, physicians_on_file
from tests.harness.api import Api
from tests.harness.board_views import decide
from tests.harness.submissions import delete, submit

pytestmark = pytest.mark.usefixtures("proven")
COMPLETIONS = "/v1/learner-completions"


def standing(api: Api) -> list[tuple[Any, ...]]:
    """What a provider has of the person: day, occasion, credits with amount and status."""
    return sorted(
        (
            one["completed_on"],
            one["occasion"],
            tuple((c["board"], c["credits"], c["status"]) for c in one["credits"]),
        )
        for one in api.completions(last_name="Twice")
    )


def test_what_was_two_is_found_by_either_name_and_number(api: Api, service: Service) -> None:
    one, into = import_twice(service)
    merge(service, one, into)
    people = physicians_on_file(service)
    assert people[one].names == frozenset()
    assert {held.number for held in people[into].licenses} == {"A1", "A2"}
    assert api.report(ann()).status == 201
    assert api.report(anne("2021-12-11")).status == 201


def test_credit_keeps_its_ids_and_no_board_is_told(api: Api, service: Service) -> None:
    one, into = import_twice(service)
    mine = api.report(ann()).json
    api.report(anne("2021-12-11"))
    before = standing(api)
    plan = merge(service, one, into)
    assert [moved.completion_id for moved in plan.document.moved] == [mine["completion_id"]]
    assert standing(api) == before
    after = api.get(f"{COMPLETIONS}/{mine['completion_id']}").json
    assert [credit["credit_id"] for credit in after["credits"]] == [credit["credit_id"] for credit in mine["credits"]]
    assert api.get(f"{COMPLETIONS}/{mine['completion_id']}/history").json["data"][0]["action"] == "updated"


def test_both_learner_ids_of_a_provider_go_on_working(api: Api, service: Service) -> None:
    one, into = import_twice(service)
    of_one = api.report(ann()).json["learner"]["learner_id"]
    of_other = api.report(anne("2021-12-11")).json["learner"]["learner_id"]
    assert of_one != of_other
    merge(service, one, into)
    for day, learner_id in (("2021-12-09", of_one), ("2021-12-10", of_other)):
        body = {"learner": {"learner_id": learner_id}, "cme": [{"state": "TN", "credits": 1}]}
        reported = api.report(ann(day) | body)
        assert reported.status == 201, reported.json
        assert reported.json["learner"]["learner_id"] == of_other


def test_a_learner_id_stays_the_same_for_a_provider_that_knew_one_of_the_two(api: Api, service: Service) -> None:
    one, into = import_twice(service)
    first = api.report(ann()).json
    merge(service, one, into)
    assert api.get(f"{COMPLETIONS}/{first['completion_id']}").json["learner"] == first["learner"]
    assert api.report(anne("2021-12-11")).json["learner"]["learner_id"] == first["learner"]["learner_id"]
    unmerge(service, one)
    assert api.get(f"{COMPLETIONS}/{first['completion_id']}").json["learner"] == first["learner"]


def test_one_record_that_was_reported_under_both_is_one(api: Api, service: Service) -> None:
    one, into = import_twice(service)
    api.report(aba())
    mine = api.report(aba(of="Ann")).json
    plan = merge(service, one, into)
    assert [(lost.reason, lost.completion_id) for lost in plan.document.superseded] == [
        (MergeReason.ALREADY_REPORTED, mine["completion_id"])
    ]
    assert plan.document.withdrawn == (mine["completion_id"],)
    assert [credits for _, _, credits in standing(api)] == [(("ABA", 1, "pending"),)]
    undone = unmerge(service, one)
    assert (undone.restored, undone.not_restored) == (1, ())
    assert [credits for _, _, credits in standing(api)] == [(("ABA", 1, "pending"),)] * 2


def test_of_two_equal_credits_the_one_stands_that_its_board_accepted(api: Api, service: Service) -> None:
    one, into = import_twice(service)
    api.report(aba())
    mine = api.report(aba(of="Ann")).json
    decide(service, mine["credits"][0]["credit_id"], "accepted")
    merge(service, one, into)
    assert [credits for _, _, credits in standing(api)] == [(("ABA", 1, "accepted"),)]
    assert api.get(f"{COMPLETIONS}/{mine['completion_id']}").status == 200
    unmerge(service, one)
    assert sorted(status for _, _, credits in standing(api) for *_, status in credits) == ["accepted", "pending"]


def test_a_board_that_takes_one_record_a_day_gets_the_sum(api: Api, service: Service) -> None:
    one, into = import_twice(service)
    api.report(aba(total=1))
    api.report(aba(total=2, of="Ann"))
    before = standing(api)
    plan = merge(service, one, into)
    assert [lost.reason for lost in plan.document.superseded] == [MergeReason.ONE_RECORD_PER_DAY]
    assert standing(api) == [("2021-12-12", 1, (("ABA", 3, "pending"),))]
    unmerge(service, one)
    assert standing(api) == before


def test_credit_that_its_provider_withdrew_meanwhile_does_not_come_back(api: Api, service: Service) -> None:
    one, into = import_twice(service)
    hers = api.report(aba()).json
    api.report(aba(of="Ann"))
    merge(service, one, into)
    api.delete(f"{COMPLETIONS}/{hers['completion_id']}")
    undone = unmerge(service, one)
    assert (undone.restored, len(undone.not_restored)) == (0, 1)
    assert standing(api) == []


def test_two_sessions_of_one_day_stay_two(api: Api, service: Service) -> None:
    one, into = import_twice(service)
    for occasion in (1, 2):
        assert api.report(ann(occasion=occasion)).status == 201
    api.report(ann("2021-12-12", state="ME", license_id="A2", first_name="Anne"))
    merge(service, one, into)
    held = [c for _, _, credits in standing(api) for c in credits if c[0] == "TN-M" and c[2] == "pending"]
    assert len(held) == 2


def test_a_reference_finds_the_record_that_stands(api: Api, service: Service) -> None:
    one, into = import_twice(service)
    hers = api.report(aba()).json
    body = aba(of="Ann") | {"client_reference": "ours-1"}
    assert api.report(body).status == 201
    merge(service, one, into)
    put = api.send("PUT", f"{COMPLETIONS}/by-reference/ours-1", json=aba(total=1))
    assert (put.status, put.json["completion_id"]) == (200, hers["completion_id"])


def test_cme_of_one_day_for_two_states_is_one_amount(api: Api, service: Service) -> None:
    one, into = import_twice(service)
    api.report(ann(reference="ours-1"))
    api.report(anne())
    before = standing(api)
    plan = merge(service, one, into)
    assert [lost.reason for lost in plan.document.superseded] == [MergeReason.SAME_COMPLETION]
    assert standing(api) == [("2021-12-12", 1, (("ME-M", 2, "pending"), ("TN-M", 2, "pending")))]
    unmerge(service, one)
    assert sorted(standing(api)) == sorted(
        [("2021-12-12", 1, (("ME-M", 2, "pending"), ("TN-M", 2, "withdrawn"))), before[1]]
    )


def test_points_move_beside_cme_of_the_same_day(api: Api, service: Service) -> None:
    one, into = import_twice(service)
    api.report(ann())
    api.report(aba())
    merge(service, one, into)
    assert standing(api) == [
        ("2021-12-12", 1, (("ABA", 1, "pending"),)),
        ("2021-12-12", 2, (("TN-M", 2, "pending"),)),
    ]
    unmerge(service, one)
    assert [occasion for _, occasion, _ in standing(api)] == [1, 1]


def test_together_they_may_not_hold_more_than_the_activity_gives(api: Api, service: Service) -> None:
    one, into = import_twice(service)
    activity = api.register(ama_pra_credits=3).json["activity_id"]
    assert api.report(ann(activity_id=activity)).status == 201
    assert api.report(anne("2021-12-11", activity_id=activity)).status == 201
    with pytest.raises(Conflict) as refused:
        merge(service, one, into)
    assert activity in refused.value.errors[0].detail
    assert len(standing(api)) == 2


def test_what_speaks_against_it_must_be_overruled(api: Api, service: Service) -> None:
    import_people(
        service,
        {
            "first_name": "Ann",
            "last_name": "Twice",
            "date_of_birth": "05/06",
            "npi": "1000000012",
            "licenses": "TN-M:1",
        },
        {
            "first_name": "Ann",
            "last_name": "Twice",
            "date_of_birth": "06/05",
            "npi": "1000000004",
            "licenses": "ME-M:1",
        },
    )
    one, into = (id for id, who in physicians_on_file(service).items() if ("twice", "ann") in who.names)
    with pytest.raises(Conflict) as refused:
        merge(service, one, into)
    assert len(refused.value.errors) == 2
    merge(service, one, into, overrule=set(Overruled))
    assert physicians_on_file(service)[into].npi == "1000000004"
    unmerge(service, one)
    assert physicians_on_file(service)[one].npi == "1000000012"


def test_whatever_was_merged_is_as_before_once_it_is_undone(api: Api, service: Service) -> None:
    one, into = import_twice(service)
    api.report(ann(reference="a"))
    api.report(aba("2021-12-10", reference=None))
    before, people = standing(api), physicians_on_file(service)
    merge(service, one, into)
    unmerge(service, one)
    assert standing(api) == before
    assert physicians_on_file(service) == people


def test_merges_are_undone_in_their_order(api: Api, service: Service) -> None:
    one, into = import_twice(service)
    import_people(
        service, {"first_name": "Anna", "last_name": "Twice", "date_of_birth": "05/06", "licenses": "VT-M:A3"}
    )
    third = next(id for id, who in physicians_on_file(service).items() if ("twice", "anna") in who.names)
    api.report(ann())
    people = physicians_on_file(service)
    merge(service, one, into)
    merge(service, into, third)
    with pytest.raises(Conflict):
        unmerge(service, one)
    unmerge(service, into)
    unmerge(service, one)
    assert physicians_on_file(service) == people


def test_a_delete_by_row_that_was_done_before_the_merge_is_unchanged_after_it(api: Api, service: Service) -> None:
    one, into = import_twice(service)
    mine = api.report(ann()).json
    api.delete(f"{COMPLETIONS}/{mine['completion_id']}")
    merge(service, one, into)
    who = Person(first_name="Ann", last_name="Twice", birth_date=MonthDay(5, 6))
    row = delete(CmePart(state="TN", license_id="A1"), person=who)
    (done,) = submit(service, row)
    assert done.outcome is Outcome.UNCHANGED, done.findings
