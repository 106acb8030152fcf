"""What the report for a REMS programme shows: nothing hidden follows from it, whatever was counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.looking.rems_counts import (
    NOT_GIVEN,
    STEP,
    SURGICAL_ANSWERS,
    AnswerCount,
    AnswerList,
    RemsCounts,
    RemsGroup,
    count_answers,
    rows_of,
    shown,
)
from app.domain.rems import DEA_ANSWERS, PROFESSION_ANSWERS, TIME_ANSWERS, Answers
from app.rules.reference_lists import practice_areas
from tests.harness.properties import examples

Cell = tuple[int, int]
"""(persons, completions) of an answer; a person's newest completion has the answer, so completions are no fewer."""
LISTS: dict[str, Answers] = {
    "profession": PROFESSION_ANSWERS, "practice_area": practice_areas(), "dea_registration": DEA_ANSWERS,
    "surgical_procedures": SURGICAL_ANSWERS, "time_in_practice": TIME_ANSWERS,
}  # fmt: skip


class Reader:
    """Knows all that is shown, and how it is made: finds every count that could stand behind it."""

    def __init__(self, counts: RemsCounts) -> None:
        self.lists = [[(row.persons or 0, row.completions or 0) for row in one.rows] for one in counts.lists]
        self.persons, self.completions = counts.persons or 0, counts.completions or 0
        most = max(sum(completions + STEP for _, completions in rows) for rows in self.lists)
        self._width = max(most, self.completions + STEP) + 1
        wholes = [
            persons * self._width + completions
            for persons in range(self.persons, self.persons + STEP)
            for completions in range(self.completions, self.completions + STEP)
            if persons <= completions and (persons == 0) == (completions == 0)
        ]
        self.wholes = sum(1 << whole for whole in wholes)
        for rows in self.lists:
            self.wholes &= self._sums(rows)

    def _behind(self, cell: Cell) -> Iterator[Cell]:
        persons, completions = cell
        for more in range(STEP):
            yield from ((persons + more, c) for c in range(completions, completions + STEP) if persons + more <= c)

    def _sums(self, rows: Sequence[Cell]) -> int:
        """Return the pairs of sums that are possible, as the bits of a number."""
        sums = 1
        for cell in rows:
            sums = self._plus(sums, self._behind(cell))
        return sums

    def _plus(self, sums: int, cells: Iterator[Cell]) -> int:
        found = 0
        for persons, completions in cells:
            found |= sums << (persons * self._width + completions)
        return found

    def possible(self, list: int, place: int) -> tuple[set[int], set[int]]:
        """Return the persons and the completions that may stand behind a row."""
        rows = self.lists[list]
        others = self._sums([cell for at, cell in enumerate(rows) if at != place])
        fits = [cell for cell in self._behind(rows[place]) if self._plus(others, iter([cell])) & self.wholes]
        return {persons for persons, _ in fits}, {completions for _, completions in fits}


def groups_of(lists: Sequence[Sequence[Cell]], names: Sequence[str], answers: Sequence[Answers]) -> list[RemsGroup]:
    """Return groups whose sums are those of the cells of each list: the first list's persons, spread over the rest."""
    tables = []
    for cells, one in zip(lists, answers, strict=True):
        words = [*one, None]
        newest = [word for word, (persons, _) in zip(words, cells, strict=True) for _ in range(persons)]
        older = [word for word, (persons, all) in zip(words, cells, strict=True) for _ in range(all - persons)]
        tables.append((newest, older))
    return [
        _a_group(dict(zip(names, row, strict=True)), persons)
        for place, persons in ((0, 1), (1, 0))
        for row in zip(*(table[place] for table in tables), strict=True)
    ]


def _a_group(given: dict[str, str | None], persons: int) -> RemsGroup:
    return RemsGroup(**(dict.fromkeys(LISTS) | given), completions=1, persons=persons)  # type: ignore[arg-type]


def cells_of(draw: st.DrawFn, rows: int, persons: int, completions: int) -> list[Cell]:
    """Draw the cells of a list with these sums; most end where a step begins or ends."""
    cells: list[Cell] = []
    for _ in range(rows - 1):
        of_persons = min(draw(st.sampled_from((0, 4, 5, 9, 1))), persons)
        more = min(draw(st.sampled_from((0, 0, 4, 5, 1))), completions - persons)
        cells.append((of_persons, of_persons + more))
        persons, completions = persons - of_persons, completions - of_persons - more
    cells.append((persons, completions))
    return draw(st.permutations(cells))


SIZES = (2, 3, 4, 6, 7)


@st.composite
def counted(draw: st.DrawFn) -> tuple[list[list[Cell]], list[Answers]]:
    sizes = draw(st.lists(st.sampled_from(SIZES), min_size=1, max_size=3))
    persons = draw(st.integers(1, 60) | st.sampled_from([4 * size for size in SIZES]))
    completions = persons + draw(st.integers(0, 30))
    answers: list[Answers] = [{f"answer {number}": () for number in range(size - 1)} for size in sizes]
    return [cells_of(draw, size, persons, completions) for size in sizes], answers


def nothing_follows(counts: RemsCounts) -> None:
    reader = Reader(counts)
    assert reader.wholes
    for list, one in enumerate(counts.lists):
        for place, row in enumerate(one.rows):
            persons, completions = reader.possible(list, place)
            if row.persons is None:
                assert len(persons) > 1, (counts, one.field, row.answer)
            if row.completions is None:
                assert len(completions) > 1, (counts, one.field, row.answer)


@given(counted())
@examples(300)
def test_no_hidden_count_follows_from_all_that_is_shown(found: tuple[list[list[Cell]], list[Answers]]) -> None:
    cells, answers = found
    names = list(LISTS)[: len(cells)]
    counts = count_answers(groups_of(cells, names, answers), dict(zip(names, answers, strict=True)))
    for one, expected in zip(counts.lists, cells, strict=True):
        assert [(row.persons, row.completions) for row in one.rows] == [(shown(p), shown(c)) for p, c in expected]
    nothing_follows(counts)


@given(st.lists(st.builds(lambda **given: (given, 1), **{
    field: st.sampled_from([*answers, None, "unlisted"]) for field, answers in LISTS.items()
}), min_size=1, max_size=120), st.integers(1, 12))  # fmt: skip
@examples(40)
def test_nothing_follows_in_the_lists_of_the_programmes(
    records: list[tuple[dict[str, str | None], int]], times: int
) -> None:
    groups = [_a_group(given, persons) for given, persons in records for _ in range(times)]
    nothing_follows(count_answers(groups, LISTS))


def test_a_list_whose_rows_are_a_multiple_of_five_would_tell_what_it_hides() -> None:
    """Why there is none: five answers of four persons each are twenty, and nothing else is."""
    counts = _counts_of([(4, 4)] * 5, [(20, 20), (0, 0)])
    assert Reader(counts).possible(0, 0) == ({4}, {4})
    nothing_follows(_counts_of([(4, 4)] * 6, [(24, 24), (0, 0)]))


def _counts_of(*lists: Sequence[Cell]) -> RemsCounts:
    return RemsCounts(
        persons=shown(sum(persons for persons, _ in lists[0])),
        completions=shown(sum(completions for _, completions in lists[0])),
        lists=tuple(
            AnswerList(
                field="profession",
                rows=tuple(
                    AnswerCount(answer=str(place), persons=shown(persons), completions=shown(completions))
                    for place, (persons, completions) in enumerate(cells)
                ),
            )
            for cells in lists
        ),
    )


@pytest.mark.parametrize("field", LISTS)
def test_no_list_has_a_multiple_of_five_rows(field: str) -> None:
    rows = rows_of(tuple(LISTS[field]))
    assert len(rows) % STEP
    assert rows[-1] == (NOT_GIVEN if field != "practice_area" else "N/A or not given")


@given(st.integers(1, 40))
@examples(40)
def test_whatever_the_length_of_a_list_its_rows_are_no_multiple_of_five(length: int) -> None:
    answers = tuple(f"answer {number}" for number in range(length))
    assert len(rows_of(answers)) % STEP
    assert rows_of(answers)[: length - 1] == answers[: length - 1]


@given(st.integers(0, 200), st.integers(0, 200))
@examples(200)
def test_the_difference_of_two_reports_leaves_what_is_in_neither_open(part: int, rest: int) -> None:
    """One of the year and one of an activity of it: at least four counts may be what the others had."""
    whole, of_part = shown(part + rest) or 0, shown(part) or 0
    may_be = {
        w - p for w in range(whole, whole + STEP) for p in range(of_part, of_part + STEP) if w - p >= 0
    }  # fmt: skip
    assert rest in may_be
    assert len(may_be) > STEP - 1


def test_what_is_not_listed_counts_as_not_given_and_aliases_as_what_they_mean() -> None:
    given = [("RN", 6), ("Nurse", 7), ("nurse", 1), ("Wizard", 5), (None, 1)]
    groups = [_a_group({"profession": word}, 1) for word, times in given for _ in range(times)]
    rows = {row.answer: row.persons for row in count_answers(groups, LISTS).lists[0].rows}
    assert (rows["Nurse"], rows[NOT_GIVEN], rows["Physician"]) == (10, 5, None)
