"""Workbooks (.xlsx), read as a stream: no part is ever held whole but the table of shared strings.

Part names are looked up, never used as paths. Whatever wrote the file, cells come out as they were sent: text as text,
numbers as numbers, dates with the format that shows them, formulas as their cached values.
"""

from __future__ import annotations

import math
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

from lxml import etree

from app.domain.batches import BatchKind, Cell, FileFault, FileFaultCode, FileFormat, Head
from app.formats.limits import Limits
from app.formats.number_formats import BUILT_IN, day_of, shows_a_date
from app.formats.sources import unreadable
from app.formats.tables import Rows, Table

_PIECE = 65_536
_LARGE = 32 * 1_048_576
"""Smaller parts may be packed as well as they like."""
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_DAMAGED = "The workbook is damaged. Open it, save it again as .xlsx, and upload that."
_BROKEN = (KeyError, IndexError, ValueError, EOFError, NotImplementedError, OSError, RuntimeError, zlib.error)
"""What reading a damaged package or part may raise."""
_WHOLE = 10**15
"""From here on a number of a cell is not exact any more."""


def too_large(detail: str) -> FileFault:
    """Return the fault of a file that asks for more than is taken."""
    return FileFault(FileFaultCode.TOO_LARGE, detail)


class _Part:
    """One part of a workbook as a stream that counts what it unpacks to."""

    def __init__(self, package: Package, info: zipfile.ZipInfo) -> None:
        self._package = package
        self._file = package.archive.open(info)
        self._most = max(_LARGE, info.compress_size * package.limits.ratio)
        self._seen = 0

    def read(self, size: int = _PIECE) -> bytes:
        """Return the next bytes; raises `FileFault` when there are too many."""
        piece = self._file.read(min(size, _PIECE) if size > 0 else _PIECE)
        self._seen += len(piece)
        self._package.inflated += len(piece)
        if self._seen > self._most or self._package.inflated > self._package.limits.inflated:
            raise too_large("The workbook unpacks to more than is taken. Split its rows into several files.")
        return piece


class Package:
    """The parts of a workbook, found by their relations."""

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        self.limits = limits
        self.inflated = 0
        self.archive = zipfile.ZipFile(file)
        infos = self.archive.infolist()
        if len(infos) > limits.entries:
            raise too_large("The file has more parts than a workbook has. Save it again as .xlsx.")
        self._infos = {info.filename.replace("\\", "/").lstrip("/").lower(): info for info in infos}

    def has(self, name: str) -> bool:
        """Tell whether there is such a part."""
        return name.lstrip("/").lower() in self._infos

    def stream(self, name: str) -> _Part:
        """Return a part as a stream."""
        info = self._infos[name.lstrip("/").lower()]
        if info.flag_bits & 1:
            raise unreadable("The workbook is protected by a password. Save it without one.")
        return _Part(self, info)

    def elements(self, name: str, *tags: str) -> Iterator[Any]:
        """Yield the elements of a part that have these local names, each forgotten once the next is asked for."""
        parsed = etree.iterparse(
            self.stream(name), events=("end",), tag=[f"{{*}}{tag}" for tag in tags], resolve_entities=False,
            no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True,
        )  # fmt: skip
        checked = False
        for _, element in parsed:
            if not checked:
                if element.getroottree().docinfo.doctype:
                    raise unreadable("The workbook has a document type, which no workbook has.")
                checked = True
            yield element
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]

    def related(self, name: str) -> dict[str, tuple[str, str]]:
        """Return what a part refers to: its type and the part's name, by id."""
        folder, last = posixpath.split(name)
        relations = posixpath.join(folder, "_rels", f"{last}.rels")
        if not self.has(relations):
            return {}
        found = {}
        for each in self.elements(relations, "Relationship"):
            if each.get("TargetMode") == "External":
                continue
            target = (each.get("Target") or "").replace("\\", "/")
            full = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
            found[each.get("Id") or ""] = ((each.get("Type") or "").rpartition("/")[2], full)
        return found


class Workbook:
    """What the sheets of a workbook need to be read: their names, its strings, formats and date system."""

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        self._limits = limits
        self._package = Package(file, limits)
        main = [name for kind, name in self._package.related("").values() if kind == "officeDocument"]
        self._main = next((name for name in [*main, "xl/workbook.xml"] if self._package.has(name)), "")
        if not self._main:
            raise unreadable("This archive holds no workbook. Save the sheet as .xlsx, and upload that.")
        self._related = self._package.related(self._main)
        self._from_1904 = False
        self.sheets = self._sheets()
        self._strings = list(self._read_strings())
        self._formats = self._read_formats()

    def _sheets(self) -> list[tuple[str, str]]:
        """Return (name, part) of every sheet of cells, hidden ones last."""
        shown: list[tuple[str, str]] = []
        hidden: list[tuple[str, str]] = []
        for each in self._package.elements(self._main, "workbookPr", "sheet"):
            if etree.QName(each).localname == "workbookPr":
                self._from_1904 = each.get("date1904") in ("1", "true")
                continue
            id_ = next((value for name, value in each.attrib.items() if name.endswith("}id")), "")
            kind, part = self._related.get(id_, ("", ""))
            if kind == "worksheet" and self._package.has(part):
                (shown if each.get("state", "visible") == "visible" else hidden).append((each.get("name") or "", part))
        return shown + hidden

    def _part(self, kind: str) -> str | None:
        return next((part for found, part in self._related.values() if found == kind and self._package.has(part)), None)

    def _read_strings(self) -> Iterator[str]:
        part = self._part("sharedStrings")
        held = 0
        for each in self._package.elements(part, "si") if part else ():
            text = _text(each)
            held += len(text)
            if held > self._limits.strings:
                raise too_large("The workbook has more text than is taken. Split its rows into several files.")
            yield text

    def _read_formats(self) -> list[str]:
        """Return, for each style of a cell, the format by which it shows a date, empty where it shows none."""
        part = self._part("styles")
        codes, styles = dict(BUILT_IN), []
        for each in self._package.elements(part, "numFmt", "cellXfs") if part else ():
            if etree.QName(each).localname == "numFmt":
                codes[int(each.get("numFmtId", "0"))] = each.get("formatCode", "")
                continue
            styles = [int(style.get("numFmtId", "0")) for style in each if style.tag is not etree.Comment]
        return [code if shows_a_date(code := codes.get(each, "")) else "" for each in styles]

    def rows(self, part: str) -> Rows:
        """Yield (number, cells) of the rows of a sheet that are not blank."""
        number = 0
        for row in self._package.elements(part, "row"):
            given = row.get("r")
            number = int(given) if given is not None and given.isdigit() else number + 1
            if number > self._limits.rows:
                raise too_large("The sheet has more rows than is taken. Split them into several files.")
            cells = self._cells(row)
            if any(cell is not None and not (isinstance(cell, str) and not cell.strip()) for cell in cells):
                yield number, cells

    def _cells(self, row: Any) -> list[Cell]:
        cells: list[Cell] = []
        for each in row:
            value = self._value(each)
            if value is None:
                # Where a cell says its place, an empty one need not be held.
                if each.get("r") is None:
                    cells.append(None)
                continue
            place = _place(each.get("r"), len(cells))
            if place >= self._limits.columns:
                detail = f"The sheet has cells beyond its first {self._limits.columns} columns. Remove them."
                raise too_large(detail)
            if place == len(cells):
                cells.append(value)
                continue
            cells.extend([None] * (place + 1 - len(cells)))
            cells[place] = value
        return cells

    def _value(self, cell: Any) -> Cell:
        kind = cell.get("t", "n")
        if kind == "inlineStr":
            return _text(cell) or None
        text = None
        for inner in cell:
            if inner.tag.endswith("}v") or inner.tag == "v":
                text = inner.text
                break
        if text is None:
            return None
        if kind == "s":
            return self._strings[int(text)] or None
        if kind == "n":
            return self._number(text, cell.get("s"))
        if kind == "b":
            return text.strip() in ("1", "true")
        if kind == "d":
            return {"d": text.strip().removesuffix("Z"), "f": "yyyy-mm-dd"}
        return _unescaped(text)

    def _number(self, text: str, style: str | None) -> Cell:
        try:
            number = float(text)
        except ValueError:
            return text.strip() or None
        code = self._formats[int(style)] if style is not None and int(style) < len(self._formats) else ""
        if code:
            day = day_of(number, from_1904=self._from_1904)
            if day is not None:
                return {"d": day, "f": code}
        if not math.isfinite(number):
            return text.strip()
        return int(number) if number.is_integer() and abs(number) < _WHOLE else number


def _place(reference: str | None, following: int) -> int:
    """Return the column that a cell's reference names, from 0."""
    if reference is None:
        return following
    place = 0
    for character in reference:
        if not "A" <= character <= "Z":
            break
        place = place * 26 + ord(character) - 64
    return place - 1 if place else following


def _text(element: Any) -> str:
    """Return the text of a string: its runs one after another, without the reading aid of Japanese."""
    parts = []
    for each in element.iter():
        tag = each.tag if isinstance(each.tag, str) else ""
        if tag.rpartition("}")[2] != "t" or not each.text:
            continue
        above = each.getparent()
        if above is not None and isinstance(above.tag, str) and above.tag.rpartition("}")[2] == "rPh":
            continue
        parts.append(each.text)
    return _unescaped("".join(parts))


def _unescaped(text: str) -> str:
    """Return a text with the characters that XML could not hold; half a pair of surrogates is no character."""
    if "_x" not in text:
        return text
    found = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
    return found.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def read_workbook(file: BinaryIO, kind: BatchKind, limits: Limits) -> tuple[Head, Rows]:
    """Return the head and the records of the sheet that has the headings; raises `FileFault`."""
    try:
        book = Workbook(file, limits)
        best: Table | None = None
        for name, part in book.sheets:
            table = Table(_guarded(book.rows(part)), kind)
            if table.fits:
                head = Head(
                    format=FileFormat.XLSX,
                    sheet=name,
                    above=table.above,
                    heading_row=table.heading_row,
                    headings=table.headings,
                )
                return head, table.records()
            if best is None or table.layout.known > best.layout.known:
                best = table
        raise best.fault() if best is not None else unreadable("The workbook has no sheet of cells.")
    except (zipfile.BadZipFile, etree.XMLSyntaxError, zipfile.LargeZipFile) as error:
        raise _damaged(error) from None
    except _BROKEN as error:
        raise unreadable(_DAMAGED) from error


def _guarded(rows: Rows) -> Rows:
    """Yield rows, with whatever is wrong in the file told as its fault."""
    try:
        yield from rows
    except (zipfile.BadZipFile, etree.XMLSyntaxError) as error:
        raise _damaged(error) from None
    except _BROKEN as error:
        raise unreadable(_DAMAGED) from error


def _damaged(error: Exception) -> FileFault:
    if "depth" in str(error).lower():
        return FileFault(
            FileFaultCode.TOO_DEEP, "The workbook's elements are nested too deeply. Save it again as .xlsx."
        )
    return unreadable(_DAMAGED)
