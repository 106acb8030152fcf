"""Who is meant: what must be given to look for a learner, and the answer as far as it may be told."""

from __future__ import annotations

import enum
from datetime import date

import msgspec

from app.domain.boards import Need
from app.domain.catalogue import Catalogue
from app.domain.learners import Holding, Learner
from app.domain.reports import CompletionReport


class Result(enum.StrEnum):
    """How many learners fit what was given."""

    ONE = "one"
    """Exactly one."""
    SEVERAL = "more_than_one"
    """More than one; more must be given."""
    NONE = "none"
    """Nobody, or different people for different parts of the record."""
    NOT_ASKED = "not_asked"
    """Too little was given to look for anybody; the rules say what is missing."""


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """The learner found for a report, and what the registry holds for each of its parts."""

    result: Result
    learner: Learner | None = None
    missed: tuple[str, ...] = ()
    """Pointers of the parts that nobody fits, or that fit somebody else than the rest."""
    unknown_licenses: tuple[str, ...] = ()
    """Pointers of licence numbers that no learner on file holds."""
    unknown_npis: tuple[str, ...] = ()
    """Pointers of NPIs that no learner on file has."""
    cme: tuple[tuple[Holding, ...], ...] = ()
    """For each CME part, the licences it goes to."""
    moc: tuple[Holding | None, ...] = ()
    """For each MOC part, the certification, or None when the learner has none of that board."""


NOT_ASKED = Match(result=Result.NOT_ASKED)


def birth_date_needed(report: CompletionReport, catalogue: Catalogue) -> bool:
    """Tell whether a record needs the birth date: CME always, MOC unless the board asks for none.

    A delete of a whole completion has nothing but names and birth date to find its learner by.

    Source: slides, Reporting Learners: what info is needed.
    """
    if report.person.learner_id is not None or report.rems_only:
        return False
    day = report.completed_on if isinstance(report.completed_on, date) else None
    boards = [catalogue.certifying(moc.board, day) if moc.board else None for moc in report.moc]
    if report.cme or report.withdraws_whole:
        return True
    return any(board is not None and board.birth_date is Need.REQUIRED for board in boards)
