"""Rows and files in the shape of the national provider file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from app.services.context import Service
from app.services.registry.generating.files import write_rows
from app.services.registry.imports import ImportCounts
from app.services.registry.national import imports as nppes
from app.services.registry.national.layout import HEADINGS

Licence = tuple[str, str, str]
"""(taxonomy, number, state)"""
INTERNAL_MEDICINE, NURSE, RESIDENT, ORAL_SURGERY = "207R00000X", "163W00000X", "390200000X", "204E00000X"
ALMA = "1000000004"
BRUNO = "1000000012"
TN: Licence = (INTERNAL_MEDICINE, "910011", "TN")


def a_row(npi: str = ALMA, *licenses: Licence, **cells: str) -> dict[str, str]:
    """Return the row of an individual, by heading; `licenses` are those of Alma Castellan unless given."""
    row = {
        "NPI": npi,
        "Entity Type Code": "1",
        "Provider Last Name (Legal Name)": "CASTELLAN",
        "Provider First Name": "ALMA",
        "Provider Credential Text": "M.D.",
        "Last Update Date": "03/01/2024",
    }
    for number, (taxonomy, license_id, state) in enumerate(licenses or (TN,), 1):
        row[f"Healthcare Provider Taxonomy Code_{number}"] = taxonomy
        row[f"Provider License Number_{number}"] = license_id
        row[f"Provider License Number State Code_{number}"] = state
    return row | {name.replace("_", " "): text for name, text in cells.items()}


def named(row: dict[str, str], first: str, last: str) -> dict[str, str]:
    return row | {"Provider First Name": first, "Provider Last Name (Legal Name)": last}


def ended(npi: str = ALMA, day: str = "05/06/2024") -> dict[str, str]:
    """Return the row of an NPI that was deactivated."""
    return {"NPI": npi, "NPI Deactivation Date": day}


def cells(row: dict[str, str], headings: Sequence[str] = HEADINGS) -> list[str]:
    """Return a row in the order of some headings."""
    assert set(row) <= set(headings), set(row) - set(headings)
    return [row.get(name, "") for name in headings]


def write_file(path: Path, rows: Iterable[dict[str, str]], headings: Sequence[str] = HEADINGS) -> Path:
    """Write rows as a provider file in place of one that is there."""
    path.unlink(missing_ok=True)
    write_rows(path, headings, [cells(row, headings) for row in rows])
    return path


def import_nppes(service: Service, folder: Path, *rows: dict[str, str], credited: bool = False) -> ImportCounts:
    """Import rows of a provider file; the first stands in line 2."""
    path = write_file(folder / "npidata_pfile_20050523-20240512.csv", rows)
    return nppes.import_file(service, path, credited=credited)
