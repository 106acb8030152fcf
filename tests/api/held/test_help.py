"""Help with held records: asked by the sender, answered by the operator, told to the sender."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.services.context import Service
from app.services.held.judging import judge_all_due
from tests.builders.bodies import a_completion
from tests.builders.people import import_people, physicians_on_file
from tests.harness.api import Answer, Api, api_of, settle
from tests.harness.held import NORA, held_of, hold, nora
from tests.harness.processes import installation

pytestmark = pytest.mark.usefixtures("proven")


@pytest.fixture
def operator(http: TestClient, service: Service) -> Api:
    return api_of(http, service, "the operator", role="operator")


def ask(api: Api, held: Answer, message: str | None = "She signs as Nonie.") -> Answer:
    return api.post(f"/v1/held-records/{held.json['held_id']}/ask", {"message": message})


def physician(service: Service) -> str:
    """Return the id of the one physician of her last name."""
    people = physicians_on_file(service).items()
    (found,) = [id for id, learner in people if any(last == "quillfeather" for last, _ in learner.names)]
    return found


def answer(operator: Api, asked: Answer, **given: Any) -> Answer:
    return operator.post(f"/v1/help-requests/{asked.json['help']['help_id']}/answer", given)


def last_events(api: Api, service: Service, last: int) -> list[str]:
    settle(service)
    return [event["type"] for event in api.get("/v1/events", limit=100).json["data"][-last:]]


def test_a_question_stands_in_the_queue_with_the_record(api: Api, operator: Api) -> None:
    held = hold(api, nora())
    asked = ask(api, held)
    assert (asked.status, asked.json["help"]["status"]) == (200, "open")
    (shown,) = operator.get("/v1/help-requests", status="open").json["data"]
    assert shown["message"] == "She signs as Nonie."
    assert shown["record"]["report"]["learner"]["first_name"] == "Nora"
    assert operator.get(f"/v1/help-requests/{shown['help_id']}").json == shown
    assert shown["comparison"] is None
    assert api.get("/v1/help-requests").status == 403


def test_asked_again_before_the_answer_it_is_one_question(api: Api, operator: Api) -> None:
    held = hold(api, nora())
    ask(api, held)
    ask(api, held, "She moved to Maine.")
    ask(api, held, None)
    assert [case["message"] for case in operator.get("/v1/help-requests").json["data"]] == ["She moved to Maine."]


def test_an_answer_in_words_stands_in_the_held_record(api: Api, operator: Api, service: Service) -> None:
    held = hold(api, nora())
    asked = ask(api, held)
    assert answer(operator, asked, action="answer").pointers == {"format": "/message"}
    assert answer(operator, asked, action="answer", message="Ask her for her licence.").json["status"] == "answered"
    shown = held_of(api, held)
    assert (shown["status"], shown["help"]["answer"]) == ("waiting", "Ask her for her licence.")
    assert last_events(api, service, 1) == ["help.answered"]
    assert answer(operator, asked, action="answer", message="Again.").status == 409


def test_the_operators_word_credits_whom_it_names(api: Api, operator: Api, service: Service) -> None:
    """Her name, birth date and licence are other ones on file."""
    import_people(service, NORA | {"first_name": "Leonora", "date_of_birth": "07/19", "licenses": "TN-M:808080"})
    held = hold(api, nora())
    asked = ask(api, held)
    linked = answer(operator, asked, action="link", physician_id=physician(service))
    assert (linked.status, linked.json["status"], linked.json["action"]) == (200, "answered", "link")
    shown = held_of(api, held)
    assert (shown["status"], shown["reason"]) == ("accepted", "linked")
    assert "physician_id" not in str(shown)
    completion = api.get(f"/v1/learner-completions/{shown['completion_id']}").json
    assert completion["learner"]["first_name"] == "Nora"
    assert completion["credits"][0]["learner_board_id"] == "909090"
    assert last_events(api, service, 3) == ["completion.reported", "completion.matched", "help.answered"]
    # The link is the provider's from now on, and the same record is the same completion.
    by_link = a_completion(completed_on="2021-12-14")
    by_link["learner"] = {"learner_id": completion["learner"]["learner_id"]}
    by_link["cme"][0].pop("license_id")
    assert api.report(by_link).status == 201
    assert hold(api, nora()).json["completion_id"] == shown["completion_id"]


def test_the_operators_word_does_not_stand_above_the_other_rules(api: Api, operator: Api, service: Service) -> None:
    import_people(service, NORA | {"date_of_birth": "07/19", "licenses": "TN-M:808080"})
    limited = api.register(ama_pra_credits=1).json["activity_id"]
    held = hold(api, nora(activity_id=limited, credits=1))
    asked = ask(api, held)
    # Her only credit of the activity is reported meanwhile, as she is on file.
    taken = nora(activity_id=limited, credits=1, born="07/19", license_id="808080", completed_on="2021-12-01")
    assert api.report(taken).status == 201
    refused = answer(operator, asked, action="link", physician_id=physician(service))
    assert refused.status == 422
    assert "cumulative-maximum" in refused.codes
    assert held_of(api, held)["status"] == "waiting"
    assert operator.get("/v1/help-requests", status="open").json["data"] != []


def test_a_name_that_is_added_lets_every_record_of_it_match(api: Api, operator: Api, service: Service) -> None:
    import_people(service, NORA | {"first_name": "Philippa"})
    first, second = hold(api, nora(license_id=None)), hold(api, nora(license_id=None, completed_on="2021-12-13"))
    answered = answer(operator, ask(api, first), action="add-name", physician_id=physician(service))
    assert answered.json["record"]["status"] == "accepted"
    judge_all_due(service)
    assert held_of(api, second)["status"] == "accepted"
    assert api.report(nora(license_id=None, completed_on="2021-12-14")).status == 201


def test_a_licence_that_is_added_lets_its_record_match(api: Api, operator: Api, service: Service) -> None:
    import_people(service, NORA | {"licenses": "ME-M:1"})
    asked = ask(api, hold(api, nora()))
    assert answer(operator, asked, action="add-licence", physician_id=physician(service)).pointers == {
        "format": "/board"
    }
    answered = answer(operator, asked, action="add-licence", physician_id=physician(service), board="TN-M")
    assert answered.json["record"]["status"] == "accepted"


def test_a_licence_that_somebody_else_holds_is_added_to_nobody(api: Api, operator: Api, service: Service) -> None:
    import_people(service, NORA | {"licenses": "ME-M:1"})
    asked = ask(api, hold(api, nora(license_id="444444")))
    added = answer(operator, asked, action="add-licence", physician_id=physician(service), board="TN-M")
    assert added.status == 409


def test_an_answer_that_lacks_something_changes_nothing(api: Api, operator: Api, service: Service) -> None:
    asked = ask(api, hold(api, nora()))
    assert answer(operator, asked, action="link").pointers == {"format": "/physician_id"}
    assert answer(operator, asked, action="link", physician_id="nobody").pointers == {"format": "/physician_id"}
    worded = answer(operator, asked, action="answer", message="Hm.", physician_id="somebody")
    assert worded.pointers == {"format": "/physician_id"}
    assert operator.post("/v1/help-requests/nothing/answer", {"action": "answer", "message": "Hm."}).status == 404
    assert operator.get("/v1/help-requests", status="open").json["data"] != []


def test_a_question_about_a_record_that_has_ended_is_closed(api: Api, operator: Api, service: Service) -> None:
    held = hold(api, nora())
    ask(api, held)
    import_people(service, NORA)
    judge_all_due(service)
    assert held_of(api, held)["help"]["status"] == "closed"
    assert ask(api, held).status == 409


def test_the_sandbox_stands_in_no_queue(http: TestClient, service: Service, operator: Api) -> None:
    tester = api_of(http, service, "tester", providers=["0008001"], test=True)
    activity = tester.register().json["activity_id"]
    held = hold(tester, nora(activity_id=activity))
    assert held.status == 202, held.json
    assert ask(tester, held).status == 200
    assert operator.get("/v1/help-requests").json["data"] == []


def test_the_operator_sees_how_candidates_compare_and_no_value_of_theirs(
    api: Api, operator: Api, service: Service
) -> None:
    import_people(service, NORA | {"first_name": "Philippa", "date_of_birth": "07/19"})
    asked = ask(api, hold(api, nora()))
    shown = operator.get(f"/v1/help-requests/{asked.json['help']['help_id']}").json
    (candidate,) = shown["comparison"]["candidates"]
    assert candidate["physician_id"] == physician(service)
    assert (candidate["surname"], candidate["given"], candidate["birth_date"]) == ("same", "different", "different")
    assert "philippa" not in str(shown["comparison"]).lower()
    assert "07/19" not in str(shown["comparison"])
    assert "comparison" not in str(api.get(f"/v1/held-records/{shown['record']['held_id']}").json)


def test_the_operator_answers_from_the_command_line(
    api: Api, service: Service, database_url: str, tmp_path: Path
) -> None:
    import_people(service, NORA | {"date_of_birth": "07/19"})
    first, second = hold(api, nora()), hold(api, nora(completed_on="2021-12-13"))
    help_ids = [ask(api, held).json["help"]["help_id"] for held in (first, second)]
    with installation(database_url, tmp_path / "data") as installed:
        listed = installed.run("help-requests", "list", "--json")
        assert [case["help_id"] for case in json.loads(listed.stdout)["data"]] == help_ids
        by_word = ("--action", "link", "--physician", physician(service))
        linked = installed.run("help-requests", "answer", help_ids[0], *by_word)
        assert (linked.returncode, linked.stdout.strip()) == (0, "Answered. The record is accepted."), linked.stderr
        refused = installed.run("help-requests", "answer", help_ids[1])
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "pars: --message: The answer has no words. " in refused.stderr
        unnamed = installed.run("help-requests", "answer", help_ids[1], "--action", "link")
        assert "pars: --physician: The physician is missing. " in unnamed.stderr
        table = installed.run("help-requests", "list").stdout
    assert held_of(api, first)["reason"] == "linked"
    assert help_ids[1] in table
    assert "Nora Quillfeather 07/09" in table
    assert help_ids[0] not in table
