"""What is published of PARS documents: their schemas in XML and JSON, and a complete example of each form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache

from app.files.elements import render
from app.files.shapes import activities, learner_reports
from app.files.shapes.examples import example_of
from app.files.shapes.json_form import value_of
from app.files.shapes.schemas import json_schema_of, xml_schemas_of

DOCUMENTS = {"learner-reports": learner_reports.DOCUMENT, "activities": activities.DOCUMENT}
"""The documents, by the beginning of the names of their files."""


@cache
def published_files() -> Mapping[str, str]:
    """Return the files by name."""
    files: dict[str, str] = {}
    for name, document in DOCUMENTS.items():
        example = example_of(document)
        files |= xml_schemas_of(document, name)
        files[f"{name}.schema.json"] = json_schema_of(document)
        files[f"{name}.example.xml"] = f'<?xml version="1.0" encoding="UTF-8"?>\n{render(example, {})}'
        written = {document.name: value_of(example, document)}
        files[f"{name}.example.json"] = json.dumps(written, indent=2, ensure_ascii=False) + "\n"
    return files
