"""Problem codes and places with which a request that fits the OpenAPI document may be refused, with reasons."""

from __future__ import annotations

import re

from benchmarks.fuzz.world import Json

REFUSALS_OF_VALID_DATA = {
    "completion-rejected": "Schemas check form, rules judge: reporting rules are not part of the OpenAPI document.",
    "activity-rejected": "Schemas check form, rules judge.",
    "precondition-failed": "A description cannot say which version a resource has.",
    "precondition-required": "`If-Match` is required of changes, and its absence has a code of its own (RFC 6585).",
    "idempotency-mismatch": "Whether a key was sent before with another body is state, not form.",
    "provider-required": "Whether a client must name its provider depends on the client.",
}
"""By problem code."""
REFUSED_PLACES = {
    ("parameter-invalid", "parameter", "cursor"): "A cursor is opaque: only one that this list gave can be read.",
    ("parameter-invalid", "pointer", "/cursor"): "A cursor is opaque, in a body too.",
    ("parameter-invalid", "parameter", "after"): "A cursor is opaque: only one that this list gave can be read.",
    ("parameter-invalid", "parameter", "format"): "The formats in which a file can be written depend on its content.",
    ("format", "pointer", "/file"): "It must not be empty; validators disagree on the length of binary text.",
    ("format", "pointer", "/on_unmatched"): "Whether records can be held depends on the kind of the file.",
    ("field-unknown", "pointer", "/query"): "Which filters a download takes depends on its kind.",
    ("format", "pointer", "/query"): "The same: a filter's form is that of the list's parameter.",
    ("type", "pointer", "/query"): "The same.",
    ("format", "pointer", "/since"): "A schema cannot say that a moment must have passed.",
    ("format", "pointer", "/url"): "A pattern cannot say which URLs are valid and public.",
    ("format", "pointer", "/event_types/0"): "The events that a client can get depend on the client.",
    ("format", "pointer", "/internal_id"): "It must equal the one in the address, which a schema cannot say.",
    ("format", "pointer", "/client_reference"): "It must equal the one in the address, which a schema cannot say.",
    ("parameter-invalid", "parameter", "reference"): "It must not be a spreadsheet's error, nor have lost a letter.",
}
"""By item: code, kind of place, place."""
JUDGED = re.compile(r"/v1/(?:physicians|help-requests|clients)\b")
"""Doors at which a body is judged by more than its form: what it says of a person by the registry's reader, what it
gives to a client by what the caller has, and by the clock."""


def refused_by_design(problem: Json, path: str) -> bool:
    """Whether a problem may be the answer to a valid request to an operation's path."""
    if problem.get("code") in REFUSALS_OF_VALID_DATA:
        return True
    if JUDGED.match(path) and all(item.get("code") == "format" for item in problem.get("errors") or [{}]):
        return True
    return all(
        # A refusal by a rule names the rule.
        "rule_url" in item
        or any((item.get("code"), kind, _first(item.get(kind))) in REFUSED_PLACES for kind in ("parameter", "pointer"))
        for item in problem.get("errors") or [{}]
    )


def _first(place: str | None) -> str:
    """Return a place with every list index replaced by 0, and without the name of a download's filter."""
    return re.sub(r"^/query/.*", "/query", re.sub(r"/\d+", "/0", place or ""))
