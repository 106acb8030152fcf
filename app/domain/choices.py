"""Values that the columns of files accept: what a drop-down offers, and what is understood besides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from app.domain.boards import Board, BoardKind
from app.domain.catalogue import Catalogue
from app.domain.columns import Choice
from app.domain.formats import ACTIVITY_FORMATS
from app.domain.rems import DEA_REGISTRATIONS, PROFESSIONS, TIMES_IN_PRACTICE
from app.domain.states import STATES

ACTIONS = ("Add", "Update", "Delete")
YES_NO = ("Yes", "No")
DELIVERY_METHODS = ("In-Person", "Live-Streamed", "Online", "Print/Other")
PROVIDERSHIPS = ("Direct", "Joint")
OUTCOMES = ("Learner Knowledge", "Learner Competence", "Learner Performance", "Patient Health", "Community Health")
FEES = ("Yes", "No", "Variable")
REGISTRATIONS = ("Open", "Limited")


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """One list: the values offered, and others that mean the same."""

    values: tuple[str, ...]
    also: tuple[str, ...] = ()


def certifying(catalogue: Catalogue) -> list[Board]:
    """Return the certifying boards by code."""
    return [each for each in catalogue.boards.values() if each.kind is BoardKind.CERTIFYING]


def choices_of(
    catalogue: Catalogue, medical_schools: Sequence[str] = (), practice_areas: Sequence[str] = ()
) -> dict[Choice, Choices]:
    """Return the list of every column that has one, from the catalogue and the lists that are data."""
    boards = certifying(catalogue)
    licensing = [each for each in catalogue.boards.values() if each.kind is BoardKind.LICENSING]
    types = [known for board in boards for known in board.credit_types]
    return {
        Choice.ACTION: Choices(values=ACTIONS),
        Choice.STATE: Choices(
            values=tuple(sorted(STATES.values())),
            also=(*STATES, *(each.code for each in licensing), *(each.name for each in licensing)),
        ),
        Choice.BOARD: Choices(
            values=tuple(each.code for each in boards),
            also=tuple(text for each in boards for text in (each.name, *each.aliases)),
        ),
        Choice.CREDIT_TYPE: Choices(
            values=_once(known.name for known in types), also=_once(text for known in types for text in known.aliases)
        ),
        Choice.SPECIAL_CREDIT: Choices(values=_once(text for each in licensing for text in each.special_credits)),
        Choice.PROFESSION: Choices(values=PROFESSIONS),
        Choice.DEA_REGISTRATION: Choices(values=DEA_REGISTRATIONS),
        Choice.PRACTICE_AREA: Choices(values=tuple(practice_areas)),
        Choice.TIME_IN_PRACTICE: Choices(values=TIMES_IN_PRACTICE),
        Choice.YES_NO: Choices(values=YES_NO),
        Choice.MEDICAL_SCHOOL: Choices(values=tuple(medical_schools)),
        Choice.FORMAT: Choices(
            values=tuple(each.name for each in ACTIVITY_FORMATS),
            also=tuple(text for each in ACTIVITY_FORMATS for text in (each.code, *each.other_names)),
        ),
        Choice.DELIVERY_METHOD: Choices(values=DELIVERY_METHODS),
        Choice.PROVIDERSHIP: Choices(values=PROVIDERSHIPS),
        Choice.OUTCOME: Choices(values=OUTCOMES),
        Choice.FEE: Choices(values=FEES),
        Choice.REGISTRATION: Choices(values=REGISTRATIONS),
    }


def _once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
