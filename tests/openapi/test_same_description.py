"""The comparison of two descriptions sees what a client would, and passes over sentences and references."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.harness.contract import DOCUMENT
from tests.openapi.same_description import Document, differences, main

COLOUR = {"type": "string", "enum": ["red", "green"], "title": "Colour", "description": "A colour."}
PAINT = {
    "type": "object",
    "properties": {"title": {"type": "string"}, "colour": COLOUR, "below": {"$ref": "#/components/schemas/Paint"}},
    "required": ["title", "colour"],
    "example": {"title": "Wall", "colour": "red"},
}
DESCRIPTION: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Paints", "version": "1"},
    "paths": {
        "/paints": {
            "get": {
                "summary": "List paints",
                "parameters": [{"name": "colour", "in": "query", "schema": COLOUR, "example": "red"}],
                "responses": {"200": {"content": {"a/json": {"schema": {"$ref": "#/components/schemas/Paint"}}}}},
            }
        }
    },
    "components": {"schemas": {"Paint": PAINT}},
}  # fmt: skip


def changed(change: Callable[[Any], object]) -> dict[str, Any]:
    document = copy.deepcopy(DESCRIPTION)
    change(document)
    return document


def compared(new: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Return how a document differs from the description: in facts, and in examples."""
    before, after = Document(DESCRIPTION), Document(new)
    return list(differences(before.facts, after.facts)), list(differences(before.examples, after.examples))


def paint(document: Any) -> Any:
    return document["components"]["schemas"]["Paint"]


def operation(document: Any) -> Any:
    return document["paths"]["/paints"]["get"]


def refer_to_colour(document: Any) -> None:
    document["components"]["schemas"]["ColourName"] = COLOUR | {"enum": ["green", "red"], "description": "Other words."}
    paint(document)["properties"]["colour"] = {"$ref": "#/components/schemas/ColourName"}
    operation(document)["parameters"][0]["schema"] = {"$ref": "#/components/schemas/ColourName", "title": "Which"}


@pytest.mark.parametrize(
    "change",
    [
        lambda document: None,
        refer_to_colour,
        lambda document: operation(document).update(summary="Other words", description="More."),
        lambda document: document["info"].update(title="Other"),
        lambda document: paint(document)["required"].reverse(),
    ],
)
def test_sentences_references_and_orders_are_no_difference(change: Callable[[Any], object]) -> None:
    assert compared(changed(change)) == ([], [])


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda document: paint(document)["properties"].pop("title"), "/title"),
        (lambda document: paint(document)["properties"]["title"].update(maxLength=3), "/title/maxLength"),
        (lambda document: paint(document)["required"].pop(), "/required"),
        (lambda document: paint(document).update(required=["colour", "below"]), "/required"),
        (lambda document: operation(document)["parameters"][0].update(required=True), "/required"),
        (lambda document: operation(document)["responses"].update({"404": {}}), "/responses/404"),
        (lambda document: document["paths"].update({"/other": {}}), "/~1other"),
        (lambda document: document["info"].update(version="2"), "/info/version"),
    ],
)
def test_what_a_client_would_see_is_a_difference(change: Callable[[Any], object], place: str) -> None:
    facts, _ = compared(changed(change))
    assert facts and all(place in fact for fact in facts)


def test_a_value_more_of_an_enum_is_seen_wherever_it_is_used() -> None:
    document = changed(refer_to_colour)
    document["components"]["schemas"]["ColourName"]["enum"] = ["green", "red", "blue"]
    facts, _ = compared(document)
    assert len(facts) == 2 and all("/enum" in fact for fact in facts)


def test_examples_are_compared_by_themselves() -> None:
    document = changed(lambda document: operation(document)["parameters"][0].update(example="green"))
    facts, examples = compared(document)
    assert facts == []
    assert examples == ['/ ~1paints get parameters 0 example: "red" became "green"']


def test_the_command_prints_both_lists_and_says_by_its_exit_code_whether_facts_differ(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new, small = tmp_path / "old.json", tmp_path / "new.json", tmp_path / "small.json"
    small.write_text(json.dumps(DESCRIPTION), encoding="utf-8")
    assert main(str(small), str(small)) == 0
    document = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    old.write_text(json.dumps(document), encoding="utf-8")
    document["paths"].pop("/v1/learner-completions")
    new.write_text(json.dumps(document), encoding="utf-8")
    assert main(str(old), str(new)) == 1
    assert "/paths/~1v1~1learner-completions: gone" in capsys.readouterr().out
