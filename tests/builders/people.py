"""Physicians of the registry whom tests need beside those of the demo world."""

from __future__ import annotations

from hashlib import sha256
from string import ascii_lowercase
from typing import Any

from sqlalchemy import Connection

from app.domain.identity.learners import Learner
from app.services.context import Service
from app.services.registry import imports
from app.store.registry import learners
from app.store.sql import statements


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


def import_people(service: Service, *people: dict[str, Any], source: str = "") -> imports.ImportCounts:
    """Import rows of the registry file as one file; the first is line 1."""
    rows = [imports.read_row(person, service.catalogue) for person in people]
    return imports.import_rows(service, enumerate(rows, 1), source)


def physicians_on_file(service: Service) -> dict[str, Learner]:
    """Return the physicians of the registry by id, with all names and numbers."""

    def read(connection: Connection) -> list[Learner]:
        ids = statements.fetch(connection, "SELECT learner_id FROM learners WHERE sandbox = ''", {})
        return learners.by_ids(connection, [physician_id for (physician_id,) in ids])

    return {learner.physician_id: learner for learner in service.database.read(read)}


def word_of(text: str) -> str:
    """Return a name that no other text's is near."""
    digest = sha256(text.encode()).digest()
    return "".join(ascii_lowercase[byte % 26] for byte in digest[:12]).capitalize()
