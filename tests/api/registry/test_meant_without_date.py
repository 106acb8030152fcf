"""Whoever the right birth date would find is charged for a wrong one, however the name is written."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import Connection

from app.domain.identity.learners import Person
from app.domain.identity.matches import Result
from app.domain.parsing import MonthDay
from app.domain.reports import CmePart, CompletionReport
from app.services.context import Service
from app.services.reporting import namesakes, pipeline
from tests.builders.bodies import GRAND_ROUNDS
from tests.builders.judging import a_report
from tests.builders.people import import_people, physicians_on_file
from tests.harness.databases import ON_SQLITE
from tests.harness.properties import examples
from tests.harness.submissions import sender

PEOPLE: list[dict[str, str]] = [
    {"first_name": "Johnathan", "middle_name": "Quincy", "last_name": "Featherstone", "licenses": "TN-M:31"},
    {"first_name": "Elizabeth", "middle_name": "A", "last_name": "Ortiz Rivera", "licenses": "TN-M:32"},
    {"first_name": "William", "last_name": "van Gogh", "other_last_names": "Rappard", "licenses": "TN-M:33"},
    {"first_name": "José", "last_name": "Müller", "licenses": "TN-M:34"},
    {"first_name": "Thi", "last_name": "Nguyễn", "licenses": "TN-M:35"},
    {"first_name": "Zebulon", "last_name": "Abernathy", "licenses": "TN-M:36"},
]
BORN, WRONG = "06/15", MonthDay(8, 20)
NICKNAMES = {"Johnathan": ["John", "Jon"], "Elizabeth": ["Liz", "Beth"], "William": ["Bill", "Will"]}


def written(draw: st.DrawFn, text: str) -> str:
    """Return a text with up to two typing errors."""
    letters = list(text)
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(0, len(letters) - 1))
        change = draw(st.sampled_from(["swap", "drop", "double", "other"]))
        if change == "swap" and place:
            letters[place - 1], letters[place] = letters[place], letters[place - 1]
        elif change == "drop" and len(letters) > 1:
            del letters[place]
        elif change == "double":
            letters.insert(place, letters[place])
        else:
            letters[place] = draw(st.sampled_from("aeinrstl"))
    return "".join(letters)


@st.composite
def people_written(draw: st.DrawFn) -> tuple[str, str, str | None]:
    """Draw somebody as senders write them: first and last name, and perhaps the licence."""
    person = draw(st.sampled_from(PEOPLE))
    first, last = (
        person["first_name"],
        draw(
            st.sampled_from([person["last_name"], person["last_name"].split()[-1], person.get("other_last_names", "")])
        ),
    )
    firsts = [first, first[0], f"{first} {person.get('middle_name', 'B')}", person.get("middle_name", first)]
    first = draw(st.sampled_from([*firsts, *NICKNAMES.get(first, [])]))
    last = draw(st.sampled_from([last or person["last_name"], f"{person['last_name']} MD"]))
    first, last = written(draw, first), written(draw, last)
    if draw(st.booleans()):
        first, last = last, first
    return first, last, draw(st.sampled_from([None, person["licenses"].split(":")[1]]))


@pytest.fixture
def registered(service: Service) -> dict[str, str]:
    assert import_people(service, *(person | {"date_of_birth": BORN} for person in PEOPLE)).refused == []
    return {learner.physician_id: "" for learner in physicians_on_file(service).values() if learner.birth_date == BORN}


@ON_SQLITE
@pytest.mark.parametrize("few", [0, namesakes.FEW], ids=["of a common name", "of a rare name"])
def test_whoever_the_right_date_would_find_is_charged_for_a_wrong_one(
    service: Service, registered: dict[str, str], monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(namesakes, "FEW", few)
    caller = sender(service, "0008001")
    found = 0

    def matched(connection: Connection, report: CompletionReport) -> Any:
        return pipeline.match_only(connection, caller, [report])

    @examples(120)
    @given(people_written())
    def holds(sent: tuple[str, str, str | None]) -> None:
        nonlocal found
        first_name, last_name, license_id = sent
        person = Person(first_name=first_name, last_name=last_name, birth_date=MonthDay(6, 15))
        report = a_report(
            CmePart(state="TN", license_id=license_id, credits=None), activity_id=GRAND_ROUNDS, person=person
        )
        right = service.database.read(lambda connection: matched(connection, report))
        (match,) = right.matches
        if match.result is not Result.ONE or match.learner.physician_id not in registered:
            return
        found += 1
        wrong = replace(report, person=replace(person, birth_date=WRONG))
        asked = service.database.read(lambda connection: matched(connection, wrong))
        assert match.learner.physician_id in asked.questions[0].persons

    holds()
    assert found
