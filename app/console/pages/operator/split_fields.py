"""The form of a split: who leaves, what is ticked of what is on file, and whose each record is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import msgspec

from app.console.drawn_forms import Said, said_of_problem
from app.console.forms import BodyForm, Typed
from app.console.pages.operator.filed_words import number_in_words
from app.console.record_words import credit_in_words
from app.console.routes import OWN_FIELDS, SentFields, value_of
from app.core.errors import Conflict, ErrorItem, InvalidRequest
from app.domain.catalogue import Catalogue
from app.domain.credits import Completion, CreditStatus
from app.domain.identity.merges import Split
from app.domain.identity.physicians import FiledName, FiledNumber, Physician
from app.schemas.physician_merges import SplitIn
from app.services.registry.given_fields import read_split

FORM = BodyForm(SplitIn)
GOES, STAYS = "goes", "stays"
MOST_ONE_BY_ONE = 500
"""Records beyond which it is said of whole activities, or providers, whose they are: no form has fields without end."""
_BUTTONS = OWN_FIELDS | {"do", "listed"}


class OwnedCredit(msgspec.Struct, frozen=True, kw_only=True):
    """A credit of a record of which it may be said apart whose it is."""

    field: str
    words: str


class OwnedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A record of which is to be said whose it is."""

    field: str
    completion: Completion
    credits: tuple[OwnedCredit, ...]
    """All that stands of it."""


class RecordGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Records of which is to be said at once whose they are."""

    field: str
    provider_id: str
    activity_id: str
    """Empty for all activities of the provider."""
    records: int
    first: date
    last: date


def groups_of(held: Sequence[Completion]) -> tuple[RecordGroup, ...]:
    """Return the records of somebody who has too many to be asked of each; empty where there is a field for each."""
    if len(held) <= MOST_ONE_BY_ONE:
        return ()
    by_activity, by_provider = (_grouped(held, place) for place in (0, 1))
    return by_activity if len(by_activity) <= MOST_ONE_BY_ONE else by_provider


def _grouped(held: Sequence[Completion], place: int) -> tuple[RecordGroup, ...]:
    groups: dict[str, list[Completion]] = {}
    for completion in held:
        groups.setdefault(_shared_fields(completion)[place], []).append(completion)
    found = (
        RecordGroup(
            field=field,
            provider_id=records[0].provider_id,
            activity_id=records[0].activity_id if place == 0 else "",
            records=len(records),
            first=min(record.completed_on for record in records),
            last=max(record.completed_on for record in records),
        )
        for field, records in groups.items()
    )
    return tuple(sorted(found, key=lambda group: (group.provider_id, group.first, group.activity_id)))


def _shared_fields(completion: Completion) -> tuple[str, str]:
    """Return the fields that say whose a record is together with others: of its activity, of its provider."""
    of_provider = f"whose-at/{completion.provider_id}"
    return f"{of_provider}/{completion.activity_id}", of_provider


def _owner(sent: SentFields, completion: Completion) -> str:
    """Return whose a form says that a record is; its own field counts before a shared one, empty where none says it."""
    names = (owned(completion).field, *_shared_fields(completion))
    return next(filter(None, (value_of(sent, name) for name in names)), "")


def owned(completion: Completion) -> OwnedRecord:
    """Return a record with the names of the fields that say whose it is."""
    return OwnedRecord(
        field=f"whose/{completion.completion_id}",
        completion=completion,
        credits=tuple(
            OwnedCredit(field=f"whose-of/{credit.credit_id}", words=credit_in_words(credit))
            for credit in completion.credits
            if credit.status is not CreditStatus.WITHDRAWN
        ),
    )


def name_choices(names: Sequence[FiledName]) -> list[tuple[str, str]]:
    """Return the names that may be ticked, as (value, words)."""
    return [(_value_of(name), name.in_full) for name in names]


def number_choices(numbers: Sequence[FiledNumber]) -> list[tuple[str, str]]:
    """Return the numbers that may be ticked, as (value, words)."""
    return [(_value_of(number), number_in_words(number)) for number in numbers]


def kept_fields(sent: SentFields) -> list[tuple[str, str]]:
    """Return what the form holds, as (name, value), for a page that carries it along."""
    return [(name, text) for name, texts in sent.items() if name not in _BUTTONS for text in texts]


def read_wanted(sent: SentFields, catalogue: Catalogue, who: Physician, held: Sequence[Completion]) -> Split:
    """Return the split that a form asks for; raises `InvalidRequest` with every fault, at its field."""
    typed = FORM.read(sent)
    faults: list[ErrorItem] = []
    whose = {id: list(_said_whose(sent, held, id)) for id in (GOES, STAYS)}
    body: dict[str, Any] = {
        "physician": typed.body.get("physician", {}),
        "npi": typed.body.get("npi", False),
        "names": [
            {"first_name": name.first_name, "last_name": name.last_name}
            for name in _ticked(sent, "names", who.names, faults)
        ],
        "licenses": [
            {"board": number.board, "license_id": number.number}
            for number in _ticked(sent, "licenses", who.licenses, faults)
        ],
        "certifications": [
            {"board": number.board, "board_id": number.number}
            for number in _ticked(sent, "certifications", who.certifications, faults)
        ],
        **whose,
    }
    faults += _unsaid(sent, held)
    try:
        wanted = read_split(FORM.validated(Typed(typed.fields, body)).fields_sent(), catalogue)
    except InvalidRequest as refusal:
        raise InvalidRequest(errors=[*refusal.errors, *faults]) from None
    if faults:
        raise InvalidRequest(errors=faults)
    return wanted


def said_of_refusal(refusal: InvalidRequest | Conflict | None) -> list[Said]:
    """Return what is said of a refused split; hints about ids and lists are the API's, and left out."""
    if refusal is None:
        return []
    found = [
        msgspec.structs.replace(said, pointer="", hint="Say below whose it is." if said.pointer == "/stays" else "")
        if said.pointer in ("/goes", "/stays") and not isinstance(refusal, Conflict)
        else said
        for said in said_of_problem(refusal)
    ]
    return found or [Said(pointer="", text=refusal.detail)]


def _value_of(filed: FiledName | FiledNumber) -> str:
    return "|".join(filed.key)


def _ticked(sent: SentFields, part: str, on_file: Sequence[Any], faults: list[ErrorItem]) -> list[Any]:
    """Return what is ticked of what is on file; what is there no more is a fault."""
    by_value = {_value_of(filed): filed for filed in on_file}
    ticked = dict.fromkeys(sent.get(part, ()))
    if not ticked.keys() <= by_value.keys():
        detail = "Something that was ticked is no longer on file."
        faults.append(ErrorItem(code="format", pointer=part, detail=detail, hint="Look at what is ticked now."))
    return [filed for value, filed in by_value.items() if value in ticked]


def _said_whose(sent: SentFields, held: Sequence[Completion], owner: str) -> Iterator[str]:
    """Yield the ids of completions and credits of which an owner is said; a credit's own counts before its record's."""
    for completion in held:
        record = owned(completion)
        if _owner(sent, completion) == owner:
            yield completion.completion_id
        if len(record.credits) > 1:
            yield from (
                credit.field.rpartition("/")[2] for credit in record.credits if value_of(sent, credit.field) == owner
            )


def _unsaid(sent: SentFields, held: Sequence[Completion]) -> Iterator[ErrorItem]:
    groups = groups_of(held)
    drawn = {group.field for group in groups}
    unsaid = {name for one in held if not _owner(sent, one) for name in _shared_fields(one) if name in drawn}
    for group in groups:
        if group.field in unsaid:
            yield ErrorItem(
                code="format", pointer=group.field, detail="It is not said whose these records are.",
                hint="Choose who has them.",
            )  # fmt: skip
    for completion in held if not groups else ():
        record = owned(completion)
        said = (GOES, STAYS)
        apart = len(record.credits) > 1 and all(value_of(sent, credit.field) in said for credit in record.credits)
        if _owner(sent, completion) not in said and not apart:
            yield ErrorItem(
                code="format", pointer=record.field, detail="It is not said whose this record is.",
                hint="Choose who has it.",
            )  # fmt: skip
