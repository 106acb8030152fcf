"""A validation is answered alike, sent by itself or in a file of any format, whoever else is asked for beside it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.columns import VALIDATIONS
from app.domain.identity.validations import ValidationRequest
from app.domain.parsing import MonthDay, Unparsed
from app.rules.validations import judge_validation
from app.services.context import Service
from app.services.registry import imports, validations
from tests.builders.judging import CATALOGUE, NPI, OTHER_NPI
from tests.builders.sent_files import lines, tab_text, workbook
from tests.harness.api import Api, settle
from tests.harness.uploads import rows_of, worked

DATABASES = ["sqlite"]

HEADINGS = [column.heading for column in VALIDATIONS]
FIELDS = [column.pointer[1:] for column in VALIDATIONS]
GIVEN: dict[str, tuple[str | None, ...]] = {
    "first_name": ("Ann", "ann", "FNU", None, "Sue", "A?n"),
    "last_name": ("Lee", "O'Ray", "Le-e", None),
    "date_of_birth": (None, "02/01", "2/1", "09/09", "13/45"),
    "state": (None, "TN", "Maine", "TN-O", "Ontario"),
    "license_id": (None, "01a", "00a", "0-1 A", NPI, "7", "-"),
    "board": (None, None, "ABIM", "aba", "TN-M"),
    "board_id": (None, None, "2", "5", "."),
    "npi": (None, None, OTHER_NPI, "1234567890"),
    "medical_school": (None, None, "duke and sons", "Meharry", "Meh?rry"),
}
"""What there may be to a field; None is nothing."""
ASKED = 150
WRITTEN: dict[str, Callable[[Sequence[dict[str, str]]], bytes]] = {
    "tab": lambda bodies: tab_text(map(in_columns, bodies), HEADINGS),
    "xlsx": lambda bodies: workbook(map(in_columns, bodies), HEADINGS),
    "ndjson": lines,
}


def in_columns(body: dict[str, str]) -> dict[str, str | None]:
    return {heading: body.get(field) for heading, field in zip(HEADINGS, FIELDS, strict=True)}


@pytest.fixture
def api(api: Api, service: Service) -> Api:
    """A client of an installation that knows people of few names, many of them alike."""
    people = [
        {
            "first_name": ("Ann", "FNU", "Sue")[n % 3],
            "last_name": ("Lee", "O'Ray")[n // 2 % 2],
            "other_last_names": "Lee" if n % 5 == 0 else "",
            "date_of_birth": ("02/01", "", "03/01")[n // 3 % 3],
            "medical_school": ("", "Duke & Sons")[n % 2],
            "npi": {4: NPI, 7: OTHER_NPI}.get(n, ""),
            "licenses": f"{('TN-M', 'TN-O', 'ME-M')[n // 2 % 3]}:0{n // 6}{'ab'[n % 2]};CA-M:{n}",
            "certifications": f"{('ABIM', 'ABA')[n % 2]}:{n // 2}" if n % 3 else "",
        }
        for n in range(18)
    ]
    rows = [imports.read_row(person, service.catalogue) for person in people]
    assert imports.import_rows(service, enumerate(rows, 1)).refused == []
    return api


def a_validation(rnd: random.Random) -> dict[str, str]:
    """Return a request: names, and of the rest some; a wrong value now and then, but something: a blank row is none."""
    body: dict[str, str] = {}
    for name, choices in GIVEN.items():
        wanted = name.endswith("_name") or rnd.random() < 0.35
        chosen = rnd.choice(choices) if wanted else None
        if chosen is not None:
            body[name] = chosen
    return body or a_validation(rnd)


def by_itself(api: Api, body: dict[str, str]) -> Any:
    answer = api.post("/v1/learner-validations", body)
    if answer.status == 422:
        return (
            "rejected",
            None,
            [(finding["rule"], finding["pointer"], finding["detail"]) for finding in answer.json["findings"]],
        )
    assert answer.status == 200, answer.json
    told = answer.json
    return told.pop("result"), told, []


def in_file(api: Api, service: Service, bodies: Sequence[dict[str, str]], format: str, at_once: int) -> list[Any]:
    batch = worked(
        api, service, WRITTEN[format](bodies), "learner-validations", permission_attested=None, at_once=at_once
    )
    assert (batch["status"], batch["format"]) == ("completed", format)
    return [
        (
            row["outcome"], row["answer"],
            [(said["rule"], said["pointer"], said["detail"]) for said in row["findings"]],
        )
        for row in rows_of(api, batch)
    ]  # fmt: skip


@pytest.mark.parametrize("format", WRITTEN)
def test_a_file_of_validations_has_the_answers_of_its_rows_sent_one_by_one(
    api: Api, service: Service, format: str
) -> None:
    rnd = random.Random(format)
    bodies = [a_validation(rnd) for _ in range(ASKED)]
    # Some are met before, some for the first time in the file.
    told = [by_itself(api, body) for body in bodies[: ASKED // 3]]
    found = in_file(api, service, bodies, format, {"tab": 40, "xlsx": 1, "ndjson": 1_000}[format])
    assert found == told + [by_itself(api, body) for body in bodies[ASKED // 3 :]]
    counted = [sum(outcome == line for line, *_ in found) for outcome in ("one", "more_than_one", "none", "rejected")]
    assert min(counted) >= 5, counted
    assert in_file(api, service, bodies, format, 1_000) == found
    settle(service)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            name: st.sampled_from([choice for choice in choices if choice is not None])
            for name, choices in GIVEN.items()
            if name != "date_of_birth"
        }
        | {"birth_date": st.sampled_from([MonthDay(2, 1), Unparsed("13/45")])},
    )  # type: ignore[arg-type]
)
def test_the_rules_say_the_same_of_a_request_and_of_its_form(fields: dict[str, Any]) -> None:
    """A file's rows are judged by their form, once for all that are alike."""
    request = ValidationRequest(**fields)
    (said,) = validations._judge_forms([request], CATALOGUE)
    assert said == judge_validation(request, CATALOGUE)
