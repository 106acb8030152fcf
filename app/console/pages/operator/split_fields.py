"""The form of a split: who leaves, what is ticked of what is on file, and whose each record is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from app.console.drawn_forms import Said, said_of_problem
from app.console.forms import BodyForm, Typed
from app.console.pages.operator.filed_words import name_in_words, number_in_words
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
    return [(_value_of(name), name_in_words(name)) for name in names]


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
        if value_of(sent, record.field) == owner:
            yield completion.completion_id
        if len(record.credits) > 1:
            yield from (
                credit.field.rpartition("/")[2] for credit in record.credits if value_of(sent, credit.field) == owner
            )


def _unsaid(sent: SentFields, held: Sequence[Completion]) -> Iterator[ErrorItem]:
    for completion in held:
        record = owned(completion)
        said = (GOES, STAYS)
        apart = len(record.credits) > 1 and all(value_of(sent, credit.field) in said for credit in record.credits)
        if value_of(sent, record.field) not in said and not apart:
            yield ErrorItem(
                code="format", pointer=record.field, detail="It is not said whose this record is.",
                hint="Choose who has it.",
            )  # fmt: skip
