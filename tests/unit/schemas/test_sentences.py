"""Whatever a schema refuses is told in sentences of our own: provoked field by field, and by whatever may be sent."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import Any, get_args, get_origin

import pytest
from fastapi.routing import APIRoute
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from app.core.http import sentences
from app.core.http.problems import error_items, invalid_request
from app.main import create_app
from app.routers.callers import declared_routes
from app.schemas.completion_answers import BulkIn
from app.schemas.completions import CompletionIn, RemsIn
from app.schemas.queries import CompletionQuery
from tests.harness.properties import examples
from tests.harness.refusals import LIBRARY_WORDS

NAMES = 'Send names with their values, in braces: {"name": "value"}.'
LONG = "x" * 20_001
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 1.5, 1e300, -1e300, math.inf, math.nan, 10**400, "", "x", "1", "a\x00b", LONG, [], {},
    [None], [[]], [{}] * 501, ["x"] * 501, ["x", LONG], {"x": 1}, {"": None}, "2021-02-30", "yes", "9" * 5_000,
)  # fmt: skip
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@cache
def models() -> list[type[BaseModel]]:
    """Return the models of every body and every query, those of bulk items included."""
    found = {CompletionIn: None}
    for route in declared_routes(create_app()):
        waiting = [route.dependant]
        while waiting:
            dependant = waiting.pop()
            waiting += dependant.dependencies
            for field in (*dependant.body_params, *dependant.query_params):
                model = field.field_info.annotation
                if isinstance(model, type) and issubclass(model, BaseModel):
                    found[model] = None
    return list(found)


def places(model: Any, depth: int = 0) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of every field of a model, through lists and objects."""
    while type(None) in get_args(model) or hasattr(model, "__metadata__"):
        model = next(choice for choice in get_args(model) if choice is not type(None))
    if get_origin(model) is list:
        yield (0,)
        yield from ((0, *path) for path in places(get_args(model)[0], depth + 1))
    if isinstance(model, type) and issubclass(model, BaseModel) and depth < 8:
        for name, field in model.model_fields.items():
            yield (name,)
            yield from ((name, *path) for path in places(field.annotation, depth + 1))


def holding(path: tuple[str | int, ...], value: Any) -> Any:
    """Return an object that holds a value at a path, and nothing else."""
    for part in reversed(path):
        value = {part: value} if isinstance(part, str) else [value]
    return value


def faults(model: type[BaseModel], value: Any) -> list[dict[str, Any]]:
    try:
        model.model_validate(value)
    except ValidationError as error:
        return [dict(fault) for fault in error.errors(include_url=False)]
    return []


def assert_told(model: type[BaseModel], value: Any) -> set[str]:
    """Assert that every fault of a value is told well; return the kinds of faults."""
    found = faults(model, value)
    for fault, item in zip(found, error_items(found, model), strict=False):
        said = f"{item.detail} {item.hint}"
        assert not LIBRARY_WORDS.search(said), said
        assert item.detail.endswith(".") and item.hint and item.hint[0].isupper(), said
        assert LONG[:50] not in said
        assert fault["type"] in sentences._KINDS, f"{fault['type']} has no sentence: {fault['msg']}"
    return {fault["type"] for fault in found}


def test_every_fault_that_a_field_can_have_has_a_sentence() -> None:
    seen = {
        kind
        for model in models()
        for path in [(), *places(model), ("first_name_",), ("colour",)]
        for value in VALUES
        for kind in assert_told(model, holding(path, value))
    }
    assert {
        "extra_forbidden", "missing", "model_type", "list_type", "string_type", "float_type", "int_type", "bool_type",
        "enum", "value_error", "finite_number", "too_long", "too_short", "string_too_long", "string_pattern_mismatch",
        "greater_than_equal", "less_than_equal", "int_parsing", "bool_parsing", "int_from_float",
    } <= seen  # fmt: skip


@given(st.data(), anything)
@examples(150)
def test_whatever_is_sent_is_refused_in_our_own_words(data: st.DataObject, value: Any) -> None:
    model = data.draw(st.sampled_from(models()))
    path = data.draw(st.sampled_from([(), *places(model)]))
    assert_told(model, holding(path, value))


@pytest.mark.parametrize(
    ("sent", "detail", "hint"),
    [
        ({"permission": "yes"}, "Must be true or false, and is a text.", "Send true or false, without quotes."),
        ({"cme": {}}, "Must be a list, and is an object.", "Put it in brackets, even if it has one entry: [ … ]."),
        ({"learner": "Jo"}, "Must be an object, and is a text.", NAMES),
        ({"activity_id": 201759558}, "Must be a text, and is a number.", "Write it in double quotes."),
        ({"cme": [{"credits": "2"}]}, "Must be a number, and is a text.", "Send it without quotes."),
        ({"cme": [None]}, "Must be an object, and is null.", "Send a value, or leave the field out."),
        ({"occasion": 0}, "Must be at least 1.", "Send a number that is at least 1."),
        ({"activity_id": "9" * 65}, "Is longer than 64 characters.", "Shorten it to 64 characters."),
        ({"activityId": "1"}, "This field is not known.", "Did you mean activity_id?"),
        ({"activity": "1"}, "This field is not known.", "Did you mean activity_id?"),
        ({"first_name": "Jo"}, "This field is not known.", "It belongs in learner."),
        ({"learner": {"FirstName": "Jo"}}, "This field is not known.", "Did you mean first_name?"),
        ({"cme": [{"credit": 2}]}, "This field is not known.", "Did you mean credits?"),
        (
            {"rems": {"colour": 1}},
            "This field is not known.",
            f"Leave it out. Known here: {', '.join(RemsIn.model_fields)}.",
        ),
    ],
)
def test_a_fault_says_what_was_sent_and_what_to_send(sent: Any, detail: str, hint: str) -> None:
    (item,) = error_items(faults(CompletionIn, sent), CompletionIn)
    assert (item.detail, item.hint) == (detail, hint)


def test_a_body_that_is_no_object_is_told_so() -> None:
    (item,) = error_items(faults(BulkIn, []), BulkIn)
    assert (item.pointer, item.detail) == ("", "The body must be an object, and is a list.")


def test_values_of_a_query_are_texts_and_never_told_to_be() -> None:
    found = faults(CompletionQuery, {"limit": "abc", "mips": "perhaps", "kind": ["cmee"], "completed_from": "soon"})
    told = {
        item.parameter: (item.detail, item.hint)
        for item in invalid_request([{**fault, "loc": ("query", *fault["loc"])} for fault in found]).errors
    }
    assert told == {
        "limit": ("Must be a whole number.", "Send a whole number, and nothing else."),
        "mips": ("Must be true or false.", "Send true or false, and nothing else."),
        "kind": ("Must be one of: cme, moc.", "Did you mean cme?"),
        "completed_from": ("A date is written YYYY-MM-DD.", "Send it in this form."),
    }


def test_a_kind_without_a_sentence_is_told_by_its_code() -> None:
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(date).validate_python(object())
    (fault,) = refused.value.errors()
    assert sentences.sentence_of({**fault, "type": "of_tomorrow"}) == (
        "Not of the required JSON type.",
        "Send the type that /docs gives for it.",
    )


def test_routes_are_served_by_what_is_described_here() -> None:
    assert len(models()) > 10
    assert all(isinstance(route, APIRoute) for route in declared_routes(create_app()))
