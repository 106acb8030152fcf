"""Queries read as a route declares them: what its fields are called, and which may stand twice, is worked out once.

The framework works it out anew for each request, which takes longer than to validate the values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any, TypeAlias

from fastapi._compat import ModelField, field_annotation_is_sequence, get_cached_model_fields
from fastapi.dependencies.utils import _get_param_aliases, _get_param_model
from starlette.datastructures import QueryParams

Faults: TypeAlias = list[Mapping[str, Any]]
ReadQuery: TypeAlias = Callable[[QueryParams, Faults], dict[str, Any]]
"""Given what is asked: the arguments by name. What is wrong is added to the faults."""
NOTHING = object()
"""A value that was not sent."""
_PLACE = "query"


def validated(field: ModelField, value: Any, location: tuple[str, ...], faults: Faults) -> Any:
    """Return a value as its field takes it; what is wrong with it is added to `faults`."""
    if value is NOTHING:
        if field.field_info.is_required():
            faults.append({"type": "missing", "loc": location, "msg": "Field required"})
            return None
        return deepcopy(field.default)
    valid, wrong = field.validate(value, loc=location)
    faults += wrong
    return valid


def compile_query(fields: Sequence[ModelField]) -> ReadQuery:
    """Return what reads the parameters of a query, each alone or as a field of a model.

    Raises `ValueError` for a parameter of several names, and for a model that may be absent.
    """
    readers = [(field.name, _compile_field(field)) for field in fields]

    def read(query: QueryParams, faults: Faults) -> dict[str, Any]:
        return {name: read_field(query, faults) for name, read_field in readers}

    return read


def _compile_field(field: ModelField) -> Callable[[QueryParams, Faults], Any]:
    model = _get_param_model(field)
    if model is None:
        alias, many = _called(field)

        def read(query: QueryParams, faults: Faults) -> Any:
            sent = query.getlist(alias)
            value = NOTHING if not sent else sent if many else sent[-1]
            return validated(field, value, (_PLACE, alias), faults)

        return read
    repeats = dict(_called(inner) for inner in get_cached_model_fields(model))
    if field.field_info.annotation is not model:
        raise ValueError(f"{field.name}: a query is always there, so the model of one cannot be absent")

    def read_model(query: QueryParams, faults: Faults) -> Any:
        sent: dict[str, list[str]] = {}
        for name, value in query.multi_items():
            sent.setdefault(name, []).append(value)
        # What the model does not know, it refuses, as it was sent.
        given = {name: values if repeats.get(name, len(values) > 1) else values[-1] for name, values in sent.items()}
        return validated(field, given, (_PLACE,), faults)

    return read_model


def _called(field: ModelField) -> tuple[str, bool]:
    """Return what a parameter is called, and whether it may stand several times."""
    ((alias, name), *others) = _get_param_aliases(field)
    if others or alias != name:
        raise ValueError(f"{field.name}: a parameter of a query has one name")
    return name, field_annotation_is_sequence(field.field_info.annotation)
