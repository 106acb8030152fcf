"""Shapes of documents as components of an API's description: a named schema for each object and each list of values.

All are open: what is not known in what is sent is ignored, and named by a warning. They are written for generators of
clients: no choice between an object and a list of it, no list of values without a name. What stands nearly always once
is a list in what is sent, which is read, too, and left open in what is answered.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from app.files.shapes.envelopes import CREDENTIALS
from app.files.shapes.json_form import VALUE
from app.files.shapes.parts import Content, Occurs, Part
from app.files.shapes.schemas import bounds_of

Components = dict[str, dict[str, Any]]


class ComponentNames:
    """Collects the components of documents under one beginning of their names."""

    def __init__(self, prefix: str, ref: str, *, sent: bool) -> None:
        self._prefix, self._ref, self._sent = prefix, ref, sent
        self.components: Components = {}

    def add_document(self, root: Part, *, says: str, example: dict[str, Any], is_list: bool = False) -> None:
        """Add a document: an object whose member is its root; `is_list` where that is a list of what stands in it."""
        if is_list:
            (within,) = root.parts
            inner: dict[str, Any] = {"description": root.says, "type": "array", "items": self._object(within)}
        else:
            inner = self._schema(root)
        beside = {part.name: self._schema(part) for part in CREDENTIALS} if self._sent else {}
        self._put("Document", {
            "description": says, "type": "object", "properties": {root.name: inner} | beside, "required": [root.name],
            "additionalProperties": True, "examples": [example],
        })  # fmt: skip

    def _schema(self, part: Part) -> dict[str, Any]:
        if part.occurs is Occurs.SOMETIMES_AGAIN and not self._sent:
            return {"description": f"{part.says} A list where there are several."}
        one = self._value(part) if part.is_text_alone else self._object(part)
        if part.may_repeat:
            return {"description": part.says, "type": "array", "items": one}
        return one if part.says == one.get("description") else {**one, "description": part.says}

    def _object(self, part: Part) -> dict[str, Any]:
        within = (*part.attributes, *part.parts)
        inner = {VALUE: self._value(part)} if part.holds is not Content.NOTHING else {}
        inner |= {one.name: self._schema(one) for one in within}
        required = [one.name for one in within if one.required]
        if VALUE in inner and self._sent:
            required.insert(0, VALUE)
        schema = {"description": part.says, "type": "object", "properties": inner, "additionalProperties": True}
        return self._put(part.name, schema | ({"required": required} if required else {}))

    def _value(self, part: Part) -> dict[str, Any]:
        bounds = bounds_of(part)
        if not part.values:
            return bounds
        return self._put(part.name, {"description": part.says, "type": "string", "enum": list(part.values)})

    def _put(self, name: str, schema: dict[str, Any]) -> dict[str, Any]:
        name = f"{self._prefix}{name[0].upper()}{name[1:]}"
        if self.components.setdefault(name, schema) != schema:
            raise ValueError(f"two schemas would be called {name}")
        return {"$ref": self._ref + name}


def extend(part: Part, more: dict[str, Iterable[Part]]) -> Part:
    """Return a shape with parts added to elements of some names, wherever in it they stand."""
    parts = tuple(extend(within, more) for within in part.parts)
    return replace(part, parts=(*more.get(part.name, ()), *parts))


def as_answered(part: Part) -> Part:
    """Return the shape of what is stored as it is answered: any word, of any length, and nothing that has to be there.

    What was stored before a list of values grew shorter, or of somebody who was erased, is answered as it is.
    """
    parts, attributes = (tuple(map(as_answered, within)) for within in (part.parts, part.attributes))
    return replace(part, values=(), longest=None, required=False, parts=parts, attributes=attributes)
