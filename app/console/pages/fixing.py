"""Fixing rejected rows: what was typed is kept with every button, then rows are checked, set aside or reported."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from hashlib import sha256

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from app.console.drawn_forms import DrawnForm, Said
from app.console.frame import Flash, go_to, page
from app.console.pages.fix_rows import (
    REASONS,
    AsideRow,
    DrawnGroup,
    DrawnRow,
    TypedRows,
    draw_groups,
    draw_reported,
    draw_row,
    heading_of,
    reason_of,
    why_none,
)
from app.console.pages.uploads import UploadLine, answer_of, batch_of, line_of, uploader
from app.console.routes import PageRoute, Sent, SentFields, value_of
from app.console.visitors import Reporter, Visitor
from app.core.errors import Conflict, InvalidRequest, PermissionNotAttested
from app.domain.batch_mends import MendState, SetAsideReason, shown
from app.domain.batches import BatchKind
from app.services.batches import fixing, history, mend_reports, mending
from app.services.batches.fixing import FixColumn, FixRow
from app.services.batches.mending import MOST_CHECKED, Edit
from app.services.context import read_async, transact_async

router = APIRouter(prefix="/p/{provider_id}/uploads/{batch_id}/fix", route_class=PageRoute, include_in_schema=False)
PAGE = 50
_NAME = re.compile(r"(\d{1,9})\.(\d{1,9}):(.{1,1000})", re.ASCII | re.DOTALL)
"""The name of an input: number of the row, version that was drawn, field."""
_ROW = re.compile(r"\d{1,9}", re.ASCII)


class FixView(msgspec.Struct, frozen=True, kw_only=True):
    """What the page shows."""

    here: str
    action: str
    """Where the form goes: this page of the rows."""
    check: str
    """Where a row is checked by itself; its number follows the folder."""
    line: UploadLine
    heading: str
    columns: Sequence[tuple[str, str, str, str]]
    rows: Sequence[DrawnRow]
    groups: Sequence[DrawnGroup]
    aside: Sequence[AsideRow]
    reported: Sequence[AsideRow]
    mended: Sequence[UploadLine]
    form: DrawnForm
    problem: str
    nothing_left: str
    """Why there is no row."""
    waiting: int
    ready: int
    more: bool
    older: str
    newest: str
    asks_permission: bool
    checked: bool = False
    """Of rows that were checked by themselves."""
    reasons: Sequence[tuple[str, str]] = REASONS


class _Typed(TypedRows, kw_only=True):
    """What came with a form that is drawn again, all of it."""

    problem: str = ""
    report: Sequence[Said] = ()
    """What is said of the report."""
    permission: bool = False


class CheckedRowView(msgspec.Struct, frozen=True, kw_only=True):
    """A row that was checked by itself, in place of the one on the page."""

    here: str
    check: str
    """Where the row is checked by itself."""
    columns: int
    row: DrawnRow
    waiting: int
    ready: int
    checked: bool = True
    reasons: Sequence[tuple[str, str]] = REASONS


@router.get("")
async def show_fixing(
    request: Request, visitor: Reporter, provider_id: str, batch_id: str, after: int = 0, edit: int | None = None
) -> Response:
    """Show the rejected rows of an upload, to be typed into."""
    return await _show(request, visitor, batch_id, after, edit, _Typed(), 200)


@router.post("")
async def fix_rows(
    request: Request, visitor: Reporter, provider_id: str, batch_id: str, sent: Sent, after: int = 0
) -> Response:
    """Keep what was typed; then do what the button says."""
    edits = _edits(sent)
    typed = _Typed(
        texts={edit.number: dict(edit.texts) for edit in edits},
        permission="true" in sent.get("permission_attested", ()),
    )
    try:
        typed.stale = await transact_async(visitor.caller, mending.edit_many, batch_id, edits)
        if typed.stale:
            return await _show(request, visitor, batch_id, after, None, typed, 412)
        flash, anchor = await _do(request, visitor, batch_id, sent)
    except PermissionNotAttested as problem:
        text = "Nothing was reported: nobody has said that the learners agreed."
        typed.report = [Said(pointer="permission_attested", text=text, hint="Tick it once they have agreed.")]
        return await _show(request, visitor, batch_id, after, None, typed, problem.status)
    except (Conflict, InvalidRequest) as problem:
        typed.problem = " ".join(item.detail for item in problem.errors) or problem.detail
        return await _show(request, visitor, batch_id, after, None, typed, problem.status)
    return go_to(request, f"{_address(visitor, batch_id, after)}{anchor}", flash)


def _address(visitor: Visitor, batch_id: str, after: int = 0) -> str:
    return f"{visitor.home}/uploads/{batch_id}/fix{f'?after={after}' if after else ''}"


def _check_address(visitor: Visitor, batch_id: str, after: int, columns: Sequence[FixColumn]) -> str:
    """Return where rows of a page are checked one by one: each is drawn alone while its columns are the page's."""
    drawn = sha256("\n".join(column.field for column in columns).encode()).hexdigest()[:12]
    return f"{visitor.home}/uploads/{batch_id}/fix/rows?after={after}&columns={drawn}"


@router.post("/rows")
async def check_row(
    request: Request, visitor: Reporter, provider_id: str, batch_id: str, sent: Sent, after: int = 0,
    columns: str = "",
) -> Response:  # fmt: skip
    """Keep what was typed into one row, check it, and answer with the row: what the button does by script.

    Whatever no longer fits on the page as it stands there leads to the page anew.
    """
    act, _, rest = value_of(sent, "do").partition(":")
    if act != "check" or not _ROW.fullmatch(rest):
        raise InvalidRequest("The button is of no page of ours. Load the page again.")
    number = int(rest)
    edits = [edit for edit in _edits(sent) if edit.number == number]
    typed = TypedRows(texts={edit.number: dict(edit.texts) for edit in edits})
    status = 200
    try:
        typed.stale = await transact_async(visitor.caller, mending.edit_many, batch_id, edits)
        if typed.stale:
            status = 412
        else:
            await mending.check(visitor.caller, batch_id, [number])
            typed.texts = {}
    except InvalidRequest as problem:
        text = " ".join(item.detail for item in problem.errors) or problem.detail
        typed.said, status = {number: [Said(pointer="", text=text, hint="It is not kept.")]}, problem.status
    except Conflict as problem:
        return go_to(request, _address(visitor, batch_id, after), Flash(text=problem.detail, kind="warn"))
    found = await read_async(visitor.caller, fixing.load, batch_id, None)
    some = [row for row in found.rows if row.row.result.number > after][:PAGE]
    drawn = found.columns(some)
    address = _check_address(visitor, batch_id, after, drawn)
    row = next((row for row in some if row.row.result.number == number), None)
    if row is None or not address.endswith(f"&columns={columns}"):
        return go_to(request, f"{_address(visitor, batch_id, after)}#row-{number}")
    view = CheckedRowView(
        here=_address(visitor, batch_id),
        check=address,
        columns=len(drawn) + 2,
        row=draw_row(found.batch, row, drawn, typed, visitor.home),
        waiting=len(found.rows),
        ready=found.ready,
    )
    return page(request, visitor, "pages/uploads/checked_row.html", view, status)


def _edits(sent: SentFields) -> list[Edit]:
    """Return what stands in the inputs of each row of the page."""
    found: dict[tuple[int, int], dict[str, str]] = {}
    for name, texts in sent.items():
        if parts := _NAME.fullmatch(name):
            found.setdefault((int(parts[1]), int(parts[2])), {})[parts[3]] = texts[-1]
    return [Edit(number=number, version=version, texts=texts) for (number, version), texts in found.items()]


async def _do(request: Request, visitor: Visitor, batch_id: str, sent: SentFields) -> tuple[Flash | None, str]:
    """Do what a button says; return what the next page says, and the place on it."""
    act, _, rest = (value_of(sent, "do") or "check").partition(":")
    caller = visitor.caller
    if act == "check":
        numbers = [int(rest)] if _ROW.fullmatch(rest) else None
        checked = await mending.check(caller, batch_id, numbers)
        ready = sum(row.state is MendState.READY for row in checked.rows)
        anchor = f"#row-{rest}" if numbers else ""
        return Flash(text=_said_of_check(ready, len(checked.rows)), kind="ok" if ready else "warn"), anchor
    if act == "same":
        return await _write_in_all(visitor, batch_id, rest), ""
    if act == "aside":
        number, _, reason = rest.partition(":")
        if _ROW.fullmatch(number) and reason in set(SetAsideReason):
            await transact_async(caller, mending.set_aside, batch_id, int(number), SetAsideReason(reason))
            return Flash(text=f"Row {number} was set aside. It stands at the end of this page."), ""
    if act == "up" and _ROW.fullmatch(rest):
        await transact_async(caller, mending.set_aside, batch_id, int(rest), None)
        return Flash(text=f"Row {rest} waits again."), f"#row-{rest}"
    if act == "report":
        attested = "true" in sent.get("permission_attested", ())
        answer = await mend_reports.report(
            uploader(visitor, request, sent), batch_id, None, answer_of, permission_attested=attested
        )
        link = f"{visitor.home}/uploads/{batch_of(answer)}"
        return Flash(text="The ready rows are being reported.", link=link, link_text="See what becomes of them"), ""
    return None, ""


def _said_of_check(ready: int, checked: int) -> str:
    if not checked:
        return "What you typed is kept. Nothing was changed since its last check."
    rows = "1 row was" if checked == 1 else f"{checked:,} rows were"
    return f"{rows} checked, {ready:,} ready. Nothing is reported yet."


async def _write_in_all(visitor: Visitor, batch_id: str, offer: str) -> Flash:
    """Write one value into every open row that has the same fault, and check these rows."""
    try:
        field, rule, old, new = map(str, json.loads(offer))
    except (ValueError, TypeError, RecursionError):
        raise InvalidRequest("The button is of no page of ours. Load the page again.") from None
    found = await read_async(visitor.caller, fixing.load, batch_id)
    rows = [row for row in found.rows if _has_fault(row, field, rule, old)][:MOST_CHECKED]
    edits = [Edit(number=row.row.result.number, version=row.row.version, texts={field: new}) for row in rows]
    stale = await transact_async(visitor.caller, mending.edit_many, batch_id, edits)
    numbers = [edit.number for edit in edits if edit.number not in stale]
    if not numbers:
        return Flash(kind="warn", text="No row has this fault any more.")
    checked = await mending.check(visitor.caller, batch_id, numbers)
    ready = sum(row.state is MendState.READY for row in checked.rows)
    return Flash(text=f"“{new}” was written in {len(numbers):,} rows; {ready:,} are ready.")


def _has_fault(row: FixRow, field: str, rule: str, old: str) -> bool:
    return any(
        row.columns_of.get(index) == field
        and finding.rule == rule
        and shown(row.row.value_of(row.fields[field])) == old
        for index, finding in enumerate(row.row.findings)
    )


async def _show(
    request: Request, visitor: Visitor, batch_id: str, after: int, opened: int | None,
    typed: _Typed, status: int,
) -> Response:  # fmt: skip
    uploads = await read_async(visitor.caller, history.one, batch_id)
    found = await read_async(visitor.caller, fixing.load, batch_id, opened)
    mended = [await read_async(visitor.caller, history.one, id) for id in uploads.mended_in.get(batch_id, ())]
    here = _address(visitor, batch_id)
    left = [row for row in found.rows if row.row.result.number > after]
    some = left[:PAGE]
    columns = found.columns(some)
    waiting = len(found.rows)
    view = FixView(
        here=here,
        action=_address(visitor, batch_id, after),
        check=_check_address(visitor, batch_id, after, columns),
        line=line_of(uploads, uploads.batches[0]),
        heading=heading_of(found),
        columns=[
            ("Row", "", "", ""),
            *((column.heading, "", "", "") for column in columns),
            ("What to do", "hidden", "", ""),
        ],
        rows=[draw_row(found.batch, row, columns, typed, visitor.home) for row in some],
        groups=draw_groups(found),
        aside=[
            AsideRow(number=row.result.number, who=fixing.who_of(found.batch, row), text=reason_of(row), address="")
            for row in found.aside
        ],
        reported=[draw_reported(found.batch, row, visitor.home) for row in found.reported],
        mended=[line_of(one, one.batches[0]) for one in mended],
        form=DrawnForm({"permission_attested": ["true"]} if typed.permission else {}, typed.report, prefix="report"),
        problem=typed.problem,
        nothing_left=why_none(found.batch),
        waiting=waiting,
        ready=found.ready,
        more=found.more,
        older=_address(visitor, batch_id, some[-1].row.result.number) if len(left) > PAGE else "",
        newest=here if after else "",
        asks_permission=found.batch.kind is BatchKind.LEARNER_COMPLETIONS,
    )
    return page(request, visitor, "pages/uploads/fix.html", view, status)
