"""A board's lists of licensees: uploaded as files, and answered with totals and every completed activity."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from app.console.drawn_forms import DrawnForm
from app.console.frame import Flash, go_to, page
from app.console.pages.boards.files import ROWS, STATES, RefusedForm, send, take_in
from app.console.routes import PageRoute
from app.console.visitors import BoardStaff, Visitor
from app.core.http.multipart import Form
from app.domain.batches import Batch, BatchKind
from app.domain.parsing import read_written_day
from app.files.formats import FORMATS
from app.services.batches import lookup
from app.services.batches.downloads import BatchFile
from app.services.context import read_async
from app.services.passport import licensee_files

router = APIRouter(prefix="/b/{code}/licensees/lists", route_class=PageRoute, include_in_schema=False)
BatchId = Annotated[str, Path(max_length=64)]
_DAYS = ("completed_from", "completed_to")


class ShownList(msgspec.Struct, frozen=True, kw_only=True):
    """A list as the history shows it."""

    batch_id: str
    filename: str
    at: datetime
    state: tuple[str, str]
    days: tuple[date | None, date | None]
    """Of completion, first and last; None for an open side."""
    records: int
    done: int
    """How many of them were answered."""
    found: int
    rejected: int
    error: str
    is_answered: bool
    """Whether there are answers to download."""
    is_workbook: bool
    """Whether the answers are one file with both sheets."""


class ListsView(msgspec.Struct, frozen=True, kw_only=True):
    """Lists that were sent, and the form that sends one."""

    address: str
    licensees: str
    """Where one licensee is looked up."""
    rows: tuple[ShownList, ...]
    running: bool
    zone: str
    form: DrawnForm
    most: int
    """Bytes of a file."""


@router.get("")
async def list_licensee_lists(request: Request, visitor: BoardStaff, code: str) -> Response:
    """List the newest lists, with a form to send another."""
    return await _show(request, visitor, DrawnForm(), 200)


@router.get("/progress")
async def show_list_progress(request: Request, visitor: BoardStaff, code: str) -> Response:
    """Show the lists alone, as they stand by now."""
    return await _show(request, visitor, DrawnForm(), 200, template="pages/boards/licensee_list_rows.html")


@router.post("")
async def upload_licensee_list(request: Request, visitor: BoardStaff, code: str) -> Response:
    """Take a list in: it is read and answered at once, in the background."""
    taken = await take_in(request, visitor, _fields, what="list", fields=_DAYS)
    if isinstance(taken, RefusedForm):
        return await _show(request, visitor, taken.form, taken.status)
    return go_to(request, _address(visitor), Flash(text=taken))


def _fields(form: Form) -> dict[str, list[str]]:
    return {"kind": [BatchKind.TRANSCRIPTS.value]} | {name: [_day(form, name)] for name in _DAYS}


def _day(form: Form, name: str) -> str:
    """Return a day as the API takes it; what is none as it was typed, to be told so."""
    typed = (form.fields.get(name) or [""])[0]
    day = read_written_day(typed)
    return day.isoformat() if isinstance(day, date) else typed


@router.get("/{batch_id}/files/{which}")
async def download_licensee_list(
    request: Request, visitor: BoardStaff, code: str, batch_id: BatchId, which: BatchFile
) -> Response:
    """Download a list as it was sent, its totals, its activities, or its rejected rows with what is wrong."""
    return send(await read_async(visitor.caller, licensee_files.open_file, batch_id, which, None))


def _address(visitor: Visitor) -> str:
    return f"{visitor.home}/licensees/lists"


def _shown(batch: Batch) -> ShownList:
    kept = batch.finished and batch.head is not None and batch.records_removed_at is None
    return ShownList(
        batch_id=batch.batch_id,
        filename=batch.filename,
        at=batch.created_at,
        state=STATES[batch.status],
        days=(batch.completed_from, batch.completed_to),
        records=batch.records,
        done=batch.applied,
        found=batch.counts.get("one", 0),
        rejected=batch.counts.get("rejected", 0),
        error=str((batch.file_error or {}).get("detail", "")),
        is_answered=kept and batch.records > batch.counts.get("rejected", 0),
        is_workbook=batch.head is not None and FORMATS[batch.head.format].has_sheets,
    )


async def _show(
    request: Request, visitor: Visitor, form: DrawnForm, status: int, template: str = "pages/boards/licensee_lists.html"
) -> Response:
    found = await read_async(
        visitor.caller, lookup.page, before=None, limit=ROWS, kinds=[BatchKind.TRANSCRIPTS.value], statuses=[],
        to_fix=None,
    )  # fmt: skip
    view = ListsView(
        address=_address(visitor),
        licensees=f"{visitor.home}/licensees",
        rows=tuple(map(_shown, found)),
        running=any(not batch.finished for batch in found),
        zone=visitor.time_zone,
        form=form,
        most=visitor.service.settings.upload_limit,
    )
    return page(request, visitor, template, view, status)
