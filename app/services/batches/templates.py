"""Templates as files, to be filled in and uploaded."""

from __future__ import annotations

from collections.abc import Mapping

from app.core.errors import NotFound
from app.domain.batches import BatchKind, FileFormat, FileHead
from app.domain.catalogue import Catalogue
from app.domain.choices import Choices, choices_of
from app.domain.columns import Choice
from app.files import result_files
from app.files.formats import FORMATS
from app.files.shapes.published import published_files
from app.files.side_sheets import SideSheets
from app.files.templates.templates import TEMPLATES
from app.rules.reference_lists import medical_schools, practice_areas

NAMES = tuple(TEMPLATES)
"""The templates: learners, learners-rems, activities, validations, roster."""
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
"""The files that can be asked for. Validations and rosters have no XML, and lines of NDJSON are the API's bodies."""

SCHEMAS = tuple(published_files())
"""The schemas and complete examples of documents, beside them."""

_made: dict[tuple[str, FileFormat, str, str], bytes] = {}
"""Files by name, format, catalogue digest and whom to ask: a workbook takes a tenth of a second to make."""


def accepted_values(catalogue: Catalogue) -> Mapping[Choice, Choices]:
    """Return the lists of accepted values, as templates offer them."""
    schools = [school["name"] for school in medical_schools()]
    return choices_of(catalogue, schools, practice_areas())


def sheets_beside(head: FileHead, kind: BatchKind, catalogue: Catalogue, support: str) -> SideSheets | None:
    """Return the drop-downs, checks and sheets of the template, for the columns of a file that goes back rejected."""
    return result_files.sheets_beside(head, kind, catalogue, accepted_values(catalogue), support)


def media_type(format: FileFormat) -> str:
    """Return the type by which a template is sent."""
    return FORMATS[format].media_type


def make_template(name: str, format: FileFormat, catalogue: Catalogue, support: str = "") -> bytes:
    """Return a template made from the current catalogue, which says whom to ask; raises `NotFound`."""
    found, writer = TEMPLATES.get(name), FORMATS[format].template_writer()
    if found is None or writer is None or not writer.takes(found):
        raise NotFound("There is no such template.")
    key = name, format, catalogue.digest, support
    if key not in _made:
        made = writer.write_template(found, catalogue, accepted_values(catalogue), support)
        if len(_made) >= len(TEMPLATES) * len(FORMATS):
            _made.clear()
        _made[key] = made
    return _made[key]
