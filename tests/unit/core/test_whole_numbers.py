"""Whole numbers are read as JSON Schema has them, and as everybody writes them."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from app.core.whole_numbers import Whole

_QUERY = TypeAdapter(Annotated[int, Field(ge=1), Whole])
_BODY = TypeAdapter(Annotated[int, Field(ge=1, strict=True), Whole])


@pytest.mark.parametrize("given", [1, 1.0, 9611.0, 1e3])
def test_a_number_without_a_fraction_is_whole(given: Any) -> None:
    assert _BODY.validate_python(given) == int(given)
    assert type(_BODY.validate_python(given)) is int


@pytest.mark.parametrize("given", [1.5, "1", True, None, float("inf"), float("nan"), 0.0, -2.0])
def test_what_is_no_whole_number_or_out_of_bounds_is_refused(given: Any) -> None:
    with pytest.raises(ValidationError):
        _BODY.validate_python(given)


@pytest.mark.parametrize("given", ["1_0", "1.5", "", "x", "0"])
def test_an_address_holds_numbers_as_everybody_writes_them(given: str) -> None:
    with pytest.raises(ValidationError):
        _QUERY.validate_python(given)
