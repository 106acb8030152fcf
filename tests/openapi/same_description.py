"""Compares two descriptions of the API: do they say the same to a client, whatever their sentences?

    python -m tests.openapi.same_description OLD NEW

Every reference is resolved, so that a schema written in place and one that is referred to are equal. Sentences
(`description`, `title`, `summary`) are left out. Prints every difference of the rest, then the examples that differ;
exits with 1 when there is a difference of the rest.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

SENTENCES = frozenset({"description", "title", "summary"})
EXAMPLES = frozenset({"example", "examples"})
MAPS = frozenset({
    "properties", "patternProperties", "schemas", "responses", "parameters", "headers", "requestBodies", "links",
    "callbacks", "paths", "webhooks", "content", "securitySchemes", "$defs", "variables", "encoding", "mapping",
    "scopes", "dependentSchemas",
})  # fmt: skip
"""Members whose own keys are names that somebody chose: a property may be called `title`."""
UNORDERED = frozenset({"required", "enum", "tags", "oneOf", "anyOf", "allOf", "security", "type"})
"""Lists whose order says nothing."""
LITERAL = frozenset({"default", "const", "enum", "required"})
"""Members that hold values, not descriptions: nothing in them is left out."""


class Document:
    """A description, with its references resolved and its sentences left out."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document

    @property
    def facts(self) -> dict[str, Any]:
        """What clients rely on, operation by operation; components count where they are used."""
        kept = {name: value for name, value in self._document.items() if name != "components"}
        schemes = self._document.get("components", {}).get("securitySchemes", {})
        found: dict[str, Any] = self._resolved(kept | {"securitySchemes": schemes}, (), examples=False)
        return found

    @property
    def examples(self) -> dict[str, Any]:
        """The values of examples, by the members that lead to them."""
        return dict(self._examples(self._resolved(self._document.get("paths", {}), (), examples=True, named=True), ""))

    def _resolved(self, value: Any, within: tuple[str, ...], *, examples: bool, named: bool = False) -> Any:
        if isinstance(value, list):
            return [self._resolved(item, within, examples=examples) for item in value]
        if not isinstance(value, dict):
            return value
        if not named and isinstance(value.get("$ref"), str):
            return self._referred(value, within, examples=examples)
        found = {}
        for name, member in value.items():
            if not named and (name in SENTENCES or (name in EXAMPLES and not examples)):
                continue
            if not named and name in LITERAL | EXAMPLES and not (name == "examples" and isinstance(member, dict)):
                found[name] = member
            else:
                inner = not named and name in MAPS | EXAMPLES
                found[name] = self._resolved(member, within, examples=examples, named=inner)
        return found if named else {name: _sorted(name, member) for name, member in found.items()}

    def _referred(self, value: Mapping[str, Any], within: tuple[str, ...], *, examples: bool) -> Any:
        reference = value["$ref"]
        if reference in within:
            # A schema within itself: how far outside it stands is what counts, not its name.
            return {"$within": len(within) - within.index(reference)}
        target: Any = self._document
        for part in reference.removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        beside = {name: member for name, member in value.items() if name != "$ref"}
        resolved = self._resolved(target, (*within, reference), examples=examples)
        beside = self._resolved(beside, within, examples=examples)
        return resolved | beside if isinstance(resolved, dict) else resolved

    def _examples(self, value: Any, at: str) -> Iterator[tuple[str, Any]]:
        members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for name, member in members:
            place = f"{at} {name}"
            if name in EXAMPLES and not at.endswith(" properties"):
                yield place, member
            else:
                yield from self._examples(member, place)


def _sorted(name: str, member: Any) -> Any:
    if name in UNORDERED and isinstance(member, list):
        return sorted(member, key=lambda item: json.dumps(item, sort_keys=True))
    return member


def differences(old: Any, new: Any, at: str = "") -> Iterator[str]:
    """Yield where two values differ, and how."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted({*old, *new}, key=str):
            place = f"{at}/{str(name).replace('/', '~1')}"
            if name not in old:
                yield f"{place}: added {_short(new[name])}"
            elif name not in new:
                yield f"{place}: gone, was {_short(old[name])}"
            else:
                yield from differences(old[name], new[name], place)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from differences(before, after, f"{at}/{number}")
    elif old != new or type(old) is not type(new):
        yield f"{at}: {_short(old)} became {_short(new)}"


def _short(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return text if len(text) <= 200 else f"{text[:200]}…"


def main(old_path: str, new_path: str) -> int:
    """Print how two documents differ; return 0 when their facts are the same."""
    old, new = (Document(json.loads(Path(path).read_text(encoding="utf-8"))) for path in (old_path, new_path))
    facts = list(differences(old.facts, new.facts))
    examples = list(differences(old.examples, new.examples))
    print(f"facts: {len(facts)} differences", *facts, sep="\n  ")
    print(f"examples: {len(examples)} differences", *examples, sep="\n  ")
    return 1 if facts else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python -m tests.openapi.same_description OLD NEW")
    sys.exit(main(*sys.argv[1:]))
