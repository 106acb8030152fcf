"""Shapes of PARS documents: both written forms say the same, and the schemas take what they describe."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from app.domain.batches import Element, FileFormat, FileHead
from app.files.elements import render
from app.files.record_fields import fields_of
from app.files.record_places import field_meant, fields_within
from app.files.shapes import activities, learner_reports
from app.files.shapes.json_form import NotADocument, elements_of, value_of
from app.files.shapes.parts import Content, Occurs, Part
from app.files.shapes.schemas import json_schema_of, xml_schemas_of
from tests.builders.bodies import a_completion, points
from tests.builders.pars_documents import report

DOCUMENTS = (learner_reports.DOCUMENT, activities.DOCUMENT)
DEEP = 32
_TEXTS = {
    Content.TEXT: st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp")), min_size=1),
    Content.AMOUNT: st.integers(1, 400).map(lambda quarters: f"{quarters / 4:g}"),
    Content.MONEY: st.integers(0, 10**9).map(str),
    Content.WHOLE: st.integers(0, 10**9).map(str),
    Content.YES_NO: st.sampled_from(("true", "false")),
    Content.DAY: st.dates().map(str),
    Content.BIRTH_DATE: st.dates().map(lambda day: f"{day:--%m-%d}"),
}


def _text(draw: st.DrawFn, part: Part) -> str:
    if part.values:
        return draw(st.sampled_from(part.values))
    return draw(_TEXTS[part.holds])[: part.longest]


@st.composite
def records(draw: st.DrawFn, part: Part) -> Element:
    """Draw an element of a shape, with everything that it needs and some of what it may have."""
    element: Element = {"n": part.tag}
    attributes = {
        within.name: _text(draw, within) for within in part.attributes if within.required or draw(st.booleans())
    }
    if attributes:
        element["a"] = attributes
    if part.holds is not Content.NOTHING:
        element["t"] = _text(draw, part)
    children: list[Element] = []
    for within in part.parts:
        least = 1 if within.required else 0
        times = draw(st.integers(least, 3 if within.may_repeat else 1))
        children += [draw(records(within)) for _ in range(times)]
    if children:
        element["c"] = children
    return element


@pytest.mark.parametrize("shape", [learner_reports.REPORT, activities.RECORD], ids=lambda shape: shape.name)
@given(data=st.data())
def test_a_record_becomes_json_and_the_same_record_again(shape: Part, data: st.DataObject) -> None:
    record = _without_nothing(data.draw(records(shape)))
    written = json.dumps(value_of(record, shape))
    (read,) = elements_of(json.loads(written, parse_float=str, parse_int=str), shape, DEEP)
    assert read == record


def _without_nothing(element: Element) -> Element:
    """Return an element without those in it that hold nothing: JSON has no word for them."""
    children = [kept for child in element.get("c", ()) if len(kept := _without_nothing(child)) > 1]
    kept: Element = {key: value for key, value in element.items() if key != "c"}  # type: ignore[assignment]
    return kept | {"c": children} if children else kept  # type: ignore[return-value]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
@given(data=st.data())
def test_the_published_schema_takes_what_it_describes(document: Part, data: st.DataObject) -> None:
    schema = _SCHEMAS[document.name]
    text = render(data.draw(records(document)), {})
    schema.assertValid(etree.parse(BytesIO(text.encode())))


@pytest.fixture(scope="module", autouse=True)
def _schemas(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("schemas")
    for document in DOCUMENTS:
        files = xml_schemas_of(document, document.name)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
        _SCHEMAS[document.name] = _schema(folder / f"{document.name}.xsd")


_SCHEMAS: dict[str, Any] = {}


def _schema(path: Path) -> Any:
    return etree.XMLSchema(etree.parse(str(path)))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_a_json_schema_names_every_part_with_its_words(document: Part) -> None:
    schema = json.loads(json_schema_of(document))
    assert schema["required"] == [document.name]
    assert _names(schema["properties"][document.name]) == {
        (part.name, part.says) for part in _everything(document) if part is not document
    }


def _everything(part: Part) -> list[Part]:
    inner = [found for within in (*part.attributes, *part.parts) for found in _everything(within)]
    return [part, *inner]


def _names(schema: dict[str, Any]) -> set[tuple[str, str]]:
    choices = [schema, *schema.get("anyOf", ())]
    choices += [choice["items"] for choice in choices if "items" in choice]
    named = {
        (name, inner): inner_schema
        for choice in choices
        for name, inner_schema in choice.get("properties", {}).items()
        if name != "value"
        for inner in [inner_schema["description"]]
    }
    return set(named).union(*(_names(inner) for inner in named.values()))


def test_numbers_keep_their_digits_and_lists_of_one_may_be_left_out() -> None:
    given = {"CreditReceived": {"numberOfCredits": "2.250"}, "UniqueID": {"value": "007", "domain": "ABIM"}}
    certificate = _within(learner_reports.REPORT, "CreditCertificate")
    (read,) = elements_of(given, certificate, DEEP)
    (number,) = elements_of("2.250", _within(certificate, "numberOfCredits"), DEEP)
    assert number.get("t") == "2.250"
    (unique,) = [child for child in read["c"] if child["n"].endswith("UniqueID")]
    assert unique.get("t") == "007"
    assert unique.get("a") == {"domain": "ABIM"}


def _within(shape: Part, name: str) -> Part:
    return next(part for part in _everything(shape) if part.name == name)


def test_what_is_in_no_shape_is_kept_to_be_named() -> None:
    (read,) = elements_of(
        {"Colour": {"Shade": ["dark", "light"]}, "isInterprofessional ": True}, activities.RECORD, DEEP
    )
    assert read["c"] == [
        {"n": "Colour", "c": [{"n": "Shade", "t": "dark"}, {"n": "Shade", "t": "light"}]},
        {"n": "isInterprofessional", "t": "true"},
    ]


@pytest.mark.parametrize("given", [[[{}]], {"Member": [["x"]]}])
def test_a_list_in_a_list_is_no_document(given: Any) -> None:
    with pytest.raises(NotADocument, match="list within a list"):
        elements_of(given, learner_reports.REPORT, DEEP)


def test_objects_without_end_are_no_document() -> None:
    given: dict[str, Any] = {}
    for _ in range(DEEP):
        given = {"Deeper": given}
    with pytest.raises(NotADocument, match="too deep"):
        elements_of(given, learner_reports.REPORT, DEEP)


@pytest.mark.parametrize("text", ["1e3", "1_0", "٣", "2,25", "", "nan", "inf"])
def test_an_amount_that_json_would_write_otherwise_stays_text(text: str) -> None:
    amount = _within(learner_reports.REPORT, "numberOfCredits")
    assert value_of({"n": amount.tag, "t": text}, amount) == text


def test_what_repeats_is_a_list_and_what_hardly_does_is_one_only_where_it_must() -> None:
    assert [part.name for part in _everything(learner_reports.DOCUMENT) if part.occurs is Occurs.SOMETIMES_AGAIN] == [
        "UniqueID"
    ]
    certificate = _within(learner_reports.REPORT, "CreditCertificate")
    one: Element = {"n": "UniqueID", "t": "1", "a": {"domain": "ABIM"}}
    npi: Element = {"n": "UniqueID", "t": "2", "a": {"domain": "NPI"}}
    assert value_of({"n": "CreditCertificate", "c": [one]}, certificate) == {
        "UniqueID": {"value": "1", "domain": "ABIM"}
    }
    assert value_of({"n": "CreditCertificate", "c": [one, npi]}, certificate) == {
        "UniqueID": [{"value": "1", "domain": "ABIM"}, {"value": "2", "domain": "NPI"}]
    }


CERTIFICATE = "Activity/Module/CreditCertificate"
PLACES = [
    (f"{CERTIFICATE}[1]/CreditReceived", "/cme/0/credits", "numberOfCredits"),
    (f"{CERTIFICATE}[2]/CreditReceived", "/moc/0/credit_types/0/type", "activityCertification"),
    (f"{CERTIFICATE}[2]/UniqueID", "/moc/0/board_id", "UniqueID"),
    (f"{CERTIFICATE}[1]/UniqueID", "/cme/0/state", "domain"),
    ("Activity/Module/CompletedDateTime", "/completed_on", "CompletedDateTime"),
    ("Member", "/learner/last_name", "FamilyName"),
]
"""What findings name, and the text within it that is meant."""


@pytest.mark.parametrize("format", [FileFormat.XML, FileFormat.JSON])
def test_the_field_that_a_finding_means_is_found_in_the_element_that_it_names(format: FileFormat) -> None:
    sent = report(a_completion(moc=[points()]))
    (element,) = elements_of(json.loads(json.dumps(sent), parse_float=str), learner_reports.REPORT, 16)
    fields = fields_of(FileHead(format=format), element if format is FileFormat.XML else json.dumps(sent))
    meant = [field_meant(fields_within(fields, place), place, pointer) for place, pointer, _ in PLACES]
    named = [field.column.replace("@", "/").rpartition("/")[2] for field in meant if field is not None]
    assert named == [name for _, _, name in PLACES]
    assert [field.value for field in meant if field is not None and field.column.endswith(("UniqueID", "domain"))] == [
        points()["board_id"], "TN",
    ]  # fmt: skip
    whole = fields_within(fields, "Member")
    assert [field.column.rpartition("/")[2] for field in whole] == ["GivenName", "FamilyName", "BirthDate"]
    assert field_meant(whole, "Member", "/learner") is None
    assert fields_within(fields, "Nothing[3]") == []
