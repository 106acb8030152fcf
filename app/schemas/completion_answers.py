"""Answers about completions beside the record itself: previews, bulk answers, histories."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, WithJsonSchema
from typing_extensions import TypeAliasType

from app.core.errors import InvalidRequest, Problem
from app.core.http.problems import error_items, problem_body
from app.domain.amounts import in_credits
from app.domain.credits import Completion, Credit, CreditKind, CreditStatus, Delivery, Outcome, VersionAction
from app.domain.findings import Finding
from app.schemas.base import Example, Out, Strict
from app.schemas.completion_records import CompletionOut, ReportedCompletionOut, TypeAmountOut
from app.schemas.completions import CompletionIn
from app.schemas.held import HeldCompletionOut
from app.schemas.problems import FindingOut, ProblemOut

MOST_ITEMS = 500
HELD = 202
"""The status of a report that waits for its match."""
PreviewOutcome = TypeAliasType(
    "PreviewOutcome", Literal[Outcome.CREATED, Outcome.JOINED, Outcome.UNCHANGED, Outcome.REJECTED]
)
"""Outcomes that a report can have: it neither corrects nor withdraws."""


class PreviewCreditOut(Out):
    """A credit as it would be stored."""

    example: ClassVar[Example] = {
        "credit_id": None, "board": "TN-M", "learner_board_id": "444444", "credits": 2, "credit_types": [],
        "client_references": [],
    }  # fmt: skip

    credit_id: str | None = Field(description="Null for a credit that the report would add.")
    kind: CreditKind
    board: str
    learner_board_id: str | None
    credits: float
    credit_types: list[TypeAmountOut]
    client_references: list[str]
    status: CreditStatus
    delivery: Delivery

    @classmethod
    def of(cls, credit: Credit, *, stands: bool) -> PreviewCreditOut:
        """Show a credit; a new one has no id yet."""
        return cls(
            credit_id=credit.credit_id if stands else None,
            kind=credit.kind,
            board=credit.board,
            learner_board_id=credit.number_reported,
            credits=in_credits(credit.quarters),
            credit_types=[
                TypeAmountOut(type=name, credits=in_credits(quarters)) for name, quarters in credit.credit_types
            ],
            client_references=list(credit.client_references),
            status=credit.status,
            delivery=credit.delivery,
        )


class PreviewOut(Out):
    """The outcome that a report would have if it were sent now."""

    example: ClassVar[Example] = {"findings": []}

    acceptable: bool = Field(description="Whether no rule rejects it.")
    outcome: PreviewOutcome
    findings: list[FindingOut] = Field(description="Every finding of the rules, warnings included.")
    credits: list[PreviewCreditOut] = Field(description="The credits of the completion as it would be stored.")

    @classmethod
    def of(
        cls, outcome: Outcome, completion: Completion | None, standing: set[str], findings: Sequence[Finding]
    ) -> PreviewOut:
        """Show a preview; `standing` holds the ids of the credits that exist already."""
        credits = completion.credits if completion is not None else ()
        return cls.model_validate(
            {
                "acceptable": outcome is not Outcome.REJECTED,
                "outcome": outcome,
                "findings": [FindingOut.fields_of(finding) for finding in findings],
                "credits": [PreviewCreditOut.of(credit, stands=credit.credit_id in standing) for credit in credits],
            }
        )


_Item = Annotated[Any, WithJsonSchema({"$ref": "#/components/schemas/CompletionIn"})]


class BulkIn(Strict):
    """Up to 500 completions, reported in order."""

    items: Annotated[list[_Item], Field(min_length=1, max_length=MOST_ITEMS)] = Field(
        description="Completions, each as in a request of its own. One that cannot be read does not affect the others."
    )

    def read(self) -> Iterator[CompletionIn | Problem]:
        """Yield every item, or the problem for which it cannot be read."""
        for item in self.items:
            try:
                yield CompletionIn.model_validate(item)
            except ValidationError as error:
                yield InvalidRequest(errors=error_items(error.errors(include_url=False), CompletionIn))


class BulkItemOut(BaseModel):
    """The answer to one item: the same as to a request of its own."""

    model_config = ConfigDict(extra="forbid")

    index: int = Field(description="The item's position in the request, from 0.")
    status: int = Field(description="The HTTP status of the answer to a request of its own.")
    completion: ReportedCompletionOut | None = Field(None, description="The completion, when it was accepted.")
    held: HeldCompletionOut | None = Field(None, description="The held record, when it waits for its match.")
    problem: ProblemOut | None = Field(None, description="Why it was refused.")


class BulkSummaryOut(Out):
    """Number of items by outcome; the sum is the number of items."""

    created: int
    joined: int
    unchanged: int
    rejected: int
    held: int


class BulkOut(Out):
    """The answers to all items, in order."""

    example: ClassVar[Example] = {
        "items": [
            {"index": 0, "status": 201, "completion": {}},
            {
                "index": 1,
                "status": 422,
                "problem": {
                    "type": "/problems/completion-rejected",
                    "title": "The completion breaks reporting rules",
                    "status": 422,
                    "detail": "1 rule is broken; nothing was stored.",
                    "code": "completion-rejected",
                    "request_id": "019ab0c2-5d1e-7f04-8a35-3f6f1c2e9b70",
                    "errors": [
                        {
                            "code": "credit-quarter",
                            "detail": "60.3 is not a multiple of 0.25.",
                            "pointer": "/cme/0/credits",
                        }
                    ],
                },
            },
        ],
        "summary": {"created": 1, "joined": 0, "unchanged": 0, "rejected": 1, "held": 0},
    }

    items: list[BulkItemOut]
    summary: BulkSummaryOut


def bulk_body(
    results: Iterable[tuple[int, dict[str, object] | Problem]], counts: dict[Outcome, int], request_id: str
) -> str:
    """Return the answer to a bulk request: of every item the status, and what it became or the problem."""
    items: list[dict[str, Any]] = []
    for index, (status, result) in enumerate(results):
        if isinstance(result, Problem):
            items.append({"index": index, "status": status, "problem": problem_body(result, request_id)})
        else:
            items.append({"index": index, "status": status, "held" if status == HELD else "completion": result})
    summary = {name: counts.get(Outcome(name), 0) for name in BulkSummaryOut.model_fields}
    return BulkOut.model_validate({"items": items, "summary": summary}).model_dump_json(exclude_unset=True)


class CompletionVersionOut(Out):
    """One version of a completion."""

    version: int
    action: VersionAction = Field(description="What made this version.")
    at: datetime
    client_id: str | None = Field(description="The client that made it; null where a board did.")
    board: str | None = Field(description="The board that decided on credit, or received it.")
    completion: CompletionOut = Field(description="The completion in this version.")

    @classmethod
    def of(
        cls, verb: str, at: datetime, client_id: str | None, board: str | None, completion: Completion
    ) -> CompletionVersionOut:
        """Show a version."""
        reported = VersionAction.CREATED if completion.version == 1 else VersionAction.JOINED
        return cls.model_validate(
            {
                "version": completion.version,
                "action": _ACTIONS.get(verb, reported),
                "at": at,
                "client_id": client_id,
                "board": board,
                "completion": CompletionOut.fields_of(completion),
            }
        )


_ACTIONS = {
    "correct": VersionAction.UPDATED,
    "withdraw": VersionAction.WITHDRAWN,
    "decide": VersionAction.DECIDED,
    "erase": VersionAction.ERASED,
}


class CompletionHistoryOut(Out):
    """Every version of a completion, newest first."""

    data: list[CompletionVersionOut]
