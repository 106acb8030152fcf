"""The fixed parts of a workbook of one sheet, its styles and its comments. Source: ECMA-376, parts 1 and 4."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from app.files.elements import escape_attribute, escape_text

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
RELATIONS = _OFFICE

TEXT_FORMAT, DATE_FORMAT = "@", "mm/dd/yyyy"
_BUILT_IN = {
    "": 0, "General": 0, "0": 1, "0.00": 2, "d-mmm-yy": 15, "d-mmm": 16, "mmm-yy": 17,
    "h:mm AM/PM": 18, "h:mm:ss AM/PM": 19, "h:mm": 20, "h:mm:ss": 21, "m/d/yy h:mm": 22, "@": 49,
}  # fmt: skip
"""Number formats that every workbook has; the sender's own are numbered from 164. Number 14 depends on the locale."""
_OWN_FORMATS = 164
MOST_FORMATS = 500
"""Most number formats of the sender's; dates in further ones are shown as `DATE_FORMAT`."""

_ESCAPED = re.compile("[&<>\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_NAMED = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def escape_cell(text: str) -> str:
    """Return a text as it is written in a cell: `_xHHHH_` for what XML cannot hold, and for the `_` of such a text."""
    return _ESCAPED.sub(_escape, text) if _ESCAPED.search(text) else text


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    return _NAMED.get(character) or f"_x{ord(character):04X}_"


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """How a cell is shown: number format, font and fill by their place in the style sheet, whether lines wrap."""

    format: str = ""
    font: int = 0
    fill: int = 0
    wraps: bool = False
    top: bool = True


BOLD = 1
RED, YELLOW, SENT_HEADING, OWN_HEADING, GUIDANCE = 2, 3, 4, 5, 6
_FILLS = ("FFFFC7CE", "FFFFF2A8", "FFD9E2EC", "FFF4D3C4", "FFF2F2F2")


STAYS_RED, TURNS_YELLOW = 0, 1
_CHANGED_FILLS = ("FFFFC7CE", "FFFFEB3B")
"""Colours that a rule gives a cell; those of the template are the same."""


class Styles:
    """The looks in use, numbered in the order of their first use."""

    def __init__(self) -> None:
        self.looks = {Look(top=False): 0}
        self.formats: dict[str, int] = {}

    def of(self, look: Look) -> int:
        """Return the number of a look, by which cells name it."""
        number = self.looks.get(look)
        if number is None:
            number = self.looks[look] = len(self.looks)
        return number

    def usable(self, code: str) -> str:
        """Return a number format, or `DATE_FORMAT` where it is not valid or there are too many."""
        if code in _BUILT_IN or code in self.formats:
            return code
        if len(self.formats) >= MOST_FORMATS or not 0 < len(code) <= 255 or not code.isprintable():
            code = DATE_FORMAT
        self.formats.setdefault(code, _OWN_FORMATS + len(self.formats))
        return code

    def text(self) -> str:
        """Return the style sheet."""
        formats = "".join(
            f'<numFmt numFmtId="{number}" formatCode="{escape_attribute(code)}"/>'
            for code, number in self.formats.items()
        )
        numbered = f'<numFmts count="{len(self.formats)}">{formats}</numFmts>' if formats else ""
        fonts = (
            '<fonts count="2"><font><sz val="11"/><name val="Calibri"/><family val="2"/></font>'
            '<font><b/><sz val="11"/><name val="Calibri"/><family val="2"/></font></fonts>'
        )
        fills = "".join(
            f'<fill><patternFill patternType="solid"><fgColor rgb="{colour}"/><bgColor indexed="64"/></patternFill>'
            "</fill>"
            for colour in _FILLS
        )
        changed = "".join(
            f'<dxf><fill><patternFill patternType="solid"><fgColor rgb="{colour}"/><bgColor rgb="{colour}"/>'
            "</patternFill></fill></dxf>"
            for colour in _CHANGED_FILLS
        )
        side = '<{0} style="thin"><color rgb="FFBFBFBF"/></{0}>'
        sides = "".join(side.format(name) for name in ("left", "right", "top", "bottom"))
        return (
            f'{DECLARATION}<styleSheet xmlns="{MAIN}">{numbered}{fonts}<fills count="{len(_FILLS) + 2}">'
            '<fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
            f'{fills}</fills><borders count="2"><border><left/><right/><top/><bottom/><diagonal/></border>'
            f"<border>{sides}<diagonal/></border></borders>"
            '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
            f'<cellXfs count="{len(self.looks)}">{"".join(map(self._xf, self.looks))}</cellXfs>'
            '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
            f'<dxfs count="{len(_CHANGED_FILLS)}">{changed}</dxfs></styleSheet>'
        )

    def _xf(self, look: Look) -> str:
        number = _BUILT_IN.get(look.format) or self.formats.get(look.format, 0)
        alignment = (' vertical="top"' if look.top else "") + (' wrapText="1"' if look.wraps else "")
        border = int(look.fill > 0)
        return (
            f'<xf numFmtId="{number}" fontId="{look.font}" fillId="{look.fill}" borderId="{border}" xfId="0"'
            ' applyNumberFormat="1" applyFont="1" applyFill="1" applyBorder="1" applyAlignment="1">'
            f"<alignment{alignment}/></xf>"
        )


class Comment(msgspec.Struct, frozen=True, kw_only=True):
    """A comment on a cell; row and column from 0."""

    row: int
    column: int
    text: str


def content_types(*, sheets: int = 1, commented: bool) -> str:
    """Return the part with the types of the others."""
    comments = (
        f'<Default Extension="vml" ContentType="application/vnd.openxmlformats-officedocument.vmlDrawing"/>'
        f'<Override PartName="/xl/comments1.xml" ContentType="{_TYPE}.comments+xml"/>'
    )
    written = "".join(
        f'<Override PartName="/xl/worksheets/sheet{place}.xml" ContentType="{_TYPE}.worksheet+xml"/>'
        for place in range(1, sheets + 1)
    )
    return (
        f'{DECLARATION}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'{written}<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>'
        f"{comments if commented else ''}</Types>"
    )


def relations(*targets: tuple[str, str]) -> str:
    """Return a part of relationships: kinds with their targets, numbered from `rId1`."""
    lines = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, 1)
    )
    return f'{DECLARATION}<Relationships xmlns="{_PACKAGE}/relationships">{lines}</Relationships>'


_HIDDEN = ' state="hidden"'


def workbook(
    sheets: Sequence[tuple[str, bool]], names: Sequence[tuple[str, str]] = (), *, repeated: tuple[int, int] = (0, 0)
) -> str:
    """Return the part with the names of the sheets, each with whether it is hidden, and named ranges.

    So many rows and columns of the first sheet are repeated on every page.
    """
    listed = "".join(
        f'<sheet name="{escape_attribute(name)}" sheetId="{place}"{_HIDDEN if hidden else ""} r:id="rId{place}"/>'
        for place, (name, hidden) in enumerate(sheets, 1)
    )
    defined = "".join(f'<definedName name="{name}">{escape_text(range)}</definedName>' for name, range in sorted(names))
    rows, columns = repeated
    sheet = "'{}'!".format(sheets[0][0].replace("'", "''"))
    titles = [f"{sheet}$A:${column_name(columns - 1)}"] if columns else []
    titles += [f"{sheet}$1:${rows}"] if rows else []
    if titles:
        defined = (
            '<definedName name="_xlnm.Print_Titles" localSheetId="0">'
            f"{escape_text(','.join(titles))}</definedName>{defined}"
        )
    return (
        f'{DECLARATION}<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">'
        '<bookViews><workbookView xWindow="0" yWindow="0" windowWidth="28800" windowHeight="15000"/></bookViews>'
        f"<sheets>{listed}</sheets>{f'<definedNames>{defined}</definedNames>' if defined else ''}</workbook>"
    )


def column_name(column: int) -> str:
    """Return the letters of a column, from 0: A … Z, then AA."""
    name = ""
    column += 1
    while column:
        column, letter = divmod(column - 1, 26)
        name = chr(65 + letter) + name
    return name


def comments_part(comments: Sequence[Comment]) -> Iterator[str]:
    """Yield the part with the texts of comments."""
    yield f'{DECLARATION}<comments xmlns="{MAIN}"><authors><author>PARS</author></authors><commentList>'
    for comment in comments:
        yield (
            f'<comment ref="{column_name(comment.column)}{comment.row + 1}" authorId="0"><text><r><rPr><sz val="9"/>'
            f'<rFont val="Tahoma"/></rPr><t xml:space="preserve">{escape_cell(comment.text)}</t></r></text></comment>'
        )
    yield "</commentList></comments>"


def drawing_part(comments: Sequence[Comment]) -> Iterator[str]:
    """Yield the part with the boxes of comments; shapes are numbered in blocks of 1,024."""
    blocks = ",".join(str(block + 1) for block in range(len(comments) // 1024 + 1))
    yield (
        '<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
        ' xmlns:x="urn:schemas-microsoft-com:office:excel"><o:shapelayout v:ext="edit">'
        f'<o:idmap v:ext="edit" data="{blocks}"/></o:shapelayout><v:shapetype id="_x0000_t202" coordsize="21600,21600"'
        ' o:spt="202" path="m,l,21600r21600,l21600,xe"><v:stroke joinstyle="miter"/>'
        '<v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>'
    )
    for number, comment in enumerate(comments, 1):
        top = max(comment.row - 1, 0)
        anchor = f"{comment.column + 1}, 15, {top}, 10, {comment.column + 4}, 15, {top + 6}, 4"
        yield (
            f'<v:shape id="_x0000_s{1024 + number}" type="#_x0000_t202" style="position:absolute;margin-left:60pt;'
            f'margin-top:2pt;width:200pt;height:90pt;z-index:{number};visibility:hidden" fillcolor="#ffffe1"'
            ' o:insetmode="auto"><v:fill color2="#ffffe1"/><v:shadow on="t" color="black" obscured="t"/>'
            '<v:path o:connecttype="none"/><v:textbox style="mso-direction-alt:auto">'
            '<div style="text-align:left"></div></v:textbox>'
            '<x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/>'
            f"<x:Anchor>{anchor}</x:Anchor><x:AutoFill>False</x:AutoFill>"
            f"<x:Row>{comment.row}</x:Row><x:Column>{comment.column}</x:Column></x:ClientData></v:shape>"
        )
    yield "</xml>"
