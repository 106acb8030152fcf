"""What every schema shares: strictness, and text and numbers with bounds."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.domain.amounts import AMOUNT_LIMIT

NO_NUL = r"^[^\x00]*$"


class Strict(BaseModel):
    """Refuses unknown fields and wrong JSON types; converts nothing."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Out(BaseModel):
    """An answer. Its fields have no defaults: what is not set is a mistake, not an absence."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Word = Annotated[str, Field(max_length=64, pattern=NO_NUL)]
"""A code, a date or an id."""
Name = Annotated[str, Field(max_length=200, pattern=NO_NUL)]
"""A name of a person, place or type."""
Line = Annotated[str, Field(max_length=500, pattern=NO_NUL)]
"""A title."""
Reference = Annotated[str, Field(max_length=300, pattern=NO_NUL)]
"""A sender's own key."""
Url = Annotated[str, Field(max_length=2_000, pattern=NO_NUL)]
Description = Annotated[str, Field(max_length=2_500, pattern=NO_NUL)]
Amount = Annotated[float, Field(ge=-AMOUNT_LIMIT, le=AMOUNT_LIMIT, allow_inf_nan=False)]
"""An amount of credits; whether it is one is for the rules to say."""
