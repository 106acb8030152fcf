"""Finding a physician where only what is exact counts: who says that they are one, and who is shown all that one has.

Where a report is about somebody, evidence makes up for slips of whoever typed it. Where somebody says that they *are* a
physician, or a board asks for a transcript, a slip is a stranger: the name has to be one on file, a birth date has to
be on file and the same, and every number given has to be theirs. A miss costs as much of the budget against guessing
birth dates as in any report, and a find takes as long as a miss.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from app.domain.boards import Board, BoardKind
from app.domain.identity.candidates import Wanted
from app.domain.identity.learners import Learner
from app.domain.identity.matches import Result
from app.domain.identity.physicians import Physician
from app.domain.identity.validations import ValidationRequest
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
    return _find(work, request, lambda learner: _was_born_so(learner, request))


def find_licensee(work: Work, request: ValidationRequest, board: Board | None) -> str | None:
    """Do as `find_by_own_data`, where the birth date may be left out: among those of a board, or among all.

    A number without a state or board is the board's own, and whoever has no number there is nobody.
    """
    if board is not None:
        request = _asked_of(request, board)

    def is_found(learner: Learner) -> bool:
        dated = request.birth_date is None or _was_born_so(learner, request)
        return dated and (board is None or has_on_file(learner, board.code))

    return _find(work, request, is_found)


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


def _find(work: Work, request: ValidationRequest, is_found: Callable[[Learner], bool]) -> str | None:
    connection, catalogue = work.connection, work.service.catalogue
    evidence = evidence_of(request, catalogue)
    lookups = lookups_of(evidence)
    found = learners.look_up(connection, lookups, [work.caller.provider_id] * len(lookups))
    match = decide(evidence, lookups, found)
    physician_id = match.physician_id
    # The statement runs as well where nobody fits.
    on_file = learners.by_ids(connection, [physician_id or ""])
    if not any(map(is_found, on_file)):
        physician_id = None
    wanted = Wanted()
    wanted.add(wanted_of(request, evidence, catalogue))
    asked = AskedValidation(request=request, evidence=evidence, candidates=learners.load_candidates(connection, wanted))
    result = Result.ONE if physician_id is not None else Result.NONE
    questions = questions_about([work], [(asked, result, physician_id)])
    refused = settle(connection, work.service, work.now, questions)
    if physician_id is not None:
        # A miss has looked for everybody who may be meant.
        load_meant(connection, catalogue, {0: asked})
    return physician_id if not refused else None
