"""Requests to an address that nothing serves, or by a method that it does not take: which ones there are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from app.core.errors import MethodNotAllowed, NotFound, Problem

_NEAR = 0.6
_AWAY = 0.15
"""How much less alike than the nearest another may be that is named as well."""
_MOST = 3
_LONGEST = 120
"""Characters of an address that are compared."""
_PARAMETER = re.compile(r"\{\w+(:path)?\}")


def wrong_method(methods: Sequence[str], meant: str | None = None) -> Problem:
    """Return the problem of a method that an address does not take, given those that it takes.

    `meant` is the path that is meant where a slash stands in the place of its colon.
    """
    named = f"{', '.join(methods[:-1])} and {methods[-1]}" if len(methods) > 1 else methods[0]
    colon = f" With a colon: {meant}." if meant else ""
    return MethodNotAllowed(
        f"It takes {named}.{colon} /docs says what each of them does.", headers={"Allow": ", ".join(methods)}
    )


def other_origin(methods: Sequence[str]) -> Problem:
    """Return the problem of a browser's question whether a page of another origin may call an address."""
    return MethodNotAllowed(
        "No page of another origin may call this API, for whoever sees the page would have its key. Call it from your "
        "server, and let your page call that.",
        headers={"Allow": ", ".join(methods)},
    )


def wrong_path(path: str, known: Sequence[str]) -> Problem:
    """Return the problem of an address that nothing serves, given the paths of all operations.

    What was sent is not repeated: an address may hold an id, or a name.
    """
    near = nearest_paths(path, known)
    named = f" The nearest: {', '.join(near)}." if near else ""
    return NotFound(f"No operation has this address.{named} /docs lists all of them.")


def nearest_paths(path: str, known: Sequence[str]) -> list[str]:
    """Return the paths that a path may be meant for, the nearest first."""
    given = _words(path[:_LONGEST])
    ratios = sorted(((_likeness(given, _words(template)), template) for template in known), reverse=True)
    best = ratios[0][0] if ratios else 0.0
    return [template.replace(":path}", "}") for ratio, template in ratios[:_MOST] if ratio >= max(_NEAR, best - _AWAY)]


def _words(path: str) -> list[str]:
    """Return the segments of a path, but for a version and empty ones."""
    segments = [segment.lower() for segment in path.split("/") if segment]
    return segments[1:] if segments[:1] in (["v1"], ["v2"], ["api"]) and segments[1:] else segments


def _likeness(given: Sequence[str], wanted: Sequence[str]) -> float:
    """Return how alike a path and that of an operation are, between 0 and 1: a parameter is like any segment."""
    if len(given) == len(wanted):
        pairs = [pair for pair in zip(given, wanted, strict=True) if not _PARAMETER.fullmatch(pair[1])]
        length = sum(len(segment) for _, segment in pairs)
        return sum(_ratio(*pair) * len(pair[1]) for pair in pairs) / length if length else 0.0
    return 0.0 if any(map(_PARAMETER.fullmatch, wanted)) else _ratio("/".join(given), "/".join(wanted))


def _ratio(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()
