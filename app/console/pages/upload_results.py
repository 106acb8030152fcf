"""The result of an upload: its progress, what became of its rows, its files, and undoing it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated
from urllib.parse import quote

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse

from app.console.drawn_forms import DrawnForm, Said, said_about_record
from app.console.frame import Flash, go_to, page
from app.console.pages.uploads import ANSWERS, UploadLine, answer_of, batch_of, line_of, other_kind, uploader
from app.console.routes import PageRoute, Sent, SentFields
from app.console.visitors import Reporter, Visitor
from app.console.words import counted
from app.core.errors import Conflict, PermissionNotAttested
from app.domain.batch_mends import MendedRow
from app.domain.batches import Batch, BatchKind, BatchStatus, FileFormat
from app.domain.findings import Severity
from app.services import reference
from app.services.batches import downloads, fixing, history, intake, lifecycle, lookup, mending, undoing
from app.services.batches.downloads import BatchFile
from app.services.context import read_async, transact_async
from app.services.idempotency import Answer

router = APIRouter(prefix="/p/{provider_id}/uploads/{batch_id}", route_class=PageRoute, include_in_schema=False)
PAGE = 50
HELD_BACK = 10.0
"""Seconds for which a question about progress waits until something changed."""
OPENED_BY_ALL = FileFormat.XLSX
"""The format that whoever mends rows by hand can open: files of others are offered in it as well."""
_TABS = (
    ("rejected", "Rejected"), ("added", "Added"), ("joined", "Joined"), ("updated", "Updated"), ("deleted", "Deleted"),
    ("unchanged", "Unchanged"), ("held", "Held"), ("one", "Matched"), ("more_than_one", "More than one matched"),
    ("none", "None matched"),
)  # fmt: skip
_STATES = {
    "one": "added", "more_than_one": "warning", "none": "rejected",
}  # fmt: skip
_NOT_ONE = ("more_than_one", "none")
_ENOUGH = 10
_TEMPLATES = {
    BatchKind.LEARNER_COMPLETIONS: "learners",
    BatchKind.ACTIVITIES: "activities",
    BatchKind.LEARNER_VALIDATIONS: "validations",
}


class ResultRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a file, and what became of it."""

    row: MendedRow
    who: str
    state: str
    text: str
    said: Sequence[Said]


class ResultView(msgspec.Struct, frozen=True, kw_only=True):
    """What the page of an upload shows."""

    here: str
    line: UploadLine
    heading: str
    lead: str
    zone: str
    form: DrawnForm
    tabs: Sequence[tuple[int, str, str, bool]] = ()
    rows: Sequence[ResultRow] = ()
    older: str = ""
    newest: str = ""
    warnings: Sequence[tuple[str, str, int]] = ()
    """(Rule, what it wants, rows)."""
    files: Sequence[tuple[str, str]] = ()
    to_fix: int = 0
    shared: str = ""
    """The fault that at least half of the rows have; empty where none has so many."""
    shared_rows: int = 0
    template: str = "learners"
    can_withdraw: bool = False
    can_cancel: bool = False
    can_retry: bool = False
    asks_permission: bool = False
    looks_like: str = ""
    """What the file holds, in words, where it was refused for that and can be uploaded as such."""


class ProgressView(msgspec.Struct, frozen=True, kw_only=True):
    """What the fragment of an upload under way shows."""

    here: str
    batch: Batch
    text: str


class UndoView(msgspec.Struct, frozen=True, kw_only=True):
    """What the page that undoes an upload shows."""

    here: str
    undoing: undoing.Undoing


@router.get("")
async def show_upload(
    request: Request, visitor: Reporter, provider_id: str, batch_id: str, outcome: str = "", after: int | None = None
) -> Response:
    """Show how an upload ended, or how far it is."""
    return await _show(request, visitor, batch_id, outcome, after, DrawnForm(), 200)


async def _show(
    request: Request, visitor: Visitor, batch_id: str, outcome: str, after: int | None,
    form: DrawnForm, status: int,
) -> Response:  # fmt: skip
    found = await read_async(visitor.caller, history.one, batch_id)
    (batch,) = found.batches
    here = f"{visitor.home}/uploads/{batch_id}"
    heading, lead = _heading(batch, found)
    kind = batch.looks_like if other_kind(batch) and batch.looks_like is not None else batch.kind
    if not batch.finished:
        view = ResultView(
            here=here, line=line_of(found, batch), heading=heading, lead=lead, zone=visitor.time_zone, form=form,
            can_cancel=True,
        )  # fmt: skip
        return page(request, visitor, "pages/uploads/running.html", view, status)
    counts = [(batch.counts.get(name, 0), text, name) for name, text in _TABS if batch.counts.get(name, 0)]
    chosen = outcome if outcome in {name for _, _, name in counts} | {"all"} else counts[0][2] if counts else "all"
    wanted = [] if chosen == "all" else [chosen]
    rows = await read_async(visitor.caller, mending.rows, batch_id, after=after, limit=PAGE + 1, outcomes=wanted)
    shared, shared_rows = await _shared_fault(visitor, batch)
    total = sum(number for number, _, _ in counts)
    last = rows.rows[:PAGE][-1].result.place if rows.rows else 0
    view = ResultView(
        here=here,
        line=line_of(found, batch),
        heading=heading,
        lead=lead,
        zone=visitor.time_zone,
        form=form,
        tabs=[
            *((number, text, f"{here}?outcome={name}", name == chosen) for number, text, name in counts),
            (total, "All rows", f"{here}?outcome=all", chosen == "all"),
        ],
        rows=[_row(batch, row, visitor.home) for row in rows.rows[:PAGE]],
        older=f"{here}?outcome={chosen}&after={last}" if len(rows.rows) > PAGE else "",
        newest=f"{here}?outcome={chosen}" if after is not None else "",
        warnings=_warnings(batch),
        files=_files(here, batch),
        to_fix=0 if batch.dry_run else found.states.get("open", 0) + found.states.get("ready", 0),
        shared=shared,
        shared_rows=shared_rows,
        template=_TEMPLATES.get(kind, "learners"),
        can_withdraw=batch.kind is BatchKind.LEARNER_COMPLETIONS
        and not batch.dry_run
        and bool(batch.counts.get("added", 0) or batch.counts.get("held", 0)),
        can_retry=not batch.dry_run and bool(batch.counts.get("rejected", 0)) and batch.records_removed_at is None,
        asks_permission=kind is BatchKind.LEARNER_COMPLETIONS,
        looks_like=other_kind(batch) if batch.original_removed_at is None else "",
    )
    return page(request, visitor, "pages/uploads/result.html", view, status)


def _heading(batch: Batch, found: history.Uploads) -> tuple[str, str]:
    """Return the outcome as a heading, and what it means."""
    counts = batch.counts
    read = sum(counts.get(name, 0) for name, _ in _TABS)
    rejected = counts.get("rejected", 0)
    waiting = found.states.get("open", 0) + found.states.get("ready", 0)
    asks = batch.kind is BatchKind.LEARNER_VALIDATIONS
    if batch.status is BatchStatus.FAILED:
        heading = f"This file holds {held}" if (held := other_kind(batch)) else "This file could not be read"
        return heading, "None of its rows was answered." if asks else "Nothing of it was applied."
    if batch.status is BatchStatus.CANCELLED:
        became = (
            "answered. Nothing was reported." if asks
            else "checked. Nothing was stored." if batch.dry_run
            else "applied, and stand."
        )  # fmt: skip
        return "This upload was stopped", f"{batch.applied:,} of {batch.records:,} rows were {became}"
    if not batch.finished:
        return f"{batch.filename} is being judged", "You may leave this page: nothing stops."
    if asks and (batch.dry_run or not waiting):
        lead = f"{counted(rejected, 'row')} {'was' if rejected == 1 else 'were'} rejected. " if rejected else ""
        return f"{counts.get('one', 0):,} of {counted(read, 'row')} matched one learner", f"{lead}Nothing was reported."
    if batch.dry_run:
        good = read - rejected
        return f"Checked: {good:,} of {read:,} rows would go in", "This was a check only. Nothing was stored."
    if waiting:
        heading = f"{waiting:,} of {counted(read, 'row')} {'needs' if waiting == 1 else 'need'} fixing"
        return heading, _answered(batch, read - rejected) if asks else _are_in(read - rejected)
    if rejected:
        return "Nothing is left to fix", f"{read - rejected:,} of {read:,} rows are in; the others were seen to."
    if read == 1:
        return "The row is in", ""
    return f"All {read:,} rows are in", ""


def _are_in(rows: int) -> str:
    return f"{counted(rows, 'row')} {'is' if rows == 1 else 'are'} in."


def _answered(batch: Batch, rows: int) -> str:
    """Return what became of the rows of a file of validations that were answered: nothing of it is ever in."""
    if not rows:
        return "Nobody was looked for."
    return (
        f"{batch.counts.get('one', 0):,} of {counted(rows, 'answered row')} matched one learner. Nothing was reported."
    )


async def _shared_fault(visitor: Visitor, batch: Batch) -> tuple[str, int]:
    """Return the fault that at least half of ten or more rows have, and how many have it."""
    read = sum(batch.counts.get(name, 0) for name, _ in _TABS)
    if read < _ENOUGH or 2 * batch.counts.get("rejected", 0) < read:
        return "", 0
    found = await read_async(
        visitor.caller, lookup.rows, batch.batch_id, after=None, limit=fixing.MOST_SHOWN, outcomes=["rejected"]
    )
    faults = Counter[str]()
    words: dict[str, str] = {}
    for result in found.results:
        refusing = {one.rule: one.detail for one in result.findings if one.severity is Severity.REJECT}
        words |= refusing
        faults.update(refusing.keys())
    rule, number = next(iter(faults.most_common(1)), ("", 0))
    looked = min(read, len(found.results) * read // max(batch.counts["rejected"], 1))
    return (words[rule], number) if 2 * number >= looked and number else ("", 0)


def _row(batch: Batch, row: MendedRow, home: str) -> ResultRow:
    outcome = row.result.outcome.value
    state = _STATES.get(outcome, outcome)
    said = [
        said_about_record(
            finding.hint,
            finding.completion_id,
            home,
            pointer="",
            severity="no" if finding.severity is Severity.REJECT else "warn",
            text=f"{finding.column}: {finding.detail}" if finding.column else finding.detail,
            rule_address=f"/v1/rules/{finding.rule}",
        )
        for finding in sorted(row.result.findings, key=lambda one: one.severity is not Severity.REJECT)
    ]
    if outcome in _NOT_ONE and row.result.answer is not None:
        said.append(Said(pointer="", severity="warn", text=row.result.answer["hint"]))
    return ResultRow(row=row, who=fixing.who_of(batch, row), state=state, text=dict(_TABS)[outcome], said=said)


def _warnings(batch: Batch) -> list[tuple[str, str, int]]:
    """Return the rules that warned, with what each wants, those of most rows first."""
    warned = sorted(batch.warnings.items(), key=lambda warning: -warning[1])
    return [(rule, _wanted_by(rule), rows) for rule, rows in warned]


def _wanted_by(rule: str) -> str:
    # A batch of long ago may name a rule that is no more.
    return next((facts.statement for facts in reference.rules().get(rule, ())), rule)


def _files(here: str, batch: Batch) -> list[tuple[str, str]]:
    files = [("Original", f"{here}/files/original")] if batch.original_removed_at is None else []
    if batch.head is None or batch.records_removed_at is not None:
        return files
    accepted = sum(batch.counts.get(name, 0) for name, _ in _TABS) - batch.counts.get("rejected", 0)
    for which, number, text in (
        (BatchFile.REJECTED, batch.counts.get("rejected", 0), "Rejected rows"),
        (BatchFile.SUCCESSFUL, accepted, ANSWERS if batch.kind is BatchKind.LEARNER_VALIDATIONS else "Successful rows"),
        (BatchFile.HELD, batch.counts.get("held", 0), "Held rows"),
    ):
        if number:
            files.append((text, f"{here}/files/{which.value}"))
            if batch.head.format is not OPENED_BY_ALL:
                files.append((f"{text}, Excel", f"{here}/files/{which.value}?format=xlsx"))
    return files


@router.get("/progress")
async def show_progress(
    request: Request, visitor: Reporter, provider_id: str, batch_id: str, seen: Annotated[int, Query(ge=0)] = 0
) -> Response:
    """Answer once something changed: with the next bar, or the result."""
    here = f"{visitor.home}/uploads/{batch_id}"
    batch = await lookup.wait_for_change(visitor.caller, batch_id, seen, HELD_BACK if seen else 0)
    if batch.finished:
        return go_to(request, here)
    text = f"{batch.applied:,} of {batch.records:,} rows judged" if batch.records else "The file is being read"
    return page(request, visitor, "pages/uploads/progress.html", ProgressView(here=here, batch=batch, text=text))


@router.get("/files/{which}")
async def send_file(
    request: Request, visitor: Reporter, provider_id: str, batch_id: str, which: BatchFile,
    format: FileFormat | None = None,
) -> Response:  # fmt: skip
    """Send a file of an upload."""
    written = await read_async(visitor.caller, downloads.open_download, batch_id, which, format)
    plain = re.sub(r'[^\x20-\x7e]|["\\%]', "_", written.name)
    headers = {
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(written.name)}",
        "Cache-Control": "no-store",
    }
    return StreamingResponse(written.pieces, headers=headers, media_type=written.media_type)


@router.post("/cancel")
async def stop_upload(request: Request, visitor: Reporter, provider_id: str, batch_id: str) -> Response:
    """Stop an upload."""
    here = f"{visitor.home}/uploads/{batch_id}"
    try:
        await transact_async(visitor.caller, lifecycle.cancel, batch_id)
    except Conflict as conflict:
        return go_to(request, here, Flash(kind="warn", text=conflict.detail))
    return go_to(request, here, Flash(text="The upload was stopped."))


@router.post("/retry")
async def judge_again(request: Request, visitor: Reporter, provider_id: str, batch_id: str) -> Response:
    """Judge the rejected rows again."""
    here = f"{visitor.home}/uploads/{batch_id}"
    try:
        await transact_async(visitor.caller, lifecycle.retry, batch_id)
    except Conflict as conflict:
        return go_to(request, here, Flash(kind="warn", text=conflict.detail))
    return go_to(request, here)


@router.post("/upload")
async def upload_checked(request: Request, visitor: Reporter, provider_id: str, batch_id: str, sent: Sent) -> Response:
    """Upload a file that was checked only."""
    return await _send_again(request, visitor, batch_id, sent, intake.upload_again)


@router.post("/upload-as-it-looks")
async def upload_as_it_looks(
    request: Request, visitor: Reporter, provider_id: str, batch_id: str, sent: Sent
) -> Response:
    """Upload a file as the kind that it holds, where it was refused because another one was chosen."""
    return await _send_again(request, visitor, batch_id, sent, intake.upload_as_it_looks)


async def _send_again(
    request: Request, visitor: Visitor, batch_id: str, sent: SentFields, send: Callable[..., Awaitable[Answer]]
) -> Response:
    attested = "true" in sent.get("permission_attested", ())
    try:
        answer = await send(uploader(visitor, request, sent), batch_id, answer_of, permission_attested=attested)
    except PermissionNotAttested as problem:
        said = Said(pointer="permission_attested", text=problem.errors[0].detail, hint=problem.errors[0].hint or "")
        return await _show(request, visitor, batch_id, "", None, DrawnForm(sent, [said]), problem.status)
    return go_to(request, f"{visitor.home}/uploads/{batch_of(answer)}")


@router.get("/withdraw")
async def show_undoing(request: Request, visitor: Reporter, provider_id: str, batch_id: str) -> Response:
    """Show what goes, and what stays, when an upload is undone."""
    told = await undoing.withdraw(visitor.caller, batch_id, dry_run=True)
    view = UndoView(here=f"{visitor.home}/uploads/{batch_id}", undoing=told)
    return page(request, visitor, "pages/uploads/undo.html", view)


@router.post("/withdraw")
async def undo_upload(request: Request, visitor: Reporter, provider_id: str, batch_id: str) -> Response:
    """Undo an upload."""
    done = await undoing.withdraw(visitor.caller, batch_id, dry_run=False)
    text = f"Withdrawn: {counted(done.completions, 'completion')}. Their boards are told."
    return go_to(request, f"{visitor.home}/uploads/{batch_id}", Flash(text=text))
