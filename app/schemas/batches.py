"""Batches out, and the form by which a file comes in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from app.core.errors import InvalidRequest, PermissionNotAttested
from app.core.multipart import Form
from app.domain.batches import Batch, BatchKind, BatchStatus, RowFinding, RowResult
from app.schemas.base import Out
from app.schemas.problems import rule_url

KindName = Literal["learner-completions", "activities", "learner-validations"]
StatusName = Literal["queued", "reading", "applying", "completed", "failed", "cancelled"]
OutcomeName = Literal[
    "added", "joined", "updated", "deleted", "unchanged", "rejected", "held", "one", "more_than_one", "none"
]
FormatName = Literal["xlsx", "tab", "xml", "ndjson"]
FaultName = Literal[
    "unreadable", "kind-unknown", "too-large", "too-deep", "heading-missing", "no-rows", "parser-failed"
]
RECORDS = ("added", "joined", "updated", "deleted", "unchanged", "rejected", "held")
ANSWERS = ("one", "more_than_one", "none", "rejected")
LONGEST_NAME = 255
TRUE, FALSE = frozenset({"true", "1", "yes", "on"}), frozenset({"false", "0", "no", "off", ""})

FORM: dict[str, Any] = {
    "type": "object",
    "title": "BatchForm",
    "description": "A file with what it is.",
    "required": ["file", "kind"],
    "properties": {
        "file": {
            "type": "string",
            "contentMediaType": "application/octet-stream",
            "description": "A workbook (.xlsx), tab-delimited text, XML or NDJSON: its content says which.",
        },
        "kind": {
            "type": "string",
            "enum": [each.value for each in BatchKind],
            "description": "What its records are.",
        },
        "permission_attested": {
            "type": "boolean",
            "description": "Of completions, and required of them: that the learners have permitted the reporting.",
        },
        "dry_run": {
            "type": "boolean",
            "default": False,
            "description": "Judge the records, and store none of them; at most 2,000 activities at a time.",
        },
        "on_unmatched": {
            "type": "string",
            "enum": ["reject"],
            "default": "reject",
            "description": "What becomes of records whose physician is not found.",
        },
    },
}
"""The form of an upload as the API's description shows it: it is read as it arrives, so no model declares it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchIn:
    """What the form of an upload says."""

    kind: BatchKind
    permission_attested: bool
    dry_run: bool
    filename: str


def read_form(form: Form) -> BatchIn:
    """Read the fields of an upload; raises `InvalidRequest` with every fault, or `PermissionNotAttested`."""
    faults = [*_file_faults(form), *_field_faults(form)]
    kind = (form.fields.get("kind") or [""])[0]
    if kind not in [each.value for each in BatchKind]:
        known = ", ".join(each.value for each in BatchKind)
        faults.append(_fault("/kind", "format" if kind else "type", f"The kind of records is one of: {known}."))
    flags = {name: _flag(form, name, faults) for name in ("permission_attested", "dry_run")}
    unmatched = (form.fields.get("on_unmatched") or ["reject"])[0]
    if unmatched != "reject":
        faults.append(_fault("/on_unmatched", "format", "Records that match nobody can only be rejected so far."))
    if faults:
        raise InvalidRequest(errors=faults)
    if kind == BatchKind.LEARNER_COMPLETIONS and not flags["permission_attested"]:
        detail = "The learners' permission to report is not attested; nothing was kept of the file."
        hint = "Send permission_attested=true with the file once the learners have agreed to the reporting."
        item = {
            "code": "permission", "pointer": "/permission_attested", "detail": detail, "hint": hint,
            "rule_url": rule_url("permission"),
        }  # fmt: skip
        raise PermissionNotAttested(detail, errors=[item])
    return BatchIn(
        kind=BatchKind(kind),
        permission_attested=flags["permission_attested"],
        dry_run=flags["dry_run"],
        filename=plain_name(form.filename),
    )


def plain_name(name: str) -> str:
    """Return a file's name without folders and characters that no name should have; it is shown, never opened."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(c for c in last if c.isprintable()).strip().encode("utf-8", "ignore").decode()
    return kept[-LONGEST_NAME:] or "file"


def _file_faults(form: Form) -> list[dict[str, Any]]:
    if not form.files:
        return [_fault("/file", "type", "There is no file. Send it as the part `file`, with a filename.")]
    faults = [
        _fault(f"/{name}"[:100], "field-unknown", "Only the part `file` is a file.")
        for name in dict.fromkeys(form.files)
        if name != "file"
    ]
    if form.files.count("file") > 1:
        faults.append(_fault("/file", "too-long", "One file is uploaded at a time; send each by itself."))
    elif "file" in form.files and not form.size:
        faults.append(_fault("/file", "format", "The file is empty."))
    return faults


def _field_faults(form: Form) -> list[dict[str, Any]]:
    known = FORM["properties"].keys() - {"file"}
    faults = []
    for name, values in form.fields.items():
        if name == "file":
            faults.append(_fault("/file", "type", "The part `file` has no filename, so it is no file."))
        elif name not in known:
            faults.append(_fault(f"/{name}"[:100], "field-unknown", "This field is not known."))
        elif len(values) > 1:
            faults.append(_fault(f"/{name}", "too-long", "This field is given more than once."))
    return faults


def _flag(form: Form, name: str, faults: list[dict[str, Any]]) -> bool:
    given = (form.fields.get(name) or [""])[0].strip().lower()
    if given not in TRUE | FALSE:
        faults.append(_fault(f"/{name}", "type", "Give true or false."))
    return given in TRUE


def _fault(pointer: str, code: str, detail: str) -> dict[str, Any]:
    return {"code": code, "pointer": pointer, "detail": detail}


class RecordCountsOut(Out):
    """Records by what became of them. `read` is the sum of all but `warned`."""

    read: int
    added: int
    joined: int
    updated: int
    deleted: int
    unchanged: int
    rejected: int
    held: int
    warned: int = Field(description="Records that were accepted with a warning.")


class AnswerCountsOut(Out):
    """Validations by their answer."""

    read: int
    one: int
    more_than_one: int
    none: int
    rejected: int


class RuleWarningOut(Out):
    """A rule that warned, with the number of records it did so for."""

    rule: str
    rows: int
    rule_url: str


class FileErrorOut(Out):
    """Why the file was refused as a whole; nothing of it was applied."""

    code: FaultName
    detail: str
    row: int | None
    column: str | None


class BatchOut(Out):
    """An uploaded file and how far it has come."""

    batch_id: str
    provider_id: str
    kind: KindName
    format: FormatName | None = Field(description="What the file is; null until it was read.")
    filename: str = Field(examples=["learners_november.xlsx"])
    status: StatusName
    dry_run: bool
    progress: float = Field(description="How much of it is done, from 0 to 1.")
    counts: RecordCountsOut | AnswerCountsOut
    warnings: list[RuleWarningOut] = Field(description="Each rule that warned, once.")
    file_error: FileErrorOut | None
    seen_before: str | None = Field(description="An earlier batch of the very same bytes: sending again is harmless.")
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, batch: Batch) -> BatchOut:
        """Show a batch."""
        warnings = dict(batch.warnings)
        if batch.seen_before is not None:
            warnings = {"file-seen-before": sum(_outcomes(batch).values())} | warnings
        return cls(
            batch_id=batch.batch_id,
            provider_id=batch.provider_id,
            kind=batch.kind.value,
            format=batch.head.format.value if batch.head is not None else None,
            filename=batch.filename,
            status=batch.status.value,
            dry_run=batch.dry_run,
            progress=_progress(batch),
            counts=_counts(batch),
            warnings=[RuleWarningOut(rule=rule, rows=rows, rule_url=rule_url(rule)) for rule, rows in warnings.items()],
            file_error=FileErrorOut(**batch.file_error) if batch.file_error is not None else None,
            seen_before=batch.seen_before,
            created_at=batch.created_at,
            updated_at=batch.updated_at,
            finished_at=batch.finished_at,
        )


def _outcomes(batch: Batch) -> dict[str, int]:
    names = ANSWERS if batch.kind is BatchKind.LEARNER_VALIDATIONS else RECORDS
    return {name: batch.counts.get(name, 0) for name in names}


def _counts(batch: Batch) -> RecordCountsOut | AnswerCountsOut:
    counts = _outcomes(batch)
    read = sum(counts.values())
    if batch.kind is BatchKind.LEARNER_VALIDATIONS:
        return AnswerCountsOut(read=read, **counts)
    return RecordCountsOut(read=read, **counts, warned=batch.counts.get("warned", 0))


def _progress(batch: Batch) -> float:
    if batch.status is BatchStatus.COMPLETED:
        return 1.0
    return round(batch.applied / batch.records, 4) if batch.records else 0.0


class BatchPage(Out):
    """A page of batches, newest first."""

    data: list[BatchOut]
    next_cursor: str | None = Field(description="Give it as `cursor` for the next page; null on the last.")


class RowFindingOut(Out):
    """What a rule has to say about a record of a file."""

    rule: str
    severity: Literal["reject", "warning"]
    row: int = Field(description="Row of the sheet, line of the text, or place of the element, from 1.")
    column: str | None = Field(description="The heading, or the path of the element; null: about the whole record.")
    pointer: str = Field(description="The same place in the record, as the API writes it.")
    detail: str
    hint: str
    rule_url: str

    @classmethod
    def of(cls, number: int, said: RowFinding) -> RowFindingOut:
        """Show a finding."""
        return cls(
            rule=said.rule,
            severity=said.severity.value,
            row=number,
            column=said.column,
            pointer=said.pointer,
            detail=said.detail,
            hint=said.hint,
            rule_url=rule_url(said.rule),
        )


class RowAnswerOut(Out):
    """The answer to one validation of a file."""

    learner_id: str | None
    matched_boards: list[str]
    hint: str


class RowOut(Out):
    """What became of one record of a file."""

    row: int = Field(description="Row of the sheet, line of the text, or place of the element, from 1.")
    outcome: OutcomeName
    completion_id: str | None
    activity_id: str | None
    findings: list[RowFindingOut]
    answer: RowAnswerOut | None = Field(description="Of a validation.")

    @classmethod
    def of(cls, kind: BatchKind, result: RowResult) -> RowOut:
        """Show a result."""
        return cls(
            row=result.number,
            outcome=result.outcome.value,
            completion_id=result.record_id if kind is BatchKind.LEARNER_COMPLETIONS else None,
            activity_id=result.record_id if kind is BatchKind.ACTIVITIES else None,
            findings=[RowFindingOut.of(result.number, said) for said in result.findings],
            answer=RowAnswerOut(**result.answer) if result.answer is not None else None,
        )


class RowPage(Out):
    """A page of records, in their order."""

    data: list[RowOut]
    next_cursor: str | None = Field(description="Give it as `cursor` for the next page; null on the last.")

    @classmethod
    def of(cls, batch: Batch, rows: Sequence[RowResult], cursor: str | None) -> RowPage:
        """Show a page."""
        return cls(data=[RowOut.of(batch.kind, each) for each in rows], next_cursor=cursor)
