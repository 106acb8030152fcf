"""Workbooks written by hand, part by part, as programs write them and as they never would."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

from app.domain.batches import BatchKind, Cell, FileHead
from app.files.parsing.limits import LIMITS, Limits
from app.files.parsing.workbook import read_workbook
from tests.builders.headings import REQUIRED

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STRICT_MAIN = "http://purl.oclc.org/ooxml/spreadsheetml/main"
STRICT_RELATIONS = "http://purl.oclc.org/ooxml/officeDocument/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"

HEADING_ROW = (
    '<row r="1">'
    + "".join(
        f'<c r="{letter}1" t="inlineStr"><is><t>{heading}</t></is></c>'
        for letter, heading in zip("ABCDEF", REQUIRED, strict=True)
    )
    + "</row>"
)


def sheet(rows: str, *, main: str = MAIN, before: str = "", after: str = "") -> str:
    """Return the part of a sheet with these rows below the headings."""
    return f'<worksheet xmlns="{main}">{before}<sheetData>{HEADING_ROW}{rows}</sheetData>{after}</worksheet>'


def strings(*texts: str) -> str:
    """Return the part of shared strings; a text that begins with `<` is taken as it is."""
    items = "".join(f"<si>{text if text.startswith('<') else f'<t>{escape(text)}</t>'}</si>" for text in texts)
    return f'<sst xmlns="{MAIN}">{items}</sst>'


def styles(*codes: str | int, extra: str = "") -> str:
    """Return the part of styles: one style for each number format, in their order; a number is a built-in one."""
    custom = "".join(
        f'<numFmt numFmtId="{164 + place}" formatCode="{escape(code, {chr(34): "&quot;"})}"/>'
        for place, code in enumerate(codes)
        if isinstance(code, str)
    )
    ids = "".join(f'<xf numFmtId="{code if isinstance(code, int) else 164 + n}"/>' for n, code in enumerate(codes))
    old = '<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>'
    return f'<styleSheet xmlns="{MAIN}"><numFmts>{custom}</numFmts>{old}<cellXfs>{ids}</cellXfs>{extra}</styleSheet>'


def package(
    sheets: Mapping[str, str] | str,
    *,
    parts: Mapping[str, str | bytes] | None = None,
    states: Mapping[str, str] | None = None,
    properties: str = "",
    main: str = MAIN,
    relations: str = RELATIONS,
    target: str = "worksheets/{name}.xml",
    folder: str = "xl",
) -> bytes:
    """Return a workbook; `sheets` by name, `parts` beside them by their names within the folder."""
    named = {"Sheet1": sheets} if isinstance(sheets, str) else dict(sheets)
    listed = "".join(
        f'<sheet name="{name}" sheetId="{n}" r:id="rId{n}" state="{(states or {}).get(name, "visible")}"/>'
        for n, name in enumerate(named, 1)
    )
    related = "".join(
        f'<Relationship Id="rId{n}" Type="{relations}/worksheet" Target="{target.format(name=f"sheet{n}")}"/>'
        for n in range(1, len(named) + 1)
    )
    for name in parts or {}:
        kind = name.partition(".")[0]
        related += f'<Relationship Id="x{kind}" Type="{relations}/{kind}" Target="{name}"/>'
    main_part = f"{folder}/workbook.xml"
    book = f"{properties}<sheets>{listed}</sheets>"
    files: dict[str, str | bytes] = {
        "_rels/.rels": _related(f'<Relationship Id="r" Type="{relations}/officeDocument" Target="{main_part}"/>'),
        main_part: f'<workbook xmlns="{main}" xmlns:r="{relations}">{book}</workbook>',
        f"{folder}/_rels/workbook.xml.rels": _related(related),
        **{f"{folder}/worksheets/sheet{n}.xml": text for n, text in enumerate(named.values(), 1)},
        **{f"{folder}/{name}": text for name, text in (parts or {}).items()},
    }
    return zipped(files)


def _related(relations: str) -> str:
    return f'<Relationships xmlns="{_PACKAGE}">{relations}</Relationships>'


def zipped(files: Mapping[str, str | bytes]) -> bytes:
    """Return an archive of these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def read(
    content: bytes, kind: BatchKind = BatchKind.LEARNER_COMPLETIONS, limits: Limits = LIMITS
) -> tuple[FileHead, dict[int, Sequence[Cell]]]:
    """Read a workbook in this process; raises `FileFault`."""
    head, rows = read_workbook(io.BytesIO(content), kind, limits)
    return head, dict(rows)


def cells(rows: str, **options: object) -> Sequence[Cell]:
    """Return the cells of the one row below the headings."""
    (row,) = read(package(sheet(rows), **options))[1].values()  # type: ignore[arg-type]
    return row
