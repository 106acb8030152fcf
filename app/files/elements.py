"""Elements as they are kept, and XML made of them.

Every namespace has a prefix and none is the default, so that an element without a namespace needs no declaration.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from app.domain.batches import Element

_XML = "http://www.w3.org/XML/1998/namespace"
PREFIXES = {
    _XML: "xml",
    "http://www.w3.org/2001/XMLSchema-instance": "xsi",
    "http://ns.medbiq.org/activityreport/v1/": "ar",
    "http://ns.medbiq.org/member/v1/": "m",
    "http://ns.medbiq.org/name/v1/": "n",
    "http://ns.medbiq.org/lom/extend/v1/": "lom",
}
"""Prefixes of the namespaces that senders use. The prefixes that they sent are not kept: they mean nothing."""

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_IN_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_IN_ATTRIBUTE = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;", "\n": "&#10;", "\t": "&#9;"}
)


def replace_forbidden(text: str) -> str:
    """Return a text with U+FFFD for each character that no XML document can hold."""
    return _NOT_XML.sub("\ufffd", text)


def has_to_be_escaped(text: str) -> bool:
    """Return whether a text between tags has a character that must or may have to be escaped; most have none."""
    # Looked for one by one: that takes a tenth of what a pattern takes.
    return not text.isprintable() or "&" in text or "<" in text or ">" in text


def escape_text(text: str) -> str:
    """Return a text as it is written between tags."""
    return replace_forbidden(text).translate(_IN_TEXT) if has_to_be_escaped(text) else text


def escape_attribute(text: str) -> str:
    """Return a text as it is written between double quotes."""
    if '"' not in text and not has_to_be_escaped(text):
        return text
    return replace_forbidden(text).translate(_IN_ATTRIBUTE)


@lru_cache(maxsize=4_096)
def local_name(name: str) -> str:
    """Return a name without namespace or prefix."""
    return name.rpartition("}")[2].rpartition(":")[2]


def first_text(element: Element, name: str, *, attribute: str | None = None) -> str | None:
    """Return the text, or an attribute, of the first element of that local name."""
    for inner in walk(element):
        if local_name(inner["n"]) == name:
            if attribute is None:
                return inner.get("t")
            return next((value for key, value in inner.get("a", {}).items() if local_name(key) == attribute), None)
    return None


def walk(element: Element) -> Iterator[Element]:
    """Yield the element and everything in it."""
    yield element
    for child in element.get("c", ()):
        yield from walk(child)


def scope_of(*elements: Element) -> dict[str, str]:
    """Return the prefix of every namespace in the elements."""
    scope: dict[str, str] = {}
    for element in elements:
        for inner in walk(element):
            for name in (inner["n"], *inner.get("a", ())):
                _prefixed(name, scope)
    return scope


def declare(scope: Mapping[str, str]) -> str:
    """Return the declarations of a scope's prefixes, to be written in a tag."""
    return "".join(f' xmlns:{prefix}="{escape_attribute(uri)}"' for uri, prefix in scope.items() if uri != _XML)


def open_tag(element: Element, scope: dict[str, str], declarations: str = "") -> str:
    """Return the tag that opens an element, without its `>`; the scope has all of its prefixes."""
    attributes = "".join(
        f' {_prefixed(name, scope)}="{escape_attribute(value)}"' for name, value in element.get("a", {}).items()
    )
    return f"<{_prefixed(element['n'], scope)}{declarations}{attributes}"


def close_tag(element: Element, scope: dict[str, str]) -> str:
    """Return the tag that closes an element."""
    return f"</{_prefixed(element['n'], scope)}>"


def render(element: Element, scope: Mapping[str, str], indent: str = "") -> str:
    """Return the element as text, one line for each element within; prefixes not in the scope are declared."""
    whole = dict(scope)
    for inner in walk(element):
        for name in (inner["n"], *inner.get("a", ())):
            _prefixed(name, whole)
    new = {uri: prefix for uri, prefix in whole.items() if uri not in scope}
    return "".join(_lines(element, whole, indent, declare(new)))


def _lines(
    element: Element, scope: dict[str, str], indent: str, declarations: str = "", end: str = "\n"
) -> Iterator[str]:
    text, children = element.get("t", ""), element.get("c", ())
    tag = f"{indent}{open_tag(element, scope, declarations)}"
    if not children:
        yield f"{tag}>{escape_text(text)}{close_tag(element, scope)}{end}" if text else f"{tag}/>{end}"
        return
    # Beside the element's own text, line breaks between its children would become a part of it.
    within = "" if text else end
    yield f"{tag}>{escape_text(text)}{within}"
    for child in children:
        yield from _lines(child, scope, f"{indent}  " if within else "", end=within)
    yield f"{indent if within else ''}{close_tag(element, scope)}{end}"


def _prefixed(name: str, scope: dict[str, str]) -> str:
    if not name.startswith("{"):
        return name
    uri, _, local = name[1:].partition("}")
    prefix = scope.get(uri)
    if prefix is None:
        prefix = scope[uri] = PREFIXES.get(uri, f"ns{len(scope)}")
    return f"{prefix}:{local}"
