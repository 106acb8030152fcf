"""Own references hold: what was unchanged or joined is found by the reference it was sent under, at every door."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.domain.reports import MOST_REFERENCES
from app.services.context import Service
from tests.builders.bodies import COURSE, a_completion, john, points, tina
from tests.harness.api import Api, settle
from tests.harness.board_views import decide
from tests.harness.uploads import rows_of, worked

COMPLETIONS = "/v1/learner-completions"


pytestmark = pytest.mark.usefixtures("proven")


def found(api: Api, reference: str) -> list[str]:
    """Return the ids of the completions that a reference finds."""
    return [completion["completion_id"] for completion in api.completions(client_reference=reference)]


def references(answer: Any) -> list[list[str]]:
    return [credit["client_references"] for credit in answer["credits"]]


def events(api: Api, completion_id: str) -> list[str]:
    listed = api.get("/v1/events", limit=500).json["data"]
    return [event["type"] for event in listed if event["data"].get("completion_id") == completion_id]


def test_an_unchanged_record_keeps_a_new_reference(api: Api, service: Service) -> None:
    first = api.report(a_completion(reference="lms:1")).json
    again = api.report(a_completion(reference="registrar:9"))
    assert (again.status, again.json["outcome"], again.json["version"]) == (200, "unchanged", 2)
    assert references(again.json) == [["lms:1", "registrar:9"]]
    assert again.json["findings"][0]["detail"] == ("All of this was reported before; only its new reference was added.")
    assert found(api, "lms:1") == found(api, "registrar:9") == [first["completion_id"]]
    settle(service)
    assert events(api, first["completion_id"]) == ["completion.reported"]
    assert [
        version["action"] for version in api.get(f"{COMPLETIONS}/{first['completion_id']}/history").json["data"]
    ] == [
        "updated",
        "created",
    ]


def test_a_reference_that_is_known_writes_nothing_in_any_spelling(api: Api) -> None:
    first = api.report(a_completion(client_reference="caf\u00e9")).json
    for spelling in ("caf\u00e9", "cafe\u0301", " caf\u00e9 "):
        again = api.report(a_completion(client_reference=spelling)).json
        assert (again["outcome"], again["version"]) == ("unchanged", 1)
        assert again["findings"][0]["detail"] == "All of this was reported before; nothing was written."
    assert references(first) == [["caf\u00e9"]]


def test_a_record_without_reference_writes_nothing(api: Api) -> None:
    api.report(a_completion(reference="lms:1"))
    assert api.report(a_completion()).json["version"] == 1


def test_a_record_that_joins_gives_its_reference_to_what_was_there(api: Api) -> None:
    first = api.report(john(client_reference="lms:1") | {"moc": []}).json
    joined = api.report(john(client_reference="registrar:9")).json
    assert (joined["outcome"], joined["completion_id"]) == ("joined", first["completion_id"])
    assert references(joined) == [["lms:1", "registrar:9"], ["registrar:9"]]
    assert found(api, "lms:1") == found(api, "registrar:9") == [first["completion_id"]]


def test_references_of_every_level_are_kept(api: Api) -> None:
    api.report(john(client_reference="row-1"))
    again = john(client_reference="row-2")
    again["cme"][0]["client_reference"] = "cme-2"
    again["moc"][0]["credit_types"][1]["client_reference"] = "type-2"
    again["moc"][0]["client_references"] = ["moc-3"]
    answer = api.report(again).json
    assert references(answer) == [["cme-2", "row-1", "row-2"], ["moc-3", "row-1", "row-2", "type-2"]]
    assert (
        len({completion for name in ("row-1", "row-2", "cme-2", "type-2", "moc-3") for completion in found(api, name)})
        == 1
    )


def test_every_reference_of_a_bulk_of_records_known_already_finds_its_completion(api: Api) -> None:
    days = [f"2021-12-{day:02d}" for day in range(1, 16)]
    api.post(f"{COMPLETIONS}:bulk", {"items": [a_completion(completed_on=day, credits=1) for day in days]})
    items = [a_completion(completed_on=day, credits=1, reference=f"{system}:{day}") for day in days for system in "ab"]
    answer = api.post(f"{COMPLETIONS}:bulk", {"items": items}).json
    assert answer["summary"]["unchanged"] == 30
    for item, sent in zip(answer["items"], items, strict=True):
        assert found(api, sent["cme"][0]["client_reference"]) == [item["completion"]["completion_id"]]


def test_a_record_and_its_second_name_in_one_bulk_are_one(api: Api) -> None:
    items = [a_completion(client_reference=name) for name in ("a", "b", "c")]
    answer = api.post(f"{COMPLETIONS}:bulk", {"items": items}).json
    assert [item["completion"]["version"] for item in answer["items"]] == [1, 2, 3]
    assert found(api, "a") == found(api, "b") == found(api, "c") != []


def test_a_preview_shows_the_reference_and_keeps_it_not(api: Api) -> None:
    api.report(a_completion(reference="lms:1"))
    preview = api.post(f"{COMPLETIONS}:preview", a_completion(reference="registrar:9")).json
    assert (preview["outcome"], references(preview)) == ("unchanged", [["lms:1", "registrar:9"]])
    assert found(api, "registrar:9") == []


@pytest.mark.parametrize("at_once", [1, 50])
def test_rows_of_files_keep_their_references(api: Api, service: Service, at_once: int) -> None:
    first = api.report(john() | {"moc": []}).json
    lines = [json.dumps(john(client_reference=f"file:{number}")).encode() for number in range(3)]
    batch = worked(api, service, b"\n".join(lines), name="learners.ndjson", at_once=at_once)
    assert (batch["counts"]["joined"], batch["counts"]["unchanged"]) == (1, 2)
    assert {row["completion_id"] for row in rows_of(api, batch)} == {first["completion_id"]}
    for number in range(3):
        assert found(api, f"file:{number}") == [first["completion_id"]]


def test_a_dry_run_of_a_file_keeps_no_reference(api: Api, service: Service) -> None:
    api.report(john())
    worked(api, service, json.dumps(john(client_reference="file:1")).encode(), name="learners.ndjson", dry_run=True)
    assert found(api, "file:1") == []


def test_targets_that_stand_in_two_completions_keep_their_references_in_both(api: Api) -> None:
    first = api.report(john() | {"moc": []}).json
    second = api.report(john() | {"cme": [], "occasion": 2}).json
    assert first["completion_id"] != second["completion_id"]
    again = api.report(john(client_reference="both")).json
    assert again["outcome"] == "unchanged"
    assert set(found(api, "both")) == {first["completion_id"], second["completion_id"]}


def test_of_two_records_alike_the_one_that_bears_the_reference_is_meant(api: Api) -> None:
    for occasion in (1, 2):
        api.report(a_completion(reference=f"visit:{occasion}") | {"occasion": occasion})
    again = api.report(a_completion(reference="visit:2")).json
    assert (again["outcome"], again["version"]) == ("unchanged", 1)
    assert len(found(api, "visit:2")) == 1


def test_participation_without_credit_is_found_by_its_reference(api: Api) -> None:
    activity = api.register(rems={"type": "opioid", "identifier": "X1"}).json["activity_id"]
    body = a_completion(activity, credits=None, client_reference="rems:1") | {
        "rems": {"local_id": "17", "profession": "Nurse"}
    }
    first = api.report(body)
    assert first.status == 201, first.json
    again = api.report(body | {"client_reference": "rems:2"}).json
    assert (again["outcome"], again["version"]) == ("unchanged", 2)
    assert found(api, "rems:1") == found(api, "rems:2") == [first.json["completion_id"]]
    assert [c["completion_id"] for c in api.completions(q="rems:2")] == [first.json["completion_id"]]
    assert api.completions(client_reference="rems:2", status="pending") == []


def test_a_decided_credit_keeps_its_status_when_it_gets_a_reference(api: Api, service: Service) -> None:
    first = api.report(tina()).json
    settle(service)
    decide(service, first["credits"][0]["credit_id"], "accepted")
    again = api.report(tina(client_reference="late:1")).json
    (credit,) = again["credits"]
    assert (credit["status"], credit["client_references"]) == ("accepted", ["late:1"])


def test_a_refused_record_leaves_no_reference(api: Api) -> None:
    api.report(tina())
    refused = api.report(tina(total=0.5, client_reference="second:1"))
    assert refused.codes == {"one-record-per-day"}
    assert found(api, "second:1") == []


def test_a_reference_used_already_names_the_completion(api: Api) -> None:
    first = api.report(a_completion(reference="a:1")).json["completion_id"]
    refused = api.report(a_completion(reference="a:1", credits=3)).json
    (error,) = refused["errors"]
    assert (error["code"], error["completion_id"]) == ("reference-reused", first)
    assert first in error["hint"]
    assert [finding["completion_id"] for finding in refused["findings"] if finding["rule"] == error["code"]] == [first]


def test_what_stands_in_the_way_of_a_record_is_named(api: Api) -> None:
    aba = api.report(tina()).json["completion_id"]
    refused = api.report(tina(total=0.5)).json["errors"][0]
    assert (refused["code"], refused["completion_id"]) == ("one-record-per-day", aba)
    cme = api.report(a_completion()).json["completion_id"]
    beside = api.report(a_completion(credits=3)).json["findings"][0]
    assert (beside["rule"], beside["completion_id"]) == ("second-record-same-day", cme)
    occasion = api.report(a_completion(credits=4) | {"occasion": 1}).json["errors"][0]
    assert (occasion["code"], occasion["completion_id"]) == ("reference-reused", cme)


def test_a_record_has_a_hundred_references_and_says_that_a_further_one_is_not_kept(api: Api) -> None:
    body = a_completion(COURSE, "2021-02-14", client_reference="r:0")
    api.report(body)
    items = [body | {"client_reference": f"r:{number}"} for number in range(1, MOST_REFERENCES)]
    api.post(f"{COMPLETIONS}:bulk", {"items": items})
    assert len(found(api, f"r:{MOST_REFERENCES - 1}")) == 1
    more = api.report(body | {"client_reference": "one:more"})
    assert more.json["outcome"] == "unchanged"
    assert more.warnings >= {"already-reported", "references-full"}
    assert found(api, "one:more") == []
    named = api.send("PUT", f"{COMPLETIONS}/by-reference/one:more", json=body | {"client_reference": None})
    assert named.codes == {"references-full"}


def test_a_bulk_item_may_bring_points_for_a_completion_of_the_same_bulk(api: Api) -> None:
    items = [
        john(client_reference="lms:1") | {"moc": []},
        john(client_reference="lms:2") | {"cme": [], "moc": [points("ABIM", "999999", 2.25, Medical_Knowledge=2.25)]},
        john(client_reference="lms:3") | {"moc": []},
    ]
    answer = api.post(f"{COMPLETIONS}:bulk", {"items": items}).json
    assert [item["completion"]["outcome"] for item in answer["items"]] == ["created", "joined", "unchanged"]
    assert references(answer["items"][2]["completion"]) == [["lms:1", "lms:3"], ["lms:2"]]
