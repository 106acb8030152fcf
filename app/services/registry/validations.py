"""Learner validations: whether what is known of a person fits one learner, several, or none.

The answer never says which field failed. A faulty form is refused; everything that depends on the registry is a miss,
and all misses are alike. Writes only when a provider first meets a learner: the learner id is stored then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from app.core.errors import InvalidRequest
from app.domain.audit import LearnersAudit
from app.domain.catalogue import Catalogue
from app.domain.findings import Finding
from app.domain.identity.candidates import Candidates, Wanted
from app.domain.identity.comparison_keys import damage_of
from app.domain.identity.matches import Result
from app.domain.identity.validations import Lookup, LookupResults, ValidationAnswer, ValidationRequest
from app.domain.parsing import Unparsed, is_npi
from app.matching.by_evidence import index_forms
from app.matching.validation import Evidence, ValidationMatch, decide, evidence_of, lookups_of, matched_boards
from app.matching.validation_by_evidence import decide_by_evidence, wanted_of
from app.rules.identity import MISS_HINT
from app.rules.slips import slips_in
from app.rules.validations import judge_validation
from app.services.context import Caller, Service, Work, read_async, transact_async
from app.services.findings import rejection_of
from app.services.registry.validation_budget import AskedValidation, load_meant, questions_about
from app.services.reporting.budget import Questions, settle
from app.services.reporting.learner_ids import (
    LearnerIdRow,
    LearnerIds,
    ProviderAndPhysician,
    assign_learner_id,
    save_learner_ids,
)
from app.store.registry import learners, merges

_HINTS = {
    Result.ONE: "One learner was matched. The learner_id may stand in a completion in place of names, birth date "
    "and numbers.",
    Result.SEVERAL: "More than one learner was matched. {slips}Give more to tell them apart: the birth date, the "
    "licence number with its state, the board ID with its board, or the NPI. If all of them were given, ask {support}.",
    Result.NONE: f"No learner was matched. {{slips}}{MISS_HINT}",
    Result.NOT_ASKED: "",
}


class _Decided(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that lacks its learner id, the physician whom it is about, and what was asked."""

    answer: ValidationAnswer
    physician_id: str | None = None
    asked: AskedValidation | None = None
    """None where nobody was looked for."""


async def validate(caller: Caller, request: ValidationRequest) -> ValidationAnswer:
    """Answer one validation; raises `InvalidRequest` with every finding when its form is faulty."""
    request = replace(request, sandbox=caller.client.test)
    findings = judge_validation(request, caller.service.catalogue)
    if findings:
        raise rejection_of(InvalidRequest, findings)
    decided, learner_id, questions = await read_async(caller, _decide_one, request)
    if questions:
        return await transact_async(caller, _charge_one, decided, questions)
    if decided.physician_id is None or learner_id is not None:
        return replace(decided.answer, learner_id=learner_id)
    return await transact_async(caller, _name_learner, decided)


def validate_each(
    works: Sequence[Work], requests: Sequence[ValidationRequest], *, naming: bool = True
) -> list[ValidationAnswer]:
    """Answer the validations of several callers in one transaction, each with its own provider's learner ids.

    A request whose form is faulty is answered with findings, without a lookup. Without `naming`, answers have no
    learner ids, and none are made.
    """
    if not works:
        return []
    requests = [
        request if request.sandbox is work.caller.client.test else replace(request, sandbox=work.caller.client.test)
        for work, request in zip(works, requests, strict=True)
    ]
    service = works[0].service
    providers = [work.caller.provider_id for work in works]
    findings = _judge_forms(requests, service.catalogue)
    decided, learner_ids = _decide(works[0].connection, service, requests, findings, providers)
    decided = _charge(works[0], decided, _questions_of(works, decided))
    return _name_learners(works, decided, learner_ids) if naming else [one.answer for one in decided]


def _judge_forms(requests: Sequence[ValidationRequest], catalogue: Catalogue) -> list[tuple[Finding, ...]]:
    """Return the findings of each request; judged once for all requests of the same form."""
    by_form: dict[ValidationRequest, tuple[Finding, ...]] = {}
    judged = []
    for request in requests:
        form = _form_of(request)
        findings = by_form.get(form)
        if findings is None:
            findings = by_form[form] = judge_validation(form, catalogue)
        judged.append(findings)
    return judged


def _form_of(request: ValidationRequest) -> ValidationRequest:
    """Return a request reduced to what the rules look at: whether names are given, and what of it is none."""
    npi = request.npi
    # Where one of the names is missing, what to do depends on the other.
    both = bool(request.first_name and request.last_name)
    return ValidationRequest(
        first_name=_form_of_name(request.first_name) if both else request.first_name,
        last_name=_form_of_name(request.last_name) if both else request.last_name,
        birth_date=request.birth_date if isinstance(request.birth_date, Unparsed) else None,
        state=request.state,
        board=request.board,
        npi=None if npi is None or is_npi(npi) else npi,
        medical_school=request.medical_school if damage_of(request.medical_school) is not None else None,
    )


def _form_of_name(name: str | None) -> str | None:
    return name and ("-" if damage_of(name) is None else name)


def _decide_one(
    connection: Connection, caller: Caller, request: ValidationRequest
) -> tuple[_Decided, str | None, Questions]:
    (decided,), learner_ids = _decide(connection, caller.service, [request], [()], [caller.provider_id])
    work = Work(connection=connection, caller=caller, now=caller.service.clock())
    questions = _questions_of([work], [decided])
    if decided.physician_id is None or questions:
        return decided, None, questions
    pair = (caller.provider_id, decided.physician_id)
    if pair not in learner_ids:
        learner_ids = learners.learner_ids_of(connection, [pair])
    return decided, learner_ids.get(pair), questions


def _charge_one(work: Work, decided: _Decided, questions: Questions) -> ValidationAnswer:
    """Charge a birth date, then answer as it may be told."""
    (told,) = _charge(work, [decided], questions)
    return _name_learner(work, told)


def _questions_of(works: Sequence[Work], decided: Sequence[_Decided]) -> Questions:
    return questions_about(works, [(one.asked, one.answer.result, one.physician_id) for one in decided])


def _charge(work: Work, decided: Sequence[_Decided], questions: Questions) -> list[_Decided]:
    """Charge the birth dates that led to nobody; those whose answer is refused are misses."""
    refused = settle(work.connection, work.service, work.now, questions)
    if not refused:
        return list(decided)
    # What is refused takes as long as any other miss.
    load_meant(
        work.connection,
        work.service.catalogue,
        {place: asked for place in refused if (asked := decided[place].asked) is not None},
    )
    return [
        replace(one, answer=_answer(work.service, one.asked.request, Result.NONE), physician_id=None)
        if place in refused and one.asked is not None
        else one
        for place, one in enumerate(decided)
    ]


def _name_learner(work: Work, decided: _Decided) -> ValidationAnswer:
    (answer,) = _name_learners([work], [decided], {})
    return answer


def _decide(
    connection: Connection,
    service: Service,
    requests: Sequence[ValidationRequest],
    judged: Sequence[tuple[Finding, ...]],
    providers: Sequence[str],
) -> tuple[list[_Decided], LearnerIds]:
    """Decide every request without findings: looked up all at once, compared one by one.

    Returned with the decisions: the learner ids of the providers, as far as the lookups found them.
    """
    asked: list[Evidence] = []
    ends: list[int] = []
    lookups: list[Lookup] = []
    askers: list[str] = []
    for request, findings, provider in zip(requests, judged, providers, strict=True):
        if not findings:
            evidence = evidence_of(request, service.catalogue)
            asked.append(evidence)
            own = lookups_of(evidence)
            lookups += own
            askers += [provider] * len(own)
            ends.append(len(lookups))
    found = learners.look_up(connection, lookups, askers)
    matches: list[ValidationMatch] = []
    begin = 0
    for evidence, end in zip(asked, ends, strict=True):
        own_results = LookupResults(ids=found.ids[begin:end], learners=found.learners)
        matches.append(decide(evidence, lookups[begin:end], own_results))
        begin = end
    given = [request for request, of_request in zip(requests, judged, strict=True) if not of_request]
    matches, candidates = _weigh(connection, service.catalogue, given, asked, matches)
    following = zip(given, asked, matches, strict=True)
    decided = []
    for findings in judged:
        if findings:
            decided.append(_Decided(answer=ValidationAnswer(result=Result.NOT_ASKED, findings=findings)))
            continue
        request, evidence, match = next(following)
        answer = _answer(service, request, match.result, match.boards)
        sought = AskedValidation(request=request, evidence=evidence, candidates=candidates)
        decided.append(_Decided(answer=answer, physician_id=match.physician_id, asked=sought))
    return decided, found.learner_ids


def _slips(request: ValidationRequest, board_codes: Collection[str]) -> str:
    """Return slips that a miss may come from, seen in what was typed alone; a blank follows them."""
    found = slips_in(
        request.first_name,
        request.last_name,
        [(request.state, request.license_id)],
        [request.board_id],
        board_codes,
    )
    return f"{found} " if found else ""


def _weigh(
    connection: Connection,
    catalogue: Catalogue,
    requests: Sequence[ValidationRequest],
    asked: Sequence[Evidence],
    matches: list[ValidationMatch],
) -> tuple[list[ValidationMatch], Candidates]:
    """Return the matches, those by evidence in place of "none": one statement for all whom nobody fits exactly.

    With them, everybody who was compared for those.
    """
    open_places = [place for place, match in enumerate(matches) if match.result is Result.NONE]
    wanted = Wanted()
    for place in open_places:
        wanted.add(wanted_of(requests[place], asked[place], catalogue))
    if not open_places:
        return matches, Candidates.of(())
    candidates = learners.load_candidates(connection, wanted)
    forms = index_forms(candidates.learners.values(), catalogue)
    for place in open_places:
        evidence = asked[place]
        decision = decide_by_evidence(requests[place], evidence, candidates, forms, catalogue)
        if decision.learner is not None:
            boards = matched_boards(decision.learner, evidence)
            matches[place] = ValidationMatch(Result.ONE, decision.learner.physician_id, boards)
        elif decision.result is Result.SEVERAL:
            matches[place] = ValidationMatch(Result.SEVERAL)
    return matches, candidates


def _answer(
    service: Service, request: ValidationRequest, result: Result, boards: tuple[str, ...] = ()
) -> ValidationAnswer:
    """Return the answer to a request, its hint made of the result and of what was typed alone."""
    slips = "" if result is Result.ONE else _slips(request, service.catalogue.certifying_codes)
    hint = _HINTS[result].format(support=service.settings.support_contact, slips=slips)
    return ValidationAnswer(result=result, matched_boards=boards, hint=hint)


def _name_learners(
    works: Sequence[Work], decided: Sequence[_Decided], learner_ids: LearnerIds
) -> list[ValidationAnswer]:
    """Give every answer about one learner the id by which the provider may name them; new ids are stored."""
    pairs: list[ProviderAndPhysician | None] = [
        (work.caller.provider_id, one.physician_id) if one.physician_id is not None else None
        for work, one in zip(works, decided, strict=True)
    ]
    known = {pair: learner_id for pair, learner_id in learner_ids.items() if learner_id is not None}
    unknown = {pair for pair in pairs if pair is not None and pair not in known}
    if unknown:
        # A merge lets a learner id name another physician: asked again once none can run, nobody gets a second one.
        merges.lock_out_merges(works[0].connection)
        known |= learners.learner_ids_of(works[0].connection, unknown)
    new: list[LearnerIdRow] = []
    met: Counter[int] = Counter()
    answers: list[ValidationAnswer] = []
    for work, one, pair in zip(works, decided, pairs, strict=True):
        if pair is None:
            answers.append(one.answer)
            continue
        learner_id = known.get(pair)
        if learner_id is None:
            learner_id = assign_learner_id(work, pair, known, new)
            met[id(work)] += 1
        answers.append(replace(one.answer, learner_id=learner_id))
    save_learner_ids(works[0], new)
    for work in {id(work): work for work in works}.values() if new else ():
        if met[id(work)]:
            # How many learners were met for the first time, not whom: the ids themselves say that.
            work.audit("validate", work.commit_id, LearnersAudit(added=met[id(work)]))
    return answers
