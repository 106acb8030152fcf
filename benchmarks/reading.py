"""Reading files in the parser process: processor time and memory, against only unpacking, parsing or splitting them."""

from __future__ import annotations

import itertools
import os
import random
import re
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import xlsxwriter
from lxml import etree

from app.domain.batches import BatchKind
from app.domain.columns import EXTRAS, LEARNERS, REMS
from app.files.parsing.parser_client import open_file
from benchmarks.table import Row, at_most, middle

ROUNDS = 3
SHEET = 100_000
TEXT = 1_000_000
TENTH = 10
_PIECE = 1 << 18
_HEADINGS = [
    *(column.heading for column in LEARNERS),
    *("Additional Credit Type", "Credits Awarded for Additional Credit Type") * 3,
    *(column.heading for column in (*REMS, *EXTRAS)),
]
"""Thirty columns."""
_PEAK = re.compile(r"VmHWM:\s+(\d+) kB")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The cost of reading a file."""

    seconds: float
    """Processor time of child and parent."""
    megabytes: float
    """Peak memory of the child."""


def rows() -> Iterator[Row]:
    """Read workbooks with shared and with inline strings, text and XML; each also at a tenth of its size."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield from _of("xlsx, shared strings", folder, _shared, SHEET, "parsing its rows only", _parsed_sheet, 6)
        yield from _of("xlsx, texts in cells", folder, _inline, SHEET, "parsing its rows only", _parsed_sheet, 6)
        yield from _of("tab-delimited", folder, _text, TEXT, "splitting its lines only", _split, 12)
        yield from _of("XML", folder, _document, SHEET, "parsing its records only", _parsed, 12)
        book = _shared(folder, SHEET)
        operation = f"{SHEET:,} rows x {len(_HEADINGS)} of xlsx read"
        ours = _read(book).seconds
        yield at_most(operation, "unpacking the sheet only", ours, _timed(_unpacked, book), 60, "s")
        yield at_most(operation, "openpyxl, read only", ours, _timed(_by_openpyxl, book), 0.7, "s")


def _of(
    name: str,
    folder: Path,
    make: Callable[[Path, int], Path],
    size: int,
    floor: str,
    do_floor: Callable[[Path], Any],
    goal: float,
) -> Iterator[Row]:
    path = make(folder, size)
    read, against = [], []
    for _ in range(ROUNDS):
        against.append(_timed(do_floor, path))
        read.append(_read(path))
    small = _read(make(folder, size // TENTH))
    seconds = middle(reading.seconds for reading in read)
    yield at_most(f"{size:,} rows of {name} read", floor, seconds, middle(against), goal, "s")
    peak = max(reading.megabytes for reading in read)
    yield at_most(f"memory of its reader, {name}", "a tenth of the rows", peak, small.megabytes, 1.2, "MB")


def _read(path: Path) -> Reading:
    peak = 0.0
    begun = _processor_seconds()
    with open_file(_chunks(path), BatchKind.LEARNER_COMPLETIONS) as file:
        status = Path(f"/proc/{file.process_id}/status")
        for number, _ in enumerate(file.pieces()):
            # A process that has ended has no VmHWM.
            if number % 10 == 0 and (found := _PEAK.search(status.read_text(encoding="ascii"))):
                peak = float(found[1]) / 1024
    return Reading(seconds=_processor_seconds() - begun, megabytes=peak)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_PIECE):
            yield chunk


def _timed(verb: Callable[[Path], Any], path: Path) -> float:
    begun = _processor_seconds()
    verb(path)
    return _processor_seconds() - begun


def _processor_seconds() -> float:
    """Return the processor time of this process and its ended children; other work on the machine does not count."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def _split(path: Path) -> None:
    with path.open(encoding="utf-8") as file:
        for line in file:
            line.rstrip("\n").split("\t")


def _unpacked(path: Path) -> None:
    with zipfile.ZipFile(path) as archive, archive.open("xl/worksheets/sheet1.xml") as part:
        while part.read(_PIECE):
            pass


def _parsed_sheet(path: Path) -> None:
    with zipfile.ZipFile(path) as archive, archive.open("xl/worksheets/sheet1.xml") as part:
        _parse_and_drop(part, "row")


def _parsed(path: Path) -> None:
    with path.open("rb") as file:
        _parse_and_drop(file, "ActivityReport")


def _parse_and_drop(file: Any, tag: str) -> None:
    for _, element in etree.iterparse(file, events=("end",), tag=f"{{*}}{tag}"):
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]  # type: ignore[attr-defined]


def _by_openpyxl(path: Path) -> None:
    book = openpyxl.load_workbook(path, read_only=True)
    for _ in book.active.iter_rows(values_only=True):
        pass


# The files: names repeat, ids hardly ever do.


def _records(size: int) -> Iterator[list[str | float | date]]:
    chance = random.Random(size)
    day = date(2021, 2, 14)
    for number in range(size):
        yield [
            "Add", 200912095.0, day, f"First{chance.randrange(5_000)}", f"Last{chance.randrange(50_000)}",
            f"{chance.randrange(1, 13):02}/{chance.randrange(1, 28):02}", "Tennessee", f"{chance.randrange(10**6):07}",
            2.25, "ABIM", f"{chance.randrange(10**6):06}", 2.25, "Medical Knowledge", 2.25, "Patient Safety", 1.25,
            "Practice Assessment", 0.5, "", "", f"local {number}", "Physician", "TN", "Individual", "Oncology", "No",
            "21+ years", 1.0, "", "",
        ]  # fmt: skip


def _shared(folder: Path, size: int) -> Path:
    return _workbook(folder / f"shared{size}.xlsx", size, constant_memory=False)


def _inline(folder: Path, size: int) -> Path:
    return _workbook(folder / f"inline{size}.xlsx", size, constant_memory=True)


def _workbook(path: Path, size: int, *, constant_memory: bool) -> Path:
    if path.exists():
        return path
    book = xlsxwriter.Workbook(str(path), {"constant_memory": constant_memory})
    sheet, day = book.add_worksheet("Learners"), book.add_format({"num_format": "mm/dd/yyyy"})
    sheet.write_row(0, 0, _HEADINGS)
    for number, record in enumerate(_records(size), 1):
        for place, cell in enumerate(record):
            if isinstance(cell, date):
                sheet.write_datetime(number, place, cell, day)
            elif isinstance(cell, str):
                sheet.write_string(number, place, cell)
            else:
                sheet.write_number(number, place, cell)
    book.close()
    return path


def _text(folder: Path, size: int) -> Path:
    path = folder / f"{size}.txt"
    with path.open("w", encoding="utf-8") as file:
        for record in itertools.chain([_HEADINGS], _records(size)):
            file.write("\t".join(map(str, record)) + "\n")
    return path


def _document(folder: Path, size: int) -> Path:
    path = folder / f"{size}.xml"
    with path.open("w", encoding="utf-8") as file:
        file.write('<ACCMELearnerReports xmlns="urn:x"><ActivityReports DateTimeCreated="2021-02-14T00:00:00">')
        for record in _records(size):
            file.write(
                f"<ActivityReport><Member><Name><GivenName>{record[3]}</GivenName><FamilyName>{record[4]}</FamilyName>"
                f"</Name><PersonalInfo><BirthDate>--{record[5]}</BirthDate></PersonalInfo></Member><Activity>"
                "<ProviderOrganization>1234567</ProviderOrganization><Module><ModuleName moduleID='200912095'>T"
                "</ModuleName><Status>Completed</Status><CompletedDateTime>2021-02-14</CompletedDateTime>"
                f"<CreditCertificate><UniqueID domain='ABIM'>{record[10]}</UniqueID><CreditReceived>"
                "<activityCertification>Medical Knowledge</activityCertification><creditUnit>Point</creditUnit>"
                "<numberOfCredits>2.25</numberOfCredits></CreditReceived></CreditCertificate></Module></Activity>"
                "<XtensibleInfo><LearnerRecordAction>add</LearnerRecordAction></XtensibleInfo></ActivityReport>\n"
            )
        file.write("</ActivityReports></ACCMELearnerReports>")
    return path
