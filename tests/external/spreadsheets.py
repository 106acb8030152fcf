"""The history page of the slides, lived through with a spreadsheet program between every two steps.

`make check-spreadsheets` does it with LibreOffice on this machine, and sends one table in every format that LibreOffice
saves; `--keep FOLDER` leaves every file and a picture of each there. The suite takes what LibreOffice saved once, from
`tests/files`; `--refresh` writes these anew.
"""

from __future__ import annotations

import argparse
import io
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import httpx
import openpyxl
from openpyxl.worksheet.properties import PageSetupProperties

from app.core.config import Settings
from app.core.logging import configure_logging
from app.main import create_app
from app.services.demo import world
from app.services.operations.startup import open_service
from app.worker import Worker
from tests.builders.bodies import GRAND_ROUNDS
from tests.builders.headings import REQUIRED
from tests.builders.sent_files import ROW
from tests.harness.api import Api, api_of
from tests.harness.databases import SECRET
from tests.harness.wire import Wire

FILES = Path(__file__).resolve().parents[1] / "files"
STEPS = ("added", "refused", "still-refused", "mended")
NAME = "920_Learner_Excel_CME_MOC_REMS_Template.xlsx"
Saved = Callable[[str, bytes], bytes]
"""What a spreadsheet program makes of a workbook when it saves it, by the name of the step."""


def live_through(api: Api, saved: Saved) -> None:
    """Upload, look, download, mend and upload again; raises `AssertionError` where the page is not the slide's."""
    template = api.get("/v1/templates/learners.xlsx").response.content
    sent(api, saved("added", filled(template, ROW)), NAME)
    wrong = ROW | {"Completion Date": "12/11/2021", "Licensing ID": "444445", "Number of CME Credits": 1.1}
    first = sent(api, saved("refused", filled(template, wrong)), NAME)
    half = corrected(rejected(api, first), {"Number of CME Credits": 1})
    second = sent(api, saved("still-refused", half), NAME.replace(".xlsx", " (1).xlsx"))
    assert history(api) == [
        ("920_Learner_Excel_CME_MOC_REMS_Template (1).xlsx", {"rejected": 1}),
        ("920_Learner_Excel_CME_MOC_REMS_Template.xlsx", {"rejected": 1}),
        ("920_Learner_Excel_CME_MOC_REMS_Template.xlsx", {"added": 1}),
    ]
    mended = corrected(rejected(api, second), {"Licensing ID": "444444"})
    sent(api, saved("mended", mended), "Rejection.xlsx")
    assert history(api)[0] == ("Rejection.xlsx", {"added": 1})
    listed = api.completions(activity_id=GRAND_ROUNDS)
    days = [(completion["completed_on"], completion["credits"][0]["credits"]) for completion in listed]
    assert sorted(days) == [("2021-12-11", 1), ("2021-12-12", 2)]


def sent(api: Api, content: bytes, name: str) -> Any:
    """Upload a workbook as a person would, and wait for it."""
    answer = api.send(
        "POST",
        "/v1/batches",
        headers={"Prefer": "wait=60"},
        files={"file": (name, content)},
        data={"kind": "learner-completions", "permission_attested": "true"},
    )
    assert answer.status == 200, answer.json
    assert answer.json["status"] == "completed", answer.json
    return answer.json


def rejected(api: Api, batch: Any) -> bytes:
    """Download the rejected records, whose file is named after the moment of the batch."""
    answer = api.get(f"/v1/batches/{batch['batch_id']}/files/rejected").response
    assert answer.status_code == 200
    moment = re.sub(r"\D", "_", batch["finished_at"][:19])
    assert f'filename="Rejection_{moment}.xlsx"' in answer.headers["content-disposition"]
    return answer.content


def history(api: Api) -> list[tuple[str, dict[str, int]]]:
    """Return the history page: newest first, each with what became of its rows."""
    page = api.get("/v1/batches").json["data"]
    return [
        (batch["filename"], {name: batch["counts"][name] for name in ("added", "rejected") if batch["counts"][name]})
        for batch in page
    ]


def filled(template: bytes, cells: Mapping[str, Any]) -> bytes:
    """Put another learner in the place of the template's sample row."""
    return _changed(template, lambda heading, _: cells.get(heading))


def corrected(content: bytes, cells: Mapping[str, Any]) -> bytes:
    """Type over some cells of the first record, and leave the rest as it is, what was said about it included."""
    return _changed(content, cells.get)


def _changed(content: bytes, cell_of: Callable[[str, Any], Any]) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book.worksheets[0]
    for heading in sheet[2]:
        cell = sheet.cell(3, heading.column)
        cell.value = cell_of(heading.value, cell.value)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def every_format(api: Api, folder: Path) -> None:
    """Save one table as LibreOffice saves it in each format, and send all of them: their rows say the same.

    Raises `AssertionError` where one is read otherwise, or its answer cannot be sent again.
    """
    template = api.get("/v1/templates/learners.xlsx").response.content
    rejected_rows = ROW | {"Completion Date": "11/31/2021", "Number of CME Credits": 1.1}
    plain = folder / "formats" / "table.xlsx"
    plain.parent.mkdir(parents=True, exist_ok=True)
    plain.write_bytes(filled(template, rejected_rows))
    said = {}
    for to, ending in _FORMATS.items():
        office(folder, to, plain, folder / "formats" / ending)
        batch = sent(api, (folder / "formats" / ending / f"table.{ending}").read_bytes(), f"table.{ending}")
        answer = api.get(f"/v1/batches/{batch['batch_id']}/files/rejected").response
        (folder / "formats" / f"rejected-of-{ending}").write_bytes(answer.content)
        expected = ending if ending == "csv" else "xlsx"
        assert f'.{expected}"' in answer.headers["content-disposition"], answer.headers
        again = sent(api, answer.content, "again")
        assert again["counts"]["rejected"] == batch["counts"]["rejected"] == 1, (ending, batch, again)
        rows = api.get(f"/v1/batches/{batch['batch_id']}/rows").json["data"]
        said[ending] = sorted({(found["rule"], found["hint"]) for row in rows for found in row["findings"]})
    assert len(set(map(str, said.values()))) == 1, said


_FORMATS = {"xlsx": "xlsx", "ods": "ods", "xls": "xls", "csv": "csv"}
"""What LibreOffice is asked for, with the ending of what it writes."""


def shown() -> bytes:
    """Return a workbook with cells that show other than they hold, a hidden sheet and merged cells."""
    book = openpyxl.Workbook()
    old = book.active
    old.title, old.sheet_state = "Old", "hidden"
    sheet = book.create_sheet("Learners")
    book.active = 1
    for headed in (old, sheet):
        headed.append(["Guidance"] if headed is sheet else list(REQUIRED))
    sheet.append(list(REQUIRED))
    old.append(["hidden"])
    sheet.merge_cells("A1:F1")
    for cells in _SHOWN:
        sheet.append([cell[0] if isinstance(cell, tuple) else cell for cell in cells])
        for column, cell in enumerate(cells, 1):
            if isinstance(cell, tuple):
                sheet.cell(sheet.max_row, column).number_format = cell[1]
    sheet.merge_cells("A8:A9")
    sheet.merge_cells("A10:B10")
    sheet.row_dimensions[4].hidden = True
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


_SHOWN: tuple[tuple[Any, ...], ...] = (
    ("text", "0012", "é 😀", "two\nlines", " blanks ", "a  b\tc"),
    ((777, "00000"), (2, "0%"), (2.5, '"$"#,##0.00'), (time(6, 0), "h:mm"), (1.5, "[h]:mm:ss"), (1.5, "0")),
    (
        (date(2021, 2, 14), "mm/dd/yyyy"), (datetime(2021, 2, 14, 9, 30), "m/d/yy h:mm"),  # noqa: DTZ001
        (date(2029, 2, 1), "mmm-yy"), (44241, "0"), 44241, (date(1900, 3, 1), "mm/dd/yyyy"),
    ),
    ("=1/0", "=NA()", '="a"&"b"', "=1+1", "=TRUE", "=#REF!"),
    (True, False, 12345678901, 1234567890123456, 0.1, -3),
    ("TN", 1, 2),
    (None, 3, 4),
    ("over", None, 5),
    ((2.25, '0.00" credits"'), (0.5, "# ?/?"), (1234.5, "#,##0.0"), (5, "0;-0;zero"), (-5, "0;(0);zero"),
     (0, "0;(0);zero")),
)  # fmt: skip


def refresh_shown(folder: Path) -> None:
    """Write the suite's files of odd cells anew."""
    source = folder / "shown.xlsx"
    source.write_bytes(shown())
    for ending in ("xlsx", "ods", "xls"):
        office(folder, ending, source, folder / "shown")
        shutil.copy(folder / "shown" / f"shown.{ending}", FILES / f"shown.{ending}")


def kept(step: str, _: bytes) -> bytes:
    """Return what LibreOffice saved of a step once."""
    return (FILES / f"history-{step}.xlsx").read_bytes()


def by_libreoffice(folder: Path) -> Saved:
    """Return what opens workbooks in LibreOffice and saves them again, leaving both in a folder."""

    def save(step: str, content: bytes) -> bytes:
        before, after = folder / "written" / f"{step}.xlsx", folder / "saved" / f"{step}.xlsx"
        before.parent.mkdir(parents=True, exist_ok=True)
        before.write_bytes(content)
        office(folder, "xlsx", before, after.parent)
        return after.read_bytes()

    return save


def office(folder: Path, to: str, file: Path, into: Path) -> None:
    """Convert a file; the profile is the run's own."""
    command = ["soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless", "--convert-to", to]
    subprocess.run([*command, "--outdir", into, file], check=True, capture_output=True, timeout=180)


def pictures(folder: Path) -> None:
    """Make a picture of each sheet of what was written, as wide as it is."""
    for path in sorted((folder / "written").glob("*.xlsx")):
        book = openpyxl.load_workbook(path)
        for sheet in book.worksheets:
            sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
            sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
        wide = folder / path.name
        book.save(wide)
        office(folder, "pdf", wide, folder)
        command = ["pdftoppm", "-r", "130", "-l", "4", "-png", wide.with_suffix(".pdf"), wide.with_suffix("")]
        subprocess.run(command, check=True, timeout=180)


def main() -> None:
    """Live through it on a SQLite of its own."""
    configure_logging()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="Folder for every file, and a picture of each.")
    parser.add_argument("--refresh", action="store_true", help="Write the suite's files anew.")
    given = parser.parse_args()
    if not shutil.which("soffice"):
        sys.exit("LibreOffice's soffice is not on this machine.")
    with tempfile.TemporaryDirectory() as temporary:
        folder = (given.keep or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        url = f"sqlite:///{temporary}/pars.db"
        service = open_service(Settings(database_url=url, data_dir=Path(temporary), secret_key=SECRET))
        world.load(service)
        wire = Wire(create_app(service, background=lambda service, *_: Worker(service)))
        with httpx.Client(base_url=f"http://127.0.0.1:{wire.port}", timeout=90, trust_env=False) as http:
            api = api_of(http, service, "Western Regional", providers=["0008001"])
            live_through(api, by_libreoffice(folder))
            every_format(api, folder)
        wire.close()
        service.database.close()
        if given.refresh:
            for step in STEPS:
                shutil.copy(folder / "saved" / f"{step}.xlsx", FILES / f"history-{step}.xlsx")
            refresh_shown(folder)
        if given.keep:
            pictures(folder)
    print("the history page is the slide's, with LibreOffice in between; .xlsx, .ods, .xls and .csv say the same")


if __name__ == "__main__":
    main()
