"""Physicians of the registry whom tests need beside those of the demo world."""

from __future__ import annotations

from app.services.context import Service
from app.services.registry import imports


def import_tina(service: Service, **fields: str) -> None:
    """Import Tina Karacme as the registry knows her better: also as Tina Carmel, and licensed in Tennessee."""
    row = {
        "first_name": "Tina",
        "last_name": "Karacme",
        "other_last_names": "Carmel",
        "date_of_birth": "11/24",
        "licenses": "TN-M:777001",
        "certifications": "ABA:35867909",
    }
    counts = imports.import_rows(service, [(1, imports.read_row(row | fields, service.catalogue))])
    assert counts.refused == [], counts.refused
