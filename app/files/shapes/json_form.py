"""The JSON form of PARS documents: object keys are names of elements, a list is an element that stands several times.

Where an element has a text and something besides, its object has the text as `value`. What is not in the shape is kept
as it came, so that whoever reads the record can name it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.domain.batches import Element
from app.files.elements import local_name
from app.files.shapes.parts import Content, Occurs, Part

VALUE = "value"
"""The key of an element's own text."""
_OBJECT, _WITHIN = (dict, Mapping), (list, dict, Mapping)
_NONE: Mapping[str, Part] = {}
_YES = frozenset({"true", "yes", "1"})
_NO = frozenset({"false", "no", "0"})


class NotADocument(ValueError):
    """JSON that no document is written as: a list in a list, or objects too deep within each other."""


def elements_of(given: Any, part: Part, depth: int) -> list[Element]:
    """Return a value as the elements that it stands for: several for a list, none for null; raises `NotADocument`.

    Numbers are texts here, as they were written: the reader is asked for them so.
    """
    if given is None:
        return []
    if isinstance(given, list):
        if any(isinstance(one, list) for one in given):
            raise NotADocument(f"{part.name} is a list within a list. Give one list.")
        return [_element_of(one, part, depth) for one in given if one is not None]
    return [_element_of(given, part, depth)]


def _element_of(given: Any, part: Part, depth: int) -> Element:
    if depth == 0:
        raise NotADocument("Objects are too deep within each other.")
    if not isinstance(given, _OBJECT):
        return _with_text({"n": part.tag}, given)
    element: Element = {"n": part.tag}
    inner: list[Element] = []
    known = part.elements if depth > 1 else _NONE
    for key, value in given.items():
        element_in = known.get(key)
        if element_in is not None:
            # Nearly every member: an element with a text, or with others.
            if type(value) is str:
                inner.append({"n": element_in.tag, "t": value} if value else {"n": element_in.tag})
                continue
            if type(value) is dict:
                inner.append(_element_of(value, element_in, depth - 1))
                continue
        name = key.strip()
        if name == VALUE and part.holds is not Content.NOTHING and not isinstance(value, _WITHIN):
            _with_text(element, value)
        elif name in part.attribute_names and not isinstance(value, _WITHIN):
            if value is not None:
                element.setdefault("a", {})[name] = _text_of(value)
        elif name:
            within = part.by_name.get(name) or Part(name=name, says="", holds=Content.TEXT)
            inner += elements_of(value, within, depth - 1)
    if inner:
        element["c"] = inner
    return element


def _with_text(element: Element, value: Any) -> Element:
    if value is not None and (text := _text_of(value)):
        element["t"] = text
    return element


def _text_of(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def value_of(element: Element, part: Part) -> Any:
    """Return an element as its JSON: a value, or an object; amounts and whole numbers as numbers where they are."""
    text = element.get("t", "").strip()
    children, attributes = element.get("c", ()), element.get("a", {})
    alone = part.is_text_alone or bool(text and (part.holds is Content.NOTHING or not part.by_name))
    if alone and not children and not attributes:
        return _scalar(text, part)
    written: dict[str, Any] = {}
    if text or (part.holds is Content.TEXT and part.attributes):
        # An object has its text, even an empty one: without it, readers would look for the value in vain.
        written[VALUE] = _scalar(text, part)
    written |= {key: value for key, value in attributes.items() if not key.startswith("{")}
    for name, elements in _in_order(children, part):
        within = part.by_name.get(name) or Part(name=name, says="", holds=Content.TEXT)
        values = [value_of(one, within) for one in elements]
        written[name] = values if within.occurs is Occurs.MANY or len(values) > 1 else values[0]
    return written


def _in_order(children: Any, part: Part) -> Iterator[tuple[str, list[Element]]]:
    """Yield what stands within by name: what is known in the order of the shape, then the rest."""
    found: dict[str, list[Element]] = {}
    for child in children:
        found.setdefault(local_name(child["n"]), []).append(child)
    for known in part.parts:
        if known.name in found:
            yield known.name, found.pop(known.name)
    yield from found.items()


def _scalar(text: str, part: Part) -> Any:
    match part.holds:
        case Content.YES_NO if text.lower() in _YES | _NO:
            return text.lower() in _YES
        case Content.WHOLE if text.isascii() and text.isdigit() and len(text) < 16:
            return int(text)
        case Content.AMOUNT | Content.MONEY:
            return _number(text)
        case _:
            return text


def _number(text: str) -> int | float | str:
    """Return an amount as a number where that says the same; whatever else was written stays as it is."""
    try:
        number = float(text)
    except ValueError:
        return text
    if not text.isascii() or not -1e15 < number < 1e15 or "_" in text or "e" in text.lower():
        return text
    return int(number) if number == int(number) else number
