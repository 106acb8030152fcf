"""The published schemas of PARS documents, made from their shapes: JSON Schema, and XML Schema by namespace.

They describe what is best sent. What is read besides (other prefixes, other orders, other words for a value) stands in
the documentation: no schema says it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from app.files.elements import PREFIXES, escape_attribute, escape_text
from app.files.shapes.json_form import VALUE
from app.files.shapes.parts import Content, Occurs, Part

_JSON_TYPES: dict[Content, dict[str, Any]] = {
    Content.TEXT: {"type": "string"},
    Content.AMOUNT: {"type": "number", "minimum": 0, "multipleOf": 0.25},
    Content.MONEY: {"type": "number", "minimum": 0},
    Content.WHOLE: {"type": "integer", "minimum": 0},
    Content.YES_NO: {"type": "boolean"},
    Content.DAY: {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}(T.*)?$"},
    Content.BIRTH_DATE: {"type": "string", "pattern": r"^((\d{4}-|--)?\d{2}-\d{2}|\d{1,2}/\d{1,2})$"},
}
_XML_TYPES = {
    Content.TEXT: ("xs:string", ""),
    Content.AMOUNT: ("xs:decimal", r"\d+(\.(00?|25|50?|75)0*)?"),
    Content.MONEY: ("xs:decimal", r"\d+(\.\d+)?"),
    Content.WHOLE: ("xs:nonNegativeInteger", ""),
    Content.YES_NO: ("xs:string", "true|false|Yes|No"),
    Content.DAY: ("xs:string", r"\d{4}-\d{2}-\d{2}(T.*)?"),
    Content.BIRTH_DATE: ("xs:string", r"((\d{4}-|--)?\d{2}-\d{2}|\d{1,2}/\d{1,2})"),
}


def json_schema_of(document: Part) -> str:
    """Return the JSON Schema (draft 2020-12) of a document."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": document.name,
        "type": "object",
        "properties": {document.name: _json(document)},
        "required": [document.name],
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _json(part: Part) -> dict[str, Any]:
    one = bounds_of(part) if part.is_text_alone else _json_object(part)
    if part.occurs is Occurs.MANY:
        return {"description": part.says, "type": "array", "items": one}
    if part.occurs is Occurs.SOMETIMES_AGAIN:
        return {"description": part.says, "anyOf": [one, {"type": "array", "minItems": 1, "items": one}]}
    return {"description": part.says, **one}


def _json_object(part: Part) -> dict[str, Any]:
    inner = {within.name: _json(within) for within in (*part.attributes, *part.parts)}
    if part.holds is not Content.NOTHING:
        inner = {VALUE: bounds_of(part), **inner}
    required = [VALUE] if part.holds is not Content.NOTHING else []
    required += [within.name for within in (*part.attributes, *part.parts) if within.required]
    return {"type": "object", "properties": inner} | ({"required": required} if required else {})


def bounds_of(part: Part) -> dict[str, Any]:
    """Return the JSON Schema of the text of an element or attribute, alone."""
    bounds: dict[str, Any] = {"enum": list(part.values)} if part.values else {}
    if part.longest is not None:
        bounds["maxLength"] = part.longest
    return _JSON_TYPES[part.holds] | bounds


def xml_schemas_of(document: Part, name: str) -> dict[str, str]:
    """Return the XML Schemas of a document by file name: that of its root is `name`, each namespace has its own."""
    namespaces = dict.fromkeys(part.namespace for part, _ in _walk(document))
    files = {
        namespace: f"{name}.xsd" if namespace == document.namespace else f"{name}-{PREFIXES.get(namespace, 'own')}.xsd"
        for namespace in namespaces
    }
    return {file: _xml_schema(document, namespace, files) for namespace, file in files.items()}


def _walk(part: Part, above: Part | None = None) -> Iterator[tuple[Part, Part | None]]:
    """Yield every element of a shape, with the one that it stands in."""
    yield part, above
    for within in part.parts:
        yield from _walk(within, part)


def _xml_schema(document: Part, namespace: str, files: dict[str, str]) -> str:
    entered = [
        part
        for part, above in _walk(document)
        if part.namespace == namespace and (above is None or above.namespace != namespace)
    ]
    names = "".join(f'\n    xmlns:{PREFIXES[other]}="{other}"' for other in files if other)
    target = f'\n    targetNamespace="{namespace}"' if namespace else ""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"{names}{target}\n    elementFormDefault="qualified">',
    ]
    for other, file in files.items():
        if other != namespace:
            of = f' namespace="{other}"' if other else ""
            lines.append(f'  <xs:import{of} schemaLocation="{file}"/>')
    for part in entered:
        lines += _xml_element(part, "  ", top=True)
    return "\n".join([*lines, "</xs:schema>", ""])


def _xml_element(part: Part, indent: str, *, top: bool = False) -> Iterator[str]:
    often = "" if top else _how_often(part)
    yield f'{indent}<xs:element name="{part.name}"{often}>'
    yield f"{indent}  <xs:annotation><xs:documentation>{escape_text(part.says)}</xs:documentation></xs:annotation>"
    if part.is_text_alone:
        yield from _xml_value(part, f"{indent}  ")
    else:
        yield f"{indent}  <xs:complexType>"
        yield from _xml_content(part, f"{indent}    ")
        yield f"{indent}  </xs:complexType>"
    yield f"{indent}</xs:element>"


def _how_often(part: Part) -> str:
    least = "" if part.required else ' minOccurs="0"'
    return f'{least} maxOccurs="unbounded"' if part.may_repeat else least


def _xml_content(part: Part, indent: str) -> Iterator[str]:
    if part.holds is not Content.NOTHING:
        yield f"{indent}<xs:simpleContent>"
        yield f'{indent}  <xs:extension base="{_XML_TYPES[part.holds][0]}">'
        yield from (_xml_attribute(given, f"{indent}    ") for given in part.attributes)
        yield f"{indent}  </xs:extension>"
        yield f"{indent}</xs:simpleContent>"
        return
    # The order is free wherever XML Schema can say so: not where something stands several times.
    group = "sequence" if any(within.may_repeat for within in part.parts) else "all"
    yield f"{indent}<xs:{group}>"
    for within in part.parts:
        if within.namespace == part.namespace:
            yield from _xml_element(within, f"{indent}  ")
        else:
            prefix = f"{PREFIXES[within.namespace]}:" if within.namespace else ""
            yield f'{indent}  <xs:element ref="{prefix}{within.name}"{_how_often(within)}/>'
    yield f"{indent}</xs:{group}>"
    yield from (_xml_attribute(given, indent) for given in part.attributes)


def _xml_attribute(part: Part, indent: str) -> str:
    use = ' use="required"' if part.required else ""
    return f'{indent}<xs:attribute name="{part.name}" type="{_XML_TYPES[part.holds][0]}"{use}/>'


def _xml_value(part: Part, indent: str) -> Iterator[str]:
    base, pattern = _XML_TYPES[part.holds]
    bounds = [f'<xs:enumeration value="{escape_attribute(value)}"/>' for value in part.values]
    if pattern:
        bounds.append(f'<xs:pattern value="{escape_attribute(pattern)}"/>')
    if part.longest is not None:
        bounds.append(f'<xs:maxLength value="{part.longest}"/>')
    yield f"{indent}<xs:simpleType>"
    yield f'{indent}  <xs:restriction base="{base}">'
    yield from (f"{indent}    {bound}" for bound in bounds)
    yield f"{indent}  </xs:restriction>"
    yield f"{indent}</xs:simpleType>"
