"""Learner validations over HTTP: one, more than one, none, and nothing told of which field failed."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.domain.identity.candidates import Candidates
from app.domain.identity.learners import Learner
from app.domain.identity.matches import Result
from app.domain.identity.validations import ValidationRequest
from app.domain.parsing import MonthDay
from app.matching.by_evidence import index_forms
from app.matching.validation import NAMESAKES, evidence_of, matched_boards, those_who_fit
from app.matching.validation_by_evidence import decide_by_evidence
from app.rules.engine import VALIDATION_RULES
from app.rules.slips import NumberSlip
from app.schemas.validations import EXAMPLE
from app.services.context import Service, Work, operator, transact
from app.services.registry import imports, validations
from app.store.registry import learners
from app.store.sql import statements
from app.store.sql.values import read_document
from tests.builders.bodies import a_completion
from tests.harness.api import Answer, Api, api_of, settle
from tests.harness.properties import TIMES
from tests.harness.refusals import BORN, FIRST, LAST, LICENSE, assert_problem, footprint, same_but_request_id

VALIDATIONS = "/v1/learner-validations"
NPI, OTHER_NPI = "1234567893", "1003000126"
OURS, THEIRS = "0008001", "0008002"
REBECCA = {"first_name": "Rebecca", "last_name": "Test"}
JOHN = {"first_name": "John", "last_name": "Smith"}
"""Nobody has reported anything of him yet."""


def asked(api: Api, **fields: Any) -> Answer:
    """Rebecca Test of whom the slides show two, unless told otherwise."""
    return api.post(VALIDATIONS, REBECCA | fields)


def imported(service: Service, *people: dict[str, Any]) -> None:
    rows = [imports.read_row(person, service.catalogue) for person in people]
    counts = imports.import_rows(service, enumerate(rows, 1))
    assert counts.refused == []


def requests_written(service: Service) -> list[tuple[str, ...]]:
    """Return what the audit says of validations."""
    return service.database.read(
        lambda connection: statements.fetch(connection, "SELECT noun, fields FROM audit WHERE verb = 'validate'")
    )


def test_the_example_in_the_documentation_finds_one_learner(api: Api, http: TestClient) -> None:
    shown = http.get("/openapi.json").json()["components"]["schemas"]["ValidationIn"]["examples"]
    assert shown == [EXAMPLE]
    answer = api.post(VALIDATIONS, EXAMPLE)
    assert (answer.status, answer.json["result"], answer.json["matched_boards"]) == (200, "one", ["TN-M"])


def test_the_two_of_the_slides_are_told_apart_by_birth_date_or_licence(api: Api) -> None:
    several = asked(api)
    assert several.json == {
        "result": "more_than_one", "learner_id": None, "matched_boards": [], "hint": several.json["hint"],
    }  # fmt: skip
    elder = asked(api, date_of_birth="2/1")
    younger = asked(api, state="Maine", license_id="md 9988")
    assert (elder.json["result"], younger.json["result"]) == ("one", "one")
    assert elder.json["learner_id"] != younger.json["learner_id"]
    assert (elder.json["matched_boards"], younger.json["matched_boards"]) == ([], ["ME-M"])
    assert asked(api, license_id="444444").json["learner_id"] == elder.json["learner_id"]
    assert asked(api, state="NY").json["result"] == "none"


def test_boards_are_told_as_codes_and_only_those_that_were_named(api: Api) -> None:
    named = asked(api, **JOHN, state="tennessee", board="American Board of Internal Medicine").json
    assert (named["result"], named["matched_boards"]) == ("one", ["TN-M", "ABIM"])
    unnamed = asked(api, **JOHN, license_id="12345", board_id="999999").json
    assert (unnamed["result"], unnamed["matched_boards"]) == ("one", [])


def test_the_learner_id_reports_in_place_of_identity_data(api: Api, service: Service) -> None:
    answer = asked(api, date_of_birth="02/01").json
    body = a_completion() | {"learner": {"learner_id": answer["learner_id"]}}
    reported = api.report(body)
    assert (reported.status, reported.json["learner"]["learner_id"]) == (201, answer["learner_id"])
    same = api.report(a_completion())
    assert (same.status, same.json["outcome"]) == (200, "unchanged")
    settle(service)


def test_a_completion_and_a_validation_give_the_same_person_the_same_learner_id(api: Api) -> None:
    reported = api.report(a_completion()).json["learner"]["learner_id"]
    assert asked(api, date_of_birth="02/01").json["learner_id"] == reported


def test_a_link_is_kept_once_and_nothing_else_is_ever_written(api: Api, service: Service) -> None:
    before = footprint(service)
    asked(api)
    asked(api, date_of_birth="12/31")
    assert footprint(service) == before
    first = asked(api, **JOHN).json
    after = footprint(service)
    assert sum(after) - sum(before) == 2  # the link, and the commit under which its audit row stands
    assert asked(api, **JOHN).json == first
    assert asked(api, **JOHN, state="TN").json["learner_id"] == first["learner_id"]
    assert footprint(service) == after
    noted = requests_written(service)
    assert [(noun, read_document(fields)) for noun, fields in noted] == [("learners", {"added": 1})]
    settle(service)


WRONG: tuple[dict[str, str], ...] = (
    {"first_name": "Walter", "last_name": "Nobody"}, {"last_name": "Nobody", "license_id": "1"},
    {"date_of_birth": "02/02"}, {"state": "CA"},
    {"license_id": "444445"}, {"license_id": "0444444"}, {"license_id": OTHER_NPI}, {"board": "ABIM"},
    {"board": "ABA", "board_id": "1"}, {"board_id": "1"}, {"npi": OTHER_NPI}, {"medical_school": "Meharry"},
    {"state": "ME", "license_id": "MD9988"}, {"license_id": "-"},
)  # fmt: skip


def test_every_kind_of_miss_is_the_same_bytes(api: Api, service: Service) -> None:
    imported(
        service, REBECCA | {"date_of_birth": "02/01", "licenses": "TN-M:444444", "npi": NPI, "medical_school": "Duke"}
    )
    right = {"date_of_birth": "02/01", "state": "TN", "license_id": "444444", "npi": NPI, "medical_school": "DUKE"}
    assert asked(api, **right).json["result"] == "one"
    before = footprint(service)
    missed = [asked(api, **(right | wrong)) for wrong in WRONG]
    missed += [asked(api, **wrong) for wrong in WRONG if wrong.keys() - {"medical_school"} and "board" not in wrong]
    missed.append(api.post(VALIDATIONS, {"first_name": FIRST, "last_name": LAST}))
    # What to do may name a slip that is seen in what was typed, such as an NPI as licence number.
    slip = f"{NumberSlip.NPI_IN_LICENSE.value} ".encode()
    assert slip in missed[WRONG.index({"license_id": OTHER_NPI})].response.content
    told = {answer.response.content.replace(slip, b"") for answer in missed if answer.json["result"] == "none"}
    assert [answer.json["result"] for answer in missed[: len(WRONG)]] == ["none"] * len(WRONG)
    assert len(told) == 1
    assert footprint(service) == before
    assert b"help@example.org" in told.pop()


@pytest.mark.parametrize(
    "wrong", [{"first_name": "Walter", "last_name": "Nobody"}, {"date_of_birth": "02/02"}, {"license_id": "444445"}]
)
def test_every_kind_of_miss_sends_the_database_the_same_statements(
    api: Api, wrong: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    right = {"first_name": "Rebecca", "date_of_birth": "02/01", "state": "TN", "license_id": "444444"}
    asked(api, **right)
    sent: list[str] = []

    def note(statement: str) -> None:
        # Clients, and what they may act for, are read again now and then.
        if "client_secrets" not in statement and "grants" not in statement:
            sent.append(statement)

    monkeypatch.setattr(statements, "BEFORE_STATEMENT", [note])
    miss = asked(api, **(right | {"first_name": "Nobody", "last_name": "Known"}))
    of_nobody = list(sent)
    sent.clear()
    other = asked(api, **(right | wrong))
    assert miss.json == other.json
    assert sent == of_nobody != []


FORM = {
    "name-required": ({"first_name": " "}, "/first_name"),
    "name-legible": ({"first_name": "Rebe?ca"}, "/first_name"),
    "birth-date-valid": ({"date_of_birth": "13/45"}, "/date_of_birth"),
    "npi-valid": ({"npi": "1234567890"}, "/npi"),
    "state-required": ({"state": "Ontario"}, "/state"),
    "board-known": ({"board": "TN-M"}, "/board"),
}


@pytest.mark.parametrize("rule", FORM)
def test_what_the_form_alone_shows_is_refused_by_the_rule_for_it(api: Api, service: Service, rule: str) -> None:
    before = footprint(service)
    wrong, pointer = FORM[rule]
    answer = asked(api, **wrong)
    assert_problem(answer, 422, "invalid-request", items=[rule])
    assert answer.pointers == {rule: pointer}
    (item,) = answer.json["errors"]
    assert item["hint"] and api.get(item["rule_url"]).status == 200
    assert [finding["rule"] for finding in answer.json["findings"]] == [rule]
    assert footprint(service) == before


def test_every_rule_of_validations_has_a_case_that_only_it_refuses() -> None:
    assert set(FORM) == set(VALIDATION_RULES)


def test_everything_wrong_with_a_form_is_told_at_once_and_nothing_given_back(api: Api) -> None:
    wrong = {"date_of_birth": "27/19", "npi": "1234567890", "state": FIRST, "board": LAST, "license_id": LICENSE}
    wrong |= {"last_name": "Bak?r", "medical_school": "Universit\ufffd"}
    answer = api.post(VALIDATIONS, wrong)
    assert_problem(answer, 422, "invalid-request", items=FORM)
    assert "27/19" not in answer.response.text
    assert len(answer.json["errors"]) == 7


def test_the_form_is_refused_alike_whether_the_person_is_known_or_not(api: Api) -> None:
    known = asked(api, board="XX", date_of_birth="02/01")
    unknown = api.post(VALIDATIONS, {"first_name": FIRST, "last_name": LAST, "board": "XX", "date_of_birth": BORN})
    assert_problem(unknown, 422, "invalid-request", items=["board-known"])
    assert same_but_request_id(known, unknown)


@pytest.mark.parametrize(
    ("fields", "code"),
    [({"learner_id": "lrn_1"}, "field-unknown"), ({"npi": 7}, "type"), ({"state": "x" * 201}, "too-long")],
)
def test_the_schema_only_reads(api: Api, fields: dict[str, Any], code: str) -> None:
    assert_problem(asked(api, **fields), 422, "invalid-request", items=[code])
    assert asked(api, npi=None, state="", board=" ", date_of_birth="2/1").json["result"] == "one"


def test_only_clients_with_the_scope_validate(http: TestClient, service: Service) -> None:
    reader = api_of(http, service, "reader", providers=[OURS], scopes=["completions:read"])
    assert_problem(asked(reader), 403, "forbidden")
    vendor = api_of(http, service, "LMS", role="vendor", providers=[OURS])
    assert_problem(asked(vendor), 400, "provider-required")
    assert vendor.post(VALIDATIONS, REBECCA, PARS_Provider=OURS).json["result"] == "more_than_one"
    assert_problem(vendor.post(VALIDATIONS, REBECCA, PARS_Provider=THEIRS), 403, "forbidden")


def test_a_learner_id_is_the_providers_own(api: Api, http: TestClient, service: Service) -> None:
    other = api_of(http, service, "AAA Test Organization", providers=[THEIRS])
    ours, theirs = (asked(client, date_of_birth="02/01").json["learner_id"] for client in (api, other))
    assert ours != theirs
    activity = other.register().json["activity_id"]
    answers = [
        other.report(a_completion(activity, "2021-06-01") | {"learner": {"learner_id": learner_id}})
        for learner_id in (ours, "lrn_" + "0" * 32)
    ]
    assert_problem(answers[0], 422, "completion-rejected", items=["learner-unmatched"])
    assert same_but_request_id(*answers)
    accepted = other.report(a_completion(activity, "2021-06-01") | {"learner": {"learner_id": theirs}})
    assert accepted.status == 201


def a_crowd(size: int) -> list[dict[str, Any]]:
    """So many people of one name; the last of them alone went to Duke."""
    return [
        {"first_name": "Ann", "last_name": "Lee", "date_of_birth": "05/05", "licenses": f"CA-M:C{place}"}
        | ({"medical_school": "Duke" if place == size - 1 else "Meharry"})
        for place in range(size)
    ]


def test_of_a_crowd_of_namesakes_nobody_is_taken_for_the_only_one(api: Api, service: Service) -> None:
    ann = {"first_name": "Ann", "last_name": "Lee"}
    imported(service, *a_crowd(NAMESAKES))
    assert asked(api, **ann, medical_school="Duke").json["result"] == "one"
    imported(service, ann | {"medical_school": "Duke", "date_of_birth": "05/05", "licenses": "NY-M:1"})
    for fields in ({}, {"medical_school": "Duke"}, {"medical_school": "Meharry"}, {"state": "CA"}):
        assert asked(api, **ann, **fields).json["result"] == "more_than_one"
    for fields in ({"state": "NY"}, {"license_id": "C7"}, {"state": "NY", "medical_school": "Duke"}):
        assert asked(api, **ann, **fields).json["result"] == "one"


@pytest.mark.exhaustive
def test_the_registry_on_disk_answers_as_comparing_everybody_would(service: Service) -> None:
    """Every lookup runs on the database, with evidence that fits and that does not, against all learners compared."""
    names = [("Ann", "Lee"), ("Ann", "Ray"), ("FNU", "Lee")]
    imported(
        service,
        *(
            {
                "first_name": names[n % 3][0],
                "last_name": names[n % 3][1],
                "other_last_names": "Lee" if n % 5 == 0 else "",
                "date_of_birth": ("", "02/01", "03/01")[n // 3 % 3],
                "medical_school": ("", "Duke & Sons")[n % 2],
                "npi": {4: NPI, 7: OTHER_NPI}.get(n, ""),
                "licenses": f"{('TN-M', 'TN-O', 'ME-M')[n // 2 % 3]}:0{n // 6}{'ab'[n % 2]};CA-M:{n}",
                "certifications": f"{('ABIM', 'ABA')[n % 2]}:{n // 2}" if n % 3 else "",
            }
            for n in range(24)
        ),
    )
    choices: dict[str, tuple[Any, ...]] = {
        "birth_date": (None, MonthDay(2, 1), MonthDay(9, 9)),
        "state": (None, "TN", "ME"),
        "license_id": (None, "01a", NPI, "7"),
        "board": (None, "ABIM"),
        "board_id": (None, "2", "5"),
        "npi": (None, OTHER_NPI),
        "medical_school": (None, "duke and sons", "Meharry"),
    }
    requests = [
        ValidationRequest(first_name=first, last_name=last, **dict(zip(choices, values, strict=True)))
        for (first, last), values in itertools.product(names, itertools.product(*choices.values()))
    ][:: 1 if TIMES > 1 else 7]
    everybody = service.database.read(_everybody)
    assert len(everybody) > 24
    forms = index_forms(everybody, service.catalogue)
    answers = transact(
        operator(service, OURS), lambda work: validations.validate_each([work] * len(requests), requests)
    )
    expected = []
    for request in requests:
        evidence = evidence_of(request, service.catalogue)
        fitting = those_who_fit(everybody, evidence)
        candidates = Candidates.of(everybody)
        decision = weighed = None
        if not fitting:
            decision = decide_by_evidence(request, evidence, candidates, forms, service.catalogue)
            weighed = decision.learner
        only = fitting[0] if len(fitting) == 1 else weighed
        if only is not None:
            expected.append((Result.ONE, matched_boards(only, evidence)))
        else:
            expected.append((decision.result if decision is not None else Result.SEVERAL, ()))
    assert [(answer.result, answer.matched_boards) for answer in answers] == expected
    counted = Counter(result for result, _ in expected)
    assert min(counted[result] for result in (Result.ONE, Result.SEVERAL, Result.NONE)) > 5
    settle(service)


def _everybody(connection: Any) -> list[Learner]:
    return learners.by_ids(
        connection, [row[0] for row in statements.fetch(connection, "SELECT learner_id FROM learners")]
    )


def test_many_callers_are_answered_in_one_transaction_each_with_its_own_links(service: Service) -> None:
    john = ValidationRequest(first_name="John", last_name="Smith", birth_date=MonthDay(3, 17))
    nobody = ValidationRequest(first_name=FIRST, last_name=LAST)
    nameless = ValidationRequest(last_name=LAST)

    def together(connection: Any) -> list[Any]:
        works = [
            Work(connection=connection, caller=operator(service, provider), now=service.clock())
            for provider in (OURS, OURS, THEIRS, OURS, OURS)
        ]
        answers = validations.validate_each(works, [john, nobody, john, john, nameless])
        for work in works:
            work.save_commit()
        return answers

    first, missed, theirs, again, refused = service.database.write(together)
    assert (first.result, missed.result, refused.result) == (Result.ONE, Result.NONE, Result.NOT_ASKED)
    assert first.learner_id == again.learner_id != theirs.learner_id
    assert (missed.learner_id, refused.learner_id) == (None, None)
    assert [finding.rule for finding in refused.findings] == ["name-required"]
    noted = [read_document(fields) for _, fields in requests_written(service)]
    assert noted == [{"added": 1}, {"added": 1}]
    assert service.database.read(lambda connection: validations.validate_each([], [])) == []
    settle(service)
