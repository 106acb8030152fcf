"""Physicians of the registry, for its operator."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, ClassVar

from pydantic import Field

from app.core.http.pagination import PageQuery
from app.domain.amounts import in_credits
from app.domain.credits import Completion, CreditKind, CreditStatus
from app.domain.identity.learners import NameKind
from app.domain.identity.physicians import Added, Addition, FiledName, FiledNumber, Physician
from app.schemas.base import Example, Name, OneOf, Out, Requests, Strict, Word
from app.schemas.only_answered import OF_PHYSICIAN, OnlyAnswered

_REBECCA: Example = {
    "first_name": "Rebecca", "middle_name": None, "last_name": "Test", "suffix": None, "date_of_birth": "02/01",
    "npi": "1000000004", "npi_disputed": False, "medical_school": None, "aliases": [],
}  # fmt: skip


class PhysicianNameIn(Strict):
    """A name beside the one that is shown."""

    first_name: Name | None = None
    middle_name: Name | None = None
    last_name: Name | None = None
    suffix: Word | None = None
    kind: OneOf[NameKind] | None = Field(None, description="What kind of name it is; null where it is not known.")


class LicenseIn(Strict):
    """A licence."""

    board: Word = Field(description="Code of a licensing board.")
    license_id: Word
    starts_on: Word | None = Field(None, description="First day, `YYYY-MM-DD`, where it is known.")
    ends_on: Word | None = Field(None, description="Last day, `YYYY-MM-DD`; the number may then be issued again.")
    self_reported: bool = Field(
        False,
        description="Whether its holder told it and no board has confirmed it: it helps to find the person, and no "
        "credit goes to it. Send false to confirm it.",
    )


class CertificationIn(Strict):
    """A certification."""

    board: Word = Field(description="Code of a certifying board.")
    board_id: Word
    starts_on: Word | None = Field(None, description="First day, `YYYY-MM-DD`, where it is known.")
    ends_on: Word | None = Field(None, description="Last day, `YYYY-MM-DD`, where it is known.")


class _Person(Strict):
    only_answered: ClassVar[OnlyAnswered] = OF_PHYSICIAN

    first_name: Name | None = None
    middle_name: Name | None = None
    last_name: Name | None = None
    suffix: Word | None = Field(None, description="Jr, Sr, II, III …")
    other_names: list[PhysicianNameIn] | None = Field(None, max_length=100)
    date_of_birth: Word | None = Field(None, description="`MM/DD`; a year is dropped.", examples=["02/01"])
    npi: Word | None = None
    medical_school: Name | None = None
    licenses: list[LicenseIn] | None = Field(None, max_length=100)
    certifications: list[CertificationIn] | None = Field(None, max_length=100)

    def fields_sent(self) -> dict[str, Any]:
        """Return the fields that were sent, as plain values."""
        return self.model_dump(exclude_unset=True)


class PhysicianIn(_Person):
    """A physician who is to be on file."""

    requests: ClassVar[Requests] = {
        "new": (
            "A physician with a licence and a certification",
            {
                "first_name": "Grace", "last_name": "Okafor", "date_of_birth": "07/21", "npi": "1000000012",
                "other_names": [{"first_name": "Grace", "last_name": "Eze", "kind": "former"}],
                "licenses": [{"board": "TN-M", "license_id": "50123", "starts_on": "2012-07-01"}],
                "certifications": [{"board": "ABIM", "board_id": "512345"}],
            },
        ),
    }  # fmt: skip


class PhysicianPatch(_Person):
    """Fields to change: one left out stays as it is, null clears it, lists replace."""

    requests: ClassVar[Requests] = {
        "married": ("Another last name; the one before is kept as a former name", {"last_name": "Rivera"}),
        "confirmed": (
            "A licence that its holder had told is confirmed",
            {"licenses": [{"board": "TN-M", "license_id": "54321", "self_reported": False}]},
        ),
        "mistyped": (
            "The birth date on file is wrong",
            {"date_of_birth": "01/02", "replace_date_of_birth": True},
        ),
    }

    replace_date_of_birth: bool = Field(
        False, description="Say that the birth date on file is wrong; without it, one on file is never replaced."
    )
    npi_disputed: bool | None = Field(
        None, description="Send false when it is settled that the NPI is this physician's."
    )


class HeldLicense(Strict):
    """A licence that is named."""

    board: Word
    license_id: Word


class HeldCertification(Strict):
    """A certification that is named."""

    board: Word
    board_id: Word


class PhysicianSearchIn(PageQuery, Strict):
    """Whom to look for: everything given must fit. It is sent as a body, for addresses are logged on their way."""

    requests: ClassVar[Requests] = {
        "name": ("By the beginning of names", {"last_name": "Tes", "first_name": "R"}),
        "license": ("By a licence", {"license": {"board": "TN-M", "license_id": "444444"}}),
        "npi": ("By NPI", {"npi": "1000000004"}),
    }

    first_name: Name | None = Field(None, description="Beginning of a first name; case and accents do not count.")
    last_name: Name | None = Field(None, description="Beginning of a last name, former ones included.")
    date_of_birth: Word | None = Field(None, description="`MM/DD`")
    npi: Word | None = None
    license: HeldLicense | None = None
    certification: HeldCertification | None = None
    board: Word | None = Field(None, description="Has a licence or certification of this board.")

    def wanted(self) -> dict[str, Any]:
        """Return what is looked for."""
        return self.filters()


class PhysicianNameOut(Out):
    """A name beside the one that is shown."""

    example: ClassVar[Example] = {
        "first_name": "Rebecca", "middle_name": None, "last_name": "Sample", "suffix": None, "kind": "former",
    }  # fmt: skip

    first_name: str
    middle_name: str | None
    last_name: str
    suffix: str | None
    kind: NameKind | None

    @classmethod
    def of(cls, name: FiledName) -> PhysicianNameOut:
        """Show a name."""
        return cls(
            first_name=name.first_name,
            middle_name=name.middle_name,
            last_name=name.last_name,
            suffix=name.suffix,
            kind=name.kind,
        )


class LicenseOut(Out):
    """A licence on file."""

    example: ClassVar[Example] = {"board": "TN-M", "starts_on": "2012-07-01", "ends_on": None, "self_reported": False}

    board: str
    license_id: str
    starts_on: date | None
    ends_on: date | None
    self_reported: bool

    @classmethod
    def of(cls, number: FiledNumber) -> LicenseOut:
        """Show a licence."""
        return cls(
            board=number.board,
            license_id=number.number,
            starts_on=number.starts_on,
            ends_on=number.ends_on,
            self_reported=number.self_reported,
        )


class CertificationOut(Out):
    """A certification on file."""

    example: ClassVar[Example] = {"board": "ABIM", "board_id": "999999", "starts_on": "2015-01-01", "ends_on": None}

    board: str
    board_id: str
    starts_on: date | None
    ends_on: date | None

    @classmethod
    def of(cls, number: FiledNumber) -> CertificationOut:
        """Show a certification."""
        return cls(board=number.board, board_id=number.number, starts_on=number.starts_on, ends_on=number.ends_on)


class PhysicianOut(Out):
    """Everything on file of one physician."""

    example: ClassVar[Example] = _REBECCA

    physician_id: str = Field(description="The registry's id; never the learner id of a provider.")
    first_name: str
    middle_name: str | None
    last_name: str
    suffix: str | None
    other_names: list[PhysicianNameOut]
    date_of_birth: str | None = Field(description="`MM/DD`")
    npi: str | None
    npi_disputed: bool = Field(description="Whether a source gave the NPI for somebody else too.")
    medical_school: str | None
    licenses: list[LicenseOut]
    certifications: list[CertificationOut]
    aliases: list[str] = Field(description="Ids of those who were merged into this one; each finds this one for ever.")
    created_at: datetime
    updated_at: datetime
    version: int = Field(description="Another number once anything on file has changed.")

    @classmethod
    def of(cls, one: Physician) -> PhysicianOut:
        """Show a physician."""
        return cls(
            physician_id=one.physician_id,
            first_name=one.shown.first_name,
            middle_name=one.shown.middle_name,
            last_name=one.shown.last_name,
            suffix=one.shown.suffix,
            other_names=[PhysicianNameOut.of(name) for name in one.other_names],
            date_of_birth=one.birth_date,
            npi=one.npi,
            npi_disputed=one.npi_disputed_at is not None,
            medical_school=one.medical_school,
            licenses=[LicenseOut.of(number) for number in one.licenses],
            certifications=[CertificationOut.of(number) for number in one.certifications],
            aliases=list(one.aliases),
            created_at=one.created_at,
            updated_at=one.updated_at,
            version=one.version,
        )


class PhysicianPage(Out):
    """A page of physicians."""

    data: list[PhysicianOut]
    next_cursor: str | None

    @classmethod
    def of(cls, found: Iterable[Physician], cursor: str | None) -> PhysicianPage:
        """Show a page."""
        return cls(data=[PhysicianOut.of(one) for one in found], next_cursor=cursor)


class AddedPhysicianOut(PhysicianOut):
    """The physician that was added, or that was meant, and what became of the data."""

    example: ClassVar[Example] = _REBECCA | {"outcome": "added", "pairs": []}

    outcome: Addition
    pairs: list[str] = Field(description="Physicians whom the data seem to describe as well: see /v1/physician-pairs.")

    @classmethod
    def of_addition(cls, added: Added) -> AddedPhysicianOut:
        """Show what happened."""
        shown = PhysicianOut.of(added.physician)
        return cls(**dict(shown), outcome=added.outcome, pairs=list(added.pairs))


class PhysicianCreditOut(Out):
    """One credit of a physician."""

    example: ClassVar[Example] = {"kind": "cme", "board": "TN-M", "credits": 2, "status": "accepted"}

    credit_id: str
    kind: CreditKind
    board: str
    learner_board_id: str | None = Field(description="The number with which its board was sent it.")
    credits: float
    status: CreditStatus


class PhysicianCompletionOut(Out):
    """One completion of a physician that stands."""

    completion_id: str
    provider_id: str
    activity_id: str
    completed_on: date
    occasion: int
    rems: bool = Field(description="Whether it has a part on risk mitigation.")
    credits: list[PhysicianCreditOut] = Field(description="Those that are not withdrawn.")

    @classmethod
    def of(cls, completion: Completion) -> PhysicianCompletionOut:
        """Show a completion."""
        return cls(
            completion_id=completion.completion_id,
            provider_id=completion.provider_id,
            activity_id=completion.activity_id,
            completed_on=completion.completed_on,
            occasion=completion.occasion,
            rems=completion.rems is not None,
            credits=[
                PhysicianCreditOut(
                    credit_id=credit.credit_id,
                    kind=credit.kind,
                    board=credit.board,
                    learner_board_id=credit.number_on_file,
                    credits=in_credits(credit.quarters),
                    status=credit.status,
                )
                for credit in completion.credits
                if credit.status is not CreditStatus.WITHDRAWN
            ],
        )


class PhysicianCreditsPage(Out):
    """The completions of a physician that stand, the earliest first."""

    data: list[PhysicianCompletionOut]
    next_cursor: str | None

    @classmethod
    def of(cls, found: Iterable[Completion], cursor: str | None) -> PhysicianCreditsPage:
        """Show a page."""
        return cls(data=[PhysicianCompletionOut.of(completion) for completion in found], next_cursor=cursor)
