"""The service's evidence without its rules: whom the weights put first among the same pairs as the peers compare."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from math import inf

from app.domain.identity.learners import Holding, Learner, WrittenName
from app.matching.decision import Query, weigh
from app.matching.evidence import FieldAgreement, Numbers
from app.matching.names import parse_name
from benchmarks.identity.febrl import Described, Queries
from benchmarks.identity.peers import PeerResult
from benchmarks.identity.thresholds import Found

Block = tuple[str, ...]


def find(asked: Queries) -> PeerResult:
    """Return the best person for every query by score, contradictions or not; licence numbers aside."""
    begun = time.perf_counter()
    learners: dict[str, Learner] = {}
    blocks: defaultdict[Block, list[str]] = defaultdict(list)
    for person in asked.people:
        learners[person.id] = _learner(person)
        for block in _blocks(person):
            blocks[block].append(person.id)
    found, pairs = [], 0
    for query in asked.queries:
        near = {id for block in _blocks(query) for id in blocks.get(block, ())}
        pairs += len(near)
        name = parse_name(query.first, query.last)
        compare = partial(_compare_state, state=query.state)
        described = Query(name=name, birth_date=query.date, compare_numbers=compare)
        ranked = sorted(((weigh(described, learners[id]).score, id) for id in near), reverse=True)
        if ranked:
            (score, id), following = ranked[0], ranked[1][0] if len(ranked) > 1 else -inf
            found.append(Found(query=query.id, person=id, score=score, lead=score - following))
    microseconds = (time.perf_counter() - begun) * 1e6 / len(asked.queries)
    return PeerResult(
        name="the service's evidence", found=found, microseconds=microseconds, pairs=pairs / len(asked.queries)
    )


def _blocks(one: Described) -> Iterator[Block]:
    """Yield what somebody has to have in common with another to be compared with them; as for Splink."""
    yield "names", one.first, one.last
    yield "cut", one.last[:4], one.first[:2]
    if one.date:
        yield "last and date", one.last, one.date
        yield "first and date", one.first, one.date
    if one.state:
        yield "last and state", one.last, one.state
        yield "first and state", one.first, one.state
    if one.date and one.state:
        yield "date and state", one.date, one.state


def _learner(person: Described) -> Learner:
    assert person.state and person.number
    return Learner(
        physician_id=person.id,
        names=frozenset(),
        written=(WrittenName(person.first, person.last),),
        birth_date=person.date,
        npi=None,
        licenses=(Holding(board=person.state, number=person.number),),
        certifications=(),
    )


def _compare_state(learner: Learner, *, state: str | None) -> Numbers:
    if state is None:
        return Numbers()
    level = FieldAgreement.SAME if learner.licensed_by([state]) else FieldAgreement.DIFFERENT
    return Numbers(states=(state,), state=level)
