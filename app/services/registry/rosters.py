"""A board's roster: its own diplomates or licensees, merged into the registry as imports are.

A row is placed as a line of an import is (`placing.py`): its numbers point to physicians, names and birth date decide.
What differs is never told, and nothing of anybody: every contradiction is the same sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from app.domain.audit import RegistryAudit
from app.domain.batches import RowOutcome
from app.domain.boards import Board, BoardKind, Span
from app.domain.findings import Finding, Severity
from app.domain.identity.comparison_keys import id_key, short_id_key
from app.domain.identity.learners import Holding, IdentifierKind, RegistryRow
from app.domain.identity.rosters import RosterRow
from app.domain.parsing import MonthDay, Unparsed
from app.matching.joining import NameLevel, Reason
from app.rules.rosters import judge_roster_row
from app.services.context import Work
from app.services.registry import roster_dates
from app.services.registry.addresses import AddressesGiven
from app.services.registry.placing import IdentifierFault, compare_names, kinds_of
from app.services.registry.roster_dates import DatesGiven
from app.services.registry.writing import KeptPair, Piece, RowEffect
from app.store.registry import imports as registry
from app.store.registry import rosters as stored
from app.store.registry.imports import Known

CONFLICT, KEPT_BESIDE = "roster-conflict", "roster-kept-beside"
_EFFECTS = {
    RowEffect.ADDED: RowOutcome.ADDED,
    RowEffect.UPDATED: RowOutcome.UPDATED,
    RowEffect.UNCHANGED: RowOutcome.UNCHANGED,
}
_POINTERS: Mapping[tuple[IdentifierKind, ...], str] = {
    (IdentifierKind.NPI,): "/npi",
    (IdentifierKind.LICENSE,): "/board_id",
    (IdentifierKind.CERTIFICATION,): "/board_id",
}


class RosterResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a row."""

    outcome: RowOutcome
    findings: tuple[Finding, ...] = ()
    physician_id: str | None = None
    """Whom it is about; None where it was rejected."""
    conflict: dict[str, Any] | None = None
    """What it contradicts, for operators: kinds of identifiers, why, and ids of physicians; never values."""


def take_rows(work: Work, board: Board, rows: Sequence[RosterRow]) -> list[RosterResult]:
    """Add or update the physicians of a board's rows; each row sees the ones before it.

    The dates that rows gave are kept by the caller's transaction; a dry run keeps them, too (`judge_rows`).
    """
    results, given = _take(work, board, rows)
    roster_dates.keep(work, given)
    return results


def judge_rows(work: Work, board: Board, rows: Sequence[RosterRow]) -> list[RosterResult]:
    """Judge rows as if they were taken, and undo it all but for the count of dates that were tried."""
    registry.lock_imports(work.connection)
    undone = _Undone()
    try:
        with work.attempt():
            undone.results, undone.given = _take(work, board, rows)
            raise undone
    except _Undone:
        pass
    assert undone.given is not None
    roster_dates.keep(work, undone.given, only_tries=True)
    return undone.results


class _Undone(Exception):
    """Raised to undo what rows have changed; carries what became of them."""

    def __init__(self) -> None:
        super().__init__("undone")
        self.results: list[RosterResult] = []
        self.given: DatesGiven | None = None


def _take(work: Work, board: Board, rows: Sequence[RosterRow]) -> tuple[list[RosterResult], DatesGiven]:
    registry.lock_imports(work.connection)
    today = work.now.date()
    findings = [judge_roster_row(row, today) for row in rows]
    read = _registry_rows(work, board, [row for row, found in zip(rows, findings, strict=True) if not found])
    known = registry.load_known(work.connection, read)
    given = DatesGiven(work, board.code, known.entries)
    piece = Piece(work, known, f"roster of {board.code}")
    addresses = AddressesGiven(work, board.code)
    following = iter(read)
    results = [
        RosterResult(outcome=RowOutcome.REJECTED, findings=found)
        if found
        else _take_one(work, piece, known, given, next(following), partial(addresses.keep, address=row.email))
        for row, found in zip(rows, findings, strict=True)
    ]
    digests = piece.save()
    changed = addresses.save()
    results = [
        replace(result, outcome=RowOutcome.UPDATED)
        if result.outcome is RowOutcome.UNCHANGED and result.physician_id in changed
        else result
        for result in results
    ]
    if piece.has_changes:
        counts = [result.outcome for result in results]
        fields = RegistryAudit(
            added=counts.count(RowOutcome.ADDED),
            updated=counts.count(RowOutcome.UPDATED),
            conflicts=sum(result.conflict is not None for result in results) or UNSET,
            digests=digests,
            board=board.code,
        )
        work.audit("roster", work.commit_id, fields)
    return results, given


def _registry_rows(work: Work, board: Board, rows: Sequence[RosterRow]) -> list[RegistryRow]:
    """Return rows as lines of an import, with the board's own number alone.

    A number cell has lost its leading zeros: it is the number on file that has them, if only one is.
    """
    kind = IdentifierKind.LICENSE if board.kind is BoardKind.LICENSING else IdentifierKind.CERTIFICATION
    shortened = [id_key(row.board_id) for row in rows if row.id_was_number]
    on_file = stored.numbers_on_file(work.connection, kind, board.code, shortened)
    return [_registry_row(board, kind, row, on_file) for row in rows]


def _registry_row(
    board: Board, kind: IdentifierKind, row: RosterRow, on_file: dict[str, set[tuple[str, str]]]
) -> RegistryRow:
    assert row.first_name and row.last_name and row.board_id
    number, key = row.board_id, id_key(row.board_id)
    alike = on_file.get(short_id_key(key), set()) if row.id_was_number else set()
    if len(alike) == 1:
        ((key, number),) = alike
    assert not isinstance(row.start_date, Unparsed) and not isinstance(row.end_date, Unparsed)
    dates = Span(since=row.start_date, until=row.end_date)
    held = (Holding(board=board.code, number=number, known_key=key, dates=None if dates == Span() else dates),)
    return RegistryRow(
        first_name=row.first_name,
        middle_name=row.middle_name,
        last_name=row.last_name,
        suffix=row.suffix,
        other_last_names=row.other_last_names,
        birth_date=row.birth_date if isinstance(row.birth_date, MonthDay) else None,
        npi=row.npi,
        licenses=held if kind is IdentifierKind.LICENSE else (),
        certifications=held if kind is IdentifierKind.CERTIFICATION else (),
    )


def _take_one(
    work: Work,
    piece: Piece,
    known: Known,
    given: DatesGiven,
    row: RegistryRow,
    keep_address: Callable[[str], None],
) -> RosterResult:
    refused = _beyond_the_dates(known, given, row)
    if refused:
        return _conflict(work, refused, "a birth date, of which no more are compared")
    try:
        effect, pairs, entry = piece.take_entry(row)
    except IdentifierFault as fault:
        # A birth date that differs beside the right names is a slip of the board: no reason to doubt the NPI.
        piece.refuse(IdentifierFault([one for one in fault.held if one.reason != Reason.BIRTH_DATE], fault.pairs))
        held = {(kind, one.physician_id) for one in fault.held for kind in one.kinds}
        return _conflict(work, held, "; ".join(dict.fromkeys(one.reason for one in fault.held)))
    given.agree(entry, row.birth_date)
    keep_address(entry.physician_id)
    return RosterResult(outcome=_EFFECTS[effect], findings=_kept_beside(pairs), physician_id=entry.physician_id)


def _beyond_the_dates(known: Known, given: DatesGiven, row: RegistryRow) -> set[tuple[IdentifierKind, str]]:
    """Return whose numbers a row has without being answered by its birth date any more; counts dates that differ."""
    if row.birth_date is None:
        return set()
    return {
        (kind, entry.physician_id)
        for kind, _, entry in known.holders(row)
        # Where no name agrees, the date decides nothing, and nothing is told by it.
        if compare_names(row, entry) is not NameLevel.DIFFERENT and not given.may_be_compared(entry, row.birth_date)
    }


def _conflict(work: Work, held: set[tuple[IdentifierKind, str]], reason: str) -> RosterResult:
    kinds = kinds_of((kind, ("", "")) for kind, _ in held)
    finding = Finding(
        rule=CONFLICT,
        severity=Severity.REJECT,
        pointer=_POINTERS.get(kinds, ""),
        detail="The row contradicts what is on file of the person who has its number or NPI. Nothing of it was stored.",
        hint="Check its names, date of birth, number and NPI. If all of them are right, ask "
        f"{work.service.settings.support_contact}: the operator sees what differs.",
    )
    document = {"identifiers": list(kinds), "reason": reason, "physician_ids": sorted({id for _, id in held})}
    return RosterResult(outcome=RowOutcome.REJECTED, findings=(finding,), conflict=document)


def _kept_beside(pairs: Sequence[KeptPair]) -> tuple[Finding, ...]:
    """Return the warning about a row that was added beside somebody who has its numbers.

    Of somebody with the same name and birth date alone nothing is told: it would tell the date to who tries.
    """
    by_number = [seen for _, seen in pairs if "names" not in seen.evidence.split()]
    if not by_number:
        return ()
    finding = Finding(
        rule=KEPT_BESIDE,
        severity=Severity.WARNING,
        pointer="",
        detail="Somebody on file who has this number or NPI may be this person; the row was added beside them.",
        hint="Nothing needs to be done: the operator decides whether they are one person.",
    )
    return (finding,)
