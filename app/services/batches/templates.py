"""Templates as files, to be filled in and uploaded."""

from __future__ import annotations

from app.core.errors import NotFound
from app.domain.batches import FileFormat
from app.domain.catalogue import Catalogue
from app.domain.choices import choices_of
from app.files.templates.templates import TEMPLATES, Template, document_template, tab_template
from app.files.templates.workbook import workbook_template
from app.rules.reference_lists import medical_schools, practice_areas

NAMES = tuple(TEMPLATES)
"""Names of the templates: learners, learners-rems, activities, validations."""

_made: dict[tuple[str, str], bytes] = {}
"""Workbooks by name and catalogue digest: making one takes a tenth of a second, and only the catalogue changes it."""


def make_template(name: str, format: FileFormat, catalogue: Catalogue) -> bytes:
    """Return a template made from the current catalogue; raises `NotFound`.

    The validations have no XML template, and nothing has an NDJSON one: its lines are the bodies of the API.
    """
    found = TEMPLATES.get(name)
    if found is None:
        raise NotFound("There is no such template.")
    match format:
        case FileFormat.XLSX:
            return _workbook(found, catalogue)
        case FileFormat.TAB:
            return tab_template(found)
        case FileFormat.XML if (document := document_template(found)) is not None:
            return document
        case _:
            raise NotFound("There is no such template.")


def _workbook(found: Template, catalogue: Catalogue) -> bytes:
    key = found.name, catalogue.digest
    if key not in _made:
        schools = [school["name"] for school in medical_schools()]
        areas = [area["name"] for area in practice_areas()]
        made = workbook_template(found, catalogue, choices_of(catalogue, schools, areas))
        if len(_made) >= len(TEMPLATES):
            _made.clear()
        _made[key] = made
    return _made[key]
