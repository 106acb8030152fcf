"""Templates as XML: example documents with comments, kept as files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from app.domain.catalogue import Catalogue
from app.domain.choices import Choices
from app.domain.columns import Choice
from app.files.templates.templates import Template

_EXAMPLES = Path(__file__).parent / "examples"


def takes(template: Template) -> bool:
    """Whether there is an example; validations have no XML form."""
    return _path(template).exists()


def write_template(template: Template, catalogue: Catalogue, choices: Mapping[Choice, Choices], support: str) -> bytes:
    """Return the example document, with a comment that says whom to ask."""
    document = _path(template).read_bytes()
    if not support:
        return document
    declaration, end, rest = document.partition(b"?>\n")
    # A comment has no two hyphens in a row.
    asked = " ".join(support.split()).replace("--", "- -").rstrip("-")
    return declaration + end + f"<!-- Questions? Ask {asked}. -->\n".encode() + rest


def _path(template: Template) -> Path:
    return _EXAMPLES / f"{template.name}.xml"
