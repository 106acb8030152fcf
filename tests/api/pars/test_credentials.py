"""Credentials as clients that speak PARS send them, and where what they hold never goes."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import structlog
from sqlalchemy import select

from app.models.base import metadata
from app.services.access import clients
from app.services.context import Service, operator, transact
from tests.api.pars.documents import LEARNERS, outcomes, records, rules
from tests.builders.bodies import a_completion, tina
from tests.builders.pars_documents import JSON, XML, learners, report, xml
from tests.harness.api import Answer, Api, api_of

PROVIDER = "0008001"


def send(http: Any, headers: Mapping[str, str], beside: Mapping[str, str], *, form: str = JSON) -> Answer:
    """Send Rebecca's record with credentials in headers, or beside the records of the document."""
    document = learners([report(a_completion())], **beside)
    if form == JSON:
        return Answer(http.request("POST", LEARNERS, headers=dict(headers), json=document))
    content = xml(document).encode()
    return Answer(http.request("POST", LEARNERS, headers={"Content-Type": XML, **headers}, content=content))


def basic(user: str, key: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{user}:{key}'.encode()).decode()}"}


Forms = Callable[[str, str, str], tuple[dict[str, str], dict[str, str]]]
"""Headers, and what stands beside the records, of a provider, a user and a key."""
FORMS: dict[str, Forms] = {
    "bearer": lambda provider, user, key: ({"Authorization": f"Bearer {key}"}, {}),
    "Basic": lambda provider, user, key: (basic(user, key), {}),
    "headers": lambda provider, user, key: ({"ProviderId": provider, "User": user, "Password": key}, {}),
    "document": lambda provider, user, key: ({}, {"ProviderId": provider, "User": user, "Password": key}),
}


@pytest.mark.parametrize("form", [JSON, XML])
@pytest.mark.parametrize("way", FORMS)
def test_every_form_of_credentials_opens(api: Api, way: str, form: str) -> None:
    for user in (api.client_id, PROVIDER):
        answer = send(api.http, *FORMS[way](PROVIDER, user, api.key), form=form)
        assert outcomes(answer)[0] in ("created", "unchanged")


@pytest.mark.parametrize("form", [JSON, XML])
@pytest.mark.parametrize("way", ["Basic", "headers", "document"])
def test_wrong_credentials_are_told_alike(api: Api, service: Service, way: str, form: str) -> None:
    other = api_of(api.http, service, "Other", providers=["0008002"])
    tried = [
        (api.client_id, api.key[:-3] + "abc"), (api.client_id, "pars_live_" + "A" * 43), (other.client_id, api.key),
        ("0008002", api.key), ("nobody", api.key), (api.client_id, "secret"),
    ]  # fmt: skip
    told = set()
    for user, key in tried:
        answer = send(api.http, *FORMS[way](PROVIDER, user, key), form=form)
        assert answer.status == 401
        assert answer.response.headers["www-authenticate"].startswith("Bearer, Basic")
        request_id = answer.response.headers["x-request-id"]
        told.add(answer.response.text.replace(request_id, ""))
        assert key not in answer.response.text
    assert len(told) == 1


def test_without_credentials_the_answer_says_how_they_are_sent(api: Api) -> None:
    answer = send(api.http, {}, {})
    assert (answer.status, answer.codes) == (401, {"unauthenticated"})
    assert "Password" in answer.json["errors"][0]["hint"]


@pytest.mark.parametrize("name", ["Password", "User", "ProviderId", "password"])
def test_credentials_in_an_address_are_refused(api: Api, name: str) -> None:
    answer = api.send("GET", "/pars/activities", params={name: api.key})
    assert (answer.status, answer.json["errors"][0]["parameter"]) == (422, name)
    assert api.key not in answer.response.text


def test_a_vendor_names_the_provider_and_grants_decide(api: Api, service: Service) -> None:
    vendor = api_of(api.http, service, "LMS", role="vendor")
    unnamed = vendor.post(LEARNERS, learners([report(a_completion())]))
    assert (unnamed.status, unnamed.json["code"]) == (400, "provider-required")
    organisation = report(a_completion())
    organisation["Activity"]["ProviderOrganization"] = PROVIDER
    ways: list[tuple[dict[str, str], dict[str, Any]]] = [
        ({"ProviderId": PROVIDER}, learners([report(a_completion())])),
        ({"PARS-Provider": PROVIDER}, learners([report(a_completion())])),
        ({}, learners([report(a_completion())], ProviderId=PROVIDER)),
        ({}, learners([organisation])),
    ]
    for headers, document in ways:
        assert vendor.send("POST", LEARNERS, headers=headers, json=document).status == 403
    transact(operator(service), clients.grant, vendor.client_id, PROVIDER)
    for headers, document in ways:
        assert vendor.send("POST", LEARNERS, headers=headers, json=document).status == 200


def test_a_record_of_another_provider_is_refused_beside_ones_own(api: Api) -> None:
    other = report(tina())
    other["Activity"]["ProviderOrganization"] = "0008002"
    refused, created = records(api.post(LEARNERS, learners([other, report(a_completion())])))
    assert (refused["Outcome"], created["Outcome"]) == ("refused", "created")
    assert rules(refused) == {"activity-known": "Activity/ProviderOrganization"}


CANARY = "pars_live_Canary7Zk3vJb0mWc7xZr5tY2kLh9Qp1sVf8nDg4"


def shown(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value


def test_no_secret_and_no_identity_goes_into_logs_audit_or_what_is_stored(api: Api, service: Service) -> None:
    person = a_completion(first_name="Canaria", last_name="Birdsong", license_id="CANARY99")
    inside = report(person)
    inside["XtensibleInfo"] |= {"User": "canary-user", "Password": CANARY}
    document = learners([inside], Password=CANARY, User="canary-user", ProviderId=PROVIDER)
    with structlog.testing.capture_logs() as lines:
        api.post(f"{LEARNERS}?on_unmatched=hold", document)
        api.http.request("POST", LEARNERS, json=document)
        api.http.request("POST", LEARNERS, headers={"Content-Type": XML}, content=xml(document).encode())
        api.send("GET", "/pars/activities", params={"Password": CANARY})
        asked = {"moduleID": "1", "CompletionDate": "2021-12-12", "BirthDate": "02/01", "UniqueID": "CANARY99"}
        api.get(f"{LEARNERS}/status", **asked)
        board = api_of(api.http, service, "Tennessee", role="board", board="TN-M")
        board.get("/pars/GetLearnerTranscriptbyLearner", FirstName="Canaria", LastName="Birdsong", NPI="1234567893")
    logged = repr(lines)
    assert len(lines) >= 6
    for word in (CANARY, "canary-user", "Canaria", "Birdsong", "CANARY99", "UniqueID"):
        assert word not in logged
    kept = service.database.read(
        lambda connection: {
            name: repr([list(map(shown, row)) for row in connection.execute(select(table))])
            for name, table in metadata.tables.items()
        }
    )
    # Who is waited for has to be known; nothing else of the document has.
    held = repr(kept.pop("held_records")) + repr(api.get("/v1/held-records").json)
    assert "Canaria" in held
    for word in (CANARY, "canary-user"):
        assert word not in held
    for word in (CANARY, "canary-user", "Canaria", "CANARY99"):
        assert [name for name, rows in kept.items() if word in rows] == []
