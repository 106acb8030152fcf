"""Credit lines as a plain program finds them: from every completion, filter by filter, sorted in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.domain.identity.comparison_keys import name_key
from tests.harness.api import Api

Line = dict[str, Any]
STANDING = ("pending", "accepted", "rejected")


def every_line(api: Api) -> list[Line]:
    """Return each credit of each standing completion, withdrawn ones too, as a line with its completion and format."""
    formats = {one["activity_id"]: one for one in api.pages("/v1/activities")}
    return [
        credit | {
            "completion_id": completion["completion_id"], "completed_on": completion["completed_on"],
            "submitted_at": completion["submitted_at"], "entry_method": completion["entry_method"],
            "learner": completion["learner"],
            "activity": {name: formats[completion["activity_id"]][name] for name in (
                "activity_id", "title", "internal_id", "format")},
        }
        for completion in api.pages("/v1/learner-completions")
        for credit in completion["credits"]
    ]  # fmt: skip


def _among(read: Callable[[Line], Any]) -> Callable[[Line, list[Any]], bool]:
    return lambda line, wanted: read(line) in wanted


def _begins(line: Line, text: str) -> bool:
    learner = line["learner"]
    names = [name_key(learner[name] or "") for name in ("first_name", "last_name")]
    exact = [line["learner_board_id"], line["activity"]["activity_id"], line["completion_id"]]
    exact += line["client_references"]
    return all(word in exact or any(name.startswith(name_key(word)) for name in names) for word in text.split())


FITS: dict[str, Callable[[Line, Any], bool]] = {
    "board": _among(lambda line: line["board"]),
    "kind": _among(lambda line: line["kind"]),
    "status": _among(lambda line: line["status"]),
    "state": lambda line, wanted: line["kind"] == "cme" and line["board"].partition("-")[0] in wanted,
    "entry_method": _among(lambda line: line["entry_method"]),
    "activity_id": _among(lambda line: line["activity"]["activity_id"]),
    "activity_format": _among(lambda line: line["activity"]["format"]),
    "first_name": lambda line, wanted: name_key(line["learner"]["first_name"] or "") in map(name_key, wanted),
    "last_name": lambda line, wanted: name_key(line["learner"]["last_name"] or "") in map(name_key, wanted),
    "credit_type": lambda line, wanted: any(one["type"] in wanted for one in line["credit_types"]),
    "client_reference": lambda line, wanted: any(one in wanted for one in line["client_references"]),
    "completed_from": lambda line, day: line["completed_on"] >= day,
    "completed_to": lambda line, day: line["completed_on"] <= day,
    "submitted_from": lambda line, day: line["submitted_at"][:10] >= day,
    "submitted_to": lambda line, day: line["submitted_at"][:10] <= day,
    "q": _begins,
}
"""Whether a line fits a filter. Lists mean any of their values."""

KEYS: dict[str, Callable[[Line], Any]] = {
    "completed_on": lambda line: line["completed_on"],
    "submitted_at": lambda line: line["submitted_at"],
    "last_name": lambda line: name_key(line["learner"]["last_name"] or ""),
    "first_name": lambda line: name_key(line["learner"]["first_name"] or ""),
    "date_of_birth": lambda line: line["learner"]["date_of_birth"] or "",
    "activity_id": lambda line: line["activity"]["activity_id"],
    "board": lambda line: line["board"],
    "learner_board_id": lambda line: line["learner_board_id"] or "",
    "credits": lambda line: line["credits"],
    "status": lambda line: line["status"],
}
"""What each order compares; `updated_at` is not shown."""


def found_among(lines: list[Line], query: dict[str, Any]) -> list[Line]:
    """Return the lines that fit every filter of a query; without `status`, withdrawn ones do not."""
    statuses = query.get("status", STANDING)
    return [
        line
        for line in lines
        if line["status"] in statuses and all(FITS[name](line, wanted) for name, wanted in query.items())
    ]


def _state(board: str) -> str:
    """Of the boards of the demo world, one is not named after its state."""
    return {"ZZNC": "NC"}.get(board, board.partition("-")[0])


FACETS: dict[str, Callable[[Line], str | None]] = {
    "board": lambda line: line["board"],
    "kind": lambda line: line["kind"],
    "state": lambda line: _state(line["board"]) if line["kind"] == "cme" else None,
    "status": lambda line: line["status"],
    "entry_method": lambda line: line["entry_method"],
    "activity_format": lambda line: line["activity"]["format"],
}
"""The value of a line in each filter whose values are counted."""


def facets_among(lines: list[Line], query: dict[str, Any]) -> dict[str, dict[str, int]]:
    """Count the lines of each value that fit all filters but its own."""
    counted: dict[str, dict[str, int]] = {}
    for name, read in FACETS.items():
        others = {key: wanted for key, wanted in query.items() if key != name}
        standing = [line for line in found_among(lines, others) if line["status"] in STANDING]
        values = [value for line in standing if (value := read(line)) is not None]
        counted[name] = {value: values.count(value) for value in set(values)}
    return counted


def in_order(lines: list[Line], sort: str | None) -> list[str]:
    """Return the ids of lines in an order of the service."""
    keys = sort.split(",") if sort else []
    if [key.lstrip("-") for key in keys] == ["last_name"]:
        keys.append(keys[0].replace("last", "first"))
    last = keys[-1] if keys else "-"
    ordered = sorted(lines, key=_ids, reverse=last.startswith("-"))
    for key in reversed(keys):
        ordered.sort(key=KEYS[key.lstrip("-")], reverse=key.startswith("-"))
    return [line["credit_id"] for line in ordered]


def _ids(line: Line) -> tuple[str, str]:
    return line["completion_id"], line["credit_id"]
