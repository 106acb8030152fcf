"""`/v1/audit`: the sealed log of what was done, for the operator."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.core.http.pagination import PageQuery, place_after
from app.core.http.routing import StrictRoute
from app.routers.callers import OperatorReader
from app.routers.paging import open_page
from app.schemas.access.audit import AuditEntryOut, AuditPage, AuditQuery, SealOut, SealPage
from app.services.context import read_async
from app.services.operations import audit_log

PATH = "/v1/audit"
router = APIRouter(prefix=PATH, tags=["Audit"], route_class=StrictRoute)


@router.get("", response_model=AuditPage)
async def list_audit(caller: OperatorReader, query: Annotated[AuditQuery, Query()], response: Response) -> AuditPage:
    """List what was done, newest first: who did what to which thing, when, by which request, and under which seal.

    Nothing in it is ever changed or removed, not even when a physician is erased: it holds ids, counts and keyed
    digests, nobody's identity. What the verbs and nouns mean stands in docs/checking.md.
    """
    asked = await open_page(caller, query, PATH)
    after = place_after(asked.after, 3)
    wanted = asked.query.as_filter()
    found = await read_async(caller, audit_log.page, wanted=wanted, after=after, limit=asked.limit)
    page = asked.page(found, response, lambda entry: [entry.at.isoformat(), entry.commit_id, entry.item])
    return AuditPage(data=[AuditEntryOut.of(entry) for entry in page.rows], next_cursor=page.cursor)


@router.get("/seals", response_model=SealPage)
async def list_seals(caller: OperatorReader, query: Annotated[PageQuery, Query()], response: Response) -> SealPage:
    """List the seals over the audit log, newest first; `limit=1` is the head to be kept elsewhere."""
    asked = await open_page(caller, query, f"{PATH}/seals")
    found = await read_async(caller, audit_log.seals, before=asked.after, limit=asked.limit)
    page = asked.page(found, response, lambda seal: seal[0].number)
    return SealPage(data=[SealOut.of(seal, head) for seal, head in page.rows], next_cursor=page.cursor)
