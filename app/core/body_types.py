"""The types of a body: what a model has at a place, without metadata and without None."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel
from typing_extensions import TypeAliasType


def type_at(annotation: Any, path: Iterable[str]) -> Any:
    """Return the type at a path within a type; an empty name stands for any place of a list."""
    for name in path:
        annotation = stripped(annotation)
        annotation = members_of(annotation).get(name) if name else next(iter(get_args(annotation)), None)
    return annotation


def members_of(annotation: Any) -> dict[str, Any]:
    """Return the types of an object's members by their names in JSON; none where a type is no object."""
    model = stripped(annotation)
    if isinstance(model, type) and issubclass(model, BaseModel):
        return {field.alias or name: field.annotation for name, field in model.model_fields.items()}
    return {}


def stripped(annotation: Any) -> Any:
    """Return a type without its metadata, and without None."""
    while True:
        if isinstance(annotation, TypeAliasType):
            annotation = annotation.__value__
        elif get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif type(None) in get_args(annotation):
            annotation = next(choice for choice in get_args(annotation) if choice is not type(None))
        else:
            return annotation
