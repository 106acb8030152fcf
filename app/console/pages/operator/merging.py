"""Merging two physicians, and undoing it: what goes where is listed before the button that does it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from app.console.drawn_forms import DrawnForm, Said, said_of_problem
from app.console.frame import Flash, go_to, page
from app.console.once import submit_once
from app.console.pages.operator.account_words import DOUBTED, merge_in_words
from app.console.pages.operator.filed_words import LOST, ComparedField, RecordFate, compare, credits_in_words
from app.console.pages.settings.confirming import ConfirmView, ask_first
from app.console.record_words import credit_in_words
from app.console.routes import PageRoute, Sent, value_of
from app.console.visitors import Operator, Visitor
from app.console.words import counted, instant
from app.core.errors import Conflict, NotFound
from app.domain.identity.merges import Overruled, Unmerged
from app.services.context import read_async, transact_async
from app.services.registry import merge_previews, merging
from app.services.registry.merge_previews import MergePreview

router = APIRouter(prefix="/operator/registry", route_class=PageRoute, include_in_schema=False)
PhysicianId = Annotated[str, Path(max_length=64)]
Into = Annotated[str, Query(max_length=64)]
Overrules = Annotated[list[str] | None, Query(max_length=10)]
LEADS = "/operator/disputes"


class MergeView(msgspec.Struct, frozen=True, kw_only=True):
    """Into whom somebody is merged, and what that would do."""

    physician_id: str
    into: str
    form: DrawnForm
    preview: MergePreview | None
    compared: tuple[ComparedField, ...] = ()
    fates: tuple[RecordFate, ...] = ()
    against: tuple[tuple[str, str], ...] = ()
    """(what may be overruled, its sentence)."""
    refused: tuple[str, ...] = ()
    swapped: str = ""
    accounts: Sequence[str] = ()
    """What becomes of accounts in CME Passport, in sentences."""


@router.get("/{physician_id}/merge")
async def show_merge(
    request: Request, visitor: Operator, physician_id: PhysicianId, into: Into = "", overrule: Overrules = None
) -> Response:
    """Ask into whom somebody is merged; with an answer list what goes where, and note that both were looked at."""
    return await _show(request, visitor, physician_id, into.strip(), _read_overruled(overrule or ()))


@router.post("/{physician_id}/merge")
async def merge(request: Request, visitor: Operator, physician_id: PhysicianId, sent: Sent) -> Response:
    """Merge two physicians, if that does what was listed."""
    into = value_of(sent, "into")
    overrule = _read_overruled(sent.get("overrule", ()))
    try:
        done = await submit_once(
            request, visitor, sent, merge_previews.merge_as_listed, physician_id, into, overrule,
            value_of(sent, "listed"),
        )  # fmt: skip
    except (Conflict, NotFound) as refusal:
        if isinstance(refusal, NotFound) and not refusal.errors:
            raise
        return await _show(request, visitor, physician_id, into, overrule, refusal)
    if done.again:
        return go_to(request, LEADS, Flash(text="It was done already."))
    text = "They are one physician now. Both ids go on working."
    undo = f"/operator/registry/{physician_id}/unmerge"
    return go_to(request, LEADS, Flash(text=text, link=undo, link_text="Undo it"))


@router.get("/{physician_id}/unmerge")
async def ask_unmerge(request: Request, visitor: Operator, physician_id: PhysicianId) -> Response:
    """Say what goes back when a merge is undone, and ask."""
    found, doubted = await read_async(visitor.caller, merge_previews.undoing, physician_id)
    document = found.document
    sentences = [
        f"{found.physician_id} was merged into {found.into_id} on {instant(found.at, visitor.time_zone)}.",
        f"{counted(len(document.moved), 'record')} that moved then will go back, as they are now.",
    ]
    if document.superseded:
        lost = counted(len(document.superseded), "credit")
        sentences.append(f"{lost} that the merge withdrew will be reported anew, and boards are told.")
    sentences += [
        "The names and numbers that came from there go back. What was reported since the merge stays where it is.",
    ]
    if doubted:
        sentences.append(f"A CME Passport account was confirmed since the merge. {DOUBTED}")
    return ask_first(
        request, visitor,
        ConfirmView(
            heading="Undo this merge?", sentences=tuple(sentences), action=request.url.path, verb="Undo the merge",
            back="/operator/registry",
        ),
    )  # fmt: skip


@router.post("/{physician_id}/unmerge")
async def unmerge(request: Request, visitor: Operator, physician_id: PhysicianId, sent: Sent) -> Response:
    """Undo the merge of a physician."""
    done = await submit_once(request, visitor, sent, merging.unmerge, physician_id)
    text = "It was done already." if done.result is None else _say_unmerged(done.result)
    lacks = done.result is not None and done.result.not_restored
    return go_to(request, "/operator/registry", Flash(text=text, kind="warn" if lacks else "ok"))


def _say_unmerged(undone: Unmerged) -> str:
    said = [f"They are two physicians again. {counted(undone.moved, 'record')} went back."]
    if undone.restored:
        said.append(f"{counted(undone.restored, 'credit')} reported anew.")
    said += [f"Credit {lost.credit_id} did not come back: {lost.reason}." for lost in undone.not_restored]
    return " ".join(said)


def _read_overruled(given: Collection[str]) -> frozenset[Overruled]:
    return frozenset(Overruled(one) for one in given if one in set(Overruled))


async def _show(
    request: Request, visitor: Visitor, physician_id: str, into: str, overrule: frozenset[Overruled],
    refusal: Conflict | NotFound | None = None,
) -> Response:  # fmt: skip
    preview: MergePreview | None = None
    said = said_of_refusal(refusal)
    status = refusal.status if refusal is not None else 200
    if into and not (isinstance(refusal, NotFound)):
        try:
            preview = await transact_async(
                visitor.caller, merge_previews.preview, physician_id, into, sorted(overrule)
            )  # fmt: skip
        except (Conflict, NotFound) as fault:
            if isinstance(fault, NotFound) and not fault.errors:
                raise
            said, status = said_of_refusal(fault), fault.status
    fields = {"into": [into], "overrule": [one.value for one in overrule]}
    view = MergeView(
        physician_id=physician_id, into=into, form=DrawnForm(fields, said), preview=preview,
        swapped=f"/operator/registry/{into}/merge?into={physician_id}",
    )  # fmt: skip
    if preview is not None:
        view = msgspec.structs.replace(
            view,
            compared=tuple(compare(preview.one, preview.into, preview.levels)),
            fates=tuple(_fates_of(preview)),
            against=tuple((kind.value, merging.WHY[kind]) for kind in preview.against),
            refused=tuple(_lines_of(preview.refusal)),
            accounts=merge_in_words(*preview.accounts),
        )
    return page(request, visitor, "pages/operator/merge.html", view, status)


def said_of_refusal(refusal: Conflict | NotFound | None) -> list[Said]:
    """Return what is said of a refused merge; the id of who stays is the one field."""
    if refusal is None:
        return []
    found = [
        msgspec.structs.replace(said, pointer="into" if said.pointer == "/into" else "")
        for said in said_of_problem(refusal)
    ]
    return found or [Said(pointer="", text=refusal.detail)]


def _lines_of(refusal: Conflict | None) -> Iterator[str]:
    if refusal is None:
        return
    for error in refusal.errors:
        yield error.detail if error.pointer == "/overrule" else f"{error.detail} {error.hint or ''}".strip()
    if not refusal.errors:
        yield refusal.detail


def _fates_of(preview: MergePreview) -> Iterator[RecordFate]:
    """Yield the completions of who leaves, and what becomes of each."""
    document = preview.plan.document if preview.plan is not None else None
    for completion in preview.completions:
        told = []
        if document is None:
            told.append("Not said while something speaks against it")
        else:
            credits = {credit.credit_id: credit for credit in completion.credits}
            lost = [one for one in document.superseded if one.completion_id == completion.completion_id]
            told += [f"{credit_in_words(credits[one.credit_id])} {LOST[one.reason]}" for one in lost]
            moved = any(one.completion_id == completion.completion_id for one in document.moved)
            told.append("Moves to who stays, with its id" if moved else "Nothing is left of it")
        yield RecordFate(completion=completion, credits=credits_in_words(completion), fate=". ".join(told))
