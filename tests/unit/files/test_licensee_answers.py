"""What stands beside the rows of a list of licensees: totals that are never added up, and a row for each credit."""

from __future__ import annotations

import json
from datetime import date

from app.domain.batches import RawRow
from app.domain.boards import BoardKind
from app.domain.credits import CreditKind, CreditStatus, Delivery
from app.domain.passport.transcripts import (
    BoardNumber,
    RowFlag,
    Transcript,
    TranscriptCredit,
    TranscriptPeriod,
    TranscriptRow,
    assemble,
)
from app.files.licensee_answers import (
    LicenseeAnswer,
    answer_row,
    columns_of_answers,
    detail_lines,
    detail_rows,
    types_of,
)
from tests.builders.judging import CATALOGUE

ABO, TN = CATALOGUE.boards["ABO"], CATALOGUE.boards["TN-M"]
ABO_TYPES = types_of(ABO)


def a_credit(board: str, quarters: int, status: CreditStatus = CreditStatus.ACCEPTED, **types: int) -> TranscriptCredit:
    return TranscriptCredit(
        kind=CreditKind.CME if board.endswith("-M") else CreditKind.MOC,
        board=board,
        board_name=CATALOGUE.board_name(board),
        quarters=quarters,
        credit_types=tuple((name.replace("_", " "), amount) for name, amount in types.items()),
        status=status,
        delivery=Delivery.BOARD,
    )


def a_transcript(*credits: TranscriptCredit, flags: tuple[RowFlag, ...] = ()) -> Transcript:
    row = TranscriptRow(
        completion_id="c", completed_on=date(2022, 4, 21), activity_id="201801422", activity="=Course", provider="P",
        credits=credits, flags=flags,
    )  # fmt: skip
    number = BoardNumber(kind=BoardKind.CERTIFYING, board="ABO", board_name="Ophthalmology", number="9")
    return assemble("Ada Lovell", TranscriptPeriod(), [number], [row])


def told(transcript: Transcript | None, board: object = ABO) -> dict[str, object]:
    answer = LicenseeAnswer(sent=RawRow(number=7, raw=["Ada", "Lovell"]), transcript=transcript)
    row = answer_row(answer, board)  # type: ignore[arg-type]
    return dict(zip(columns_of_answers(board), row.cells, strict=True))  # type: ignore[arg-type]


def test_each_type_of_the_boards_own_credit_has_a_column_and_none_is_added_to_another() -> None:
    cells = told(a_transcript(a_credit("ABO", 28, Lifelong_Learning=28, Patient_Safety=28), a_credit("CA-M", 28)))
    assert (cells["Found"], cells["Name on File"], cells["What to do"]) == ("Yes", "Ada Lovell", "")
    assert (cells["AMA PRA Credits"], cells["ABO Credits"]) == (7, 7)
    assert (cells["ABO Lifelong Learning"], cells["ABO Patient Safety"]) == (7, 7)
    assert cells["Other Boards"] == "CA-M 7"


def test_credit_that_was_rejected_counts_for_nothing_and_cme_of_several_states_once() -> None:
    both = a_transcript(a_credit("TN-M", 8), a_credit("CA-M", 9), a_credit("ABO", 4, CreditStatus.REJECTED))
    cells = told(both, TN)
    assert (cells["AMA PRA Credits"], cells["TN-M Credits"], cells["Other Boards"]) == (2.25, 2, "CA-M 2.25; ABO 0")


def test_a_type_that_the_board_does_not_name_any_more_is_not_lost() -> None:
    assert told(a_transcript(a_credit("ABO", 4, Bygone_Type=4)))["Other Boards"] == "ABO Bygone Type 1"


def test_who_has_no_credit_has_nothing_and_who_is_not_found_has_no_cell() -> None:
    assert told(a_transcript())["ABO Credits"] == 0
    nobody = told(None)
    assert nobody.pop("Found") == "No"
    assert "roster" in str(nobody.pop("What to do"))
    assert set(nobody.values()) == {None}


def test_every_credit_has_a_row_with_how_it_stands() -> None:
    transcript = a_transcript(
        a_credit("ABO", 4, CreditStatus.REJECTED, Lifelong_Learning=4), a_credit("CA-M", 2), flags=(RowFlag.DISPUTED,)
    )
    rows = list(detail_rows(LicenseeAnswer(sent=RawRow(number=7, raw=[]), transcript=transcript)))
    assert [row.number for row in rows] == [7, 7]
    first, second = (row.raw for row in rows)
    assert first[:2] == [7, "Ada Lovell"]
    assert [first[place] for place in (6, 8, 9, 11)] == ["CA-M", "AMA PRA", 0.5, "Accepted"]
    assert [second[place] for place in (6, 8, 9, 10, 11)] == ["ABO", "MOC", 1, "Lifelong Learning 1", "Rejected"]
    assert second[13] == "The physician disputes this record."
    assert list(detail_rows(LicenseeAnswer(sent=RawRow(number=7, raw=[]), transcript=None))) == []


def test_a_line_of_details_names_what_the_api_names() -> None:
    (line,) = detail_lines(LicenseeAnswer(sent=RawRow(number=7, raw="{}"), transcript=a_transcript(a_credit("ABO", 4))))
    read = json.loads(line)
    assert (read["row"], read["name"], read["completed_on"]) == (7, "Ada Lovell", "2022-04-21")
    assert read["credits"][0]["credits"] == 1


def test_every_board_has_columns_of_its_own_that_differ() -> None:
    for board in CATALOGUE.boards.values():
        columns = columns_of_answers(board)
        assert len(set(columns)) == len(columns), board.code
    assert "ABO Lifelong Learning" in columns_of_answers(ABO)
