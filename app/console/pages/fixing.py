"""Fixing rejected rows: what was typed is kept with every button, then rows are checked, set aside or reported."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from app.console.drawn_forms import DrawnForm, Said, said_about_record
from app.console.frame import Flash, go_to, page
from app.console.pages.uploads import UploadLine, answer_of, batch_of, line_of, uploader
from app.console.routes import PageRoute, Sent, SentFields, value_of
from app.console.visitors import Reporter, Visitor
from app.core.errors import Conflict, InvalidRequest, PermissionNotAttested
from app.domain.batch_mends import MendedRow, MendState, SetAsideReason, shown
from app.domain.batches import Batch, BatchKind
from app.domain.findings import Severity
from app.services.batches import fixing, history, mending
from app.services.batches.fixing import FixColumn, Fixing, FixRow
from app.services.batches.mending import MOST_CHECKED, Edit
from app.services.context import read_async, transact_async

router = APIRouter(prefix="/p/{provider_id}/uploads/{batch_id}/fix", route_class=PageRoute, include_in_schema=False)
PAGE = 50
_NAME = re.compile(r"(\d{1,9})\.(\d{1,9}):(.{1,1000})", re.ASCII | re.DOTALL)
"""The name of an input: number of the row, version that was drawn, field."""
_ROW = re.compile(r"\d{1,9}", re.ASCII)
REASONS = (
    (SetAsideReason.NO_PHYSICIAN.value, "No physician"),
    (SetAsideReason.REPORTED_ELSEWHERE.value, "Reported elsewhere"),
    (SetAsideReason.WRONG_FILE.value, "Wrong file"),
    (SetAsideReason.OTHER.value, "Another reason"),
)


class DrawnCell(msgspec.Struct, frozen=True, kw_only=True):
    """A cell of a row: an input, or a text."""

    heading: str
    name: str
    """Empty for a text."""
    text: str
    was: str
    """What was sent, where something else stands there now."""


class DrawnRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row to be fixed."""

    number: int
    cells: Sequence[DrawnCell]
    form: DrawnForm
    ready: bool
    becomes: str
    who: str


class DrawnGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that share a fault, and the buttons that mend all of them."""

    text: str
    detail: str
    offers: Sequence[tuple[str, str, str]]


class AsideRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row that was set aside, or reported again."""

    number: int
    who: str
    text: str
    address: str


class FixView(msgspec.Struct, frozen=True, kw_only=True):
    """What the page shows."""

    here: str
    action: str
    """Where the form goes: this page of the rows."""
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
    waiting: int
    ready: int
    more: bool
    older: str
    newest: str
    asks_permission: bool
    reasons: Sequence[tuple[str, str]] = REASONS


class _Typed(msgspec.Struct, kw_only=True):
    """What came with a form that is drawn again."""

    texts: dict[int, dict[str, str]] = {}
    """By number and field."""
    stale: Sequence[int] = ()
    problem: str = ""
    said: Sequence[Said] = ()
    permission: bool = False


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
        typed.said = [Said(pointer="permission_attested", text=text, hint="Tick it once they have agreed.")]
        return await _show(request, visitor, batch_id, after, None, typed, problem.status)
    except (Conflict, InvalidRequest) as problem:
        typed.problem = " ".join(item.detail for item in problem.errors) or problem.detail
        return await _show(request, visitor, batch_id, after, None, typed, problem.status)
    return go_to(request, f"{_address(visitor, batch_id, after)}{anchor}", flash)


def _address(visitor: Visitor, batch_id: str, after: int = 0) -> str:
    return f"{visitor.home}/uploads/{batch_id}/fix{f'?after={after}' if after else ''}"


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
        answer = await mending.report(
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
    said = [*typed.said]
    view = FixView(
        here=here,
        action=_address(visitor, batch_id, after),
        line=line_of(uploads, uploads.batches[0]),
        heading=_heading(found),
        columns=[
            ("Row", "", "", ""),
            *((column.heading, "", "", "") for column in columns),
            ("What to do", "hidden", "", ""),
        ],
        rows=[_drawn(found.batch, row, columns, typed, visitor.home) for row in some],
        groups=_groups(found),
        aside=[
            AsideRow(number=row.result.number, who=fixing.who_of(found.batch, row), text=_reason(row), address="")
            for row in found.aside
        ],
        reported=[_reported(visitor, found.batch, row) for row in found.reported],
        mended=[line_of(one, one.batches[0]) for one in mended],
        form=DrawnForm({"permission_attested": ["true"]} if typed.permission else {}, said, prefix="report"),
        problem=typed.problem,
        waiting=waiting,
        ready=found.ready,
        more=found.more,
        older=_address(visitor, batch_id, some[-1].row.result.number) if len(left) > PAGE else "",
        newest=here if after else "",
        asks_permission=found.batch.kind is BatchKind.LEARNER_COMPLETIONS,
    )
    return page(request, visitor, "pages/uploads/fix.html", view, status)


def _heading(found: Fixing) -> str:
    read = found.batch.records
    if not found.rows:
        return "Nothing is left to fix"
    verb = "needs" if len(found.rows) == 1 else "need"
    more = " or more" if found.more else ""
    return f"{len(found.rows):,}{more} of {read:,} rows {verb} fixing"


def _drawn(batch: Batch, row: FixRow, columns: Sequence[FixColumn], typed: _Typed, home: str) -> DrawnRow:
    result, version = row.row.result, row.row.version
    own = typed.texts.get(result.number, {})
    names = {field: f"{result.number}.{version}:{field}" for field in row.inputs | (own.keys() & row.fields.keys())}
    cells, fields = [], {}
    for column in columns:
        field = row.fields.get(column.field)
        now = shown(row.row.value_of(field)) if field is not None else ""
        sent = shown(field.value) if field is not None else ""
        name = names.get(column.field, "")
        if name:
            fields[name] = [own.get(column.field, now)]
        cells.append(DrawnCell(heading=column.heading, name=name, text=now, was=sent if sent != now else ""))
    said = _said(row, names, home)
    if result.number in typed.stale:
        said.insert(0, _said_stale(row, own))
    outcome = row.row.mend.outcome if row.row.mend is not None else None
    return DrawnRow(
        number=result.number,
        cells=cells,
        form=DrawnForm(fields, said, prefix=f"row-{result.number}"),
        ready=row.row.state is MendState.READY,
        becomes=outcome.value if outcome is not None else "",
        who=fixing.who_of(batch, row.row),
    )


def _said(row: FixRow, names: Mapping[str, str], home: str) -> list[Said]:
    """Return the findings of a row; of a ready one, its warnings."""
    said = []
    for index, finding in enumerate(row.row.findings):
        field = row.columns_of.get(index)
        heading = f"{row.fields[field].column}: " if field is not None else ""
        said.append(
            said_about_record(
                finding.hint,
                finding.completion_id,
                home,
                pointer=names.get(field or "", "") if finding.severity is Severity.REJECT else "",
                severity="no" if finding.severity is Severity.REJECT else "warn",
                text=f"{heading}{finding.detail}",
                rule_address=f"/v1/rules/{finding.rule}",
            )
        )
    return sorted(said, key=lambda line: line.severity == "warn")


def _said_stale(row: FixRow, own: Mapping[str, str]) -> Said:
    theirs = [
        f"{field.column} is now “{shown(row.row.value_of(field))}”"
        for name, field in row.fields.items()
        if name in own and own[name] != shown(row.row.value_of(field))
    ]
    return Said(
        pointer="",
        text=f"Somebody else changed this row meanwhile: {'; '.join(theirs)}.",
        hint="What you typed stands in the fields and is not kept yet. Check again to keep yours.",
    )


def _groups(found: Fixing) -> list[DrawnGroup]:
    drawn = []
    for group in found.groups():
        number = len(group.numbers)
        drawn.append(
            DrawnGroup(
                text=f"{number:,} rows have the same fault:",
                detail=f"{group.heading}: {group.detail}",
                offers=[
                    (
                        f"Write {offer.new} in all {number:,}",
                        "do",
                        "same:" + json.dumps([offer.field, offer.rule, offer.old, offer.new]),
                    )
                    for offer in group.offers
                ],
            )
        )
    return drawn


def _reason(row: MendedRow) -> str:
    reason = row.mend.set_aside if row.mend is not None else None
    return dict(REASONS).get(reason.value, "") if reason is not None else ""


def _reported(visitor: Visitor, batch: Batch, row: MendedRow) -> AsideRow:
    reported = row.reported
    assert reported is not None
    if reported.number is None:
        text = "Being reported"
    elif reported.outcome is not None and reported.outcome.value == "rejected":
        text = f"Rejected again, as row {reported.number}: fix it there"
    else:
        text = f"Reported as row {reported.number}: {reported.outcome.value if reported.outcome else ''}"
    return AsideRow(
        number=row.result.number, who=fixing.who_of(batch, row), text=text,
        address=f"{visitor.home}/uploads/{reported.batch_id}",
    )  # fmt: skip
