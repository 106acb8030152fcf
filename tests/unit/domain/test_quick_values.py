"""Frozen values that are made quickly are what they would be otherwise."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, asdict, dataclass, field, replace
from typing import Any

import pytest

from app.domain.quick import quickly_made


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    needed: int
    given: str = "there"
    made: list[int] = field(default_factory=list)
    apart: str = field(default="", compare=False)

    @property
    def doubled(self) -> int:
        return 2 * self.needed


def test_it_is_a_frozen_dataclass_as_any_other() -> None:
    value = Value(needed=3, given="else")
    assert (value.needed, value.given, value.made, value.doubled, type(value)) == (3, "else", [], 6, Value)
    assert value == Value(needed=3, given="else", apart="not compared")
    assert value != Value(needed=4, given="else")
    assert replace(value, needed=4) == Value(needed=4, given="else")
    assert asdict(value) == {"needed": 3, "given": "else", "made": [], "apart": ""}
    assert repr(value) == "Value(needed=3, given='else', made=[], apart='')"
    assert copy.deepcopy(value) == value
    assert pickle.loads(pickle.dumps(value)) == value
    assert Value(needed=1).made is not Value(needed=1).made


@pytest.mark.parametrize("name", ["needed", "unknown", "__class__"])
def test_nothing_of_it_can_be_set(name: str) -> None:
    value = Value(needed=3)
    with pytest.raises((FrozenInstanceError, TypeError)):
        setattr(value, name, 4)
    with pytest.raises(FrozenInstanceError):
        del value.needed


@pytest.mark.parametrize("given", [{}, {"needed": 1, "more": 2}])
def test_it_takes_what_it_has_and_nothing_else(given: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=r"Value\.__init__\(\)"):
        Value(**given)
