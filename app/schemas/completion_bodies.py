"""A completion as the body that reports it: what GET shows, PUT takes back and PATCH is applied to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from msgspec.structs import asdict, replace
from pydantic import Field

from app.core.merge_patch import merge_patch
from app.domain.amounts import in_credits
from app.domain.batches import EntryMethod
from app.domain.credits import Completion, Credit, CreditKind, CreditStatus
from app.domain.identity.learners import Person
from app.domain.parsing import plain_text
from app.domain.reports import CompletionReport, CorrectionKind
from app.schemas.base import Example, Requests
from app.schemas.completion_records import CompletionOut
from app.schemas.completions import REBECCA, CompletionIn


class CompletionDetailOut(CompletionOut):
    """A completion, in its current state, with the body that PUT takes back."""

    example: ClassVar[Example] = {"rems": None, "report": REBECCA}

    report: CompletionIn = Field(
        description="The completion as a body: edit it and send it back by PUT, or send PATCH what changes in it."
    )

    @staticmethod
    def fields_of(completion: Completion) -> dict[str, object]:
        """Return the fields of a completion as they are shown."""
        return CompletionOut.fields_of(completion) | {"report": body_of(completion)}


class CompletionPatch(CompletionIn):
    """Members of `report` to change, as a JSON Merge Patch (RFC 7396): null takes away, a list replaces the list."""

    requests: ClassVar[Requests] = {
        "another_day": ("A member is replaced; what is not sent stays", {"completed_on": "2021-12-13"}),
        "another_key": ("A further key of your own", {"client_reference": "lms:2041"}),
        "every_key": ("All keys of your own, in place of those that stand", {"client_references": ["lms:2041"]}),
        "fewer": ("Null takes away, also within an object", {"learner": {"npi": None}, "rems": None}),
    }

    def onto(self, completion: Completion, received_at: datetime) -> CompletionReport | None:
        """Return the report of the completion with the patch applied; None when that changes nothing.

        Where the person stays as reported, the learner id alone says who it is: a name may be on file otherwise by now.
        """
        body = body_of(completion)
        patched = merge_patch(body, self.model_dump(exclude_unset=True))
        if patched == body:
            return None
        report = CompletionIn.model_validate(patched).as_report(completion.provider_id, received_at, EntryMethod.API)
        keeps_person = completion.learner_id is not None and patched.get("learner") == body["learner"]
        return replace(
            report,
            person=Person(learner_id=completion.learner_id) if keeps_person else report.person,
            keeps_person=keeps_person,
            correction=CorrectionKind.PATCH,
        )


def body_of(completion: Completion) -> dict[str, Any]:
    """Return a completion as the body of a report that would change nothing in it, without members that have no value.

    Its credit is that which stands, rejected credit included. Boards, types and amounts are in their normal form. The
    occasion is left out: a body that names it asks for it, also where it is moved to another day.
    """
    standing = {
        credit.board: credit
        for credit in completion.credits
        if credit.status is not CreditStatus.WITHDRAWN and credit is completion.current(credit.board)
    }
    of_record = set(map(plain_text, completion.client_references))
    parts = [(credit, _part_of(credit, of_record)) for credit in standing.values()]
    return _given(
        {
            "activity_id": completion.activity_id,
            "completed_on": completion.completed_on.isoformat(),
            "permission": True,
            "learner": _given(
                {
                    "first_name": completion.first_name,
                    "last_name": completion.last_name,
                    "date_of_birth": completion.birth_date,
                    "npi": completion.npi,
                    "learner_id": completion.learner_id,
                }
            ),
            "cme": [part for credit, part in parts if credit.kind is CreditKind.CME],
            "moc": [part for credit, part in parts if credit.kind is CreditKind.MOC],
            "rems": _given(asdict(completion.rems)) if completion.rems is not None else None,
            **_references_of(completion.client_references),
        }
    )


def _part_of(credit: Credit, of_record: set[str]) -> dict[str, Any]:
    """Return a credit as the part of a body that reports it, without the references that are the record's."""
    amount = float(in_credits(credit.quarters))
    types = [{"type": name, "credits": float(in_credits(quarters))} for name, quarters in credit.credit_types]
    own = [reference for reference in credit.client_references if plain_text(reference) not in of_record]
    if credit.kind is CreditKind.CME:
        given = {
            "state": credit.board,
            "license_id": credit.number_reported,
            "credits": amount,
            "special_credits": types,
        }
    else:
        given = {
            "board": credit.board,
            "board_id": credit.number_reported,
            "total_credits": amount,
            "credit_types": types,
        }
    return _given(given | _references_of(own))


def _references_of(references: Sequence[str]) -> dict[str, Any]:
    """Return references as the member that says that there are no others; their order means nothing."""
    return {"client_references": sorted(references)}


def _given(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
