"""The report for a REMS programme against a plain program over the same records, as an answer and as files."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.services.context import Service
from app.services.looking.rems_report import lists
from tests.builders.bodies import a_completion
from tests.harness.api import Api, api_of, settle

REPORT, OF_ALL = "/v1/reports/rems", "/v1/reports/rems-of-all"
FIELDS = ("profession", "practice_area", "dea_registration", "surgical_procedures", "time_in_practice")
LAST = {"practice_area": "N/A or not given"}

Record = dict[str, Any]


def a_record(activity: str, day: str, local_id: str, **answers: Any) -> Record:
    return a_completion(
        activity, day, credits=None, learner={}, rems={"local_id": local_id, "profession": "Nurse"} | answers
    )


@pytest.fixture
def other(http: TestClient, service: Service) -> Api:
    return api_of(http, service, "another", providers=["0008123"])


@pytest.fixture
def operator(http: TestClient, service: Service) -> Api:
    return api_of(http, service, "operator", role="operator")


@pytest.fixture
def reported(api: Api, other: Api, service: Service) -> dict[str, list[Record]]:
    """Records by the provider's programmes, of two years, and those of another provider."""
    span = {"format": "enduring-material", "start_date": "2020-01-01", "end_date": "2021-12-31"}
    a, b = (api.register(title=t, rems={"type": t}, **span).json["activity_id"] for t in ("Opioid REMS", "opioid"))
    c = api.register(title="M", rems={"type": "Mycophenolate"}, **span).json["activity_id"]
    theirs = other.register(title="T", rems={"type": "Opioid Analgesic"}, **span).json["activity_id"]
    ours = [
        *(a_record(a, "2021-03-01", f"N-{n}", practice_area="Pain", surgical_procedures=n < 6) for n in range(12)),
        *(a_record(b, "2021-04-01", f"N-{n}", profession="RN", practice_area="Oncology") for n in range(7)),
        *(a_record(b, "2021-04-01", f"P-{n}", profession="Pharmacist", time_in_practice="6-10") for n in range(6)),
        *(a_record(c, "2021-05-01", f"D-{n}", profession="Dentist", dea_registration="Individual") for n in range(9)),
        *(a_record(a, "2020-05-01", f"N-{n}", profession="Other") for n in range(11)),
        *(a_record(a, "2021-06-01", f"X-{n}", practice_area="Alchemy") for n in range(5)),
        a_completion(a, "2021-06-02", rems={"local_id": "MD-1", "profession": "MD"}),
        a_completion(a, "2021-06-03"),
    ]
    others = [a_record(theirs, "2021-03-01", f"N-{n}", profession="Pharmacist") for n in range(8)]
    for whose, records in ((api, ours), (other, others)):
        for record in records:
            assert whose.report(record).status == 201, record
    withdrawn = api.report(a_record(a, "2021-07-01", "gone")).json["completion_id"]
    assert api.send("DELETE", f"/v1/learner-completions/{withdrawn}").status == 204
    settle(service)
    return {"a": [a], "b": [b], "c": [c], "ours": ours, "theirs": others}


def expected(records: list[tuple[str, Record]]) -> dict[str, dict[str, tuple[int, int]]]:
    """Return (persons, completions) by list and answer, and of all, for (provider, record)."""
    newest: dict[tuple[str, str], Record] = {}
    counts: dict[str, dict[str, list[int]]] = {field: {} for field in (*FIELDS, "all")}

    def answer(field: str, record: Record) -> str:
        given = record["rems"].get(field)
        words = {True: "Yes", False: "No", "RN": "Nurse", "MD": "Physician", "Alchemy": None}
        known = words.get(given, given)
        return known if known is not None else LAST.get(field, "Not given")

    for provider, record in sorted(records, key=lambda one: one[1]["completed_on"]):
        if record.get("rems"):
            newest[provider, record["rems"]["local_id"]] = record
            for field in FIELDS:
                counts[field].setdefault(answer(field, record), [0, 0])[1] += 1
            counts["all"].setdefault("", [0, 0])[1] += 1
    for record in newest.values():
        for field in FIELDS:
            counts[field].setdefault(answer(field, record), [0, 0])[0] += 1
        counts["all"].setdefault("", [0, 0])[0] += 1
    return {field: {word: (p, c) for word, (p, c) in found.items()} for field, found in counts.items()}


def down(count: int) -> int | None:
    return count // 5 * 5 or None


def agrees(answer: dict[str, Any], records: list[tuple[str, Record]]) -> None:
    wanted = expected(records)
    persons, completions = wanted["all"].get("", (0, 0))
    assert (answer["persons"], answer["completions"]) == (down(persons), down(completions))
    for field in FIELDS:
        shown = {row["answer"]: (row["persons"], row["completions"]) for row in answer[field]}
        assert wanted[field].keys() <= shown.keys()
        for word, figures in shown.items():
            persons, completions = wanted[field].get(word, (0, 0))
            assert figures == (down(persons), down(completions)), (field, word)


def ours(reported: dict[str, Any], year: str, *activities: str) -> list[tuple[str, Record]]:
    return [
        ("ours", record)
        for record in reported["ours"]
        if record["completed_on"].startswith(year) and record["activity_id"] in activities
    ]


def test_the_report_counts_as_a_plain_program_does(
    api: Api, other: Api, operator: Api, reported: dict[str, Any]
) -> None:
    (a,), (b,), (c,) = reported["a"], reported["b"], reported["c"]
    agrees(api.get(REPORT, year=2021).json, ours(reported, "2021", a, b, c))
    agrees(api.get(REPORT, year=2020).json, ours(reported, "2020", a, b, c))
    agrees(api.get(REPORT, year=2021, activity_id=a).json, ours(reported, "2021", a))
    for spelling in ("Opioid Analgesic", "opioid", "OPIOID ANALGESIC REMS"):
        agrees(api.get(REPORT, year=2021, rems_type=spelling).json, ours(reported, "2021", a, b))
    agrees(api.get(REPORT, year=2021, rems_type="mycophenolate").json, ours(reported, "2021", c))
    theirs = [("theirs", record) for record in reported["theirs"]]
    agrees(other.get(REPORT, year=2021).json, theirs)
    agrees(operator.get(OF_ALL, year=2021).json, [*ours(reported, "2021", a, b, c), *theirs])
    agrees(operator.get(OF_ALL, year=2021, rems_type="Opioid").json, [*ours(reported, "2021", a, b), *theirs])


def test_what_is_not_there_is_counted_as_few(api: Api, other: Api, reported: dict[str, Any]) -> None:
    for query in ({"year": 2019}, {"year": 2021, "rems_type": "Isotretinoin"}, {"year": 2021, "activity_id": "1"}):
        answer = api.get(REPORT, **query)
        assert answer.status == 200
        agrees(answer.json, [])
    agrees(other.get(REPORT, year=2021, activity_id=reported["a"][0]).json, [])


def test_a_report_is_of_a_year_and_of_a_programme_or_an_activity(api: Api) -> None:
    assert api.get(REPORT).status == 422
    assert api.get(REPORT, year=2021, completed_from="2021-02-01").status == 422
    both = api.get(REPORT, year=2021, rems_type="Opioid", activity_id="201759558")
    assert (both.status, both.json["code"]) == (422, "parameter-invalid")
    assert api.get(OF_ALL, year=2021).status == 403


def test_the_files_have_the_figures_of_the_answer(api: Api, operator: Api, reported: dict[str, Any]) -> None:
    for whose, path in ((api, REPORT), (operator, OF_ALL)):
        answer = whose.get(path, year=2021).json
        text = whose.send("GET", f"{path}:export?year=2021&format=csv").response.content.decode("utf-8-sig")
        everybody, *rows = list(csv.reader(io.StringIO(text)))[1:]
        assert everybody == ["All", "", str(answer["persons"]), str(answer["completions"])]
        assert len(rows) == sum(len(answer[field]) for field in lists())
        assert ["Profession", "Nurse", *(str(next(
            row for row in answer["profession"] if row["answer"] == "Nurse"
        )[name]) for name in ("persons", "completions"))] in rows  # fmt: skip
        assert ["Profession", "Podiatrist", "", ""] in rows
        line = whose.send("GET", f"{path}:export?year=2021&format=ndjson").response.content
        assert json.loads(line) == answer
        book = whose.send("GET", f"{path}:export?year=2021&format=xlsx").response.content
        assert book.startswith(b"PK")
        assert whose.send("GET", f"{path}:export?year=2021&format=xml").status == 422


def test_a_physician_with_credit_and_answers_is_one_person_with_themselves(api: Api, service: Service) -> None:
    course = api.register(rems={"type": "Opioid"}, ama_pra_credits=10).json["activity_id"]
    for number in range(5):
        assert api.report(a_record(course, "2021-03-01", f"N-{number}", profession="MD")).status == 201
    assert api.report(a_completion(course, "2021-04-01", rems={"local_id": "N-0", "profession": "MD"})).status == 201
    answer = api.get(REPORT, year=2021).json
    assert (answer["persons"], answer["completions"]) == (5, 5)
    assert api.report(a_record(course, "2021-05-01", "N-9", profession="MD")).status == 201
    settle(service)
