"""The report for a REMS programme: how many persons and completions there are by their answers, in steps of five.

Every figure is rounded down to a multiple of five, the whole's as well, and none below five is shown: 20 stands for 20
to 24, and no figure for 0 to 4. From such figures no hidden one follows. To force one, answers at the top of their
steps (4 more than shown, each) would have to reach exactly what another list or the whole begins with, which is a
multiple of five: 4 times a number of rows that is no multiple of five never is. So no list has such a number of rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import msgspec

from app.domain.rems import Answers, keys_of, listed

STEP = 5
"""Figures are multiples of it, and it is the smallest that is shown."""
NOT_GIVEN = "Not given"
SURGICAL_ANSWERS: Answers = {"Yes": (), "No": ()}


class RemsFilter(msgspec.Struct, frozen=True, kw_only=True):
    """The records that are counted: those of a calendar year, of everything, or of one programme or activity."""

    provider_id: str | None
    """None for all providers."""
    year: int
    rems_type: str | None
    """A programme, in any spelling."""
    activity_id: str | None

    @property
    def first_day(self) -> date:
        """The first day of the year."""
        return date(self.year, 1, 1)

    @property
    def last_day(self) -> date:
        """The last day of the year."""
        return date(self.year, 12, 31)


class RemsGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Exact counts of the records with the same answers, which are as they were stored. They are never shown."""

    profession: str | None
    practice_area: str | None
    dea_registration: str | None
    surgical_procedures: str | None
    """`Yes` or `No`."""
    time_in_practice: str | None
    completions: int
    """With these answers."""
    persons: int
    """Whose newest completion has these answers, so that a person counts once in each list."""


class AnswerCount(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one answer, None where fewer than five are counted."""

    answer: str
    persons: int | None
    completions: int | None


class AnswerList(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of all answers of a list, in its order, those with nobody as well; what is not given comes last."""

    field: str
    rows: tuple[AnswerCount, ...]


class RemsCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown of some records."""

    persons: int | None
    completions: int | None
    lists: tuple[AnswerList, ...]


def shown(count: int) -> int | None:
    """Return a count as it is shown: rounded down to the step, None where it would be nothing."""
    return count - count % STEP or None


def rows_of(answers: Sequence[str]) -> tuple[str, ...]:
    """Return the rows of a list: its answers and what is not given, whose number is no multiple of the step.

    Where it would be, the last answer (`N/A` of practice areas) and what is not given are one row.
    """
    if (len(answers) + 1) % STEP:
        return (*answers, NOT_GIVEN)
    return (*answers[:-1], f"{answers[-1]} or {NOT_GIVEN.lower()}")


def count_answers(groups: Sequence[RemsGroup], lists: Mapping[str, Answers]) -> RemsCounts:
    """Return what is shown of some records, by the lists of answers under the names of the fields of a group."""
    return RemsCounts(
        persons=shown(sum(group.persons for group in groups)),
        completions=shown(sum(group.completions for group in groups)),
        lists=tuple(_count_list(groups, field, answers) for field, answers in lists.items()),
    )


def _count_list(groups: Sequence[RemsGroup], field: str, answers: Answers) -> AnswerList:
    keys, rows = keys_of(answers), rows_of(tuple(answers))
    places = {name: min(place, len(rows) - 1) for place, name in enumerate(answers)}
    persons, completions = [0] * len(rows), [0] * len(rows)
    for group in groups:
        answer = listed(keys, getattr(group, field))
        place = len(rows) - 1 if answer is None else places[answer]
        persons[place] += group.persons
        completions[place] += group.completions
    return AnswerList(
        field=field,
        rows=tuple(
            AnswerCount(answer=answer, persons=shown(persons[place]), completions=shown(completions[place]))
            for place, answer in enumerate(rows)
        ),
    )
