"""FEBRL 4 at the validation door, beside Splink and recordlinkage with the same fields in the same run.

Three comparisons: (a) the evidence alone, every threshold chosen on the labels alike; (b) the service as shipped, half
the registry removed, where date and state are as on file or left out; (c) the same with a licence number sent.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from app.domain.catalogue import Catalogue
from app.domain.identity.learners import Holding, RegistryRow
from app.domain.identity.matches import Result
from app.domain.parsing import month_day
from benchmarks.identity import doors, evidence_alone, febrl, peers
from benchmarks.identity.doors import Answers, Asked
from benchmarks.identity.febrl import Described, Queries
from benchmarks.identity.peers import PeerResult
from benchmarks.identity.thresholds import Quality, best_quality, mean_of, quality_of
from benchmarks.world.installation import world_of

HIGH, HIGHEST = 0.99, 0.999
SPLITS = int(os.environ.get("PARS_BENCH_SPLITS", "5"))
"""In how many ways half of the registry is removed: one split's F1 is a hundredth more or less than another's."""


def run() -> None:
    """Print the three comparisons; a word instead where the peers are not installed."""
    if not peers.is_installed():
        print("skipped: FEBRL 4 and its peers are not installed here (make .venv-peers/.installed)", flush=True)
        return
    whole = febrl.load(peers.febrl_folder())
    print(f"FEBRL 4: {len(whole.people):,} people, {len(whole.queries):,} queries\n")
    _print_chosen([whole], [_evidence_of(whole)], "whole registry")
    halves = [whole.half(split) for split in range(SPLITS)]
    evidence = [_evidence_of(half) for half in halves]
    _print_chosen(halves, evidence, f"half the registry removed, mean of {SPLITS} splits")
    shipped = [_ask(half, with_number=False) for half in halves]
    _print_shipped(whole, halves, shipped, evidence)
    _print_with_number(whole, _ask(whole, with_number=True), peers.ask(whole, with_number=True))


def _evidence_of(asked: Queries) -> list[PeerResult]:
    return [evidence_alone.find(asked), *peers.ask(asked, with_number=False)]


def row_of(catalogue: Catalogue, person: Described) -> RegistryRow:
    """Return somebody of the data set as an import would bring them."""
    assert person.state and person.number and person.date
    return RegistryRow(
        first_name=person.first,
        last_name=person.last,
        birth_date=month_day(int(person.date[:2]), int(person.date[3:])),
        licenses=(Holding(board=doors.boards_of(catalogue, person.state)[0], number=person.number),),
    )


def as_asked(query: Described, *, with_number: bool) -> Asked:
    """Return a query as it is sent to a door."""
    return Asked(
        id=query.id,
        first=query.first,
        last=query.last,
        date=query.date,
        state=query.state,
        number=query.number if with_number else None,
    )


def is_as_on_file(query: Described, person: Described) -> bool:
    """Whether the query's date and state are the person's, or are not given."""
    return query.date in (None, person.date) and query.state in (None, person.state)


def _ask(asked: Queries, *, with_number: bool) -> Answers:
    """Return the answers of the validation door."""
    with world_of("sqlite", lambda catalogue: [row_of(catalogue, person) for person in asked.people]) as world:
        known = doors.holders(world, zip([person.id for person in asked.people], world.learners, strict=True))
        return doors.validate(world, [as_asked(query, with_number=with_number) for query in asked.queries], known)


def _print_chosen(every: Sequence[Queries], results: Sequence[Sequence[PeerResult]], title: str) -> None:
    """(a): every threshold and lead is chosen on the labels."""
    print(f"(a) evidence alone, {title}, thresholds chosen on the labels")
    for of_one in zip(*results, strict=True):
        told = ""
        for least in (HIGH, HIGHEST):
            best = [
                best_quality(result.found, asked.meant, {person.id for person in asked.people}, least)
                for asked, result in zip(every, of_one, strict=True)
            ]
            told += f"  P >= {least}: {_told(mean_of(best))}"
        spent = sum(result.microseconds for result in of_one) / len(of_one)
        pairs = sum(result.pairs for result in of_one) / len(of_one)
        print(f"  {of_one[0].name:<24}{told}  {spent:5.0f} us, {pairs:.1f} pairs a query")
    print(flush=True)


def _print_shipped(
    whole: Queries, halves: Sequence[Queries], ours: Sequence[Answers], results: Sequence[Sequence[PeerResult]]
) -> None:
    """(b): what the door answers, where date and state are as on file or left out."""
    people = {person.id: person for person in whole.people}
    taken = {query.id for query in whole.queries if is_as_on_file(query, people[whole.meant[query.id]])}
    print(f"(b) as shipped, half the registry removed, mean of {len(halves)} splits; peers by thresholds on the labels")
    for title, some in (
        (f"{len(taken):,} with date and state as on file or left out", taken),
        ("all", set(whole.meant)),
    ):
        meant = {query: person for query, person in whole.meant.items() if query in some}
        present = [{person.id for person in half.people} for half in halves]
        own = [
            quality_of({query: person for query, person in answers.found.items() if query in some}, meant, of_half)
            for answers, of_half in zip(ours, present, strict=True)
        ]
        spent = sum(answers.microseconds for answers in ours) / len(ours)
        print(f"  {title}\n    {'the service':<24}  {_told(mean_of(own))}  {spent:5.0f} us a query")
        for of_one in list(zip(*results, strict=True))[1:]:
            best = [
                best_quality([one for one in result.found if one.query in some], meant, of_half, HIGHEST)
                for result, of_half in zip(of_one, present, strict=True)
            ]
            print(f"    {of_one[0].name:<24}  {_told(mean_of(best))}")
    print(flush=True)


def _print_with_number(whole: Queries, ours: Answers, theirs: Sequence[PeerResult]) -> None:
    """(c): with a licence's number."""
    people = {person.id: person for person in whole.people}
    queries = [(query, people[whole.meant[query.id]]) for query in whole.queries]
    wrong = [query.id for query, person in queries if query.state and query.number != person.number]
    for title, right in (
        ("number, state and, if given, date are right", [query.id for query, person in queries
            if query.number == person.number and query.state == person.state and is_as_on_file(query, person)]),
        ("number and state are right", [query.id for query, person in queries
            if query.number == person.number and query.state == person.state]),
    ):  # fmt: skip
        found = sum(1 for query in right if ours.found.get(query) == whole.meant[query])
        print(f"(c) with a licence number: of {len(right):,} whose {title}, found {found:,} ({found / len(right):.3%})")
    answered = sum(1 for query in wrong if ours.results[query] is Result.ONE)
    print(f"    of {len(wrong):,} whose number is wrong, {answered} answer one")
    present = {person.id for person in whole.people}
    print(f"    {'the service, all queries':<26}  {_told(quality_of(ours.found, whole.meant, present))}")
    for peer in theirs:
        print(f"    {peer.name:<26}  {_told(best_quality(peer.found, whole.meant, present, HIGH))}")
    print(flush=True)


def _told(quality: Quality) -> str:
    return f"F1 {quality.f1:.3f} (P {quality.precision:.4f}, R {quality.recall:.3f})"
