"""The report for a REMS programme: what is shown of the records of a year, of a provider or of all."""

from __future__ import annotations

from sqlalchemy import Connection

from app.core.errors import ParameterInvalid
from app.domain.looking.rems_counts import SURGICAL_ANSWERS, RemsCounts, RemsFilter, count_answers
from app.domain.rems import DEA_ANSWERS, PROFESSION_ANSWERS, TIME_ANSWERS, Answers
from app.rules.reference_lists import practice_areas
from app.schemas.looking.reports import RemsReportQuery
from app.services.context import Caller
from app.store.looking import rems_counts as stored


def lists() -> dict[str, Answers]:
    """Return the lists of answers that are counted, in the order of the report."""
    return {
        "profession": PROFESSION_ANSWERS,
        "practice_area": practice_areas(),
        "dea_registration": DEA_ANSWERS,
        "surgical_procedures": SURGICAL_ANSWERS,
        "time_in_practice": TIME_ANSWERS,
    }


def count(connection: Connection, caller: Caller, query: RemsReportQuery) -> RemsCounts:
    """Return what is shown of the provider's records; raises `ParameterInvalid` for a programme and an activity."""
    return _count(connection, caller.provider_id, query)


def count_all(connection: Connection, caller: Caller, query: RemsReportQuery) -> RemsCounts:
    """Return what is shown of the records of all providers, for the operator; raises `ParameterInvalid` as well."""
    return _count(connection, None, query)


def _count(connection: Connection, provider_id: str | None, query: RemsReportQuery) -> RemsCounts:
    if query.rems_type is not None and query.activity_id is not None:
        raise ParameterInvalid.of(
            "rems_type",
            "Records are counted of one programme or of one activity, not of both.",
            "Leave out one of the two: an activity belongs to one programme.",
        )
    wanted = RemsFilter(
        provider_id=provider_id, year=query.year, rems_type=query.rems_type, activity_id=query.activity_id
    )
    return count_answers(stored.count_groups(connection, wanted), lists())
