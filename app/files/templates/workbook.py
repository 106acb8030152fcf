"""Templates as workbooks: the sheet to fill in, accepted values, instructions. They are small: a library makes them."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import UTC, datetime
from textwrap import wrap
from typing import Any

import xlsxwriter

from app.domain.catalogue import Catalogue
from app.domain.choices import Choices
from app.domain.columns import Choice, Holds
from app.files.side_sheets import OFFER_ERROR, SideSheet, SideSheets, lines_of
from app.files.templates.checks import FIRST_ROW, LAST_ROW
from app.files.templates.side_sheets import make_side_sheets
from app.files.templates.templates import Template, TemplateColumn

_CREATED = datetime(2022, 1, 1, tzinfo=UTC)
"""The same in every template, so that it is the same file each time it is made."""
_FORMATS = {Holds.DATE: "mm/dd/yyyy", Holds.AMOUNT: "0.00", Holds.WHOLE: "0"}
"""Number formats of columns; all others are text, so that nothing typed loses its zeros or becomes a date."""
_WIDTHS = {
    "/title": 36, "/description": 44, "/listing/url": 30, "/medical_school": 40, "/cme/0/state": 18,
    "/learner/first_name": 16, "/learner/last_name": 18, "/first_name": 16, "/last_name": 18, "/format": 28,
    "/measured_outcomes": 26, "/rems/profession": 24, "/rems/practice_area": 26, "/rems/time_in_practice": 24,
    "/completed_on": 14, "/learner/date_of_birth": 15, "/date_of_birth": 15,
    "/middle_name": 16, "/other_last_names": 22, "/learner/learner_id": 38,
}  # fmt: skip
_BANDS = ("#D9E2EC", "#DCEBDD", "#E6DFF0")
"""Colours of headings: what identifies, then each board in turn."""


def takes(template: Template) -> bool:
    """Return True: records of every kind can be rows."""
    return True


def write_template(template: Template, catalogue: Catalogue, choices: Mapping[Choice, Choices], support: str) -> bytes:
    """Return the workbook of a template, made in memory."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        book.set_properties({"title": f"{template.sheet} template", "created": _CREATED})
        beside = make_side_sheets(template, catalogue, choices, support=support)
        _TemplateWorkbook(book, template, beside).write()
    return out.getvalue()


class _TemplateWorkbook:
    """Writes one workbook."""

    def __init__(self, book: Any, template: Template, beside: SideSheets) -> None:
        self.book, self.template, self.beside = book, template, beside
        self.data, *self.others = (
            book.add_worksheet(name) for name in (template.sheet, *(sheet.name for sheet in beside.sheets))
        )
        self.bold = book.add_format(
            {"bold": True, "bg_color": _BANDS[0], "text_wrap": True, "valign": "top", "border": 1}
        )
        self.wrapped = book.add_format({"text_wrap": True, "valign": "top"})

    def write(self) -> None:
        """Write every sheet; the one to fill in is first and open."""
        self._headings()
        self._sample()
        for sheet, side in zip(self.others, self.beside.sheets, strict=True):
            self._side_sheet(sheet, side)
        for name, range in self.beside.names:
            self.book.define_name(name, f"={range}")
        self._checks()
        self.data.activate()
        self.data.freeze_panes(FIRST_ROW - 1, 0)
        self.data.repeat_rows(0, FIRST_ROW - 2)
        self.data.set_landscape()
        self.data.fit_to_pages(1, 0)

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
        for place, formula in self.beside.checks:
            rule = {"type": "formula", "criteria": f"={formula}", "format": yellow}
            self.data.conditional_format(first, place, last, place, rule)
        for offer in self.beside.offers:
            rule = {"validate": "list", "source": f"={offer.range_name}", "error_type": "warning"}
            if offer.closed:
                rule |= {"error_title": offer.heading[:32], "error_message": OFFER_ERROR}
            else:
                rule["show_error"] = False
            self.data.data_validation(first, offer.place, last, offer.place, rule)

    def _side_sheet(self, sheet: Any, side: SideSheet) -> None:
        look = self.wrapped if side.wraps else None
        for column in side.columns:
            sheet.set_column(column.place, column.place, column.width, look)
            for row, text in enumerate(column.texts):
                sheet.write_string(row, column.place, text, self.bold if row in side.titles else look)
                if side.wraps:
                    sheet.set_row(row, 16 * lines_of(text))
        if side.frozen:
            sheet.freeze_panes(1, 0)
            sheet.set_row(0, 32)
        if side.hidden:
            sheet.hide()
        else:
            sheet.set_landscape()
            sheet.fit_to_pages(1, 0)
