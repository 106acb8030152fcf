"""Converting rows of files into reports on one core, against json.loads of the same rows."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from app.domain.batches import Cell, Element, FileFormat, FileHead, Raw, RawRow
from app.domain.columns import LEARNERS
from app.files.formats import FORMATS
from app.files.mapping.records import Upload
from benchmarks.table import Row, at_least, middle

ROUNDS = 5
RECORDS = 20_000
_SECOND_TYPE = ["Additional Credit Type", "Credits Awarded for Additional Credit Type"]
HEADINGS = [column.heading for column in LEARNERS] + _SECOND_TYPE
GOALS = {FileFormat.TAB: 0.1, FileFormat.XLSX: 0.1, FileFormat.XML: 0.1, FileFormat.NDJSON: 0.1}


def rows(_database: str) -> Iterator[Row]:
    """Convert records with CME and two credit types of one board, one learner after another; without a database."""
    for format, made in {
        FileFormat.TAB: _tab_cells,
        FileFormat.XLSX: _typed_cells,
        FileFormat.XML: _element,
        FileFormat.NDJSON: _line,
    }.items():
        raws = [RawRow(number=number, raw=made(number)) for number in range(RECORDS)]
        texts = [raw.raw if isinstance(raw.raw, str) else json.dumps(raw.raw) for raw in raws]
        # The rows are made before the clock starts, and frozen for the garbage collector.
        gc.freeze()
        ours = middle(_rate(partial(_convert, format, raws)) for _ in range(ROUNDS))
        floor = middle(_rate(partial(_parse, texts)) for _ in range(ROUNDS))
        yield at_least(f"records of {format} converted", "json.loads of the same rows", ours, floor, GOALS[format])


def _rate(work: Callable[[], None]) -> float:
    """Return records a second of this process's processor time; other work on the machine does not count."""
    gc.collect()
    begun = time.process_time()
    work()
    return RECORDS / (time.process_time() - begun)


def _convert(format: FileFormat, raws: Sequence[RawRow]) -> None:
    head = FileHead(format=format, headings=HEADINGS)
    entry = FORMATS[format]
    upload = Upload(
        provider_id="0000001", entry_method=entry.entry_method, received_at=datetime.now(UTC), batch_id="batch"
    )
    reader = entry.completions(head, upload)
    for raw in raws:
        record = reader.read(raw)
        assert record.report is not None and not record.findings


def _parse(texts: Sequence[str]) -> None:
    for text in texts:
        json.loads(text)


def _tab_cells(number: int) -> Raw:
    return [
        "Add", "201759558", f"{number % 12 + 1}/14/2021", "Rebecca", f"Test{number}", f"03/{number % 28 + 1:02d}",
        "Tennessee", f"{number:06d}", "2.25", "ABIM", f"{number:06d}", "2.25", "Medical Knowledge", "2.25",
        "", "Patient Safety", "2",
    ]  # fmt: skip


def _typed_cells(number: int) -> Raw:
    cells: list[Cell] = [
        "Add", 201759558.0, {"d": f"2021-{number % 12 + 1:02d}-14", "f": "m/d/yyyy"}, "Rebecca", f"Test{number}",
        {"d": f"2021-03-{number % 28 + 1:02d}", "f": "d-mmm"}, "Tennessee", float(number), 2.25, "ABIM", float(number),
        2.25, "Medical Knowledge", 2.25, None, "Patient Safety", 2.0,
    ]  # fmt: skip
    return cells


def _element(number: int) -> Raw:
    def element(name: str, *within: Element, t: str | None = None, **attributes: str) -> Element:
        made: dict[str, Any] = {"n": f"{{http://ns.medbiq.org/activityreport/v1/}}{name}"}
        made |= {key: value for key, value in (("a", attributes), ("t", t), ("c", list(within))) if value}
        return Element(**made)

    def certificate(domain: str, type: str, credits: str) -> Element:
        return element(
            "CreditCertificate",
            element("UniqueID", t=f"{number:06d}", domain=domain),
            element("CreditReceived", activityCertification=type, creditUnit="Point", numberOfCredits=credits),
            element("CreditID", t=f"ccid:example.org:{number}"),
        )

    name = element("Name", element("GivenName", t="Rebecca"), element("FamilyName", t=f"Test{number}"))
    born = element("PersonalInfo", element("BirthDate", t=f"1970-03-{number % 28 + 1:02d}"))
    module = element(
        "Module",
        element("ModuleName", t="A course", moduleID="201759558"),
        element("Status", t="Completed"),
        element("CompletedDateTime", t=f"2021-{number % 12 + 1:02d}-14T00:00:00"),
        certificate("TN", "AMA PRA Category 1", "2.25"),
        certificate("ABIM", "Medical Knowledge", "2.25"),
        certificate("ABIM", "Patient Safety", "2"),
    )
    return element(
        "ActivityReport",
        element("Member", name, born),
        element("Activity", module),
        element("XtensibleInfo", element("LearnerRecordAction", t="add")),
    )


def _line(number: int) -> Raw:
    types = [{"type": "Medical Knowledge", "credits": 2.25}, {"type": "Patient Safety", "credits": 2}]
    return json.dumps(
        {
            "activity_id": "201759558",
            "completed_on": f"2021-{number % 12 + 1:02d}-14",
            "learner": {
                "first_name": "Rebecca",
                "last_name": f"Test{number}",
                "date_of_birth": f"03/{number % 28 + 1:02d}",
            },
            "cme": [{"state": "Tennessee", "license_id": f"{number:06d}", "credits": 2.25}],
            "moc": [{"board": "ABIM", "board_id": f"{number:06d}", "total_credits": 2.25, "credit_types": types}],
        }
    )
