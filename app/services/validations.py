"""Learner validations: whether what is known of somebody fits one learner, several, or none.

Nothing of the answer tells which field failed. What the form alone shows is refused; whatever depends on the
registry is a miss, and every miss is the same. A link is kept when a provider first meets the person: only then
is anything written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from app.core.errors import InvalidRequest
from app.domain.findings import Finding
from app.domain.identity import Result
from app.domain.validations import Validated, ValidationRequest
from app.matching.validation import Evidence, decide, evidence_of, lookups_of
from app.rules.identity import MISS_HINT
from app.rules.validations import judge_validation
from app.services.context import Caller, Service, Work, read_async, transact_async
from app.services.findings import rejected
from app.services.links import Pair, keep_links, link_of
from app.store import learners

_HINTS = {
    Result.ONE: "One learner was matched. The learner_id may stand in a completion in place of names, birth date "
    "and numbers.",
    Result.SEVERAL: "More than one learner was matched. Give more to tell them apart: the birth date, the licence "
    "number with its state, the board ID with its board, or the NPI.",
    Result.NONE: f"No learner was matched. {MISS_HINT}",
    Result.NOT_ASKED: "",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """One validation decided, its learner not yet named as the provider may name them."""

    validated: Validated
    learner_id: str | None = None


async def validate(caller: Caller, request: ValidationRequest) -> Validated:
    """Answer one validation; raises `InvalidRequest` with every finding when its form is wrong."""
    findings = judge_validation(request, caller.service.catalogue)
    if findings:
        raise rejected(InvalidRequest, findings)
    found, link = await read_async(caller, _look_up, request)
    if found.learner_id is None or link is not None:
        return replace(found.validated, link=link)
    return await transact_async(caller, _first_met, found)


def validate_each(works: Sequence[Work], requests: Sequence[ValidationRequest]) -> list[Validated]:
    """Answer the validations of several callers in one transaction, each with the links of its own caller's provider.

    One whose form is wrong has findings, and nobody is looked for.
    """
    if not works:
        return []
    found = _find(works[0].connection, works[0].service, requests)
    return _linked(works, found)


def _look_up(connection: Connection, caller: Caller, request: ValidationRequest) -> tuple[_Found, str | None]:
    (found,) = _find(connection, caller.service, [request], judged=True)
    if found.learner_id is None:
        return found, None
    pair = (caller.provider_id, found.learner_id)
    return found, learners.links_of(connection, [pair]).get(pair)


def _first_met(work: Work, found: _Found) -> Validated:
    (validated,) = _linked([work], [found])
    return validated


def _find(
    connection: Connection, service: Service, requests: Sequence[ValidationRequest], *, judged: bool = False
) -> list[_Found]:
    """Decide every validation whose form is right: looked up all at once, compared one by one."""
    catalogue = service.catalogue
    hints = {result: text.format(support=service.settings.support_contact) for result, text in _HINTS.items()}
    findings: list[tuple[Finding, ...]] = [() if judged else judge_validation(each, catalogue) for each in requests]
    asked: list[Evidence | None] = [
        None if said else evidence_of(each, catalogue) for each, said in zip(requests, findings, strict=True)
    ]
    lookups = [lookups_of(evidence) if evidence is not None else [] for evidence in asked]
    found = learners.found(connection, (lookup for each in lookups for lookup in each))
    answers = []
    for evidence, mine, said in zip(asked, lookups, findings, strict=True):
        if evidence is None:
            answers.append(_Found(validated=Validated(result=Result.NOT_ASKED, findings=said)))
            continue
        result, learner_id, boards = decide(evidence, mine, found)
        told = Validated(result=result, matched_boards=boards, hint=hints[result])
        answers.append(_Found(validated=told, learner_id=learner_id))
    return answers


def _linked(works: Sequence[Work], found: Sequence[_Found]) -> list[Validated]:
    """Give every learner found the id by which the provider may name them, kept when it is new."""
    pairs: list[Pair | None] = [
        (work.caller.provider_id, each.learner_id) if each.learner_id is not None else None
        for work, each in zip(works, found, strict=True)
    ]
    known = learners.links_of(works[0].connection, {pair for pair in pairs if pair is not None}) if any(pairs) else {}
    new: list[dict[str, object]] = []
    first: dict[int, int] = {}
    answers: list[Validated] = []
    for work, each, pair in zip(works, found, pairs, strict=True):
        if pair is None:
            answers.append(each.validated)
            continue
        before = len(new)
        answers.append(replace(each.validated, link=link_of(work, pair, known, new)))
        first[id(work)] = first.get(id(work), 0) + len(new) - before
    keep_links(works[0], new)
    for work in {id(each): each for each in works}.values():
        if first.get(id(work)):
            # That somebody was met for the first time, not who: the links themselves say that.
            work.audit("validate", "learners", work.commit_id, added=first[id(work)])
    return answers
