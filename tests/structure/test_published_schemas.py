"""The published schemas of PARS documents are those of their shapes, and take the examples and the templates."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from lxml import etree

from app.domain.batches import FileFormat
from app.files.shapes.parts import Part
from app.files.shapes.published import DOCUMENTS, published_files
from app.files.templates import xml as xml_templates
from app.files.templates.templates import TEMPLATES
from tests.builders.raw_records import activity, read
from tests.builders.written_files import element_of

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = ROOT / "openapi" / "pars"
EXAMPLES = ROOT / "app" / "files" / "templates" / "examples"
OF_TEMPLATE = {
    name: "activities" if name == "activities" else "learner-reports"
    for name, template in TEMPLATES.items()
    if xml_templates.takes(template)
}


def test_the_committed_schemas_are_fresh() -> None:
    kept = {path.name: path.read_text(encoding="utf-8") for path in PUBLISHED.iterdir()}
    assert kept == dict(published_files()), "run `make openapi`"


def test_an_example_has_every_part() -> None:
    for name, document in DOCUMENTS.items():
        root = etree.fromstring(published_files()[f"{name}.example.xml"].encode())
        found = {etree.QName(element).localname for element in root.iter()} | {
            etree.QName(attribute).localname for element in root.iter() for attribute in element.attrib
        }
        assert set(_names(document)) - found == set()


def _names(part: Part) -> Iterator[str]:
    yield part.name
    for within in (*part.attributes, *part.parts):
        yield from _names(within)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_an_example_is_taken_by_both_schemas_and_read_to_its_last_part(name: str) -> None:
    check_xml(name, (PUBLISHED / f"{name}.example.xml").read_bytes())
    check_json(name, (PUBLISHED / f"{name}.example.json").read_bytes())
    root = etree.parse(str(PUBLISHED / f"{name}.example.xml")).getroot()
    if name == "activities":
        assert activity(element_of(root[0]), format=FileFormat.XML)[0].findings == ()
    else:
        assert read(element_of(root[0][0]), FileFormat.XML).findings == ()


@pytest.mark.parametrize("template", OF_TEMPLATE)
def test_a_template_is_taken_by_the_schema_of_its_form(template: str) -> None:
    check_xml(OF_TEMPLATE[template], (EXAMPLES / f"{template}.xml").read_bytes())
    check_json(OF_TEMPLATE[template], (EXAMPLES / f"{template}.json").read_bytes())


def check_xml(name: str, content: bytes) -> None:
    schema = etree.XMLSchema(etree.parse(str(PUBLISHED / f"{name}.xsd")))
    schema.assertValid(etree.ElementTree(etree.fromstring(content)))


def check_json(name: str, content: bytes) -> None:
    schema: Any = json.loads((PUBLISHED / f"{name}.schema.json").read_text(encoding="utf-8"))
    jsonschema_rs.validator_for(schema).validate(json.loads(content))
