"""Why a report found its physician: the evidence of the decision, in levels and in words, never in values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from app.core.errors import NotFound
from app.domain.identity.explanations import ExplainedMatch
from app.matching.decision import Stop
from app.services.context import Caller
from app.services.registry.physicians import refuse_sandbox
from app.store.registry import explanations

_RESULTS = {"one": "one physician", "more_than_one": "several, who cannot be told apart", "none": "nobody"}
_STOPS = {
    Stop.NUMBER: "an identifier that was given is not theirs",
    Stop.BIRTH_DATE: "the birth date differs",
    Stop.NO_BIRTH_DATE: "a birth date was given, and none is on file: only an identifier finds them",
    Stop.SUFFIX: "the suffixes differ, as those of father and son",
    Stop.MIDDLE: "the middle names differ, and no identifier agrees",
    Stop.STATE: "they are not licensed in a state that was given",
    Stop.NAMES: "first or last name differ",
    Stop.SLIPS: "the names are too far from those on file, all slips together",
    Stop.SCORE: "all in all, somebody else of the population is as likely",
    Stop.RIVAL: "somebody else on file goes by the name that was given: the slip may be in the date",
    Stop.LEAD: "another one on file fits nearly as well",
}
"""Why the best candidate is not answered."""
_FIELDS = {
    "surname": "last name", "given": "first name", "middle": "middle name", "suffix": "suffix",
    "birth_date": "birth date", "state": "state", "certified": "certification", "school": "medical school",
}  # fmt: skip
_SAID = {"physician_id", "score", "slips", "swapped", "numbers_agree", "numbers_differ", *_FIELDS}
_DECIDED = {"weights", "population_bits", "result", "stopped_by", "candidates"}


def explain(connection: Connection, caller: Caller, completion_id: str) -> ExplainedMatch:
    """Return how the physician of a completion was found, or of a record that waits nobody; raises `NotFound`."""
    refuse_sandbox(caller)
    exists, physician_id = explanations.owner_of(connection, completion_id)
    made_at, document = explanations.find(connection, completion_id) or (None, None)
    if not exists and document is None and not explanations.is_held(connection, completion_id):
        raise NotFound
    return ExplainedMatch(subject_id=completion_id, physician_id=physician_id, made_at=made_at, document=document)


def in_words(explained: ExplainedMatch) -> Iterator[str]:
    """Yield the lines of an explanation for a reader."""
    if explained.physician_id is not None:
        yield f"It is credited to physician {explained.physician_id}."
    if explained.document is None and explained.physician_id is None:
        yield "Nothing was weighed: no physician was given, or nobody on file comes near what was given."
        return
    if explained.document is None:
        yield "Nothing was weighed: all that was given fitted one physician as on file, or a learner id named them."
        yield "Or it is kept no longer: explanations go with who is erased, and after PARS_KEEP_EXPLANATIONS_DAYS."
        return
    document = explained.document
    result = _RESULTS.get(document.get("result", ""), "unknown")
    yield f"Evidence was weighed on {explained.made_at:%Y-%m-%d at %H:%M:%SZ}, by weights {document.get('weights')}."
    stop = document.get("stopped_by")
    why = f": {_STOPS[Stop(stop)]}" if stop in set(Stop) else f": {_plain(stop)}" if stop else ""
    yield f"Found: {result}{why}."
    yield from _others(document, _DECIDED, "  ")
    for number, candidate in enumerate(document.get("candidates", ()), 1):
        yield f"Candidate {number}, physician {candidate.get('physician_id')}"
        yield from _candidate(candidate)


def _candidate(candidate: Mapping[str, Any]) -> Iterator[str]:
    levels = [
        f"{label} {candidate[name]}" for name, label in _FIELDS.items() if candidate.get(name, "absent") != "absent"
    ]
    swapped = ["first and last name exchanged"] if candidate.get("swapped") else []
    yield f"  {', '.join([*levels, *swapped]) or 'nothing was given that compares'}"
    for name, said in (("numbers_agree", "agree"), ("numbers_differ", "do not agree")):
        if candidate.get(name):
            yield f"  numbers that {said}: {', '.join(map(_plain, candidate[name]))}"
    yield f"  score {_plain(candidate.get('score'))} bits, slip points {_plain(candidate.get('slips'))}"
    yield from _others(candidate, _SAID, "  ")


def _others(fields: Mapping[str, Any], said: set[str], indent: str) -> Iterator[str]:
    """Yield what later weights may tell beside this."""
    for name, value in fields.items():
        if name not in said:
            several = isinstance(value, Sequence) and not isinstance(value, str)
            yield f"{indent}{_plain(name)}: {', '.join(map(_plain, value)) if several else _plain(value)}"


def _plain(value: Any) -> str:
    if value is None:
        return "none"
    return f"{value:.1f}" if isinstance(value, float) else str(value).replace("_", " ")
