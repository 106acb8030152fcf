"""Whom a row of an import is about: somebody on file, somebody new, or nobody that can be told."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain, combinations

import msgspec
from msgspec.structs import replace

from app.core.errors import OperatorFault
from app.domain.boards import Span
from app.domain.identity.comparison_keys import full_name_key
from app.domain.identity.learners import IdentifierKind, RegistryRow
from app.matching.joining import (
    BirthLevel,
    FullName,
    Joining,
    NameLevel,
    Reason,
    birth_level,
    join,
    name_level,
    reason_of,
    suffix_key,
)
from app.store.registry.imports import NO_DATES, Entry, Known, Number

MOST_NAMESAKES = 5
"""Where more people of the name and birth date are on file, a row seems to describe none of them."""

Identifier = tuple[IdentifierKind, Number]


class ImportFault(OperatorFault):
    """A row or a file that cannot be imported. The message names columns and boards, never a person."""


class HeldIdentifier(msgspec.Struct, frozen=True, kw_only=True):
    """An identifier of a row that somebody else on file holds."""

    kinds: tuple[IdentifierKind, ...]
    reason: str
    physician_id: str
    fits: bool = False
    """Whether names and birth date would allow that the row is about them."""


class PairSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A physician on file whom a source seems to describe, or two whom it takes for one."""

    other: Entry
    names: NameLevel
    birth: BirthLevel
    evidence: str
    """Kinds of what is in common, separated by blanks."""


class RowPlacement(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a row is about; None for somebody new."""

    entry: Entry | None
    held_by_others: frozenset[Identifier] = frozenset()
    """Identifiers of the row that stay with those who hold them."""
    pairs: tuple[PairSeen, ...] = ()
    left_aside: tuple[HeldIdentifier, ...] = ()
    """Who holds the self-reported licences of the row that contradict what is on file, and are not imported."""


class IdentifierFault(ImportFault):
    """A row whose identifiers are somebody else's: nothing of it is imported."""

    def __init__(self, held: Sequence[HeldIdentifier], pairs: Sequence[tuple[Entry, PairSeen]] = ()) -> None:
        super().__init__(reason_for(held))
        self.held = tuple(held)
        self.pairs = tuple(pairs)


_WORDS = {
    IdentifierKind.NPI: "the NPI",
    IdentifierKind.LICENSE: "a licence",
    IdentifierKind.CERTIFICATION: "a certification",
}


def reason_for(held: Iterable[HeldIdentifier]) -> str:
    """Return why identifiers are not the row's: whose they are, without a value."""
    return "; ".join(_sentence(identifier) for identifier in held)


def _sentence(held: HeldIdentifier) -> str:
    verb = "belongs" if len(held.kinds) == 1 else "belong"
    return f"{' and '.join(_WORDS[kind] for kind in held.kinds)} {verb} to a physician on file {held.reason}"


def place(row: RegistryRow, known: Known) -> RowPlacement:
    """Return whom a row is about; raises `IdentifierFault` where it gives somebody else's identifiers.

    Identifiers point to physicians, names and birth date decide (`matching/joining.py`). A name alone decides for a
    row without identifiers only, if one physician of that name and birth date is on file, or one without identifiers.
    """
    sharing = _sharing(row, known)
    if not sharing:
        return _by_name(row, known)
    if len(sharing) == 1 and _is_plain(row, sharing[0][0]):
        return RowPlacement(entry=sharing[0][0])
    compared = {entry.physician_id: _Comparison(row, entry) for entry, _ in sharing}
    joined = [
        entry for entry, shared in sharing if compared[entry.physician_id].joining(kinds_of(shared)) is Joining.JOINED
    ]
    holder = joined[0] if len(joined) == 1 else None
    left = [(entry, _not_reissued(row, shared, entry, holder)) for entry, shared in sharing if entry not in joined]
    left = [(entry, shared) for entry, shared in left if shared]
    aside: list[tuple[Entry, list[Identifier]]] = []
    conflicts = [
        (entry, shared)
        for entry, shared in left
        if compared[entry.physician_id].joining(kinds_of(shared)) is Joining.CONFLICT
    ]
    if conflicts:
        left = [found for found in left if found not in conflicts]
        conflicts, aside = _without_claims(row, conflicts)
    if conflicts:
        raise IdentifierFault([compared[entry.physician_id].held(kinds_of(shared)) for entry, shared in conflicts])
    if len(joined) > 1:
        raise _several([(entry, shared) for entry, shared in sharing if entry in joined], compared)
    left_aside = tuple(compared[entry.physician_id].held(kinds_of(shared)) for entry, shared in aside)
    if holder is None and not left:
        found = _by_name(row, known)
        taken = frozenset(chain.from_iterable(shared for _, shared in aside))
        return replace(found, held_by_others=taken, left_aside=left_aside) if aside else found
    pairs = tuple(compared[entry.physician_id].pair(kinds_of(shared)) for entry, shared in left)
    taken = frozenset(chain.from_iterable(_kept_by(row, entry, shared) for entry, shared in [*left, *aside]))
    entry = _kept_beside(row, left, known) if holder is None else holder
    return RowPlacement(entry=entry, held_by_others=taken, pairs=pairs, left_aside=left_aside)


def _without_claims(
    row: RegistryRow, conflicts: Sequence[tuple[Entry, list[Identifier]]]
) -> tuple[list[tuple[Entry, list[Identifier]]], list[tuple[Entry, list[Identifier]]]]:
    """Return the conflicts that refuse the row, and those that its own claims are left aside for.

    A licence that its holder alone has told decides nothing about others: a row that claims one of somebody else's is
    imported without it, and a board's row is not refused because somebody has claimed the number before.
    """
    refusing, aside = [], []
    for entry, shared in conflicts:
        claimed = [identifier for identifier in shared if _is_claimed(row, identifier)]
        rest = [found for found in _kept_by(row, entry, shared) if found not in claimed]
        if rest:
            refusing.append((entry, rest))
        elif claimed:
            aside.append((entry, claimed))
    return refusing, aside


def _is_claimed(row: RegistryRow, identifier: Identifier) -> bool:
    """Whether an identifier of a row is a licence that only its holder has told."""
    kind, number = identifier
    return kind is IdentifierKind.LICENSE and any(
        held.self_reported for held in row.licenses if (held.board, held.key) == number
    )


def _kept_by(row: RegistryRow, entry: Entry, shared: Iterable[Identifier]) -> list[Identifier]:
    """Return the identifiers that stay with who holds them; a licence only claimed does not where a board gives it."""
    return [
        (kind, number)
        for kind, number in shared
        if not (
            kind is IdentifierKind.LICENSE and number in entry.self_reported and not _is_claimed(row, (kind, number))
        )
    ]


def _is_plain(row: RegistryRow, entry: Entry) -> bool:
    """Whether name, birth date and NPI are those on file, as of nearly every row: no more need be compared."""
    if full_name_key(row.first_name, row.last_name) not in entry.names or (row.suffix and entry.suffix):
        return False
    if row.birth_date is None:
        return row.npi is not None and entry.npi == row.npi and not entry.npi_disputed
    return (
        entry.birth_date is not None
        and entry.birth_date == str(row.birth_date)
        and (not row.npi or entry.npi in (None, row.npi))
    )


def _sharing(row: RegistryRow, known: Known) -> list[tuple[Entry, list[Identifier]]]:
    """Return who holds identifiers of a row, each with these identifiers."""
    found: dict[str, tuple[Entry, list[Identifier]]] = {}
    for kind, number, entry in known.holders(row):
        found.setdefault(entry.physician_id, (entry, []))[1].append((kind, number))
    return list(found.values())


def kinds_of(identifiers: Iterable[Identifier]) -> tuple[IdentifierKind, ...]:
    """Return the kinds of identifiers, each once, in their order."""
    kinds = {kind for kind, _ in identifiers}
    return tuple(kind for kind in IdentifierKind if kind in kinds)


class _Comparison:
    """A row beside a physician on file."""

    def __init__(self, row: RegistryRow, entry: Entry) -> None:
        self._entry = entry
        self._names = compare_names(row, entry)
        self._birth = birth_level(str(row.birth_date) if row.birth_date else None, entry.birth_date)
        self._other_npi = bool(row.npi and entry.npi and row.npi != entry.npi)
        self._npi_listed = entry.npi_listed or row.listing is not None

    def joining(self, kinds: Collection[IdentifierKind]) -> Joining:
        if self._other_npi:
            return Joining.CONFLICT
        return join(self._names, self._birth, kinds, npi_disputed=self._entry.npi_disputed, npi_listed=self._npi_listed)

    def held(self, kinds: tuple[IdentifierKind, ...]) -> HeldIdentifier:
        differs = self._other_npi and self._birth is not BirthLevel.DIFFERENT
        reason = Reason.OTHER_NPI if differs else reason_of(self._names, self._birth)
        return HeldIdentifier(kinds=kinds, reason=reason, physician_id=self._entry.physician_id)

    def pair(self, kinds: Sequence[str]) -> PairSeen:
        return PairSeen(other=self._entry, names=self._names, birth=self._birth, evidence=" ".join(kinds))


def compare_names(row: RegistryRow, entry: Entry) -> NameLevel:
    """Compare all names of a row with all names on file."""
    if not (row.suffix and entry.suffix) and any(key in entry.names for key in names_of(row)):
        return NameLevel.SAME
    given = [FullName(first, last, row.suffix or "") for first, last in row.all_names()]
    _, shown = full_name_key(entry.first_name, entry.last_name)
    on_file = [
        # Of first names the key is on file, but for the one that is shown.
        FullName(entry.first_name if first == shown else first, written or last, entry.suffix or "")
        for (last, first), written in entry.names.items()
    ]
    return name_level(given, on_file)


def names_of(row: RegistryRow) -> Iterator[tuple[str, str]]:
    """Yield the (last, first) name keys of a row, other names included."""
    for first, last in row.all_names():
        yield full_name_key(first, last)


def _not_reissued(row: RegistryRow, shared: list[Identifier], entry: Entry, holder: Entry | None) -> list[Identifier]:
    """Return the identifiers that a row and somebody else hold at the same time, as far as dates are on file."""
    left: list[Identifier] = []
    for kind, number in shared:
        if kind is IdentifierKind.LICENSE:
            ours = holder.licenses.get(number, NO_DATES) if holder is not None else NO_DATES
            given = next(held.dates for held in row.licenses if (held.board, held.key) == number)
            if apart(dates_after(ours, given), entry.licenses[number]):
                continue
        left.append((kind, number))
    return left


def apart(one: Span, other: Span) -> bool:
    """Whether one of two spans ends before the other begins; where dates are missing, it is not known."""
    return _ends_before(one, other) or _ends_before(other, one)


def _ends_before(one: Span, other: Span) -> bool:
    return one.until is not None and other.since is not None and one.until < other.since


def dates_after(on_file: Span, given: Span | None) -> Span:
    """Return a licence's dates after a row: what it gives replaces what is on file.

    A span after the one on file is the same licence renewed: it began with the first and ends with the last.
    """
    if given is None:
        return on_file
    if _ends_before(on_file, given):
        return Span(since=on_file.since, until=given.until)
    if _ends_before(given, on_file):
        return Span(since=given.since, until=on_file.until)
    return Span(since=given.since or on_file.since, until=given.until or on_file.until)


def _several(joined: Sequence[tuple[Entry, list[Identifier]]], compared: dict[str, _Comparison]) -> IdentifierFault:
    """Return the fault of a row that describes several physicians on file, who seem to be one person."""
    held = [
        HeldIdentifier(
            kinds=kinds_of(shared),
            reason="and the line's other identifiers to another one, who fits as well",
            physician_id=entry.physician_id,
            fits=True,
        )
        for entry, shared in joined
    ]
    pairs = [
        (one, compared[other.physician_id].pair([*dict.fromkeys((*kinds_of(first), *kinds_of(second)))]))
        for (one, first), (other, second) in combinations(joined, 2)
        if not (one.npi and other.npi) and birth_level(one.birth_date, other.birth_date) is not BirthLevel.DIFFERENT
    ]
    return IdentifierFault(held, pairs)


def _kept_beside(row: RegistryRow, left: Sequence[tuple[Entry, list[Identifier]]], known: Known) -> Entry | None:
    """Return the physician whom an earlier import of the row added beside those it seems to describe.

    Somebody of the name and birth date who has another NPI or another id of a board is not who was added.
    """
    others = {other for entry, _ in left for other in known.pairs.get(entry.physician_id, ())}
    fitting = [
        entry
        for other in sorted(others)
        if (entry := known.entries.get(other)) and _describes(row, entry) and not _differ(row, entry)
    ]
    return fitting[0] if fitting else None


def _describes(row: RegistryRow, entry: Entry) -> bool:
    return compare_names(row, entry) is NameLevel.SAME and entry.birth_date == (
        str(row.birth_date) if row.birth_date else None
    )


def _by_name(row: RegistryRow, known: Known) -> RowPlacement:
    """Place a row whose identifiers nobody holds."""
    birth_date = str(row.birth_date) if row.birth_date else None
    named = known.by_name.get(full_name_key(row.first_name, row.last_name), [])
    if row.suffix:
        named = [entry for entry in named if suffix_key(entry.suffix) in ("", suffix_key(row.suffix))]
    same = [entry for entry in named if entry.birth_date == birth_date]
    if not (row.npi or row.licenses or row.certifications):
        # Among several, an earlier import of the row has added the one without identifiers, or was about one of whom it
        # says nothing new.
        bare = [entry for entry in same if not (entry.npi or entry.licenses or entry.certifications)]
        meant = same if len(same) == 1 else bare or [entry for entry in same if _says_nothing_new(row, entry)]
        return RowPlacement(entry=meant[0] if meant else None)
    seeming = [entry for entry in same if birth_date and not _differ(row, entry)]
    pairs = [_by_names(entry, BirthLevel.SAME) for entry in seeming] if len(seeming) <= MOST_NAMESAKES else []
    boards = {held.board for held in row.licenses}
    undated = [
        entry
        for entry in named
        if None in (birth_date, entry.birth_date)
        and not boards.isdisjoint(board for board, _ in entry.licenses)
        and not _differ(row, entry)
    ]
    if len(undated) == 1 and not seeming:
        pairs += [_by_names(entry, BirthLevel.ABSENT) for entry in undated]
    return RowPlacement(entry=None, pairs=tuple(pairs))


def _says_nothing_new(row: RegistryRow, entry: Entry) -> bool:
    """Whether all that a row without identifiers holds is on file of somebody."""
    return (
        all(key in entry.names for key in names_of(row))
        and row.middle_name in (None, entry.middle_name)
        and row.suffix in (None, entry.suffix)
        and row.medical_school in (None, entry.medical_school)
    )


def _by_names(entry: Entry, birth: BirthLevel) -> PairSeen:
    evidence = "names birth_date" if birth is BirthLevel.SAME else "names state"
    return PairSeen(other=entry, names=NameLevel.SAME, birth=birth, evidence=evidence)


def _differ(row: RegistryRow, entry: Entry) -> bool:
    """Whether identifiers of which a person has one differ: an NPI, a board's id."""
    if row.npi and entry.npi and row.npi != entry.npi:
        return True
    certified = {board for board, _ in entry.certifications}
    return any(held.board in certified for held in row.certifications)
