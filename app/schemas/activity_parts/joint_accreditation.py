"""Interprofessional education: its professions and credit, pharmacists' education, and learners by profession."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import Field

from app.core.whole_numbers import Whole
from app.domain.choices import PharmacyActivityType, PharmacyTopic
from app.domain.identity.comparison_keys import code_key
from app.domain.joint_accreditation import PHARMACY, amount_of, credit_named
from app.domain.parsing import read_date
from app.schemas.base import Amount, Name, OneOf, Strict, Word

_Count = Annotated[int, Field(ge=0, le=100_000_000), Whole]


class ProfessionCount(Strict):
    """Number of participants of one profession."""

    profession: Name
    learners: _Count


class LearnerCounts(Strict):
    """Number of participants."""

    physicians: _Count | None = None
    others: _Count | None = Field(
        None, description="All who are no physicians; the sum of `professions` where it is left out."
    )
    professions: Annotated[list[ProfessionCount], Field(max_length=50)] | None = Field(
        None, description="Of those who are no physicians, how many of each profession."
    )

    def as_kept(self) -> dict[str, Any]:
        """Return what is stored: what was sent, and the number of others."""
        sent = self.model_dump(mode="json")
        if not self.professions:
            del sent["professions"]
        elif self.others is None:
            sent["others"] = sum(row.learners for row in self.professions)
        return sent


class Pharmacy(Strict):
    """Data required for pharmacy credit."""

    universal_activity_number: Name | None = Field(None, description="Of pharmacists.")
    credits: Amount | None = Field(None, description="The amount of pharmacy credit: also in `credit_amounts`.")
    technician_activity_number: Name | None = Field(
        None, description="The universal activity number of pharmacy technicians."
    )
    activity_type: OneOf[PharmacyActivityType] | None = None
    topic: OneOf[PharmacyTopic] | None = None
    live_date: Word | None = Field(None, description="YYYY-MM-DD: when the live part of a certificate program begins.")
    sequence_number: Annotated[int, Field(ge=1, le=9_999), Whole] | None = Field(
        None, description="The number that the provider gave the activity."
    )


class CreditAmount(Strict):
    """An amount of one kind of credit."""

    type: Name = Field(description="One of the kinds in `credits`; one that is not there is added.")
    credits: Amount = Field(description="The most that a learner can earn.")


class JointAccreditation(Strict):
    """Additional data of jointly accredited providers."""

    interprofessional: bool | None = None
    professions: Annotated[list[Name], Field(max_length=200)] | None = None
    credits: Annotated[list[Name], Field(max_length=200)] | None = Field(
        None, description="Kinds of credit beside AMA PRA Category 1."
    )
    pharmacy: Pharmacy | None = None
    credit_amounts: Annotated[list[CreditAmount], Field(max_length=50)] | None = None

    def as_kept(self) -> dict[str, Any]:
        """Return what is stored: what was sent, and what follows from it.

        Fields that came later are stored only where they say something: what was stored before stays equal to itself.
        """
        sent = self.model_dump(mode="json")
        if not self.credit_amounts:
            del sent["credit_amounts"]
        pharmacy = sent["pharmacy"]
        if pharmacy is not None:
            sent["pharmacy"] = pharmacy = {
                name: value for name, value in pharmacy.items() if value is not None or name in _FIRST
            }
            day = read_date(pharmacy.get("live_date"))
            if isinstance(day, date):
                pharmacy["live_date"] = day.isoformat()
        return _with_pharmacy_credit(_with_kinds(sent))


_FIRST = ("universal_activity_number", "credits")


def _with_kinds(sent: dict[str, Any]) -> dict[str, Any]:
    """Add the kinds of credit of which only the amount was sent."""
    kinds = list(sent["credits"] or ())
    there = {_key(name) for name in kinds}
    for row in sent.get("credit_amounts", ()):
        if _key(row["type"]) not in there:
            there.add(_key(row["type"]))
            kinds.append(row["type"])
    return sent | {"credits": kinds} if kinds else sent


def _with_pharmacy_credit(sent: dict[str, Any]) -> dict[str, Any]:
    """Give the amount of pharmacy credit in both of its places."""
    pharmacy, amount = sent["pharmacy"] or {}, amount_of(sent, PHARMACY)
    stated = pharmacy.get("credits")
    if amount is not None and stated is None:
        whole = dict.fromkeys(_FIRST) | pharmacy | {"credits": amount}
        return sent | {"pharmacy": whole}
    if stated is not None and amount is None:
        row = {"type": PHARMACY, "credits": stated}
        return _with_kinds(sent | {"credit_amounts": [*sent.get("credit_amounts", ()), row]})
    return sent


def _key(name: str) -> str:
    return code_key(credit_named(name) or name)
