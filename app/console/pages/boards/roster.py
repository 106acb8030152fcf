"""A board's roster: uploaded as a file, and what became of each."""

from __future__ import annotations

from datetime import datetime
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
from app.services.batches import downloads, lookup
from app.services.batches.downloads import BatchFile
from app.services.context import read_async

router = APIRouter(prefix="/b/{code}/roster", route_class=PageRoute, include_in_schema=False)
BatchId = Annotated[str, Path(max_length=64)]


class ShownRosterRow(msgspec.Struct, frozen=True, kw_only=True):
    """A roster as the list shows it."""

    batch_id: str
    filename: str
    at: datetime
    state: tuple[str, str]
    records: int
    rejected: int
    error: str


class RosterView(msgspec.Struct, frozen=True, kw_only=True):
    """Rosters, and the form that sends one."""

    address: str
    rows: tuple[ShownRosterRow, ...]
    zone: str
    form: DrawnForm
    most: int
    """Bytes of a file."""


@router.get("")
async def list_rosters(request: Request, visitor: BoardStaff, code: str) -> Response:
    """List the newest rosters, with a form to send another."""
    return await _show(request, visitor, DrawnForm(), 200)


@router.post("")
async def upload_roster(request: Request, visitor: BoardStaff, code: str) -> Response:
    """Take a roster in: it is read at once, in the background."""
    taken = await take_in(request, visitor, _fields, what="roster")
    if isinstance(taken, RefusedForm):
        return await _show(request, visitor, taken.form, taken.status)
    return go_to(request, _address(visitor), Flash(text=taken))


def _fields(form: Form) -> dict[str, list[str]]:
    return {"kind": [BatchKind.ROSTER.value], "dry_run": ["true" if "dry_run" in form.fields else "false"]}


@router.get("/{batch_id}/files/{which}")
async def download_roster(
    request: Request, visitor: BoardStaff, code: str, batch_id: BatchId, which: BatchFile
) -> Response:
    """Download a roster as it was sent, or its rejected rows with what is wrong."""
    found = await read_async(visitor.caller, downloads.open_download, batch_id, which, None)
    return send(found)


def _address(visitor: Visitor) -> str:
    return f"{visitor.home}/roster"


def _row_of(batch: Batch) -> ShownRosterRow:
    return ShownRosterRow(
        batch_id=batch.batch_id,
        filename=batch.filename,
        at=batch.created_at,
        state=STATES[batch.status],
        records=batch.records,
        rejected=batch.counts.get("rejected", 0),
        error=str((batch.file_error or {}).get("detail", "")),
    )


async def _show(request: Request, visitor: Visitor, form: DrawnForm, status: int) -> Response:
    found = await read_async(
        visitor.caller, lookup.page, before=None, limit=ROWS, kinds=[BatchKind.ROSTER.value], statuses=[], to_fix=None
    )  # fmt: skip
    view = RosterView(
        address=_address(visitor),
        rows=tuple(map(_row_of, found)),
        zone=visitor.time_zone,
        form=form,
        most=visitor.service.settings.upload_limit,
    )
    return page(request, visitor, "pages/boards/roster.html", view, status)
