"""Why the value of a setting cannot be used, in a sentence that never repeats it: it may be a secret."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.core.setting_names import PREFIX

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

_KINDS: Mapping[Any, str] = {bool: "true or false", int: "a whole number", float: "a number"}

OWN_FAULT = "setting"
"""Kind of the errors of our own validators, whose message says what the value must be."""


def fault_of(fault: ErrorDetails, fields: Mapping[str, FieldInfo]) -> str:
    """Return the sentence about a setting whose value cannot be used: its name, and what it must be."""
    name = "_".join(map(str, fault["loc"])).lower()
    needed = fault["msg"] if fault["type"] == OWN_FAULT else _description(fields.get(name))
    return f"{PREFIX}{name.upper()} cannot be used: it must be {needed}."


def _description(field: FieldInfo | None) -> str:
    kind = field.annotation if field is not None else None
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        *some, last = (member.value for member in kind)
        return f"{', '.join(some)} or {last}"
    return _KINDS.get(kind, "readable") + _bounds(field)


def _bounds(field: FieldInfo | None) -> str:
    """Return the bounds of a number, as " from 1 to 200"."""
    found = {
        name: getattr(rule, name)
        for rule in (field.metadata if field is not None else ())
        for name in ("ge", "gt", "le")
        if getattr(rule, name, None) is not None
    }
    lowest, above, highest = (found.get(name) for name in ("ge", "gt", "le"))
    if lowest is not None:
        return f" from {lowest:,} to {highest:,}" if highest is not None else f" of {lowest:,} or more"
    return f" above {above:,}" if above is not None else ""
