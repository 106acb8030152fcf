"""Activities as rows of the columns of their template, so that the table can be uploaded again as it is.

Whatever a cell cannot say so that it is read back the same, such as a list of names one of which has a semicolon, is
left blank: a blank cell leaves what stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

import msgspec

from app.domain.activities import Activity, Registration
from app.domain.choices import (
    DeliveryMethod,
    Fee,
    Labelled,
    OutcomeMeasured,
    PharmacyActivityType,
    PharmacyTopic,
    Providership,
    RegistrationMode,
)
from app.domain.columns import ACTIVITIES, FileColumn, Group, Holds
from app.domain.exports import CellKind, ExportColumn
from app.domain.formats import find_format
from app.domain.joint_accreditation import kinds_of
from app.domain.parsing import plain_or_none, read_date
from app.domain.reports import Action
from app.files import cells
from app.files.cells import CellFault

FEWEST_BOARDS = 3
"""Certifying boards that a table has columns for, as templates have."""
_IN_KIND = re.compile(r"\(\s*in\W*kind\s*\)\s*$", re.IGNORECASE)
_KINDS = {Holds.DATE: CellKind.DAY, Holds.AMOUNT: CellKind.NUMBER, Holds.WHOLE: CellKind.NUMBER}
_WIDTHS = {"/title": 44, "/description": 60, "/listing/url": 40, "/format": 26, "/joint_providers": 30}
_READ: Mapping[Holds, Callable[[str], Any]] = {
    Holds.TEXT: cells.read_text,
    Holds.ID: lambda text: cells.read_own_id(text) == (text, False) and text,
    Holds.LIST: cells.read_list,
}
"""How cells are read where that may change them."""


class PlacedColumn(msgspec.Struct, frozen=True, kw_only=True):
    """A column of the table, and where in an activity its cells come from."""

    column: ExportColumn
    pointer: str
    holds: Holds


def lay_out_activities(boards: int) -> tuple[PlacedColumn, ...]:
    """Return the columns of the template, those that repeat once for each of so many certifying boards."""
    once = [_placed(column, column.pointer) for column in ACTIVITIES if column.group is None and not column.last]
    last = [_placed(column, column.pointer) for column in ACTIVITIES if column.last]
    repeated = [
        _placed(column, column.pointer.replace("{board}", str(board)))
        for board in range(max(boards, FEWEST_BOARDS))
        for column in ACTIVITIES
        if column.group is Group.BOARD
    ]
    return (*once, *repeated, *last)


def _placed(column: FileColumn, pointer: str) -> PlacedColumn:
    kind = _KINDS.get(column.holds, CellKind.TEXT)
    shown = ExportColumn(
        heading=column.heading, kind=kind, width=_WIDTHS.get(pointer, 14), written_by_people=kind is CellKind.TEXT
    )
    return PlacedColumn(column=shown, pointer=pointer, holds=column.holds)


def activity_cells(activity: Activity, columns: Iterable[PlacedColumn]) -> list[str]:
    """Return the cells of an activity, empty where it says nothing or a cell cannot say it."""
    values = _values(activity)
    return [_cell(values.get(placed.pointer), placed.holds) or "" for placed in columns]


def _cell(value: Any, holds: Holds) -> str | None:
    """Return a value as a cell, None for one that a cell cannot hold."""
    if value is None or value in ([], ()):
        return None
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float):
        return cells.format_number(value)
    text = "; ".join(value) if holds is Holds.LIST else str(value)
    read = _READ.get(holds)
    try:
        same = read is None or read(text) == (list(value) if holds is Holds.LIST else text)
    except CellFault:
        same = False
    return text if same else None


def _values(activity: Activity) -> dict[str, Any]:
    """Return what an activity says, by the pointers of the columns."""
    details = activity.details
    rems, listing = activity.rems or {}, activity.listing
    counts = details.get("learner_counts") or {}
    kind = find_format(activity.format) if activity.format else None
    values = {
        "/action": Action.UPDATE.value.capitalize(),
        "/activity_id": activity.activity_id,
        "/internal_id": activity.internal_id,
        "/title": activity.title,
        "/format": kind.name if kind is not None else activity.format,
        "/start_date": activity.start_date,
        "/end_date": activity.end_date,
        "/delivery_methods": [_label(DeliveryMethod, code) for code in activity.delivery_methods],
        "/location/city": activity.city,
        "/location/state": activity.state,
        "/location/country": activity.country,
        "/providership": _label(Providership, activity.providership),
        "/joint_providers": details.get("joint_providers") or [],
        "/ama_pra_credits": activity.ama_pra_credits,
        "/description": activity.description,
        "/measured_outcomes": [_outcome(outcome) for outcome in details.get("measured_outcomes") or ()],
        "/learner_counts/physicians": counts.get("physicians"),
        "/learner_counts/others": counts.get("others"),
        "/mips": activity.mips,
        "/rems/type": rems.get("type"),
        "/rems/identifier": rems.get("identifier"),
        "/listing/public": listing.get("public"),
        "/listing/url": listing.get("url"),
        "/listing/fee": _label(Fee, listing.get("fee")),
        "/listing/registration": _label(RegistrationMode, listing.get("registration")),
    }
    for place, registration in enumerate(activity.registrations):
        values |= {f"/moc/{place}/{name}": value for name, value in _of_board(registration).items()}
    return values | _support(details.get("commercial_support")) | _joint(activity)


def _label(values: type[Labelled], code: str | None) -> str | None:
    return next((member.label for member in values if member.value == code), code)


def _outcome(outcome: Mapping[str, Any]) -> str | None:
    label, objective = _label(OutcomeMeasured, outcome["outcome"]), outcome.get("objective")
    return label if objective is None else f"{label} ({'objective' if objective else 'subjective'})"


def _of_board(registration: Registration) -> dict[str, Any]:
    return {
        "board": registration.board,
        "points": registration.points,
        "credit_types": registration.credit_types,
        "credit_claim_date": registration.credit_claim_date,
        "practice_areas": registration.practice_areas,
        "content_outline": registration.content_outline,
        "attested": registration.attested,
    }


def _joint(activity: Activity) -> dict[str, Any]:
    """Return the cells of interprofessional education."""
    joint = activity.joint_accreditation
    pharmacy = joint.get("pharmacy") or {}
    counted = (activity.details.get("learner_counts") or {}).get("professions") or ()
    kinds = [_with_number(name, amount) for name, amount in kinds_of(joint)]
    people = [_with_number(row["profession"], row["learners"]) for row in counted]
    return {
        "/joint_accreditation/interprofessional": joint.get("interprofessional"),
        "/joint_accreditation/professions": joint.get("professions") or [],
        "/joint_accreditation/credits": [] if None in kinds else kinds,
        "/learner_counts/professions": [] if None in people else people,
        "/joint_accreditation/pharmacy/activity_type": _label(PharmacyActivityType, pharmacy.get("activity_type")),
        "/joint_accreditation/pharmacy/topic": _label(PharmacyTopic, pharmacy.get("topic")),
        "/joint_accreditation/pharmacy/live_date": _day(pharmacy.get("live_date")),
        "/joint_accreditation/pharmacy/sequence_number": pharmacy.get("sequence_number"),
        "/joint_accreditation/pharmacy/universal_activity_number": pharmacy.get("universal_activity_number"),
        "/joint_accreditation/pharmacy/technician_activity_number": pharmacy.get("technician_activity_number"),
    }


def _with_number(name: str, number: float | None) -> str | None:
    """Return `Nurse (12)`; None for a name that would be read as one with a number."""
    if name.endswith(")"):
        return None
    return name if number is None else f"{name} ({cells.format_number(number)})"


def _day(text: str | None) -> date | None:
    day = read_date(text)
    return day if isinstance(day, date) else None


def _support(support: list[Mapping[str, Any]] | None) -> dict[str, Any]:
    """Return the cells of commercial support; none where they would be read as something else."""
    if support is None:
        return {}
    if not support:
        return {"/commercial_support": False}
    sources = [_source(supporter) for supporter in support]
    amounts = [supporter.get("amount") for supporter in support]
    if None in sources or (None in amounts and any(amount is not None for amount in amounts)):
        return {}
    if _cell(sources, Holds.LIST) is None:
        return {}
    given = [] if None in amounts else [f"{amount:.2f}" for amount in amounts]
    if any(float(text) != amount for text, amount in zip(given, amounts, strict=False)):
        return {}
    return {
        "/commercial_support": True,
        "/commercial_support/{n}/source": sources,
        "/commercial_support/{n}/amount": given,
    }


def _source(supporter: Mapping[str, Any]) -> str | None:
    source, in_kind = supporter.get("source"), supporter.get("in_kind")
    if source is None or in_kind is False or _IN_KIND.search(source) or source != plain_or_none(source):
        return None
    return f"{source} (in-kind)" if in_kind else source
