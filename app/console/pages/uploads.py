"""Uploads: their history, and a new one by a file or by pasted rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec
from fastapi import APIRouter, Request
from msgspec.structs import replace
from starlette.responses import Response

from app.console.drawn_forms import DrawnForm, Said, said_of_problem
from app.console.frame import go_to, page
from app.console.once import keyed, one_form, settle_file_form, without_own_fields
from app.console.routes import PageRoute, Sent, SentFields, value_of
from app.console.visitors import Reporter, Visitor
from app.core.errors import InvalidRequest, PermissionNotAttested, Problem, UploadQuotaExceeded
from app.core.http.multipart import Form
from app.domain.batches import Batch, BatchKind, BatchOwner, BatchStatus
from app.services.batches import history, intake
from app.services.batches.uploads import IncomingUpload
from app.services.context import Caller, read_async
from app.services.idempotency import Answer

router = APIRouter(prefix="/p/{provider_id}", route_class=PageRoute, include_in_schema=False)
NEW = "/uploads/new"
PAGE = 25
"""Uploads on a page of the history."""
KINDS = (
    (BatchKind.LEARNER_COMPLETIONS.value, "Learners"),
    (BatchKind.ACTIVITIES.value, "Activities"),
    (BatchKind.LEARNER_VALIDATIONS.value, "Validations"),
)
_KIND_WORDS = dict(KINDS) | {BatchKind.ROSTER.value: "Roster", BatchKind.TRANSCRIPTS.value: "Licensees"}
ANSWERS = "Answers"
"""What the file of a file of validations is called that has, for others, the successful rows."""
_RESULTS = (("", "All"), ("fix", "With rows to fix"), ("running", "Running"), ("failed", "Could not be read"))
_STATUSES = {
    "running": [BatchStatus.QUEUED.value, BatchStatus.READING.value, BatchStatus.APPLYING.value],
    "failed": [BatchStatus.FAILED.value],
}


class UploadLine(msgspec.Struct, frozen=True, kw_only=True):
    """An upload in the history."""

    batch: Batch
    kind: str
    who: str
    state: str
    """One of the words of `parts/status.html`."""
    result: str
    successful: str
    """What its file of accepted rows is called."""
    mended_in: Sequence[str]


class UploadDay(msgspec.Struct, frozen=True, kw_only=True):
    """The uploads of one day."""

    day: date
    lines: Sequence[UploadLine]


class HistoryView(msgspec.Struct, frozen=True, kw_only=True):
    """What the history shows."""

    days: Sequence[UploadDay]
    form: DrawnForm
    chips: Sequence[tuple[str, str, str]]
    older: str
    newest: str
    zone: str
    kinds: Sequence[tuple[str, str]] = (("", "All"), *KINDS)
    results: Sequence[tuple[str, str]] = _RESULTS


class NewUploadView(msgspec.Struct, frozen=True, kw_only=True):
    """What the page of a new upload shows."""

    form: DrawnForm
    pasted: DrawnForm
    most: int
    """Bytes of a file."""
    templates: Sequence[tuple[str, str]] = (
        ("Learners", "learners"),
        ("Learners with REMS", "learners-rems"),
        ("Activities", "activities"),
        ("Validations", "validations"),
    )
    kinds: Sequence[tuple[str, str]] = KINDS


@router.get("/uploads")
async def show_uploads(
    request: Request, visitor: Reporter, provider_id: str, kind: str = "", result: str = "", before: str = ""
) -> Response:
    """Show the uploads, newest first, by day."""
    kinds = [kind] if kind in dict(KINDS) else []
    found = await read_async(
        visitor.caller, history.page, before=before[:64] or None, limit=PAGE + 1, kinds=kinds,
        statuses=_STATUSES.get(result, []), to_fix=True if result == "fix" else None,
    )  # fmt: skip
    shown = found.batches[:PAGE]
    lines = [line_of(found, batch) for batch in shown]
    days: dict[date, list[UploadLine]] = {}
    for line in lines:
        days.setdefault(line.batch.created_at.date(), []).append(line)
    here = f"{visitor.home}/uploads"
    asked = {"kind": kind if kinds else "", "result": result if result in dict(_RESULTS) else ""}
    chips = [
        (name.capitalize(), dict((*KINDS, *_RESULTS))[text], _address(here, {**asked, name: ""}))
        for name, text in asked.items()
        if text
    ]
    view = HistoryView(
        days=[UploadDay(day=day, lines=some) for day, some in days.items()],
        form=DrawnForm({name: [text] for name, text in asked.items()}),
        chips=chips,
        older=_address(here, asked | {"before": shown[-1].batch_id}) if len(found.batches) > PAGE else "",
        newest=_address(here, asked) if before else "",
        zone=visitor.time_zone,
    )
    return page(request, visitor, "pages/uploads/history.html", view)


def _address(path: str, query: dict[str, str]) -> str:
    filled = [f"{name}={text}" for name, text in query.items() if text]
    return f"{path}?{'&'.join(filled)}" if filled else path


def line_of(found: history.Uploads, batch: Batch) -> UploadLine:
    """Return an upload as a line of the history."""
    state, result = said_result(batch)
    return UploadLine(
        batch=batch,
        kind=_KIND_WORDS[batch.kind.value],
        who=found.names.get(batch.client_id, ""),
        state=state,
        result=result,
        successful=ANSWERS if batch.kind is BatchKind.LEARNER_VALIDATIONS else "Successful",
        mended_in=found.mended_in.get(batch.batch_id, ()),
    )


def said_result(batch: Batch) -> tuple[str, str]:
    """Return the state of an upload, and its result in words."""
    rejected, warned = batch.counts.get("rejected", 0), batch.counts.get("warned", 0)
    if batch.status is BatchStatus.FAILED:
        return "refused", f"Holds {held}" if (held := other_kind(batch)) else "Could not be read"
    if batch.status is BatchStatus.CANCELLED:
        return "cancelled", f"Stopped after {batch.applied:,} rows"
    if not batch.finished:
        return "running", f"{100 * batch.applied // batch.records} %" if batch.records else "Being read"
    checked = "Checked: " if batch.dry_run else ""
    if rejected:
        return "rejected", f"{checked}{rejected:,} rejected"
    if matched := matched_in_words(batch):
        return "added", f"{checked}{matched}"
    if warned:
        return "warning", f"{checked}all in, {warned:,} with warnings"
    return "added", f"{checked}all in" if not batch.dry_run else "Checked: all would go in"


def matched_in_words(batch: Batch) -> str:
    """Return how many rows of a file of validations matched one learner; empty for other kinds."""
    if batch.kind is not BatchKind.LEARNER_VALIDATIONS:
        return ""
    return f"{batch.counts.get('one', 0):,} of {batch.records:,} matched"


def other_kind(batch: Batch) -> str:
    """Return what a file holds that was refused because another kind was chosen; empty where that is not clear."""
    # A roster is a board's: no provider's page takes one.
    return dict(KINDS).get(batch.looks_like or "", "").lower()


@router.get(NEW)
async def show_new_upload(request: Request, visitor: Reporter, provider_id: str) -> Response:
    """Show the form of an upload."""
    return _show_new(request, visitor, DrawnForm(prefix="file"), DrawnForm(prefix="pasted"), 200)


@router.post(NEW)
async def upload_file(request: Request, visitor: Reporter, provider_id: str) -> Response:
    """Take a file in as it arrives."""
    upload = IncomingUpload(visitor.service, BatchOwner(provider_id=visitor.seat.provider))
    sent: SentFields = {}

    def settle(form: Form) -> Caller:
        sent.update(form.fields)
        caller = settle_file_form(request, visitor, form)
        form.fields = without_own_fields(sent)
        _settle_fields(form)
        return replace(caller, scope="batches:write")

    content_type = request.headers.get("content-type", "")
    try:
        answer = await intake.accept_form(
            upload, f"POST {request.url.path}", content_type, request.stream(), answer_of, settle
        )
    except (InvalidRequest, PermissionNotAttested, UploadQuotaExceeded) as problem:
        form = DrawnForm(sent, _said(problem, sent), prefix="file")
        return _show_new(request, visitor, form, DrawnForm(prefix="pasted"), problem.status)
    return go_to(request, f"{visitor.home}/uploads/{batch_of(answer)}")


@router.post("/uploads/paste")
async def upload_pasted(request: Request, visitor: Reporter, provider_id: str, sent: Sent) -> Response:
    """Take rows in that were pasted with their headings."""
    form = Form(fields={name: texts for name, texts in without_own_fields(sent).items() if name != "rows"})
    _settle_fields(form)
    try:
        answer = await intake.upload_text(uploader(visitor, request, sent), value_of(sent, "rows"), form, answer_of)
    except (InvalidRequest, PermissionNotAttested, UploadQuotaExceeded) as problem:
        pasted = DrawnForm(sent, _said(problem, sent, file_field="rows"), prefix="pasted")
        return _show_new(request, visitor, DrawnForm(prefix="file"), pasted, problem.status)
    return go_to(request, f"{visitor.home}/uploads/{batch_of(answer)}")


def uploader(visitor: Visitor, request: Request, sent: SentFields) -> Caller:
    """Return the caller who uploads by a form: sent twice it counts once, and changed it is another one."""
    caller = one_form(keyed(visitor, sent, request.url.path, without_own_fields(sent)))
    return replace(caller, scope="batches:write")


def answer_of(batch: Batch) -> Answer:
    """Return what is kept under a form's key: which batch it made."""
    return Answer(status=202, body="{}", headers={"Location": f"/v1/batches/{batch.batch_id}"})


def batch_of(answer: Answer) -> str:
    """Return the batch that a form made, now or when it was sent before."""
    return answer.headers["Location"].rpartition("/")[2]


def _settle_fields(form: Form) -> None:
    """Make of the fields of the page those of the API: the button says whether it is a check only."""
    act = (form.fields.pop("do", None) or [""])[0]
    form.fields["dry_run"] = ["true" if act == "check" else "false"]
    kind = (form.fields.get("kind") or [""])[0]
    if kind != BatchKind.LEARNER_COMPLETIONS:
        form.fields.pop("on_unmatched", None)


_FILE_WORDS = {
    "type": ("No file was chosen.", "Choose one, or paste rows below."),
    "format": ("There is nothing in it.", "Check that the file was saved, and that rows were pasted."),
}


def _said(problem: Problem, sent: SentFields, file_field: str = "file") -> list[Said]:
    """Return what is said of a refused form, by the names of its fields."""
    said = []
    for item in problem.faults:
        name = (item.pointer or "").lstrip("/")
        text, hint = item.detail, item.hint or ""
        if name == "file":
            name, (text, hint) = file_field, _FILE_WORDS.get(item.code, (text, hint))
        elif name == "permission_attested":
            text, hint = "Nothing was kept: nobody has said that the learners agreed.", "Tick it once they have agreed."
        elif name == "kind":
            text, hint = "Say what is in it.", "Choose learners, activities or validations."
        said.append(Said(pointer=name, text=text, hint=hint, rule_address=item.rule_url or ""))
    return said or said_of_problem(problem, sent) or [Said(pointer="", text=problem.detail)]


def _show_new(request: Request, visitor: Visitor, form: DrawnForm, pasted: DrawnForm, status: int) -> Response:
    view = NewUploadView(form=form, pasted=pasted, most=visitor.service.settings.upload_limit)
    return page(request, visitor, "pages/uploads/new.html", view, status)
