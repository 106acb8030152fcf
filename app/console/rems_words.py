"""The report for a REMS programme as pages show it: a table for each list of answers."""

from __future__ import annotations

import msgspec

from app.domain.looking.rems_counts import STEP, AnswerList, RemsCounts

TITLES = {
    "profession": "By profession",
    "practice_area": "By practice area",
    "dea_registration": "By DEA registration",
    "surgical_procedures": "By surgical procedures performed",
    "time_in_practice": "By time in practice",
}
FEW = f"fewer than {STEP}"


class AnswerTable(msgspec.Struct, frozen=True, kw_only=True):
    """A list of answers: a row for each that has a figure, and the names of the others."""

    title: str
    rows: tuple[tuple[str, str, str], ...]
    """(answer, persons, completions)."""
    few: str
    """The answers of fewer than five people and completions."""


class RemsFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of all, and those of each list."""

    persons: str
    completions: str
    tables: tuple[AnswerTable, ...]
    """None where all are few."""

    @classmethod
    def of(cls, counts: RemsCounts) -> RemsFigures:
        """Return figures in words."""
        return cls(
            persons=figure_in_words(counts.persons),
            completions=figure_in_words(counts.completions),
            tables=tuple(map(_table, counts.lists)) if counts.completions is not None else (),
        )


def figure_in_words(figure: int | None) -> str:
    """Return a figure with its thousands, or that it is of few."""
    return FEW if figure is None else f"{figure:,}"


def _table(one: AnswerList) -> AnswerTable:
    shown = [row for row in one.rows if row.persons is not None or row.completions is not None]
    return AnswerTable(
        title=TITLES[one.field],
        rows=tuple((row.answer, figure_in_words(row.persons), figure_in_words(row.completions)) for row in shown),
        few=", ".join(row.answer for row in one.rows if row not in shown),
    )
