"""What is on file of a person when two become one, or are parted again. Pure, but for `store`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from msgspec.structs import replace

from app.domain.identity.learners import NameKind
from app.domain.identity.merges import Overruled
from app.domain.identity.physicians import FiledName, FiledNumber, Physician
from app.matching.joining import compared_suffix
from app.services.context import Work
from app.services.registry import name_forms
from app.store.registry import budgets, physicians

_GIVEN = ("birth_date", "npi", "medical_school")


def contradictions(one: Physician, into: Physician) -> Iterator[Overruled]:
    """Yield what speaks against two physicians being one."""
    if one.birth_date and into.birth_date and one.birth_date != into.birth_date:
        yield Overruled.BIRTH_DATE
    if one.npi and into.npi:
        yield Overruled.NPI
    suffixes = {compared_suffix(suffix) for suffix in (one.shown.suffix, into.shown.suffix) if suffix}
    if len(suffixes) > 1:
        yield Overruled.SUFFIX


def joined(one: Physician, into: Physician) -> tuple[Physician, tuple[str, ...]]:
    """Return a physician with everything that is on file of another one too, and which fields they were given.

    What both have stays as it is of the one who stays; nobody's name or number is dropped.
    """
    gave = tuple(name for name in _GIVEN if getattr(one, name) and not getattr(into, name))
    keys = {name.key for name in into.names}
    names = [replace(name, kind=name.kind or NameKind.OTHER) for name in one.names if name.key not in keys]
    after = replace(
        into,
        other_names=(*into.other_names, *_once(names)),
        licenses=_with_numbers(into.licenses, one.licenses),
        certifications=_with_numbers(into.certifications, one.certifications),
        **{name: getattr(one, name) for name in gave},
    )
    if "npi" in gave:
        after = with_npi_of(after, one)
    return after, gave


def _once(names: Iterable[FiledName]) -> list[FiledName]:
    return list({name.key: name for name in reversed(list(names))}.values())[::-1]


def _with_numbers(held: Sequence[FiledNumber], given: Sequence[FiledNumber]) -> tuple[FiledNumber, ...]:
    """Return numbers of both; of one that both have, dates that only one source tells, and a board's confirmation."""
    by_key = {number.key: number for number in given}
    both = [
        replace(
            number,
            starts_on=number.starts_on or other.starts_on,
            ends_on=number.ends_on or other.ends_on,
            self_reported=number.self_reported and other.self_reported,
        )
        if (other := by_key.pop(number.key, None)) is not None
        else number
        for number in held
    ]
    return (*both, *by_key.values())


def parted(root: Physician, before: Physician, gave: Sequence[str], still: Sequence[Physician]) -> Physician:
    """Return a physician without what a merge brought; `still` are others who stay merged, whose data stay as well."""
    kept_names = {name.key for one in still for name in one.names} | {root.shown.key}
    kept_numbers = {number.key for one in still for number in (*one.licenses, *one.certifications)}
    own_names = {name.key for name in before.names} - kept_names
    own_numbers = {number.key for number in (*before.licenses, *before.certifications)} - kept_numbers
    after = replace(
        root,
        other_names=tuple(name for name in root.other_names if name.key not in own_names),
        licenses=tuple(number for number in root.licenses if number.key not in own_numbers),
        certifications=tuple(number for number in root.certifications if number.key not in own_numbers),
    )
    taken: dict[str, Any] = {}
    for name in gave:
        value = getattr(before, name)
        if getattr(root, name) == value and not any(getattr(one, name) == value for one in still):
            taken[name] = None
    if root.npi is not None and root.npi == before.npi:
        after = with_npi_of(after, None)
    return replace(after, **taken)


def with_npi_of(one: Physician, other: Physician | None) -> Physician:
    """Return a physician with the NPI of another, and all that is known of it; without one where there is nobody."""
    return replace(
        one,
        npi=other.npi if other is not None else None,
        npi_disputed_at=other.npi_disputed_at if other is not None else None,
        npi_listed=other is not None and other.npi_listed,
        npi_ended_on=other.npi_ended_on if other is not None else None,
    )


def store(work: Work, before: Physician, after: Physician) -> list[str]:
    """Store what has changed of a physician; return the names of the parts that did. Forms are made anew.

    The caller audits it, and sees to it that no number is given to two.
    """
    connection, id = work.connection, after.physician_id
    columns = {
        "first_name": (before.shown.first_name, after.shown.first_name),
        "middle_name": (before.shown.middle_name, after.shown.middle_name),
        "last_name": (before.shown.last_name, after.shown.last_name),
        "suffix": (before.shown.suffix, after.shown.suffix),
        "birth_date": (before.birth_date, after.birth_date),
        "npi": (before.npi, after.npi),
        "npi_disputed_at": (before.npi_disputed_at, after.npi_disputed_at),
        "npi_listed": (before.npi_listed or None, after.npi_listed or None),
        "npi_ended_on": (before.npi_ended_on, after.npi_ended_on),
        "medical_school": (before.medical_school, after.medical_school),
    }
    changed = {name: now for name, (was, now) in columns.items() if was != now}
    parts = list(changed)
    if (before.names, before.birth_date) != (after.names, after.birth_date):
        physicians.replace_names(connection, after)
        if before.other_names != after.other_names:
            parts.append("other_names")
    if (before.licenses, before.certifications) != (after.licenses, after.certifications):
        physicians.replace_numbers(connection, after, work.now)
        parts += [name for name in ("licenses", "certifications") if getattr(before, name) != getattr(after, name)]
    if parts:
        physicians.set_fields(connection, id, changed | {"updated_at": work.now})
        name_forms.refresh(connection, [id])
    if before.birth_date and before.birth_date != after.birth_date:
        # Who knew the date that was wrong may not try all others.
        budgets.forget_finds(connection, id)
    return parts
