"""`/v1/physicians`: the registry, for its operator; never a provider's learners."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from msgspec.structs import replace

from app.core.errors import Conflict, InvalidRequest, NotFound, ParameterInvalid
from app.core.http.pagination import PageQuery, open_cursor, place_after, seal_cursor
from app.core.http.routing import StrictRoute
from app.domain.identity.physicians import Addition, Physician
from app.routers.answers import MINIMAL, NOT_MODIFIED, send, send_once, send_resource
from app.routers.callers import OperatorActor, OperatorCreator, OperatorEditor, OperatorReader, OperatorWriter
from app.routers.conditions import IfMatch, IfNoneMatch
from app.routers.openapi import problems
from app.routers.paging import open_page
from app.schemas.physician_merges import MergeIn, MergeOut, SplitIn, SplitOut, UnmergeOut
from app.schemas.physicians import (
    AddedPhysicianOut,
    PhysicianCreditsPage,
    PhysicianIn,
    PhysicianOut,
    PhysicianPage,
    PhysicianPatch,
    PhysicianSearchIn,
)
from app.services.context import Caller, Work, read_async, transact_async
from app.services.idempotency import Answer
from app.services.registry import merging, physicians, splitting
from app.services.registry.given_fields import read_edit, read_given, read_search, read_split

PATH = "/v1/physicians"
router = APIRouter(prefix=PATH, tags=["Physicians"], route_class=StrictRoute)
searches = APIRouter(tags=["Physicians"], route_class=StrictRoute)
PhysicianId = Annotated[
    str, Path(max_length=64, description="The physician's id, or that of one who was merged into them.")
]


@router.get("", response_model=PhysicianPage)
async def list_physicians(
    caller: OperatorReader, query: Annotated[PageQuery, Query()], response: Response
) -> PhysicianPage:
    """List the physicians of the registry by id; those who were merged are left out.

    Who looks for somebody sends a search: names and numbers stand in no address.
    """
    asked = await open_page(caller, query, PATH)
    found = await read_async(caller, physicians.page, after=asked.after, limit=asked.limit)
    page = asked.page(found, response, lambda physician: physician.physician_id)
    return PhysicianPage.of(page.rows, page.cursor)


@searches.post(f"{PATH}:search", response_model=PhysicianPage)
async def search_physicians(caller: OperatorReader, body: PhysicianSearchIn) -> PhysicianPage:
    """Look for physicians by names, birth date, NPI, licence or certification; everything given must fit.

    The next page is asked for by its cursor alone, which carries what was looked for, encrypted.
    """
    bound_to = caller.bound_to(f"{PATH}:search")
    query, after = _open_cursor_of(caller, body, bound_to)
    wanted = read_search(query.wanted(), caller.service.catalogue)
    found = await read_async(caller, physicians.search, wanted, after=after, limit=query.size + 1)
    rows, cursor = found[: query.size], None
    if len(found) > len(rows):
        cursor = seal_cursor(caller.service.keyring, query, rows[-1].physician_id, bound_to)
    return PhysicianPage.of(rows, cursor)


def _open_cursor_of(caller: Caller, body: PhysicianSearchIn, bound_to: str) -> tuple[PhysicianSearchIn, Any]:
    """Open the cursor of a body, whose faults are told as those of a body."""
    try:
        return open_cursor(caller.service.keyring, body, bound_to)
    except ParameterInvalid as fault:
        items = [replace(item, parameter=None, pointer=f"/{item.parameter}") for item in fault.errors]
        raise InvalidRequest(errors=items) from None


@router.post(
    "",
    status_code=201,
    response_model=AddedPhysicianOut,
    responses=problems(Conflict)
    | MINIMAL
    | {200: {"model": AddedPhysicianOut, "description": "Somebody on file was meant"}},
)
async def add_physician(caller: OperatorWriter, body: PhysicianIn) -> Response:
    """Add a physician, or what is new of one on file: whom it is about is decided as for a line of an import.

    `added` and `pair` are a new physician, the latter beside somebody whom the data seem to describe as well; `joined`
    and `unchanged` are somebody on file. Where identifiers are somebody else's it is 409, and nothing changes.
    """
    given = read_given(body.fields_sent(), caller.service.catalogue)

    def produce(work: Work) -> Answer:
        added = physicians.add(work, given)
        headers = _headers(added.physician) | {"Location": f"{PATH}/{added.physician.physician_id}"}
        status = 201 if added.outcome in (Addition.ADDED, Addition.PAIR) else 200
        return Answer(status=status, body=AddedPhysicianOut.of_addition(added).model_dump_json(), headers=headers)

    return await send_once(caller, produce)


@router.get("/{physician_id}", response_model=PhysicianOut, responses=NOT_MODIFIED)
async def get_physician(
    caller: OperatorReader, physician_id: PhysicianId, if_none_match: IfNoneMatch = None
) -> Response:
    """Read everything on file of one physician; the id of one who was merged finds whom they were merged into."""
    found = await read_async(caller, physicians.get, physician_id)
    return send_resource(PhysicianOut.of(found).model_dump_json, found.version, if_none_match)


@router.patch("/{physician_id}", response_model=PhysicianOut, responses=problems(Conflict, 428) | MINIMAL)
async def change_physician(
    caller: OperatorEditor, physician_id: PhysicianId, body: PhysicianPatch, if_match: IfMatch = None
) -> Response:
    """Change what is on file of a physician (JSON Merge Patch). Credit that stands is left as it is.

    Where the name that is shown changes, the one before is kept among the other names, unless these are sent as well. A
    birth date on file is replaced with `replace_date_of_birth` only.
    """
    fields = body.fields_sent()
    changed = await transact_async(
        caller,
        physicians.change,
        physician_id,
        if_match,
        read_edit(fields, caller.service.catalogue),
        replaces_birth_date=body.replace_date_of_birth,
    )
    return send(caller, Answer(status=200, body=PhysicianOut.of(changed).model_dump_json(), headers=_headers(changed)))


@router.get("/{physician_id}/credits", response_model=PhysicianCreditsPage)
async def list_physician_credits(
    caller: OperatorReader, physician_id: PhysicianId, query: Annotated[PageQuery, Query()], response: Response
) -> PhysicianCreditsPage:
    """List the completions of a physician that stand, of all providers: what a split has to assign."""
    asked = await open_page(caller, query, f"{PATH}/{physician_id}/credits")
    after = place_after(asked.after, 2)
    found = await read_async(caller, physicians.credit_of, physician_id, after=after, limit=asked.limit)
    page = asked.page(found, response, lambda one: [one.completed_on.isoformat(), one.completion_id])
    return PhysicianCreditsPage.of(page.rows, page.cursor)


@router.post("/{physician_id}/merge", response_model=MergeOut, responses=problems(Conflict, NotFound))
async def merge_physician(caller: OperatorActor, physician_id: PhysicianId, body: MergeIn) -> MergeOut:
    """Merge a physician into another one who is the same person. Both ids stay good for ever.

    Names, numbers and credit come together in one transaction. Credit keeps its ids and its status, and its boards are
    told nothing, for nothing changes for them. Where the same credit was reported under both, one stands and the other
    is withdrawn; see `reason`. Refused with 409 where birth dates, NPIs or suffixes differ, unless overruled, and where
    both together hold more of an activity than it gives. It can be undone.
    """
    physicians.refuse_sandbox(caller)
    plan = await transact_async(
        caller, merging.merge, physician_id, body.into, frozenset(body.overrule), dry_run=body.dry_run
    )
    return MergeOut.of(plan, dry_run=body.dry_run)


@router.post("/{physician_id}/unmerge", response_model=UnmergeOut, responses=problems(Conflict, NotFound))
async def unmerge_physician(caller: OperatorActor, physician_id: PhysicianId) -> UnmergeOut:
    """Undo the merge of a physician: exactly what was moved goes back, as it is now.

    The id is that of the one who was merged. Credit that the merge withdrew is reported anew; what stands in the way of
    that is told in `not_restored`. What was reported since the merge stays.
    """
    physicians.refuse_sandbox(caller)
    return UnmergeOut.of(await transact_async(caller, merging.unmerge, physician_id))


@router.post("/{physician_id}/split", response_model=SplitOut, responses=problems(Conflict, NotFound))
async def split_physician(caller: OperatorCreator, physician_id: PhysicianId, body: SplitIn) -> Response:
    """Split a physician on file who is two people: somebody new leaves, with names, numbers and credit.

    Every completion, or every credit of it, must be named in `goes` or in `stays`: 422 lists those that are not. A
    completion that goes as a whole keeps its id; of one that is parted, the credit that goes is reported anew.
    """
    physicians.refuse_sandbox(caller)
    wanted = read_split(body.fields_sent(), caller.service.catalogue)

    def produce(work: Work) -> Answer:
        return Answer(status=200, body=SplitOut.of(splitting.split(work, physician_id, wanted)).model_dump_json())

    return await send_once(caller, produce)


def _headers(physician: Physician) -> dict[str, str]:
    return {"ETag": f'"{physician.version}"'}
