"""The page for clients that speak PARS names every element and attribute that documents have."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from app.domain.choices import DeliveryMethod
from app.files.shapes import activities, learner_reports
from app.files.shapes.parts import Content, Part
from tests.api.pars.documents import ACTIVITIES, LEARNERS, outcomes, send_xml
from tests.docs.test_documents import ROOT
from tests.harness.api import Api

PAGE = (ROOT / "docs" / "pars.md").read_text(encoding="utf-8")
ROWS = re.compile(r"^\|.*\|$", re.MULTILINE)
NAME = re.compile(r"\w+")


def table_of(record: Part) -> str:
    """Return the rows of the table of a record's elements."""
    _, _, after = PAGE.partition(f"| element of `{record.name}` |")
    return after.partition("\n\n")[0]


def named(text: str) -> set[str]:
    """Return the words of a text that are set as code, the elements of a path among them."""
    return {name for code in re.findall(r"`([^`]+)`", text) for name in NAME.findall(code)}


def said_by(part: Part) -> Iterator[str]:
    """Yield the names of attributes, and of elements that hold something."""
    if part.holds is not Content.NOTHING:
        yield part.name
    for within in (*part.attributes, *part.parts):
        yield from said_by(within)


@pytest.mark.parametrize("record", [learner_reports.REPORT, activities.RECORD], ids=lambda record: record.name)
def test_the_table_of_a_record_names_all_that_it_may_say(record: Part) -> None:
    assert set(said_by(record)) - named(table_of(record)) == set()


@pytest.mark.parametrize("record", [learner_reports.REPORT, activities.RECORD], ids=lambda record: record.name)
def test_the_first_column_names_only_elements_that_there_are(record: Part) -> None:
    known = {part.name for part in _walk(record)}
    first = "\n".join(row.split("|")[1] for row in ROWS.findall(table_of(record)))
    assert named(first) - known == set()


def _walk(part: Part) -> Iterator[Part]:
    yield part
    for within in (*part.attributes, *part.parts):
        yield from _walk(within)


@pytest.mark.parametrize(
    "values",
    [activities.FEES.values(), activities.REGISTRATION_MODES.values(), DeliveryMethod.labels()],
    ids=["fees", "registration", "delivery"],
)
def test_the_words_of_short_lists_stand_in_the_table(values: list[str]) -> None:
    missing = [value for value in values if f"`{value}`" not in table_of(activities.RECORD)]
    assert missing == []


def test_the_documents_of_the_page_are_taken_by_the_demo_as_they_stand(api: Api) -> None:
    sent = re.findall(r"^```xml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    activity, completion = (text.encode() for text in sent)
    for path, document in ((ACTIVITIES, activity), (LEARNERS, completion)):
        for outcome in ("created", "unchanged"):
            answer = send_xml(api, path, document)
            assert outcomes(answer) == [outcome], answer.response.text
