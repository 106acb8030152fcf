"""A page whose shell blocks can be run, and whose answers can be held against what really came back.

A block marked `sh` is run; each `http` block after it shows one answer that it printed, in order. Answers are abridged:

    headers and fields may be left out, but what is shown has to be there with the same value;
    `…` in a text stands for any other text;
    a list is shown whole, unless it ends with "…".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

ELLIPSIS = "…"
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ANSWER = re.compile(r"^(?=HTTP/\d)", re.MULTILINE)


@dataclass
class Step:
    """One shell block, with the answers that are shown for it."""

    line: int
    script: str
    answers: list[str] = field(default_factory=list)


def steps_of(page: str) -> list[Step]:
    """Read a page; a fence of any other kind, or an answer to nothing, is a mistake of the page."""
    assert page.count("```") == 2 * len(_FENCE.findall(page)), "a fence is not closed, or not at the start of a line"
    steps: list[Step] = []
    for found in _FENCE.finditer(page):
        kind, text = found.groups()
        line = page.count("\n", 0, found.start()) + 1
        if kind == "sh":
            steps.append(Step(line, text))
        else:
            assert kind == "http" and steps, f"line {line}: nobody would run or check this block"
            steps[-1].answers.append(text)
    return steps


def script_of(steps: Sequence[Step], mark: str) -> str:
    """Return one script of all blocks; what each prints ends with the mark on a line of its own."""
    return "set -euo pipefail\n" + "".join(f"{step.script}printf '\\n%s\\n' '{mark}'\n" for step in steps)


def answers_in(printed: str) -> list[str]:
    """Return the answers that a block has printed."""
    return [answer.strip() for answer in _ANSWER.split(printed.replace("\r\n", "\n")) if answer.strip()]


def faults(shown: str, real: str) -> Iterator[str]:
    """Yield what a page shows of an answer that is not so."""
    (head, fields), (real_head, real_fields) = _parts(shown), _parts(real)
    if not fits(head[0], real_head[0]) and not real_head[0].startswith(f"{head[0]} "):
        yield f"{head[0]!r} is {real_head[0]!r}"
    given = {name.lower(): value for name, value in (line.split(": ", 1) for line in real_head[1:])}
    for name, value in (line.split(": ", 1) for line in head[1:]):
        if not fits(value, given.get(name.lower(), "")):
            yield f"{name}: {value!r} is {given.get(name.lower())!r}"
    if fields is not None or real_fields is None:
        yield from _differences(fields, real_fields, "")


def _parts(answer: str) -> tuple[list[str], Any]:
    head, _, body = answer.strip().partition("\n\n")
    return head.splitlines(), json.loads(body) if body.strip() else None


def fits(shown: str, real: str) -> bool:
    """Return True if a text is what is shown, `…` standing for any text that is not empty."""
    return re.fullmatch(".+".join(re.escape(part) for part in shown.split(ELLIPSIS)), real, re.DOTALL) is not None


def _differences(shown: Any, real: Any, at: str) -> Iterator[str]:
    if isinstance(shown, Mapping) and isinstance(real, Mapping):
        for name, value in shown.items():
            if name in real:
                yield from _differences(value, real[name], f"{at}/{name}")
            else:
                yield f"{at}/{name} is not there"
    elif isinstance(shown, list) and isinstance(real, list):
        open_ended = bool(shown) and shown[-1] == ELLIPSIS and len(real) >= len(shown)
        wanted = shown[:-1] if open_ended else shown
        if len(wanted) != len(real) and not open_ended:
            yield f"{at} has {len(real)} items"
        for place, (value, other) in enumerate(zip(wanted, real, strict=False)):
            yield from _differences(value, other, f"{at}/{place}")
    elif isinstance(shown, str) and isinstance(real, str):
        if not fits(shown, real):
            yield f"{at}: {shown!r} is {real!r}"
    elif isinstance(shown, bool) is not isinstance(real, bool) or shown != real:
        yield f"{at}: {shown!r} is {real!r}"
