"""Problems (RFC 9457) and findings."""

from __future__ import annotations

from typing import Any, ClassVar

from msgspec.structs import asdict
from pydantic import BaseModel, ConfigDict, Field

from app.domain.findings import Finding, Severity
from app.schemas.base import Example, Out

MEDIA_TYPE = "application/problem+json"


def rule_url(rule: str) -> str:
    """Return the address of a rule."""
    return f"/v1/rules/{rule}"


class SuggestionOut(Out):
    """A value that would satisfy the rule, if it is true."""

    pointer: str = Field(description="JSON Pointer into the record.", examples=["/cme/0/credits"])
    # Not a choice of two types: generated clients lose a field that is one.
    value: Any = Field(description="The value: an amount as a number, or a name as a text.", examples=[1.25])


class FindingOut(Out):
    """A finding of a rule about a record."""

    rule: str = Field(description="The rule's id.", examples=["cme-maximum"])
    severity: Severity = Field(description="Whether it rejects the record.")
    pointer: str = Field(description="JSON Pointer into the record.", examples=["/cme/0/credits"])
    detail: str = Field(description="What is wrong.")
    hint: str = Field(description="What to do.")
    rule_url: str = Field(description="The address of the rule.")
    completion_id: str | None = Field(description="The completion that stands in the way, if one does.")
    suggestions: list[SuggestionOut] = Field(
        description="Values of which each would satisfy the rule. Which is true, only the sender knows."
    )

    @staticmethod
    def fields_of(finding: Finding) -> dict[str, object]:
        """Return the fields of a finding as they are shown."""
        return {
            "rule": finding.rule,
            "severity": finding.severity,
            "pointer": finding.pointer,
            "detail": finding.detail,
            "hint": finding.hint,
            "rule_url": rule_url(finding.rule),
            "completion_id": finding.completion_id,
            "suggestions": [asdict(suggestion) for suggestion in finding.suggestions],
        }


class ErrorItem(BaseModel):
    """One fault, and where it is."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(description="The rule's id, or field-unknown, type, format, too-long.")
    detail: str = Field(description="What is wrong.")
    hint: str | None = Field(None, description="What to do.")
    rule_url: str | None = Field(None, description="The address of the rule.")
    pointer: str | None = Field(None, description="JSON Pointer into the body.")
    parameter: str | None = Field(None, description="Name of the query or path parameter.")
    header: str | None = Field(None, description="Name of the header.")
    completion_id: str | None = Field(None, description="The completion that stands in the way.")


class ProblemOut(BaseModel):
    """Every error has this shape, whatever its status."""

    model_config = ConfigDict(extra="allow", title="Problem")

    type: str = Field(description="Address of a page about problems of this kind.", examples=["/problems/not-found"])
    title: str = Field(description="A short text, the same for every problem of this kind.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What happened this time.")
    code: str = Field(description="The kind of problem, for programs.", examples=["not-found"])
    request_id: str = Field(description="Identifies the request in the operator's log.")
    errors: list[ErrorItem] | None = Field(None, description="Every fault of the request.")
    findings: list[FindingOut] | None = Field(None, description="Every finding of the rules, warnings included.")
    activity_id: str | None = Field(None, description="For conflicts: the activity that conflicts.")
    missing: list[str] | None = Field(None, description="For conflicts: fields that the next status requires.")
    completions: list[str] | None = Field(None, description="For conflicts: the first completions that conflict.")
    count: int | None = Field(None, description="For conflicts: how many completions conflict.")


class ProblemKindOut(Out):
    """What the code of a problem, of one of its errors, or of a finding means."""

    example: ClassVar[Example] = {
        "title": "There is nothing here",
        "status": 404,
        "explanation": ["It never existed, it was removed, or the caller may not see it."],
        "rule_url": None,
    }

    code: str = Field(examples=["not-found"])
    title: str
    status: int | None = Field(description="The HTTP status of such a problem; null for codes of errors and findings.")
    explanation: list[str] = Field(description="What there is to say about every one, in paragraphs.")
    rule_url: str | None = Field(description="The address of the rule, when the code is that of one.")
