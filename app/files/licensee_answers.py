"""What a board's list of licensees is answered with: totals beside each row as sent, and every completed activity.

None of the totals is ever added to another, and types never to each other: a credit has a line of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import msgspec

from app.domain.amounts import in_credits
from app.domain.batches import Cell, DateCell, FileFormat, FileHead, RawRow
from app.domain.boards import Board
from app.domain.columns import NAME_ON_FILE
from app.domain.credits import CreditKind, CreditStatus, Delivery
from app.domain.passport.transcripts import RowFlag, Transcript, TranscriptCredit, TranscriptRow, totals_by_board
from app.files.writing.result_rows import AnnotatedRow, LicenseeRow
from app.schemas.passport.transcripts import TranscriptRowOut, TranscriptTotalsOut

_YES, _NO = "Yes", "No"
_WHAT_TO_DO = (
    "Check the names and the number. If this person is yours, send them with your roster: you see those who have a "
    "licence or certification of your board on file."
)
_DETAILS = (
    "Row", NAME_ON_FILE, "Completed On", "Activity", "Activity Number", "Provider", "Board", "Board Name",
    "Kind of Credit", "Credits", "Credit Types", "At the Board", "Since", "Remarks",
)  # fmt: skip
_KINDS = {CreditKind.CME: "AMA PRA", CreditKind.MOC: "MOC"}
_STANDINGS = {
    CreditStatus.PENDING: "Pending",
    CreditStatus.ACCEPTED: "Accepted",
    CreditStatus.REJECTED: "Rejected",
    CreditStatus.WITHDRAWN: "Withdrawn",
}
_REMARKS = {
    RowFlag.DISPUTED: "The physician disputes this record.",
    RowFlag.PERMISSION_WITHDRAWN: "The physician has withdrawn the permission to report it.",
}
_DAY_FORMAT = "mm/dd/yyyy"


class LicenseeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a list as it was sent, with the transcript of whom it is about; None where nobody was found."""

    sent: RawRow
    transcript: Transcript | None


def types_of(board: Board) -> tuple[str, ...]:
    """Return the names of a board's credit types, those that it has had or will have on some day among them."""
    names = dict.fromkeys((*(known.name for known in board.credit_types), *board.special_credits))
    for change in board.changes:
        later = board.on(change.since)
        names |= dict.fromkeys((*(known.name for known in later.credit_types), *later.special_credits))
    return tuple(names)


def columns_of_answers(board: Board) -> tuple[str, ...]:
    """Return the columns that answers add to a table."""
    own = (f"{board.code} Credits", *(f"{board.code} {name}" for name in types_of(board)))
    return ("Found", NAME_ON_FILE, "AMA PRA Credits", *own, "Other Boards", "What to do")


def answer_row(answer: LicenseeAnswer, board: Board) -> LicenseeRow:
    """Return a row as sent with what is added to it."""
    return LicenseeRow(
        number=answer.sent.number,
        raw=answer.sent.raw,
        cells=_cells(answer.transcript, board),
        document=_document(answer.transcript),
    )


def _cells(transcript: Transcript | None, board: Board) -> tuple[Cell, ...]:
    types = types_of(board)
    if transcript is None:
        return (_NO, None, None, None, *[None] * len(types), None, _WHAT_TO_DO)
    totals = totals_by_board(transcript.rows)
    own = next((one for one in totals if one.board == board.code), None)
    of_type = dict(own.credit_types) if own is not None else {}
    others = [f"{one.board} {in_credits(one.quarters)}" for one in totals if one.board != board.code]
    # A type that the board's facts do not name any more would have no column.
    others += [f"{board.code} {name} {in_credits(of_type[name])}" for name in of_type if name not in types]
    return (
        _YES,
        transcript.name,
        in_credits(transcript.ama_pra_quarters),
        in_credits(own.quarters) if own is not None else 0,
        *(in_credits(of_type[name]) if name in of_type else None for name in types),
        "; ".join(others),
        "",
    )


def _document(transcript: Transcript | None) -> dict[str, Any]:
    if transcript is None:
        return {"found": False, "name": None, "totals": None}
    totals = TranscriptTotalsOut.of(transcript.rows).model_dump(mode="json")
    return {"found": True, "name": transcript.name, "totals": totals}


def head_of_details(head: FileHead) -> FileHead:
    """Return the head of a table of activities that answers a file: its text has the marks of the sender's."""
    return FileHead(
        format=head.format if head.has_columns else FileFormat.TAB,
        sheet="Completed activities" if head.sheet.lower() != "completed activities" else "Activities",
        heading_row=1,
        headings=_DETAILS,
        encoding=head.encoding,
        separator=head.separator,
    )


def detail_rows(answer: LicenseeAnswer) -> Iterator[AnnotatedRow]:
    """Yield the credits of a row's physician, a row of a table for each."""
    transcript, number = answer.transcript, answer.sent.number
    if transcript is None:
        return
    for row in transcript.rows:
        for credit in row.credits:
            yield AnnotatedRow(number=number, raw=_detail(number, transcript.name, row, credit))


def _detail(number: int, name: str, row: TranscriptRow, credit: TranscriptCredit) -> list[Cell]:
    return [
        number, name, _day(row.completed_on), row.activity, row.activity_id, row.provider, credit.board,
        credit.board_name, _KINDS[credit.kind], in_credits(credit.quarters),
        "; ".join(f"{name} {in_credits(quarters)}" for name, quarters in credit.credit_types), _standing(credit),
        _day(credit.status_on) if credit.status_on is not None else None,
        " ".join(_REMARKS[flag] for flag in row.flags),
    ]  # fmt: skip


def _standing(credit: TranscriptCredit) -> str:
    if credit.delivery is Delivery.TRANSCRIPT_ONLY and credit.status.holds:
        return "Recorded here"
    return _STANDINGS[credit.status]


def _day(day: date) -> DateCell:
    return {"d": day.isoformat(), "f": _DAY_FORMAT}


def detail_lines(answer: LicenseeAnswer) -> Iterator[str]:
    """Yield the activities of a row's physician as lines of JSON: the line that asked, the name, the API's members."""
    transcript = answer.transcript
    if transcript is None:
        return
    for row in transcript.rows:
        members = TranscriptRowOut.of(row).model_dump(mode="json")
        named = {"row": answer.sent.number, "name": transcript.name}
        yield json.dumps(named | members, ensure_ascii=False)
