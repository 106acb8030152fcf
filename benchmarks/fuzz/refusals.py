"""Why a request that fits the description may be refused: each code, and each place, with its reason."""

from __future__ import annotations

import re

from benchmarks.fuzz.values import Json

REFUSALS_OF_VALID_DATA = {
    "completion-rejected": "The schema only reads, rules judge: reporting rules are no part of the API's description.",
    "activity-rejected": "The schema only reads, rules judge.",
    "precondition-failed": "Which version a resource has is not for a description to say.",
    "precondition-required": "`If-Match` is required of changes, and its absence has a code of its own (RFC 6585).",
    "idempotency-mismatch": "That a key was sent before with another body is state, no form.",
    "provider-required": "Whether a client must name its provider depends on the client.",
}
"""Codes of problems with which a request that fits the description may be refused, each with its reason."""
REFUSED_PLACES = {
    ("parameter-invalid", "parameter", "cursor"): "A cursor is opaque: only one that this list gave can be read.",
    ("parameter-invalid", "parameter", "after"): "A cursor is opaque: only one that this list gave can be read.",
    ("parameter-invalid", "parameter", "format"): "In which formats a file can be written depends on what is in it.",
    ("format", "pointer", "/file"): "It must not be empty; how long the text of bytes is, readers of schemas disagree.",
    ("format", "pointer", "/url"): "What a URL is, and to which of them anything is sent, no pattern of text says.",
    ("format", "pointer", "/event_types/0"): "Which events somebody is told of depends on who it is.",
    ("format", "pointer", "/internal_id"): "It must equal the one in the address, which a schema cannot say.",
}
"""Items (code, kind of place, place) likewise."""


def refused_by_design(problem: Json) -> bool:
    """Tell whether a problem may be the answer to a valid request."""
    if problem.get("code") in REFUSALS_OF_VALID_DATA:
        return True
    return all(
        # The schema only reads, rules judge: what a rule refuses names it.
        "rule_url" in item
        or any((item.get("code"), kind, _first(item.get(kind))) in REFUSED_PLACES for kind in ("parameter", "pointer"))
        for item in problem.get("errors") or [{}]
    )


def _first(place: str | None) -> str:
    """Return a place as it is told of the first item of a list."""
    return re.sub(r"/\d+", "/0", place or "")
