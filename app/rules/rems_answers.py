"""Answers about learners of risk-mitigation education, in the words of their lists."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any

from msgspec.structs import replace

from app.domain.parsing import plain_or_none
from app.domain.rems import DEA_ANSWERS, PROFESSION_ANSWERS, TIME_ANSWERS, Answers, keys_of, listed
from app.domain.reports import RemsPart
from app.domain.states import find_state
from app.rules.reference_lists import practice_areas


@cache
def _lists() -> dict[str, Answers]:
    return {
        "profession": PROFESSION_ANSWERS,
        "dea_registration": DEA_ANSWERS,
        "practice_area": practice_areas(),
        "time_in_practice": TIME_ANSWERS,
    }


@cache
def _keys(name: str) -> dict[str, str]:
    return keys_of(_lists()[name])


def accepted_answers(name: str) -> Collection[str]:
    """Return the accepted answers of a field that has a list."""
    return _lists()[name]


def listed_answer(name: str, given: str | None) -> str | None:
    """Return an answer in the words of its list, None for one that is not listed and for none."""
    return listed(_keys(name), given)


def in_listed_words(rems: RemsPart) -> RemsPart:
    """Return a REMS part with its answers in the words of their lists; what is not listed stays as it was sent."""
    fresh: dict[str, Any] = {}
    for name in _lists():
        given = getattr(rems, name)
        known = listed_answer(name, given)
        if known is not None and known != given:
            fresh[name] = known
    return replace(rems, **fresh) if fresh else rems


def unlisted_answers(rems: RemsPart) -> frozenset[str]:
    """Return the names of fields whose answer is given and not listed."""
    missing = {name for name in _lists() if (given := getattr(rems, name)) and listed_answer(name, given) is None}
    return frozenset(missing | ({"state"} if rems.state and find_state(rems.state) is None else set()))


def rems_in_place_of(given: RemsPart, stands: RemsPart | None) -> RemsPart:
    """Return a REMS part, or the one that stands where they differ by spellings alone."""
    if stands is None or stands == given or plain_or_none(stands.local_id) != plain_or_none(given.local_id):
        return given
    return stands if _compared(replace(given, local_id=stands.local_id)) == _compared(stands) else given


def _compared(rems: RemsPart) -> RemsPart:
    state = find_state(rems.state) if rems.state else None
    return replace(in_listed_words(rems), state=state or rems.state)
