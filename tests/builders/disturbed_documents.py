"""Records of PARS documents that were disturbed: parts left out, repeated, swapped, wrong, unknown."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator

from app.domain.batches import Element
from app.files.elements import render
from app.files.shapes.json_form import value_of
from app.files.shapes.parts import Part

TEXTS = (
    "", " ", "0", "-1", "2.3", "1e9", "NaN", "99/99", "2021-02-30", "2021-12-12T25:61:00", "<b>&amp;</b>",
    "\u202e\u200b",
    "😀" * 10, "x" * 5_000, "TN", "ABIM", "NPI", "yes", "delete", "Add", "'; DROP TABLE credits; --", "{{7*7}}", "=1+1",
    "1234567893", "999999999", "lrn_none",
)  # fmt: skip


def disturbed(record: Element, chance: random.Random, times: int) -> Element:
    """Return a record that was disturbed so many times."""
    changed = copy.deepcopy(record)
    for _ in range(times):
        around = chance.choice([element for element in _walk(changed) if element.get("c")])
        within = around["c"]
        place = chance.randrange(len(within))
        match chance.randrange(6):
            case 0 if len(within) > 1:
                del within[place]
            case 1:
                within.insert(place, copy.deepcopy(within[place]))
            case 2:
                chance.shuffle(within)
            case 3:
                leaf = chance.choice([element for element in _walk(within[place]) if not element.get("c")])
                leaf["t"] = chance.choice(TEXTS)
            case 4:
                within.insert(place, {"n": chance.choice(("Colour", "value2", "Name", "Member")), "t": "x"})
            case _:
                held = [element for element in _walk(within[place]) if element.get("a")]
                for element in held[:1]:
                    element["a"][chance.choice(list(element["a"]))] = chance.choice(TEXTS)
    return changed


def _walk(element: Element) -> Iterator[Element]:
    yield element
    for child in element.get("c", ()):
        yield from _walk(child)


def as_xml(records: list[Element], *around: str) -> bytes:
    """Return a document of records in XML."""
    inner = "".join(render(record, {}) for record in records)
    for name in reversed(around):
        inner = f"<{name}>{inner}</{name}>"
    return inner.encode()


def as_json(records: list[Element], shape: Part, *around: str) -> bytes:
    """Return the same document in JSON."""
    written = json.dumps([value_of(record, shape) for record in records])
    inner = f'{{"{shape.name}": {written}}}'
    for name in reversed(around):
        inner = f'{{"{name}": {inner}}}'
    return inner.encode()
