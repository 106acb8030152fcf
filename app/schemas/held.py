"""Held records, requests for help with them, and the operator's answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, ClassVar, Literal

from msgspec.structs import asdict
from pydantic import Field
from typing_extensions import TypeAliasType

from app.domain.credits import Outcome
from app.domain.held import HeldReason, HeldRecord, HeldStatus, HelpAction, HelpRequest, HelpStatus
from app.domain.parsing import MonthDay, Unparsed
from app.domain.reports import CompletionReport, TypeAmount
from app.schemas.base import Description, Example, Name, OneOf, Out, Requests, Strict, Word
from app.schemas.completions import REBECCA, CompletionIn
from app.schemas.problems import FindingOut

HeldOutcome = TypeAliasType("HeldOutcome", Literal[Outcome.HELD])
"""The outcome of a report that waits."""
_HINTS = {
    HeldStatus.WAITING: "Nothing is credited yet. The record is judged again whenever the registry changes, until "
    "{until:%Y-%m-%d}. If it is wrong, correct it by PUT of /v1/held-records/{id}, or send it corrected. If all is "
    "right, ask for help by POST to /v1/held-records/{id}/ask, or ask {support}.",
    HeldStatus.ACCEPTED: "Nothing to do: the completion stands.",
    HeldStatus.REFUSED: "Nothing is credited. Correct the record by its findings and report it anew, or ask {support}.",
    HeldStatus.SET_ASIDE: "Nothing is credited. If it was set aside by mistake, judge it again by POST to "
    "/v1/held-records/{id}/judge.",
}
_SUPERSEDED = "Nothing to do: a later record with its client reference took its place, as superseded_by says."


def hint_of(held: HeldRecord, support: str) -> str:
    """Return what to do about a held record; `support` is whom to ask."""
    if held.reason is HeldReason.SUPERSEDED:
        return _SUPERSEDED
    return _HINTS[held.status].format(until=held.expires_at, id=held.held_id, support=support)


class HeldOut(Out):
    """A record that waits for its physician to be found, or did."""

    held_id: str
    provider_id: str
    activity_id: str
    batch_id: str | None = Field(description="The batch it came with, if it came in a file.")
    status: HeldStatus
    reason: HeldReason | None = Field(description="Why it waits no more; null while it waits.")
    submitted_at: datetime = Field(description="When it was sent first; its completion will have the same instant.")
    expires_at: datetime = Field(description="Until when it waits: 60 days after it was sent first.")
    ended_at: datetime | None
    completion_id: str | None = Field(description="The completion that it became, or was found in.")
    superseded_by: str | None = Field(description="The completion, or the held record, that took its place.")
    findings: list[FindingOut] = Field(description="What the rules said when it was judged last.")
    hint: str = Field(description="What to do.")
    version: int

    @staticmethod
    def fields_of(held: HeldRecord, support: str) -> dict[str, Any]:
        """Return the fields of a held record as they are shown."""
        return {
            "held_id": held.held_id,
            "provider_id": held.provider_id,
            "activity_id": held.activity_id,
            "batch_id": held.batch_id,
            "status": held.status,
            "reason": held.reason,
            "submitted_at": held.submitted_at,
            "expires_at": held.expires_at,
            "ended_at": held.ended_at,
            "completion_id": held.completion_id,
            "superseded_by": held.superseded_by,
            "findings": [FindingOut.fields_of(finding) for finding in held.findings],
            "hint": hint_of(held, support),
            "version": held.version,
        }


_EXAMPLE: dict[str, Any] = {
    "batch_id": None,
    "status": "waiting",
    "reason": None,
    "ended_at": None,
    "completion_id": None,
    "superseded_by": None,
    "findings": [
        {
            "rule": "learner-unmatched",
            "severity": "reject",
            "pointer": "/learner",
            "detail": "No learner was matched for the record.",
            "hint": "Give the state of licence, not of practice.",
            "rule_url": "/v1/rules/learner-unmatched",
            "completion_id": None,
        }
    ],
    "hint": "Nothing is credited yet. The record is judged again whenever the registry changes, until 2022-02-10.",
}


class HeldCompletionOut(HeldOut):
    """The answer to a report that is held: no credit yet."""

    example: ClassVar[Example] = {"outcome": "held", **_EXAMPLE}

    outcome: HeldOutcome

    @classmethod
    def fields_after(cls, held: HeldRecord, support: str) -> dict[str, Any]:
        """Return the fields of the answer to the report of a record."""
        return cls.fields_of(held, support) | {"outcome": Outcome.HELD}


class HelpOut(Out):
    """The last request for help with a record."""

    example: ClassVar[Example] = {
        "status": "answered",
        "message": "She signs as Becky.",
        "answer": "The name is on file now.",
    }

    help_id: str
    status: HelpStatus
    message: str | None
    asked_at: datetime
    action: HelpAction | None = Field(description="What the operator did.")
    answer: str | None = Field(description="The operator's answer in words.")
    answered_at: datetime | None

    @staticmethod
    def fields_of(request: HelpRequest) -> dict[str, Any]:
        """Return the fields of a request as its sender sees them."""
        return {
            "help_id": request.help_id,
            "status": request.status,
            "message": request.message,
            "asked_at": request.asked_at,
            "action": request.action,
            "answer": request.answer,
            "answered_at": request.answered_at,
        }


class HeldRecordOut(HeldOut):
    """A held record with what was sent, and the help that was asked for."""

    example: ClassVar[Example] = {**_EXAMPLE, "report": REBECCA, "help": None}

    report: CompletionIn = Field(description="The record as it was sent, as the body that PUT takes back.")
    help: HelpOut | None = Field(description="The last request for help with it.")

    @classmethod
    def fields_with(cls, held: HeldRecord, request: HelpRequest | None, support: str) -> dict[str, Any]:
        """Return the fields of a held record with its report and its last request for help."""
        return cls.fields_of(held, support) | {
            "report": body_of_report(held.report),
            "help": HelpOut.fields_of(request) if request is not None else None,
        }


class HeldRecordPage(Out):
    """A page of held records, newest first."""

    data: list[HeldRecordOut]
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null on the last page.")


class HelpQuestionIn(Strict):
    """A request for help."""

    requests: ClassVar[Requests] = {
        "message": ("With what may help", {"message": "She has practised under her married name since May."}),
    }

    message: Description | None = Field(None, description="What may help the operator; nobody else reads it.")


def body_of_report(report: CompletionReport) -> dict[str, Any]:
    """Return a report as the body that sends it, without members that have no value."""
    person = report.person
    return _given(
        {
            "activity_id": report.activity_id,
            "completed_on": report.completed_on.isoformat() if isinstance(report.completed_on, date) else None,
            "permission": report.permission,
            "learner": _given(
                {
                    "first_name": person.first_name,
                    "last_name": person.last_name,
                    "date_of_birth": str(person.birth_date) if isinstance(person.birth_date, MonthDay) else None,
                    "npi": person.npi,
                    "learner_id": person.learner_id,
                }
            ),
            "cme": [
                _given(
                    {
                        "state": cme.state,
                        "license_id": cme.license_id,
                        "credits": _amount(cme.credits),
                        "special_credits": _types(cme.special_credits),
                        "client_reference": cme.client_reference,
                        "client_references": _references(cme.client_references),
                    }
                )
                for cme in report.cme
            ],
            "moc": [
                _given(
                    {
                        "board": moc.board,
                        "board_id": moc.board_id,
                        "total_credits": _amount(moc.total_credits),
                        "credit_types": _types(moc.credit_types),
                        "client_reference": moc.client_reference,
                        "client_references": _references(moc.client_references),
                    }
                )
                for moc in report.moc
            ],
            "rems": _given(asdict(report.rems)) if report.rems is not None else None,
            "occasion": report.occasion,
            "client_reference": report.client_reference,
            "client_references": _references(report.client_references),
        }
    )


def _amount(amount: float | Unparsed | None) -> float | None:
    return None if isinstance(amount, Unparsed) else amount


def _types(types: Sequence[TypeAmount]) -> list[dict[str, Any]] | None:
    shown = [
        {"type": part.type, "credits": _amount(part.credits), "client_reference": part.client_reference}
        for part in types
    ]
    return [_given(part) for part in shown] or None


def _references(references: Sequence[str] | None) -> list[str] | None:
    return None if references is None else list(references)


def _given(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


class CandidateOut(Out):
    """A physician of the registry, and how each field of a record compares with theirs."""

    example: ClassVar[Example] = {
        "surname": "same", "given": "different", "swapped": False, "middle": "absent", "suffix": "absent",
        "birth_date": "same", "state": "same", "certified": "absent", "school": "absent", "numbers_agree": [],
        "numbers_differ": ["license"], "score": 21.5, "slips": 0.0,
    }  # fmt: skip

    physician_id: str
    surname: str
    given: str
    swapped: bool = Field(description="Whether first and last name fit each other's place better.")
    middle: str
    suffix: str
    birth_date: str
    state: str
    certified: str
    school: str
    numbers_agree: list[str] = Field(description="Kinds of identifiers that are theirs.")
    numbers_differ: list[str] = Field(description="Kinds of identifiers that are not theirs.")
    score: float = Field(description="Weight of all evidence, in bits.")
    slips: float = Field(description="How far the names are from those on file.")


class ComparisonOut(Out):
    """Why nobody was matched: the candidates with their evidence, the best first. No value of the registry is told."""

    example: ClassVar[Example] = {"weights": "1", "result": "none", "stopped_by": "names", "population_bits": 20.0}

    weights: str = Field(description="Version of the weights.")
    population_bits: float
    result: str
    stopped_by: str | None = Field(description="What stopped the best candidate.")
    candidates: list[CandidateOut]


class HelpRequestOut(Out):
    """A request for help as the operator sees it, with the record that it is about."""

    example: ClassVar[Example] = {
        "status": "open",
        "message": "She signs as Becky.",
        "action": None,
        "answer": None,
        "physician_id": None,
        "answered_at": None,
    }

    help_id: str
    status: HelpStatus
    provider_id: str
    client_id: str = Field(description="The client that asked.")
    message: str | None
    asked_at: datetime
    action: HelpAction | None
    answer: str | None
    physician_id: str | None = Field(description="The physician that the operator named.")
    answered_at: datetime | None
    record: HeldRecordOut = Field(description="The held record, with the identity data that was sent.")
    comparison: ComparisonOut | None = Field(
        description="How candidates compare with the record now; null in lists, and where nobody was weighed."
    )

    @staticmethod
    def fields_with(
        request: HelpRequest, held: HeldRecord, support: str, explanation: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return the fields of a request with its record, and how candidates compare."""
        return {
            **HelpOut.fields_of(request),
            "provider_id": request.provider_id,
            "client_id": request.client_id,
            "physician_id": request.physician_id,
            "record": HeldRecordOut.fields_with(held, request, support),
            "comparison": explanation,
        }


class HelpRequestPage(Out):
    """A page of requests for help, the oldest first."""

    data: list[HelpRequestOut]
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null on the last page.")


class HelpAnswerIn(Strict):
    """The operator's answer."""

    requests: ClassVar[Requests] = {
        "link": (
            "It is this physician: the record is accepted, if every other rule allows it",
            {"action": "link", "physician_id": "017de0b2-4c30-7b5e-9a61-5f0d2c7be406"},
        ),
        "add_name": (
            "The physician has this name as well",
            {"action": "add-name", "physician_id": "017de0b2-4c30-7b5e-9a61-5f0d2c7be406"},
        ),
        "add_licence": (
            "The physician has this licence as well",
            {
                "action": "add-licence",
                "physician_id": "017de0b2-4c30-7b5e-9a61-5f0d2c7be406",
                "board": "TN-M",
                "license_id": "90210",
            },
        ),
        "answer": ("In words only", {"action": "answer", "message": "Ask her for the state that issued the licence."}),
    }

    action: OneOf[HelpAction] = Field(description="What is to be done.")
    message: Description | None = Field(None, description="What the sender is told; required where nothing is done.")
    physician_id: Word | None = Field(None, description="The physician of the registry who is meant.")
    first_name: Name | None = Field(None, description="For `add-name`; without it, as in the record.")
    last_name: Name | None = Field(None, description="For `add-name`; without it, as in the record.")
    board: Word | None = Field(
        None, description="For `add-licence`, the licensing board; without it, that of the record's state."
    )
    license_id: Name | None = Field(None, description="For `add-licence`; without it, as in the record.")
