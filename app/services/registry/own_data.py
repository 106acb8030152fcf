"""Finding a physician where only what is exact counts: who says that they are one, and who is shown all that one has.

Where a report is about somebody, evidence makes up for slips of whoever typed it. Where somebody says that they *are* a
physician, or a board asks for a transcript, a slip is a stranger: the name has to be one on file, a birth date has to
be on file and the same, and every number given has to be theirs. A miss costs as much of the budget against guessing
birth dates as in any report, and a find takes as long as a miss.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from app.domain.boards import Board, BoardKind
from app.domain.identity.candidates import Wanted
from app.domain.identity.learners import Learner
from app.domain.identity.matches import Result
from app.domain.identity.physicians import Physician
from app.domain.identity.validations import LookupResults, ValidationRequest
from app.domain.parsing import MonthDay
from app.matching.validation import decide, evidence_of, lookups_of
from app.matching.validation_by_evidence import wanted_of
from app.services.context import Work
from app.services.registry.validation_budget import AskedValidation, load_meant, questions_about
from app.services.reporting.budget import settle
from app.store.registry import learners


def find_by_own_data(work: Work, request: ValidationRequest) -> str | None:
    """Return the one physician whom everything given fits exactly, None for nobody, several, or a spent budget.

    The request has no finding of `judge_validation`. `work` is of whoever asks: its client and provider are those whose
    limits are charged.
    """
    (found,) = _find(work, [request], lambda learner, _: _was_born_so(learner, request))
    return found


def find_licensees(work: Work, requests: Sequence[ValidationRequest], board: Board | None) -> list[str | None]:
    """Do as `find_by_own_data` for each, where the birth date may be left out: among those of a board, or among all.

    A number without a state or board is the board's own, and whoever has no number there is nobody. The statements are
    those of one request, and each sees what birth dates before it have cost.
    """
    if board is not None:
        requests = [_asked_of(request, board) for request in requests]

    def is_found(learner: Learner, request: ValidationRequest) -> bool:
        dated = request.birth_date is None or _was_born_so(learner, request)
        return dated and (board is None or has_on_file(learner, board.code))

    return _find(work, requests, is_found)


def _asked_of(request: ValidationRequest, board: Board) -> ValidationRequest:
    if board.kind is BoardKind.LICENSING:
        return replace(request, state=request.state or board.code)
    return replace(request, board=request.board or board.code)


def has_on_file(physician: Learner | Physician, board: str) -> bool:
    """Whether a physician has a licence or certification of a board, lapsed ones too: what was earned was for it.

    A licence that its holder alone has told, which no board has confirmed, is none: nobody opens a transcript to a
    board by saying so.
    """
    held = (*(one for one in physician.licenses if not one.self_reported), *physician.certifications)
    return any(one.board == board for one in held)


def _was_born_so(learner: Learner, request: ValidationRequest) -> bool:
    return isinstance(request.birth_date, MonthDay) and learner.birth_date == str(request.birth_date)


def _find(
    work: Work, requests: Sequence[ValidationRequest], is_found: Callable[[Learner, ValidationRequest], bool]
) -> list[str | None]:
    connection, catalogue = work.connection, work.service.catalogue
    asked, matched = _match(work, requests)
    # The statement runs as well where nobody fits.
    on_file = {learner.physician_id: learner for learner in learners.by_ids(connection, {id or "" for id in matched})}
    found = [
        id if id is not None and id in on_file and is_found(on_file[id], request) else None
        for id, request in zip(matched, requests, strict=True)
    ]
    decided = [(one, Result.ONE if id is not None else Result.NONE, id) for one, id in zip(asked, found, strict=True)]
    questions = questions_about([work] * len(asked), decided)
    refused = settle(connection, work.service, work.now, questions)
    # A miss has looked for everybody who may be meant.
    unclear = {
        place: one
        for place, (one, id) in enumerate(zip(asked, found, strict=True))
        if id is not None and one.evidence.birth_date is not None
    }
    if unclear:
        load_meant(connection, catalogue, unclear)
    return [id if place not in refused else None for place, id in enumerate(found)]


def _match(work: Work, requests: Sequence[ValidationRequest]) -> tuple[list[AskedValidation], list[str | None]]:
    """Return the requests, those by a birth date with everybody who was compared for them, and whom each fits alone."""
    connection, catalogue = work.connection, work.service.catalogue
    evidence = [evidence_of(request, catalogue) for request in requests]
    lookups = [lookups_of(one) for one in evidence]
    every = [lookup for own in lookups for lookup in own]
    results = learners.look_up(connection, every, [work.caller.provider_id] * len(every))
    matched: list[str | None] = []
    wanted, begin = Wanted(), 0
    for request, one, own in zip(requests, evidence, lookups, strict=True):
        own_results = LookupResults(ids=results.ids[begin : begin + len(own)], learners=results.learners)
        matched.append(decide(one, own, own_results).physician_id)
        if one.birth_date is not None:
            wanted.add(wanted_of(request, one, catalogue))
        begin += len(own)
    candidates = learners.load_candidates(connection, wanted)
    asked = [
        AskedValidation(request=request, evidence=one, candidates=candidates)
        for request, one in zip(requests, evidence, strict=True)
    ]
    return asked, matched
