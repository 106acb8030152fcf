"""Templates as tab-delimited text: the headings and the sample row."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from app.core.csv_text import escape_formula
from app.domain.catalogue import Catalogue
from app.domain.choices import Choices
from app.domain.columns import Choice
from app.files.templates.templates import Template


def takes(template: Template) -> bool:
    """Return True: records of every kind can be rows."""
    return True


def write_template(template: Template, catalogue: Catalogue, choices: Mapping[Choice, Choices], support: str) -> bytes:
    """Return the template in UTF-8 with a byte order mark; text has no room for lists, nor for whom to ask."""
    out = io.StringIO()
    lines = csv.writer(out, dialect="excel-tab")
    lines.writerow(column.heading for column in template.columns)
    if template.sample:
        lines.writerow(escape_formula(template.sample.get(column.pointer, "")) for column in template.columns)
    return out.getvalue().encode("utf-8-sig")
