"""Which fields of a document's record a finding is about: it names an element, and a field is a text within one."""

from __future__ import annotations

import re
from collections.abc import Iterable

from app.domain.batch_mends import RecordField

_NUMBERED = re.compile(r"(.*)\[(\d+)\]", re.S)
_LEAVES = {
    "credits": "numberOfCredits",
    "total_credits": "numberOfCredits",
    "type": "activityCertification",
    "state": "domain",
    "board": "domain",
    "first_name": "GivenName",
    "last_name": "FamilyName",
    "date_of_birth": "BirthDate",
}
"""The name of the element, or attribute, that says what a pointer ends with; other pointers are about a text itself."""
Steps = tuple[tuple[str, int], ...]
"""Names of elements from the record down, each with which of those beside it of the name it is, from 1."""


def fields_within(fields: Iterable[RecordField], place: str) -> list[RecordField]:
    """Return the fields of the element at a place such as `CreditCertificate[2]/UniqueID`, in their order."""
    wanted = _read(place)
    steps = _steps_of(list(fields))
    return [field for field, at in steps if at[: len(wanted)] == wanted]


def field_meant(within: Iterable[RecordField], place: str, pointer: str) -> RecordField | None:
    """Return which of the fields within an element a pointer is about; None where it may be several."""
    found = list(within)
    named = [field for field in found if _last(field.column) == _LEAVES.get(pointer.rpartition("/")[2])]
    itself = [field for field in found if _plain(field.column) == _plain(place)]
    for some in (named, itself, found):
        if len(some) == 1:
            return some[0]
    return None


def _last(column: str) -> str:
    return re.split("[/@]", column)[-1]


def _plain(path: str) -> str:
    return re.sub(r"\[\d+\]", "", path)


def _read(path: str) -> Steps:
    """Return the steps of a path; one without a number is the first of its name."""
    steps = []
    for part in filter(None, re.split("[/@]", path)):
        numbered = _NUMBERED.fullmatch(part)
        steps.append((numbered[1], int(numbered[2])) if numbered else (part, 1))
    return tuple(steps)


def _steps_of(fields: list[RecordField]) -> Iterable[tuple[RecordField, Steps]]:
    """Yield fields with their steps: those of JSON say them, those of XML by which child of its parent each is."""
    seen: dict[tuple[str, ...], dict[str, list[str]]] = {}
    for field in fields:
        if "[" in field.column or not _is_path(field):
            yield field, _read(field.column)
            continue
        path, _, attribute = field.column.partition("@")
        places = field.field.partition("/@")[0].split("/")[1:]
        steps = []
        for depth, name in enumerate(path.split("/") if path else ()):
            beside = seen.setdefault(tuple(places[:depth]), {}).setdefault(name, [])
            if places[depth] not in beside:
                beside.append(places[depth])
            steps.append((name, beside.index(places[depth]) + 1))
        yield field, (*steps, *([(attribute, 1)] if attribute else ()))


def _is_path(field: RecordField) -> bool:
    """Whether a field is named by places of children, as the elements of XML are."""
    return all(part.isdecimal() for part in field.field.partition("/@")[0].split("/")[1:])
