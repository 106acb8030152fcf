"""A name is compared as its sender sees it, or refused with its cause: through every door, and in the registry."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest

from app.domain.identity.comparison_keys import NameDamage
from app.services.context import Service
from app.services.registry import imports
from benchmarks.world.same_records import FORMATS, Record
from tests.builders.bodies import a_completion
from tests.builders.sent_files import lines, tab_text
from tests.harness.api import Answer, Api, settle
from tests.harness.refusals import footprint
from tests.harness.uploads import file_of, rows_of, worked

COMPLETIONS = "/v1/learner-completions"
REGISTRY = """first_name,last_name,other_last_names,date_of_birth,licenses
Mara,Lopez,,07/03,TN-M:920031
FNU,Suharto,,07/04,TN-M:920041
Zoe,Munoz,,07/05,TN-M:920051
Na,Li,,07/06,TN-M:920061
Leilani,Ka'ahele,,06/11,TN-M:930011
Mikael,NʼDour,,06/12,TN-M:930031
Oona,O'Malley,,04/04,TN-M:700111
Ines,García,,04/05,TN-M:700112
"""
DAMAGED = (
    ("Mar?a", "Lopez", "07/03", "first_name", NameDamage.LOST),
    ("Mar\ufffda", "Lopez", "07/03", "first_name", NameDamage.LOST),
    ("Mar¡a", "Lopez", "07/03", "first_name", NameDamage.MISREAD),
    ("????", "Suharto", "07/04", "first_name", NameDamage.LOST),
    ("Zoe", "Mu\ufffdoz", "07/05", "last_name", NameDamage.LOST),
    ("#N/A", "Li", "07/06", "first_name", NameDamage.NOT_A_NAME),
    ("N/A", "Li", "07/06", "first_name", NameDamage.NOT_A_NAME),
    ("Na", "#REF!", "07/06", "last_name", NameDamage.NOT_A_NAME),
    ("Na", "Err:502", "07/06", "last_name", NameDamage.NOT_A_NAME),
    ("Oona", "O&#39;Malley", "04/04", "last_name", NameDamage.ESCAPED),
    ("Oona", "O&amp;#39;Malley", "04/04", "last_name", NameDamage.ESCAPED),
    ("Oona", "O%27Malley", "04/04", "last_name", NameDamage.ESCAPED),
    ("Oona", "Oâ€™Malley", "04/04", "last_name", NameDamage.MISREAD),
    ("Ines", "Garc&iacute;a", "04/05", "last_name", NameDamage.ESCAPED),
    ("Ines", "GarcÃƒÂ³a", "04/05", "last_name", NameDamage.MISREAD),
    ("RocÃ\u00ado", "García", "04/05", "first_name", NameDamage.MISREAD),
    ("Inеs", "García", "04/05", "first_name", NameDamage.MIXED),
)  # fmt: skip
"""First name, last name, birth date, the field at fault, and what is wrong with it. The last has a Cyrillic letter."""
APOSTROPHES = ("'", "", "’", "‘", "ʻ", "ʼ", "ꞌ", "`", "´", "′", "＇", "ʾ")


@pytest.fixture
def api(api: Api, service: Service, tmp_path: Path) -> Api:
    """A client of an installation that knows people whose names are easily mistaken."""
    counts = import_text(service, tmp_path, REGISTRY)
    assert (counts.added, counts.refused) == (8, [])
    return api


def import_text(service: Service, folder: Path, text: str) -> imports.ImportCounts:
    path = folder / "registry.csv"
    path.write_text(text, encoding="utf-8")
    return imports.import_file(service, path)


def of(first_name: str, last_name: str, born: str, **more: Any) -> dict[str, Any]:
    return a_completion(first_name=first_name, last_name=last_name, born=born, license_id=None, **more)


def assert_told(findings: Any, pointer: str, damage: NameDamage, field: str = "first_name") -> None:
    """The one fault is the name's, with its cause and a hint."""
    (finding,) = (finding for finding in findings if finding["severity"] == "reject")
    said = f"The learner's {field.replace('_', ' ')} {damage.detail}."
    assert (finding["rule"], finding["pointer"], finding["detail"], finding["hint"]) == (
        "name-legible", pointer, said, damage.hint,
    )  # fmt: skip


def test_a_name_that_is_none_is_refused_in_every_request_and_nobody_is_credited(api: Api, service: Service) -> None:
    before = footprint(service)
    for first, last, born, field, damage in DAMAGED:
        body = of(first, last, born)
        for answer in (
            api.report(body),
            api.post(f"{COMPLETIONS}:preview", body),
            api.post(f"{COMPLETIONS}:bulk", {"items": [body]}),
        ):
            found: Any = answer.json.get("items", [{"problem": answer.json}])[0]["problem"]
            assert_told(found["findings"], f"/learner/{field}", damage, field)
            assert (first if field == "first_name" else last) not in answer.response.text.replace(damage.detail, "")
    assert footprint(service) == before


@pytest.mark.parametrize("format", FORMATS)
def test_a_name_that_is_none_is_refused_in_every_format(api: Api, service: Service, format: str) -> None:
    records = [
        Record(first_name=first, last_name=last, born=born, license_id="", board_id="")
        for first, last, born, _, _ in DAMAGED
    ]
    if format == "xml":
        records = [replace(r, first_name=escape(r.first_name), last_name=escape(r.last_name)) for r in records]
    batch = worked(api, service, FORMATS[format](records), name=f"learners.{format}")
    assert (batch["counts"]["read"], batch["counts"]["rejected"]) == (len(DAMAGED), len(DAMAGED))
    for row, (_, _, _, field, damage) in zip(rows_of(api, batch), DAMAGED, strict=True):
        (finding,) = row["findings"]
        assert (finding["rule"], finding["hint"]) == ("name-legible", damage.hint)
        if format in ("xlsx", "tab"):
            assert finding["column"] == ("First Name" if field == "first_name" else "Last Name")
    settle(service)


def test_a_validation_of_a_name_that_is_none_is_told_so_by_itself_and_in_a_file(api: Api, service: Service) -> None:
    asked = [{"first_name": first, "last_name": last, "date_of_birth": born} for first, last, born, _, _ in DAMAGED]
    for body, (_, _, _, field, damage) in zip(asked, DAMAGED, strict=True):
        answer = api.post("/v1/learner-validations", body)
        assert answer.status == 422
        assert_told(answer.json["findings"], f"/{field}", damage, field)
    batch = worked(api, service, lines(asked), "learner-validations", name="asked.ndjson")
    for row, (_, _, _, _, damage) in zip(rows_of(api, batch), DAMAGED, strict=True):
        assert [(finding["rule"], finding["hint"]) for finding in row["findings"]] == [("name-legible", damage.hint)]


def test_a_lost_letter_in_a_text_file_is_told_and_the_whole_name_is_added(api: Api, service: Service) -> None:
    rows = [
        {"Record Action": "Add", "ACCME Activity ID": "201759558", "Completion Date": "12/12/2021", "First Name": first,
         "Last Name": last, "Date of Birth": born, "Licensing State": "TN", "Number of CME Credits": 1}
        for first, last, born in (("Mar?a", "Lopez", "07/03"), ("????", "Suharto", "07/04"), ("Zoë", "Muñoz", "07/05"))
    ]  # fmt: skip
    batch = worked(api, service, tab_text(rows), name="learners.txt")
    assert [row["outcome"] for row in rows_of(api, batch)] == ["rejected", "rejected", "added"]
    again = worked(api, service, file_of(api, batch, "rejected"), name="rejected.txt")
    assert again["counts"]["rejected"] == 2


def test_an_apostrophe_is_one_in_every_shape_sent_or_on_file(api: Api, service: Service) -> None:
    sent = [of("Leilani", f"Ka{shape}ahele", "06/11") for shape in APOSTROPHES]
    sent += [of("Mikael", f"N{shape}Dour", "06/12") for shape in APOSTROPHES]
    told = api.post(f"{COMPLETIONS}:bulk", {"items": sent}).json["items"]
    one = [201, *[200] * (len(APOSTROPHES) - 1)]
    assert [item["status"] for item in told] == [*one, *one]
    listed: Answer = api.get(COMPLETIONS, last_name="NꞌDour")
    assert len(listed.json["data"]) == 1


def test_the_registry_takes_no_line_with_a_name_that_is_none(api: Api, service: Service, tmp_path: Path) -> None:
    text = "first_name,middle_name,last_name,other_last_names,date_of_birth,licenses\n" + "".join(
        f"{line},08/0{number},TN-M:94000{number}\n"
        for number, line in enumerate(
            (
                "Mar?a,,Lopes,", "Maria,#N/A,Lopes,", "Maria,,L\ufffdpes,", "Maria,,Lopes,Moreno;Lop?s",
                "Maria,,Lopes,O&rsquo;Malley", "Maria,,GarcÃ³a,", "Maria,,Kova&ccaron;,", "Maria,,Lopes,Kova&ccaron;",
                "María,Ê,Lópes,Kaʻala",
            ), 1,
        )
    )  # fmt: skip
    counts = import_text(service, tmp_path, text)
    assert (counts.added, counts.updated, counts.unchanged) == (1, 0, 0)
    told = {line: reason.split(" ")[0] for line, reason in counts.refused}
    assert told == {
        2: "first_name", 3: "middle_name", 4: "last_name", 5: "other_last_names", 6: "other_last_names", 7: "last_name",
        8: "last_name", 9: "other_last_names",
    }  # fmt: skip
    assert all("Lop" not in reason for _, reason in counts.refused)
    assert api.report(of("Maria", "Lopes", "08/09")).json["outcome"] == "created"
