"""The slides' learner details and learner search, line by line."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from app.services.context import Service
from app.store.sql import statements
from tests.api.completions.test_stories import SEVEN_LINES
from tests.builders.bodies import GRAND_ROUNDS, a_completion, points
from tests.builders.people import import_people
from tests.harness.api import Api
from tests.harness.board_views import decide
from tests.harness.clock import ManualClock

LINES = "/v1/credit-lines"
Line = dict[str, Any]


def who(line: Line) -> tuple[Any, ...]:
    learner = line["learner"]
    return line["board"], f"{learner['first_name']} {learner['last_name']}", learner["date_of_birth"]


def report(api: Api, clock: ManualClock, submitted: tuple[int, int, int], body: dict[str, Any]) -> Any:
    clock.now = datetime(*submitted, 15, tzinfo=UTC)
    answer = api.report(body)
    assert answer.status == 201, answer.json
    return answer.json["credits"][0]["credit_id"]


def test_the_learners_of_grand_rounds(api: Api, service: Service, clock: ManualClock) -> None:
    for board, first, last, born, number, day, credits in SEVEN_LINES:
        person = {"first_name": first, "last_name": last, "born": born}
        if board == "ABA":
            body = a_completion(completed_on=day, credits=None, moc=[points("ABA", number, credits)], **person)
            decide(service, report(api, clock, (2021, 12, 14), body), "rejected")
        else:
            body = a_completion(completed_on=day, state=board[:2], license_id=number, credits=credits, **person)
            decide(service, report(api, clock, (2021, 12, 20), body), "accepted")
    page = api.get(LINES, activity_id=GRAND_ROUNDS, sort="board,completed_on,last_name", include="total", limit=10).json
    assert page["total"] == 7
    assert page["data"][0]["credit_types"] == [{"type": "Lifelong Learning", "credits": 0.25}]
    assert [
        (*who(line), line["learner_board_id"], line["completed_on"], line["submitted_at"][:10], line["credits"],
         line["status"])
        for line in page["data"]
    ] == [
        ("ABA", "Tina Karacme", "11/24", "35867909", "2021-12-01", "2021-12-14", 0.25, "rejected"),
        ("CA-M", "Joe Accme", "01/01", "94412289", "2021-12-01", "2021-12-20", 15, "accepted"),
        ("CA-M", "Willa Duncan", "05/25", "70279062", "2021-12-12", "2021-12-20", 2, "accepted"),
        ("CA-M", "Test6 Account6", "07/01", "59091669", "2021-12-15", "2021-12-20", 5, "accepted"),
        ("ME-M", "Scott Joplin", "11/24", "32508792", "2021-12-15", "2021-12-20", 5, "accepted"),
        ("TN-M", "Rebecca Test", "02/01", "444444", "2021-12-12", "2021-12-20", 2, "accepted"),
        ("TN-M", "Rebecca Test", "02/01", "444444", "2021-12-15", "2021-12-20", 5, "accepted"),
    ]  # fmt: skip


SEARCHED = """
ZZNC 01/01 999994 200984656 2018-10-24 2018-10-25 1   Polymyalgia Rheumatica
ZZNC 02/01 999994 200929913 2018-01-03 2018-11-02 1   test 343432221133
TN-M 02/01 444444 200929918 2018-10-31 2018-11-02 1   TEST ABO Course
ZZNC 02/01 999994 200929937 2018-12-31 2019-01-11 1   testing 123123
TN-M 02/01 444444 200990208 2019-01-02 2019-07-15 4   Test55
ME-M 02/01 MD9977 200930237 2019-07-18 2019-07-19 4   test44
ME-M 01/01 MD9988 200930282 2019-07-19 2019-07-19 2   Test
TN-M 02/01 444444 200931413 2019-01-01 2019-12-03 1   Test Grand Rounds
ME-M 02/01 MD9977 210016274 2021-06-02 2021-09-16 1   test activity for 4346
ME-M 02/01 MD9977 210016444 2021-10-01 2021-10-01 999 Marcherie Test
"""
"""The ten lines of the slide, all of Rebecca Test, accepted, by submission."""


def swap_number(service: Service, old: str, new: str) -> None:
    service.database.write(
        lambda connection: statements.execute(
            connection,
            "UPDATE licenses SET license_id = :new, id_key = :new, short_key = :new "
            "WHERE board = 'ZZNC' AND id_key = :old",
            {"old": old, "new": new},
        )
    )


def test_the_search_for_rebecca_test(api: Api, service: Service, clock: ManualClock) -> None:
    """The slide shows one North Carolina number under two birthdays. No import allows it: it is lent for a report."""
    second = {"first_name": "Rebecca", "last_name": "Test", "date_of_birth": "01/01"}
    import_people(service, second | {"licenses": "ME-M:MD9988;ZZNC:888884"})
    for line in list(api.pages(LINES, first_name="Rebecca", last_name="Test")):
        decide(service, line["credit_id"], "accepted")
    swap_number(service, "888884", "999994x")
    swap_number(service, "999994", "888884")
    swap_number(service, "999994x", "999994")
    body = a_completion("200984656", "2018-10-24", born="01/01", state="NC", license_id="999994", credits=1)
    last = report(api, clock, (2018, 10, 25), body)
    swap_number(service, "999994", "999994x")
    swap_number(service, "888884", "999994")
    swap_number(service, "999994x", "888884")
    decide(service, last, "accepted")
    page = api.get(LINES, first_name="Rebecca", last_name="Test", sort="submitted_at", include="total", limit=10).json
    assert (page["total"], page["next_cursor"]) == (10, None)
    assert {(line["learner"]["first_name"], line["learner"]["last_name"], line["status"]) for line in page["data"]} == {
        ("Rebecca", "Test", "accepted")
    }
    assert [
        [
            line["board"], line["learner"]["date_of_birth"], line["learner_board_id"], line["activity"]["activity_id"],
            line["completed_on"], line["submitted_at"][:10], f"{line['credits']:g}", line["activity"]["title"],
        ]
        for line in page["data"]
    ] == [row.split(maxsplit=7) for row in SEARCHED.strip().splitlines()]  # fmt: skip
    special = {line["activity"]["activity_id"]: line["credit_types"] for line in page["data"] if line["credit_types"]}
    controlled = [{"type": "Controlled Substance", "credits": 1}]
    assert special == {"200929913": controlled, "200929937": controlled}
