"""Forms and bodies: what is typed becomes the body of the API, and a body the fields that stand for it."""

from __future__ import annotations

import enum
from datetime import date
from typing import Any, get_args, get_origin
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from app.console.drawn_forms import DrawnForm, said_of_problem
from app.console.forms import BodyForm, tokens_of
from app.console.routes import read_fields
from app.core.body_types import members_of, stripped
from app.core.errors import InvalidRequest, Problem
from app.schemas.activities import ActivityIn
from app.schemas.completions import JOHN, REBECCA, TINA, CompletionIn
from app.schemas.validations import ValidationIn

FORM = "application/x-www-form-urlencoded"
COMPLETION = BodyForm(CompletionIn, days=["/completed_on"])
ACTIVITY = BodyForm(
    ActivityIn,
    days=["/start_date", "/end_date", "/moc/*/credit_claim_date"],
)
VALIDATION = BodyForm(ValidationIn)
DAYS = {("completed_on",), ("start_date",), ("end_date",), ("moc", "", "credit_claim_date")}
# A browser sends every end of a line as CR LF; a form with a NUL is refused.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"), min_size=1, max_size=12).filter(
    lambda text: bool(text.strip())
)
ISO_DAYS = st.dates(date(1900, 1, 1), date(2099, 12, 31)).map(str)


def values_of(annotation: Any, path: tuple[str, ...] = ()) -> st.SearchStrategy[Any]:
    """Return values of a type of a body, without anything empty: what is empty stands in no form."""
    found = stripped(annotation)
    if members := members_of(found):
        fields = {name: values_of(inner, (*path, name)) for name, inner in members.items()}
        return st.fixed_dictionaries({}, optional=fields).filter(bool)
    if get_origin(found) is list:
        return st.lists(values_of(get_args(found)[0], (*path, "")), min_size=1, max_size=3)
    if path in DAYS:
        return ISO_DAYS
    if found is bool:
        return st.booleans()
    if found is int:
        return st.integers(-(10**9), 10**9)
    if found is float:
        return st.floats(-1e6, 1e6, allow_nan=False)
    if isinstance(found, type) and issubclass(found, enum.Enum):
        return st.sampled_from([member.value for member in found])
    return TEXTS


def sent_and_read(form: BodyForm, body: dict[str, Any]) -> dict[str, Any]:
    """Draw a body as a form, let a browser send it, and read the body that arrives."""
    sent = urlencode(form.write(body), doseq=True).replace("%0A", "%0D%0A")
    return form.read(read_fields(sent.encode(), FORM)).body


@pytest.mark.parametrize(
    ("form", "model"), [(COMPLETION, CompletionIn), (ACTIVITY, ActivityIn), (VALIDATION, ValidationIn)]
)
@given(data=st.data())
def test_a_body_drawn_as_a_form_and_sent_is_the_same(
    form: BodyForm, model: type[BaseModel], data: st.DataObject
) -> None:
    body = data.draw(values_of(model))
    assert sent_and_read(form, body) == body
    assert all(form.knows(pointer) for pointer in form.write(body))


@pytest.mark.parametrize("body", [REBECCA, TINA, JOHN])
def test_the_examples_of_the_api_can_be_typed(body: dict[str, Any]) -> None:
    arrived = sent_and_read(COMPLETION, body)
    assert arrived == body
    CompletionIn.model_validate(arrived)


def test_what_is_blank_is_absent() -> None:
    typed = COMPLETION.read({"/learner/first_name": [" "], "/learner/npi": [""], "/cme/0/state": [""], "token": ["x"]})
    assert typed.body == {}
    assert typed.fields == {}


def test_a_place_that_was_left_out_is_closed_up_in_the_fields_as_in_the_body() -> None:
    typed = COMPLETION.read({"/moc/10/board": ["ABS"], "/moc/2/board": ["ABA"], "/moc/3/board": [" "]})
    assert typed.body == {"moc": [{"board": "ABA"}, {"board": "ABS"}]}
    assert typed.fields == {"/moc/0/board": ["ABA"], "/moc/1/board": ["ABS"]}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.25", 1.25), (" 2 ", 2), ("2.00", 2), (".5", 0.5), ("-1", -1),
        ("1,25", "1,25"), ("1e3", "1e3"), ("two", "two"), ("١", "١"), ("5 %", "5 %"),
    ],
)  # fmt: skip
def test_numbers_are_numbers_and_anything_else_stays_as_it_was_typed(text: str, value: object) -> None:
    typed = COMPLETION.read({"/cme/0/credits": [text]})
    assert typed.body == {"cme": [{"credits": value}]}
    assert typed.fields == {"/cme/0/credits": [text]}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12/1/2021", "2021-12-01"), ("12/01/21", "2021-12-01"), ("2021-12-01", "2021-12-01"),
        ("12/01/2021 9:14 AM", "2021-12-01"), ("13/45/2021", "13/45/2021"), ("soon", "soon"),
    ],
)  # fmt: skip
def test_a_day_is_typed_in_every_form_that_files_take(text: str, value: str) -> None:
    typed = COMPLETION.read({"/completed_on": [text]})
    assert typed.body == {"completed_on": value}
    assert typed.fields == {"/completed_on": [text]}


def test_a_day_is_drawn_as_the_field_writes_it() -> None:
    assert COMPLETION.write({"completed_on": "2021-12-01"}) == {"/completed_on": ["12/01/2021"]}
    assert COMPLETION.write({"completed_on": "no day"}) == {"/completed_on": ["no day"]}


def test_boxes_of_one_name_are_a_list_and_a_box_that_is_not_ticked_is_absent() -> None:
    typed = ACTIVITY.read({"/moc/0/credit_types": ["Lifelong Learning", "Patient Safety"], "/listing/public": ["true"]})
    assert typed.body == {
        "moc": [{"credit_types": ["Lifelong Learning", "Patient Safety"]}],
        "listing": {"public": True},
    }


def test_a_field_of_the_schema_is_known_and_no_other() -> None:
    known = ["/completed_on", "/cme/7/special_credits/0/type", "/moc/0/credit_types/1/credits", "/rems/profession"]
    unknown = ["", "/learner", "/cme", "/cme/0", "/cme/first/state", "/learner/height", "/completed_on/year"]
    assert [pointer for pointer in (*known, *unknown) if COMPLETION.knows(pointer)] == known


def test_a_field_that_the_schema_does_not_know_is_handed_on_so_that_it_is_refused() -> None:
    assert COMPLETION.read({"/learner/height": ["6"]}).body == {"learner": {"height": "6"}}


@pytest.mark.parametrize(
    "fields",
    [
        {"/learner": ["x"], "/learner/npi": ["1"]},
        {"/learner/npi": ["1"], "/learner": ["x"]},
        {"/a" * 17: ["x"]},
    ],
)  # fmt: skip
def test_a_form_that_no_page_draws_is_refused(fields: dict[str, list[str]]) -> None:
    with pytest.raises(InvalidRequest):
        COMPLETION.read(fields)


def test_names_of_pointers_are_unescaped() -> None:
    assert tokens_of("/a~1b/c~0d/~01") == ("a/b", "c~d", "~1")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"a=%FF", FORM),
        (b"a=\xff", FORM),
        (b"a=1", f"{FORM}; charset=latin-1"),
        (b"&".join([b"a=1"] * 20_001), FORM),
        (b"a=1&b=x%00", FORM),
        (b"a%00=1", FORM),
    ],
)
def test_what_is_no_form_is_refused(body: bytes, content_type: str) -> None:
    with pytest.raises(Problem):
        read_fields(body, content_type)


def test_a_form_keeps_every_value_and_its_order() -> None:
    assert read_fields(b"b=1&a=%0D%0A&b=2&c", FORM) == {"b": ["1", "2"], "a": ["\n"], "c": [""]}


def test_a_form_that_the_schema_refuses_is_drawn_again_with_what_was_typed_and_every_fault_at_its_field() -> None:
    sent = {
        "/cme/4/credits": ["1,5"], "/cme/4/state": ["CA"], "/learner/height": ["6"], "/moc/0/board": ["x" * 201],
    }  # fmt: skip
    typed = COMPLETION.read(sent)
    with pytest.raises(InvalidRequest) as refused:
        COMPLETION.validated(typed)
    form = DrawnForm(typed.fields, said_of_problem(refused.value, typed.fields))
    assert form.value("/cme/0/credits") == "1,5"
    assert form.value("/cme/0/state") == "CA"
    assert all(len(form.said_of(name)) == 1 for name in ("/cme/0/credits", "/learner/height", "/moc/0/board"))
    assert form.said_of("/cme/0/credits")[0].text.startswith("This is a number with a comma")


def test_a_form_that_the_schema_takes_is_a_body_of_the_api() -> None:
    assert COMPLETION.validated(COMPLETION.read(COMPLETION.write(TINA))) == CompletionIn.model_validate(TINA)
