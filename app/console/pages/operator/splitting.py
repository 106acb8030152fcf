"""Splitting a physician on file who is two people: what becomes of each record is listed before the button."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from app.console.drawn_forms import DrawnForm, Said
from app.console.frame import Flash, go_to, page
from app.console.once import submit_once
from app.console.pages.operator.account_words import split_in_words
from app.console.pages.operator.filed_words import (
    ComparedField,
    RecordFate,
    compare,
    credits_in_words,
)
from app.console.pages.operator.split_fields import (
    OwnedRecord,
    RecordGroup,
    groups_of,
    kept_fields,
    name_choices,
    number_choices,
    owned,
    read_wanted,
    said_of_refusal,
)
from app.console.record_words import credit_in_words
from app.console.routes import PageRoute, Sent, SentFields, value_of
from app.console.visitors import Operator, Visitor
from app.console.words import counted
from app.core.errors import Conflict, InvalidRequest
from app.domain.credits import Completion
from app.domain.identity.merges import SplitRecord, SplitResult
from app.domain.identity.pairs import PairSide
from app.domain.identity.physicians import Physician
from app.services.context import transact_async
from app.services.registry import split_previews
from app.services.registry.split_previews import SplitPreview

router = APIRouter(prefix="/operator/registry", route_class=PageRoute, include_in_schema=False)
PhysicianId = Annotated[str, Path(max_length=64)]
_COUNTED_ELSEWHERE = ("Credit", "Records", "Physician's id")
"""Fields of a comparison that say nothing of two of whom one is not there yet."""


class SplitView(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody on file has, and the form that says what of it is another's."""

    physician_id: str
    physician: Physician
    form: DrawnForm
    names: Sequence[tuple[str, str]]
    licenses: Sequence[tuple[str, str]]
    certifications: Sequence[tuple[str, str]]
    records: tuple[OwnedRecord, ...]
    """Empty where there are too many."""
    groups: tuple[RecordGroup, ...]
    """In their place, then."""
    count: int
    accounts: Sequence[str]
    """What becomes of an account in CME Passport, in sentences."""


class SplitPlanView(msgspec.Struct, frozen=True, kw_only=True):
    """What goes where, before it does."""

    physician_id: str
    who: str
    """The name of who leaves."""
    compared: tuple[ComparedField, ...]
    plan: SplitResult
    fates: tuple[RecordFate, ...]
    kept: Sequence[tuple[str, str]]
    """The fields of the form, carried along."""
    digest: str
    accounts: Sequence[str]


@router.get("/{physician_id}/split")
async def show_split(request: Request, visitor: Operator, physician_id: PhysicianId) -> Response:
    """Show what is on file, and ask what of it is somebody else's; the log keeps who looked."""
    found = await transact_async(visitor.caller, split_previews.preview, physician_id)
    return _show_form(request, visitor, physician_id, found, DrawnForm())


@router.post("/{physician_id}/split")
async def split(request: Request, visitor: Operator, physician_id: PhysicianId, sent: Sent) -> Response:
    """List what goes where; split a physician if that does what was listed."""
    act = value_of(sent, "do")
    read = partial(read_wanted, sent, visitor.service.catalogue)
    said: list[Said] = []
    if act == "split":
        listed = value_of(sent, "listed")
        try:
            done = await submit_once(request, visitor, sent, split_previews.split_as_listed, physician_id, read, listed)
        except (InvalidRequest, Conflict) as refusal:
            said = said_of_refusal(refusal)
            status = refusal.status
        else:
            return go_to(request, "/operator/registry", _say_split(done.result))
    found = await transact_async(visitor.caller, split_previews.preview, physician_id, None if act == "edit" else read)
    if found.plan is not None and not said:
        return page(request, visitor, "pages/operator/split_plan.html", _plan_view(physician_id, found, sent))
    said, status = (said, status) if said else (said_of_refusal(found.refusal), 200)
    if found.refusal is not None:
        status = found.refusal.status
    return _show_form(request, visitor, physician_id, found, DrawnForm(sent, said), status)


def _say_split(done: SplitResult | None) -> Flash:
    if done is None:
        return Flash(text="It was done already.")
    text = f"They are two physicians now. {counted(done.moved, 'record')} went as a whole."
    if done.parted:
        text += f" Credit of {counted(done.parted, 'other')} was reported anew."
    undo = f"/operator/registry/{done.leaves.physician_id}/merge?into={done.before.physician_id}"
    return Flash(text=text, link=undo, link_text="Merge them again")


def _show_form(
    request: Request, visitor: Visitor, physician_id: str, found: SplitPreview, form: DrawnForm, status: int = 200
) -> Response:
    who = found.physician
    groups = groups_of(found.completions)
    view = SplitView(
        physician_id=physician_id,
        physician=who,
        form=form,
        names=name_choices(who.names),
        licenses=number_choices(who.licenses),
        certifications=number_choices(who.certifications),
        records=tuple(map(owned, found.completions)) if not groups else (),
        groups=groups,
        count=len(found.completions),
        accounts=split_in_words(found.accounts),
    )
    return page(request, visitor, "pages/operator/split.html", view, status)


def _plan_view(physician_id: str, found: SplitPreview, sent: SentFields) -> SplitPlanView:
    plan = found.plan
    assert plan is not None
    stays, leaves = (PairSide(physician=who, completions=0, credited=()) for who in (plan.stays, plan.leaves))
    return SplitPlanView(
        physician_id=physician_id,
        who=plan.leaves.shown.in_full,
        compared=tuple(row for row in compare(stays, leaves, {}) if row.label not in _COUNTED_ELSEWHERE),
        plan=plan,
        fates=tuple(_fates_of(found.completions, plan.records)),
        kept=kept_fields(sent),
        digest=found.digest,
        accounts=split_in_words(found.accounts),
    )


def _fates_of(completions: Sequence[Completion], records: Sequence[SplitRecord]) -> Iterator[RecordFate]:
    """Yield every record of who is split, and what becomes of it."""
    by_id = {record.completion_id: record for record in records}
    for completion in completions:
        record = by_id[completion.completion_id]
        words = {credit.credit_id: credit_in_words(credit) for credit in completion.credits}
        boards = {credit.credit_id: credit.board for credit in completion.credits}
        if record.whole:
            told = ", ".join(sorted({boards[id] for id in record.corrected}))
            fate = "Goes, with its id" + (f". {told} will be told who it is" if told else "")
        elif record.going:
            going = ", ".join(words[id] for id in record.going)
            fate = f"{going}: withdrawn here, and reported anew for who leaves. The rest stays"
        else:
            fate = "Stays"
        yield RecordFate(completion=completion, credits=credits_in_words(completion), fate=fate)
