"""What a provider reports: one value for every door, as it was given, read but not judged."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from datetime import date, datetime
from typing import TypeAlias

import msgspec

from app.domain.amounts import in_quarters
from app.domain.learners import Person
from app.domain.parsing import Unparsed

Amount: TypeAlias = float | Unparsed | None
"""An amount in credits as given: a number, a text that is none, or nothing."""

LAST_OCCASION = 999
"""Nobody completes an activity more often on one day."""
MOST_STATES, MOST_BOARDS, MOST_TYPES = 70, 20, 20
"""How many parts a record may have, and a part credit types."""


class EntryMethod(enum.StrEnum):
    """The door through which a completion came."""

    API = "api"
    """A JSON request."""
    FORM = "form"
    """The web page."""
    EXCEL = "excel"
    """A row of a spreadsheet."""
    TAB = "tab"
    """A row of tab-delimited text."""
    XML = "xml"
    """An element of an XML document."""
    NDJSON = "ndjson"
    """A line of a JSON file."""


class Action(enum.StrEnum):
    """What a record asks for."""

    ADD = "add"
    """Report it; a record that stands is joined or unchanged."""
    UPDATE = "update"
    """Correct the targets it names, of the one completion it finds."""
    DELETE = "delete"
    """Withdraw the targets it names, or the whole completion when it names none."""


def quarters_of(amount: Amount) -> float | None:
    """Return a readable amount in quarters of a credit (an int on the grid), otherwise None."""
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
    """Whether the licence was a number cell, which keeps no leading zeros."""
    credits: Amount = None
    special_credits: tuple[TypeAmount, ...] = ()
    client_reference: str | None = None

    @property
    def names_credit(self) -> bool:
        """Whether it names CME to be withdrawn: a licence or NPI alone only says who is meant."""
        return bool(self.state) or self.credits is not None


class MocPart(msgspec.Struct, frozen=True, kw_only=True):
    """MOC/CC credit for one certifying board."""

    board: str | None = None
    board_id: str | None = None
    id_was_number: bool = False
    """Whether the id was a number cell, which keeps no leading zeros."""
    total_credits: Amount = None
    credit_types: tuple[TypeAmount, ...] = ()
    client_reference: str | None = None

    @property
    def total_quarters(self) -> float | None:
        """The total in quarters; without one given, the largest type stands for it. Types are never added."""
        if self.total_credits is not None:
            return quarters_of(self.total_credits)
        amounts = [quarters_of(each.credits) for each in self.credit_types]
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
    """When the report reached us (a file row: when the file was uploaded). UTC."""
    batch_id: str | None = None
    client_reference: str | None = None
    """The sender's own key of the record: every credit of it is found under it."""
    corrects: str | None = None
    """The completion that this report is a correction of, in place; None when it is a record of its own."""
    action: Action | Unparsed | None = Action.ADD
    """What it asks for; None when a file's row does not say."""
    sandbox: bool = False
    """Whether it is of the sandbox: it is about nobody of the registry, and no board is told."""

    @property
    def rems_only(self) -> bool:
        """Whether only risk-mitigation education is reported, so that no physician is looked for."""
        return self.rems is not None and not self.cme and not self.moc

    @property
    def withdraws_whole(self) -> bool:
        """Whether it is a delete that names no target, and so takes back the whole completion."""
        return self.action is Action.DELETE and not self.moc and not any(each.names_credit for each in self.cme)

    @property
    def asks_for_learner(self) -> bool:
        """Whether a physician of the registry is to be found for it."""
        return bool(self.cme or self.moc) or (self.withdraws_whole and self.rems is None)

    @property
    def too_many_parts(self) -> bool:
        """Whether it has more parts, or a part more credit types, than a record may have."""
        return (
            len(self.cme) > MOST_STATES
            or len(self.moc) > MOST_BOARDS
            or any(len(each.special_credits) > MOST_TYPES for each in self.cme)
            or any(len(each.credit_types) > MOST_TYPES for each in self.moc)
        )

    def amounts(self) -> Iterator[tuple[str, Amount]]:
        """Yield every amount of the record with its pointer, totals before types."""
        for index, cme in enumerate(self.cme):
            yield f"/cme/{index}/credits", cme.credits
            for place, special in enumerate(cme.special_credits):
                yield f"/cme/{index}/special_credits/{place}/credits", special.credits
        for index, moc in enumerate(self.moc):
            yield f"/moc/{index}/total_credits", moc.total_credits
            for place, each in enumerate(moc.credit_types):
                yield f"/moc/{index}/credit_types/{place}/credits", each.credits
