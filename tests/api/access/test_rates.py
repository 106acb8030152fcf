"""What each client and each provider may ask: a burst, then so much a second, and nobody pays for another."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from prometheus_client import REGISTRY

from app.core.errors import RateLimited
from app.services.access import authentication, clients, rates, rotation
from app.services.access.rates import RateLimits
from app.services.context import OPERATOR, Service, operator, transact
from tests.builders.bodies import a_completion
from tests.harness.api import Answer, Api, api_of
from tests.harness.clock import ManualSeconds
from tests.harness.databases import ON_SQLITE
from tests.harness.refusals import assert_problem, footprint
from tests.harness.wire import Wire, at_once

pytestmark = ON_SQLITE
OURS, THEIRS = "0008001", "0008002"
FIGURES = {
    "rate_client": 10, "rate_client_burst": 20, "rate_provider": 20, "rate_provider_burst": 30,
    "rate_failures": 5, "rate_failures_burst": 10,
}  # fmt: skip
Limited = Callable[..., ManualSeconds]


@pytest.fixture
def limited(app: FastAPI, service: Service) -> Limited:
    """Give the application these rates, and return the clock that they go by."""

    def limit(**figures: int) -> ManualSeconds:
        seconds = ManualSeconds()
        app.state.rates = RateLimits(service.settings.model_copy(update=FIGURES | figures), seconds)
        return seconds

    return limit


@pytest.fixture
def other(http: TestClient, service: Service) -> Api:
    return api_of(http, service, "another", providers=[THEIRS])


def asked(api: Api, times: int, path: str = "/v1/activities?limit=1", **headers: str) -> Counter[int]:
    return Counter(api.send("GET", path, headers=headers).status for _ in range(times))


def refused(limit: str) -> float:
    return REGISTRY.get_sample_value("pars_rate_refusals_total", {"limit": limit}) or 0.0


def test_a_client_has_a_burst_then_its_rate_and_is_told_when_to_come_back(api: Api, limited: Limited) -> None:
    seconds, before = limited(), refused("client")
    assert asked(api, 20) == {200: 20}
    answer = api.get("/v1/activities")
    assert_problem(answer, 429, "rate-limited", items=["rate-limited"])
    (item,) = answer.json["errors"]
    assert item["header"] == "Authorization"
    assert item["detail"] == "This client has used up its rate: 20 requests at once, and 10 a second."
    assert item["hint"].startswith("Wait 1 second, as Retry-After says")
    headers = answer.response.headers
    assert headers["Retry-After"] == "1"
    assert headers["RateLimit-Policy"] == '"client";q=20;w=2'
    assert headers["RateLimit"] == '"client";r=0;t=2'
    assert refused("client") == before + 1
    seconds.now += int(headers["Retry-After"])
    assert asked(api, 15) == {200: 10, 429: 5}


def test_an_answer_tells_what_is_left_and_a_refusal_for_another_reason_does_not(api: Api, limited: Limited) -> None:
    seconds = limited()
    told = [api.get("/v1/activities").response.headers for _ in range(2)]
    assert [headers["RateLimit"] for headers in told] == ['"client";r=19;t=1', '"client";r=18;t=1']
    assert {headers["RateLimit-Policy"] for headers in told} == {'"client";q=20;w=2'}
    absent = api.get("/v1/activities/999999999")
    assert absent.status == 404
    assert not {"ratelimit", "ratelimit-policy"} & set(absent.response.headers)
    seconds.now += 60
    assert api.get("/v1/activities").response.headers["RateLimit"] == '"client";r=19;t=1'


def test_me_names_the_rates(api: Api, limited: Limited, service: Service) -> None:
    limited()
    given = api.get("/v1/me").json["limits"]
    names = ("requests_per_second", "requests_at_once", "provider_requests_per_second", "provider_requests_at_once")
    figures = service.settings
    expected = [
        figures.rate_client, figures.rate_client_burst, figures.rate_provider, figures.rate_provider_burst,
    ]  # fmt: skip
    assert [given[name] for name in names] == expected


def test_without_a_limit_nothing_is_counted(api: Api, limited: Limited, http: TestClient) -> None:
    limited(rate_client=0, rate_provider=0, rate_failures=0)
    assert asked(api, 60) == {200: 60}
    assert asked(Api(http, "nonsense", ""), 60) == {401: 60}
    assert not {"ratelimit", "ratelimit-policy"} & set(api.get("/v1/activities").response.headers)


def test_all_keys_of_a_client_are_one_client(api: Api, service: Service, limited: Limited, http: TestClient) -> None:
    made = transact(operator(service), rotation.add_secrets, api.client_id)
    second = Api(http, made.api_key, api.client_id)
    limited()
    assert asked(api, 12) + asked(second, 12) == {200: 20, 429: 4}
    assert asked(api, 3) + asked(second, 3) == {429: 6}


def test_a_noisy_client_takes_nothing_from_another(api: Api, other: Api, limited: Limited) -> None:
    limited()
    assert asked(api, 60) == {200: 20, 429: 40}
    assert asked(other, 20) == {200: 20}


def test_a_client_of_the_sandbox_has_the_same_for_itself(
    api: Api, service: Service, http: TestClient, limited: Limited
) -> None:
    testing = api_of(http, service, "trying", providers=[OURS], test=True)
    limited()
    assert asked(testing, 60) == {200: 20, 429: 40}
    assert asked(api, 20) == {200: 20}


def test_all_clients_of_a_provider_share_what_it_may(
    api: Api, other: Api, service: Service, http: TestClient, limited: Limited
) -> None:
    vendor = api_of(http, service, "LMS", role="vendor", providers=[OURS, THEIRS])
    seconds, before = limited(), refused("provider")
    assert asked(api, 20) == {200: 20}
    assert asked(vendor, 12, **{"PARS-Provider": OURS}) == {200: 10, 429: 2}
    answer = vendor.send("GET", "/v1/activities", headers={"PARS-Provider": OURS})
    assert_problem(answer, 429, "rate-limited", items=["rate-limited"])
    assert answer.json["errors"][0]["header"] == "PARS-Provider"
    assert answer.response.headers["RateLimit-Policy"] == '"provider";q=30;w=2'
    assert answer.response.headers["RateLimit"] == '"provider";r=0;t=2'
    assert refused("provider") == before + 3
    assert vendor.send("GET", "/v1/activities", headers={"PARS-Provider": THEIRS}).status == 200
    assert asked(other, 20) == {200: 20}
    seconds.now += 1
    assert asked(api, 10) == {200: 10}


def test_who_may_not_act_for_a_provider_uses_up_nothing_of_it(
    api: Api, service: Service, http: TestClient, limited: Limited
) -> None:
    strangers = [api_of(http, service, f"LMS {number}", role="vendor", providers=[THEIRS]) for number in range(3)]
    limited()
    for stranger in strangers:
        assert asked(stranger, 20, **{"PARS-Provider": OURS}) == {403: 20}
    assert asked(api, 20) == {200: 20}


def test_a_refusal_by_scope_counts_like_any_request(http: TestClient, service: Service, limited: Limited) -> None:
    reader = api_of(http, service, "reader", providers=[OURS], scopes=["completions:read"])
    limited()
    assert asked(reader, 25) == {403: 20, 429: 5}


def bulk(number: int) -> dict[str, Any]:
    return {"items": [a_completion(credits=-1) for _ in range(number)]}


def test_a_bulk_request_counts_by_its_records_and_is_refused_whole(
    api: Api, service: Service, limited: Limited
) -> None:
    path = "/v1/learner-completions:bulk"
    seconds = limited()
    assert api.post(path, bulk(4)).response.headers["RateLimit"] == '"client";r=19;t=1'
    assert api.post(path, bulk(41)).response.headers["RateLimit"] == '"client";r=8;t=2'
    before = footprint(service)
    answer = api.post(path, bulk(80), Idempotency_Key="k")
    assert_problem(answer, 429, "rate-limited", items=["rate-limited"])
    (item,) = answer.json["errors"]
    assert item["pointer"] == "/items" and item["detail"].endswith("This request counts as 19 more.")
    assert footprint(service) == before
    assert answer.response.headers["RateLimit"] == '"client";r=7;t=2'
    seconds.now += 2
    assert api.post(path, bulk(80), Idempotency_Key="k").status == 207


def test_what_counts_as_more_than_a_whole_burst_can_be_had_when_all_of_it_is_there(api: Api, limited: Limited) -> None:
    seconds, path = limited(rate_provider=0), "/v1/learner-completions:bulk"
    # The request itself was counted when it came: all but that one.
    assert api.post(path, bulk(500)).status == 429
    limited(rate_client_burst=126, rate_provider=0)
    assert api.post(path, bulk(500)).status == 207
    assert seconds.now == ManualSeconds().now


def test_a_long_page_counts_as_several(api: Api, limited: Limited) -> None:
    limited()
    for path, left in (("/v1/activities", 10), ("/v1/events", 0)):
        assert api.get(path, limit=500).response.headers["RateLimit"] == f'"client";r={left};t={2 - left // 10}'
    answer = api.get("/v1/activities", limit=500)
    assert_problem(answer, 429, "rate-limited")


def test_a_file_counts_by_its_size_declared_or_not(api: Api, limited: Limited) -> None:
    content = b"x" * (5 * 1_048_576)
    form = {"kind": "learner-completions", "permission_attested": "true"}
    limited()
    sent = api.send("POST", "/v1/batches", data=form, files={"file": ("a.txt", content)})
    assert (sent.status, sent.response.headers["RateLimit"]) == (202, '"client";r=14;t=1')
    built = httpx.Request("POST", "http://x/v1/batches", data=form, files={"file": ("a.txt", content)})
    body = built.read()
    for left in (8, 2):
        headers = {"Content-Type": built.headers["content-type"]}
        sent = api.send("POST", "/v1/batches", headers=headers, content=iter([body[:1_000], body[1_000:]]))
        assert (sent.status, sent.response.headers["RateLimit"][:12]) == (202, f'"client";r={left}')
    answer = api.send("POST", "/v1/batches", data=form, files={"file": ("a.txt", content)})
    assert_problem(answer, 429, "rate-limited")
    assert answer.json["errors"][0]["header"] == "Content-Length"


def test_an_address_with_bad_keys_is_told_so_and_good_keys_behind_it_are_served(
    api: Api, service: Service, http: TestClient, limited: Limited
) -> None:
    seconds, before = limited(), refused("address")
    bad = [Api(http, key, "") for key in ("pars_live_" + "x" * 43, "nonsense", "pars_test_" + "y" * 43)]
    assert sum((asked(each_bad, 4) for each_bad in bad), Counter()) == {401: 10, 429: 2}
    answer = bad[0].get("/v1/me")
    assert_problem(answer, 429, "rate-limited", items=["rate-limited"])
    assert answer.json["detail"] == (
        "This address has sent requests without a valid key: over 10 at once and 5 a second."
    )
    assert (answer.response.headers["Retry-After"], answer.response.headers["RateLimit"]) == ("1", '"address";r=0;t=2')
    assert refused("address") == before + 3
    # One that this process has never seen, too.
    assert asked(api, 20) == {200: 20}
    seconds.now += 1
    assert asked(bad[0], 6) == {401: 5, 429: 1}


def test_health_metrics_and_documents_are_not_limited(api: Api, http: TestClient, limited: Limited) -> None:
    limited()
    asked(api, 25)
    asked(Api(http, "nonsense", ""), 15)
    for path in ("/livez", "/readyz", "/metrics", "/docs", "/openapi.json", "/v1/rules", "/problems/rate-limited"):
        assert [http.get(path).status_code for _ in range(3)] == [200] * 3


def test_metrics_count_refusals_and_name_nobody(api: Api, http: TestClient, limited: Limited) -> None:
    limited()
    asked(api, 25)
    told = [line for line in http.get("/metrics").text.splitlines() if line.startswith("pars_rate_refusals_total")]
    assert told and all(line.startswith('pars_rate_refusals_total{limit="') for line in told)
    assert api.client_id not in "".join(told) and OURS not in "".join(told)


def test_a_refused_request_leaves_its_key_free(api: Api, service: Service, limited: Limited) -> None:
    seconds = limited()
    asked(api, 20)
    before = footprint(service)
    assert_problem(api.report(a_completion(), Idempotency_Key="k"), 429, "rate-limited")
    assert footprint(service) == before
    seconds.now += 1
    again = api.report(a_completion(), Idempotency_Key="k")
    assert again.status == 201 and "Idempotency-Replayed" not in again.response.headers


def test_a_revoked_client_is_refused_as_unknown_not_as_too_busy(api: Api, service: Service, limited: Limited) -> None:
    limited()
    asked(api, 25)
    transact(operator(service), clients.revoke_client, api.client_id)
    time.sleep(authentication.FRESH_SECONDS)
    api.get("/v1/me")
    assert asked(api, 3) == {401: 3}


def test_a_client_that_heeds_no_refusal_waits_for_room(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = ManualSeconds()
    limits = RateLimits(service.settings.model_copy(update=FIGURES), seconds)
    monkeypatch.setattr(rates, "HELD_SECONDS", 0.01)

    async def refusals() -> tuple[list[bool], list[BaseException | None]]:
        while not limits.admit(OPERATOR.client_id):
            pass
        sent = [asyncio.ensure_future(limits.refuse(OPERATOR.client_id, 1.0)) for _ in range(103)]
        await asyncio.sleep(0)
        at_once = [request.done() for request in sent]
        # There is room for two more, of which one is taken by each that waits.
        seconds.now += 0.2
        return at_once, await asyncio.gather(*sent, return_exceptions=True)

    answered, ends = asyncio.run(refusals())
    assert answered == [True] * 100 + [False] * 3
    assert [type(end) for end in ends] == [RateLimited] * 100 + [type(None)] * 2 + [RateLimited]


def test_addresses_with_bad_keys_are_read_one_after_another_and_few_are_remembered(service: Service) -> None:
    limits = RateLimits(service.settings.model_copy(update=FIGURES), ManualSeconds())
    refusal = RuntimeError()
    noisy = "2001:db8:1:2:3::4"
    for _ in range(10):
        assert limits.turn_of(noisy) is None
        assert limits.refusal_of(noisy, refusal) is refusal  # type: ignore[arg-type, comparison-overlap]
    # Its whole network is one sender; others, and local sockets, are none of it.
    assert limits.turn_of("2001:db8:1:2::9") is limits.turn_of(noisy) is not None
    assert [limits.turn_of(host) for host in ("2001:db8:1:3::4", "192.0.2.7", None)] == [None] * 3
    for number in range(30_000):
        limits.refusal_of(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", refusal)  # type: ignore[arg-type]
    addresses = limits._addresses
    assert addresses is not None and len(addresses) <= 10_000


def test_over_real_connections_a_quiet_client_never_hears_of_a_noisy_one(
    app: FastAPI, wire: Wire, api: Api, other: Api, limited: Limited
) -> None:
    limited()
    base = f"http://127.0.0.1:{wire.port}"

    def send(client: Api, times: int) -> Counter[int]:
        with httpx.Client(base_url=base, headers={"Authorization": f"Bearer {client.key}"}) as http:
            return Counter(http.get("/v1/activities").status_code for _ in range(times))

    *noisy, quiet = at_once([partial(send, api, 5)] * 12 + [partial(send, other, 20)])
    assert sum(noisy, Counter()) == {200: 20, 429: 40}
    assert quiet == {200: 20}


def test_tokens_count_for_their_client_and_wrong_secrets_for_their_address(
    api: Api, service: Service, http: TestClient, limited: Limited
) -> None:
    made = transact(operator(service), rotation.add_secrets, api.client_id)
    limited()

    def token(secret: str) -> Answer:
        return Answer(
            http.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=(api.client_id, secret))
        )

    assert Counter(token("wrong").status for _ in range(12)) == {401: 10, 429: 2}
    assert_problem(token("wrong"), 429, "rate-limited", items=["rate-limited"])
    answers = [token(made.client_secret) for _ in range(8)]
    assert {answer.status for answer in answers} == {200}
    bearer = Api(http, answers[0].json["access_token"], api.client_id)
    assert asked(bearer, 6) + asked(api, 6) == {200: 12}
    assert asked(bearer, 1) + asked(api, 1) == {429: 2}
    assert_problem(token(made.client_secret), 429, "rate-limited")
