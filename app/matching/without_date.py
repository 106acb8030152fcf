"""Who may be meant where the birth date is left out of account: everybody found by their own. Pure.

It has to be everybody whom the right date would find, or a date could be tried under a name that is only near. So each
is judged by the same two stages, as if the date given were theirs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from msgspec.structs import replace

from app.domain.catalogue import Catalogue
from app.domain.identity.candidates import Candidates
from app.domain.identity.comparison_keys import id_key
from app.domain.identity.learners import Learner
from app.domain.identity.matches import Match, Result
from app.domain.identity.validations import ValidationRequest
from app.domain.parsing import MonthDay
from app.domain.reports import CompletionReport
from app.matching import by_evidence, validation_by_evidence
from app.matching.evidence import are_near, near_among
from app.matching.exact import find_learner
from app.matching.names import FIRST, LAST, ParsedName
from app.matching.nicknames import is_nickname
from app.matching.validation import Evidence, fits

FEW = 200
"""People of one first name and state who are all looked at, whatever their last names: the first name is rare."""


def forms_without_date(name: ParsedName, states: Iterable[str]) -> set[tuple[str, str, str]]:
    """Return the (kind, form, state) of everybody who may be meant, also with first and last name exchanged.

    Where a state is given, nobody is meant who is not licensed there: neither stage finds them.
    """
    held = list(states)
    return {
        (kind, form, state)
        for kind, form, _, anywhere in by_evidence.forms_asked(name, "", held)
        for state in ((held or ("",)) if kind == LAST else (anywhere,))
    }


def fitting(name: ParsedName, kind: str, form: str, besides: Collection[str]) -> set[str]:
    """Return under which other names somebody under a form of a name may be meant, as far as their forms tell.

    A form of the other half of the name is one under which the names are exchanged. Thousands bear a common last name,
    and share a few first names: each of these is compared once.
    """
    if kind == FIRST:
        typed = (name.surname_forms if form in name.givens else frozenset()) | (
            name.givens if form in name.surnames else frozenset()
        )
        forms = {known: known.split() for known in besides}
        every = list({part for parts in forms.values() for part in parts})
        near = set().union(*(near_among(one, every) for one in typed))
        return {beside for beside, parts in forms.items() if not near.isdisjoint(parts)}
    asked = [
        *([name] if form in name.surname_forms else ()),
        *([name.swap()] if form in name.givens else ()),
    ]
    called = {one.called for one in asked}
    apart = {beside: beside.partition("|") for beside in besides}
    alike = {
        givens for givens in {parts[0] for parts in apart.values()} if any(_has_given(one, givens) for one in asked)
    }
    return {
        beside for beside, (givens, _, more) in apart.items() if givens in alike or not called.isdisjoint(more.split())
    }


def _has_given(name: ParsedName, givens: str) -> bool:
    called = name.called
    for known in givens.split():
        if known in name.givens or known in name.more or are_near(called, known) or is_nickname(called, known):
            return True
        if (len(known) == 1 or len(called) == 1) and known[0] == called[:1]:
            return True
        if any(are_near(one, known) for one in name.givens):
            return True
    return False


def reported_by_own_date(
    report: CompletionReport, people: Iterable[Learner], candidates: Candidates, catalogue: Catalogue
) -> list[Learner]:
    """Return those of some people whom a report would find if it gave their birth date.

    Each is judged alone: a namesake may stand in the way today and not with another date. Who has no birth date on file
    has none to be found out.
    """
    places = [boards for part in report.cme if part.state and (boards := _codes(part.state, catalogue))]
    meant = []
    for learner in people:
        if learner.birth_date is None or bool(learner.sandbox) is not report.sandbox:
            continue
        if not all(map(learner.licensed_by, places)):
            # Most of a name are licensed elsewhere, where neither stage finds them.
            continue
        asked = replace(report, person=replace(report.person, birth_date=_month_day(learner.birth_date)))
        alone = Candidates.of([learner], candidates.by_learner_id)
        match = _NOBODY
        if report.person.learner_id is not None or report.person.name in learner.names:
            match = find_learner(asked, alone, catalogue)
        if by_evidence.needs_evidence(asked, match):
            match = by_evidence.find_by_evidence(asked, match, [learner], {}, alone, catalogue)
        if match.result is Result.ONE:
            meant.append(learner)
    return meant


_NOBODY = Match(result=Result.NONE)


def _codes(state: str, catalogue: Catalogue) -> frozenset[str]:
    return frozenset(board.code for board in catalogue.licensing(state))


def validated_by_own_date(
    request: ValidationRequest, evidence: Evidence, people: Iterable[Learner], catalogue: Catalogue
) -> list[Learner]:
    """Return those of some people whom a validation would find if it gave their birth date."""
    meant = []
    for learner in people:
        if learner.birth_date is None or bool(learner.sandbox) is not evidence.sandbox:
            continue
        if evidence.licensing is not None and not learner.licensed_by(evidence.licensing):
            continue
        by_date = evidence._replace(birth_date=learner.birth_date)
        asked = replace(request, birth_date=_month_day(learner.birth_date))
        if fits(learner, by_date) or _is_found(learner, asked, by_date, catalogue):
            meant.append(learner)
    return meant


def _is_found(learner: Learner, asked: ValidationRequest, evidence: Evidence, catalogue: Catalogue) -> bool:
    return validation_by_evidence.decide_among([learner], asked, evidence, catalogue).result is Result.ONE


def describe_report(report: CompletionReport) -> str:
    """Return what a report gives of its learner beside the birth date, as comparison keys in one text."""
    person = report.person
    numbers = sorted(
        {
            *(f"{part.state} {id_key(part.license_id)}" for part in report.cme),
            *(f"{part.board} {id_key(part.board_id)}" for part in report.moc),
        }
    )
    return "\n".join([*person.name, person.npi or "", person.learner_id or "", *numbers])


def describe_validation(evidence: Evidence) -> str:
    """Return what a validation gives beside the birth date, as comparison keys in one text."""
    return "\n".join(map(str, evidence._replace(birth_date=None)))


def _month_day(text: str) -> MonthDay:
    month, day = text.split("/")
    return MonthDay(int(month), int(day))
