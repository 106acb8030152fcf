"""The second stage: who is meant by a report that nobody fits exactly, by evidence. Pure.

Candidates are found by forms of their names with the birth date given, and by every number that was given. `decide`
weighs them; what is asked of licences and certifications is the same as in the first stage.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import partial

from msgspec.structs import replace

from app.domain.catalogue import Catalogue
from app.domain.identity.candidates import Candidates, FormKey, NamesakeKey, Wanted
from app.domain.identity.learners import Learner
from app.domain.identity.matches import Match, Result
from app.domain.parsing import MonthDay, is_npi
from app.domain.reports import CompletionReport
from app.matching.decision import MatchDecision, Query, decide
from app.matching.evidence import FieldAgreement, Numbers, worst
from app.matching.names import FIRST, LAST, ParsedName, form_keys, parse_name, parse_names
from app.matching.parts import asks_license, certification_of, licenses_of, npi_proves, with_number

FormIndex = Mapping[FormKey | NamesakeKey, list[Learner]]


def forms_asked(name: ParsedName, birth_date: str | None, states: Iterable[str]) -> set[FormKey]:
    """Return the forms by which somebody reported is looked for, also with first and last name exchanged."""
    if birth_date is None:
        return set()
    held = list(states)
    forms = {(LAST, form, birth_date, "") for form in name.surname_forms | name.givens}
    return forms | {(FIRST, form, birth_date, state) for form in name.givens | name.surnames for state in held}


def namesakes_asked(typed: tuple[str, str], birth_date: str | None, states: Iterable[str]) -> set[NamesakeKey]:
    """Return the keys of who has the very names typed, (last, first): they stand in the way of who is only near."""
    return set() if birth_date is None else {(*typed, state) for state in (list(states) or [""])}


def namesake_keys(learner: Learner, states: Iterable[str]) -> set[NamesakeKey]:
    """Return the keys under which somebody is a namesake: of no state, and of each of theirs."""
    return {(last, first, state) for last, first in learner.names for state in ("", *states)}


def index_forms(learners: Iterable[Learner], catalogue: Catalogue) -> FormIndex:
    """Index physicians by the forms of their names, where their birth date is on file, and by their very names."""
    index: defaultdict[FormKey | NamesakeKey, list[Learner]] = defaultdict(list)
    for learner in learners:
        states = states_of(learner, catalogue)
        if learner.birth_date is not None:
            for form in form_keys(parse_names(learner.written), learner.birth_date, states):
                index[form].append(learner)
        for key in namesake_keys(learner, states):
            index[key].append(learner)
    return index


def states_of(learner: Learner, catalogue: Catalogue) -> set[str]:
    """Return the states in which a physician is licensed."""
    boards = [catalogue.boards.get(held.board) for held in learner.licenses]
    return {board.state for board in boards if board is not None and board.state}


def needs_evidence(report: CompletionReport, match: Match) -> bool:
    """Return True if a report that nobody fits exactly can be about somebody who is written otherwise."""
    person = report.person
    return match.result is Result.NONE and bool(person.first_name and person.last_name)


def forms_of_report(report: CompletionReport, catalogue: Catalogue) -> Wanted:
    """Return the forms under which the physician of a report is looked for."""
    born, states = _birth_date_of(report), states_asked(report, catalogue)
    return Wanted(
        forms=forms_asked(name_of(report), born, states),
        namesakes=namesakes_asked(report.person.name, born, states),
    )


def find_by_evidence(
    report: CompletionReport,
    match: Match,
    exact: Iterable[Learner],
    forms: FormIndex,
    candidates: Candidates,
    catalogue: Catalogue,
) -> Match:
    """Return who is meant by a report, as far as evidence tells.

    `match` is the result of the first stage, `exact` are its candidates; `forms` holds those of the second, and
    `candidates` everybody who holds a number that was given.
    """
    pool = {learner.physician_id: learner for learner in exact}
    namesakes: dict[str, Learner] = {}
    if report.person.learner_id is None:
        wanted = forms_of_report(report, catalogue)
        pool |= found_under(wanted.forms, forms, sandbox=report.sandbox)
        namesakes = found_under(wanted.namesakes, forms, sandbox=report.sandbox)
    states = tuple(states_asked(report, catalogue))
    compare = partial(_compare_numbers, report=report, states=states, candidates=candidates, catalogue=catalogue)
    query = Query(name=name_of(report), birth_date=_birth_date_of(report), compare_numbers=compare)
    decision = decide(query, pool.values(), [one for id, one in namesakes.items() if id not in pool])
    return _match_of(report, match, decision, candidates, catalogue)


def found_under(keys: Iterable[FormKey | NamesakeKey], forms: FormIndex, *, sandbox: bool) -> dict[str, Learner]:
    """Return the physicians under some keys, of the sandbox or of the registry, by their ids."""
    found = (learner for key in keys for learner in forms.get(key, ()))
    return {learner.physician_id: learner for learner in found if bool(learner.sandbox) is sandbox}


def _match_of(
    report: CompletionReport, match: Match, decision: MatchDecision, candidates: Candidates, catalogue: Catalogue
) -> Match:
    explain = decision.explain if decision.ranked else None
    learner = decision.learner
    if learner is None:
        if decision.result is Result.SEVERAL:
            return replace(match, result=Result.SEVERAL, missed=(), explain=explain)
        return replace(match, explain=explain)
    return replace(
        match,
        result=Result.ONE,
        learner=learner,
        missed=(),
        cme=tuple([licenses_of(learner, cme, report, candidates, catalogue) for cme in report.cme]),
        moc=tuple([certification_of(learner, moc, catalogue) for moc in report.moc]),
        explain=explain,
    )


def name_of(report: CompletionReport) -> ParsedName:
    """Return the name that a report gives, in its parts."""
    return parse_name(report.person.first_name or "", report.person.last_name or "")


def _birth_date_of(report: CompletionReport) -> str | None:
    given = report.person.birth_date
    return str(given) if isinstance(given, MonthDay) else None


def states_asked(report: CompletionReport, catalogue: Catalogue) -> list[str]:
    """Return the codes of the states of licence that a report gives."""
    boards = [board for cme in report.cme if cme.state for board in catalogue.licensing(cme.state)]
    return sorted({board.state for board in boards if board.state})


def _compare_numbers(
    learner: Learner,
    *,
    report: CompletionReport,
    states: tuple[str, ...],
    candidates: Candidates,
    catalogue: Catalogue,
) -> Numbers:
    """Compare what a report gives beside names and birth date with a physician: each part by itself, all must agree.

    `states` are those of `states_asked`: they are the same for every candidate.
    """
    agree, differ = set[str](), set[str]()
    person = report.person
    if person.learner_id is not None:
        agree.add("learner-id")
    if person.npi and is_npi(person.npi):
        (agree if learner.npi == person.npi and npi_proves(learner, person) else differ).add("npi")
    held: list[FieldAgreement] = []
    for cme in report.cme:
        if not asks_license(cme, report, catalogue):
            continue
        found = licenses_of(learner, cme, report, candidates, catalogue)
        if cme.license_id:
            (agree if found else differ).add("license")
        if cme.state:
            boards = [board.code for board in catalogue.licensing(cme.state)]
            held.append(FieldAgreement.SAME if learner.licensed_by(boards) else FieldAgreement.DIFFERENT)
    certified: list[FieldAgreement] = []
    for moc in report.moc:
        board = catalogue.certifying(moc.board) if moc.board else None
        if board is None:
            continue
        of_board = learner.certified_by(board.code)
        certified.append(FieldAgreement.SAME if of_board else FieldAgreement.DIFFERENT)
        if moc.board_id and of_board:
            (agree if with_number(of_board, moc.board_id, was_number=moc.id_was_number) else differ).add("board-id")
    return Numbers(
        agree=tuple(sorted(agree - differ)),
        differ=tuple(sorted(differ)),
        states=states,
        state=worst(held),
        certified=worst(certified),
    )
