"""Reports with slips about a synthetic registry: who is found, whom exact matching finds, and whom anybody could find.

One report in ten is about somebody outside the registry, half of these with the first and last name of somebody inside.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import Random

from app.domain.catalogue import Catalogue
from app.domain.identity.learners import RegistryRow
from app.rules.catalogue import load_catalogue
from benchmarks.identity import doors, memory
from benchmarks.identity.doors import Answers, Asked, Holders
from benchmarks.identity.population import any_day, physicians, picker
from benchmarks.identity.resolvable import Everybody, is_typed_as
from benchmarks.identity.slips import SLIPS, Known, Maker, Typed
from benchmarks.world.installation import World, world_of

PHYSICIANS = int(os.environ.get("PARS_BENCH_PHYSICIANS", "100000"))
REPORTS = int(os.environ.get("PARS_BENCH_REPORTS", "20000"))
SEEDS = tuple(int(seed) for seed in os.environ.get("PARS_BENCH_SEEDS", "101").split())
TIMES = tuple(float(times) for times in os.environ.get("PARS_BENCH_SLIPS", "1 2 3").split())
OUTSIDE, NAMED_LIKE_SOMEBODY = 0.10, 0.5
ALONE = 400
"""Reports of each slip where it is the only one."""
SHOWN = 20
"""Wrong finds that are shown one by one."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A report, and who is meant: None for somebody outside the registry."""

    id: str
    typed: Typed
    meant: Known | None

    @property
    def asked(self) -> Asked:
        """The report as it is sent."""
        typed = self.typed
        return Asked(
            id=self.id,
            first=typed.first,
            last=typed.last,
            date=typed.date,
            state=typed.state,
            number=typed.number,
            was_number=typed.was_number,
        )


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What became of the reports of a run."""

    present: int
    resolvable: int
    resolved: int
    """Of the resolvable."""
    found: int
    """Of all about somebody of the registry."""
    exact: int
    wrong: tuple[str, ...]
    """Reports about somebody of the registry that somebody else of it was found for, who has not all that was typed."""
    as_typed: tuple[str, ...]
    """Those where somebody else of it has exactly what was typed: nothing tells that another was meant."""
    wrong_exactly: int
    outsiders: int
    outsiders_wrong: tuple[str, ...]
    outsiders_wrong_exactly: int
    by_slip: Mapping[str, tuple[int, int, int, int]]
    """Of the reports with each slip: all, resolvable, resolved of these, found of all."""


def run() -> None:
    """Print what becomes of reports about somebody of the registry and outside it, for every seed at every rate."""
    for seed in SEEDS:
        catalogue = load_catalogue()
        people = [person for person, _ in physicians(catalogue, PHYSICIANS, seed)]
        _match(
            people, seed, {f"slips x{times:g}": cases_of(people, seed, REPORTS, times) for times in TIMES}, catalogue
        )


def run_alone() -> None:
    """Print what becomes of reports that have one slip each, for the first seed."""
    catalogue, seed = load_catalogue(), SEEDS[0]
    people = [person for person, _ in physicians(catalogue, PHYSICIANS, seed)]
    _match(people, seed, {"each slip alone": cases_alone(people, seed)}, catalogue)


def _match(people: Sequence[Known], seed: int, runs: Mapping[str, Sequence[Case]], catalogue: Catalogue) -> None:
    """Match the reports of several runs in one pass over the registry, and print what became of each run."""
    now = datetime.now(UTC)
    reports = [doors.report_of(case.asked, "", now) for cases in runs.values() for case in cases]
    registry = ((person.id, row) for person, row in physicians(catalogue, len(people), seed))
    matches, exact, seconds = memory.match(registry, reports, catalogue)
    everybody = Everybody(people)
    end = 0
    for title, cases in runs.items():
        begin, end = end, end + len(cases)
        ids = [case.id for case in cases]
        answers = memory.answers_of(ids, matches[begin:end])
        counts = count(cases, answers, memory.answers_of(ids, exact[begin:end]), everybody)
        _print_counts(f"seed {seed}, {len(people):,} physicians, {title}", counts)
        _print_wrong(counts, cases, answers, people)
    print(f"  matching took {seconds * 1e6 / len(reports):.0f} us a report, in memory\n", flush=True)


def cases_of(people: Sequence[Known], seed: int, reports: int, times: float) -> list[Case]:
    """Return reports with slips at so many times their rates, one in ten about somebody outside."""
    random = Random(f"cases {seed} {times}")
    maker = Maker(seed, sorted({state for person in people for state, _ in person.licences}), people)
    outside = _outsiders(people, random)
    cases = []
    for place in range(reports):
        meant = None if random.random() < OUTSIDE else random.choice(people)
        typed = maker.report(meant or next(outside), times)
        cases.append(Case(id=str(place), typed=typed, meant=meant))
    return cases


def cases_alone(people: Sequence[Known], seed: int) -> list[Case]:
    """Return reports that have one slip each, some of every slip."""
    random = Random(f"alone {seed}")
    maker = Maker(seed, sorted({state for person in people for state, _ in person.licences}), people)
    cases: list[Case] = []
    for slip in SLIPS:
        made = 0
        for _ in range(ALONE * 200):
            person = random.choice(people)
            typed = maker.report_with(person, slip)
            if typed is not None:
                cases.append(Case(id=str(len(cases)), typed=typed, meant=person))
                made += 1
            if made == ALONE:
                break
    return cases


def _outsiders(people: Sequence[Known], random: Random) -> Iterator[Known]:
    """Yield people outside the registry, every other with the first and last name of somebody inside."""
    last, first = picker(random, "surnames.tsv"), picker(random, "given_names.tsv")
    while True:
        like = random.choice(people)
        is_namesake = random.random() < NAMED_LIKE_SOMEBODY
        yield replace(
            like,
            id="",
            first=like.first if is_namesake else first().capitalize(),
            last=like.last if is_namesake else last().capitalize(),
            suffix="",
            middle=first().capitalize(),
            other_last_names=(),
            date=str(any_day(random)),
            licences=((random.choice(people).licences[0][0], f"9{random.randrange(10**8, 10**9)}"),),
        )


@contextmanager
def opened(count: int, seed: int, database: str = "sqlite") -> Iterator[tuple[World, list[Known]]]:
    """Open an installation with so many physicians, and yield it with who they are."""
    people: list[Known] = []

    def made(catalogue: Catalogue) -> Iterator[RegistryRow]:
        for person, row in physicians(catalogue, count, seed):
            people.append(person)
            yield row

    with world_of(database, made) as world:
        yield world, people


def ask(world: World, cases: Sequence[Case], known: Holders) -> tuple[Answers, Answers]:
    """Return the service's answers, and those of exact matching alone."""
    asked = [case.asked for case in cases]
    return doors.report(world, asked, known), doors.report_exactly(world, asked, known)


def count(cases: Sequence[Case], answers: Answers, exact: Answers, everybody: Everybody) -> Counts:
    """Count what became of reports."""
    by_slip: dict[str, list[int]] = {}
    wrong: list[str] = []
    as_typed: list[str] = []
    outsiders_wrong: list[str] = []
    sums: Counter[str] = Counter()
    for case in cases:
        found, exactly = answers.found.get(case.id), exact.found.get(case.id)
        if case.meant is None:
            sums["outsiders"] += 1
            sums["outsiders wrong exactly"] += exactly is not None
            if found is not None:
                outsiders_wrong.append(case.id)
            continue
        is_right, is_resolvable = found == case.meant.id, everybody.within(case.typed) == {case.meant.id}
        sums["present"] += 1
        sums["resolvable"] += is_resolvable
        sums["resolved"] += is_resolvable and is_right
        sums["found"] += is_right
        sums["exact"] += exactly == case.meant.id
        sums["wrong exactly"] += exactly not in (None, case.meant.id)
        if found is not None and not is_right:
            same = is_typed_as(case.typed, everybody.known(found))
            (as_typed if same else wrong).append(case.id)
        for slip in case.typed.slips or ("none",):
            of_slip = by_slip.setdefault(slip, [0, 0, 0, 0])
            for place, counted in enumerate((True, is_resolvable, is_resolvable and is_right, is_right)):
                of_slip[place] += counted
    return Counts(
        present=sums["present"],
        resolvable=sums["resolvable"],
        resolved=sums["resolved"],
        found=sums["found"],
        exact=sums["exact"],
        wrong=tuple(wrong),
        as_typed=tuple(as_typed),
        wrong_exactly=sums["wrong exactly"],
        outsiders=sums["outsiders"],
        outsiders_wrong=tuple(outsiders_wrong),
        outsiders_wrong_exactly=sums["outsiders wrong exactly"],
        by_slip={slip: (of[0], of[1], of[2], of[3]) for slip, of in by_slip.items()},
    )


def _print_counts(title: str, counts: Counts) -> None:
    share = counts.resolved / max(1, counts.resolvable)
    present = max(1, counts.present)
    print(
        f"{title}: {counts.present:,} about somebody of the registry, found {counts.found / present:.1%} "
        f"(exact matching {counts.exact / present:.1%})\n"
        f"  resolvable {counts.resolvable:,}, resolved {counts.resolved:,} ({share:.2%})\n"
        f"  wrong, of the registry: {len(counts.wrong)}; who has exactly what was typed for another: "
        f"{len(counts.as_typed)} (exact matching {counts.wrong_exactly}); wrong, of "
        f"{counts.outsiders:,} outsiders: {len(counts.outsiders_wrong)} (exact {counts.outsiders_wrong_exactly})"
    )
    _print_by_slip(counts)


def _print_by_slip(counts: Counts) -> None:
    print(f"  {'slip':<32}{'reports':>9}{'found':>8}{'resolvable':>12}{'resolved':>10}")
    for slip in ("none", *[slip.name for slip in SLIPS]):
        if slip in counts.by_slip:
            of_all, resolvable, resolved, found = counts.by_slip[slip]
            told = f"{resolved / resolvable:>10.1%}" if resolvable else f"{'-':>10}"
            print(f"  {slip:<32}{of_all:>9,}{found / of_all:>8.1%}{resolvable:>12,}{told}")
    print(flush=True)


def _print_wrong(counts: Counts, cases: Sequence[Case], answers: Answers, people: Sequence[Known]) -> None:
    """Print wrong finds one by one: everybody here is made up."""
    by_id = {person.id: person for person in people}
    of_case = {case.id: case for case in cases}
    for kind, wrong in (
        ("of the registry", counts.wrong),
        ("of the registry, exactly as typed", counts.as_typed),
        ("of an outsider", counts.outsiders_wrong),
    ):
        for id in wrong[:SHOWN]:
            case, found = of_case[id], by_id[answers.found[id]]
            print(f"  WRONG, {kind}: {_line(case.typed)}\n    meant {case.meant and _line(case.meant)}")
            print(f"    found {_line(found)}", flush=True)


def _line(one: Known | Typed) -> str:
    told = f"{one.first} | {one.last} | {one.date}"
    if isinstance(one, Typed):
        return f"{told} | {one.state} {one.number or ''} | {', '.join(one.slips) or 'no slip'}"
    others = ", ".join((one.middle, one.suffix, *one.other_last_names))
    return f"{told} | {' '.join(f'{state} {number}' for state, number in one.licences)} | {others}"
