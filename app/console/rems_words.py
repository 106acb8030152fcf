"""The report for a REMS programme as pages show it: a table for each list of answers."""

from __future__ import annotations

import msgspec

from app.domain.looking.rems_counts import STEP, AnswerCount, RemsCounts

TITLES = {
    "profession": "By profession",
    "practice_area": "By practice area",
    "dea_registration": "By DEA registration",
    "surgical_procedures": "By surgical procedures performed",
    "time_in_practice": "By time in practice",
}
FEW = f"fewer than {STEP}"


class RemsFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of all, and those of each list."""

    persons: str
    completions: str
    lists: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...]
    """(title, rows): a row is (answer, persons, completions)."""

    @classmethod
    def of(cls, counts: RemsCounts) -> RemsFigures:
        """Return figures in words."""
        return cls(
            persons=figure_in_words(counts.persons),
            completions=figure_in_words(counts.completions),
            lists=tuple((TITLES[one.field], tuple(map(_row, one.rows))) for one in counts.lists),
        )


def figure_in_words(figure: int | None) -> str:
    """Return a figure with its thousands, or that it is of few."""
    return FEW if figure is None else f"{figure:,}"


def _row(row: AnswerCount) -> tuple[str, str, str]:
    return row.answer, figure_in_words(row.persons), figure_in_words(row.completions)
