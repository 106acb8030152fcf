"""Templates as JSON: the example documents of XML in their other form, kept as files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from app.domain.catalogue import Catalogue
from app.domain.choices import Choices
from app.domain.columns import Choice
from app.files.templates.templates import Template

_EXAMPLES = Path(__file__).parent / "examples"


def takes(template: Template) -> bool:
    """Whether there is an example; validations have no document."""
    return _path(template).exists()


def write_template(template: Template, catalogue: Catalogue, choices: Mapping[Choice, Choices], support: str) -> bytes:
    """Return the example document; JSON has no room for lists, nor for whom to ask."""
    return _path(template).read_bytes()


def _path(template: Template) -> Path:
    return _EXAMPLES / f"{template.name}.json"
