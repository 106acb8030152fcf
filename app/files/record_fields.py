"""Records as fields that people change one by one: the cells of a row, the members of a line, the texts of an element.

What is not changed stays as it was sent, with its type and its number format.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.core.strict_json import has_repeated_member
from app.domain.batch_mends import CellValue, RecordField, shown
from app.domain.batches import Cell, Element, FileFormat, FileHead, Raw
from app.files.document_members import ADDED
from app.files.elements import local_name
from app.files.line_members import DROPPED
from app.files.writing.tab import typed_cells

_DEEPEST = 16
_AMOUNTS = frozenset({"credits", "total_credits"})
_NUMBER = re.compile(r"-?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)", re.ASCII)
"""A number as people write one; other spellings that programs take, such as `1e9`, `nan` or `2_0`, stay texts."""
_VALUE = "value"
"""The member that has the text of an element of which other members tell something."""
_EXACT_DIGITS = 15
"""Digits that no number loses."""


class UnknownField(Exception):
    """A record has no field of this name."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def fields_of(head: FileHead, raw: Raw) -> list[RecordField]:
    """Return the fields of a record in their order; none of one that can only be changed in its file."""
    if isinstance(raw, list):
        texts = typed_cells(head, raw)
        return [
            RecordField(field=str(place), column=heading, value=texts[place] if place < len(texts) else "")
            for place, heading in enumerate(head.headings)
        ]
    if isinstance(raw, str):
        body = _object_of(raw)
        if body is None:
            return []
        return list(_parts(body, "", "") if head.format is FileFormat.JSON else _members(body, ""))
    return list(_texts(raw, "", ""))


def with_cells(head: FileHead, raw: Raw, cells: Mapping[str, CellValue]) -> Raw:
    """Return a record with some fields changed; raises `UnknownField`."""
    if not cells:
        return raw
    if isinstance(raw, list):
        return _with_columns(len(head.headings), raw, cells)
    if isinstance(raw, str):
        if head.format is FileFormat.JSON:
            _refuse_new(fields_of(head, raw), cells)
        return _with_members(raw, cells)
    return _with_texts(raw, cells)


def typed_as(text: str, name: str, field: RecordField | None) -> CellValue:
    """Return what was typed as a value of the kind that stands in a field: members of lines have types.

    A member that is new is a text, but an amount of credits a number.
    """
    like = field.value if field is not None else 0.0 if name.rpartition("/")[2] in _AMOUNTS else None
    if field is not None and shown(field.value) == text:
        return field.value
    if isinstance(like, bool):
        return {"true": True, "false": False}.get(text.strip().lower(), text)
    written = text.strip()
    if isinstance(like, int | float) and len(written) <= _EXACT_DIGITS and _NUMBER.fullmatch(written):
        number = float(written)
        return int(number) if number.is_integer() else number
    return text


def _with_columns(width: int, sent: Sequence[Cell], cells: Mapping[str, CellValue]) -> list[Cell]:
    changed = list(sent) + [None] * (width - len(sent))
    for name, value in cells.items():
        if not name.isdecimal() or str(int(name)) != name or int(name) >= width:
            raise UnknownField(name)
        _unmerge(changed, int(name))
        changed[int(name)] = value if value != "" else None
    return changed


def _unmerge(cells: list[Cell], place: int) -> None:
    """Part what is merged over a cell, as spreadsheets do: the first keeps the value, the others are empty."""
    cell = cells[place]
    area = cell["m"] if isinstance(cell, dict) and "m" in cell else None
    if area is None:
        return
    for other, beside in enumerate(cells):
        if isinstance(beside, dict) and "m" in beside and beside["m"] == area:
            cells[other] = beside.get("c")


def _object_of(line: str) -> dict[str, Any] | None:
    """Return a line as an object; None where it is none, or something of it would be lost.

    That is a member that occurs twice, and half a surrogate pair, which no file or answer can hold.
    """
    try:
        body = json.loads(line)
        json.dumps(body, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) and not has_repeated_member(line) else None


def _members(node: Any, pointer: str) -> Iterator[RecordField]:
    if isinstance(node, dict):
        for name, inner in node.items():
            if pointer or name not in DROPPED:
                yield from _members(inner, f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(node, list):
        for place, inner in enumerate(node):
            yield from _members(inner, f"{pointer}/{place}")
    else:
        yield RecordField(field=pointer, column=pointer, value=node)


def _parts(node: Any, pointer: str, path: str) -> Iterator[RecordField]:
    """Yield the values of a document's record, each with the path by which findings name its element."""
    if isinstance(node, dict):
        for name, inner in node.items():
            if pointer or name not in ADDED:
                stands = path if name == _VALUE else f"{path}/{name}" if path else name
                yield from _parts(inner, f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}", stands)
    elif isinstance(node, list):
        for place, inner in enumerate(node):
            yield from _parts(inner, f"{pointer}/{place}", f"{path}[{place + 1}]")
    else:
        yield RecordField(field=pointer, column=path, value=node)


def _refuse_new(fields: Sequence[RecordField], cells: Mapping[str, CellValue]) -> None:
    """Raise `UnknownField` for a field that the record of a document does not have: its place there is not known."""
    known = {field.field for field in fields}
    for name in cells:
        if name not in known:
            raise UnknownField(name)


def _with_members(line: str, cells: Mapping[str, CellValue]) -> str:
    body = _object_of(line)
    for pointer, value in cells.items():
        names = [name.replace("~1", "/").replace("~0", "~") for name in pointer.split("/")[1:]]
        if body is None or not names or len(names) > _DEEPEST or pointer[:1] != "/":
            raise UnknownField(pointer)
        _set_member(body, names, value, pointer)
    return json.dumps(body, ensure_ascii=False)


def _set_member(node: Any, names: Sequence[str], value: CellValue, pointer: str) -> None:
    """Set a plain value within an object; one that is not there yet is added to the object around it."""
    name, *rest = names
    if isinstance(node, list) and name.isdecimal() and int(name) < len(node):
        if rest:
            return _set_member(node[int(name)], rest, value, pointer)
        if not isinstance(node[int(name)], dict | list):
            node[int(name)] = value
            return None
    elif isinstance(node, dict):
        if rest:
            return _set_member(node.setdefault(name, {}), rest, value, pointer)
        if not isinstance(node.get(name), dict | list):
            if value is None or value == "":
                node.pop(name, None)
            else:
                node[name] = value
            return None
    raise UnknownField(pointer)


def _texts(element: Element, field: str, path: str) -> Iterator[RecordField]:
    """Yield the texts of the elements that hold no others, and the attributes of all, in their order."""
    for name, value in element.get("a", {}).items():
        yield RecordField(field=f"{field}/@{name}", column=f"{path}@{local_name(name)}", value=value)
    children = element.get("c", [])
    if not children and path:
        yield RecordField(field=field, column=path, value=element.get("t", ""))
    for place, child in enumerate(children):
        inner = local_name(child["n"])
        yield from _texts(child, f"{field}/{place}", f"{path}/{inner}" if path else inner)


def _with_texts(element: Element, cells: Mapping[str, CellValue]) -> Element:
    changed = copy.deepcopy(element)
    known = {field.field for field in fields_of_element(element)}
    for field, value in cells.items():
        if field not in known:
            raise UnknownField(field)
        at, _, attribute = field.partition("/@")
        node = changed
        for place in at.split("/")[1:]:
            node = node["c"][int(place)]
        text = "" if value is None else str(value)
        if attribute:
            node["a"][attribute] = text
        else:
            node["t"] = text
    return changed


def fields_of_element(element: Element) -> list[RecordField]:
    """Return the fields of an element."""
    return list(_texts(element, "", ""))
