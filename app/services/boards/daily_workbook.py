"""A board's daily file as a workbook for people: whom it is about and what is claimed, then the decision to fill in.

It comes back to the decisions as it is: what they read stands under the names that the CSV has, in words.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, datetime
from textwrap import wrap
from typing import Any

import msgspec
import xlsxwriter

from app.domain.decisions import Refusal, Verdict
from app.domain.feeds import FeedEvent, FeedEventKind
from app.schemas.board_file import COLUMNS, DECISION

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_WIDTHS = {
    "last_name": 20, "first_name": 16, "date_of_birth": 11, "learner_board_id": 13, "completed_on": 13, "credits": 9,
    "credit_types": 34, "activity_title": 46, "provider_name": 34, "decision": 13, "reason_code": 19, "reason": 40,
    "event": 12, "occurred_at": 18, "activity_id": 13, "provider_id": 12, "position": 10, "credit_id": 38,
}  # fmt: skip
"""The columns in the order in which people read them, with their widths."""
_WRAPPED = frozenset({"last_name", "first_name", "credit_types", "activity_title", "provider_name", "reason"})
_FROZEN_COLUMNS = 2
_EVENTS = {
    FeedEventKind.REPORTED: "Reported", FeedEventKind.CORRECTED: "Corrected", FeedEventKind.WITHDRAWN: "Withdrawn",
}  # fmt: skip
_FORMATS = {"credits": "0.00", "position": "0", "completed_on": "mm/dd/yyyy", "occurred_at": "mm/dd/yyyy hh:mm"}
_MEANINGS = {
    Refusal.ID_UNKNOWN: "The board has nobody under this id.",
    Refusal.NAME_DIFFERS: "The board has this id under another name.",
    Refusal.BIRTH_DATE_DIFFERS: "The board has this id with another birth date.",
    Refusal.NOT_CERTIFIED: "The board does not certify the learner.",
    Refusal.DUPLICATE: "The board has this credit already.",
    Refusal.OVER_LIMIT: "The learner already has all the credit of this kind that counts.",
    Refusal.NOT_ELIGIBLE: "The learner cannot earn this credit.",
    Refusal.OTHER: "Something else: say it under Reason.",
}
_HELP = (
    "Fill in Decision where you have one: accepted or rejected. Rows without a decision are not read.",
    "A rejection may have a reason code from the list, and a reason in your own words.",
    "Keep the headings. Columns may be hidden, moved or sorted; Position and Credit ID say which credit is meant.",
    "A row that says Withdrawn takes no decision: remove the credit on your side.",
    "Save the workbook, and send it back to the decisions as it is.",
)


class DailyWorkbook:
    """The workbook of some events while it is written. Made in memory: no temporary file holds names."""

    def __init__(self, name: str) -> None:
        self._out = io.BytesIO()
        options = {
            "in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
        }  # fmt: skip
        self._book = xlsxwriter.Workbook(self._out, options)
        self._sheet = _FeedSheet(self._book, name)

    def add(self, events: Sequence[FeedEvent]) -> None:
        """Write events, each as a row."""
        for event in events:
            self._sheet.add(event)

    def finish(self) -> bytes:
        """Return the file."""
        self._sheet.finish()
        self._book.close()
        return self._out.getvalue()


class _Looks(msgspec.Struct, frozen=True):
    """Formats of cells."""

    heading: Any
    own_heading: Any
    of_columns: dict[str, Any]
    withdrawn: dict[str, Any]


def _heading(name: str) -> str:
    words = name.replace("_", " ").capitalize()
    return words[:-3] + " ID" if words.endswith(" id") else words


def _looks(book: Any) -> _Looks:
    heading = {"bold": True, "text_wrap": True, "valign": "vcenter", "border": 1, "border_color": "#BFBFBF"}
    top = {"valign": "top", "border": 1, "border_color": "#D9D9D9"}
    own = {"bg_color": "#FFF8E1"}
    gone = {"font_color": "#8C8C8C", "font_strikeout": True}
    of_columns, withdrawn = {}, {}
    for name in _WIDTHS:
        indent = int(name == "credit_types")
        look = {**top, "num_format": _FORMATS.get(name, "@"), "text_wrap": name in _WRAPPED, "indent": indent}
        of_columns[name] = book.add_format(look | own if name in DECISION else look)
        withdrawn[name] = book.add_format(look | gone if name != "event" else look | {"bold": True})
    return _Looks(
        book.add_format(heading | {"bg_color": "#D9E2EC"}),
        book.add_format(heading | {"bg_color": "#F4D3C4"}),
        of_columns,
        withdrawn,
    )


class _FeedSheet:
    """Writes the events, the lists and the help of one workbook."""

    def __init__(self, book: Any, name: str) -> None:
        self.book = book
        self.sheet, self.help = book.add_worksheet("Feed"), book.add_worksheet("Help")
        self.looks = _looks(book)
        self.name = name
        self.rows = 0
        self.places = {column: place for place, column in enumerate(_WIDTHS)}
        for column, place in self.places.items():
            look = self.looks.own_heading if column in DECISION else self.looks.heading
            self.sheet.write_string(0, place, _heading(column), look)
            # Empty cells too stay text when something is typed into them.
            self.sheet.set_column(
                place, place, _WIDTHS[column], book.add_format({"num_format": _FORMATS.get(column, "@")})
            )
        self.sheet.set_row(0, 32)

    def add(self, event: FeedEvent) -> None:
        """Write an event as a row."""
        self.rows += 1
        looks = self.looks.withdrawn if event.event == FeedEventKind.WITHDRAWN else self.looks.of_columns
        lines = 1
        for column, place in self.places.items():
            value, look = _value(event, column), looks[column]
            if column in _WRAPPED and isinstance(value, str):
                lines = max(lines, len(wrap(value, _WIDTHS[column] - 2)))
            if isinstance(value, date):
                moment = value.replace(tzinfo=None) if isinstance(value, datetime) else value
                self.sheet.write_datetime(self.rows, place, moment, look)
            elif isinstance(value, str) and value:
                self.sheet.write_string(self.rows, place, value, look)
            elif isinstance(value, int | float):
                self.sheet.write_number(self.rows, place, value, look)
            else:
                self.sheet.write_blank(self.rows, place, None, look)
        if lines > 1:
            # Not all programs measure it themselves.
            self.sheet.set_row(self.rows, 15 * lines)

    def finish(self) -> None:
        """Write what depends on the number of rows: filter, lists, pages."""
        sheet, last = self.sheet, max(self.rows, 1)
        decision, code = self.places["decision"], self.places["reason_code"]
        self._lists()
        sheet.freeze_panes(1, _FROZEN_COLUMNS)
        sheet.autofilter(0, 0, last, len(self.places) - 1)
        offers = ((decision, [verdict.value for verdict in Verdict]), (code, [refusal.value for refusal in Refusal]))
        for place, values in offers:
            title = _heading("decision" if place == decision else "reason_code")
            offer = {
                "validate": "list",
                "source": values,
                "error_title": title,
                "error_message": "Choose from the list.",
            }
            sheet.data_validation(1, place, last, place, offer)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        sheet.set_margins(0.3, 0.3, 0.5, 0.5)
        sheet.set_footer(f"&L{self.name.replace('&', '&&')}&RPage &P of &N")
        # Ids of the service are for the way back; they are not printed.
        sheet.print_area(0, 0, last, self.places["event"])
        sheet.ignore_errors({"number_stored_as_text": f"A1:{chr(64 + len(self.places))}{last + 1}"})
        sheet.activate()

    def _lists(self) -> None:
        bold = self.book.add_format({"bold": True, "bg_color": "#D9E2EC", "border": 1, "border_color": "#BFBFBF"})
        wrapped = self.book.add_format({"text_wrap": True, "valign": "top"})
        self.help.set_landscape()
        self.help.fit_to_pages(1, 1)
        self.help.set_column(0, 0, 22)
        self.help.set_column(1, 1, 80)
        self.help.write_string(0, 0, "Reason code", bold)
        self.help.write_string(0, 1, "Meaning", bold)
        for row, (refusal, meaning) in enumerate(_MEANINGS.items(), 1):
            self.help.write_string(row, 0, refusal.value)
            self.help.write_string(row, 1, meaning)
        for row, text in enumerate(_HELP, len(_MEANINGS) + 2):
            self.help.merge_range(row, 0, row, 1, text, wrapped)
            self.help.set_row(row, 16 * (len(text) // 100 + 1))


def _value(event: FeedEvent, column: str) -> str | int | float | date | None:
    match column:
        case "completed_on":
            return event.completed_on
        case "occurred_at":
            return event.at
        case "event":
            return _EVENTS.get(FeedEventKind(event.event), event.event)
        case _ if column in DECISION:
            return None
    return COLUMNS[column](event)
