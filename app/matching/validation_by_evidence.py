"""The second stage of a validation: who is meant whom nobody fits exactly, by evidence as for a report. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from app.domain.catalogue import Catalogue
from app.domain.identity.candidates import Candidates, Wanted
from app.domain.identity.comparison_keys import full_name_key, school_key
from app.domain.identity.learners import Learner
from app.domain.identity.validations import ValidationRequest
from app.matching.by_evidence import FormIndex, forms_asked, found_under, namesakes_asked
from app.matching.decision import MatchDecision, Query, decide
from app.matching.evidence import FieldAgreement, Numbers
from app.matching.names import ParsedName, parse_name
from app.matching.validation import Evidence, has_npi_given_as_license, is_meant, npi_proves


def wanted_of(request: ValidationRequest, evidence: Evidence, catalogue: Catalogue) -> Wanted:
    """Return the keys under which candidates are looked for: every number given, and forms of the names."""
    born, states = evidence.birth_date, states_asked(evidence, catalogue)
    typed = full_name_key(request.first_name or "", request.last_name or "")
    wanted = Wanted(
        forms=forms_asked(name_asked(request), born, states), namesakes=namesakes_asked(typed, born, states)
    )
    if evidence.license_key:
        wanted.licenses |= {(board, evidence.license_key) for board in evidence.licensing or ()}
    if evidence.board_key and evidence.certifying is not None:
        wanted.certifications.add((evidence.certifying, evidence.board_key))
    wanted.npis |= {npi for npi in (evidence.npi, evidence.license_npi) if npi is not None}
    return wanted


def decide_by_evidence(
    request: ValidationRequest, evidence: Evidence, candidates: Candidates, forms: FormIndex, catalogue: Catalogue
) -> MatchDecision:
    """Return who is meant by a validation, as far as evidence tells."""
    wanted = wanted_of(request, evidence, catalogue)
    pool = candidates.by_numbers(wanted)
    pool |= found_under(wanted.forms, forms, sandbox=request.sandbox)
    namesakes = found_under(wanted.namesakes, forms, sandbox=request.sandbox)
    beside = [one for id, one in namesakes.items() if id not in pool]
    return decide_among(pool.values(), request, evidence, catalogue, beside)


def decide_among(
    learners: Iterable[Learner],
    request: ValidationRequest,
    evidence: Evidence,
    catalogue: Catalogue,
    namesakes: Iterable[Learner] = (),
) -> MatchDecision:
    """Return who of some physicians is meant by a validation, beside others who have the very names typed."""
    query = Query(
        name=name_asked(request),
        birth_date=evidence.birth_date,
        compare_numbers=partial(_compare_numbers, evidence=evidence, states=states_asked(evidence, catalogue)),
    )
    return decide(query, _in_world(learners, request.sandbox), namesakes)


def _in_world(learners: Iterable[Learner], sandbox: bool) -> list[Learner]:
    return [learner for learner in learners if bool(learner.sandbox) is sandbox]


def name_asked(request: ValidationRequest) -> ParsedName:
    """Return the name that a validation gives, in its parts."""
    return parse_name(request.first_name or "", request.last_name or "")


def states_asked(evidence: Evidence, catalogue: Catalogue) -> tuple[str, ...]:
    """Return the codes of the state of licence that a validation gives."""
    states = {catalogue.boards[code].state for code in evidence.licensing or ()}
    return tuple(sorted(state for state in states if state))


def _compare_numbers(learner: Learner, *, evidence: Evidence, states: tuple[str, ...]) -> Numbers:
    agree, differ = set[str](), set[str]()
    if evidence.npi is not None:
        (agree if learner.npi == evidence.npi and npi_proves(learner, evidence) else differ).add("npi")
    licensed = [held for held in learner.licenses if evidence.licensing is None or held.board in evidence.licensing]
    if evidence.license_key is not None:
        by_npi = has_npi_given_as_license(learner, evidence) and bool(licensed or evidence.licensing is None)
        holds = any(held.key == evidence.license_key for held in licensed)
        (agree if holds or by_npi else differ).add("license")
    if evidence.asks_certification:
        held_by_board = any(is_meant(held, evidence) for held in learner.certifications)
        if evidence.board_key is not None:
            (agree if held_by_board else differ).add("board-id")
        elif not held_by_board:
            differ.add("board")
    return Numbers(
        agree=tuple(sorted(agree)),
        differ=tuple(sorted(differ)),
        states=states,
        state=_level(bool(licensed)) if evidence.licensing is not None else FieldAgreement.ABSENT,
        school=_compare_schools(learner, evidence),
    )


def _level(agrees: bool) -> FieldAgreement:
    return FieldAgreement.SAME if agrees else FieldAgreement.DIFFERENT


def _compare_schools(learner: Learner, evidence: Evidence) -> FieldAgreement:
    on_file = school_key(learner.medical_school)
    if evidence.school is None or not on_file:
        return FieldAgreement.ABSENT
    return _level(on_file == evidence.school)
