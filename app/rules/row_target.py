"""Which completion a delete or an update by row is about: exactly one, found by learner, activity, day and occasion.

A target counts as standing until it is withdrawn, even when its board rejected it. A state means the licence that a
report of it would go to; where no credit ever stood there, the learner's other licences in that state. The targets
named and what was withdrawn before are compared for that day only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

import msgspec

from app.domain.catalogue import Catalogue
from app.domain.credits import Completion, CreditStatus
from app.domain.identity.matches import Match
from app.domain.reports import Action, CmePart, CompletionReport
from app.rules.standing import Standing


class RowTarget(msgspec.Struct, frozen=True, kw_only=True):
    """The completion that a delete or an update is about, or why none is."""

    completion: Completion | None = None
    """The one completion meant; None when there is none, or several are possible."""
    boards: frozenset[str] = frozenset()
    """Boards whose credit a delete takes back; none named means the whole completion."""
    missing: tuple[str, ...] = ()
    """Pointers of what stands nowhere and was not withdrawn either; empty text for the completion itself."""
    gone: bool = False
    """Whether all that a delete names was withdrawn before."""
    several: int = 0
    """How many completions are possible, when nothing tells them apart."""


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    pointer: str
    boards: tuple[str, ...]
    """The board meant first; the others may stand for it."""
    every: bool
    """Whether it means the credit of every one of the boards."""


class _Named(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a row, with the boards that it turns out to mean."""

    pointer: str
    boards: tuple[str, ...]


def find_row_target(
    report: CompletionReport, day: date, match: Match, standing: Standing, catalogue: Catalogue
) -> RowTarget | None:
    """Find the completion that a delete or an update is about; None when the targets it names cannot be read."""
    considered = [c for c in standing.on(day) if report.occasion in (None, c.occasion)]
    gone = {board for on, occasion, board in standing.gone if on == day and report.occasion in (None, occasion)}
    if report.action is Action.UPDATE:
        gone = set()
    if report.withdraws_whole or report.rems_only:
        return _find_whole(report, considered, gone)
    named = [
        _Named(pointer=part.pointer, boards=_boards_meant(part, considered, gone))
        for part in _parts(report, match, catalogue)
    ]
    if not named:
        return None
    if report.action is Action.UPDATE:
        return _find_to_update(named, considered)
    return _find_to_delete(named, considered, gone)


def _parts(report: CompletionReport, match: Match, catalogue: Catalogue) -> Iterator[_Part]:
    """Yield the targets named, as far as they can be read; a rule reports those that cannot."""
    for index, (cme, licenses) in enumerate(zip(report.cme, match.cme, strict=False)):
        if licenses and (report.action is Action.UPDATE or cme.names_credit):
            boards = tuple(held.board for held in licenses)
            others = _other_boards(cme, boards, match, catalogue)
            yield _Part(pointer=f"/cme/{index}", boards=boards + others, every=not cme.state)
    for index, moc in enumerate(report.moc):
        board = catalogue.certifying(moc.board) if moc.board else None
        if board is not None:
            yield _Part(pointer=f"/moc/{index}", boards=(board.code,), every=False)


def _other_boards(cme: CmePart, boards: Sequence[str], match: Match, catalogue: Catalogue) -> tuple[str, ...]:
    """Return the other boards of the state that license the learner, where no licence number says which is meant."""
    if not cme.state or cme.license_id or match.learner is None:
        return ()
    there = frozenset(board.code for board in catalogue.licensing(cme.state)) - set(boards)
    return tuple(sorted({held.board for held in match.learner.licensed_by(there)}))


def _stands(completion: Completion, boards: Iterable[str]) -> bool:
    return any(credit.board in boards and credit.status is not CreditStatus.WITHDRAWN for credit in completion.credits)


def _boards_meant(part: _Part, considered: Sequence[Completion], gone: set[str]) -> tuple[str, ...]:
    """Return the boards that a part means among what stands and what was withdrawn."""
    if part.every:
        return part.boards
    first = part.boards[0]
    if first in gone:
        # The same record sent again takes nothing else than it took the first time.
        return (first,)
    return next(((board,) for board in part.boards if any(_stands(c, (board,)) for c in considered)), (first,))


def _find_whole(report: CompletionReport, considered: Sequence[Completion], gone: set[str]) -> RowTarget:
    if len(considered) == 1:
        return RowTarget(completion=considered[0])
    if considered:
        return RowTarget(several=len(considered))
    return RowTarget(gone=True) if gone and report.action is Action.DELETE else RowTarget(missing=("",))


def _find_to_delete(named: Sequence[_Named], considered: Sequence[Completion], gone: set[str]) -> RowTarget:
    here = [part.boards for part in named if any(_stands(completion, part.boards) for completion in considered)]
    missing = [part.pointer for part in named if part.boards not in here and gone.isdisjoint(part.boards)]
    only = considered[0] if len(considered) == 1 else None
    if missing:
        return RowTarget(missing=tuple(missing) if considered else ("",))
    if not here:
        return RowTarget(completion=only, gone=True)
    found = [completion for completion in considered if all(_stands(completion, boards) for boards in here)]
    if len(found) != 1:
        return RowTarget(several=len(considered))
    return RowTarget(completion=found[0], boards=frozenset(board for boards in here for board in boards))


def _find_to_update(named: Sequence[_Named], considered: Sequence[Completion]) -> RowTarget:
    if not considered:
        return RowTarget(missing=("",))
    found = list(considered)
    if len(considered) > 1:
        found = [completion for completion in considered if all(_stands(completion, part.boards) for part in named)]
    if len(found) != 1:
        return RowTarget(several=len(considered))
    (only,) = found
    return RowTarget(completion=only, missing=tuple(part.pointer for part in named if not _stands(only, part.boards)))
