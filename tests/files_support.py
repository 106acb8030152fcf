"""Files for tests: rows as senders write them, uploaded and worked through."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import openpyxl

from app.domain.columns import LEARNERS
from app.services.batch_work import Pace, apply_some, read_one
from app.services.context import Service
from tests.support import Answer, Api

HEADINGS = (
    *(column.heading for column in LEARNERS),
    "Additional Credit Type",
    "Credits Awarded for Additional Credit Type",
)
ROW: dict[str, Any] = {
    "Record Action": "Add",
    "ACCME Activity ID": "201759558",
    "Completion Date": "12/12/2021",
    "First Name": "Rebecca",
    "Last Name": "Test",
    "Date of Birth": "02/01",
    "Licensing State": "Tennessee",
    "Licensing ID": "444444",
    "Number of CME Credits": 2,
}
"""Rebecca Test's two hours of Grand Rounds."""
JOHN: dict[str, Any] = {
    "Record Action": "Add",
    "ACCME Activity ID": "200912095",
    "Completion Date": date(2021, 2, 15),
    "First Name": "John",
    "Last Name": "Smith",
    "Date of Birth": "03/17",
    "Licensing State": "Tennessee",
    "Licensing ID": "12345",
    "Number of CME Credits": 2.25,
    "Certifying Board": "ABIM",
    "Certifying Board ID": "999999",
    "Total Board Credits": 2.25,
    "Credit Type": "Medical Knowledge",
    "Credits Awarded for Credit Type": 2.25,
    "Additional Credit Type": "Patient Safety",
    "Credits Awarded for Additional Credit Type": 2.25,
}
"""The template's sample row, a day later."""


def row(**fields: Any) -> dict[str, Any]:
    """Return Rebecca's row with other cells, named by their headings with underscores."""
    return ROW | {name.replace("_", " "): value for name, value in fields.items()}


def workbook(
    rows: Iterable[Mapping[str, Any]], headings: Sequence[str] = HEADINGS, guidance: str = "Guidance"
) -> bytes:
    """Return a workbook with a guidance row, headings in row 2, and rows."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Learners"
    sheet.append([guidance])
    sheet.append(list(headings))
    for each in rows:
        sheet.append([each.get(name) for name in headings])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def tab_text(rows: Iterable[Mapping[str, Any]], headings: Sequence[str] = HEADINGS) -> bytes:
    """Return tab-delimited text with the headings in its first row."""
    lines = [headings, *([_written(each.get(name)) for name in headings] for each in rows)]
    return "\r\n".join("\t".join(line) for line in lines).encode()


def _written(value: Any) -> str:
    if isinstance(value, date):
        return f"{value:%m/%d/%Y}"
    return "" if value is None else str(value)


def lines(bodies: Iterable[Any]) -> bytes:
    """Return NDJSON."""
    return b"".join(json.dumps(each).encode() + b"\n" for each in bodies)


def upload(
    api: Api, content: bytes, kind: str = "learner-completions", name: str = "learners.xlsx", **fields: Any
) -> Answer:
    """Upload a file; permission is attested unless told otherwise."""
    headers = fields.pop("headers", {})
    form = {"kind": kind, "permission_attested": "true"} | fields
    form = {name: str(value).lower() for name, value in form.items() if value is not None}
    return api.send("POST", "/v1/batches", headers=headers, files={"file": (name, content)}, data=form)


def work_through(service: Service, at_once: int = 50) -> None:
    """Read and apply every file that waits, as a worker would."""
    while read_one(service) or apply_some(service, Pace(on_sqlite=service.database.on_sqlite, at_once=at_once)):
        pass


def worked(api: Api, service: Service, content: bytes, kind: str = "learner-completions", **fields: Any) -> Any:
    """Upload a file, work it through, and return its batch."""
    at_once = fields.pop("at_once", 50)
    sent = upload(api, content, kind, **fields)
    assert sent.status == 202, sent.json
    work_through(service, at_once)
    return api.get(f"/v1/batches/{sent.json['batch_id']}").json


def rows_of(api: Api, batch: Any, **parameters: Any) -> list[Any]:
    """Return what became of the rows of a batch."""
    found: list[Any] = api.get(f"/v1/batches/{batch['batch_id']}/rows", limit=500, **parameters).json["data"]
    return found


def file_of(api: Api, batch: Any, which: str, **parameters: Any) -> bytes:
    """Download a file of a batch."""
    answer = api.get(f"/v1/batches/{batch['batch_id']}/files/{which}", **parameters)
    assert answer.status == 200, answer.json
    return answer.response.content


def cells_of(content: bytes) -> list[list[Any]]:
    """Return the cells of a workbook's first sheet."""
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    return [[cell.value for cell in line] for line in sheet.iter_rows()]
