"""What a rejected workbook keeps of its template: drop-downs, cells that turn yellow, sheets to read, hidden lists."""

from __future__ import annotations

from collections.abc import Iterator

from app.files import workbook_parts as parts
from app.files.elements import escape_attribute, escape_text
from app.files.side_sheets import OFFER_ERROR, SideSheet, SideSheets, lines_of
from app.files.workbook_parts import Look, Styles, column_name
from app.files.writing.sheet_cells import text_cell

_IN_ONE_RULE = 400
"""Cells that one rule names."""


class CheckedCells:
    """The drop-downs and checks of the rows of one sheet."""

    def __init__(self, beside: SideSheets | None, first_row: int) -> None:
        self._beside = beside
        self._first = first_row
        self._last = first_row + beside.most_rows - 1 if beside is not None else 0
        self._red: dict[str, None] = {}
        self.rows = 0
        """How many rows of records there are, once they were written."""

    def keep_red(self, row: int, place: int) -> None:
        """Let a cell at fault stay red, whatever a check says of it: yellow would look like a remark."""
        if row <= self._last:
            self._red[f"{column_name(place)}{row}"] = None

    def rules(self) -> Iterator[str]:
        """Yield the rules that stand behind the rows of the sheet."""
        beside, last = self._beside, min(self._last, self._first + self.rows - 1)
        if beside is None or last < self._first:
            return
        red = list(self._red)
        priority = 0
        for start in range(0, len(red), _IN_ONE_RULE):
            priority += 1
            yield _rule(" ".join(red[start : start + _IN_ONE_RULE]), "TRUE", parts.STAYS_RED, priority)
        for place, formula in beside.checks:
            priority += 1
            yield _rule(self._cells(place, last), formula, parts.TURNS_YELLOW, priority)
        offers = [
            f'<dataValidation type="list" errorStyle="warning" allowBlank="1" showInputMessage="1"{{}} '
            f'sqref="{self._cells(offer.place, last)}"><formula1>{offer.range_name}</formula1></dataValidation>'.format(
                f' showErrorMessage="1" errorTitle="{escape_attribute(offer.heading[:32])}" error="{OFFER_ERROR}"'
                if offer.closed
                else ""
            )
            for offer in beside.offers
        ]
        if offers:
            yield f'<dataValidations count="{len(offers)}">{"".join(offers)}</dataValidations>'

    def _cells(self, place: int, last: int) -> str:
        return f"{column_name(place)}{self._first}:{column_name(place)}{last}"


def _rule(cells: str, formula: str, look: int, priority: int) -> str:
    stops = ' stopIfTrue="1"' if look == parts.STAYS_RED else ""
    return (
        f'<conditionalFormatting sqref="{cells}"><cfRule type="expression" dxfId="{look}" priority="{priority}"{stops}>'
        f"<formula>{escape_text(formula)}</formula></cfRule></conditionalFormatting>"
    )


def side_sheet(side: SideSheet, styles: Styles) -> Iterator[str]:
    """Yield the part of a sheet beside the rows."""
    plain = styles.of(Look(wraps=side.wraps))
    title = styles.of(Look(font=parts.BOLD, fill=parts.SENT_HEADING, wraps=True))
    yield f'{parts.DECLARATION}<worksheet xmlns="{parts.MAIN}"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>'
    yield '<sheetViews><sheetView workbookViewId="0">'
    if side.frozen:
        yield '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
    yield '</sheetView></sheetViews><sheetFormatPr defaultRowHeight="15"/><cols>'
    for column in side.columns:
        place = column.place + 1
        yield f'<col min="{place}" max="{place}" width="{column.width}" customWidth="1"/>'
    yield "</cols><sheetData>"
    for row in range(max((len(column.texts) for column in side.columns), default=0)):
        style = title if row in side.titles else plain
        cells = [(column.place, column.texts[row]) for column in side.columns if row < len(column.texts)]
        lines = max(lines_of(text) for _, text in cells) if side.wraps else 2 if row == 0 and side.frozen else 1
        height = f' ht="{16 * lines}" customHeight="1"' if lines > 1 else ""
        written = "".join(
            f'<c r="{column_name(place)}{row + 1}"{text_cell(text, style)}' for place, text in cells if text
        )
        yield f'<row r="{row + 1}"{height}>{written}</row>'
    yield '</sheetData><pageSetup orientation="landscape" fitToHeight="0"/></worksheet>'
