"""The form of an upload."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar

import msgspec
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema
from pydantic.json_schema import SkipJsonSchema

from app.core.errors import ErrorItem, InvalidRequest, PermissionNotAttested
from app.core.http.multipart import Form
from app.core.http.near_misses import hint_at, nearest
from app.domain.batches import BatchKind, OnUnmatched
from app.domain.parsing import Unparsed, describe_day, read_date
from app.domain.passport.transcripts import TranscriptPeriod
from app.schemas.base import Day, Requests
from app.schemas.problems import rule_url

LONGEST_NAME = 255
TRUE, FALSE = frozenset({"true", "1", "yes", "on"}), frozenset({"false", "0", "no", "off", ""})


class BatchForm(BaseModel):
    """A file of records, and what it holds."""

    # For the description only: `read_form` reads the form, and lists every fault.
    model_config = ConfigDict(extra="forbid")
    requests: ClassVar[Requests] = {
        "completions": (
            "A workbook of completions",
            {"file": "(bytes of a file)", "kind": "learner-completions", "permission_attested": True},
        ),
        "rehearsal": (
            "Activities, judged and not stored",
            {"file": "(bytes of a file)", "kind": "activities", "dry_run": True},
        ),
        "transcripts": (
            "A board's licensees, and what they completed in a year",
            {
                "file": "(bytes of a file)",
                "kind": "transcripts",
                "completed_from": "2022-01-01",
                "completed_to": "2022-12-31",
            },
        ),
    }

    file: Annotated[bytes, WithJsonSchema({"type": "string", "contentMediaType": "application/octet-stream"})] = Field(
        description="A workbook (.xlsx), tab-delimited text, XML, JSON or NDJSON: its content says which."
    )
    kind: BatchKind = Field(description="What its records are.")
    permission_attested: bool | SkipJsonSchema[None] = Field(
        None, description="For completions, and required for them: whether the learners have permitted the reporting."
    )
    dry_run: bool = Field(
        False, description="Judge the records without storing them (dry run); at most 2,000 activities at a time."
    )
    on_unmatched: OnUnmatched = Field(
        OnUnmatched.REJECT,
        description="What becomes of completions whose physician is not found: rejected, or held for up to 60 days.",
    )
    completed_from: Day | SkipJsonSchema[None] = Field(
        None, description="For transcripts: first day of completion, where a row names no other one."
    )
    completed_to: Day | SkipJsonSchema[None] = Field(
        None, description="For transcripts: last day of completion, where a row names no other one."
    )


class BatchIn(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of an upload, read and checked."""

    kind: BatchKind
    permission_attested: bool
    dry_run: bool
    on_unmatched: OnUnmatched
    filename: str
    completed: TranscriptPeriod


def read_form(form: Form) -> BatchIn:
    """Read the fields of an upload; raises `InvalidRequest` with every fault, or `PermissionNotAttested`."""
    faults = [*_file_faults(form), *_field_faults(form)]
    kind = (form.fields.get("kind") or [""])[0]
    if kind not in set(BatchKind):
        known = ", ".join(BatchKind)
        near = nearest(kind, BatchKind)
        hint = f"Did you mean {near[0]}?" if near else "Send what the file holds, as in kind=activities."
        detail = f"The kind of records must be one of: {known}."
        faults.append(_fault("/kind", "format" if kind else "type", detail, hint))
    flags = {name: _flag(form, name, faults) for name in ("permission_attested", "dry_run")}
    unmatched = (form.fields.get("on_unmatched") or [OnUnmatched.REJECT.value])[0]
    if unmatched not in set(OnUnmatched):
        detail = "Records whose physician is not found are rejected or held, and nothing else."
        faults.append(_fault("/on_unmatched", "format", detail, "Send reject or hold, or leave it out."))
    elif unmatched == OnUnmatched.HOLD and kind in set(BatchKind) - {BatchKind.LEARNER_COMPLETIONS}:
        detail = "Only completions can be held for a match."
        faults.append(
            _fault("/on_unmatched", "format", detail, "Leave on_unmatched out, or send kind=learner-completions.")
        )
    completed = _completed(form, kind, faults)
    if faults:
        raise InvalidRequest(errors=faults)
    if kind == BatchKind.LEARNER_COMPLETIONS and not flags["permission_attested"]:
        raise permission_missing(
            "The form has no permission_attested=true; nothing was kept of the file.",
            "Send permission_attested=true with the file once the learners have agreed to the reporting.",
        )
    return BatchIn(
        kind=BatchKind(kind),
        permission_attested=flags["permission_attested"],
        dry_run=flags["dry_run"],
        on_unmatched=OnUnmatched(unmatched),
        filename=plain_name(form.filename),
        completed=completed,
    )


def permission_missing(detail: str, hint: str) -> PermissionNotAttested:
    """Return the problem of completions that are sent without the learners' permission."""
    item = ErrorItem(
        code="permission", pointer="/permission_attested", detail=detail, hint=hint, rule_url=rule_url("permission")
    )
    return PermissionNotAttested(detail, errors=[item])


def plain_name(name: str) -> str:
    """Return a file's name without folders and unprintable characters; it is shown, and never opened."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(c for c in last if c.isprintable()).strip().encode("utf-8", "ignore").decode()
    return kept[-LONGEST_NAME:] or "file"


def _file_faults(form: Form) -> list[ErrorItem]:
    if not form.files:
        # A part `file` that is none is told as such.
        return (
            []
            if "file" in form.fields
            else [_fault("/file", "type", "There is no file.", "Send it as the part file; with curl: -F file=@NAME.")]
        )
    faults = [
        _fault(f"/{name}"[:100], "field-unknown", "Only the part `file` may be a file.", "Name the part file.")
        for name in dict.fromkeys(form.files)
        if name != "file"
    ]
    if form.files.count("file") > 1:
        faults.append(_fault("/file", "too-long", "There is more than one file.", "Send one in each upload."))
    elif "file" in form.files and not form.size:
        faults.append(_fault("/file", "format", "The file is empty.", "Check the path, and that the file was saved."))
    return faults


def _field_faults(form: Form) -> list[ErrorItem]:
    known = BatchForm.model_fields.keys() - {"file"}
    faults = []
    for name, values in form.fields.items():
        if name == "file":
            hint = "Send it as a file; with curl: -F file=@NAME, with the sign @."
            faults.append(_fault("/file", "type", "The part `file` has no filename.", hint))
        elif name not in known:
            hint = hint_at(name, [*BatchForm.model_fields], "field")
            faults.append(_fault(f"/{name}"[:100], "field-unknown", "This field is not known.", hint))
        elif len(values) > 1:
            faults.append(_fault(f"/{name}", "too-long", "This field is given more than once.", "Send it once."))
    return faults


def _completed(form: Form, kind: str, faults: list[ErrorItem]) -> TranscriptPeriod:
    """Return the days of completion that transcripts cover; what is wrong with them is added to the faults."""
    days: dict[str, date | None] = {}
    for name in ("completed_from", "completed_to"):
        given = (form.fields.get(name) or [""])[0]
        day = read_date(given)
        if given.strip() and kind in set(BatchKind) - {BatchKind.TRANSCRIPTS}:
            faults.append(_fault(f"/{name}", "format", "Only transcripts have days.", "Leave it out."))
        elif isinstance(day, Unparsed):
            faults.append(_fault(f"/{name}", "format", describe_day(given), "Send YYYY-MM-DD, or leave it out."))
        days[name] = day if isinstance(day, date) else None
    period = TranscriptPeriod(first=days["completed_from"], last=days["completed_to"])
    if period.first is not None and period.last is not None and period.last < period.first:
        hint = "Exchange completed_from and completed_to, or leave one out."
        faults.append(_fault("/completed_to", "format", "The last day is before the first.", hint))
    return period


def _flag(form: Form, name: str, faults: list[ErrorItem]) -> bool:
    given = (form.fields.get(name) or [""])[0].strip().lower()
    if given not in TRUE | FALSE:
        faults.append(_fault(f"/{name}", "type", "Must be true or false.", "Send true or false."))
    return given in TRUE


def _fault(pointer: str, code: str, detail: str, hint: str) -> ErrorItem:
    return ErrorItem(code=code, pointer=pointer, detail=detail, hint=hint)
