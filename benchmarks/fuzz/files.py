"""Files for generated uploads: good ones of every kind and format, and broken ones."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from benchmarks.fuzz.values import activity, completion, validation
from benchmarks.fuzz.world import Json, World

KINDS = ("learner-completions", "activities", "learner-validations")
Lines = Sequence[Sequence[Any]]

_LEARNERS = (
    "Record Action", "ACCME Activity ID", "Completion Date", "First Name", "Last Name", "Date of Birth",
    "Licensing State", "Licensing ID", "Number of CME Credits", "Certifying Board", "Certifying Board ID",
    "Total Board Credits", "Credit Type", "Credits Awarded for Credit Type",
)  # fmt: skip
_ACTIVITIES = (
    "Record Action", "Provider Activity ID", "Activity Title", "Activity Format", "Start Date", "End Date",
    "Delivery Method", "AMA PRA Category 1 Credits", "Description", "Providership",
)  # fmt: skip
_VALIDATIONS = {
    "First Name": "first_name", "Last Name": "last_name", "Date of Birth": "date_of_birth", "Licensing State": "state",
    "Licensing ID": "license_id", "Certifying Board": "board", "Certifying Board ID": "board_id", "NPI": "npi",
    "Medical School": "medical_school",
}  # fmt: skip
_SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def upload(world: World, rnd: Random) -> Json:
    """Return the fields of a form with a file that can be read most of the time."""
    kind = rnd.choice(KINDS)
    form: Json = {"file": a_file(world, kind, rnd), "kind": kind}
    if kind == "learner-completions" or rnd.random() < 0.3:
        form["permission_attested"] = rnd.random() < 0.95
    if rnd.random() < 0.3:
        form["dry_run"] = rnd.random() < 0.7
    if rnd.random() < 0.1:
        form["on_unmatched"] = "reject"
    return form


def a_file(world: World, kind: str, rnd: Random) -> bytes:
    """Return a file of a few records of a kind, in some format; one in five is broken."""
    records = [_RECORDS[kind](world, rnd) for _ in range(rnd.randint(1, 12))]
    written = rnd.choice([_ndjson, _tab, _xlsx, _xml])(kind, records, rnd)
    return _broken(written, rnd) if rnd.random() < 0.2 else written


_RECORDS: dict[str, Callable[[World, Random], Json]] = dict(zip(KINDS, (completion, activity, validation), strict=True))


def _ndjson(_kind: str, records: Sequence[Json], rnd: Random) -> bytes:
    acted = ({} if rnd.random() < 0.7 else {"action": _action(rnd).lower()} for _ in records)
    return b"".join(json.dumps(action | record).encode() + b"\n" for action, record in zip(acted, records, strict=True))


def _tab(kind: str, records: Sequence[Json], rnd: Random) -> bytes:
    encoding = rnd.choice(["utf-8", "utf-8-sig", "utf-16"])
    return "\r\n".join("\t".join(map(_text, line)) for line in _lines(kind, records, rnd)).encode(encoding)


def _xlsx(kind: str, records: Sequence[Json], rnd: Random) -> bytes:
    rows = []
    for number, line in enumerate([["Guidance"], *_lines(kind, records, rnd)], start=1):
        cells = "".join(map(_cell, line))
        rows.append(f'<row r="{number}">{cells}</row>')
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>',
        "_rels/.rels": _relations("officeDocument", "xl/workbook.xml"),
        "xl/workbook.xml": f'<workbook xmlns="{_SHEET}" xmlns:r="{_RELATIONS}"><sheets>'
        '<sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": _relations("worksheet", "worksheets/sheet1.xml"),
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_SHEET}"><sheetData>{"".join(rows)}</sheetData></worksheet>',
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in parts.items():
            package.writestr(zipfile.ZipInfo(name), text)
    return out.getvalue()


def _relations(kind: str, target: str) -> str:
    return (
        f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" Type="{_RELATIONS}/{kind}" '
        f'Target="{target}"/></Relationships>'
    )


def _cell(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"<c><v>{value}</v></c>"
    return f'<c t="inlineStr"><is><t>{escape(_text(value))}</t></is></c>'


def _lines(kind: str, records: Sequence[Json], rnd: Random) -> Lines:
    """Return the headings and a line for each record."""
    if kind == "learner-validations":
        return [list(_VALIDATIONS), *([record.get(name) for name in _VALIDATIONS.values()] for record in records)]
    if kind == "activities":
        return [_ACTIVITIES, *(_activity_line(record, rnd) for record in records)]
    return [_LEARNERS, *(_learner_line(record, rnd) for record in records)]


def _action(rnd: Random) -> str:
    return rnd.choices(["Add", "Update", "Delete"], [8, 1, 1])[0]


def _activity_line(record: Json, rnd: Random) -> Sequence[Any]:
    internal_id = f"file-{rnd.randint(1, 500)}"
    names = ("title", "format", "start_date", "end_date", "delivery_methods", "ama_pra_credits", "description")
    given = [record.get(name) for name in names]
    methods = [";".join(value) if isinstance(value, list) else value for value in given]
    return [_action(rnd), internal_id, *methods, record.get("providership")]


def _learner_line(record: Json, rnd: Random) -> Sequence[Any]:
    learner = record.get("learner") or {}
    cme = next(iter(record.get("cme") or []), {})
    moc = next(iter(record.get("moc") or []), {})
    type = next(iter(moc.get("credit_types") or []), {})
    return [
        _action(rnd), record.get("activity_id"), record.get("completed_on"), learner.get("first_name"),
        learner.get("last_name"), learner.get("date_of_birth"), cme.get("state"), cme.get("license_id"),
        cme.get("credits"), moc.get("board"), moc.get("board_id"), moc.get("total_credits"), type.get("type"),
        type.get("credits"),
    ]  # fmt: skip


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _xml(kind: str, records: Sequence[Json], rnd: Random) -> bytes:
    """Return a document; of validations there is none, and what is sent instead must be refused."""
    if kind == "activities":
        written = (_activity_element(record, rnd) for record in records)
        return f"<ACCMEActivities>{''.join(written)}</ACCMEActivities>".encode()
    return f"<ActivityReports>{''.join(_learner_element(record, rnd) for record in records)}</ActivityReports>".encode()


def _learner_element(record: Json, rnd: Random) -> str:
    learner = record.get("learner") or {}
    given = "".join(
        _element(name, learner.get(field)) for name, field in (("GivenName", "first_name"), ("FamilyName", "last_name"))
    )
    certificates = [
        _certificate(cme.get("state"), cme.get("license_id"), "AMA PRA Category 1", cme.get("credits"))
        for cme in record.get("cme") or []
    ] + [
        _certificate(moc.get("board"), moc.get("board_id"), type["type"], type["credits"])
        for moc in record.get("moc") or []
        for type in moc["credit_types"]
    ]
    module = (
        f"<ModuleName moduleID={quoteattr(_text(record.get('activity_id')))}>A course</ModuleName><Status>Completed"
        f"</Status>{_element('CompletedDateTime', record.get('completed_on'))}{''.join(certificates)}"
    )
    return (
        f"<ActivityReport><Member><Name>{given}</Name><PersonalInfo>"
        f"{_element('BirthDate', learner.get('date_of_birth'))}</PersonalInfo></Member><Activity><Module>{module}"
        f"</Module></Activity><XtensibleInfo>{_element('LearnerRecordAction', _action(rnd).lower())}</XtensibleInfo>"
        "</ActivityReport>"
    )


def _certificate(domain: Any, number: Any, kind: Any, credits: Any) -> str:
    return (
        f"<CreditCertificate><UniqueID domain={quoteattr(_text(domain))}>{escape(_text(number))}</UniqueID>"
        f"<CreditReceived>{_element('activityCertification', kind)}<creditUnit>Credit</creditUnit>"
        f"{_element('numberOfCredits', credits)}</CreditReceived></CreditCertificate>"
    )


def _activity_element(record: Json, rnd: Random) -> str:
    names = {
        "title": "title", "format": "activityFormat", "start_date": "startDateTime", "end_date": "endDateTime",
        "ama_pra_credits": "credits", "description": "description", "providership": "activitySponsorship",
    }  # fmt: skip
    fields = "".join(_element(element, record.get(name)) for name, element in names.items())
    methods = "".join(_element("string", method) for method in record.get("delivery_methods") or [])
    return (
        f'<MedicalEducationMetrics><identifier catalog="ProviderActivityID" entry="file-{rnd.randint(1, 500)}"/>'
        f"{fields}<DeliveryMethods>{methods}</DeliveryMethods>"
        f"{_element('activityRecordAction', _action(rnd).lower())}"
        "</MedicalEducationMetrics>"
    )


def _element(name: str, value: Any) -> str:
    return f"<{name}>{escape(_text(value))}</{name}>"


def _broken(content: bytes, rnd: Random) -> bytes:
    """Spoil a file in one of many ways."""
    place = rnd.randrange(len(content))
    return rnd.choice(
        [
            content[:place],
            content[place:],
            content[:place] + bytes([rnd.randrange(256)]) + content[place + 1 :],
            content[:place] + content[place : place + 40] * 30 + content[place:],
            content[:place] + b"\x00" * rnd.randint(1, 9) + content[place:],
            content + content,
            _SPOILT + content,
            content.replace(b"e", b"\xff"),
            _zipped([content]),
            _zipped([content] * 20),
            b"\xef\xbb\xbf\xef\xbb\xbf" + content,
            content.partition(b"\n")[0],
            rnd.randbytes(rnd.randint(1, 300)),
        ]
    )


_SPOILT = b'<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;&b;">]>'


def _zipped(contents: Iterable[bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for number, content in enumerate(contents):
            package.writestr(zipfile.ZipInfo(f"../{number}.xlsx"), content)
    return out.getvalue()
