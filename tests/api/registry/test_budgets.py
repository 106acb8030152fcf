"""Nobody learns a birth date by trying: at no door, by no number of keys, and an honest caller notices nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.console.routes import page_routes
from app.domain.identity.budgets import CLIENT_DATES, PERSON_DATES, PERSON_WITHIN
from app.main import create_app
from app.routers.callers import declared_routes
from app.services.access import identity_budgets
from app.services.context import Service
from app.services.reporting import budget
from app.store.sql import statements
from tests.builders.bodies import a_completion
from tests.builders.people import import_people
from tests.harness import doors
from tests.harness.api import Answer, Api, api_of
from tests.harness.clock import ManualClock
from tests.harness.databases import ON_SQLITE
from tests.harness.doors import BORN, BY_OPERATION, EVERY_DOOR, LICENSE, NOT_OF_PROVIDERS, PERSON, Door, validate

WRONG = ["06/14", "06/16", "05/15", "07/15", "06/05"]
"""As many as may be tried: neighbours of the right one, and one with another digit."""


@pytest.fixture(autouse=True)
def registry_knows_ada(service: Service) -> None:
    doors.import_ada(service)


@pytest.fixture
def stranger(http: TestClient, service: Service) -> Api:
    """A client of another provider."""
    return api_of(http, service, "Stranger", providers=["0008002"])


def spend(api: Api, service: Service, dates: list[str] = WRONG, door: Door = validate) -> None:
    for born in dates:
        assert not door(api, service, born).right


def operator_of(http: TestClient, service: Service) -> Api:
    return api_of(http, service, "Operator", role="operator")


def spent(http: TestClient, service: Service) -> list[Any]:
    listed: list[Any] = operator_of(http, service).get("/v1/identity-budgets").json["data"]
    return listed


def test_the_table_of_doors_names_operations_that_exist_and_all_of_them_are_tried() -> None:
    assert budget.DOORS.keys() == BY_OPERATION.keys()
    app = create_app()
    pages = {route.name for route in page_routes(app)}
    assert budget.DOORS.keys() <= {route.name for route in declared_routes(app)} | pages


@ON_SQLITE
@pytest.mark.parametrize("door", EVERY_DOOR, ids=lambda door: door.__name__)
def test_every_door_takes_the_right_date_while_less_than_five_were_tried(
    api: Api, service: Service, stranger: Api, door: Door
) -> None:
    spend(stranger, service, WRONG[:-1])
    assert door(api, service, BORN).right


@ON_SQLITE
@pytest.mark.parametrize("door", EVERY_DOOR, ids=lambda door: door.__name__)
def test_dates_tried_at_any_door_are_counted(api: Api, service: Service, stranger: Api, door: Door) -> None:
    spend(api, service, door=door)
    assert not validate(stranger, service, BORN).right


@pytest.mark.parametrize("door", EVERY_DOOR, ids=lambda door: door.__name__)
def test_no_door_tells_the_right_date_once_the_budget_is_spent(
    api: Api, service: Service, stranger: Api, door: Door
) -> None:
    spend(stranger, service)
    guess = door(api, service, BORN)
    assert not guess.right


def test_all_misses_are_answered_with_the_same_bytes(api: Api, service: Service, stranger: Api) -> None:
    def asked(**given: str) -> bytes:
        body = {**PERSON, **LICENSE, "date_of_birth": BORN} | given
        return api.post("/v1/learner-validations", body).response.content

    nobody = asked(first_name="Nobody", last_name="Known")
    assert asked(date_of_birth="01/02") == asked(state="ME") == asked(license_id="555002") == nobody
    spend(stranger, service)
    assert asked() == nobody
    body = a_completion(**PERSON, born=BORN, **LICENSE)

    def reported(**learner: str) -> Any:
        answer = api.report(body | {"learner": body["learner"] | learner})
        return answer.status, answer.json["errors"]

    assert reported() == reported(date_of_birth="01/02") == reported(first_name="Nobody", last_name="Known")


def test_a_right_date_beside_a_part_that_does_not_fit_is_as_any_miss(api: Api) -> None:
    """Were the part named that does not fit, it would tell that the person does."""

    def reported(born: str) -> Any:
        parts = [{**LICENSE, "credits": 1}, {"state": "ME", "credits": 1}]
        answer = api.report(a_completion(**PERSON, born=born) | {"cme": parts})
        return answer.status, answer.json["errors"]

    assert reported(BORN) == reported("01/02")


def test_one_date_tried_often_counts_once_and_repeats_in_other_spellings_too(api: Api, service: Service) -> None:
    for born in ["06/14", "6/14", "1980-06-14", "06/14/1971"] * 3:
        assert not validate(api, service, born).right
    assert validate(api, service, BORN).right


def test_a_provider_that_has_found_somebody_goes_on_finding_them(api: Api, service: Service, stranger: Api) -> None:
    assert validate(api, service, BORN).right
    spend(stranger, service)
    assert not validate(stranger, service, BORN).right
    for door in EVERY_DOOR:
        if door in NOT_OF_PROVIDERS:
            continue
        assert door(api, service, BORN).right, door.__name__


def test_misses_of_a_provider_that_knows_the_person_cost_nothing(api: Api, service: Service, stranger: Api) -> None:
    assert validate(api, service, BORN).right
    spend(api, service, [f"01/{day:02}" for day in range(1, 20)])
    assert validate(stranger, service, BORN).right


@pytest.mark.parametrize(
    "spellings",
    [
        ["Wonderley", "Wonderl", "Wonderlyy", "Wnoderly", "Wonderlu"],
        ["Wonderly MD", "Wonderly, Jr.", "wonderly", "WONDERLY", "Wonder-ly"],
    ],
)
def test_a_date_tried_under_a_name_that_is_only_near_is_counted_as_well(
    api: Api, service: Service, stranger: Api, spellings: list[str]
) -> None:
    for last_name, born in zip(spellings, WRONG, strict=True):
        body = {"first_name": "Ada", "last_name": last_name, "state": "TN"}
        assert api.post("/v1/learner-validations", body | {"date_of_birth": born}).json["result"] == "none"
    assert not validate(stranger, service, BORN).right


def test_a_date_tried_with_first_and_last_name_exchanged_or_an_initial_is_counted_as_well(
    api: Api, service: Service, stranger: Api
) -> None:
    names = [("Wonderly", "Ada"), ("A.", "Wonderly"), ("Ada M.", "Wonderly"), ("Ada Marie", "Wonderly")]
    names.append(("Ada", "Wonderly-Smith"))
    for (first_name, last_name), born in zip(names, WRONG, strict=True):
        learner = {"first_name": first_name, "last_name": last_name}
        body = a_completion(**learner, born=born, state="TN", license_id=None)
        assert "learner-unmatched" in api.report(body).codes
    assert not validate(stranger, service, BORN).right


def test_a_find_by_numbers_alone_opens_no_way_to_the_date(api: Api, service: Service) -> None:
    """Names, NPI and licence are public: whoever was found by them has not shown to know the date."""
    found = api.post("/v1/learner-validations", {**PERSON, "npi": "1234567893"}).json
    assert found["result"] == "one"
    spend(api, service)
    assert not validate(api, service, BORN).right


def test_a_learner_id_opens_no_way_to_the_date(api: Api, service: Service) -> None:
    learner_id = api.post("/v1/learner-validations", {**PERSON, "npi": "1234567893"}).json["learner_id"]

    def tried(born: str) -> Answer:
        body = a_completion(**PERSON, born=born, **LICENSE, credits=0.25)
        return api.post(
            "/v1/learner-completions:preview", body | {"learner": {"learner_id": learner_id, "date_of_birth": born}}
        )

    answers = [tried(born).json["findings"] for born in [*WRONG, BORN]]
    assert all(any(finding["rule"] == "learner-unmatched" for finding in findings) for findings in answers)
    # Without a date the learner id is as good as ever.
    without = a_completion(**LICENSE, credits=0.25) | {"learner": {"learner_id": learner_id}}
    assert api.report(without).status == 201


def test_dates_are_not_charged_to_namesakes_whom_a_licence_leaves_out(api: Api, service: Service) -> None:
    other = {**PERSON, "date_of_birth": "09/09", "licenses": "TN-M:555002"}
    assert import_people(service, other).refused == []
    spend(api, service)
    asked = {**PERSON, "state": "TN", "license_id": "555002", "date_of_birth": "09/09"}
    assert api.post("/v1/learner-validations", asked).json["result"] == "one"


def test_namesakes_in_another_state_are_not_charged(api: Api, service: Service) -> None:
    other = {**PERSON, "date_of_birth": "09/09", "licenses": "ME-M:555002"}
    assert import_people(service, other).refused == []
    for born in WRONG:
        asked = {**PERSON, "state": "TN", "date_of_birth": born}
        assert api.post("/v1/learner-validations", asked).json["result"] == "none"
    told = {
        state: api.post("/v1/learner-validations", {**PERSON, "state": state, "date_of_birth": born}).json["result"]
        for state, born in {"TN": BORN, "ME": "09/09"}.items()
    }
    assert told == {"TN": "none", "ME": "one"}


def test_several_of_one_date_are_not_told_once_a_budget_is_spent(api: Api, service: Service, stranger: Api) -> None:
    assert import_people(service, {**PERSON, "date_of_birth": BORN, "licenses": "TN-M:555002"}).refused == []
    asked = {**PERSON, "state": "TN", "date_of_birth": BORN}
    assert api.post("/v1/learner-validations", asked).json["result"] == "more_than_one"
    spend(stranger, service)
    assert api.post("/v1/learner-validations", asked).json["result"] == "none"


def test_a_budget_ends_thirty_days_after_the_tries(
    api: Api, service: Service, stranger: Api, clock: ManualClock
) -> None:
    spend(api, service)
    clock.now += PERSON_WITHIN - timedelta(minutes=1)
    assert not validate(stranger, service, BORN).right
    clock.now += timedelta(minutes=1)
    assert validate(stranger, service, BORN).right


def test_what_is_spent_is_listed_and_a_release_lets_the_right_date_find(
    api: Api, service: Service, stranger: Api, http: TestClient
) -> None:
    operator = operator_of(http, service)
    assert operator.get("/v1/identity-budgets").json == {"data": [], "next_cursor": None}
    spend(api, service)
    assert not validate(stranger, service, BORN).right
    (listed,) = operator.get("/v1/identity-budgets").json["data"]
    assert (listed["kind"], listed["refused"], listed["refused_at"]) == ("person", 1, listed["spent_at"])
    assert operator.post(f"/v1/identity-budgets/{listed['budget_id']}/release", {}).json == listed
    assert validate(stranger, service, BORN).right
    assert operator.get("/v1/identity-budgets").json["data"] == []
    assert operator.post(f"/v1/identity-budgets/{listed['budget_id']}/release", {}).status == 404


def test_a_release_is_audited_without_identity(api: Api, service: Service, http: TestClient) -> None:
    spend(api, service)
    (listed,) = spent(http, service)
    operator_of(http, service).post(f"/v1/identity-budgets/{listed['budget_id']}/release", {})
    rows = service.database.read(
        lambda connection: statements.fetch(
            connection, "SELECT verb, subject_id FROM audit WHERE noun = 'identity-budget'"
        )
    )
    assert rows == [("release", listed["subject"])]


def strangers(count: int) -> list[dict[str, str]]:
    """Return people of different last names, all born on 03/03."""
    born = {"first_name": "Max", "date_of_birth": "03/03"}
    return [born | {"last_name": doors.far_name(n), "licenses": f"TN-M:9{n:05}"} for n in range(count)]


def test_a_client_that_misses_too_often_finds_nobody_new_and_is_told_to_the_operator(
    api: Api, service: Service, http: TestClient, stranger: Api
) -> None:
    people = strangers(CLIENT_DATES + 1)
    assert import_people(service, *people).refused == []
    known = {**PERSON, **LICENSE, "date_of_birth": BORN}
    assert api.post("/v1/learner-validations", known).json["result"] == "one"
    for person in people[:CLIENT_DATES]:
        body = {"first_name": "Max", "last_name": person["last_name"], "date_of_birth": "04/04"}
        assert api.post("/v1/learner-validations", body).json["result"] == "none"
    last = {"first_name": "Max", "last_name": people[-1]["last_name"], "date_of_birth": "03/03"}
    assert api.post("/v1/learner-validations", last).json["result"] == "none"
    (alert,) = [budget for budget in spent(http, service) if budget["kind"] == "client"]
    assert (alert["subject"], alert["refused"]) == (api.client_id, 1)
    assert 'pars_identity_budgets_spent{kind="client"} 1.0' in http.get("/metrics").text
    # Whom it knows it goes on finding; others are as free as before; a release ends it.
    assert api.post("/v1/learner-validations", known).json["result"] == "one"
    assert stranger.post("/v1/learner-validations", last).json["result"] == "one"
    operator_of(http, service).post(f"/v1/identity-budgets/{alert['budget_id']}/release", {})
    assert api.post("/v1/learner-validations", last).json["result"] == "one"


def test_a_key_that_would_spend_many_budgets_is_stopped_first(api: Api, service: Service, http: TestClient) -> None:
    people = strangers(100)
    assert import_people(service, *people).refused == []
    for person in people:
        items = [
            a_completion(first_name="Max", last_name=person["last_name"], born=f"05/{day:02}", license_id=None)
            for day in range(1, PERSON_DATES + 1)
        ]
        assert api.post("/v1/learner-completions:bulk", {"items": items}).status == 207
    kinds = [budget["kind"] for budget in spent(http, service)]
    assert kinds.count("client") == 1
    assert kinds.count("person") == CLIENT_DATES // PERSON_DATES


def test_what_was_tried_is_forgotten_after_thirty_days(api: Api, service: Service, clock: ManualClock) -> None:
    spend(api, service)
    assert identity_budgets.delete_expired(service) == 0
    clock.now += PERSON_WITHIN
    assert identity_budgets.delete_expired(service) == PERSON_DATES + 1


def test_the_tables_hold_no_names_and_no_dates(api: Api, service: Service) -> None:
    spend(api, service)
    assert validate(api, service, BORN).said["result"] == "none"
    api.post("/v1/learner-validations", {"first_name": "Nobody", "last_name": "Known", "date_of_birth": BORN})
    held = service.database.read(
        lambda connection: [
            str(row).lower()
            for table in ("identity_tries", "identity_finds", "identity_budgets")
            for row in statements.fetch(connection, f"SELECT * FROM {table}")
        ]
    )
    assert held
    assert not [row for row in held for secret in ("wonderly", "known", "06/1", "555001") if secret in row]


def test_the_sandbox_and_questions_without_a_date_are_never_charged(
    api: Api, service: Service, http: TestClient
) -> None:
    test = api_of(http, service, "Tester", test=True)
    for _ in range(8):
        test.post("/v1/learner-validations", {**PERSON, "date_of_birth": "01/01"})
        api.post("/v1/learner-validations", {**PERSON, "state": "ME"})
    rows = service.database.read(lambda connection: statements.fetch(connection, "SELECT 1 FROM identity_tries"))
    assert rows == []


def test_a_record_held_because_of_a_spent_budget_is_accepted_after_the_release(
    api: Api, service: Service, stranger: Api, http: TestClient
) -> None:
    spend(stranger, service)
    body = a_completion(**PERSON, born=BORN, **LICENSE)
    held = api.post("/v1/learner-completions?on_unmatched=hold", body)
    assert (held.status, held.json["outcome"]) == (202, "held")
    (listed,) = spent(http, service)
    operator_of(http, service).post(f"/v1/identity-budgets/{listed['budget_id']}/release", {})
    judged = api.post(f"/v1/held-records/{held.json['held_id']}/judge", {})
    assert judged.json["status"] == "accepted", judged.json
