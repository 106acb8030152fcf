"""Somebody whom the registry does not know yet, and records of theirs that are held."""

from __future__ import annotations

from typing import Any

from tests.builders.bodies import a_completion
from tests.harness.api import Answer, Api

NORA = {"first_name": "Nora", "last_name": "Quillfeather", "date_of_birth": "07/09", "licenses": "TN-M:909090"}
"""Her row of an import."""


def nora(**more: Any) -> dict[str, Any]:
    """Two hours of hers in Grand Rounds."""
    given: dict[str, Any] = {"first_name": "Nora", "last_name": "Quillfeather", "born": "07/09", "license_id": "909090"}
    return a_completion(**given | more)


def hold(api: Api, body: Any, **headers: str) -> Answer:
    """Report a record that is to be held where its physician is not found."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return api.send("POST", "/v1/learner-completions", params={"on_unmatched": "hold"}, json=body, headers=named)


def held_of(api: Api, held: Answer) -> Any:
    """Read a held record again."""
    return api.get(f"/v1/held-records/{held.json['held_id']}").json
