"""Completions and credit lines as documents of the API, made of rows of the tables: the same as of values.

A million of them take a quarter of the time, and `tests/api/looking` holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

import msgspec

from app.domain.amounts import format_quarters
from app.schemas.completion_records import RemsParticipationOut
from app.store.looking.completion_exports import BETWEEN
from app.store.sql.values import read_document

_REMS = tuple(RemsParticipationOut.model_fields)


def write_documents(rows: Iterable[Sequence[Any]]) -> bytes:
    """Return a line of JSON for each completion; its rows stand together, and each ends with its place."""
    written: list[str] = []
    current, end = None, ""
    for (
        completion_id, activity_id, provider_id, completed_on, occasion, submitted_at, entry_method, first_name,
        last_name, birth_date, npi, learner_id, rems, version, *credit,
    ) in rows:  # fmt: skip
        if completion_id == current:
            written.append(f",{_credit(*credit)}")
            continue
        current = completion_id
        written.append(
            f'{end}{{"completion_id":"{completion_id}","activity_id":"{activity_id}",'
            f'"provider_id":{_text(provider_id)},"completed_on":"{completed_on}","occasion":{occasion},'
            f'"submitted_at":"{_moment(submitted_at)}","entry_method":"{entry_method}",'
            f'"learner":{_learner(first_name, last_name, birth_date, npi, learner_id)},"credits":[{_credit(*credit)}'
        )
        end = f'],"rems":{_rems(rems) if rems else "null"},"version":{version}}}\n'
    written.append(end)
    return "".join(written).encode()


def write_lines(rows: Iterable[Sequence[Any]]) -> bytes:
    """Return a line of JSON for each credit line, as `CreditLineOut` makes it."""
    return "".join([_line(*row) for row in rows]).encode()


def _line(
    credit_id: str, kind: str, board: str, reported_id: str | None, quarters: int, types: str | None,
    references: str | None, status: str, delivery: str, reason: str | None, words: str | None, status_at: str,
    completion_id: str, completed_on: str, submitted_at: str, entry_method: str, first_name: str | None,
    last_name: str | None, birth_date: str | None, npi: str | None, learner_id: str | None, activity_id: str,
    title: str, internal_id: str | None, format: str, place: int,
) -> str:  # fmt: skip
    credit = _credit(
        credit_id, kind, board, reported_id, quarters, types, references, status, delivery, reason, words, status_at,
        place,
    )  # fmt: skip
    return (
        f'{credit[:-1]},"completion_id":"{completion_id}","completed_on":"{completed_on}",'
        f'"submitted_at":"{_moment(submitted_at)}","entry_method":"{entry_method}",'
        f'"learner":{_learner(first_name, last_name, birth_date, npi, learner_id)},"activity":{{'
        f'"activity_id":"{activity_id}","title":{_text(title)},"internal_id":{_text(internal_id)},'
        f'"format":{_text(format)}}}}}\n'
    )


def _learner(
    first_name: str | None, last_name: str | None, birth_date: str | None, npi: str | None, learner_id: str | None
) -> str:
    return (
        f'{{"first_name":{_text(first_name)},"last_name":{_text(last_name)},"date_of_birth":{_text(birth_date)},'
        f'"npi":{_text(npi)},"learner_id":{_text(learner_id)}}}'
    )


def _credit(
    credit_id: str | None, kind: str, board: str, reported_id: str | None, quarters: int, types: str | None,
    references: str | None, status: str, delivery: str, reason: str | None, words: str | None, status_at: str,
    _place: int,
) -> str:  # fmt: skip
    """Return a credit; nothing for the row of a completion that has none."""
    if credit_id is None:
        return ""
    return (
        f'{{"credit_id":"{credit_id}","kind":"{kind}","board":{_text(board)},"learner_board_id":{_text(reported_id)},'
        f'"credits":{quarters / 4},"credit_types":[{_types(types) if types else ""}],"client_references":['
        f'{_references(references) if references else ""}],"status":"{status}","delivery":"{delivery}",'
        f'"status_reason":{_text(reason)},"status_text":{_text(words)},"status_at":"{_moment(status_at)}"}}'
    )


@lru_cache(maxsize=1_024)
def _types(aggregate: str) -> str:
    return ",".join(f'{{"type":{_text(name)},"credits":{of_type / 4}}}' for name, of_type in read_types(aggregate))


def _references(aggregate: str) -> str:
    return ",".join(map(_text, read_references(aggregate)))


def _text(text: str | None) -> str:
    return "null" if text is None else encode_basestring(text)


def _moment(text: str) -> str:
    """Return an instant as answers have it: without a fraction where that is nought."""
    return f"{text[:19]}Z" if text[19:] == ".000000Z" else text


def _rems(document: Any) -> str:
    held = read_document(document)
    return msgspec.json.encode({name: held.get(name) for name in _REMS}).decode()


def read_types(aggregate: str) -> list[tuple[str, int]]:
    """Return the types of a credit with their quarters, in the order of the record."""
    parts = [part.split(" ", 2) for part in aggregate.split(BETWEEN)]
    parts.sort(key=lambda part: int(part[0]))
    return [(name, int(quarters)) for _, quarters, name in parts]


def read_references(aggregate: str) -> list[str]:
    """Return the references of a credit, sorted."""
    return sorted(aggregate.split(BETWEEN))


def say_types(aggregate: str) -> str:
    """Return the types of a credit as a cell has them: `0.25 Lifelong Learning; 2 Patient Safety`."""
    return "; ".join(f"{format_quarters(quarters)} {name}" for name, quarters in read_types(aggregate))
