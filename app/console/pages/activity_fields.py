"""The fields of an activity as they are typed: registered, edited, and answered before it is closed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, TypeVar

import msgspec

from app.console.activity_words import missing_inputs
from app.console.drawn_forms import DrawnForm
from app.console.forms import BodyForm, Typed
from app.console.pages.joint_fields import DRAWN as JOINT_DRAWN
from app.console.routes import SentFields
from app.core.errors import InvalidRequest
from app.domain.activities import Activity, RegisteredActivity
from app.domain.boards import BoardKind
from app.domain.catalogue import Catalogue
from app.domain.choices import DeliveryMethod, Fee, OutcomeMeasured, Providership, RegistrationMode
from app.domain.formats import ACTIVITY_FORMATS
from app.domain.rems import REMS_TYPES
from app.schemas.activities import ActivityFields, ActivityIn, ActivityOut, ActivityPatch

F = TypeVar("F", bound=ActivityFields)
DAYS = ("/start_date", "/end_date", "/moc/*/credit_claim_date", "/joint_accreditation/pharmacy/live_date")
NEW = BodyForm(ActivityIn, days=DAYS)
PATCH = BodyForm(ActivityPatch, days=DAYS)
NONE_OF = ("measured_outcomes", "commercial_support")
"""Lists of which "none" is an answer; a tick of the page's own, `none-of-` before its name, gives it."""
DRAWN = (
    "title", "format", "internal_id", "start_date", "end_date", "ama_pra_credits", "delivery_methods", "location",
    "description", "providership", "joint_providers", "practice_areas", "moc", "rems", "mips", "measured_outcomes",
    "listing", "commercial_support", "learner_counts",
)  # fmt: skip
"""What the form draws; an edit leaves everything else as it stands."""
_JOINT = "joint_accreditation"
"""What the form draws of interprofessional education, where it draws it."""
_ONE_A_LINE = re.compile(r"/(?:joint_providers|(?:.*/)?(?:practice_areas|content_outline|specialties))")
_LISTS = "moc|measured_outcomes|joint_accreditation/credit_amounts|learner_counts/professions"
_ROW = re.compile(rf"(?P<place>/(?P<list>{_LISTS})/\d{{1,9}})/.*")
_NAMED_BY = {
    "moc": "board", "measured_outcomes": "outcome",
    "joint_accreditation/credit_amounts": "credits", "learner_counts/professions": "learners",
}  # fmt: skip
"""What makes a row of the form count: its tick, or its number."""


class BoardRow(msgspec.Struct, frozen=True, kw_only=True):
    """A board that an activity may be registered for, and its place in the form."""

    pointer: str
    code: str
    name: str
    types: tuple[tuple[str, str], ...]
    ticked: bool


class OutcomeRow(msgspec.Struct, frozen=True, kw_only=True):
    """A change that may have been measured, and its place in the form."""

    pointer: str
    value: str
    label: str


class ActivityChoices(msgspec.Struct, frozen=True):
    """What the lists of the form offer."""

    formats: tuple[tuple[str, str], ...] = tuple((known.code, known.name) for known in ACTIVITY_FORMATS)
    methods: tuple[tuple[str, str], ...] = tuple((one.value, one.label) for one in DeliveryMethod)
    providerships: tuple[tuple[str, str], ...] = tuple((one.value, one.label) for one in Providership)
    rems_types: tuple[tuple[str, str], ...] = tuple((name, name) for name in REMS_TYPES)
    fees: tuple[tuple[str, str], ...] = tuple((one.value, one.label) for one in Fee)
    modes: tuple[tuple[str, str], ...] = tuple((one.value, one.label) for one in RegistrationMode)
    yes_no: tuple[tuple[str, str], ...] = (("true", "Yes"), ("false", "No"))


CHOICES = ActivityChoices()


def read_activity(form: BodyForm[F], sent: SentFields) -> Typed:
    """Return what was typed: rows without their tick are left out, fields of one value a line are lists."""
    given: SentFields = {}
    for name, values in sent.items():
        row = _ROW.fullmatch(name)
        if row is not None and not any(map(str.strip, sent.get(f"{row['place']}/{_NAMED_BY[row['list']]}", ()))):
            continue
        given[name] = values
        if _ONE_A_LINE.fullmatch(name):
            given[name] = [line.strip() for value in values for line in value.split("\n") if line.strip()]
    typed = form.read(given)
    for name in NONE_OF:
        if f"none-of-{name}" in sent:
            typed.body.setdefault(name, [])
            typed.fields[f"none-of-{name}"] = ["true"]
    if JOINT_DRAWN in sent:
        typed.fields[JOINT_DRAWN] = ["true"]
    return Typed(as_drawn(typed.fields), typed.body)


def as_drawn(fields: SentFields) -> SentFields:
    """Return fields as they are drawn: those of one value a line as one text."""
    return {name: ["\n".join(values)] if _ONE_A_LINE.fullmatch(name) else values for name, values in fields.items()}


def body_of(shown: RegisteredActivity, today: date) -> dict[str, Any]:
    """Return an activity as the body that the form stands for."""
    answered = ActivityOut.of(shown, today).model_dump(mode="json")
    return {name: answered[name] for name in (*DRAWN, _JOINT) if answered[name] is not None}


def fields_of(shown: RegisteredActivity, today: date) -> SentFields:
    """Return an activity as the fields of the form."""
    body = body_of(shown, today)
    fields = as_drawn(NEW.write(body))
    for name in NONE_OF:
        if body.get(name) == []:
            fields[f"none-of-{name}"] = ["true"]
    return fields


def patch_of(typed: Typed) -> ActivityPatch:
    """Return what was typed as the change of every field that the form draws; raises `InvalidRequest`."""
    drawn = (*DRAWN, _JOINT) if JOINT_DRAWN in typed.fields else DRAWN
    whole = {name: typed.body.get(name) for name in drawn} | typed.body
    return PATCH.validated(Typed(typed.fields, whole))


def missing_of(typed: Typed, provider_id: str) -> list[tuple[str, str]]:
    """Return what the activity as typed lacks to be active: what it is called, and the pointer of its field."""
    try:
        activity = NEW.validated(typed).as_activity(provider_id)
    except InvalidRequest:
        return []
    return missing_to_activate(activity)


def missing_to_activate(activity: Activity) -> list[tuple[str, str]]:
    """Return what an activity lacks to be active."""
    return missing_inputs(activity, activity.missing_to_activate())


def board_rows(form: DrawnForm, catalogue: Catalogue) -> tuple[BoardRow, ...]:
    """Return the boards in the order of the form: those that are ticked, then all others."""
    rows = []
    for pointer in form.places("/moc"):
        code = form.value(f"{pointer}/board")
        board = catalogue.certifying(code)
        types = tuple((known.name, known.name) for known in board.credit_types) if board is not None else ()
        name = board.name if board is not None else code
        rows.append(BoardRow(pointer=pointer, code=code, name=name, types=types, ticked=True))
    taken = {row.code for row in rows}
    others = [board for board in catalogue.boards.values() if board.kind is BoardKind.CERTIFYING]
    for board in others:
        if board.code not in taken:
            types = tuple((known.name, known.name) for known in board.credit_types)
            pointer = f"/moc/{len(rows)}"
            rows.append(BoardRow(pointer=pointer, code=board.code, name=board.name, types=types, ticked=False))
    return tuple(rows)


def outcome_rows(form: DrawnForm) -> tuple[OutcomeRow, ...]:
    """Return the changes that may have been measured, each at its place in the form."""
    places = {form.value(f"{pointer}/outcome"): pointer for pointer in form.places("/measured_outcomes")}
    free = iter(range(len(places), len(places) + len(OutcomeMeasured)))
    return tuple(
        OutcomeRow(
            pointer=places.get(one.value) or f"/measured_outcomes/{next(free)}", value=one.value, label=one.label
        )
        for one in OutcomeMeasured
    )


def differences(theirs: Mapping[str, list[str]], ours: Mapping[str, list[str]]) -> tuple[tuple[str, str, str], ...]:
    """Return (field, what stands now, what was typed) where two forms differ."""
    names = dict.fromkeys((*theirs, *ours))
    return tuple(
        (name, ", ".join(theirs.get(name, ())), ", ".join(ours.get(name, ())))
        for name in names
        if name.startswith("/") and theirs.get(name) != ours.get(name)
    )
