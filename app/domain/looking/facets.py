"""Facets: how many credit lines each value of a filter would leave, beside all other filters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum

import msgspec


class Facet(StrEnum):
    """A filter of credit lines whose values are counted."""

    BOARD = "board"
    KIND = "kind"
    STATE = "state"
    STATUS = "status"
    ENTRY_METHOD = "entry_method"
    ACTIVITY_FORMAT = "activity_format"


class LineGroup(msgspec.Struct, frozen=True):
    """Lines that are alike in every facet."""

    board: str
    status: str
    entry_method: str
    activity_format: str
    lines: int


class BoardFacts(msgspec.Struct, frozen=True):
    """What a board says of its lines: the kind of credit, and the state of a licensing board."""

    kind: str
    state: str | None


Chosen = Mapping[Facet, Collection[str]]
"""The values that a query filters by; a facet that is missing filters nothing."""


def count_facets(
    groups: Iterable[LineGroup], chosen: Chosen, boards: Mapping[str, BoardFacts]
) -> dict[Facet, dict[str, int]]:
    """Count the lines of each value of each facet that fit the filters of all other facets; the most come first.

    A facet's own filter is left out, so that its other values can be chosen as well.
    """
    counted: dict[Facet, Counter[str]] = {facet: Counter() for facet in Facet}
    for group in groups:
        facts = boards[group.board]
        values: dict[Facet, str | None] = {
            Facet.BOARD: group.board,
            Facet.KIND: facts.kind,
            Facet.STATE: facts.state,
            Facet.STATUS: group.status,
            Facet.ENTRY_METHOD: group.entry_method,
            Facet.ACTIVITY_FORMAT: group.activity_format,
        }
        unfit = [facet for facet, wanted in chosen.items() if values[facet] not in wanted]
        for facet, value in values.items():
            if value is not None and not (set(unfit) - {facet}):
                counted[facet][value] += group.lines
    return {
        facet: dict(sorted(values.items(), key=lambda pair: (-pair[1], pair[0]))) for facet, values in counted.items()
    }
