"""Whole numbers of requests: as JSON Schema has them in bodies, as everybody writes them in addresses."""

from __future__ import annotations

from typing import Any

from pydantic import BeforeValidator
from pydantic_core import PydanticKnownError


def _read(given: Any) -> Any:
    """Read 2.0 as 2, for JSON has one kind of number; refuse `1_0`, which is ten to Pydantic and to nobody else."""
    if isinstance(given, str) and "_" in given:
        raise PydanticKnownError("int_parsing")
    return int(given) if isinstance(given, float) and given.is_integer() else given


Whole = BeforeValidator(_read)
"""Goes after the bounds of an integer: before them, the bounds would be missing in the description."""
