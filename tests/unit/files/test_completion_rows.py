"""Rows of learners become reports: what is filled in, and where in the file it stands."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.domain.batches import BatchKind, Cell, EntryMethod, FileFormat, RawRow
from app.domain.columns import LEARNERS
from app.domain.parsing import MonthDay, Unparsed
from app.domain.reports import Action, CmePart, CompletionReport, MocPart, RemsPart, TypeAmount
from app.domain.template_samples import LEARNER, REMS_LEARNER
from app.files.headings import layout
from app.files.mapping.completion_rows import CompletionRows
from app.files.mapping.locations import Location
from app.files.mapping.records import Upload
from tests.builders.headings import TWO_BOARDS
from tests.builders.judging import (
    ACTIVITY_ID,
    BOARD_IDS,
    DAY,
    NOW,
    PROVIDER,
    a_cme,
    a_moc,
    a_report,
    a_special,
    judged,
    types_of,
)
from tests.builders.raw_records import (
    BATCH,
    POINTERS,
    as_cells,
    as_document,
    as_line,
    headings_of,
    learners,
    read,
    reported,
    row_of,
    unmarked,
)
from tests.harness.properties import examples

REBECCA: dict[str, Cell] = {
    "/action": "Add", "/activity_id": "201759558", "/completed_on": "12/12/2021", "/learner/first_name": "Rebecca",
    "/learner/last_name": "Test", "/learner/date_of_birth": "02/01",
}  # fmt: skip
CME: dict[str, Cell] = {"/cme/0/state": "Tennessee", "/cme/0/license_id": "00444", "/cme/0/credits": "2"}
MOC: dict[str, Cell] = {
    "/moc/0/board": "ABIM", "/moc/0/board_id": 100002.0, "/moc/0/total_credits": 2.25,
    "/moc/0/credit_types/0/type": "Medical Knowledge", "/moc/0/credit_types/0/credits": 2.25,
}  # fmt: skip


def test_a_row_reports_what_is_filled_in() -> None:
    report = reported(row_of(REBECCA | CME | MOC), FileFormat.XLSX)
    assert report == CompletionReport(
        provider_id=PROVIDER,
        activity_id="201759558",
        completed_on=DAY,
        permission=True,
        person=a_report().person,
        cme=(CmePart(state="Tennessee", license_id="00444", credits=2.0),),
        moc=(
            MocPart(
                board="ABIM",
                board_id="100002",
                id_was_number=True,
                total_credits=2.25,
                credit_types=(TypeAmount(type="Medical Knowledge", credits=2.25),),
            ),
        ),
        entry_method=EntryMethod.EXCEL,
        received_at=NOW,
        batch_id=BATCH,
        action=Action.ADD,
    )
    assert reported(row_of(REBECCA), FileFormat.TAB).entry_method is EntryMethod.TAB


@pytest.mark.parametrize("filled", ["/cme/0/state", "/cme/0/license_id", "/cme/0/credits"])
def test_any_of_its_columns_makes_a_row_cme(filled: str) -> None:
    assert len(reported(row_of({**REBECCA, filled: CME[filled]})).cme) == 1
    assert reported(row_of(REBECCA)).cme == ()


@pytest.mark.parametrize("filled", list(MOC))
def test_any_of_its_columns_makes_a_row_a_board_s(filled: str) -> None:
    assert len(reported(row_of({**REBECCA, filled: MOC[filled]})).moc) == 1
    assert reported(row_of(REBECCA)).moc == ()


def test_half_a_pair_stays_half_a_pair() -> None:
    halves: dict[str, Cell] = {
        "/moc/0/board": "ABIM", "/moc/0/credit_types/0/type": "Medical Knowledge", "/moc/0/credit_types/1/credits": 1.0
    }  # fmt: skip
    (moc,) = reported(row_of(REBECCA | halves)).moc
    assert moc.credit_types == (
        TypeAmount(type="Medical Knowledge", credits=None),
        TypeAmount(type=None, credits=1.0),
    )


def test_an_empty_total_is_left_to_the_largest_type() -> None:
    row = row_of(REBECCA | MOC | {"/moc/0/total_credits": None})
    verdict = judged(reported(row))
    assert reported(row).moc[0].total_credits is None
    assert "total-inferred" in verdict.warns
    assert "amount-valid" not in verdict.rejects


def test_columns_of_ours_and_demographics_are_read() -> None:
    extra: dict[str, Cell] = {
        "/occasion": "2", "/cme/0/special_credits/0/type": "Controlled Substance",
        "/cme/0/special_credits/0/credits": 1.0, "/rems/local_id": 17.0, "/rems/profession": "Physician",
        "/rems/surgical_procedures": "No",
    }  # fmt: skip
    report = reported(row_of(REBECCA | CME | extra))
    assert report.occasion == 2
    assert report.cme[0].special_credits == a_special()
    assert report.rems == RemsPart(local_id="17", profession="Physician", surgical_procedures=False)
    assert reported(row_of(REBECCA)).rems is None


@pytest.mark.parametrize(
    ("cell", "years"),
    [
        ("6-10", "6-10"), ("6-10 years", "6-10"), ("Trainee", "Trainee"), (None, None),
        ({"d": "2026-06-10T00:00:00", "f": "d-mmm"}, "6-10"), ({"d": "2026-10-06T00:00:00", "f": "dd/mm"}, "6-10"),
        ({"d": "2026-11-15T00:00:00", "f": "m/d/yyyy"}, "11-15"),
        ({"d": "2015-11-01T00:00:00", "f": "mmm-yy"}, "11-15"),
        ("10-Jun", "6-10"), ("Nov-15", "11-15"), ("6/10/2026", "6-10"),
    ],
)  # fmt: skip
def test_years_in_practice_that_became_a_date_are_years(cell: Cell, years: str | None) -> None:
    demographics: dict[str, Cell] = {"/rems/local_id": "17", "/rems/time_in_practice": cell}
    assert reported(row_of(REBECCA | demographics)).rems == RemsPart(local_id="17", time_in_practice=years)


def test_another_date_is_no_time_in_practice() -> None:
    a_day: Cell = {"d": "2026-03-17T00:00:00", "f": "d-mmm"}
    record = read(row_of(REBECCA | {"/rems/local_id": "17", "/rems/time_in_practice": a_day}))
    assert [(finding.rule, finding.pointer) for finding in record.findings] == [("type", "/rems/time_in_practice")]


@pytest.mark.parametrize(
    ("action", "asked"),
    [
        ("Add", Action.ADD),
        (" dELETE ", Action.DELETE),
        ("Update", Action.UPDATE),
        (None, None),
        ("Insert", Unparsed("Insert")),
    ],
)
def test_a_row_says_what_it_asks_for(action: Cell, asked: object) -> None:
    assert reported(row_of(REBECCA | {"/action": action})).action == asked


def test_what_cannot_be_read_is_left_to_the_rules() -> None:
    report = reported(
        row_of(
            {"/completed_on": "soon", "/learner/date_of_birth": "13/45", "/cme/0/credits": "1,25", "/activity_id": 1.5}
        )
    )
    assert report.completed_on == Unparsed("soon")
    assert report.person.birth_date == Unparsed("13/45")
    assert report.cme[0].credits == Unparsed("1,25")
    assert {"date-valid", "birth-date-valid", "amount-valid", "activity-id-valid"} <= judged(report).rejects


def test_what_no_rule_judges_is_told_by_reading_and_the_rest_is_still_read() -> None:
    record = read(
        row_of(
            REBECCA
            | CME
            | {"/occasion": "1000", "/learner/first_name": "x" * 201, "/rems/surgical_procedures": "maybe"}
        )
    )
    assert record.report is not None and record.report.cme == (
        CmePart(state="Tennessee", license_id="00444", credits=2.0),
    )
    assert {(finding.rule, finding.pointer) for finding in record.findings} == {
        ("format", "/occasion"), ("too-long", "/learner/first_name"), ("type", "/rems/surgical_procedures")
    }  # fmt: skip
    assert record.unreadable
    assert all("x" * 9 not in finding.detail + finding.hint for finding in record.findings)
    assert read(row_of(REBECCA | {"/learner/last_name": "Te\x00st"})).report.person.last_name == "Test"


def test_a_date_or_an_answer_where_an_amount_belongs_is_no_amount() -> None:
    reader = learners()
    for cell, amount in (
        (1.0, 1.0), (True, Unparsed("TRUE")), (1, 1.0), ("1", 1.0),
        ({"d": "2021-02-25", "f": "d-mmm"}, Unparsed("2021-02-25")),
    ):  # fmt: skip
        report = reader.read(RawRow(number=3, raw=row_of(REBECCA | CME | {"/cme/0/credits": cell}))).report
        assert report is not None and report.cme[0].credits == amount
        assert report.completed_on == DAY
    record = read(row_of(REBECCA | CME | {"/cme/0/license_id": {"d": "2021-03-17", "f": "d-mmm"}}))
    assert [(finding.rule, finding.pointer) for finding in record.findings] == [("type", "/cme/0/license_id")]


def test_a_record_has_no_more_parts_than_a_request() -> None:
    headings = TWO_BOARDS[:9] + TWO_BOARDS[9:16] * 21
    boards: list[Cell] = ["ABIM", "1", None, "Medical Knowledge", 1.0, None, None]
    record = learners(headings=headings).read(RawRow(number=3, raw=row_of(REBECCA)[:9] + boards * 21))
    assert (record.report, [finding.rule for finding in record.findings]) == (None, ["too-long"])
    fewer = learners(headings=headings).read(RawRow(number=3, raw=row_of(REBECCA)[:9] + boards * 20))
    assert fewer.report is not None and len(fewer.report.moc) == 20


def test_a_row_shorter_or_longer_than_the_headings_is_read() -> None:
    cells = row_of(REBECCA | CME)
    assert reported(cells[:9]) == reported(cells) == reported([*cells, "beyond", 1.0])


def test_unknown_columns_and_other_orders_say_nothing() -> None:
    headings = ["My Column", *reversed(TWO_BOARDS[:9])]
    cells = ["mine", *reversed(row_of(REBECCA | CME)[:9])]
    assert learners(headings=headings).read(RawRow(number=3, raw=cells)).report == reported(row_of(REBECCA | CME))


def test_a_board_or_type_left_blank_moves_what_stands_after_it() -> None:
    second = {pointer.replace("/moc/0", "/moc/1"): cell for pointer, cell in MOC.items()}
    second["/moc/1/credit_types/1/type"] = second.pop("/moc/1/credit_types/0/type")
    second["/moc/1/credit_types/1/credits"] = second.pop("/moc/1/credit_types/0/credits")
    reader = learners()
    record = reader.read(RawRow(number=3, raw=row_of(REBECCA | second | {"/moc/1/board_id": "x" * 201})))
    assert record.report is not None and len(record.report.moc) == 1

    def column(pointer: str) -> int | None:
        return reader.locate(pointer, record).index

    assert column("/moc/0/board") == column("/moc/0") == POINTERS["/moc/1/board"]
    assert column("/moc/0/credit_types/0/credits") == POINTERS["/moc/1/credit_types/1/credits"]
    assert [finding.pointer for finding in record.findings] == ["/moc/0/board_id"]
    assert column(record.findings[0].pointer) == POINTERS["/moc/1/board_id"]


def test_numbers_that_headings_leave_out_are_no_places_in_the_record() -> None:
    whole = layout(TWO_BOARDS, BatchKind.LEARNER_COMPLETIONS)
    renumbered = {
        index: pointer.replace("/moc/1", "/moc/3").replace("credit_types/1", "credit_types/4")
        for index, pointer in whole.pointers.items()
    }
    upload = Upload(provider_id=PROVIDER, entry_method=EntryMethod.TAB, received_at=NOW, batch_id=BATCH)
    reader = CompletionRows(replace(whole, pointers=renumbered), TWO_BOARDS, upload)
    cells = row_of(REBECCA | MOC | {pointer.replace("/moc/0", "/moc/1"): cell for pointer, cell in MOC.items()})
    cells[POINTERS["/moc/1/credit_types/1/type"]] = "Patient Safety"
    record = reader.read(RawRow(number=3, raw=cells))
    assert record.report is not None and len(record.report.moc) == 2
    assert reader.locate("/moc/1/board", record).index == POINTERS["/moc/1/board"]
    assert reader.locate("/moc/1/credit_types/1/type", record).index == POINTERS["/moc/1/credit_types/1/type"]


def test_every_pointer_of_a_column_leads_to_its_heading_as_sent() -> None:
    headings = [f" {heading.upper()}\n" for heading in TWO_BOARDS]
    reader = learners(headings=headings)
    for pointer, index in POINTERS.items():
        assert reader.locate(pointer) == Location(column=headings[index], index=index)


@pytest.mark.parametrize(
    ("pointer", "column"),
    [
        ("/cme/0", "Licensing State"), ("/moc/0/credit_types", "Credit Type"), ("/rems", "Learner Local ID"),
        ("/moc/0/credit_types/0/client_reference", "Credit Type"), ("/learner", None), ("", None),
        ("/permission", None), ("/learner/npi", None), ("/cme/0/special_credits", "Special Credit Type"),
    ],
)  # fmt: skip
def test_a_part_leads_to_its_first_column_and_a_record_to_none(pointer: str, column: str | None) -> None:
    assert learners().locate(pointer).column == column


def test_what_has_no_column_in_the_file_leads_to_none() -> None:
    reader = learners(headings=[heading for heading in TWO_BOARDS if heading != "Licensing State"])
    assert reader.locate("/cme/0/state") == Location()


SAMPLES: list[dict[str, Cell]] = [
    dict(LEARNER),
    dict(REMS_LEARNER),
    LEARNER | {
        "/activity_id": 200912095.0, "/completed_on": {"d": "2021-02-14", "f": "mm-dd-yy"}, "/cme/0/credits": 2.25,
        "/learner/date_of_birth": {"d": "2026-03-17", "f": "d-mmm"}, "/cme/0/license_id": 12345.0,
        "/moc/0/board_id": 999999.0, "/moc/0/credit_types/1/credits": 2.25, "/action": "ADD ",
    },
]  # fmt: skip


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_template_s_sample_row_is_refused_however_it_is_written(sample: dict[str, Cell]) -> None:
    record = read(row_of(sample))
    assert record.report is None
    assert [finding.rule for finding in record.findings] == ["sample-row"]
    short = headings_of(LEARNERS)
    cells = [sample.get(learner.pointer.format(board=0, type=0)) for learner in LEARNERS]
    assert learners(headings=short).read(RawRow(number=3, raw=cells)).report is None


@pytest.mark.parametrize("pointer", [column for column in LEARNER if column != "/action"])
def test_one_cell_that_differs_makes_it_no_sample(pointer: str) -> None:
    record = read(row_of(dict(LEARNER) | {pointer: "1"}))
    assert record.report is not None
    assert record.findings == ()


def parts(
    states: st.SearchStrategy[CmePart], boards: st.SearchStrategy[MocPart]
) -> st.SearchStrategy[CompletionReport]:
    def report(cme: list[CmePart], moc: list[MocPart], born: date, first_name: str, day: date) -> CompletionReport:
        person = replace(a_report().person, birth_date=MonthDay(born.month, born.day), first_name=first_name)
        return replace(a_report(), person=person, cme=tuple(cme), moc=tuple(moc), completed_on=day)

    return st.builds(
        report,
        st.lists(states, max_size=1),
        st.lists(boards, max_size=2, unique_by=lambda part: part.board),
        st.dates(date(2020, 1, 1), date(2020, 12, 31)),
        st.text(st.characters(codec="utf-8", categories=("L",)), min_size=1, max_size=12),
        st.dates(date(2020, 1, 1), date(2026, 12, 31)),
    )


amounts = st.integers(1, 160).map(lambda quarters: quarters / 4)
a_state = st.builds(
    lambda state, amount, number, special: a_cme(
        state, amount, number, special_credits=a_special(special) if special and state else ()
    ),
    st.sampled_from(["TN", "ME", "NC"]),
    amounts,
    st.sampled_from([None, "00123", "MD9977"]),
    st.one_of(st.none(), amounts),
)
a_board = st.builds(
    lambda board, total, types: a_moc(
        board, total, credit_types=types_of(**dict(zip(("Medical_Knowledge", "Patient_Safety"), types, strict=False)))
    ),
    st.sampled_from(sorted(BOARD_IDS)),
    st.one_of(st.none(), amounts),
    st.lists(amounts, min_size=1, max_size=2),
)


@examples(40)
@given(parts(a_state, a_board))
def test_a_record_is_the_same_in_every_format(report: CompletionReport) -> None:
    """Cells of a workbook, tab-delimited text, XML and JSON: one report, whichever was sent."""
    sent = [
        unmarked(read(as_cells(report, typed=True), FileFormat.XLSX).report),
        unmarked(read(as_cells(report, typed=False), FileFormat.TAB).report),
        unmarked(read(as_line(report), FileFormat.NDJSON).report),
        unmarked(read(as_document(report), FileFormat.XML).report),
    ]
    assert sent == [report] * 4
    assert report.activity_id == ACTIVITY_ID


any_cell: st.SearchStrategy[Cell] = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(),
    st.integers(-(10**18), 10**18),
    st.text(max_size=12),
    st.sampled_from(sorted(set(LEARNER.values()))),
    st.builds(
        lambda day, shown: {"d": day, "f": shown}, st.sampled_from(["2021-03-01", "T09:30", ""]), st.text(max_size=9)
    ),
)


@examples(60)
@given(st.lists(any_cell, max_size=len(TWO_BOARDS) + 2))
def test_no_row_is_beyond_reading_and_judging(cells: list[Cell]) -> None:
    reader = learners()
    record = reader.read(RawRow(number=3, raw=cells))
    assert record.report is not None or record.unreadable
    told = judged(record.report).findings if record.report is not None else ()
    for finding in (*record.findings, *told):
        place = reader.locate(finding.pointer, record)
        assert place.index is None or TWO_BOARDS[place.index] == place.column
