"""The audit log with its seal: who did what to which thing, and when."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.console.drawn_forms import DrawnForm
from app.console.frame import page
from app.console.routes import PageRoute
from app.console.visitors import Operator
from app.core.errors import ParameterInvalid
from app.core.http.pagination import place_after
from app.domain.audit import AuditFilter, LoggedEntry, SealOverLog
from app.services.context import read_async
from app.services.operations import audit_log

router = APIRouter(prefix="/operator/audit", route_class=PageRoute, include_in_schema=False)
Given = Annotated[str, Query(max_length=64)]
After = Annotated[str | None, Query(max_length=200)]
ROWS = 50
FILTERS = (
    ("noun", "Kind of thing"), ("verb", "What was done"), ("subject_id", "Id of the thing"),
    ("client_id", "Who did it"), ("provider_id", "For which provider"), ("request_id", "By which request"),
)  # fmt: skip


class AuditView(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the log."""

    entries: tuple[tuple[LoggedEntry, str], ...]
    """(entry, what belongs to it in one line)."""
    head: SealOverLog | None
    head_line: str
    form: DrawnForm
    on: tuple[tuple[str, str, str], ...]
    """(filter, value, address without it)."""
    older: str
    zone: str
    filters: tuple[tuple[str, str], ...] = FILTERS


@router.get("")
async def list_audit(
    request: Request, visitor: Operator, noun: Given = "", verb: Given = "", subject_id: Given = "",
    client_id: Given = "", provider_id: Given = "", request_id: Given = "", after: After = None,
) -> Response:  # fmt: skip
    """List what was done, the newest first."""
    given = {
        "noun": noun, "verb": verb, "subject_id": subject_id, "client_id": client_id, "provider_id": provider_id,
        "request_id": request_id,
    }  # fmt: skip
    on = {name: text.strip() for name, text in given.items() if text.strip()}
    wanted = msgspec.convert({f"{name}s": [text] for name, text in on.items()}, AuditFilter)
    place = _place_of(after)
    found = await read_async(visitor.caller, audit_log.page, wanted=wanted, after=place, limit=ROWS + 1)
    seals = await read_async(visitor.caller, audit_log.seals, before=None, limit=1)
    entries = found[:ROWS]
    older = ""
    if len(found) > ROWS:
        last = entries[-1]
        older = _address(on, f"{last.at.isoformat()}~{last.commit_id}~{last.item}")
    labels = dict(FILTERS)
    view = AuditView(
        entries=tuple((entry, _line_of(entry)) for entry in entries),
        head=seals[0][0] if seals else None,
        head_line=seals[0][1] if seals else "",
        form=DrawnForm({name: [text] for name, text in on.items()}),
        on=tuple(
            (labels[name], text, _address({key: one for key, one in on.items() if key != name}))
            for name, text in on.items()
        ),
        older=older,
        zone=visitor.time_zone,
    )
    return page(request, visitor, "pages/operator/audit.html", view)


def _place_of(after: str | None) -> list[object] | None:
    if after is None:
        return None
    at, _, rest = after.partition("~")
    commit_id, _, item = rest.partition("~")
    try:
        return place_after([datetime.fromisoformat(at).isoformat(), commit_id, int(item)], 3)
    except ValueError:
        raise ParameterInvalid.of("after", "This is no place of the log.", "Follow the link Older.") from None


def _address(on: dict[str, str], after: str = "") -> str:
    return f"/operator/audit?{urlencode(on | ({'after': after} if after else {}))}"


def _line_of(entry: LoggedEntry) -> str:
    return ", ".join(
        f"{name}: {text}" for name, text in entry.fields.items() if name not in ("state", "digest", "digests")
    )
