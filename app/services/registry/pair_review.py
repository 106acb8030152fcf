"""Pairs of physicians who seem to be one person: what speaks for it, and the operator's decision."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence

from sqlalchemy import Connection

from app.core.errors import Conflict, ErrorItem, NotFound
from app.domain.audit import PhysicianAudit
from app.domain.identity.comparison_keys import school_key
from app.domain.identity.learners import PairStatus
from app.domain.identity.merges import MergePlan, Overruled
from app.domain.identity.pairs import CreditedBoard, FieldLevel, FiledPair, PairSide, ReviewedPair
from app.domain.identity.physicians import FiledName, FiledNumber, Physician
from app.matching.joining import FullName, birth_level, compared_suffix, name_level
from app.models.base import instant_text
from app.services.context import Caller, Work
from app.services.registry import merging
from app.services.registry.physicians import refuse_sandbox
from app.store import completions
from app.store.registry import pairs, physicians
from app.store.registry.imports import lock_imports


def page(
    connection: Connection, caller: Caller, *, status: PairStatus, after: Sequence[str] | None, limit: int
) -> list[ReviewedPair]:
    """Return the next pairs of a status, with what is on file and credited of both."""
    refuse_sandbox(caller)
    return review(connection, pairs.page(connection, status, after, limit))


def count_open(connection: Connection, caller: Caller, most: int) -> int:
    """Return how many pairs wait for a decision, `most` where there are more."""
    refuse_sandbox(caller)
    return len(pairs.page(connection, PairStatus.OPEN, None, most))


def place_of(reviewed: ReviewedPair) -> list[str]:
    """Return where a pair stands in the order of its list: what `page` is given as `after`."""
    pair = reviewed.pair
    return [instant_text(pair.postponed_at or pair.first_seen_at), pair.physician_id, pair.other_id]


def get(connection: Connection, caller: Caller, pair_id: str) -> ReviewedPair:
    """Return one pair; raises `NotFound`."""
    refuse_sandbox(caller)
    return review(connection, [_find(connection, pair_id)])[0]


def _find(connection: Connection, pair_id: str) -> FiledPair:
    one, dot, other = pair_id.partition(".")
    found = pairs.find(connection, one, other) if dot else None
    if found is None or found.pair_id != pair_id:
        raise NotFound
    return found


def review(connection: Connection, found: Sequence[FiledPair]) -> list[ReviewedPair]:
    """Return pairs with both sides; who was merged is shown as the one they were merged into."""
    ids = {id for pair in found for id in (pair.physician_id, pair.other_id)}
    roots = physicians.roots_of(connection, ids)
    people = physicians.load(connection, set(roots.values()))
    sides = {id: side_of(connection, people[id]) for id in sorted(people)}
    reviewed = []
    for pair in found:
        one, other = sides[roots[pair.physician_id]], sides[roots[pair.other_id]]
        reviewed.append(
            ReviewedPair(
                pair=pair,
                sides=(one, other),
                levels=levels_of(one.physician, other.physician),
                into=min((one, other), key=_rank).physician.physician_id,
            )
        )
    return reviewed


def _rank(side: PairSide) -> tuple[int, int, int, str]:
    """Return what sorts whoever has more credit, or else more on file, before the other; if alike, the older one."""
    who = side.physician
    on_file = len(who.licenses) + len(who.certifications) + bool(who.npi) + bool(who.birth_date)
    return -side.completions, -on_file, -len(who.names), who.physician_id


def side_of(connection: Connection, physician: Physician) -> PairSide:
    """Return a physician with what is credited to them."""
    ids = physicians.completion_ids_of(connection, physician.physician_id)
    counts: Counter[str] = Counter()
    quarters: Counter[str] = Counter()
    for completion in completions.load_by_ids(connection, ids):
        for credit in completion.credits:
            if credit.holds:
                counts[credit.board] += 1
                quarters[credit.board] += credit.quarters
    credited = [
        CreditedBoard(board=board, credits=number, quarters=quarters[board]) for board, number in sorted(counts.items())
    ]
    return PairSide(physician=physician, completions=len(ids), credited=tuple(credited))


def levels_of(one: Physician, other: Physician) -> dict[str, FieldLevel]:
    """Compare two physicians field by field; levels only, no values."""
    names = name_level(_full_names(one.names), _full_names(other.names)).value
    return {
        "names": FieldLevel(names) if names in set(FieldLevel) else FieldLevel.RELATED,
        "suffix": _level(one.shown.suffix, other.shown.suffix, compared_suffix),
        "date_of_birth": FieldLevel(birth_level(one.birth_date, other.birth_date)),
        "npi": _level(one.npi, other.npi),
        "licenses": _level_of_numbers(one.licenses, other.licenses),
        "certifications": _level_of_numbers(one.certifications, other.certifications),
        "medical_school": _level(one.medical_school, other.medical_school, school_key),
    }


def _full_names(names: Iterable[FiledName]) -> list[FullName]:
    return [FullName(name.first_name, name.last_name) for name in names]


def _level(one: str | None, other: str | None, key: Callable[[str], str] = str) -> FieldLevel:
    """Compare two fields by the key under which matching compares them; numbers that are kept as digits have none."""
    one, other = key(one or ""), key(other or "")
    if not one or not other:
        return FieldLevel.ABSENT
    return FieldLevel.SAME if one == other else FieldLevel.DIFFERENT


def _level_of_numbers(one: Sequence[FiledNumber], other: Sequence[FiledNumber]) -> FieldLevel:
    """Compare lists of numbers; those of different boards say nothing of one another."""
    if {number.key for number in one} & {number.key for number in other}:
        return FieldLevel.SAME
    shared = {number.board for number in one} & {number.board for number in other}
    return FieldLevel.DIFFERENT if shared else FieldLevel.ABSENT


def join(work: Work, pair_id: str, into: str | None = None, overrule: Collection[Overruled] = ()) -> MergePlan:
    """Decide that two are one: the lesser becomes an alias of the other, or of `into`.

    Raises as `merging.merge` does, and `Conflict` where `into` is none of the two.
    """
    refuse_sandbox(work.caller)
    pair = _find(work.connection, pair_id)
    roots = physicians.roots_of(work.connection, (pair.physician_id, pair.other_id))
    both = [roots[pair.physician_id], roots[pair.other_id]]
    if into is not None and into not in both:
        detail = "The id in into is none of the two physicians of this pair."
        hint = "Send the id of one of the two, or leave into out."
        raise Conflict(detail, errors=[ErrorItem(code=Conflict.code, pointer="/into", detail=detail, hint=hint)])
    stays = into or review(work.connection, [pair])[0].into
    (leaves,) = [id for id in both if id != stays] or both[:1]
    return merging.merge(work, leaves, stays, overrule)


def decide_never(work: Work, pair_id: str) -> ReviewedPair:
    """Decide that two are never one person, whatever later sources say; raises `Conflict` where they are joined."""
    return _decide(work, pair_id, PairStatus.NEVER)


def reopen(work: Work, pair_id: str) -> ReviewedPair:
    """Open a pair again that was decided never to be one; raises `Conflict` where they are joined."""
    return _decide(work, pair_id, PairStatus.OPEN)


def put_off(work: Work, pair_id: str) -> ReviewedPair:
    """Put a pair behind the others; raises `Conflict` where it is decided."""
    refuse_sandbox(work.caller)
    pair = _find(work.connection, pair_id)
    if pair.status != PairStatus.OPEN:
        raise Conflict(f"The pair is decided: {pair.status}.")
    pairs.put_off(work.connection, pair.physician_id, pair.other_id, work.now)
    return review(work.connection, [_find(work.connection, pair_id)])[0]


def _decide(work: Work, pair_id: str, status: PairStatus) -> ReviewedPair:
    refuse_sandbox(work.caller)
    lock_imports(work.connection)
    pair = _find(work.connection, pair_id)
    if pair.status == PairStatus.JOINED:
        raise Conflict("The two are joined. Undo their merge first: POST /v1/physicians/{physician_id}/unmerge.")
    if pair.status != status:
        client_id = work.caller.client.client_id
        pairs.set_status(work.connection, pair.physician_id, pair.other_id, status, work.now, client_id)
        verb = "never" if status is PairStatus.NEVER else "reopen"
        work.audit(verb, pair.physician_id, PhysicianAudit(other_id=pair.other_id))
    return review(work.connection, [_find(work.connection, pair_id)])[0]
