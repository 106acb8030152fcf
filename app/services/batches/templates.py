"""Templates as files, to be filled in and uploaded."""

from __future__ import annotations

from app.core.errors import NotFound
from app.domain.batches import FileFormat
from app.domain.catalogue import Catalogue
from app.domain.choices import choices_of
from app.files.formats import FORMATS
from app.files.templates.templates import TEMPLATES
from app.rules.reference_lists import medical_schools, practice_areas

NAMES = tuple(TEMPLATES)
"""The templates: learners, learners-rems, activities, validations."""
FORMATS_BY_ENDING = {
    FORMATS[format].ending: format for format in FileFormat if FORMATS[format].template_writer() is not None
}
"""The formats that have templates, by the end of a file's name."""
FILES = tuple(
    f"{name}.{ending}"
    for name, template in TEMPLATES.items()
    for ending, format in FORMATS_BY_ENDING.items()
    if (writer := FORMATS[format].template_writer()) is not None and writer.takes(template)
)
"""The files that can be asked for. Validations have no XML, and nothing has NDJSON: its lines are the API's bodies."""

_made: dict[tuple[str, FileFormat, str], bytes] = {}
"""Files by name, format and catalogue digest: a workbook takes a tenth of a second to make."""


def make_template(name: str, format: FileFormat, catalogue: Catalogue) -> bytes:
    """Return a template made from the current catalogue; raises `NotFound`."""
    found, writer = TEMPLATES.get(name), FORMATS[format].template_writer()
    if found is None or writer is None or not writer.takes(found):
        raise NotFound("There is no such template.")
    key = name, format, catalogue.digest
    if key not in _made:
        schools = [school["name"] for school in medical_schools()]
        areas = [area["name"] for area in practice_areas()]
        made = writer.write_template(found, catalogue, choices_of(catalogue, schools, areas))
        if len(_made) >= len(TEMPLATES) * len(FORMATS):
            _made.clear()
        _made[key] = made
    return _made[key]
