"""What is known of the installation that is fuzzed: its first content, and what answers have shown since."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

Json = dict[str, Any]
KEPT = 200
"""Most ids of a kind that are remembered, the newest ones."""
NEWEST = "2025-12-31"
"""A past day, after which nothing is completed."""
CURSORS = ("cursor", "after")


@dataclass
class World:
    """The initial content of the installation, and what the answers have shown since."""

    keys: list[Json]
    learners: list[Json]
    activities: list[Json]
    boards: list[Json]
    values: dict[str, list[str]]
    openapi: Json
    addresses: list[str] = field(default_factory=list)
    """URLs of the webhook receiver, one a status."""
    provider: str | None = None
    """Provider that the caller must name in `PARS-Provider`."""
    untried: list[str] = field(default_factory=list)
    """Ids of things that fail on purpose, such as the sandbox's activities with trouble."""
    plain: list[str] = field(default_factory=list)
    """Public names of the sandbox's people; some are words that may stand in any sentence."""
    seen: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    etags: dict[str, str] = field(default_factory=dict)
    cursors: dict[str, str] = field(default_factory=dict)
    registered: dict[str, Json] = field(default_factory=dict)
    """Latest representations of activities, by id."""
    reported: dict[str, Json] = field(default_factory=dict)
    """Accepted bodies, by completion id."""

    def remember(self, path: str, answer: Any, etag: str | None, location: str | None, sent: Any = None) -> None:
        """Remember the ids, the cursor, the versions and the bodies of an answer."""
        if etag:
            self.etags[location or path] = etag
        if isinstance(answer, dict) and isinstance(answer.get("next_cursor"), str):
            self.cursors[path] = answer["next_cursor"]
        for name, value in _ids(answer):
            kept = self.seen[name]
            if value not in kept and value not in self.untried:
                kept.append(value)
                del kept[:-KEPT]
        if not path.endswith("/history"):
            self._remember_versions(answer)
        self._remember_bodies(answer, sent)

    def _remember_versions(self, answer: Any) -> None:
        for resource in _resources(answer):
            if "completion_id" in resource:
                self.etags[f"/v1/learner-completions/{resource['completion_id']}"] = f'"{resource["version"]}"'
                continue
            self.etags[f"/v1/activities/{resource['activity_id']}"] = f'"{resource["version"]}"'
            if resource["activity_id"] not in self.untried:
                self.registered[resource["activity_id"]] = resource
            if resource["internal_id"]:
                self.etags[f"/v1/activities/by-internal-id/{resource['internal_id']}"] = f'"{resource["version"]}"'

    def _remember_bodies(self, answer: Any, sent: Any) -> None:
        if not isinstance(answer, dict) or not isinstance(sent, dict):
            return
        if "completion_id" in answer:
            self.reported[answer["completion_id"]] = sent
        elif isinstance(sent.get("items"), list):
            for item in answer.get("items", ()):
                self._remember_bodies(item.get("completion"), sent["items"][item["index"]])

    def forget(self, parameters: Json) -> None:
        """Drop the ids of a thing that no longer exists."""
        for name, value in parameters.items():
            for kept in (self.seen[name], self.values.get(name, [])):
                if value in kept:
                    kept.remove(value)
            if name == "activity_id":
                self.registered.pop(value, None)
                self.activities = [activity for activity in self.activities if activity["activity_id"] != value]

    def forget_learners(self, activity_id: str) -> None:
        """Drop the completions of an activity from which all were withdrawn."""
        for completion_id in [c for c, body in self.reported.items() if body.get("activity_id") == activity_id]:
            del self.reported[completion_id]
            self.forget({"completion_id": completion_id})

    def known(self, name: str, template: str) -> list[str]:
        """Return real values of a parameter, by path and name or by name, including those seen in answers."""
        return (self.values.get(f"{template} {name}") or self.values.get(name, [])) + self.seen.get(name, [])

    def expendable(self, name: str) -> list[str]:
        """Return the values of a parameter that may be deleted: those seen in answers, but not the initial ones."""
        first = set(self.values.get(name, ()))
        return [value for value in self.seen.get(name, ()) if value not in first]

    def an_activity(self, rnd: Random) -> Json:
        """Return the latest representation of an activity that can be reported for."""
        made = [
            activity
            for activity in self.registered.values()
            if activity["status"] != "draft" and activity["start_date"] <= NEWEST
        ]
        if made and (not self.activities or rnd.random() < 0.3):
            return rnd.choice(made)
        first = rnd.choice(self.activities)
        return self.registered.get(first["activity_id"], first)

    def key_for(self, scopes: list[str]) -> str | None:
        """Return the key of the first client with the scopes."""
        return next((key["key"] for key in self.keys if set(scopes) <= set(key["scopes"])), None)


def _ids(answer: Any) -> Iterator[tuple[str, str]]:
    if isinstance(answer, dict):
        for name, value in answer.items():
            if name.endswith("_id") and isinstance(value, str):
                yield name, value
            else:
                yield from _ids(value)
    elif isinstance(answer, list):
        for element in answer:
            yield from _ids(element)


def _resources(answer: Any) -> Iterator[Json]:
    """Yield the complete activities and completions in an answer."""
    if isinstance(answer, dict):
        if "version" in answer and ("completion_id" in answer or {"activity_id", "title"} <= answer.keys()):
            yield answer
        for value in answer.values():
            yield from _resources(value)
    elif isinstance(answer, list):
        for element in answer:
            yield from _resources(element)
