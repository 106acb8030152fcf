"""Two providers that are one organisation: everything moves, the old id is good for ever, and nothing is lost."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.core.errors import OperatorFault
from app.models.tables import metadata
from app.services.access import authentication, clients, provider_merging, providers
from app.services.access.authentication import FRESH_SECONDS
from app.services.access.provider_merging import ProviderMerge
from app.services.batches.steps import Pace, apply_some, read_one
from app.services.context import Service, operator, transact
from app.services.events.recovery import recover_next
from app.services.operations import checks
from app.services.operations.sealing import seal_next
from app.store.access import provider_merges as merges
from app.store.sql import statements
from tests.builders.bodies import GRAND_ROUNDS, a_completion, an_activity, tina
from tests.builders.people import import_people
from tests.builders.sent_files import row, tab_text
from tests.harness.api import Api, api_of, settle
from tests.harness.board_views import decide, live, replayed
from tests.harness.databases import ON_SQLITE
from tests.harness.held import NORA, hold, nora
from tests.harness.refusals import assert_problem
from tests.harness.uploads import file_of, rows_of, upload, work_through, worked

ONE, INTO, OTHER = "0008001", "0008777", "0008002"


@pytest.fixture
def staying(http: TestClient, service: Service) -> Api:
    """A client of the provider that stays."""
    return api_of(http, service, "Staying", providers=[INTO])


def merge(service: Service, one: str = ONE, into: str = INTO, **options: Any) -> ProviderMerge:
    """Merge as the command does, but for the pause."""
    planned = transact(operator(service), provider_merging.plan, one, into)
    transact(operator(service), provider_merging.announce, planned, "a")
    time.sleep(FRESH_SECONDS)
    return transact(operator(service), provider_merging.merge, one, into, **options)


def prove(service: Service) -> None:
    while service.database.write(lambda connection: seal_next(connection, service)):
        pass
    assert replayed(service) == live(service)
    faults = checks.find_faults(service)
    assert faults == [], faults


def test_what_one_had_is_the_others_and_goes_on(api: Api, staying: Api, service: Service) -> None:
    first = api.report(tina()).json
    own_id = first["learner"]["learner_id"]
    held = hold(api, nora()).json["held_id"]
    batch = worked(api, service, tab_text([row(), row(Date_of_Birth="13/45")]))
    before = {completion["completion_id"]: completion for completion in api.completions(limit=500)}
    done = merge(service)
    prove(service)
    assert done.rows["held records"] == 1 and done.rows["files"] == 1
    for client, header in ((staying, {}), (api, {}), (api, {"PARS-Provider": ONE}), (api, {"PARS-Provider": INTO})):
        found = client.send("GET", "/v1/learner-completions", header, params={"limit": 500}).json["data"]
        assert {completion["completion_id"] for completion in found} == before.keys()
        assert {completion["provider_id"] for completion in found} == {INTO}
    # Corrected, withdrawn, reported again and named by the learner id that was known.
    path = f"/v1/learner-completions/{first['completion_id']}"
    changed = staying.send("PUT", path, headers={"If-Match": "*"}, json=tina(total=0.5))
    assert (changed.status, changed.json["learner"]["learner_id"]) == (200, own_id)
    assert staying.report(tina(total=0.5)).json["outcome"] == "unchanged"
    by_id = tina("2021-12-02", learner={"learner_id": own_id})
    assert staying.report(by_id).status == 201
    assert len(staying.completions(learner_id=own_id)) == 2
    assert staying.get(f"{path}/history").status == 200
    assert staying.delete(path).status == 204
    # Held, and the same sent again is the same.
    assert staying.get(f"/v1/held-records/{held}").json["status"] == "waiting"
    assert hold(api, nora()).json["held_id"] == held
    import_people(service, NORA)
    # Files of before are read, and retried.
    assert staying.get(f"/v1/batches/{batch['batch_id']}").json["counts"]["rejected"] == 1
    assert b"13/45" in file_of(api, batch, "rejected")
    assert staying.post(f"/v1/batches/{batch['batch_id']}/retry", {}).status == 200
    work_through(service)
    assert [outcome["outcome"] for outcome in rows_of(staying, batch)] == ["added", "rejected"]
    prove(service)


def test_learner_ids_of_both_are_good_for_whom_both_knew(api: Api, service: Service, http: TestClient) -> None:
    theirs = api_of(http, service, "Theirs", providers=[INTO])
    course = theirs.register().json["activity_id"]
    one = api.report(a_completion()).json["learner"]["learner_id"]
    other = theirs.report(a_completion(course)).json["learner"]["learner_id"]
    assert one != other
    merge(service)
    for learner_id in (one, other):
        reported = theirs.report(a_completion(course, "2021-12-01", learner={"learner_id": learner_id}))
        assert reported.json["learner"]["learner_id"] == other
        assert {found["learner"]["learner_id"] for found in theirs.completions(learner_id=learner_id)} == {other}
        assert {course, GRAND_ROUNDS} <= {found["activity_id"] for found in theirs.completions(learner_id=learner_id)}
    prove(service)


def test_the_old_id_is_good_in_every_place_where_a_provider_is_named(
    api: Api, staying: Api, service: Service, http: TestClient
) -> None:
    merge(service)
    vendor = api_of(http, service, "vendor", role="vendor", providers=[ONE])
    assert vendor.get("/v1/grants", provider_id=ONE).json["data"][0]["provider_id"] == INTO
    (provider,) = vendor.get("/v1/providers").json["data"]
    assert (provider["provider_id"], provider["former_ids"]) == (INTO, [ONE])
    assert vendor.report(a_completion(), PARS_Provider=ONE).json["provider_id"] == INTO
    boss = api_of(http, service, "boss", role="operator")
    assert boss.report(a_completion(), PARS_Provider=ONE).json["outcome"] == "unchanged"
    assert ONE not in [listed["provider_id"] for listed in boss.get("/v1/providers", limit=500).json["data"]]
    for command, arguments in (
        (clients.add_provider, (ONE, "Again")), (providers.rename, (ONE, "Again")),
        (provider_merging.plan, (ONE, OTHER)), (provider_merging.plan, (ONE, INTO)),
        (provider_merging.plan, (INTO, ONE)),
    ):  # fmt: skip
        with pytest.raises(OperatorFault, match=r"merged into|one provider already"):
            transact(operator(service), command, *arguments)
    transact(operator(service), clients.revoke, "vendor", ONE)
    assert vendor.report(a_completion(), PARS_Provider=INTO).status == 403
    stranger = api_of(http, service, "stranger", providers=[OTHER])
    refused = [stranger.report(a_completion(), PARS_Provider=id) for id in (ONE, INTO, "0000000")]
    assert [answer.status for answer in refused] == [403, 403, 403]
    assert len({str(answer.json | {"request_id": ""}) for answer in refused}) == 1
    prove(service)


def test_a_merge_of_a_merge_leads_to_the_last(api: Api, staying: Api, service: Service, http: TestClient) -> None:
    reported = api.report(a_completion()).json
    merge(service)
    staying.report(a_completion(completed_on="2021-12-11"))
    merge(service, INTO, OTHER)
    last = api_of(http, service, "last", providers=[OTHER])
    (provider,) = last.get("/v1/providers").json["data"]
    assert provider["former_ids"] == [ONE, INTO]
    for client, named in ((api, ONE), (staying, INTO), (staying, ONE), (last, OTHER)):
        found = client.send("GET", f"/v1/learner-completions/{reported['completion_id']}", {"PARS-Provider": named})
        assert (found.status, found.json["provider_id"]) == (200, OTHER)
    prove(service)


def test_what_both_have_is_named_before_anything_is_changed(api: Api, staying: Api, service: Service) -> None:
    first = api.register(internal_id="Ex 1").json["activity_id"]
    second = staying.register(internal_id="\uff25x 1").json["activity_id"]
    mine = api.report(a_completion(first, "2021-12-12", reference="r:1")).json["completion_id"]
    theirs = staying.report(a_completion(second, "2021-12-11", reference="r:1")).json["completion_id"]
    address = {"url": "https://lms.example.org/pars"}
    hooks = [client.post("/v1/webhook-endpoints", address).json["endpoint_id"] for client in (api, staying)]
    both = transact(operator(service), clients.create, "both", role="vendor", provider_ids=[ONE, INTO]).client_id
    transact(operator(service), clients.revoke, both, INTO)
    planned = transact(operator(service), provider_merging.plan, ONE, INTO)
    assert {kind: found.examples for kind, found in planned.collisions.items()} == {
        "internal-id": [(first, second)], "reference": [(mine, theirs)], "webhook-url": [tuple(hooks)],
        "grant": [(both, both)],
    }  # fmt: skip
    with pytest.raises(OperatorFault, match="grant, internal-id, reference, webhook-url"):
        merge(service)
    assert api.get("/v1/me").json["providers"][0]["provider_id"] == ONE
    prove(service)
    transact(operator(service), clients.revoke, both, ONE)
    api.delete(f"/v1/webhook-endpoints/{hooks[0]}")
    api.send("PATCH", f"/v1/activities/{first}", {"If-Match": "*"}, json={"internal_id": "Ex 2"})
    merge(service, share_references=True)
    refused = api.send("PUT", "/v1/learner-completions/by-reference/r:1", json=a_completion(first, reference="r:1"))
    assert refused.status in (409, 422)
    prove(service)


def test_events_and_webhooks_go_on_under_the_other_id(
    api: Api, staying: Api, service: Service, http: TestClient
) -> None:
    vendor = api_of(http, service, "vendor", role="vendor", providers=[ONE])
    endpoint = api.post("/v1/webhook-endpoints", {"url": "https://lms.example.org/one"}).json["endpoint_id"]
    settle(service)

    def deliveries() -> list[Any]:
        listed: list[Any] = api.get(f"/v1/webhook-endpoints/{endpoint}/deliveries", limit=500).json["data"]
        assert {delivery["status"] for delivery in listed} == {"pending"}
        return [delivery for delivery in listed if delivery["event_type"] == "completion.reported"]

    queued = len(deliveries())
    cursor = api.get("/v1/events", limit=500).json["next_cursor"]
    of_vendor = vendor.get("/v1/events", limit=500).json["next_cursor"]
    # Sealed after the merge, though reported before.
    told = api.report(a_completion()).json["completion_id"]
    merge(service)
    prove(service)
    later = staying.report(a_completion(completed_on="2021-12-11")).json["completion_id"]
    prove(service)
    for client, after in ((api, cursor), (vendor, of_vendor)):
        page = client.get("/v1/events", after=after).json
        found = [event["data"]["completion_id"] for event in page["data"] if event["type"] == "completion.reported"]
        assert found == [told, later]
        assert client.get("/v1/events", after=page["next_cursor"]).json["data"] == []
    everything = staying.get("/v1/events", limit=500).json["data"]
    assert {told, later} <= {event["data"].get("completion_id") for event in everything}
    assert len(deliveries()) == queued + 2
    recovering = api.post(f"/v1/webhook-endpoints/{endpoint}/recover", {"since": "2021-12-01T00:00:00Z"})
    assert recovering.status == 202
    while recover_next(service):
        pass
    prove(service)


def test_a_board_decides_on_what_was_reported_under_the_old_id(api: Api, staying: Api, service: Service) -> None:
    (credit,) = api.report(tina()).json["credits"]
    merge(service)
    decide(service, credit["credit_id"], "accepted")
    prove(service)
    (completion,) = staying.completions(status="accepted", board="ABA", last_name="Karacme", activity_id=GRAND_ROUNDS)
    assert completion["credits"][0]["status"] == "accepted"


def test_an_idempotent_request_is_answered_again_under_either_id(
    api: Api, staying: Api, service: Service, http: TestClient
) -> None:
    vendor = api_of(http, service, "vendor", role="vendor", providers=[ONE, INTO])
    key = {"Idempotency_Key": "k-1"}
    first = vendor.report(a_completion(), PARS_Provider=ONE, **key)
    other = vendor.post("/v1/activities", an_activity(), PARS_Provider=INTO, Idempotency_Key="k-2")
    clash = vendor.post("/v1/activities", an_activity(title="Another"), PARS_Provider=ONE, Idempotency_Key="k-2")
    assert (other.status, clash.status) == (201, 201)
    merge(service)
    for named in (ONE, INTO):
        again = vendor.report(a_completion(), PARS_Provider=named, **key)
        assert (again.json["completion_id"], again.response.headers["Idempotency-Replayed"]) == (
            first.json["completion_id"], "true",
        )  # fmt: skip
    # Used at both: that of the one that stays counts, and the other is refused rather than guessed.
    kept = vendor.post("/v1/activities", an_activity(), PARS_Provider=INTO, Idempotency_Key="k-2")
    assert kept.json["activity_id"] == other.json["activity_id"]
    lost = vendor.post("/v1/activities", an_activity(title="Another"), PARS_Provider=ONE, Idempotency_Key="k-2")
    assert (lost.status, lost.json["code"]) == (422, "idempotency-mismatch")
    prove(service)


def test_a_file_under_way_goes_on_and_documents_may_name_the_old_id(api: Api, staying: Api, service: Service) -> None:
    sent = upload(api, tab_text([row(Completion_Date=f"12/{day:02}/2021") for day in range(1, 13)]))
    assert read_one(service)
    pace = Pace(on_sqlite=service.database.on_sqlite, at_once=2)
    assert apply_some(service, pace)
    merge(service)
    work_through(service)
    batch = staying.get(f"/v1/batches/{sent.json['batch_id']}").json
    assert (batch["status"], batch["counts"]["read"], batch["counts"].get("rejected", 0)) == ("completed", 12, 0)
    prove(service)


@ON_SQLITE
def test_the_time_of_the_accreditation_is_that_of_both(api: Api, staying: Api, service: Service) -> None:
    transact(operator(service), providers.set_accreditation, ONE, since=date(2015, 1, 1), until=date(2021, 12, 31))
    transact(operator(service), providers.set_accreditation, INTO, since=date(2022, 1, 1), until=date(2027, 12, 31))
    assert merge(service).widened
    (provider,) = staying.get("/v1/providers").json["data"]
    assert (provider["accredited_from"], provider["accredited_to"]) == ("2015-01-01", "2027-12-31")
    assert staying.report(a_completion()).status == 201


def test_every_table_with_a_provider_moves_or_has_a_reason_to_stay() -> None:
    named = {table.name for table in metadata.sorted_tables if "provider_id" in table.columns}
    assert named == {*merges.SIMPLE, *merges.UNLESS_KNOWN, *merges.APART, *merges.STAYS}


def rems(api: Api, completed_on: str) -> Any:
    activity = api.register(rems={"type": "REMS", "identifier": "opioid"})
    part = {"local_id": "N-17", "profession": "Nurse"}
    return api.report(a_completion(activity.json["activity_id"], completed_on, credits=None, rems=part, learner={}))


def test_who_is_known_by_a_local_id_stays_the_same(api: Api, staying: Api, service: Service) -> None:
    reported = rems(api, "2021-12-12")
    assert reported.status == 201, reported.json
    merge(service)
    prove(service)
    again = a_completion(
        reported.json["activity_id"], "2021-12-12", credits=None,
        rems={"local_id": "N-17", "profession": "Nurse"}, learner={},
    )  # fmt: skip
    assert staying.report(again).json["outcome"] == "unchanged"
    prove(service)


def test_what_was_let_in_before_the_merge_takes_effect_for_the_other(
    api: Api, staying: Api, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a process remembers of a client is old: nothing is written for the old id, and the request begins anew."""
    monkeypatch.setattr(authentication, "FRESH_SECONDS", 60.0)
    monkeypatch.setattr(authentication, "CACHE_SECONDS", 60.0)
    assert api.get("/v1/learner-completions").status == 200
    transact(operator(service), provider_merging.merge, ONE, INTO)
    registered = api.register(title="Late")
    assert (registered.status, registered.json["provider_id"]) == (201, INTO)
    reported = api.report(a_completion())
    assert (reported.status, reported.json["provider_id"]) == (201, INTO)
    bulk = api.post("/v1/learner-completions:bulk", {"items": [a_completion(completed_on="2021-12-11")]})
    assert [item["status"] for item in bulk.json["items"]] == [201]
    refused = upload(api, tab_text([row()]))
    assert_problem(refused, 409, "conflict")
    assert "merged into another one while the file arrived" in refused.json["detail"]
    left = service.database.read(
        lambda connection: statements.fetch(connection, "SELECT 1 FROM activities WHERE provider_id = :id", {"id": ONE})
    )
    assert not left
    prove(service)


def test_a_provider_that_is_about_to_be_merged_goes_on_as_before(api: Api, service: Service) -> None:
    planned = transact(operator(service), provider_merging.plan, ONE, OTHER)
    transact(operator(service), provider_merging.announce, planned, "a")
    time.sleep(FRESH_SECONDS)
    # Its client is no longer taken for its own without a look: a revoked grant is seen at once.
    assert api.report(a_completion()).status == 201
    transact(operator(service), clients.revoke, api.client_id, ONE)
    assert api.report(a_completion(completed_on="2021-12-11"), PARS_Provider=ONE).status == 403
    transact(operator(service), provider_merging.withdraw_announcement, planned, "a")
    prove(service)
