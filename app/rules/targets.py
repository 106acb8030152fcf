"""The credits that a record asks for: one target for each licensing or certifying board."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

import msgspec

from app.domain.activities import Activity
from app.domain.boards import Board
from app.domain.catalogue import Catalogue
from app.domain.credits import CME, Credit, CreditKind
from app.domain.identity.comparison_keys import code_key
from app.domain.identity.learners import Holding
from app.domain.identity.matches import Match
from app.domain.parsing import plain_text
from app.domain.reports import CmePart, CompletionReport, MocPart, TypeAmount, quarters_of


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One credit that a record asks for."""

    pointer: str
    kind: CreditKind
    board: str
    quarters: float
    credit_types: tuple[tuple[str, float], ...]
    client_references: tuple[str, ...]
    """The sender's own keys, of the record, of this part of it, and of its types."""
    number_reported: str | None
    holding: Holding
    once_per_day: bool

    @property
    def ledger(self) -> str:
        """The ledger target that the amount counts against."""
        return CME if self.kind is CreditKind.CME else self.board

    def shares_reference(self, credit: Credit) -> bool:
        """Whether a credit has one of its references, in any spelling."""
        own = set(map(plain_text, self.client_references))
        return not own.isdisjoint(map(plain_text, credit.client_references))

    def equals(self, credit: Credit) -> bool:
        """Whether a credit that stands has the same amount and types."""
        return self.quarters == credit.quarters and sorted(self.credit_types) == sorted(credit.credit_types)


def targets_of(
    report: CompletionReport, day: date, activity: Activity, match: Match, catalogue: Catalogue
) -> Iterator[Target]:
    """Yield the credits that a record asks for. A part that cannot be read is left out: a rule reports it."""
    for index, (cme, licenses) in enumerate(zip(report.cme, match.cme, strict=True)):
        quarters = quarters_of(cme.credits)
        for license_ in licenses if quarters is not None else ():
            board = catalogue.boards[license_.board].on(day)
            yield Target(
                pointer=f"/cme/{index}",
                kind=CreditKind.CME,
                board=license_.board,
                quarters=quarters or 0,
                credit_types=_special_credits(cme, board),
                client_references=_references(report, cme, cme.special_credits),
                number_reported=cme.license_id,
                holding=license_,
                once_per_day=False,
            )
    for index, (moc, certification) in enumerate(zip(report.moc, match.moc, strict=True)):
        certifying = catalogue.certifying(moc.board, day) if moc.board else None
        if certifying is None or certification is None or moc.total_quarters is None:
            continue
        yield Target(
            pointer=f"/moc/{index}",
            kind=CreditKind.MOC,
            board=certifying.code,
            quarters=moc.total_quarters,
            credit_types=tuple(
                (canonical_type(part.type, certifying, activity), quarters)
                for part in moc.credit_types
                if part.type and (quarters := quarters_of(part.credits)) is not None
            ),
            client_references=_references(report, moc, moc.credit_types),
            number_reported=moc.board_id,
            holding=certification,
            once_per_day=certifying.counts_once_per_day(activity.kind.code if activity.kind else ""),
        )


def canonical_type(text: str, board: Board, activity: Activity) -> str:
    """Return the name under which a credit type is stored: the board's own, else as the activity registered it."""
    known = board.credit_type(text)
    if known is not None:
        return known.name
    registration = activity.registration(board.code)
    registered = registration.credit_types if registration else ()
    return next((name for name in registered if code_key(name) == code_key(text)), text)


def part_of(report: CompletionReport, target: Target) -> CmePart | MocPart:
    """Return the part of a record that asks for a target."""
    index = int(target.pointer.rpartition("/")[2])
    return report.cme[index] if target.kind is CreditKind.CME else report.moc[index]


def own_references(part: CmePart | MocPart) -> tuple[str, ...]:
    """Return the sender's own keys of a part of a record and of its types, without those of the record."""
    types = part.special_credits if isinstance(part, CmePart) else part.credit_types
    given = (part.client_reference, *(part.client_references or ()), *[t.client_reference for t in types])
    return tuple([reference for reference in given if reference])


def _references(report: CompletionReport, part: CmePart | MocPart, types: Iterable[TypeAmount]) -> tuple[str, ...]:
    """Return the sender's own keys of a credit, from the record down to its types, each once in its first spelling."""
    given = [
        reference
        for reference in (report.client_reference, part.client_reference, *[t.client_reference for t in types])
        if reference
    ]
    if report.client_references or part.client_references:
        given = [*report.references, *own_references(part)]
    return tuple({plain_text(reference): reference for reference in reversed(given)}.values())[::-1] if given else ()


def _special_credits(cme: CmePart, board: Board) -> tuple[tuple[str, float], ...]:
    """Return a CME part's special credits as one board names them, without those that the board does not know."""
    if not cme.special_credits:
        return ()
    names = {code_key(name): name for name in board.special_credits}
    return tuple(
        (names[code_key(part.type)], quarters)
        for part in cme.special_credits
        if part.type and code_key(part.type) in names and (quarters := quarters_of(part.credits)) is not None
    )
