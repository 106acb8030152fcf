"""Templates as XML: example documents with comments, kept as files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from app.domain.catalogue import Catalogue
from app.domain.choices import Choices
from app.domain.columns import Choice
from app.files.templates.templates import Template

_EXAMPLES = Path(__file__).parent / "examples"


def write_template(template: Template, catalogue: Catalogue, choices: Mapping[Choice, Choices]) -> bytes | None:
    """Return the example document; None for validations, which have no XML form."""
    path = _EXAMPLES / f"{template.name}.xml"
    return path.read_bytes() if path.exists() else None
