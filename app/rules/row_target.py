"""Which completion a delete or an update is about: exactly one, found by learner, activity, day and occasion.

A target counts as standing until it is withdrawn, one that its board rejected as well. A state means
the licence that a report of it would go to; where no credit ever stood there, the learner's other
licences in that state. What it names and what was withdrawn before are compared for that day only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import NamedTuple

import msgspec

from app.domain.catalogue import Catalogue
from app.domain.credits import Completion, CreditStatus
from app.domain.identity import Match
from app.domain.reports import Action, CmePart, CompletionReport
from app.rules.placement import Standing


class RowTarget(msgspec.Struct, frozen=True, kw_only=True):
    """What was found for a delete or an update."""

    completion: Completion | None = None
    """The one completion meant; None when there is none, or more than one comes into question."""
    boards: frozenset[str] = frozenset()
    """Boards whose credit a delete takes back; none named means the whole completion."""
    missing: tuple[str, ...] = ()
    """Pointers of what stands nowhere and was not withdrawn either; empty text for the completion itself."""
    gone: bool = False
    """Whether all that a delete names was withdrawn before."""
    several: int = 0
    """How many completions come into question, when nothing tells them apart."""


class _Part(NamedTuple):
    pointer: str
    boards: tuple[str, ...]
    """The board meant first; the others may stand for it."""
    every: bool
    """Whether it means the credit of every one of the boards."""


def seek(
    report: CompletionReport, day: date, match: Match, standing: Standing, catalogue: Catalogue
) -> RowTarget | None:
    """Find the completion that a delete or an update is about; None when what it names cannot be read."""
    considered = [each for each in standing.on(day) if report.occasion in (None, each.occasion)]
    gone = {board for on, occasion, board in standing.gone if on == day and report.occasion in (None, occasion)}
    if report.action is Action.UPDATE:
        gone = set()
    if report.withdraws_whole or report.rems_only:
        return _whole(report, considered, gone)
    parts = [(each.pointer, _meant(each, considered, gone)) for each in _parts(report, match, catalogue)]
    if not parts:
        return None
    if report.action is Action.UPDATE:
        return _to_update(parts, considered)
    return _to_delete(parts, considered, gone)


def _parts(report: CompletionReport, match: Match, catalogue: Catalogue) -> Iterator[_Part]:
    """Yield the targets named, as far as they can be read; what cannot has its own finding."""
    for index, (cme, licenses) in enumerate(zip(report.cme, match.cme, strict=False)):
        if licenses and (report.action is Action.UPDATE or cme.names_credit):
            boards = tuple(held.board for held in licenses)
            yield _Part(f"/cme/{index}", boards + _others(cme, boards, match, catalogue), every=not cme.state)
    for index, moc in enumerate(report.moc):
        board = catalogue.certifying(moc.board) if moc.board else None
        if board is not None:
            yield _Part(f"/moc/{index}", (board.code,), every=False)


def _others(cme: CmePart, boards: Sequence[str], match: Match, catalogue: Catalogue) -> tuple[str, ...]:
    """Return the other boards of the state by which the learner is licensed, where no licence says which is meant."""
    if not cme.state or cme.license_id or match.learner is None:
        return ()
    there = frozenset(board.code for board in catalogue.licensing(cme.state)) - set(boards)
    return tuple(sorted({held.board for held in match.learner.licensed_by(there)}))


def _stands(completion: Completion, boards: Iterable[str]) -> bool:
    return any(each.board in boards and each.status is not CreditStatus.WITHDRAWN for each in completion.credits)


def _meant(part: _Part, considered: Sequence[Completion], gone: set[str]) -> tuple[str, ...]:
    """Return the boards that a part means among what stands and what was withdrawn."""
    if part.every:
        return part.boards
    first = part.boards[0]
    if first in gone:
        # The same record sent again takes nothing else than it took the first time.
        return (first,)
    return next(((each,) for each in part.boards if any(_stands(c, (each,)) for c in considered)), (first,))


def _whole(report: CompletionReport, considered: Sequence[Completion], gone: set[str]) -> RowTarget:
    if len(considered) == 1:
        return RowTarget(completion=considered[0])
    if considered:
        return RowTarget(several=len(considered))
    return RowTarget(gone=True) if gone and report.action is Action.DELETE else RowTarget(missing=("",))


def _to_delete(
    parts: Sequence[tuple[str, tuple[str, ...]]], considered: Sequence[Completion], gone: set[str]
) -> RowTarget:
    here = [boards for _, boards in parts if any(_stands(each, boards) for each in considered)]
    missing = [pointer for pointer, boards in parts if boards not in here and gone.isdisjoint(boards)]
    only = considered[0] if len(considered) == 1 else None
    if missing:
        return RowTarget(missing=tuple(missing) if considered else ("",))
    if not here:
        return RowTarget(completion=only, gone=True)
    found = [each for each in considered if all(_stands(each, boards) for boards in here)]
    if len(found) != 1:
        return RowTarget(several=len(considered))
    return RowTarget(completion=found[0], boards=frozenset(board for boards in here for board in boards))


def _to_update(parts: Sequence[tuple[str, tuple[str, ...]]], considered: Sequence[Completion]) -> RowTarget:
    if not considered:
        return RowTarget(missing=("",))
    found = list(considered)
    if len(considered) > 1:
        found = [each for each in considered if all(_stands(each, boards) for _, boards in parts)]
    if len(found) != 1:
        return RowTarget(several=len(considered))
    (only,) = found
    return RowTarget(completion=only, missing=tuple(pointer for pointer, boards in parts if not _stands(only, boards)))
