"""The id of a provider that was merged means the one that stands, at every door that takes an id of a provider."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.domain.batches import BatchKind, BatchOwner
from app.routers.callers import CallerDependency, access_of, declared_routes
from app.services.access import clients
from app.services.batches.command import run_batch
from app.services.batches.steps import read_one
from app.services.context import Service, operator, transact
from tests.api.access.test_provider_merges import INTO, ONE, OTHER, merge, prove
from tests.builders.bodies import GRAND_ROUNDS, a_completion
from tests.builders.sent_files import JOHN, row, tab_text
from tests.harness.api import Answer, Api, api_of
from tests.harness.held import hold, nora
from tests.harness.uploads import rows_of, upload, work_through, worked

NOBODYS = "0009999"
XML = """<ActivityReports xmlns="http://ns.medbiq.org/activityreport/v1/">{reports}</ActivityReports>"""
REPORT = """<ActivityReport>
<Member><Name><GivenName>Rebecca</GivenName><FamilyName>Test</FamilyName></Name>
<PersonalInfo><BirthDate>1970-02-01</BirthDate></PersonalInfo></Member>
<Activity><ProviderOrganization>{provider}</ProviderOrganization><Module>
<ModuleName moduleID="{activity}">Grand Rounds</ModuleName><Status>Completed</Status>
<CompletedDateTime>{day}</CompletedDateTime>
<CreditCertificate><UniqueID domain="TN">444444</UniqueID>
<CreditReceived activityCertification="AMA PRA Category 1" creditUnit="Point" numberOfCredits="2"/></CreditCertificate>
</Module></Activity></ActivityReport>"""


def document(*providers: str) -> bytes:
    """A document of reports on one day after another, each of which names a provider."""
    reports = [
        REPORT.format(provider=provider, activity=GRAND_ROUNDS, day=f"2021-12-{place:02}")
        for place, provider in enumerate(providers, start=1)
    ]
    return XML.format(reports="".join(reports)).encode()


@pytest.fixture
def staying(http: TestClient, service: Service) -> Api:
    return api_of(http, service, "Staying", providers=[INTO])


@pytest.fixture
def vendor(http: TestClient, service: Service) -> Api:
    return api_of(http, service, "Vendor", role="vendor", providers=[ONE, OTHER])


def test_a_document_may_name_the_provider_by_every_id_it_had(api: Api, staying: Api, service: Service) -> None:
    waiting = upload(api, document(ONE, INTO, NOBODYS), name="before.xml").json
    assert read_one(service)
    merge(service)
    work_through(service)
    told = rows_of(staying, waiting)
    assert [found["outcome"] for found in told] == ["added", "added", "rejected"]
    assert [finding["rule"] for finding in told[2]["findings"]] == ["activity-known"]
    for client in (api, staying):
        again = worked(client, service, document(ONE, INTO, NOBODYS), name="after.xml")
        assert [found["outcome"] for found in rows_of(client, again)] == ["unchanged", "unchanged", "rejected"]
    merge(service, INTO, OTHER)
    last = worked(api, service, document(ONE, INTO, OTHER), name="last.xml")
    assert [found["outcome"] for found in rows_of(api, last)] == ["unchanged", "unchanged", "added"]
    assert {found["provider_id"] for found in api.completions(limit=500)} == {OTHER}
    prove(service)


def test_every_operation_takes_the_old_id_in_the_header(
    http: TestClient, api: Api, staying: Api, vendor: Api, service: Service
) -> None:
    """Those that need no id in their address, as a vendor, an operator and the provider itself: alike to the byte."""
    api.report(a_completion())
    hold(api, nora())
    merge(service)
    boss = api_of(http, service, "Boss", role="operator")
    paths = [
        route.path
        for route in declared_routes(http.app)  # type: ignore[arg-type]
        if "GET" in route.methods and "{" not in route.path and "provider" in _headers_of(route)
    ]
    assert len(paths) >= 6, paths
    for path in paths:
        for client in (api, staying, vendor, boss):
            by_id = {id: client.send("GET", path, {"PARS-Provider": id}) for id in (ONE, INTO)}
            assert by_id[ONE].status == by_id[INTO].status != 403, path
            if not path.endswith("/events"):
                assert _told(by_id[ONE]) == _told(by_id[INTO]), path


def _headers_of(route: Any) -> set[str]:
    assert access_of(route) is not None
    found = [one.call for one in route.dependant.dependencies if isinstance(one.call, CallerDependency)]
    return {name for call in found for name in call.__signature__.parameters}


def _told(answer: Answer) -> Any:
    """What was answered, but for cursors and the id of the request: each is another every time."""
    return {name: value for name, value in answer.json.items() if name not in ("next_cursor", "request_id")}


Ask = Callable[[Api, str], Answer]
DOORS: dict[str, Ask] = {
    "grants": lambda boss, one: boss.get("/v1/grants", provider_id=one, limit=500),
    "help requests": lambda boss, one: boss.get("/v1/help-requests", provider_id=one),
    "audit": lambda boss, one: boss.get("/v1/audit", provider_id=one, verb="report"),
}


@pytest.mark.parametrize("door", DOORS)
def test_a_filter_by_the_old_id_finds_what_the_new_one_finds(
    http: TestClient, api: Api, staying: Api, vendor: Api, service: Service, door: str
) -> None:
    api.report(a_completion())
    held = hold(api, nora()).json["held_id"]
    assert api.post(f"/v1/held-records/{held}/ask", {}).status in (200, 201)
    merge(service)
    staying.report(a_completion(completed_on="2021-12-11"))
    boss = api_of(http, service, "Boss", role="operator")
    old, new = (DOORS[door](boss, id) for id in (ONE, INTO))
    assert old.status == 200, old.json
    assert old.json["data"] and _told(old) == _told(new)
    assert DOORS[door](boss, NOBODYS).json["data"] == []
    if door == "audit":
        assert {entry["provider_id"] for entry in old.json["data"]} == {ONE, INTO}, "each as it was written"


def test_clients_and_grants_are_given_by_the_old_id(
    http: TestClient, api: Api, staying: Api, vendor: Api, service: Service
) -> None:
    merge(service)
    boss = api_of(http, service, "Boss", role="operator")
    for maker in (api, staying, boss):
        body = {"name": "Made", "provider_ids": [ONE], **({"role": "provider"} if maker is boss else {})}
        made = maker.post("/v1/clients", body)
        assert (made.status, made.json["provider_ids"]) == (201, [INTO])
    guest = api_of(http, service, "Guest", role="vendor")
    for client in (api, boss):
        given = client.send("PUT", f"/v1/grants/{guest.client_id}", {"PARS-Provider": ONE})
        assert given.json["provider_id"] == INTO
        assert guest.send("GET", "/v1/activities", {"PARS-Provider": ONE}).status == 200
        assert client.send("DELETE", f"/v1/grants/{guest.client_id}", {"PARS-Provider": ONE}).status == 204
        assert guest.send("GET", "/v1/activities", {"PARS-Provider": INTO}).status == 403
    prove(service)


def test_a_cursor_made_under_the_old_id_goes_on(
    api: Api, staying: Api, vendor: Api, service: Service, http: TestClient
) -> None:
    """A reader in the middle of a list when its provider is merged sees the rest of its rows, and each of them once."""
    for day in range(1, 5):
        api.report(a_completion(completed_on=f"2021-11-0{day}"))
        hold(api, nora(completed_on=f"2021-11-0{day}"))
        api.post("/v1/webhook-endpoints", {"url": f"https://lms.example.org/{day}"})
    batch = worked(api, service, tab_text([row(), JOHN, row(Completion_Date="12/11/2021")]))
    for number in range(2):
        worked(api, service, tab_text([row(Completion_Date=f"12/0{number + 1}/2021")]))
    lists = {
        "/v1/activities": "activity_id", "/v1/learner-completions": "completion_id", "/v1/held-records": "held_id",
        "/v1/batches": "batch_id", f"/v1/batches/{batch['batch_id']}/rows": "row",
        "/v1/webhook-endpoints": "endpoint_id",
    }  # fmt: skip
    before, whole = {}, {}
    for path, key in lists.items():
        for name, client, headers in (("own", api, {}), ("vendor", vendor, {"PARS-Provider": ONE})):
            if name == "vendor" and "webhook" in path:
                continue
            whole[name, path] = [
                one[key] for one in client.send("GET", path, headers, params={"limit": 500}).json["data"]
            ]
            page = client.send("GET", path, headers, params={"limit": 1}).json
            assert page["next_cursor"], path
            before[name, path] = ([one[key] for one in page["data"]], page["next_cursor"])
    merge(service)
    merge(service, INTO, OTHER)
    for (name, path), (seen, first) in before.items():
        cursor = first
        client, headers = (api, {}) if name == "own" else (vendor, {"PARS-Provider": ONE})
        found = list(seen)
        while cursor:
            page = client.send("GET", path, headers, params={"limit": 2, "cursor": cursor})
            assert page.status == 200, (path, page.json)
            found += [one[lists[path]] for one in page.json["data"]]
            cursor = page.json["next_cursor"]
        assert set(whole[name, path]) <= set(found), path
        assert len(found) == len(set(found)), path
    (_, cursor) = before["own", "/v1/activities"]
    for stranger in (api_of(http, service, "Stranger", providers=[NOBODYS]), vendor, staying):
        refused = stranger.send("GET", "/v1/activities", {"PARS-Provider": _own(stranger, vendor, staying)},
                                params={"cursor": cursor})  # fmt: skip
        assert (refused.status, refused.json["code"]) == (422, "parameter-invalid")


def _own(client: Api, vendor: Api, staying: Api) -> str:
    return OTHER if client in (vendor, staying) else NOBODYS


def test_a_file_at_the_command_line_is_for_the_provider_of_an_old_id(
    staying: Api, service: Service, tmp_path: Path
) -> None:
    merge(service)
    path = tmp_path / "learners.xml"
    path.write_bytes(document(ONE, INTO))
    batch = run_batch(service, path, BatchOwner(provider_id=ONE), BatchKind.LEARNER_COMPLETIONS, dry_run=False)
    assert (batch.owner.provider_id, batch.counts["added"]) == (INTO, 2)
    prove(service)


def test_a_test_key_names_its_sandbox_by_the_old_id(http: TestClient, api: Api, staying: Api, service: Service) -> None:
    """A sandbox stays with the id that it was made for; one made later is that of the provider that stands."""
    early = api_of(http, service, "Early", providers=[ONE], test=True)
    sandbox = early.get("/v1/providers").json["data"][0]["provider_id"]
    merge(service)
    late = api_of(http, service, "Late", role="vendor", providers=[ONE], test=True)
    newer = late.get("/v1/providers").json["data"][0]["provider_id"]
    assert newer != sandbox
    for client, own in ((early, sandbox), (late, newer)):
        for named in (ONE, own):
            registered = client.post("/v1/activities", _activity(), PARS_Provider=named)
            assert (registered.status, registered.json.get("provider_id")) == (201, own)
    both = api_of(http, service, "Both", role="vendor", providers=[ONE], test=True)
    transact(operator(service), clients.grant, both.client_id, ONE)
    assert both.post("/v1/activities", _activity(), PARS_Provider=ONE).json["provider_id"] == newer
    prove(service)


def _activity() -> dict[str, Any]:
    return {"title": "A", "format": "live-course", "start_date": "2021-01-01", "end_date": "2021-01-01"}
