"""Records as they are sent in files: rows, elements and lines of the same report, and readers of small files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from msgspec.structs import replace

from app.domain.batches import Cell, Element, EntryMethod, FileFormat, FileHead, Raw, RawRow
from app.domain.columns import EXTRAS, LEARNERS, REMS, FileColumn
from app.domain.parsing import MonthDay, Unparsed
from app.domain.reports import CompletionReport
from app.files.formats import FORMATS
from app.files.mapping.activity_bodies import ActivityRecord
from app.files.mapping.records import CompletionRecord, Mapper, Upload, ValidationRecord
from tests.builders.headings import TWO_BOARDS
from tests.builders.judging import NOW, PROVIDER

BATCH = "batch-1"
POINTERS = {
    f"/moc/{board}/{name}": 9 + 7 * board + place
    for board in (0, 1)
    for place, name in enumerate(
        ("board", "board_id", "total_credits", "credit_types/0/type", "credit_types/0/credits",
         "credit_types/1/type", "credit_types/1/credits")
    )
} | {column.pointer: TWO_BOARDS.index(column.heading) for column in (*LEARNERS[:9], *REMS, *EXTRAS)}  # fmt: skip


def learners(format: FileFormat = FileFormat.XLSX, headings: Sequence[str] = TWO_BOARDS) -> Mapper[CompletionRecord]:
    """What maps a file of learners."""
    head = FileHead(format=format, headings=headings, heading_row=2)
    entry = FORMATS[format]
    upload = Upload(provider_id=PROVIDER, entry_method=entry.entry_method, received_at=NOW, batch_id=BATCH)
    return entry.completions(head, upload)


def row_of(given: Mapping[str, Cell], headings: Sequence[str] = TWO_BOARDS) -> list[Cell]:
    """The cells of a row, by pointer."""
    cells: list[Cell] = [None] * len(headings)
    for pointer, cell in given.items():
        cells[POINTERS[pointer]] = cell
    return cells


def read(raw: Raw, format: FileFormat = FileFormat.XLSX) -> CompletionRecord:
    """One record of a file of learners."""
    return learners(format).read(RawRow(number=3, raw=raw))


def reported(raw: Raw, format: FileFormat = FileFormat.XLSX) -> CompletionReport:
    """What one record of a file of learners reports."""
    report = read(raw, format).report
    assert report is not None
    return report


def an_element(name: str, text: str | None = None, *within: Element, **attributes: str) -> Element:
    """An element of a document, in a namespace."""
    element = Element(n=f"{{http://ns.medbiq.org/activityreport/v1/}}{name}")
    if attributes:
        element["a"] = attributes
    if text is not None:
        element["t"] = text
    if within:
        element["c"] = list(within)
    return element


def a_certificate(domain: str, value: str, type: str, credits: str, reference: str | None = None) -> Element:
    """A certificate of an activity report."""
    ids = [an_element("CreditID", reference)] if reference is not None else []
    return an_element(
        "CreditCertificate",
        None,
        an_element("UniqueID", value, domain=domain),
        an_element("CreditReceived", activityCertification=type, creditUnit="Point", numberOfCredits=credits),
        *ids,
    )


def a_document(
    *certificates: Element,
    born: str = "02/01",
    day: str = "2021-12-12",
    action: str | None = "add",
    first_name: str = "Rebecca",
    more: Iterable[Element] = (),
    in_module: Iterable[Element] = (),
    activity: Iterable[Element] = (),
) -> Element:
    """An activity report of Rebecca's completion."""
    asked = [an_element("XtensibleInfo", None, an_element("LearnerRecordAction", action))] if action is not None else []
    names = an_element("Name", None, an_element("GivenName", first_name), an_element("FamilyName", "Test"))
    module = an_element(
        "Module",
        None,
        an_element("ModuleName", "A course", moduleID="201759558"),
        an_element("Status", "Completed"),
        an_element("CompletedDateTime", day),
        *certificates,
        *in_module,
    )
    return an_element(
        "ActivityReport",
        None,
        an_element("Member", None, names, an_element("PersonalInfo", None, an_element("BirthDate", born))),
        an_element("Activity", None, *activity, module),
        *asked,
        *more,
    )


def as_cells(report: CompletionReport, *, typed: bool) -> list[Cell]:
    """A report as the cells of a workbook, or as those of a tab-delimited file."""

    def day(given: date | Unparsed | None, format: str) -> Cell:
        if not isinstance(given, date):
            return given.text if given is not None else None
        return {"d": given.isoformat(), "f": format} if typed else f"{given.month}/{given.day}/{given.year}"

    def amount(given: Any) -> Cell:
        return given.text if isinstance(given, Unparsed) else given if typed or given is None else f"{given:g}"

    born = report.person.birth_date
    cells: dict[str, Cell] = {
        "/action": report.action.value.title() if report.action else None,
        "/activity_id": float(report.activity_id) if typed and report.activity_id else report.activity_id,
        "/completed_on": day(report.completed_on, "m/d/yyyy"),
        "/learner/first_name": report.person.first_name,
        "/learner/last_name": report.person.last_name,
        "/learner/date_of_birth": day(date(2020, born.month, born.day), "d-mmm")
        if isinstance(born, MonthDay) and typed
        else str(born)
        if isinstance(born, MonthDay)
        else born.text
        if born
        else None,
        "/occasion": report.occasion,
    }
    for cme in report.cme[:1]:
        cells |= {"/cme/0/state": cme.state, "/cme/0/license_id": cme.license_id, "/cme/0/credits": amount(cme.credits)}
        for special in cme.special_credits:
            cells["/cme/0/special_credits/0/type"] = special.type
            cells["/cme/0/special_credits/0/credits"] = amount(special.credits)
    for place, moc in enumerate(report.moc):
        at = f"/moc/{place}"
        cells |= {
            f"{at}/board": moc.board,
            f"{at}/board_id": moc.board_id,
            f"{at}/total_credits": amount(moc.total_credits),
        }
        for kind, credit_type in enumerate(moc.credit_types):
            cells |= {
                f"{at}/credit_types/{kind}/type": credit_type.type,
                f"{at}/credit_types/{kind}/credits": amount(credit_type.credits),
            }
    return row_of(cells)


def as_line(report: CompletionReport) -> str:
    """A report as a line of JSON."""

    def plain(given: Any) -> Any:
        if isinstance(given, Unparsed):
            return given.text
        return given.isoformat() if isinstance(given, date) else given

    person = report.person
    body: dict[str, Any] = {
        "action": report.action.value if report.action else None,
        "activity_id": report.activity_id,
        "completed_on": plain(report.completed_on),
        "learner": {
            "first_name": person.first_name,
            "last_name": person.last_name,
            "date_of_birth": str(person.birth_date) if isinstance(person.birth_date, MonthDay) else None,
        },
        "cme": [
            {
                "state": board.state,
                "license_id": board.license_id,
                "credits": board.credits,
                "special_credits": [{"type": s.type, "credits": s.credits} for s in board.special_credits],
            }
            for board in report.cme
        ],
        "moc": [
            {
                "board": points.board,
                "board_id": points.board_id,
                "total_credits": points.total_credits,
                "credit_types": [{"type": kind.type, "credits": kind.credits} for kind in points.credit_types],
            }
            for points in report.moc
        ],
        "occasion": report.occasion,
    }
    return json.dumps(body)


def as_document(report: CompletionReport) -> Element:
    """A report as an activity report in XML; totals of boards as certificates of their general credit."""
    person = report.person
    certificates = []
    for cme in report.cme:
        domain = cme.state or "NPI"
        certificates.append(a_certificate(domain, cme.license_id or "", "AMA PRA Category 1", f"{cme.credits:g}"))
        certificates += [
            a_certificate(domain, cme.license_id or "", credit.type or "", f"{credit.credits:g}")
            for credit in cme.special_credits
        ]
    for moc in report.moc:
        assert moc.board is not None
        whole = [(f"{moc.board} MOC", moc.total_credits)] if moc.total_credits is not None else []
        for type, credits in [*((credit_type.type, credit_type.credits) for credit_type in moc.credit_types), *whole]:
            certificates.append(a_certificate(moc.board, moc.board_id or "", type or "", f"{credits:g}"))
    return a_document(
        *certificates,
        born=f"1970-{person.birth_date.month:02d}-{person.birth_date.day:02d}",
        day=f"{report.completed_on}T23:59:00-08:00",
        first_name=person.first_name or "",
    )


def unmarked(report: CompletionReport | None) -> CompletionReport:
    """A report without what only tells how it came."""
    assert report is not None
    return replace(
        report,
        entry_method=EntryMethod.API,
        batch_id=None,
        cme=tuple(replace(part, license_was_number=False) for part in report.cme),
        moc=tuple(replace(points, id_was_number=False) for points in report.moc),
    )


def validations(headings: Sequence[str], format: FileFormat = FileFormat.TAB) -> Mapper[ValidationRecord]:
    """A reader of a file of validations."""
    return FORMATS[format].validations(FileHead(format=format, headings=headings))


def activity(
    raw: Raw, headings: Sequence[str] = (), format: FileFormat = FileFormat.XLSX
) -> tuple[ActivityRecord, Mapper[ActivityRecord]]:
    """One record of a file of activities, and its reader."""
    reader = FORMATS[format].activities(FileHead(format=format, headings=headings), PROVIDER)
    return reader.read(RawRow(number=3, raw=raw)), reader


def headings_of(columns: Iterable[FileColumn]) -> list[str]:
    """The headings of columns."""
    return [column.heading for column in columns]
