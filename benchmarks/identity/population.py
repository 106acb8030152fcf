"""Synthetic physicians with names as frequent as in the country, and those among them who are hard to tell apart.

Most surnames and given names are drawn from the Census list, so that there are thousands of Smiths; some from the names
of physicians from elsewhere, with accents, hyphens and particles; and some surnames are nobody else's. Added are twins,
fathers and sons of one name and licence office, physicians of one name and birthday, and people without a birth date.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import files
from itertools import accumulate, islice
from random import Random

from msgspec.structs import replace

from app.domain.boards import BoardKind
from app.domain.catalogue import Catalogue
from app.domain.identity.learners import Holding, RegistryRow
from app.domain.parsing import MonthDay, month_day
from app.services.registry.generating.physicians import synthetic_physicians
from benchmarks.identity.slips import DAYS, Known

FROM_ELSEWHERE, NOBODY_ELSES = 0.12, 0.12
UNDATED = 0.03
TWINS, FATHERS_AND_SONS, SAME_NAME_AND_BIRTHDAY = 0.002, 0.003, 0.0005
"""The shares of people who have somebody of that kind beside them."""


def physicians(catalogue: Catalogue, count: int, seed: int) -> Iterator[tuple[Known, RegistryRow]]:
    """Yield so many physicians, each as they know themselves and as an import brings them; each time the same ones."""
    boards = catalogue.boards.values()
    rows = synthetic_physicians(
        count,
        seed,
        licensing=[board.code for board in boards if board.kind is BoardKind.LICENSING],
        certifying=[],
        reserved=frozenset(),
    )
    random = Random(f"population {seed}")
    states = {board.code: board.state for board in boards if board.state}
    made = _with_hard_ones(_renamed(rows, random), random)
    for place, row in enumerate(islice(made, count)):
        yield _known(f"{seed}-{place}", row, states), row


def _renamed(rows: Iterator[RegistryRow], random: Random) -> Iterator[RegistryRow]:
    last, first = picker(random, "surnames.tsv"), picker(random, "given_names.tsv")
    for row in rows:
        chance = random.random()
        named = row
        if chance >= FROM_ELSEWHERE:
            surname = last().capitalize()
            if chance < FROM_ELSEWHERE + NOBODY_ELSES:
                surname = _joined(surname, last())
            if "-" in row.last_name:
                surname = f"{surname}-{last().capitalize()}"
            named = replace(
                row,
                first_name=first().capitalize(),
                last_name=surname,
                middle_name=(first().capitalize() if len(row.middle_name) > 1 else row.middle_name)
                if row.middle_name
                else None,
                other_last_names=(last().capitalize(),) if row.other_last_names else (),
            )
        yield replace(named, birth_date=None) if random.random() < UNDATED else named


def _with_hard_ones(rows: Iterator[RegistryRow], random: Random) -> Iterator[RegistryRow]:
    first = picker(random, "given_names.tsv")
    for row in rows:
        yield row
        chance = random.random()
        if chance < TWINS:
            yield _beside(row, random, first_name=first().capitalize(), birth_date=row.birth_date)
        elif chance < TWINS + FATHERS_AND_SONS:
            son = _beside(row, random, first_name=row.first_name, birth_date=any_day(random))
            yield replace(son, suffix="Jr.")
        elif chance < TWINS + FATHERS_AND_SONS + SAME_NAME_AND_BIRTHDAY:
            yield _beside(row, random, first_name=row.first_name, birth_date=row.birth_date)


def _beside(row: RegistryRow, random: Random, *, first_name: str, birth_date: MonthDay | None) -> RegistryRow:
    """Return somebody else of the same last name, licensed by the same boards under other numbers."""
    return replace(
        row,
        first_name=first_name,
        middle_name=None,
        other_last_names=(),
        birth_date=birth_date,
        npi=None,
        certifications=(),
        licenses=tuple(
            [Holding(board=held.board, number=f"{random.randrange(10**9, 10**10)}") for held in row.licenses]
        ),
    )


def _known(id: str, row: RegistryRow, states: dict[str, str]) -> Known:
    return Known(
        id=id,
        first=row.first_name,
        last=row.last_name,
        middle=row.middle_name or "",
        suffix=row.suffix or "",
        other_last_names=row.other_last_names,
        date=str(row.birth_date) if row.birth_date else None,
        licences=tuple([(states[held.board], held.number) for held in row.licenses]),
    )


def any_day(random: Random) -> MonthDay | None:
    """Return some day of the year."""
    month = random.randrange(12)
    return month_day(month + 1, random.randrange(DAYS[month]) + 1)


def _joined(one: str, other: str) -> str:
    """Return a surname that is nearly nobody else's: the beginning of one and the end of another."""
    return one[: max(3, len(one) // 2 + 1)] + other[len(other) // 2 :]


def picker(random: Random, name: str) -> Callable[[], str]:
    """Return a function that draws a name of a Census list, each as often as it is met."""
    names, until = _weighted(name)
    total, last = until[-1], len(names) - 1
    return lambda: names[bisect(until, random.random() * total, 0, last)]


@cache
def _weighted(name: str) -> tuple[list[str], list[float]]:
    text = files("app.matching").joinpath("data", name).read_text("ascii")
    lines = [line.split("\t") for line in text.splitlines()]
    return [form for form, _ in lines], list(accumulate(float(share) for _, share in lines))
