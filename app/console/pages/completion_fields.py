"""The fields of one record as they are typed: who, when, and for which states and boards."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from app.console.drawn_forms import DrawnForm, Said
from app.console.forms import BodyForm, Typed
from app.console.routes import SentFields
from app.domain.activities import Activity
from app.domain.boards import BoardKind, Need
from app.domain.catalogue import Catalogue
from app.domain.rems import DEA_REGISTRATIONS, PROFESSIONS, TIMES_IN_PRACTICE
from app.domain.states import STATES
from app.schemas.completions import CompletionIn
from app.services.reference import practice_areas

FORM = BodyForm(CompletionIn, days=["/completed_on"])
PERSON = ("/learner/first_name", "/learner/last_name", "/learner/date_of_birth", "/learner/npi")
_KEPT = re.compile(
    r"/completed_on|/cme/\d+/(state|credits|special_credits/\d+/\w+)|/moc/\d+/(board|total_credits)"
    r"|/moc/\d+/credit_types/\d+/\w+|cme"
)
"""What stays in the form for the next learner: nothing about a person."""
_TICKED_ROW = re.compile(r"(/moc/\d{1,9})/.*")
_TYPE_ROW = re.compile(r"((/moc/\d{1,9})/credit_types/\d{1,9})/.*")
MOST_STATE_ROWS = 6


class TypeRow(msgspec.Struct, frozen=True, kw_only=True):
    """A credit type that may be reported, and its place in the form."""

    pointer: str
    name: str


class BoardTarget(msgspec.Struct, frozen=True, kw_only=True):
    """A certifying board that the record may be for, and its place in the form."""

    pointer: str
    code: str
    name: str
    most: float | None
    wants_id: bool
    types: tuple[TypeRow, ...]
    ticked: bool


class RecordChoices(msgspec.Struct, frozen=True, kw_only=True):
    """What the lists of the form offer."""

    states: tuple[tuple[str, str], ...]
    special: tuple[tuple[str, str], ...]
    professions: tuple[tuple[str, str], ...] = tuple((name, name) for name in PROFESSIONS)
    registrations: tuple[tuple[str, str], ...] = tuple((name, name) for name in DEA_REGISTRATIONS)
    times: tuple[tuple[str, str], ...] = tuple((name, name) for name in TIMES_IN_PRACTICE)
    areas: tuple[tuple[str, str], ...] = ()
    yes_no: tuple[tuple[str, str], ...] = (("true", "Yes"), ("false", "No"))


class RecordRows(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a record's form that depend on its activity and on what was typed."""

    states: tuple[str, ...]
    """Pointers of the rows of states; the last is empty."""
    boards: tuple[BoardTarget, ...]
    unregistered: tuple[str, ...]
    """Names of the boards that the activity is not registered for."""
    choices: RecordChoices


def read_record(sent: SentFields, activity_id: str) -> Typed:
    """Return the record that was typed: what is not ticked is left out; a type without an amount has the total.

    In the fields it stays blank: it has to follow a total that is mended.
    """
    given: SentFields = {}
    totals: SentFields = {}
    for name, values in sent.items():
        board, kind = _TICKED_ROW.fullmatch(name), _TYPE_ROW.fullmatch(name)
        if board is not None and not _filled(sent, f"{board[1]}/board"):
            continue
        if kind is not None and not _filled(sent, f"{kind[1]}/type"):
            continue
        if name.startswith("/cme/") and "cme" not in sent:
            continue
        given[name] = values
        if kind is not None and not _filled(sent, f"{kind[1]}/credits"):
            totals[f"{kind[1]}/credits"] = sent.get(f"{kind[2]}/total_credits", [])
    given.pop("/activity_id", None)
    typed = Typed(FORM.read(given).fields, FORM.read(given | totals).body)
    typed.body["activity_id"] = activity_id
    if "cme" in sent:
        typed.fields["cme"] = ["true"]
    return typed


def _filled(sent: SentFields, name: str) -> bool:
    return any(map(str.strip, sent.get(name, ())))


def first_fields(activity: Activity) -> SentFields:
    """Return what stands in the form before anything was typed."""
    return {"cme": ["true"]} if activity.ama_pra_credits else {}


def kept_fields(fields: SentFields) -> SentFields:
    """Return what stays for the next learner."""
    return {name: values for name, values in fields.items() if _KEPT.fullmatch(name)}


def rows_of(form: DrawnForm, activity: Activity, catalogue: Catalogue) -> RecordRows:
    """Return the rows of a record's form: what the activity is registered for, and what was typed beside."""
    typed = {form.value(f"{pointer}/board"): pointer for pointer in form.places("/moc")}
    registered = [registration.board for registration in activity.registrations]
    offered = [*typed, *(code for code in registered if code not in typed)]
    order = {code: place for place, code in enumerate(registered)}
    targets = [
        _target(form, f"/moc/{place}", code, activity, catalogue, ticked=code in typed)
        for place, code in enumerate(offered)
    ]
    states = form.places("/cme")
    next_state = [f"/cme/{len(states)}"] if len(states) < MOST_STATE_ROWS else []
    if not states:
        next_state.append("/cme/1")
    certifying = [board for board in catalogue.boards.values() if board.kind is BoardKind.CERTIFYING]
    return RecordRows(
        states=(*states, *next_state),
        boards=tuple(sorted(targets, key=lambda target: order.get(target.code, len(order)))),
        unregistered=tuple(board.name for board in certifying if board.code not in registered),
        choices=_choices(catalogue),
    )


def _target(
    form: DrawnForm, pointer: str, code: str, activity: Activity, catalogue: Catalogue, *, ticked: bool
) -> BoardTarget:
    board = catalogue.certifying(code)
    registration = activity.registration(code)
    names = registration.credit_types if registration is not None else ()
    typed = {form.value(f"{place}/type"): place for place in form.places(f"{pointer}/credit_types")} if ticked else {}
    offered = dict.fromkeys((*typed, *names))
    return BoardTarget(
        pointer=pointer,
        code=code,
        name=board.name if board is not None else code,
        most=activity.maximum(code) if activity.maximum_checked else None,
        wants_id=board is None or board.board_id is Need.REQUIRED,
        types=tuple(
            TypeRow(pointer=f"{pointer}/credit_types/{place}", name=name) for place, name in enumerate(offered)
        ),
        ticked=ticked,
    )


def _choices(catalogue: Catalogue) -> RecordChoices:
    special = sorted({name for board in catalogue.boards.values() for name in board.special_credits})
    return RecordChoices(
        states=tuple(STATES.items()),
        special=tuple((name, name) for name in special),
        areas=tuple((name, name) for name in practice_areas()),
    )


def in_words_of_pages(said: Iterable[Said]) -> list[Said]:
    """Return findings with what to do on a page, where a rule speaks to programs."""
    hint = "Tick it once that is so."
    return [replace(line, hint=hint) if line.pointer == "/permission" else line for line in said]
