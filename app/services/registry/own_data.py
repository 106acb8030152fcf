"""Finding a physician by what they give of themselves: there a birth date authenticates, so only what is exact counts.

Where a report is about somebody, evidence makes up for slips of whoever typed it. Where somebody says that they *are* a
physician, a slip is a stranger: the name has to be one on file, the birth date has to be on file and the same, and
every number given has to be theirs. A miss costs as much of the budget against guessing birth dates as in any report,
and a find takes as long as a miss.
"""

from __future__ import annotations

from app.domain.identity.candidates import Wanted
from app.domain.identity.matches import Result
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
    connection, catalogue = work.connection, work.service.catalogue
    evidence = evidence_of(request, catalogue)
    lookups = lookups_of(evidence)
    found = learners.look_up(connection, lookups, [work.caller.provider_id] * len(lookups))
    match = decide(evidence, lookups, found)
    physician_id = match.physician_id
    on_file = learners.by_ids(connection, [physician_id] if physician_id is not None else [])
    if not (on_file and isinstance(request.birth_date, MonthDay) and on_file[0].birth_date == str(request.birth_date)):
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
