"""A table of value and door: a value that looks the same is the same, in every column, format and door."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.services.context import Service
from app.services.registry import imports
from benchmarks.world.same_records import FORMATS, Record
from tests.builders.people import import_tina
from tests.harness.api import Api
from tests.harness.uploads import rows_of, worked

DATABASES = ["sqlite"]

TINA = Record(
    first_name="Tina", last_name="Karacme", born="11/24", license_id="777001", board_id="35867909", points=0.25
)
"""Tina's hour and her points, as they are reported first; in every other spelling nothing changes."""
NPI = "1234567893"


def marked(text: str) -> str:
    """Return a text with marks that nobody sees around it and in it."""
    return "\u202a\u200e" + "\u00ad\u200b\u2060".join(text) + "\u202c\ufeff"


def padded(text: str) -> str:
    return f"\u00a0\u2009 \u3000{text}\u202f\u2003\u200b "


def wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


SPELLINGS = {"marked": marked, "padded": padded, "decomposed": lambda text: unicodedata.normalize("NFD", text)}
IDS = {"activity_id": "201759558", "state": "TN", "license_id": "777001", "board_id": "35867909", "born": "11/24"}
EVERYWHERE: dict[str, dict[str, Any]] = {
    **{f"{name} {how}": {name: spell(text)} for name, text in IDS.items() for how, spell in SPELLINGS.items()},
    **{f"{name} wide": {name: wide(text)} for name, text in IDS.items()},
    "names marked": {"first_name": marked("Tina"), "last_name": padded(marked("Karacme"))},
    "names decomposed with joiners": {"first_name": "Ti\u200dna", "last_name": "Kara\u200ccme\ufe0f"},
    "state spelled out": {"state": padded("tennessee")},
    "state full width": {"state": wide("Tennessee")},
    "NPI in groups": {"state": "", "license_id": "123-456-7893"},
    "NPI in other groups": {"state": "", "license_id": "\u202a1234\u00a0567\u00a0893\u202c"},
    "NPI beside the state": {"license_id": "1234 567 893"},
    "NPI with long dashes": {"state": "", "license_id": "123\u2011456\u20117893"},
    "activity id in groups": {"activity_id": "201\u00a0759\u00a0558"},
    "birth date with the day first": {"born": "24/11"},
    "birth date with the day first and a year": {"born": "24/11/1970"},
    "day marked": {"completed_on": marked("2021-12-12")},
    "day padded": {"completed_on": padded("2021-12-12")},
}
IN_FILES: dict[str, dict[str, Any]] = {
    "day with a time": {"completed_on": "12/12/2021,\u202f11:30:00\u202fp.m."},
    "day with a zone": {"completed_on": "2021-12-12T23:30:00 +02:00"},
    "day wide": {"completed_on": wide("12/12/2021")},
    "day with long dashes": {"completed_on": "2021\u201112\u201112"},
    "action marked": {"action": marked("Add")},
    "action wide": {"action": wide("ADD")},
    "birth date with a year and a time": {"born": "11/24/1970, 12:00 AM"},
}
IN_TABLES: dict[str, dict[str, Any]] = {
    "amount marked": {"credits": marked("1")},
    "amount padded": {"credits": padded("1.0")},
    "amount wide": {"credits": wide("1.00"), "points": wide("0.25")},
}
DOORS = {
    "body": EVERYWHERE,
    "preview": EVERYWHERE,
    "bulk": EVERYWHERE,
    "ndjson": EVERYWHERE | {name: given for name, given in IN_FILES.items() if "action" in given},
    "xlsx": EVERYWHERE | IN_FILES | IN_TABLES,
    "tab": EVERYWHERE | IN_FILES | IN_TABLES,
    "xml": EVERYWHERE | IN_FILES | IN_TABLES,
}


def outcomes(api: Api, service: Service, door: str, records: list[Record]) -> list[Any]:
    if door == "bulk":
        answer = api.post("/v1/learner-completions:bulk", {"items": [record.body for record in records]}).json
        return [item.get("completion", item)["outcome"] if "completion" in item else item for item in answer["items"]]
    if door in FORMATS:
        rows = rows_of(api, worked(api, service, FORMATS[door](records), name=f"learners.{door}"))
        return [row["outcome"] if row["outcome"] == "unchanged" else row for row in rows]
    path = "/v1/learner-completions" + (":preview" if door == "preview" else "")
    answers = [api.post(path, record.body).json for record in records]
    return [answer["outcome"] if answer.get("outcome") == "unchanged" else answer for answer in answers]


@pytest.mark.parametrize("door", DOORS)
def test_a_value_is_read_alike_in_every_door(api: Api, service: Service, door: str) -> None:
    import_tina(service, npi=NPI)
    assert api.report(TINA.body).status == 201
    records = [replace(TINA, **given) for given in DOORS[door].values()]
    found = dict(zip(DOORS[door], outcomes(api, service, door, records), strict=True))
    assert {name: outcome for name, outcome in found.items() if outcome != "unchanged"} == {}


@pytest.mark.parametrize("format", ["xlsx", "tab"])
def test_headings_are_read_in_other_spellings(
    api: Api, service: Service, format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_tina(service, npi=NPI)
    spelled = [
        "record_action", "ACCME ACTIVITY ID:", marked("Completion Date"), "First-Name", padded("last name"),
        "DOB (MM/DD)", wide("Licensing State"), "LicensingID", "Number of CME Credits *", "Certifying Board\u200e",
        "Certifying Board ID", "Total Board Credits", "Credit Type", "Credits Awarded for Credit Type",
    ]  # fmt: skip
    monkeypatch.setattr("benchmarks.world.same_records.HEADINGS", spelled)
    batch = worked(api, service, FORMATS[format]([TINA]), name=f"learners.{format}")
    assert (batch["status"], batch["counts"]["added"]) == ("completed", 1), batch


@pytest.mark.parametrize(
    "asked",
    [
        {"npi": "123-456-7893"}, {"npi": marked(NPI)}, {"npi": padded("1234 567 893")}, {"npi": wide(NPI)},
        {"license_id": "123-456-7893"}, {"state": marked("TN"), "license_id": marked("777001")},
        {"board": wide("ABA"), "board_id": padded("35867909")}, {"date_of_birth": marked("11/24")},
        {"date_of_birth": wide("11/24")}, {"last_name": "Kara\u00adcme"},
    ],
)  # fmt: skip
def test_a_validation_finds_somebody_in_every_spelling(api: Api, service: Service, asked: dict[str, str]) -> None:
    import_tina(service, npi=NPI)
    body = {"first_name": "Tina", "last_name": "Karacme", "date_of_birth": "11/24"} | asked
    assert api.post("/v1/learner-validations", body).json["result"] == "one"


def test_the_registry_is_imported_in_every_spelling(service: Service, tmp_path: Path) -> None:
    import_tina(service, npi=NPI)
    file = tmp_path / "registry.csv"
    file.write_text(
        f"First Name,{marked('last_name')},Date-of-Birth,NPI,licenses,certifications\n"
        f"Tina,Karacme,{marked('11/24')},123-456-7893,{marked('TN-M:777001')},{padded('ABA:35867909')}\n"
    )
    counts = imports.import_file(service, file)
    assert (counts.added, counts.refused) == (0, [])


@pytest.mark.parametrize(
    ("day", "seen"),
    [
        ("2021-12-12T10:00", "time"), ("12/12/2021", "year"), (wide("2021-12-12"), "digits"),
        ("2021-02-30", "at most 29 days"),         ("2021\u201112\u201112", "hyphens"), ("tomorrow", "Not a date."),
    ],
)  # fmt: skip
def test_a_body_takes_a_plain_day_only_and_is_told_what_is_seen(api: Api, day: str, seen: str) -> None:
    answer = api.report(replace(TINA, completed_on=day).body)
    (error,) = [error for error in answer.json["errors"] if error["code"] == "date-valid"]
    assert (answer.status, error["pointer"]) == (422, "/completed_on")
    assert seen in error["detail"]


def test_a_time_that_does_not_exist_is_told(api: Api, service: Service) -> None:
    records = [replace(TINA, completed_on=day) for day in ("12/12/2021 25:00", "12/12/2021 13:30 PM")]
    rows = rows_of(api, worked(api, service, FORMATS["tab"](records)))
    for row in rows:
        (finding,) = [finding for finding in row["findings"] if finding["rule"] == "date-valid"]
        assert finding["column"] and "time or zone that does not exist" in finding["detail"]
