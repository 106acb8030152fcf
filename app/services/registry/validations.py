"""Learner validations: whether what is known of somebody fits one learner, several, or none.

Nothing of the answer tells which field failed. What the form alone shows is refused; whatever depends on the
registry is a miss, and every miss is the same. A learner id is kept when a provider first meets the person: only then
is anything written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from app.core.errors import InvalidRequest
from app.domain.audit import LearnersAudit
from app.domain.catalogue import Catalogue
from app.domain.findings import Finding
from app.domain.identity import Result
from app.domain.parsing import Unparsed, is_npi
from app.domain.validations import Found, Lookup, Validated, ValidationRequest
from app.matching.validation import Evidence, decide, evidence_of, lookups_of
from app.rules.identity import MISS_HINT
from app.rules.validations import judge_validation
from app.services.context import Caller, Service, Work, read_async, transact_async
from app.services.findings import rejected
from app.services.reporting.learner_ids import LearnerIds, ProviderAndPhysician, learner_id_of, save_learner_ids
from app.store import learners

_HINTS = {
    Result.ONE: "One learner was matched. The learner_id may stand in a completion in place of names, birth date "
    "and numbers.",
    Result.SEVERAL: "More than one learner was matched. Give more to tell them apart: the birth date, the licence "
    "number with its state, the board ID with its board, or the NPI.",
    Result.NONE: f"No learner was matched. {MISS_HINT}",
    Result.NOT_ASKED: "",
}


class _Found(NamedTuple):
    """One validation decided, its learner not yet named as the provider may name them."""

    validated: Validated
    physician_id: str | None = None


async def validate(caller: Caller, request: ValidationRequest) -> Validated:
    """Answer one validation; raises `InvalidRequest` with every finding when its form is wrong."""
    request = request._replace(sandbox=caller.client.test)
    findings = judge_validation(request, caller.service.catalogue)
    if findings:
        raise rejected(InvalidRequest, findings)
    found, learner_id = await read_async(caller, _look_up, request)
    if found.physician_id is None or learner_id is not None:
        return found.validated._replace(learner_id=learner_id)
    return await transact_async(caller, _first_met, found)


def validate_each(works: Sequence[Work], requests: Sequence[ValidationRequest]) -> list[Validated]:
    """Answer the validations of several callers in one transaction, each with its own provider's learner ids.

    One whose form is wrong has findings, and nobody is looked for.
    """
    if not works:
        return []
    asked = [
        each if each.sandbox is work.caller.client.test else each._replace(sandbox=work.caller.client.test)
        for work, each in zip(works, requests, strict=True)
    ]
    service = works[0].service
    providers = [work.caller.provider_id for work in works]
    found, learner_ids = _find(works[0].connection, service, asked, _judged(asked, service.catalogue), providers)
    return _named(works, found, learner_ids)


def _judged(requests: Sequence[ValidationRequest], catalogue: Catalogue) -> list[tuple[Finding, ...]]:
    """Return what the rules have to say about each request: asked once for all whose forms are alike."""
    said: dict[ValidationRequest, tuple[Finding, ...]] = {}
    judged = []
    for each in requests:
        form = _form_of(each)
        findings = said.get(form)
        if findings is None:
            findings = said[form] = judge_validation(form, catalogue)
        judged.append(findings)
    return judged


def _form_of(request: ValidationRequest) -> ValidationRequest:
    """Return a request with what the rules ask for: names if given, but not which; no day or NPI that is one."""
    first_name, last_name, birth_date, state, _, board, _, npi, _, _ = request
    return ValidationRequest(
        first_name and "-", last_name and "-", birth_date if isinstance(birth_date, Unparsed) else None, state,
        None, board, None, None if npi is None or is_npi(npi) else npi,
    )  # fmt: skip


def _look_up(connection: Connection, caller: Caller, request: ValidationRequest) -> tuple[_Found, str | None]:
    (found,), learner_ids = _find(connection, caller.service, [request], [()], [caller.provider_id])
    if found.physician_id is None:
        return found, None
    pair = (caller.provider_id, found.physician_id)
    if pair not in learner_ids:
        learner_ids = learners.learner_ids_of(connection, [pair])
    return found, learner_ids.get(pair)


def _first_met(work: Work, found: _Found) -> Validated:
    (validated,) = _named([work], [found], {})
    return validated


def _find(
    connection: Connection,
    service: Service,
    requests: Sequence[ValidationRequest],
    judged: Sequence[tuple[Finding, ...]],
    providers: Sequence[str],
) -> tuple[list[_Found], LearnerIds]:
    """Decide every validation whose form is right: looked up all at once, compared one by one.

    Ids by which providers name whom they were looked for by come with them, as far as they were looked up.
    """
    hints = {result: text.format(support=service.settings.support_contact) for result, text in _HINTS.items()}
    asked: list[Evidence] = []
    ends: list[int] = []
    lookups: list[Lookup] = []
    askers: list[str] = []
    for request, said, provider in zip(requests, judged, providers, strict=True):
        if not said:
            evidence = evidence_of(request, service.catalogue)
            asked.append(evidence)
            mine = lookups_of(evidence)
            lookups += mine
            askers += [provider] * len(mine)
            ends.append(len(lookups))
    found = learners.found(connection, lookups, askers)
    answers = []
    following, begin = zip(asked, ends, strict=True), 0
    for said in judged:
        if said:
            answers.append(_Found(Validated(Result.NOT_ASKED, findings=said)))
            continue
        evidence, end = next(following)
        result, physician_id, boards = decide(evidence, lookups[begin:end], Found(found.ids[begin:end], found.learners))
        answers.append(_Found(Validated(result, None, boards, hints[result]), physician_id))
        begin = end
    return answers, found.learner_ids


def _named(works: Sequence[Work], found: Sequence[_Found], learner_ids: LearnerIds) -> list[Validated]:
    """Give every learner found the id by which the provider may name them, kept when it is new."""
    pairs: list[ProviderAndPhysician | None] = [
        (work.caller.provider_id, each.physician_id) if each.physician_id is not None else None
        for work, each in zip(works, found, strict=True)
    ]
    known = {pair: learner_id for pair, learner_id in learner_ids.items() if learner_id is not None}
    unknown = {pair for pair in pairs if pair is not None and pair not in learner_ids}
    known |= learners.learner_ids_of(works[0].connection, unknown)
    new: list[dict[str, object]] = []
    first: Counter[int] = Counter()
    answers: list[Validated] = []
    for work, (validated, _), pair in zip(works, found, pairs, strict=True):
        if pair is None:
            answers.append(validated)
            continue
        learner_id = known.get(pair)
        if learner_id is None:
            learner_id = learner_id_of(work, pair, known, new)
            first[id(work)] += 1
        answers.append(Validated(validated.result, learner_id, validated.matched_boards, validated.hint))
    save_learner_ids(works[0], new)
    for work in {id(each): each for each in works}.values() if new else ():
        if first[id(work)]:
            # That somebody was met for the first time, not who: the ids themselves say that.
            work.audit("validate", work.commit_id, LearnersAudit(added=first[id(work)]))
    return answers
