"""The budgets against guessing birth dates: every door that compares one passes here, after matching.

Names, NPIs and licences are public; the birth date, one of 366, is the one secret. So dates are counted for each
*person asked about*, over all callers and doors (`DOORS`): five distinct dates in 30 days may lead to nobody. Beyond it
nobody is told that a date is right but a provider that has found the person before. A client has a limit of its own,
which comes first: whoever tries dates on many people is stopped before many budgets are spent.

    questions   which dates could tell something, and about whom    (reads)
    settle      lock the persons, count in the order of questions, store; which answers are refused    (writes)

What a date costs is committed in the transaction that decides, before the answer is told: `Work.keeps_refusal`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from app.core.clock import new_id
from app.core.logging import log
from app.core.security import Keyring
from app.domain.identity.budgets import (
    CLIENT_DATES,
    CLIENT_SHARE,
    CLIENT_WITHIN,
    PERSON_DATES,
    PERSON_WITHIN,
    UNDATED_DATES,
    BudgetKind,
    Question,
)
from app.domain.identity.learners import Learner
from app.domain.identity.matches import Match, Result
from app.domain.parsing import MonthDay
from app.domain.reports import CompletionReport
from app.matching.by_evidence import name_of, states_asked
from app.matching.without_date import describe_report, reported_by_own_date
from app.services.context import Service, Work
from app.services.reporting.loading import Loaded
from app.services.reporting.namesakes import SoughtName, load_people
from app.store.registry import budgets

DOORS = {
    "validate_learner": "a validation",
    "upload_batch": "a file of validations, of completions that are added, updated or deleted, or of licensees whose "
    "transcripts a board asks for; its dry run",
    "report_completion": "a report, with an idempotency key or without",
    "preview_completion": "a report that is only judged",
    "report_completions": "many reports at once",
    "correct_completion": "a correction",
    "put_completion": "a report under a reference, or its correction",
    "change_completion": "a patch that names the learner anew",
    "ask_to_join": "somebody who asks for an account in CME Passport, on a page",
    "save_learner_activities": "a document of completions",
    "match_learner": "a validation as a document",
    "find_licensee_transcript": "a board that looks one of its licensees up by an address",
    "find_licensee_transcript_file": "the same, as a PDF",
    "total_licensee_credits": "the same, for totals",
    "search_transcripts": "a board that looks one of its licensees up",
    "total_transcripts": "the same, for totals",
    "look_licensee_up": "the same, by a board's staff on a page",
}
"""The operations that compare a birth date with the registry. Who adds one adds it here, and to the attack's tests."""

Questions = Mapping[int, Question]
"""Questions by the place of their report or request."""


def spend(
    works: Sequence[Work], reports: Sequence[CompletionReport], loaded: Loaded, matches: Sequence[Match]
) -> list[Match]:
    """Charge the birth dates that led to nobody, in the order of reports; return the matches that may be told."""
    questions = questions_of(works, reports, loaded, matches)
    refused = settle(works[0].connection, works[0].service, works[0].now, questions)
    # What is refused takes as long as any other miss.
    _meant(works, reports, loaded, sorted(refused))
    for place in questions:
        works[place].keeps_refusal = True
    return withhold(matches, reports, refused)


def withhold(matches: Sequence[Match], reports: Sequence[CompletionReport], refused: set[int]) -> list[Match]:
    """Return the matches that may be told: those refused are misses, and all misses by a birth date are alike."""
    return [
        _as_miss(match)
        if place in refused or (match.result is Result.NONE and isinstance(report.person.birth_date, MonthDay))
        else match
        for place, (match, report) in enumerate(zip(matches, reports, strict=True))
    ]


def _as_miss(match: Match) -> Match:
    """Return a miss that says of licences and NPIs what is public, and of the person nothing."""
    return Match(
        result=Result.NONE,
        missed=("/learner",),
        unknown_licenses=match.unknown_licenses,
        unknown_npis=match.unknown_npis,
    )


def questions_of(
    works: Sequence[Work], reports: Sequence[CompletionReport], loaded: Loaded, matches: Sequence[Match]
) -> Questions:
    """Return the questions of some reports that have been matched; reads only."""
    asked: dict[int, Asked] = {}
    for place, (work, report, match) in enumerate(zip(works, reports, matches, strict=True)):
        date = report.person.birth_date
        if report.sandbox or match.result is Result.NOT_ASKED or not isinstance(date, MonthDay):
            continue
        learner = match.learner
        if learner is not None and learner.birth_date is None and report.person.learner_id is not None:
            # A learner id is about one person: no namesake was compared.
            continue
        found = learner.physician_id if learner is not None else None
        asked[place] = Asked(work, str(date), match.result, found)
    meant = _meant(works, reports, loaded, [place for place, one in asked.items() if one.found is None])
    for place, people in meant.items():
        asked[place] = replace(asked[place], people=people, beside=describe_report(reports[place]))
    return make_questions(asked)


def _meant(
    works: Sequence[Work], reports: Sequence[CompletionReport], loaded: Loaded, places: Sequence[int]
) -> dict[int, list[Learner]]:
    """Return everybody whom the reports at some places would find by their own birth dates; no places, no statement."""
    if not places:
        return {}
    catalogue = loaded.facts.catalogue
    sought: dict[int, SoughtName] = {}
    for place in places:
        report, keys = reports[place], loaded.wanted[place]
        by_number = report.person.learner_id is not None or (keys is not None and bool(keys.licenses or keys.npis))
        sought[place] = SoughtName(
            key=report.person.name,
            parsed=name_of(report),
            states=states_asked(report, catalogue),
            by_number=by_number,
        )
    alike = load_people(works[0].connection, sought)
    meant = {}
    for place in places:
        report, keys = reports[place], loaded.wanted[place]
        people = loaded.candidates.under(keys, report) if keys is not None else {}
        if report.person.learner_id is None:
            people = people | {learner.physician_id: learner for learner in alike[place]}
        meant[place] = reported_by_own_date(report, people.values(), loaded.candidates, catalogue)
    return meant


class Asked(msgspec.Struct, frozen=True):
    """A birth date that was asked about, before it is known whether it could tell anything."""

    work: Work
    birth_date: str
    """MM/DD."""
    led_to: Result
    found: str | None
    """The physician who was found."""
    beside: str = ""
    """What was given beside the date."""
    people: Sequence[Learner] = ()
    """Where nobody was found, or several: everybody who would be by their own birth date."""


def make_questions(asked: Mapping[int, Asked]) -> Questions:
    """Return the questions among what was asked: no finds whose birth date the provider knows.

    Every miss is one, and every find of somebody whose birth date is not on file. Where nobody can be meant whom the
    provider has not found, what was asked stands for the person.
    """
    if not asked:
        return {}
    first = next(iter(asked.values())).work
    concerned = {place: _concerned(one) for place, one in asked.items()}
    unknown = budgets.find_unknown(
        first.connection,
        {(asked[place].work.caller.provider_id, person) for place, people in concerned.items() for person in people},
    )
    questions: dict[int, Question] = {}
    for place, people in concerned.items():
        one, nobody = asked[place], ""
        provider_id = one.work.caller.provider_id
        persons = tuple([person for person in people if (provider_id, person) in unknown])
        if not persons:
            if one.led_to is not Result.NONE:
                continue
            nobody = f"nobody {first.service.keyring.record_digest('identity-nobody', one.beside.encode())}"
        questions[place] = Question(
            provider_id=provider_id,
            client_id=one.work.caller.client.client_id,
            birth_date=one.birth_date,
            led_to=one.led_to,
            persons=persons,
            undated=any(not unknown[provider_id, person] for person in persons),
            nobody=nobody,
        )
    return questions


def _concerned(one: Asked) -> list[str]:
    """Return the physicians whom an answer says something of; where several were found, those whose date it is."""
    if one.found is not None:
        return [one.found]
    everybody = one.led_to is Result.NONE
    return [learner.physician_id for learner in one.people if everybody or learner.birth_date == one.birth_date]


def settle(connection: Connection, service: Service, now: datetime, questions: Questions) -> set[int]:
    """Charge questions in their order, all in this transaction; return the places of those whose find may not be told.

    Persons who are charged, and the clients that charge them, are locked alone, those who are found shared: of many
    requests at once each sees what those before it have cost.
    """
    if not questions:
        return set()
    charging = [question for question in questions.values() if question.led_to is Result.NONE or question.undated]
    charged = {person for question in charging for person in _subjects(question)}
    found = {person for question in questions.values() for person in question.persons} - charged
    budgets.lock(connection, charged | {f"client {question.client_id}" for question in charging}, found)
    counts = _Counts(
        keyring=service.keyring,
        now=now,
        tries=budgets.load_tries(connection, charged | found, now - PERSON_WITHIN),
        clients=_load_limits(connection, {question.client_id for question in questions.values()}, now),
    )
    refused = {place for place, question in questions.items() if counts.refuses(question)}
    budgets.add_tries(connection, counts.new_tries, now - PERSON_WITHIN)
    budgets.add_finds(connection, counts.new_finds)
    budgets.note_spent(connection, counts.list_spent())
    return refused


def _subjects(question: Question) -> tuple[str, ...]:
    return question.persons or (question.nobody,)


@dataclass(slots=True)
class _ClientLimit:
    """How many questions of a client have led to nobody, and how many may."""

    questions: int
    most: int
    """Before what it finds in this transaction."""
    found: int = 0

    @property
    def is_over(self) -> bool:
        return self.questions >= self.most + self.found // CLIENT_SHARE


def _load_limits(connection: Connection, client_ids: Iterable[str], now: datetime) -> dict[str, _ClientLimit]:
    """Return how far each client is from its limit; finds are counted only where they matter."""
    since = now - CLIENT_WITHIN
    questions = budgets.count_questions(connection, client_ids, since)
    limits = {}
    for client_id in client_ids:
        asked, most = questions.get(client_id, 0), CLIENT_DATES
        if asked * 2 >= CLIENT_DATES:
            enough = 2 * asked * CLIENT_SHARE
            most += budgets.count_finds(connection, client_id, since, enough) // CLIENT_SHARE
        limits[client_id] = _ClientLimit(asked, most)
    return limits


@dataclass(slots=True, kw_only=True)
class _Counts:
    """What was charged, kept in memory while the questions of one transaction are decided in their order."""

    keyring: Keyring
    now: datetime
    tries: dict[str, set[str]]
    clients: dict[str, _ClientLimit]
    new_tries: list[dict[str, object]] = field(default_factory=list)
    new_finds: list[dict[str, object]] = field(default_factory=list)
    spent: dict[tuple[BudgetKind, str], int] = field(default_factory=dict)
    """Answers refused for each budget that is spent."""

    def refuses(self, question: Question) -> bool:
        """Charge a question; return whether what it found may not be told."""
        limit = self.clients[question.client_id]
        if question.led_to is Result.NONE:
            self._charge(question, limit)
            return False
        if question.undated:
            return self._refuses_undated(question, limit)
        without = [(BudgetKind.PERSON, person) for person in question.persons if self._is_spent(person)]
        if limit.is_over:
            without.append((BudgetKind.CLIENT, question.client_id))
        for budget in without:
            self._note(budget)
        if not without and question.led_to is Result.ONE:
            self._keep_find(question, limit)
        return bool(without)

    def _refuses_undated(self, question: Question, limit: _ClientLimit) -> bool:
        """Charge a date that found somebody who has none on file; return whether the find may not be told.

        It was found because no namesake has the date: who tries dates beside the same number learns the namesake's.
        """
        (person,) = question.persons
        digest = self._digest(person, question)
        tried = self.tries.setdefault(person, set())
        if digest in tried:
            return False
        refused = [(BudgetKind.PERSON, person)] if len(tried) >= UNDATED_DATES else []
        if tried and limit.is_over:
            refused.append((BudgetKind.CLIENT, question.client_id))
        for budget in refused:
            self._note(budget)
        if not refused:
            # The first date is what every honest sender gives; another one is a slip, or a try.
            self._keep_try(person, digest, question, counts=bool(tried))
            limit.questions += bool(tried)
            tried.add(digest)
        return bool(refused)

    def _digest(self, person: str, question: Question) -> str:
        return self.keyring.record_digest("identity-date", f"{person} {question.birth_date}".encode())

    def _keep_try(self, person: str, digest: str, question: Question, *, counts: bool) -> None:
        self.new_tries.append(
            {
                "person": person,
                "date_digest": digest,
                "client_id": question.client_id,
                "counted": counts,
                "at": self.now,
            }
        )

    def _is_spent(self, person: str) -> bool:
        return len(self.tries.get(person, ())) >= PERSON_DATES

    def _note(self, budget: tuple[BudgetKind, str], refused: int = 1) -> None:
        self.spent[budget] = self.spent.get(budget, 0) + refused

    def _charge(self, question: Question, limit: _ClientLimit) -> None:
        if question.persons and limit.is_over:
            self._note((BudgetKind.CLIENT, question.client_id))
            return
        counted = False
        for person in _subjects(question):
            digest = self._digest(person, question)
            tried = self.tries.setdefault(person, set())
            if digest not in tried and len(tried) >= PERSON_DATES:
                if question.persons:
                    self._note((BudgetKind.PERSON, person))
                continue
            # A date that was tried before is stored once more, to no effect: it takes as long as a new one.
            counts = bool(question.persons) and not counted and digest not in tried
            counted = counted or counts
            became_spent = digest not in tried and len(tried) + 1 == PERSON_DATES
            tried.add(digest)
            self._keep_try(person, digest, question, counts=counts)
            if question.persons and became_spent:
                self._note((BudgetKind.PERSON, person), 0)
        limit.questions += counted

    def _keep_find(self, question: Question, limit: _ClientLimit) -> None:
        (person,) = question.persons
        limit.found += 1
        self.new_finds.append(
            {
                "provider_id": question.provider_id,
                "learner_id": person,
                "client_id": question.client_id,
                "at": self.now,
            }
        )

    def list_spent(self) -> list[dict[str, object]]:
        """Return the rows of budgets that are spent; a client over its limit is told in the log as well."""
        for kind, subject in self.spent:
            if kind is BudgetKind.CLIENT:
                limit = self.clients[subject]
                log.warning(
                    "a client asks about too many birth dates that lead to nobody",
                    client_id=subject, questions=limit.questions, limit=limit.most + limit.found // CLIENT_SHARE,
                )  # fmt: skip
        return [
            {
                "budget_id": new_id(),
                "kind": kind.value,
                "subject": subject,
                "spent_at": self.now,
                "refused": refused,
                "refused_at": self.now if refused else None,
            }
            for (kind, subject), refused in self.spent.items()
        ]
