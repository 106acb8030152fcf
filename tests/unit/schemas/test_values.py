"""Values of a list: a schema takes those of its enum, and any other is told as if the schema listed them itself."""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest
from pydantic import ValidationError

from app.core.errors import ErrorItem
from app.core.http.problems import error_items
from app.domain.choices import Fee
from app.schemas.activities import Listing
from app.schemas.base import OneOf, Strict


class FeeListed(Strict):
    fee: Literal["yes", "no", "variable"] | None = None


class FeeOfEnum(Strict):
    fee: OneOf[Fee] | None = None


def faults(model: type[Strict], value: Any, *, as_json: bool) -> list[ErrorItem]:
    try:
        model.model_validate_json(json.dumps({"fee": value})) if as_json else model.model_validate({"fee": value})
    except ValidationError as error:
        return error_items(error.errors(include_url=False))
    return []


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "python"])
@pytest.mark.parametrize("value", ["", "Yes", "YES", "maybe", 1, 1.5, True, ["yes"], {"yes": 1}])
def test_any_other_value_is_told_as_if_the_values_were_listed(value: Any, as_json: bool) -> None:
    told = faults(FeeOfEnum, value, as_json=as_json)
    assert told == faults(FeeListed, value, as_json=as_json)
    (item,) = told
    assert (item.code, item.pointer, item.detail) == ("format", "/fee", "Must be one of: yes, no, variable.")
    assert item.hint == ("Did you mean yes?" if value in ("Yes", "YES") else "Send one of these, spelt as here.")


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "python"])
@pytest.mark.parametrize("value", [*Fee, "yes", "no", "variable", None])
def test_a_value_of_the_list_is_taken_as_text(value: Any, as_json: bool) -> None:
    assert faults(FeeOfEnum, value, as_json=as_json) == []


def test_a_value_is_written_as_text() -> None:
    assert Listing(fee=Fee.VARIABLE).model_dump(mode="json", exclude_none=True) == {"fee": "variable"}
