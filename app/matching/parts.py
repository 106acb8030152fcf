"""Parts: the licences and certifications of a physician that the parts of a report go to. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

from msgspec.structs import replace

from app.domain.catalogue import Catalogue
from app.domain.identity.candidates import Candidates
from app.domain.identity.comparison_keys import id_key, same_id
from app.domain.identity.learners import Holding, Learner, Person
from app.domain.identity.matches import Match, Result
from app.domain.parsing import MonthDay, is_npi
from app.domain.reports import Action, CmePart, CompletionReport, MocPart


def npi_proves(learner: Learner, person: Person) -> bool:
    """Return True unless sources gave the NPI for others too, and neither learner id nor birth date tells who it is."""
    return (
        not learner.npi_disputed
        or person.learner_id is not None
        or (isinstance(person.birth_date, MonthDay) and learner.birth_date is not None)
    )


def gives_number(report: CompletionReport) -> bool:
    """Return True if a report gives an identifier: an NPI, a licence number or a board's id."""
    npi = report.person.npi
    return (
        bool(npi and is_npi(npi))
        or any(cme.license_id for cme in report.cme)
        or any(moc.board_id for moc in report.moc)
    )


def asks_license(cme: CmePart, report: CompletionReport, catalogue: Catalogue) -> bool:
    """Return True if the registry can be asked about a CME part; a missing or unknown state has a rule of its own."""
    if cme.state:
        return bool(catalogue.licensing(cme.state))
    return stands_alone(report) or (cme.license_id is not None and is_npi(cme.license_id))


def fits_moc(learner: Learner, *, moc: MocPart, catalogue: Catalogue, strict: bool) -> bool:
    """Return True if a certification of the board, with the id given, is on file; if not `strict`, also if none is."""
    board = catalogue.certifying(moc.board) if moc.board else None
    if board is None:
        return True
    held = learner.certified_by(board.code)
    if not held:
        return not strict
    return not moc.board_id or bool(with_number(held, moc.board_id, was_number=moc.id_was_number))


def licenses_of(
    learner: Learner, cme: CmePart, report: CompletionReport, candidates: Candidates, catalogue: Catalogue
) -> tuple[Holding, ...]:
    """Return the licences a CME part goes to: one in the state named, or all if no state is named."""
    as_npi = (
        cme.license_id is not None
        and is_npi(cme.license_id)
        and learner.npi == cme.license_id
        and npi_proves(learner, report.person)
    )
    if not cme.state:
        meant = learner.licenses if as_npi or stands_alone(report) else ()
        if cme.license_id and not as_npi:
            meant = with_number(meant, cme.license_id, was_number=cme.license_was_number)
        meant = _held_on_the_day(meant, report)
        return tuple({held.board: held for held in reversed(meant)}.values())[::-1]
    order = [board.code for board in catalogue.licensing(cme.state)]
    held_there = learner.licensed_by(order)
    if len(held_there) > 1:
        held_there = tuple(sorted(held_there, key=lambda held: order.index(held.board)))
    if cme.license_id and not as_npi:
        held_there = with_number(held_there, cme.license_id, was_number=cme.license_was_number)
        held_there = _without_others(held_there, learner, report, candidates)
    return _confirmed_first(_held_on_the_day(held_there, report))[:1]


def _confirmed_first(held: tuple[Holding, ...]) -> tuple[Holding, ...]:
    """Return licences, those that only their holder has told behind the others: no credit goes to them."""
    if len(held) < 2 or not any(holding.self_reported for holding in held):
        return held
    return tuple(sorted(held, key=lambda holding: holding.self_reported))


def credit_confirmed(match: Match, report: CompletionReport) -> Match:
    """Return a match without the licences that only their holder has told; nobody, where a part has no other.

    They have helped to find the physician, and a delete may find by them what stands. Credit waits until a board or the
    operator confirms the licence.
    """
    if match.result is not Result.ONE or report.action is Action.DELETE:
        return match
    if not any(holding.self_reported for held in match.cme for holding in held):
        return match
    cme = tuple([tuple([holding for holding in held if not holding.self_reported]) for held in match.cme])
    lost = [place for place, held in enumerate(match.cme) if held and not cme[place]]
    if not lost:
        return replace(match, cme=cme)
    alone = len(lost) == len(report.cme) + len(report.moc)
    return Match(
        result=Result.NONE,
        missed=("/learner",) if alone else tuple([f"/cme/{place}" for place in lost]),
        unknown_licenses=match.unknown_licenses,
        unknown_npis=match.unknown_npis,
        explain=None if match.explain is None else partial(_explain_unconfirmed, match.explain),
    )


def _explain_unconfirmed(explain: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return what a find rests on, and that the licence which credit would go to was told by its holder alone."""
    return explain() | {"result": Result.NONE.value, "stopped_by": "unconfirmed-license"}


def _held_on_the_day(held: tuple[Holding, ...], report: CompletionReport) -> tuple[Holding, ...]:
    """Return licences, those first that are held on the day of completion: a lapsed licence makes no miss."""
    day = report.completed_on
    if not isinstance(day, date) or all(holding.dates is None for holding in held):
        return held
    valid = tuple([holding for holding in held if holding.dates is None or holding.dates.covers(day)])
    return (*valid, *[holding for holding in held if holding not in valid])


def _without_others(
    held: tuple[Holding, ...], learner: Learner, report: CompletionReport, candidates: Candidates
) -> tuple[Holding, ...]:
    """Return the licences of a number given without those that are somebody else's on the day of completion.

    A number is asked about only where it was given: then everybody who holds it was looked up, whatever else was
    reported beside it.
    """
    day = report.completed_on
    if not isinstance(day, date) or all(holding.dates is None for holding in held):
        return held
    return tuple(
        [
            holding
            for holding in held
            if holding.dates is None
            or holding.dates.covers(day)
            or not candidates.another_holds(holding, day, learner.physician_id)
        ]
    )


def with_number(held: tuple[Holding, ...], given: str, *, was_number: bool) -> tuple[Holding, ...]:
    """Return the holdings with a number: exact matches first, then those that differ by leading zeros."""
    key = id_key(given)
    exact = tuple([holding for holding in held if holding.key == key])
    if not was_number:
        return exact
    return exact + tuple(
        [holding for holding in held if holding.key != key and same_id(holding.key, key, was_number=True)]
    )


def stands_alone(report: CompletionReport) -> bool:
    """Return True if the report identifies its physician without a state: by NPI or learner id."""
    person = report.person
    return person.learner_id is not None or bool(person.npi and is_npi(person.npi))


def certification_of(learner: Learner, moc: MocPart, catalogue: Catalogue) -> Holding | None:
    """Return the certification that an MOC part goes to, None if the physician has none of that board."""
    board = catalogue.certifying(moc.board) if moc.board else None
    if board is None:
        return None
    held = learner.certified_by(board.code)
    given = with_number(held, moc.board_id, was_number=moc.id_was_number) if moc.board_id and len(held) > 1 else ()
    return next(iter(given or held), None)
