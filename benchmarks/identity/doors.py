"""The service's own doors, asked in groups as batches ask them: what is measured is what is shipped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from app.domain.catalogue import Catalogue
from app.domain.identity.learners import Person, RegistryRow
from app.domain.identity.matches import NOT_ASKED, Match, Result
from app.domain.identity.validations import ValidationAnswer, ValidationRequest
from app.domain.parsing import MonthDay, month_day
from app.domain.reports import CmePart, CompletionReport
from app.matching.exact import find_learner
from app.services.context import Work, operator, transact
from app.services.registry.validations import validate_each
from app.services.reporting.loading import load, match_learners
from app.store.sql.statements import fetch
from benchmarks.world.installation import PROVIDER, World

AT_ONCE = 2_000
DAY = date(2026, 6, 1)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A physician as somebody describes them at a door; None where it is not said."""

    id: str
    first: str
    last: str
    date: str | None
    """MM/DD"""
    state: str | None = None
    number: str | None = None
    was_number: bool = False
    """Whether the licence stood in a number cell, which loses leading zeros."""


@dataclass(frozen=True, kw_only=True)
class Answers:
    """The result for each that was asked, who was found where one was, and how long each took."""

    results: dict[str, Result]
    found: dict[str, str]
    """The id of a licence's holder, as `holders` tells it, by the id of what was asked."""
    microseconds: float


Holders = Mapping[str, str]
"""The ids that a benchmark gave its people, by the ids that the registry gave them."""


def holders(world: World, people: Iterable[tuple[str, RegistryRow]]) -> Holders:
    """Return who is who: physicians of the registry are recognised by their licences, which are nobody else's."""
    by_licence = {(held.board, held.number): id for id, row in people for held in row.licenses}
    rows = world.service.database.read(
        lambda connection: fetch(connection, "SELECT learner_id, board, license_id FROM licenses", {})
    )
    return {
        learner_id: by_licence[board, number] for learner_id, board, number in rows if (board, number) in by_licence
    }


def boards_of(catalogue: Catalogue, state: str) -> list[str]:
    """Return the codes of a state's boards, the medical one first."""
    return [board.code for board in catalogue.licensing(state)]


def validate(world: World, asked: Sequence[Asked], known: Holders) -> Answers:
    """Ask the validation door."""
    requests = [
        ValidationRequest(
            first_name=one.first,
            last_name=one.last,
            birth_date=_month_day(one.date),
            state=one.state,
            license_id=one.number,
        )
        for one in asked
    ]
    caller = operator(world.service, PROVIDER)

    def answer(work: Work, some: Sequence[ValidationRequest]) -> list[ValidationAnswer]:
        return validate_each([work] * len(some), some)

    begun = time.perf_counter()
    answers = [
        answer_of_one
        for start in range(0, len(requests), AT_ONCE)
        for answer_of_one in transact(caller, answer, requests[start : start + AT_ONCE])
    ]
    seconds = time.perf_counter() - begun
    named = {
        learner_id: known[physician_id]
        for physician_id, learner_id in world.service.database.read(
            lambda connection: fetch(connection, "SELECT learner_id, link FROM learner_links", {})
        )
        if physician_id in known
    }
    return Answers(
        results={one.id: told.result for one, told in zip(asked, answers, strict=True)},
        found={
            one.id: named[told.learner_id]
            for one, told in zip(asked, answers, strict=True)
            if told.learner_id is not None
        },
        microseconds=seconds * 1e6 / max(1, len(asked)),
    )


def report(world: World, asked: Sequence[Asked], known: Holders) -> Answers:
    """Ask who is meant by reports of CME, as the pipeline does before it judges them."""
    return _report_by(world, asked, known, match_each)


def report_exactly(world: World, asked: Sequence[Asked], known: Holders) -> Answers:
    """Ask the same of exact matching alone."""
    return _report_by(world, asked, known, match_exactly)


def match_each(work: Work, reports: Sequence[CompletionReport]) -> list[Match]:
    """Return who is meant by each report, as the service decides it."""
    return match_learners(work, reports, load(work, reports, locking=False))


def match_exactly(work: Work, reports: Sequence[CompletionReport]) -> list[Match]:
    """Return who is meant by each report where names, date and numbers are exactly as on file."""
    loaded = load(work, reports, locking=False)
    return [
        find_learner(one, loaded.candidates, loaded.facts.catalogue, keys) if keys is not None else NOT_ASKED
        for one, keys in zip(reports, loaded.wanted, strict=True)
    ]


def _report_by(
    world: World,
    asked: Sequence[Asked],
    known: Holders,
    match: Callable[[Work, Sequence[CompletionReport]], list[Match]],
) -> Answers:
    reports = [report_of(one, world.activity_id, world.service.clock()) for one in asked]
    caller = operator(world.service, PROVIDER)
    begun = time.perf_counter()
    matches = [
        match_of_one
        for start in range(0, len(reports), AT_ONCE)
        for match_of_one in transact(caller, match, reports[start : start + AT_ONCE])
    ]
    seconds = time.perf_counter() - begun
    return Answers(
        results={one.id: told.result for one, told in zip(asked, matches, strict=True)},
        found={
            one.id: known[told.learner.physician_id]
            for one, told in zip(asked, matches, strict=True)
            if told.result is Result.ONE and told.learner is not None
        },
        microseconds=seconds * 1e6 / max(1, len(asked)),
    )


def report_of(one: Asked, activity_id: str, now: datetime) -> CompletionReport:
    """Return a report of CME as it comes out of a document."""
    return CompletionReport(
        provider_id=PROVIDER,
        activity_id=activity_id,
        completed_on=DAY,
        permission=True,
        person=Person(first_name=one.first, last_name=one.last, birth_date=_month_day(one.date)),
        cme=(CmePart(state=one.state, license_id=one.number, license_was_number=one.was_number, credits=1),),
        received_at=now,
    )


def _month_day(text: str | None) -> MonthDay | None:
    return month_day(int(text[:2]), int(text[3:])) if text else None
