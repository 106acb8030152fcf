"""Hostile bodies: each is refused with a problem of the right code, leaves nothing behind and gives nothing back."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from app.domain.batches import EntryMethod
from app.domain.credits import Outcome
from app.schemas.completions import CompletionIn
from app.services.context import Service, operator, transact
from app.services.reporting import bulk
from tests.builders.bodies import GRAND_ROUNDS, a_completion, an_activity, points
from tests.harness.api import Answer, Api, settle
from tests.harness.refusals import FIRST, LAST, LICENSE, a_stranger, assert_problem, faults_of, footprint

COMPLETIONS, ACTIVITIES = "/v1/learner-completions", "/v1/activities"
JSON = {"Content-Type": "application/json"}


def sent(api: Api, path: str, content: bytes, **headers: str) -> Answer:
    return api.send("POST", path, content=content, headers=JSON | {k.replace("_", "-"): v for k, v in headers.items()})


def put(body: Any, place: str, value: Any) -> Any:
    """Return the body with a value at a JSON Pointer."""
    changed = copy.deepcopy(body)
    *way, last = [int(part) if part.isdigit() else part for part in place.split("/")[1:]]
    inside = changed
    for part in way:
        inside = inside[part]
    inside[last] = value
    return changed


def raw(body: Any, place: str, text: str) -> bytes:
    """Return the body as bytes with any text, JSON or not, at a JSON Pointer."""
    return json.dumps(put(body, place, "@@")).replace('"@@"', text).encode("utf-8", "surrogatepass")


def whole() -> dict[str, Any]:
    """A report that uses every level of the schema."""
    body = a_stranger(moc=[points()], rems={"local_id": "x"}, occasion=1)
    body["cme"][0]["special_credits"] = [{"type": "Controlled Substance", "credits": 1}]
    return body


def full_activity() -> dict[str, Any]:
    return an_activity(
        location={"city": "Portland"},
        moc=[{"board": "ABA", "points": 5, "credit_types": ["Lifelong Learning"]}],
        rems={"type": "x"},
        measured_outcomes=[{"outcome": "learner-knowledge"}],
        commercial_support=[{"source": "x", "amount": 1}],
        learner_counts={"physicians": 1},
        joint_accreditation={"pharmacy": {"credits": 1}},
    )


COMPLETION_LEVELS = (
    "", "/learner", "/cme/0", "/cme/0/special_credits/0", "/moc/0", "/moc/0/credit_types/0", "/rems",
)  # fmt: skip
ACTIVITY_LEVELS = (
    "", "/location", "/moc/0", "/rems", "/measured_outcomes/0", "/listing", "/commercial_support/0", "/learner_counts",
    "/joint_accreditation", "/joint_accreditation/pharmacy",
)  # fmt: skip


@pytest.mark.parametrize(
    ("path", "body", "levels"),
    [(COMPLETIONS, whole(), COMPLETION_LEVELS), (ACTIVITIES, full_activity(), ACTIVITY_LEVELS)],
    ids=["completion", "activity"],
)
def test_an_unknown_field_is_told_with_its_place_at_every_level(
    api: Api, service: Service, path: str, body: Any, levels: tuple[str, ...]
) -> None:
    before = footprint(service)
    for level in levels:
        answer = api.post(path, put(body, f"{level}/surprise", FIRST))
        assert_problem(answer, 422, "invalid-request", items=["field-unknown"])
        assert answer.pointers == {"field-unknown": f"{level}/surprise"}
    assert footprint(service) == before


def test_json_pointers_escape_what_field_names_hold(api: Api) -> None:
    answer = api.report(a_stranger(**{"a/b~c": 1}))
    assert answer.pointers == {"field-unknown": "/a~1b~0c"}
    long = api.report(a_stranger(**{"x" * 5_000: 1}))
    assert_problem(long, 422, "invalid-request", items=["field-unknown"])
    assert len(long.response.text) < 2_000


COMPLETION_AMOUNTS = (
    "/cme/0/credits", "/cme/0/special_credits/0/credits", "/moc/0/total_credits", "/moc/0/credit_types/0/credits",
)  # fmt: skip
ACTIVITY_AMOUNTS = (
    "/ama_pra_credits", "/moc/0/points", "/commercial_support/0/amount", "/joint_accreditation/pharmacy/credits",
)  # fmt: skip
NO_AMOUNTS = {
    "NaN": "NaN",
    "Infinity": "Infinity",
    "-Infinity": "-Infinity",
    "1e999": "1e999",
    "2^63": str(2**63),
    "10^400": "1" + "0" * 400,
    "10^5000": "1" + "0" * 5_000,
    "true": "true",
    "text": '"2"',
    "list": "[2]",
    "object": '{"value": 2}',
}


@pytest.mark.parametrize(
    ("path", "body", "places"),
    [(COMPLETIONS, whole(), COMPLETION_AMOUNTS), (ACTIVITIES, full_activity(), ACTIVITY_AMOUNTS)],
    ids=["completion", "activity"],
)
def test_what_is_no_finite_readable_number_is_no_amount(
    api: Api, service: Service, path: str, body: Any, places: tuple[str, ...]
) -> None:
    before = footprint(service)
    wrong = {}
    for name, text in NO_AMOUNTS.items():
        for place in places:
            answer = sent(api, path, raw(body, place, text))
            found = list(faults_of(answer, 422, "invalid-request"))
            if not found and answer.codes - {"type", "format"}:
                found = [f"codes {answer.codes}"]
            if not found and set(answer.pointers.values()) != {place}:
                found = [f"pointers {answer.pointers}"]
            if found:
                wrong[name, place] = found
    assert wrong == {}
    assert footprint(service) == before


@pytest.mark.parametrize("occasion", ["0", "-1", "1000", "1.5", "true", '"1"', "NaN", str(2**63), "1" + "0" * 400])
def test_an_occasion_is_a_small_whole_number(api: Api, occasion: str) -> None:
    assert_problem(sent(api, COMPLETIONS, raw(whole(), "/occasion", occasion)), 422, "invalid-request")


@pytest.mark.parametrize(
    ("amount", "rule"),
    [
        ("-0.0", "credit-positive"), ("1e-9", "credit-positive"), ("-1", "credit-positive"), ("0", "credit-positive"),
        ("0.30000000000000004", "credit-quarter"), ("0.3", "credit-quarter"),
    ],
)  # fmt: skip
def test_amounts_that_are_numbers_are_judged_by_the_rules(api: Api, service: Service, amount: str, rule: str) -> None:
    before = footprint(service)
    answer = sent(api, COMPLETIONS, raw(a_stranger(), "/cme/0/credits", amount))
    assert_problem(answer, 422, "completion-rejected", items=[rule])
    assert answer.pointers[rule] == "/cme/0/credits"
    registered = sent(api, ACTIVITIES, raw(an_activity(), "/ama_pra_credits", amount))
    assert_problem(registered, 422, "activity-rejected", items=[rule])
    assert footprint(service) == before


TEXTS = {
    COMPLETIONS: (
        "/activity_id", "/completed_on", "/learner/first_name", "/learner/date_of_birth", "/learner/npi",
        "/learner/learner_id", "/cme/0/state", "/cme/0/license_id", "/cme/0/client_reference", "/moc/0/board",
        "/moc/0/board_id", "/moc/0/credit_types/0/type", "/cme/0/special_credits/0/type", "/rems/local_id",
    ),
    ACTIVITIES: (
        "/title", "/format", "/internal_id", "/start_date", "/location/city", "/description", "/listing/url",
        "/moc/0/board", "/moc/0/credit_types/0", "/commercial_support/0/source", "/rems/identifier",
    ),
}  # fmt: skip


@pytest.mark.parametrize("path", [COMPLETIONS, ACTIVITIES], ids=["completion", "activity"])
def test_text_that_cannot_be_kept_is_told_by_its_place(api: Api, service: Service, path: str) -> None:
    before = footprint(service)
    body = whole() if path == COMPLETIONS else full_activity()
    hostile = {
        "NUL": ('"a\\u0000b"', {"format"}),
        "lone surrogate": ('"a\\ud800b"', {"format"}),
        "low surrogate": ('"\\udc00"', {"format"}),
        "too long": (f'"{"x" * 3_000}"', {"too-long"}),
        "number": ("7", {"type"}),
        "list": ("[]", {"type"}),
    }
    wrong = {}
    for name, (text, codes) in hostile.items():
        for place in TEXTS[path]:
            answer = sent(api, path, raw(body, place, text))
            found = list(faults_of(answer, 422, "invalid-request"))
            if not found and (answer.codes, set(answer.pointers.values())) != (codes, {place}):
                found = [f"{answer.pointers}"]
            if found:
                wrong[name, place] = found
    assert wrong == {}
    assert footprint(service) == before


def test_names_have_two_hundred_characters_at_most(api: Api) -> None:
    answer = api.report(put(a_stranger(), "/learner/first_name", FIRST * 40))
    assert_problem(answer, 422, "invalid-request", items=["too-long"])
    assert answer.pointers == {"too-long": "/learner/first_name"}
    assert_problem(api.report(put(a_stranger(), "/learner/last_name", "ü" * 200)), 422, "completion-rejected")


def test_half_a_surrogate_pair_in_a_field_name_is_refused(api: Api) -> None:
    body = json.dumps(a_stranger())[:-1].encode() + b', "a\\ud800": 1}'
    assert_problem(sent(api, COMPLETIONS, body), 422, "invalid-request", items=["format"])
    nul = json.dumps(a_stranger())[:-1].encode() + b', "a\\u0000": 1}'
    assert_problem(sent(api, COMPLETIONS, nul), 422, "invalid-request", items=["field-unknown"])


def unreadable() -> Iterator[tuple[str, bytes]]:
    good = json.dumps(a_stranger())
    yield "not JSON", f"first_name={FIRST}&last_name={LAST}".encode()
    yield "cut off", good[:-20].encode()
    yield "trailing text", good.encode() + b" x"
    yield "two bodies", (good + good).encode()
    yield "brackets", b"[" * 100_000
    yield "closed brackets", b"[" * 100_000 + b"]" * 100_000
    yield "objects", b'{"learner":' * 80_000 + b"1" + b"}" * 80_000
    yield "deep inside", json.dumps(a_stranger())[:-1].encode() + b', "rems":' + b"[" * 5_000 + b"]" * 5_000 + b"}"
    yield "BOM", b"\xef\xbb\xbf" + good.encode()
    yield "UTF-16", good.encode("utf-16")
    yield "invalid UTF-8", good.replace(FIRST, FIRST + "@").encode().replace(b"@", b"\xff\xfe")
    yield "surrogate as UTF-8", good.replace(FIRST, FIRST + "\ud800").encode("utf-8", "surrogatepass")
    yield "raw control character", good.replace(FIRST, FIRST + "@").encode().replace(b"@", b"\n")
    yield "single quotes", good.replace('"', "'").encode()
    yield "comment", b"/* x */" + good.encode()
    yield "leading zero", good.replace('"credits": 2', '"credits": 02').encode()
    yield "blank", b"   "


@pytest.mark.parametrize("path", [COMPLETIONS, ACTIVITIES], ids=["completion", "activity"])
def test_what_is_no_json_is_unreadable(api: Api, service: Service, path: str) -> None:
    before = footprint(service)
    wrong = {}
    for name, content in unreadable():
        answer = sent(api, path, content)
        found = list(faults_of(answer, (400, 422) if "UTF-8" in name else 400, "unreadable", "invalid-request"))
        if found:
            wrong[name] = found
    assert wrong == {}
    assert footprint(service) == before


@pytest.mark.parametrize("path", [COMPLETIONS, ACTIVITIES], ids=["completion", "activity"])
def test_a_body_is_an_object(api: Api, service: Service, path: str) -> None:
    before = footprint(service)
    for content in (b"null", b"[]", b'"text"', b"7", b"true", b"", f'["{FIRST}"]'.encode(), b"NaN"):
        assert_problem(sent(api, path, content), (400, 422), "invalid-request", "unreadable")
    assert footprint(service) == before


def test_a_body_of_two_megabytes_is_too_large(api: Api, service: Service) -> None:
    before = footprint(service)
    for path in (COMPLETIONS, ACTIVITIES):
        big = json.dumps(put(a_stranger(), "/learner/first_name", FIRST * 250_000)).encode()
        assert_problem(sent(api, path, big), 413, "too-large")

        def pieces(content: bytes = big) -> Iterator[bytes]:
            for start in range(0, len(content), 65_536):
                yield content[start : start + 65_536]

        streamed = api.send("POST", path, content=pieces(), headers=JSON)
        assert_problem(streamed, 413, "too-large")
    assert footprint(service) == before


def test_a_list_of_thousands_is_too_long(api: Api, service: Service) -> None:
    before = footprint(service)
    part = {"state": "TN", "license_id": LICENSE, "credits": 1}
    for name, value in (
        ("cme", [part] * 5_000), ("moc", [points()] * 5_000), ("cme", [[]] * 5_000), ("moc", [None] * 5_000),
    ):  # fmt: skip
        answer = api.report(a_stranger(**{name: value}))
        assert_problem(answer, 422, "invalid-request", items=["too-long"])
        assert len(answer.response.content) < 100_000, name
    for name, value in (("moc", [{"board": "ABA"}] * 5_000), ("joint_providers", [FIRST] * 5_000)):
        assert_problem(api.register(**{name: value}), 422, "invalid-request", items=["too-long"])
    assert footprint(service) == before


def test_a_body_of_a_hundred_thousand_faults_gets_a_bounded_answer(api: Api) -> None:
    answer = sent(api, COMPLETIONS, json.dumps({f"f{n}": 0 for n in range(60_000)}).encode())
    assert_problem(answer, (413, 422))
    assert len(answer.response.content) < 1_000_000


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "multipart/form-data", "", None])
def test_only_json_is_taken(api: Api, content_type: str | None) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    for path in (COMPLETIONS, ACTIVITIES):
        answer = api.send("POST", path, content=json.dumps(a_stranger()).encode(), headers=headers)
        assert_problem(answer, 415, "unsupported-media-type")


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/hal+json"]
)
def test_json_by_its_other_names_is_taken(api: Api, content_type: str) -> None:
    answer = api.send("POST", COMPLETIONS, json=a_completion(), headers={"Content-Type": content_type})
    assert answer.status == 201


def test_dates_have_ascii_digits_and_no_time(api: Api, service: Service) -> None:
    before = footprint(service)
    for text in (
        "2021-12-12T00:00:00Z", "2021-12-12 10:00", "٢٠٢١-١٢-١٢", "２０２１-12-12", "0000-01-01", "99999-01-01",
        "12/12/2021", "20211212", "2021-W50-7", "2021-02-29", "2021-13-01", "-2021-12-12", "2021-1-1", "now", "1e3",
    ):  # fmt: skip
        answer = api.report(a_stranger(completed_on=text))
        assert_problem(answer, 422, "completion-rejected", items=["date-valid"])
        registered = api.register(start_date=text, end_date=text)
        assert_problem(registered, 422, "activity-rejected", items=["date-valid"])
    assert footprint(service) == before


@pytest.mark.parametrize("kind", ["live-course", "regularly-scheduled-series", "enduring-material", "other-blended"])
def test_dates_at_the_ends_of_the_calendar_are_judged_like_others(api: Api, kind: str) -> None:
    for start, end in (("0001-01-01", "0001-06-01"), ("9999-06-01", "9999-12-31"), ("0001-01-01", "9999-12-31")):
        registered = api.register(format=kind, start_date=start, end_date=end)
        assert registered.status in (201, 422), (start, registered.json)
        if registered.status == 201:
            read = api.get(f"{ACTIVITIES}/{registered.json['activity_id']}")
            assert (read.json["start_date"], read.json["end_date"]) == (start, end)
    for day in ("0001-01-01", "9999-12-31"):
        assert_problem(api.report(a_completion(completed_on=day)), 422, "completion-rejected")


def test_a_credit_type_or_special_credit_given_twice_is_told(api: Api, service: Service) -> None:
    body = a_completion(state="NC", license_id="999994")
    for second in ("Controlled Substance", "controlled-substance"):
        body["cme"][0]["special_credits"] = [
            {"type": "Controlled Substance", "credits": 1}, {"type": second, "credits": 2},
        ]  # fmt: skip
        assert_problem(api.report(body), 422, "completion-rejected")
    moc = points("ABA", "35867909", 0.25)
    moc["credit_types"] *= 2
    assert_problem(api.report(a_completion(credits=None, moc=[moc])), 422, "completion-rejected")
    settle(service)


def test_an_operator_cannot_give_an_activity_id_that_is_taken_or_none(operator_api: Api, service: Service) -> None:
    before = footprint(service)
    for activity_id in (GRAND_ROUNDS, "1", "x" * 64, "٢٠٢١٢٠٢١٢", "12345678 "):
        answer = operator_api.post(ACTIVITIES, an_activity(activity_id=activity_id), PARS_Provider="0008002")
        assert_problem(answer, (409, 422))
    assert footprint(service) == before


def test_more_credit_than_a_ledger_holds_is_never_a_failure(api: Api, service: Service) -> None:
    free = api.register(format="journal-cme", ama_pra_credits=1).json["activity_id"]
    bodies = [a_completion(free, "2021-06-01", credits=1_000_000, occasion=number) for number in range(1, 537)]
    reports = [
        CompletionIn.model_validate(body).as_report("0008001", service.clock(), EntryMethod.API) for body in bodies
    ]
    stored = transact(operator(service, "0008001"), bulk.submit_all, reports)
    assert {result.outcome for result in stored} == {Outcome.CREATED}
    beyond = api.report(a_completion(free, "2021-06-01", credits=1_000_000, occasion=537))
    assert beyond.status in (201, 422), beyond.json
    settle(service)


def test_a_stranger_is_refused_without_a_word_about_them(api: Api, service: Service) -> None:
    before = footprint(service)
    assert_problem(api.report(a_stranger()), 422, "completion-rejected", items=["learner-unmatched"])
    assert footprint(service) == before


@pytest.fixture
def operator_api(api: Api, service: Service) -> Api:
    from tests.harness.api import api_of

    return api_of(api.http, service, "migration", role="operator")
