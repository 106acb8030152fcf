"""Which route serves a request: found by its method and the segments of its path, without trying one after another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
_PARAMETER = re.compile(r"\{(\w+)(?P<rest>:path)?\}(?P<ending>\.[a-z0-9]+)?")


class _Node(Generic[T]):
    """The routes whose paths begin alike."""

    __slots__ = ("by_method", "endings", "literal", "rest", "segment")

    def __init__(self) -> None:
        self.by_method: dict[str, tuple[T, tuple[str, ...]]] = {}
        """What serves each method of a path that ends here, with the names of its parameters in their order."""
        self.literal: dict[str, _Node[T]] = {}
        self.endings: dict[str, _Node[T]] = {}
        """What goes on with a segment of an ending, as `{name}.pdf` does."""
        self.segment: _Node[T] | None = None
        """What goes on with any segment."""
        self.rest: _Node[T] | None = None
        """What ends with all segments that follow, as `{name:path}` does."""


class RouteTable(Generic[T]):
    """Routes by method and path; where several fit, a literal segment goes before a parameter.

    A parameter may have an ending, the kind of file: `/x/{name}.pdf` stands beside `/x/{name}`, and goes before it.
    """

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()

    def add(self, methods: Sequence[str], path: str, serves: T) -> None:
        """Add a route; raises `ValueError` for a path that is taken, or with a parameter that is no segment so."""
        node, names = self._root, []
        for part in path.split("/")[1:]:
            parameter = _PARAMETER.fullmatch(part)
            if parameter is None or (parameter["rest"] and parameter["ending"]):
                if "{" in part:
                    raise ValueError(f"{path}: {part} is neither a literal nor a parameter")
                node = node.literal.setdefault(part, _Node())
                continue
            names.append(parameter[1])
            if parameter["rest"]:
                node.rest = node = node.rest or _Node()
            elif parameter["ending"]:
                node = node.endings.setdefault(parameter["ending"], _Node())
            else:
                node.segment = node = node.segment or _Node()
        for method in methods:
            if method in node.by_method:
                raise ValueError(f"{method} {path} is there already")
            node.by_method[method] = serves, tuple(names)

    def find(self, method: str, path: str) -> tuple[T, dict[str, str]] | None:
        """Return what serves a request, with the values of the parameters in its path; None when nothing does."""
        for node, values in _matching(self._root, path.split("/"), 1, ()):
            found = node.by_method.get(method)
            if found is not None:
                serves, names = found
                return serves, dict(zip(names, values, strict=True)) if names else {}
        return None

    def methods_at(self, path: str) -> list[str]:
        """Return the methods that a path takes, in their alphabetical order; none where nothing is. GET takes HEAD."""
        matching = _matching(self._root, path.split("/"), 1, ())
        methods = {method for node, _ in matching for method in node.by_method}
        return sorted(methods | {"HEAD"} if "GET" in methods else methods)


def _matching(
    node: _Node[T], parts: Sequence[str], place: int, values: tuple[str, ...]
) -> Iterator[tuple[_Node[T], tuple[str, ...]]]:
    """Yield the nodes at which a path ends, the most literal first, each with the values of its parameters."""
    if place == len(parts):
        yield node, values
        return
    part = parts[place]
    if part in node.literal:
        yield from _matching(node.literal[part], parts, place + 1, values)
    for ending, ended in node.endings.items():
        value = part.removesuffix(ending)
        if value and value != part:
            yield from _matching(ended, parts, place + 1, (*values, value))
    if node.segment is not None and part:
        yield from _matching(node.segment, parts, place + 1, (*values, part))
    if node.rest is not None:
        yield node.rest, (*values, "/".join(parts[place:]))
