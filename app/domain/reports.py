"""Completion reports as sent: parsed, not judged. Every door makes the same value."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from datetime import date, datetime
from typing import TypeAlias

import msgspec
from msgspec.structs import replace

from app.domain.amounts import in_quarters
from app.domain.batches import EntryMethod
from app.domain.identity.learners import Person
from app.domain.parsing import Unparsed

Amount: TypeAlias = float | Unparsed | None
"""An amount in credits as sent: a number, unreadable text, or nothing."""

LAST_OCCASION = 999
"""The most completions of one activity that a learner can have on one day."""
MOST_STATES, MOST_BOARDS, MOST_TYPES = 70, 20, 20
"""The most CME and MOC parts of a record, and credit types of a part."""
MOST_REFERENCES = 100
"""The most of the sender's own keys that a completion as a whole has, or a credit."""


class Action(enum.StrEnum):
    """The action that a record asks for."""

    ADD = "add"
    """Report it; a record that exists already is joined or unchanged."""
    UPDATE = "update"
    """Correct the credits it names, in the one completion it identifies."""
    DELETE = "delete"
    """Withdraw the credits it names, or the whole completion if it names none."""


class CorrectionKind(enum.Enum):
    """How a report that corrects a completion says what becomes of it."""

    WHOLE = "whole"
    """As a whole, by its id: what is left out goes, and credit that its board rejected is sent again."""
    PATCH = "patch"
    """As a whole that stood, with a patch applied: what did not change is not sent again."""
    BY_REFERENCE = "by-reference"
    """As a whole, by its client reference: credit that stands under another reference stays as it is."""


def quarters_of(amount: Amount) -> float | None:
    """Return an amount in quarters of a credit (int if it is a multiple of 0.25), None if absent or unreadable."""
    return None if amount is None or isinstance(amount, Unparsed) else in_quarters(amount)


class TypeAmount(msgspec.Struct, frozen=True, kw_only=True):
    """A credit type with its amount."""

    type: str | None
    credits: Amount
    client_reference: str | None = None


class CmePart(msgspec.Struct, frozen=True, kw_only=True):
    """CME credit for one state of licensure."""

    state: str | None = None
    license_id: str | None = None
    license_was_number: bool = False
    """Whether the licence came from a number cell, which loses leading zeros."""
    credits: Amount = None
    special_credits: tuple[TypeAmount, ...] = ()
    client_reference: str | None = None
    client_references: tuple[str, ...] | None = None
    """Keys of the credit where there are several: given, even empty, they are all. None says nothing of them."""

    @property
    def names_credit(self) -> bool:
        """Whether it names CME to withdraw: a licence or NPI alone only identifies the learner."""
        return bool(self.state) or self.credits is not None


class MocPart(msgspec.Struct, frozen=True, kw_only=True):
    """MOC/CC credit for one certifying board."""

    board: str | None = None
    board_id: str | None = None
    id_was_number: bool = False
    """Whether the id came from a number cell, which loses leading zeros."""
    total_credits: Amount = None
    credit_types: tuple[TypeAmount, ...] = ()
    client_reference: str | None = None
    client_references: tuple[str, ...] | None = None
    """As of a CME part."""

    @property
    def total_quarters(self) -> float | None:
        """The total in quarters; without one, the largest credit type. Types are never added up."""
        if self.total_credits is not None:
            return quarters_of(self.total_credits)
        amounts = [quarters_of(credit_type.credits) for credit_type in self.credit_types]
        return max((amount for amount in amounts if amount is not None), default=None)


class RemsPart(msgspec.Struct, frozen=True, kw_only=True):
    """Participation in risk-mitigation education; the learner need not be a physician."""

    local_id: str | None = None
    profession: str | None = None
    state: str | None = None
    dea_registration: str | None = None
    practice_area: str | None = None
    surgical_procedures: bool | None = None
    time_in_practice: str | None = None


class CompletionReport(msgspec.Struct, frozen=True, kw_only=True):
    """One learner, one activity, one date, and every credit reported for it."""

    provider_id: str
    activity_id: str | None
    completed_on: date | Unparsed | None
    permission: bool | None
    person: Person
    cme: tuple[CmePart, ...] = ()
    moc: tuple[MocPart, ...] = ()
    rems: RemsPart | None = None
    occasion: int | None = None
    entry_method: EntryMethod = EntryMethod.API
    received_at: datetime
    """When the report arrived, UTC; for a row of a file, when the file was uploaded."""
    batch_id: str | None = None
    client_reference: str | None = None
    """The sender's own key of the record; every credit of it can be found by it."""
    client_references: tuple[str, ...] | None = None
    """Keys of the record where there are several: given, even empty, they are all. None says nothing of them."""
    corrects: str | None = None
    """The completion that this report corrects in place; None for a record of its own."""
    correction: CorrectionKind = CorrectionKind.WHOLE
    """How it corrects, where it does."""
    keeps_person: bool = False
    """Whether a correction leaves the person as reported, whatever it says of them."""
    action: Action | Unparsed | None = Action.ADD
    """None if a row does not say."""
    sandbox: bool = False
    """Whether it belongs to the sandbox: it concerns nobody in the registry and reaches no board."""
    hold: bool = False
    """Whether it waits for a match where only its physician is missing, instead of being refused."""
    held_id: str | None = None
    """The held record that it is, judged again."""
    linked_to: str | None = None
    """The provider's id of the physician whom the operator says it means, whatever it says itself."""

    @property
    def rems_only(self) -> bool:
        """Whether it reports risk-mitigation education only, so that no physician is looked up."""
        return self.rems is not None and not self.cme and not self.moc

    @property
    def withdraws_whole(self) -> bool:
        """Whether it is a delete that names no credit, and so withdraws the whole completion."""
        return self.action is Action.DELETE and not self.moc and not any(cme.names_credit for cme in self.cme)

    @property
    def asks_for_learner(self) -> bool:
        """Whether a physician has to be found for it."""
        return bool(self.cme or self.moc) or (self.withdraws_whole and self.rems is None)

    def evidence_as_linked(self) -> CompletionReport:
        """Return it with its evidence replaced by the operator's word; as it is where there is none."""
        if self.linked_to is None:
            return self
        return replace(
            self,
            person=Person(learner_id=self.linked_to),
            cme=tuple([replace(part, license_id=None) for part in self.cme]),
            moc=tuple([replace(part, board_id=None) for part in self.moc]),
        )

    @property
    def too_many_parts(self) -> bool:
        """Whether it has too many parts, or a part has too many credit types."""
        return (
            len(self.cme) > MOST_STATES
            or len(self.moc) > MOST_BOARDS
            or any(len(cme.special_credits) > MOST_TYPES for cme in self.cme)
            or any(len(moc.credit_types) > MOST_TYPES for moc in self.moc)
        )

    @property
    def references(self) -> tuple[str, ...]:
        """The sender's own keys of the record as a whole."""
        if self.client_reference is None:
            return self.client_references or ()
        return (self.client_reference, *(self.client_references or ()))

    def amounts(self) -> Iterator[tuple[str, Amount]]:
        """Yield every amount of the record with its pointer, totals before types."""
        for index, cme in enumerate(self.cme):
            yield f"/cme/{index}/credits", cme.credits
            for place, special in enumerate(cme.special_credits):
                yield f"/cme/{index}/special_credits/{place}/credits", special.credits
        for index, moc in enumerate(self.moc):
            yield f"/moc/{index}/total_credits", moc.total_credits
            for place, credit_type in enumerate(moc.credit_types):
                yield f"/moc/{index}/credit_types/{place}/credits", credit_type.credits
