"""Templates: sheets to fill in whose columns are the column table's, and formulas that name what is wrong."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import openpyxl
import pytest
from lxml import etree

from app.core.errors import NotFound
from app.domain.batches import BatchKind, FileFormat
from app.domain.boards import BoardKind
from app.domain.choices import ACTIONS, choices_of
from app.domain.columns import ACTIVITIES, LEARNERS, LICENSEES, REMS, ROSTER, VALIDATIONS, Choice, required_headings
from app.domain.rems import DEA_REGISTRATIONS, PROFESSIONS, TIMES_IN_PRACTICE
from app.domain.states import STATES
from app.files.templates.checks import LAST_ROW, checks
from app.files.templates.templates import TEMPLATES
from app.files.templates.texts import instructions
from app.services.batches.templates import FILES, NAMES, make_template
from tests.builders.judging import CATALOGUE

every_template = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(scope="module")
def books() -> dict[str, Any]:
    return {name: openpyxl.load_workbook(io.BytesIO(make_template(name, FileFormat.XLSX, CATALOGUE))) for name in NAMES}


def headings(name: str, books: dict[str, Any]) -> list[str]:
    return [cell.value for cell in books[name].worksheets[0][2]]


def test_the_six_templates_are_there() -> None:
    assert NAMES == ("learners", "learners-rems", "activities", "validations", "roster", "transcripts")


@every_template
def test_a_workbook_opens_on_the_sheet_to_fill_in(name: str, books: dict[str, Any]) -> None:
    book = books[name]
    assert book.active is book.worksheets[0]
    # A roster has no lists of accepted values.
    others = ["Instructions"] if name == "roster" else ["Reference", "Instructions", "Lists"]
    assert [sheet.title for sheet in book.worksheets[1:]] == others
    assert book.worksheets[0].freeze_panes == "A3"
    assert [sheet.title for sheet in book.worksheets if sheet.sheet_state == "hidden"] == others[2:]


@every_template
def test_every_column_of_the_table_stands_in_its_template(name: str, books: dict[str, Any]) -> None:
    tables = {
        "learners": LEARNERS, "learners-rems": (*LEARNERS, *REMS), "activities": ACTIVITIES,
        "validations": VALIDATIONS, "roster": ROSTER, "transcripts": LICENSEES,
    }  # fmt: skip
    given = headings(name, books)
    for column in tables[name]:
        assert column.heading in given
    for column in required_headings(TEMPLATES[name].kind):
        assert column.heading in given


def test_three_boards_and_additional_types_have_columns(books: dict[str, Any]) -> None:
    given = headings("learners", books)
    assert given[:9] == [column.heading for column in LEARNERS[:9]]
    one = given[9:20]
    assert one[:5] == [column.heading for column in LEARNERS[9:14]]
    assert one[5:] == ["Additional Credit Type", "Credits Awarded for Additional Credit Type"] * 3
    assert given[9:] == [*one * 3, "Learner Link"]


@every_template
def test_cells_are_formatted_for_what_they_hold(name: str, books: dict[str, Any]) -> None:
    sheet = books[name].worksheets[0]
    for place, column in enumerate(TEMPLATES[name].columns, 1):
        letters = openpyxl.utils.get_column_letter(place)
        expected = {"DATE": "mm/dd/yyyy", "AMOUNT": "0.00", "WHOLE": "0"}.get(column.column.holds.name, "@")
        assert sheet.column_dimensions[letters].number_format == expected, column.heading


def test_the_sample_row_is_as_somebody_would_type_it(books: dict[str, Any]) -> None:
    row = [cell.value for cell in books["learners"].worksheets[0][3]]
    assert [row[0], row[1], f"{row[2]:%Y-%m-%d}", *row[3:9]] == [
        "Add", "200912095", "2021-02-14", "John", "Smith", "03/17", "Tennessee", "12345", 2.25,
    ]  # fmt: skip
    assert row[9:16] == ["ABIM", "999999", 2.25, "Medical Knowledge", 2.25, "Patient Safety", 2.25]


@every_template
def test_the_text_template_has_the_headings_and_the_sample_row(name: str, books: dict[str, Any]) -> None:
    data = make_template(name, FileFormat.TAB, CATALOGUE)
    lines = list(csv.reader(io.StringIO(data.decode("utf-8-sig")), dialect="excel-tab"))
    assert lines[0] == headings(name, books)
    sample = TEMPLATES[name].sample
    assert lines[1:] == ([[sample.get(column.pointer, "") for column in TEMPLATES[name].columns]] if sample else [])


@every_template
def test_every_drop_down_offers_a_range_that_holds_its_values(name: str, books: dict[str, Any]) -> None:
    book = books[name]
    choices = choices_of(CATALOGUE)
    offered = {
        str(validation.sqref).split(":", maxsplit=1)[0]: validation.formula1
        for validation in book.worksheets[0].data_validations.dataValidation
    }
    assert len(offered) == sum(c.column.choice is not None for c in TEMPLATES[name].columns)
    for formula in offered.values():
        [(sheet, cells)] = list(book.defined_names[formula].destinations)
        choice = Choice[formula.removeprefix("List_").upper()]
        held = tuple(row[0].value for row in book[sheet][cells.replace("$", "")])
        assert held == (choices[choice].values or held)
        assert all(held)


@every_template
def test_formulas_name_ranges_that_are_there_and_close_what_they_open(name: str, books: dict[str, Any]) -> None:
    defined = set(books[name].defined_names)
    found = dict(checks(TEMPLATES[name]))
    for formula in found.values():
        assert set(re.findall(r"\b(?:Known|List|Type|Boards)_\w+", formula)) <= defined
        assert formula.count("(") == formula.count(")")
        assert len(formula) < 8_192
    rules = books[name].worksheets[0].conditional_formatting
    assert sum(len(rule.rules) for rule in rules) == len(found)
    assert all(str(rule.sqref).endswith(str(LAST_ROW)) for rule in rules)


def test_accepted_values_come_from_the_catalogue_and_the_domain() -> None:
    choices = choices_of(CATALOGUE)
    certifying = [board.code for board in CATALOGUE.boards.values() if board.kind is BoardKind.CERTIFYING]
    assert choices[Choice.BOARD].values == tuple(certifying)
    assert set(choices[Choice.STATE].values) == set(STATES.values())
    assert {"TN", "TN-M", "ZZNC"} <= set(choices[Choice.STATE].also)
    assert "Medical Knowledge" in choices[Choice.CREDIT_TYPE].values
    assert (len(PROFESSIONS), len(DEA_REGISTRATIONS), len(TIMES_IN_PRACTICE)) == (12, 3, 6)
    assert all(Choice(choice) in choices for choice in Choice)


def test_the_reference_sheet_shows_what_each_board_asks_for(books: dict[str, Any]) -> None:
    rows = list(books["learners"]["Reference"].iter_rows(max_col=5, values_only=True))
    table = {row[0]: row[1:] for row in rows}
    assert table["ABS"] == ("American Board of Surgery", "not required", "required", "Accredited CME; Self-Assessment")
    assert table["ABA"][2] == "not required"


@every_template
def test_instructions_tell_of_every_action_and_of_rejected_files(name: str) -> None:
    titles = [text for title, text in instructions(TEMPLATES[name]) if title]
    assert titles[0] == "Filling in"
    assert titles[-1] == "Afterwards"
    if TEMPLATES[name].kind in (BatchKind.LEARNER_COMPLETIONS, BatchKind.ACTIVITIES):
        assert set(ACTIONS) <= set(titles)
    assert ("REMS" in titles) == (name == "learners-rems")


@every_template
def test_a_template_says_whom_to_ask(name: str) -> None:
    support = "help--desk@example.org, <room 5> -"
    book = openpyxl.load_workbook(io.BytesIO(make_template(name, FileFormat.XLSX, CATALOGUE, support)))
    *_, title, text = (row[0] for row in book["Instructions"].iter_rows(values_only=True))
    assert (title, support in text) == ("Questions", True)
    if f"{name}.xml" in FILES:
        document = etree.fromstring(make_template(name, FileFormat.XML, CATALOGUE, support))
        assert "help- -desk@example.org, <room 5>" in str(document.getprevious().getprevious())


@pytest.mark.parametrize(("name", "record"), [("learners", "ActivityReport"), ("learners-rems", "ActivityReport")])
def test_an_example_document_holds_the_sample_row(name: str, record: str) -> None:
    document = etree.fromstring(make_template(name, FileFormat.XML, CATALOGUE))
    [report] = document.iter(f"{{*}}{record}")
    sample = TEMPLATES[name].sample
    texts = {text.strip() for text in report.itertext()}
    for pointer in (
        "/learner/first_name",
        "/learner/date_of_birth",
        "/cme/0/license_id",
        "/moc/0/board_id",
        "/cme/0/credits",
    ):
        assert sample[pointer] in texts
    [module] = report.iter("{*}ModuleName")
    assert module.get("moduleID") == sample["/activity_id"]


def test_an_example_of_activities_is_there_and_of_validations_none() -> None:
    document = etree.fromstring(make_template("activities", FileFormat.XML, CATALOGUE))
    assert len(list(document.iter("{*}MedicalEducationMetrics"))) == 1
    for name, format in (("validations", FileFormat.XML), ("learners", FileFormat.NDJSON), ("others", FileFormat.XLSX)):
        with pytest.raises(NotFound):
            make_template(name, format, CATALOGUE)
