"""A record corrected: the form of one record, filled with what stands, and saved if nobody changed it meanwhile."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.console.drawn_forms import DrawnForm, Said, said_of_problem
from app.console.forms import BodyForm, Typed
from app.console.frame import Flash, go_to, page
from app.console.pages.activity_fields import differences
from app.console.pages.add import EntryView, marks_of, taken
from app.console.pages.completion_fields import FORM, PERSON, in_words_of_pages, read_record, rows_of
from app.console.pages.sittings import describe, name_of
from app.console.routes import PageRoute, Sent, SentFields, value_of
from app.console.visitors import Reporter, Visitor
from app.core.errors import InvalidRequest, PreconditionFailed
from app.domain.credits import Completion, CreditStatus, Outcome
from app.schemas.completion_bodies import CompletionPatch, body_of
from app.services.activities import lookup
from app.services.completions import records
from app.services.context import read_by_key_async, read_one_async, transact_async

router = APIRouter(
    prefix="/p/{provider_id}/completions/{completion_id}/correct", route_class=PageRoute, include_in_schema=False
)
_PATCH = BodyForm(CompletionPatch, days=["/completed_on"])
_NAMING = (*PERSON, "/rems/local_id")
_ISSUER = re.compile(r"(/cme/\d+|/moc/\d+)/(state|board)")
_DRAWN = ("completed_on", "cme", "moc", "rems")
_PERMISSION = "/permission"
_STANDS = "stands"
"""What the tick says that was drawn with the record: permission as reported, which is another learner's for no other.

Once it was asked for anew, the tick says what it says everywhere.
"""
_NAMED_ANEW = Said(
    pointer=_PERMISSION,
    text="The tick stood for the learner as reported. You changed who it is: this learner has to agree.",
)
_OF_PERSON = tuple(name.rpartition("/")[2] for name in PERSON)


@router.get("")
async def show_correct(request: Request, visitor: Reporter, provider_id: str, completion_id: str) -> Response:
    """Show the form of a record as it stands, with what boards said of it on top."""
    found = await read_by_key_async(visitor.caller, records.get, completion_id)
    fields = _fields_of(found) | {_PERMISSION: [_STANDS]}
    return await _show(request, visitor, found, fields, [], {}, 200)


@router.post("")
async def correct(request: Request, visitor: Reporter, provider_id: str, completion_id: str, sent: Sent) -> Response:
    """Make a record what was typed, if it has still the version that the form was drawn from."""
    found = await read_by_key_async(visitor.caller, records.get, completion_id)
    typed = read_record(taken(sent), found.activity_id)
    version = value_of(sent, "version")
    if "take" in sent:
        return await _show(request, visitor, found, typed.fields, [], sent, 200, version=version)
    stood = value_of(typed.fields, _PERMISSION) == _STANDS
    ends = stood and _names_anew(_fields_of(found), typed.fields)
    if ends:
        del typed.fields[_PERMISSION]
    if stood:
        typed.body[_PERMISSION[1:]] = None if ends else True
    try:
        patch = _PATCH.validated(Typed(typed.fields, _patch_of(found, typed.body)))
        done = await transact_async(visitor.caller, records.patch, completion_id, f'"{version}"', patch.onto)
    except PreconditionFailed as problem:
        differ = differences(_fields_of(found), typed.fields)
        return await _show(request, visitor, found, typed.fields, [], sent, problem.status, differ=differ)
    except InvalidRequest as problem:
        said = said_of_problem(problem, typed.fields, visitor.home)
        if ends:
            said = [*(one for one in said if one.pointer != _PERMISSION), _NAMED_ANEW]
        return await _show(request, visitor, found, typed.fields, said, sent, problem.status, version=version)
    record = f"{visitor.home}/completions/{completion_id}"
    if done.outcome is Outcome.UNCHANGED or done.completion is None:
        return go_to(request, record, Flash(text="Nothing was different: nothing was changed."))
    told = [f"{finding.detail} {finding.hint}" for finding in done.findings]
    text = " ".join([f"The record was corrected. {describe(done.completion)}.", *told])
    return go_to(request, record, Flash(text=text[:1_500], kind="warn" if told else "ok"))


def _fields_of(found: Completion) -> SentFields:
    """Return a record as the fields of its form; a licensing board is shown as its state.

    Points of a credit type that are the board's total are left blank: they follow a total that is changed.
    """
    body = body_of(found)
    for part in body.get("moc", []):
        for credit_type in part["credit_types"]:
            if credit_type["credits"] == part["total_credits"]:
                credit_type["credits"] = None
    for part in body.get("cme", []):
        part["state"] = part["state"].partition("-")[0] if part["state"].endswith("-M") else part["state"]
    fields = FORM.write(body)
    if body.get("cme"):
        fields["cme"] = ["true"]
    drawn = ("/learner/", "/completed_on", "/cme/", "/moc/", "/rems/", "cme")
    return {
        name: values
        for name, values in fields.items()
        if name.startswith(drawn) and "reference" not in name and name != "/learner/learner_id"
    }


def _names_anew(stands: SentFields, typed: SentFields) -> bool:
    """Whether a form names another learner than the record: by name, birth date, NPI, or the number of a licence or ID.

    Credit that is left out names nobody, nor does a state or board that is new without a number.
    """
    numbers = dict(_numbers_of(stands))
    return any(value_of(stands, name) != value_of(typed, name) for name in _NAMING) or any(
        number != numbers.get(issuer, "") for issuer, number in _numbers_of(typed)
    )


def _numbers_of(fields: SentFields) -> Iterator[tuple[str, str]]:
    """Yield (state or board, number) of each target of a form."""
    for name, values in fields.items():
        if found := _ISSUER.fullmatch(name):
            place, issuer = found.groups()
            number = f"{place}/{'license_id' if issuer == 'state' else 'board_id'}"
            yield values[0].strip(), value_of(fields, number)


def _patch_of(found: Completion, typed: dict[str, Any]) -> dict[str, Any]:
    """Return the change that makes a record what was typed; references stay, and the person unless typed anew.

    A name or number that was typed anew says who it is from now on: the id of the learner goes.
    """
    patch: dict[str, Any] = {name: typed.get(name) for name in _DRAWN}
    stands = body_of(found)["learner"]
    given = typed.get("learner", {})
    person = {name: given.get(name) for name in _OF_PERSON}
    if person != {name: stands.get(name) for name in _OF_PERSON}:
        patch["learner"] = person | {"learner_id": None}
    return patch | ({"permission": typed["permission"]} if "permission" in typed else {"permission": None})


def _rejections(found: Completion) -> tuple[str, ...]:
    """Return what boards said of the credit that they rejected."""
    return tuple(
        f"{credit.board} rejected it: {credit.status_text or (credit.status_reason or 'no reason given')}"
        for credit in found.credits
        if credit.status is CreditStatus.REJECTED
    )


async def _show(
    request: Request,
    visitor: Visitor,
    found: Completion,
    fields: SentFields,
    said: list[Said],
    sent: SentFields,
    status: int,
    *,
    version: str = "",
    differ: tuple[tuple[str, str, str], ...] = (),
) -> Response:
    activity = await read_one_async(visitor.caller, lookup.find, found.activity_id)
    form = DrawnForm(fields, in_words_of_pages(said), takes=True)
    rows = rows_of(form, activity, visitor.service.catalogue)
    place = visitor.home
    base = f"{place}/activities/{activity.activity_id}"
    record = f"{place}/completions/{found.completion_id}"
    named = {name: fields.get(name) for name in PERSON}
    view = EntryView(
        form=form,
        activity=activity,
        base=base,
        action=f"{base}/add",
        rows=rows,
        marks=await marks_of(visitor, sent, form, rows, ask=False),
        version=version or str(found.version),
        heading=f"Correct the record of {name_of(found)}",
        record=record,
        differences=differ,
        rejected=_rejections(found),
        with_npi=bool(found.npi or fields.get("/learner/npi")),
        permission=_STANDS if form.has(_PERMISSION, _STANDS) else "true",
        named_by_id=found.learner_id is not None and not any(named.values()),
    )
    return page(request, visitor, "pages/reporting/correct.html", view, status)
