"""What an integrator meets in the first hour: each first-step error names its cause, and says what to do."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import every_problem
from app.core.http.addresses import nearest_paths
from app.core.http.near_misses import hint_at_field
from app.schemas.activities import ActivityIn, ActivityOut, ActivityPatch
from app.schemas.base import Out, Strict
from app.schemas.completion_bodies import CompletionDetailOut, CompletionPatch
from app.schemas.completions import CompletionIn
from app.schemas.webhooks import WebhookEndpointOut, WebhookEndpointPatch
from app.services.access import clients
from app.services.context import Service, operator, transact
from tests.builders.bodies import GRAND_ROUNDS, a_completion
from tests.harness.api import Answer, Api, api_of
from tests.harness.contract import committed
from tests.harness.databases import ON_SQLITE
from tests.harness.properties import examples
from tests.harness.refusals import LAST, assert_problem, footprint, same_but_request_id

COMPLETIONS, ACTIVITIES = "/v1/learner-completions", "/v1/activities"
UNKNOWN = "A" * 43


def told(answer: Answer, status: int, code: str) -> tuple[str, str]:
    """Return detail and hint of the only fault of a refusal."""
    assert_problem(answer, status, code)
    (item,) = answer.json["errors"]
    return item["detail"], item["hint"]


@ON_SQLITE
def test_a_provider_that_is_not_named_is_told_its_header_and_who_there_is(http: TestClient, service: Service) -> None:
    vendor = api_of(http, service, "LMS", role="vendor", providers=["0008001", "0008002"])
    detail, hint = told(vendor.get(COMPLETIONS), 400, "provider-required")
    assert "This client acts for 0008001, 0008002." in detail and "PARS-Provider: 0008001" in hint
    assert vendor.get(COMPLETIONS).json["errors"][0]["header"] == "PARS-Provider"
    fresh = api_of(http, service, "New LMS", role="vendor")
    assert "None has granted this client the right" in told(fresh.get(COMPLETIONS), 400, "provider-required")[0]
    everybody = api_of(http, service, "operator", role="operator")
    assert "every provider" in told(everybody.get(COMPLETIONS), 400, "provider-required")[0]


@ON_SQLITE
def test_a_provider_that_has_granted_nothing_answers_like_one_that_does_not_exist(
    http: TestClient, service: Service
) -> None:
    vendor = api_of(http, service, "LMS", role="vendor", providers=["0008002"])
    answers = [vendor.send("GET", COMPLETIONS, headers={"PARS-Provider": given}) for given in ("0008001", "0009999")]
    _, hint = told(answers[0], 403, "forbidden")
    assert hint == "This client acts for 0008002. Ids have their leading zeros."
    assert same_but_request_id(*answers)
    tester = api_of(http, service, "tester", providers=["0008001"], test=True)
    refused = tester.send("GET", COMPLETIONS, headers={"PARS-Provider": "0008002"})
    assert told(refused, 403, "forbidden")[1].startswith("A test key acts in the sandbox only.")


@pytest.mark.parametrize(
    ("authorization", "words"),
    [
        (None, "no header Authorization"),
        ("", "is empty"),
        ("Bearer", "no key after Bearer"),
        ("Bearer ", "no key after Bearer"),
        ("Basic cGFyczpwYXJz", "Basic credentials"),
        (f"pars_live_{UNKNOWN}", "without the word Bearer"),
        (f'"pars_live_{UNKNOWN}"', "without the word Bearer"),
        (f"Token pars_live_{UNKNOWN}", "does not begin with the word Bearer"),
        (f"Bearer: pars_live_{UNKNOWN}", "a sign after the word Bearer"),
        (f"Bearer Bearer pars_live_{UNKNOWN}", "stands twice"),
        (f'Bearer "pars_live_{UNKNOWN}"', "quotes or brackets"),
        (f"Bearer <pars_live_{UNKNOWN}>", "quotes or brackets"),
        ("Bearer $PARS_KEY", "placeholder"),
        ("Bearer YOUR_KEY", "placeholder"),
        ("Bearer KEY", "placeholder"),
        ("Bearer {{api_key}}", "placeholder"),
        ("Bearer <your key>", "placeholder"),
        (f"Bearer pars_live_{UNKNOWN[:20]} {UNKNOWN[20:]}", "a blank or a line break"),
        (f"Bearer pars_live_{UNKNOWN[:-1]}", "42 characters"),
        (f"Bearer pars_test_{UNKNOWN}{UNKNOWN}", "86 characters"),
        (f"Bearer pars_live_{UNKNOWN[:-1]}.", "a sign that none has"),
        ("Bearer eyJhbGciOi.J9", "no key of this API"),
        (f"Bearer pars_live_{UNKNOWN}", "No client has this key"),
        (f"Bearer pars_test_{UNKNOWN}", "No client has this key"),
    ],
)
@ON_SQLITE
def test_a_key_that_opens_nothing_is_told_by_its_form(http: TestClient, authorization: str | None, words: str) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = Answer(http.get(COMPLETIONS, headers=headers))
    detail, hint = told(answer, 401, "unauthenticated")
    assert words in detail and hint
    assert answer.json["errors"][0]["header"] == "Authorization"
    assert UNKNOWN[:20] not in answer.response.text and "your key" not in answer.response.text


@ON_SQLITE
def test_a_key_in_another_header_is_told_where_it_belongs(http: TestClient) -> None:
    answer = Answer(http.get(COMPLETIONS, headers={"X-API-Key": f"pars_live_{UNKNOWN}"}))
    assert "X-Api-Key is not read" in told(answer, 401, "unauthenticated")[0]


@ON_SQLITE
def test_a_key_that_was_revoked_answers_like_one_that_never_was(http: TestClient, service: Service) -> None:
    client = api_of(http, service, providers=["0008001"])
    transact(operator(service), clients.renew_key, client.client_id)
    unknown = Api(http, f"pars_live_{UNKNOWN}", "")
    assert same_but_request_id(client.get(COMPLETIONS), unknown.get(COMPLETIONS))


@ON_SQLITE
def test_every_unknown_name_of_a_request_is_told_at_once(api: Api, service: Service) -> None:
    before = footprint(service)
    body = a_completion() | {"activityId": "1", "colour": 1}
    refused = api.send(
        "POST", f"{COMPLETIONS}?dryrun=1&limit=3", headers={"X-Idempotency-Key": "k", "Pars_Provider": "0"}, json=body
    )
    assert_problem(refused, 422, "parameter-unknown")
    assert {
        item.get("parameter") or item.get("header") or item["pointer"]: item["hint"] for item in refused.json["errors"]
    } == {
        "x-idempotency-key": "Did you mean Idempotency-Key?",
        "pars_provider": "Did you mean PARS-Provider?",
        "dryrun": "Leave it out. Known here: on_unmatched.",
        "limit": "Leave it out. Known here: on_unmatched.",
        "/activityId": "Did you mean activity_id?",
        "/colour": f"Leave it out. Known here: {', '.join(CompletionIn.model_fields)}.",
    }
    assert footprint(service) == before


@ON_SQLITE
def test_an_answer_that_is_sent_back_is_told_which_part_of_it_is_the_body(api: Api) -> None:
    reported = api.send("POST", COMPLETIONS, json=a_completion()).json
    path = f"{COMPLETIONS}/{reported['completion_id']}"
    read = api.get(path).json
    for method in ("PUT", "PATCH"):
        refused = api.send(method, path, headers={"If-Match": '"1"'}, json=read)
        assert_problem(refused, 422, "invalid-request")
        hints = {item["pointer"]: item["hint"] for item in refused.json["errors"]}
        assert hints["/report"] == "Send what it holds as the body, and nothing around it."
        assert hints["/provider_id"].endswith("that of the header PARS-Provider.")
        assert hints["/credits"].startswith("It belongs in cme[] or ")
        assert hints["/credits"].endswith("send what GET answers in the member report.")
        for pointer in hints.keys() - {"/report", "/provider_id", "/credits"}:
            assert hints[pointer].endswith("The body to send back is what GET answers in the member report."), pointer
    assert api.send("PUT", path, headers={"If-Match": '"1"'}, json=read["report"]).json["outcome"] == "unchanged"


@ON_SQLITE
def test_a_list_in_the_place_of_a_body_is_told_where_it_belongs(api: Api) -> None:
    _, hint = told(api.send("POST", f"{COMPLETIONS}:bulk", json=[a_completion()]), 422, "invalid-request")
    assert hint == 'Send it as a member of an object: {"items": [ … ]}.'
    _, hint = told(api.send("POST", COMPLETIONS, json=[a_completion()]), 422, "invalid-request")
    assert hint == "Send one object, in braces, and no list of them."


@ON_SQLITE
def test_a_file_that_is_sent_as_a_text_is_one_fault(api: Api) -> None:
    parts = {"kind": (None, "activities"), "file": (None, "learners.csv")}
    detail, hint = told(api.send("POST", "/v1/batches", files=parts), 422, "invalid-request")
    assert detail == "The part `file` has no filename." and "with the sign @" in hint


@ON_SQLITE
def test_a_code_that_is_none_is_not_called_a_rule(api: Api) -> None:
    refused = api.get("/problems/no-such-code")
    assert_problem(refused, 404, "not-found")
    assert refused.json["detail"].startswith("No problem, error or rule has this code.")


@pytest.mark.parametrize(
    ("body", "answer", "beside"),
    [
        (CompletionIn, CompletionDetailOut, {"outcome", "findings"}),
        (CompletionPatch, CompletionDetailOut, {"outcome", "findings"}),
        (ActivityIn, ActivityOut, set()),
        (ActivityPatch, ActivityOut, set()),
        (WebhookEndpointPatch, WebhookEndpointOut, {"secret"}),
    ],
)
def test_every_field_that_only_an_answer_has_is_told_as_one(
    body: type[Strict], answer: type[Out], beside: set[str]
) -> None:
    assert set(body.only_answered) == answer.model_fields.keys() - body.model_fields.keys() | beside
    for field in body.only_answered:
        assert body.only_answered[field] in hint_at_field(body, (field,))
        assert "Did you mean" not in hint_at_field(body, (field,))


@ON_SQLITE
def test_unknown_and_wrong_parameters_are_told_together(api: Api) -> None:
    refused = api.get(COMPLETIONS, Limit="1", cursr="x", kind="cmee", completed_since="2021-01-01", **{"limit[]": "1"})
    assert_problem(refused, 422, "parameter-unknown")
    assert {item["parameter"]: item["hint"] for item in refused.json["errors"]} == {
        "Limit": "Did you mean limit?",
        "cursr": "Did you mean cursor?",
        "completed_since": "Did you mean completed_to or completed_from?",
        "limit[]": "Did you mean limit?",
        "kind": "Did you mean cme?",
    }
    assert refused.json["detail"].startswith("5 faults, at Limit, cursr, ")


@ON_SQLITE
def test_names_that_other_services_have_are_told_by_the_name_here(api: Api) -> None:
    refused = api.get(COMPLETIONS, page="2", per_page="10", orderBy="x")
    assert [item["hint"] for item in refused.json["errors"]] == [
        "Did you mean cursor?", "Did you mean limit?", "Did you mean sort?",
    ]  # fmt: skip
    # Events have no cursor of this name, and no pages to choose among.
    refused = api.get("/v1/events", page="2")
    assert refused.json["errors"][0]["hint"] == "Leave it out. Known here: after, limit."
    body = a_completion() | {"completion_date": "2021-12-12", "learner": {"dob": "02/01"}}
    refused = api.send("POST", COMPLETIONS, json=body)
    hints = {item["pointer"]: item["hint"] for item in refused.json["errors"]}
    assert hints == {"/completion_date": "Did you mean completed_on?", "/learner/dob": "Did you mean date_of_birth?"}


@ON_SQLITE
def test_headers_that_others_add_are_passed_over(api: Api) -> None:
    headers = {
        "X-Forwarded-For": "1.2.3.4", "X-Request-Start": "t=1", "If-Range": '"1"', "Referer": "x",
        "X-Provider": "x", "If-Modified-Since": "x", "Sec-Fetch-Mode": "cors", "Preferences": "x",
    }  # fmt: skip
    assert api.send("POST", COMPLETIONS, headers=headers, json=a_completion()).status == 201
    # Both: a gateway repeats the header under a name of its own.
    both = {"X-Idempotency-Key": "k", "Idempotency-Key": "k"}
    assert api.send("POST", COMPLETIONS, headers=both, json=a_completion()).status == 200
    # An operation that takes no such header passes over what is near to it.
    assert api.send("GET", COMPLETIONS, headers={"X-Idempotency-Key": "k"}).status == 200


@ON_SQLITE
def test_a_version_is_asked_for_in_quotes(api: Api) -> None:
    made = api.register().json["activity_id"]
    path = f"{ACTIVITIES}/{made}"
    assert 'If-Match: "1"' in told(api.send("PATCH", path, json={"title": "B"}), 428, "precondition-required")[1]
    for sent in ("2", '"2"', "abc", "version 1", "\u20281"):
        refused = api.send("PATCH", path, headers={"If-Match": sent.encode()}, json={"title": "B"})  # type: ignore[dict-item]
        _, hint = told(refused, 412, "precondition-failed")
        assert 'in quotes: If-Match: "1".' in hint, sent
    weak = api.send("PATCH", path, headers={"If-Match": 'W/"1"'}, json={"title": "B"})
    detail, hint = told(weak, 412, "precondition-failed")
    assert "weak" in detail and 'Send If-Match: "1".' in hint


@ON_SQLITE
def test_an_address_that_nothing_serves_names_the_nearest_and_the_description(api: Api) -> None:
    for path, near in (
        ("/activities", "/v1/activities"),
        (f"{ACTIVITIES}/", "/v1/activities"),
        ("/v1/activites", "/v1/activities"),
        ("/v1/learner_completions", "/v1/learner-completions"),
        ("/V1/Learner-Completions", "/v1/learner-completions"),
        ("/v1/completions", "/v1/learner-completions"),
        ("/v1/learner/completions", "/v1/learner-completions"),
        (f"{ACTIVITIES}/{GRAND_ROUNDS}/closed", "/v1/activities/{activity_id}/close"),
        ("/v1/webhooks", "/v1/webhook-endpoints"),
    ):
        answer = api.get(path)
        assert_problem(answer, 404, "not-found")
        assert near in answer.json["detail"] and "/docs" in answer.json["detail"], (path, answer.json["detail"])
    nowhere = api.get(f"/v1/{LAST}/{LAST}")
    assert_problem(nowhere, 404, "not-found")
    assert nowhere.json["detail"] == "No operation has this address. /docs lists all of them."


@given(st.text(max_size=40))
@examples(100)
def test_every_address_has_its_nearest_in_a_moment(drawn: str) -> None:
    known = [operation.path for operation in committed().operations]
    for path in (drawn, f"/{drawn}", f"/v1/{drawn}/x", "/v1/" + drawn * 400, "/" * 400):
        assert set(nearest_paths(path, known)) <= set(known)


def test_an_address_that_is_there_is_its_own_nearest() -> None:
    known = [operation.path for operation in committed().operations]
    for path in known:
        assert path in nearest_paths(path, known), path


@ON_SQLITE
def test_a_method_that_is_not_taken_is_told_those_that_are(api: Api) -> None:
    for method, path, words in (
        ("POST", f"{ACTIVITIES}/{GRAND_ROUNDS}", "It takes DELETE, GET, HEAD and PATCH."),
        ("PUT", COMPLETIONS, "It takes GET, HEAD and POST."),
        ("GET", f"{COMPLETIONS}:bulk", "It takes POST."),
        ("POST", f"{COMPLETIONS}/bulk", f"It takes DELETE, GET, HEAD, PATCH and PUT. With a colon: {COMPLETIONS}:b"),
        ("PUT", f"{COMPLETIONS}:preview", "It takes POST. /docs"),
    ):
        refused = api.send(method, path)
        assert_problem(refused, 405, "method-not-allowed")
        assert refused.json["detail"].startswith(words)


def test_every_problem_has_more_to_say_than_its_title() -> None:
    for kind in every_problem():
        assert kind.explanation(), kind.code
        assert kind.title() not in kind.explanation(), kind.code
        assert kind().detail == kind.explanation()
