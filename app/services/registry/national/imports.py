"""Imports of the national provider file, its updates, and the report of NPIs that have ended.

Rows are read, and imported by the same steps as those of any other file (`imports.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from app.domain.identity.learners import RegistryRow
from app.services.context import Service
from app.services.registry.imports import ImportCounts, import_rows
from app.services.registry.national.files import NppesFile, open_nppes
from app.services.registry.national.layout import REPORT_DEACTIVATED, layout_of
from app.services.registry.national.npi_ends import NpiEnd
from app.services.registry.national.rows import LeftAside, NppesReader, PassedOver, end_of
from app.services.registry.placing import ImportFault

Read = tuple[int, RegistryRow | NpiEnd | ImportFault]


def import_file(
    service: Service, path: Path, counts: ImportCounts | None = None, *, credited: bool = False
) -> ImportCounts:
    """Import a file; raises `ImportFault` when it cannot be read to its end, or has another layout.

    `credited` takes the numbers that people have given for licences that credit may go to. What was done is added to
    `counts`, which tells it also when the import ends before the file does.
    """
    counts = ImportCounts() if counts is None else counts
    with open_nppes(path) as file:
        rows = _report_rows(file) if file.is_report else _provider_rows(file, service, counts, credited=credited)
        import_rows(service, rows, path.name, counts, file.read_share)
    if held := len(counts.left_aside):
        counts.not_imported[f"licences {LeftAside.HELD}"] = held
    return counts


def _provider_rows(file: NppesFile, service: Service, counts: ImportCounts, *, credited: bool) -> Iterator[Read]:
    layout = layout_of(file.heading)
    counts.notices += layout.changes
    reader = NppesReader(layout, service.catalogue, credited=credited)
    try:
        for line, values in file.rows:
            try:
                row = reader.read(values)
            except ImportFault as fault:
                yield line, fault
            else:
                if isinstance(row, PassedOver):
                    counts.not_imported[row] += 1
                else:
                    yield line, row
    finally:
        for aside, number in reader.left_aside.items():
            counts.not_imported[f"licences {aside}"] += number


def _report_rows(file: NppesFile) -> Iterator[Read]:
    for line, values in file.rows:
        try:
            yield line, end_of(*_two(values), REPORT_DEACTIVATED)
        except ImportFault as fault:
            yield line, fault


def _two(values: object) -> tuple[str, str]:
    match values:
        case [str() as npi, str() as day]:
            return npi.strip(), day.strip()
    raise ImportFault("the row has not two cells")
