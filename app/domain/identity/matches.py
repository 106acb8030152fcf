"""Identity: what a report must give to look for its physician, and who was found."""

from __future__ import annotations

import enum
from collections.abc import Callable
from datetime import date
from typing import Any

import msgspec

from app.domain.boards import Need
from app.domain.catalogue import Catalogue
from app.domain.identity.learners import Holding, Learner
from app.domain.reports import CompletionReport


class Result(enum.StrEnum):
    """How many learners fit what was given."""

    ONE = "one"
    """One physician."""
    SEVERAL = "more_than_one"
    """Several; more must be given to tell them apart."""
    NONE = "none"
    """Nobody, or different people for different parts."""
    NOT_ASKED = "not_asked"
    """Too little was given to look for anybody; the rules say what is missing."""


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """The physician found for a report, and the licence or certification of each part."""

    result: Result
    learner: Learner | None = None
    missed: tuple[str, ...] = ()
    """Pointers of the parts that fit nobody, or somebody else than the other parts."""
    unknown_licenses: tuple[str, ...] = ()
    """Pointers of licence numbers that nobody on file holds."""
    unknown_npis: tuple[str, ...] = ()
    """Pointers of NPIs that nobody on file has."""
    cme: tuple[tuple[Holding, ...], ...] = ()
    """The licences that each CME part goes to."""
    moc: tuple[Holding | None, ...] = ()
    """The certification of each MOC part; None where the physician has none of that board."""
    explain: Callable[[], dict[str, Any]] | None = None
    """Returns what the decision rests on, where evidence was weighed: levels and ids, never values."""


NOT_ASKED = Match(result=Result.NOT_ASKED)


def needs_birth_date(report: CompletionReport, catalogue: Catalogue) -> bool:
    """Return True if a report needs the birth date: CME always, MOC unless the board does not ask for it.

    A delete of a whole completion has only names and birth date to find its physician by.

    Source: slides, Reporting Learners: what info is needed.
    """
    if report.person.learner_id is not None or report.rems_only:
        return False
    day = report.completed_on if isinstance(report.completed_on, date) else None
    boards = [catalogue.certifying(moc.board, day) if moc.board else None for moc in report.moc]
    if report.cme or report.withdraws_whole:
        return True
    return any(board is not None and board.birth_date is Need.REQUIRED for board in boards)
