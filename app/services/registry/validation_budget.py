"""What validations cost of the budgets against guessing birth dates: see `services/reporting/budget.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from app.domain.catalogue import Catalogue
from app.domain.identity.candidates import Candidates
from app.domain.identity.learners import Learner
from app.domain.identity.matches import Result
from app.domain.identity.validations import ValidationRequest
from app.matching.validation import Evidence
from app.matching.validation_by_evidence import name_asked, states_asked, wanted_of
from app.matching.without_date import describe_validation, validated_by_own_date
from app.services.context import Work
from app.services.reporting.budget import Asked, Questions, make_questions
from app.services.reporting.namesakes import SoughtName, load_people


class AskedValidation(msgspec.Struct, frozen=True, kw_only=True):
    """A validation as it was asked, and everybody who was compared for it by a number."""

    request: ValidationRequest
    evidence: Evidence
    candidates: Candidates


def questions_about(
    works: Sequence[Work], decided: Sequence[tuple[AskedValidation | None, Result, str | None]]
) -> Questions:
    """Return the questions about birth dates among validations that were decided; reads only.

    Each is given as what was asked, the result, and who was found.
    """
    asked: dict[int, Asked] = {}
    unclear: dict[int, AskedValidation] = {}
    for place, (work, (sought, result, physician_id)) in enumerate(zip(works, decided, strict=True)):
        if sought is None or sought.evidence.birth_date is None or sought.evidence.sandbox:
            continue
        asked[place] = Asked(work, sought.evidence.birth_date, result, physician_id)
        if physician_id is None:
            unclear[place] = sought
    if not asked:
        return {}
    for place, people in load_meant(works[0].connection, works[0].service.catalogue, unclear).items():
        asked[place] = replace(asked[place], people=people, beside=describe_validation(unclear[place].evidence))
    return make_questions(asked)


def load_meant(
    connection: Connection, catalogue: Catalogue, asked: Mapping[int, AskedValidation]
) -> dict[int, list[Learner]]:
    """Return everybody whom some validations would find by their own birth dates; without any, no statement."""
    alike = load_people(connection, {place: _sought_name(one, catalogue) for place, one in asked.items()})
    meant = {}
    for place, one in asked.items():
        people = one.candidates.by_numbers(wanted_of(one.request, one.evidence, catalogue))
        people = people | {learner.physician_id: learner for learner in alike[place]}
        meant[place] = validated_by_own_date(one.request, one.evidence, people.values(), catalogue)
    return meant


def _sought_name(one: AskedValidation, catalogue: Catalogue) -> SoughtName:
    evidence = one.evidence
    # Without its state or board a number is looked up among those of the name.
    by_number = (
        evidence.npi is not None
        or (evidence.license_key is not None and evidence.licensing is not None)
        or (evidence.board_key is not None and evidence.certifying is not None)
    )
    return SoughtName(
        key=(evidence.last, evidence.first),
        parsed=name_asked(one.request),
        states=states_asked(evidence, catalogue),
        by_number=by_number,
    )
