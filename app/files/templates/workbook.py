"""Templates as workbooks: the sheet to fill in, accepted values, instructions. They are small: a library makes them."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from textwrap import wrap
from typing import Any

import xlsxwriter

from app.domain.boards import Board, Need
from app.domain.catalogue import Catalogue
from app.domain.choices import Choices, certifying
from app.domain.columns import Choice, Holds
from app.domain.states import STATES
from app.files.templates.checks import FIRST_ROW, LAST_ROW, accepted_range, checks, offered_range
from app.files.templates.templates import Template, TemplateColumn
from app.files.templates.texts import instructions
from app.files.workbook_parts import column_name

REFERENCE, INSTRUCTIONS, LISTS = "Reference", "Instructions", "Lists"
_CREATED = datetime(2022, 1, 1, tzinfo=UTC)
"""The same in every template, so that it is the same file each time it is made."""
_FORMATS = {Holds.DATE: "mm/dd/yyyy", Holds.AMOUNT: "0.00", Holds.WHOLE: "0"}
"""Number formats of columns; all others are text, so that nothing typed loses its zeros or becomes a date."""
_WIDTHS = {
    "/title": 36, "/description": 44, "/listing/url": 30, "/medical_school": 40, "/cme/0/state": 18,
    "/learner/first_name": 16, "/learner/last_name": 18, "/first_name": 16, "/last_name": 18, "/format": 28,
    "/measured_outcomes": 26, "/rems/profession": 24, "/rems/practice_area": 26, "/rems/time_in_practice": 24,
    "/completed_on": 14, "/learner/date_of_birth": 15, "/date_of_birth": 15,
}  # fmt: skip
_BANDS = ("#D9E2EC", "#DCEBDD", "#E6DFF0")
"""Colours of headings: what identifies, then each board in turn."""
_CLOSED = {
    Choice.ACTION, Choice.YES_NO, Choice.PROFESSION, Choice.DEA_REGISTRATION, Choice.TIME_IN_PRACTICE, Choice.FEE,
    Choice.REGISTRATION, Choice.PROVIDERSHIP,
}  # fmt: skip
"""Lists beside which nothing is accepted: the program warns when something else is typed."""


def takes(template: Template) -> bool:
    """Return True: records of every kind can be rows."""
    return True


def write_template(template: Template, catalogue: Catalogue, choices: Mapping[Choice, Choices]) -> bytes:
    """Return the workbook of a template, made in memory."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        book.set_properties({"title": f"{template.sheet} template", "created": _CREATED})
        _TemplateWorkbook(book, template, catalogue, choices).write()
    return out.getvalue()


class _TemplateWorkbook:
    """Writes one workbook."""

    def __init__(self, book: Any, template: Template, catalogue: Catalogue, choices: Mapping[Choice, Choices]) -> None:
        self.book, self.template, self.catalogue = book, template, catalogue
        used = {placed.column.choice for placed in template.columns}
        self.choices = {choice: held for choice, held in choices.items() if choice in used}
        self.boards = certifying(catalogue)
        self.data, self.reference, self.instructions, self.lists = (
            book.add_worksheet(name) for name in (template.sheet, REFERENCE, INSTRUCTIONS, LISTS)
        )
        self.bold = book.add_format(
            {"bold": True, "bg_color": _BANDS[0], "text_wrap": True, "valign": "top", "border": 1}
        )
        self.wrapped = book.add_format({"text_wrap": True, "valign": "top"})

    def write(self) -> None:
        """Write every sheet; the one to fill in is first and open."""
        self._headings()
        self._sample()
        self._reference()
        self._lists()
        self._checks()
        self._instructions()
        self.data.activate()
        self.data.freeze_panes(FIRST_ROW - 1, 0)
        for sheet in (self.data, self.reference, self.instructions):
            sheet.set_landscape()
            sheet.fit_to_pages(1, 0)
        self.lists.hide()

    def _headings(self) -> None:
        widths = [self._width(placed) for placed in self.template.columns]
        guidance = self.book.add_format(
            {"text_wrap": True, "valign": "top", "bg_color": "#FFF8E1", "border": 1, "border_color": "#BFBFBF"}
        )
        lines = 1
        for above in self.template.guidance():
            lines = max(lines, len(above.text) // (sum(widths[above.first : above.last + 1]) - 2) + 2)
            if above.first == above.last:
                self.data.write_string(0, above.first, above.text, guidance)
            else:
                self.data.merge_range(0, above.first, 0, above.last, above.text, guidance)
        self.data.set_row(0, 15 * lines)
        self.data.set_row(
            1,
            16
            * max(
                len(wrap(placed.heading, width - 1))
                for placed, width in zip(self.template.columns, widths, strict=True)
            ),
        )
        for place, placed in enumerate(self.template.columns):
            look = {"bold": True, "text_wrap": True, "valign": "top", "border": 1, "border_color": "#BFBFBF"}
            band = _BANDS[0] if placed.board is None else _BANDS[1 + placed.board % 2]
            self.data.write_string(1, place, placed.heading, self.book.add_format({**look, "bg_color": band}))
            if placed.column.note:
                options = {"author": "PARS", "x_scale": 1.4, "y_scale": 0.7}
                self.data.write_comment(1, place, placed.column.note, options)
            number = self.book.add_format({"num_format": _FORMATS.get(placed.column.holds, "@")})
            self.data.set_column(place, place, widths[place], number)

    def _width(self, placed: TemplateColumn) -> int:
        longest = max(len(word) for word in placed.heading.split())
        wide = 24 if placed.column.choice is Choice.CREDIT_TYPE else _WIDTHS.get(placed.pointer, 12)
        return max(longest + 2, wide)

    def _sample(self) -> None:
        """Write the sample row as somebody would type it."""
        row = FIRST_ROW - 1
        for place, placed in enumerate(self.template.columns):
            text = self.template.sample.get(placed.pointer)
            if text is None:
                continue
            number = _FORMATS.get(placed.column.holds, "@")
            look = self.book.add_format({"italic": True, "font_color": "#7F7F7F", "num_format": number})
            if placed.column.holds is Holds.DATE:
                self.data.write_datetime(row, place, datetime.strptime(text, "%m/%d/%Y"), look)  # noqa: DTZ007
            elif placed.column.holds in (Holds.AMOUNT, Holds.WHOLE):
                self.data.write_number(row, place, float(text), look)
            else:
                self.data.write_string(row, place, text, look)

    def _checks(self) -> None:
        """Make wrong cells yellow, and offer accepted values in drop-downs."""
        yellow = self.book.add_format({"bg_color": "#FFEB3B"})
        first, last = FIRST_ROW - 1, LAST_ROW - 1
        for place, formula in checks(self.template):
            rule = {"type": "formula", "criteria": formula, "format": yellow}
            self.data.conditional_format(first, place, last, place, rule)
        for place, placed in enumerate(self.template.columns):
            choice = placed.column.choice
            if choice not in self.choices or not self.choices[choice].values:
                continue
            offer: dict[str, Any] = {"validate": "list", "source": f"={offered_range(choice)}", "error_type": "warning"}
            if choice not in _CLOSED or placed.column.holds is Holds.LIST:
                offer["show_error"] = False
            else:
                offer["error_title"] = placed.heading[:32]
                offer["error_message"] = "Not an accepted value. The Reference sheet lists them."
            self.data.data_validation(first, place, last, place, offer)

    def _reference(self) -> None:
        """Write the accepted values for people to read; the drop-downs offer these lists."""
        sheet = self.reference
        sheet.freeze_panes(1, 0)
        sheet.set_row(0, 32)
        place = 0
        if Choice.BOARD in self.choices:
            place = self._board_table()
        for choice, held in self.choices.items():
            if not held.values:
                continue
            self._column(place, choice.value, held.values, min(max(map(len, held.values)) + 2, 60))
            self._name(REFERENCE, offered_range(choice), place, 1, len(held.values))
            place += 1
            if choice is Choice.STATE:
                codes = {name: code for code, name in STATES.items()}
                self._column(place, "Or two letters", [codes[name] for name in held.values], 12)
                place += 1

    def _board_table(self) -> int:
        """Write what each board asks for; return the next free column."""
        table: list[tuple[str, int, list[str]]] = [
            ("Board", 10, [board.code for board in self.boards]),
            ("Full name", 52, [board.name for board in self.boards]),
            ("Board ID", 14, [_needed(board.board_id) for board in self.boards]),
            ("Date of Birth", 14, [_needed(board.birth_date) for board in self.boards]),
            ("Credit types", 78, [_types(board) for board in self.boards]),
        ]
        for place, (title, width, texts) in enumerate(table):
            self._column(place, title, texts, width)
        self.reference.set_column(len(table), len(table), 3)
        return len(table) + 1

    def _column(self, place: int, title: str, texts: Sequence[str], width: int) -> None:
        self.reference.set_column(place, place, max(width, 12))
        self.reference.write_string(0, place, title, self.bold)
        for row, text in enumerate(texts, 1):
            self.reference.write_string(row, place, text)

    def _lists(self) -> None:
        """Write everything that is accepted, against which the checks match cells. The sheet is hidden."""
        columns: list[tuple[str, Sequence[str]]] = [
            (accepted_range(choice), (*held.values, *held.also)) for choice, held in self.choices.items() if held.values
        ]
        types = [
            (name, text)
            for board in self.boards
            for kind in board.credit_types
            for text in (kind.name, *kind.aliases)
            for name in (board.code, board.name)
        ]
        without_id = [board for board in self.boards if board.board_id is Need.OPTIONAL]
        without_birth_date = [board for board in self.boards if board.birth_date is Need.OPTIONAL]
        if Choice.BOARD in self.choices:
            columns += [
                ("Type_boards", [name for name, _ in types]),
                ("Type_names", [text for _, text in types]),
                ("Boards_without_id", _codes_and_names(without_id)),
                ("Boards_without_birth_date", _codes_and_names(without_birth_date)),
            ]
        for place, (name, texts) in enumerate(columns):
            for row, text in enumerate(texts):
                self.lists.write_string(row, place, text)
            self._name(LISTS, name, place, 0, max(len(texts), 1))

    def _name(self, sheet: str, name: str, place: int, first: int, count: int) -> None:
        letters = column_name(place)
        self.book.define_name(name, f"={sheet}!${letters}${first + 1}:${letters}${first + count}")

    def _instructions(self) -> None:
        self.instructions.set_column(0, 0, 110, self.wrapped)
        for row, (title, text) in enumerate(instructions(self.template)):
            self.instructions.write_string(row, 0, text, self.bold if title else self.wrapped)
            self.instructions.set_row(row, 16 * (len(text) // 95 + 1))


def _needed(need: Need) -> str:
    return "required" if need is Need.REQUIRED else "not required"


def _types(board: Board) -> str:
    return "; ".join(kind.name for kind in board.credit_types) or "those that the activity registered for the board"


def _codes_and_names(boards: Sequence[Board]) -> list[str]:
    return [text for board in boards for text in (board.code, board.name)]
