"""Facets: how many rows of a list each value of a filter would leave, beside all other filters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import Generic, TypeVar

import msgspec


class Facet(StrEnum):
    """A filter of credit lines whose values are counted."""

    BOARD = "board"
    KIND = "kind"
    STATE = "state"
    STATUS = "status"
    ENTRY_METHOD = "entry_method"
    ACTIVITY_FORMAT = "activity_format"


class SummaryFacet(StrEnum):
    """A filter of summaries whose values are counted."""

    ACTIVITY_FORMAT = "activity_format"
    PROVIDERSHIP = "providership"
    MOC = "moc"
    MIPS = "mips"
    REMS = "rems"
    ACTIVITY_STATUS = "activity_status"
    STATE = "state"
    CITY = "city"
    COUNTRY = "country"


class LineGroup(msgspec.Struct, frozen=True):
    """Lines that are alike in every facet."""

    board: str
    status: str
    entry_method: str
    activity_format: str
    lines: int


class ActivityGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Activities that are alike in every facet: the values as they are stored."""

    activity_format: str
    providership: str | None
    moc: bool
    mips: bool
    rems: bool
    activity_status: str
    state: str | None
    city: str | None
    country: str | None
    activities: int


class BoardFacts(msgspec.Struct, frozen=True):
    """What a board says of its lines: the kind of credit, and the state of a licensing board."""

    kind: str
    state: str | None


F = TypeVar("F", bound=StrEnum)
Chosen = Mapping[F, Collection[str]]
"""The values that a query filters by; a facet that is missing filters nothing."""


class Alike(msgspec.Struct, Generic[F], frozen=True):
    """Rows that are alike in every facet: their values, None where there is none, and the facets they do not fit."""

    values: Mapping[F, str | None]
    unfit: Collection[F]
    rows: int


def tally(facets: Iterable[F], groups: Iterable[Alike[F]]) -> dict[F, dict[str, int]]:
    """Count the rows of each value of each facet that fit the filters of all other facets; the most come first.

    A facet's own filter is left out, so that its other values can be chosen as well.
    """
    counted: dict[F, Counter[str]] = {facet: Counter() for facet in facets}
    for group in groups:
        for facet, value in group.values.items():
            if value is not None and not (set(group.unfit) - {facet}):
                counted[facet][value] += group.rows
    return {
        facet: dict(sorted(values.items(), key=lambda pair: (-pair[1], pair[0]))) for facet, values in counted.items()
    }


def unfit_in(values: Mapping[F, str | None], chosen: Chosen[F]) -> list[F]:
    """Return the facets whose filters some values do not fit."""
    return [facet for facet, wanted in chosen.items() if values[facet] not in wanted]


def count_facets(
    groups: Iterable[LineGroup], chosen: Chosen[Facet], boards: Mapping[str, BoardFacts]
) -> dict[Facet, dict[str, int]]:
    """Count the lines of each value of each facet that fit the filters of all other facets."""
    alike: list[Alike[Facet]] = []
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
        alike.append(Alike(values, unfit_in(values, chosen), group.lines))
    return tally(Facet, alike)
