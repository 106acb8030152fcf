"""Questions about records for which nobody was matched: the candidates that were seen, and the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from app.console.drawn_forms import DrawnForm, Said, said_of_findings, said_of_problem
from app.console.forms import BodyForm
from app.console.frame import Flash, go_to, page
from app.console.routes import PageRoute, Sent
from app.console.visitors import Operator, Visitor
from app.core.errors import Conflict, InvalidRequest, NotFound
from app.domain.held import HelpAction, HelpStatus
from app.schemas.held import HelpAnswerIn
from app.services.context import read_async, transact_async
from app.services.held import help_requests
from app.services.held.help_requests import HelpAnswer, HelpCase

router = APIRouter(prefix="/operator/misses", route_class=PageRoute, include_in_schema=False)
HelpId = Annotated[str, Path(max_length=64)]
After = Annotated[str | None, Query(max_length=64)]
Which = Annotated[str, Query(max_length=20)]
FORM = BodyForm(HelpAnswerIn)
ROWS = 50
ACTIONS = (
    (HelpAction.LINK.value, "It is this physician", "the record is accepted, if every other rule allows it"),
    (HelpAction.ADD_NAME.value, "The physician has this name as well", "the record is judged again"),
    (HelpAction.ADD_LICENCE.value, "The physician has this licence as well", "the record is judged again"),
    (HelpAction.ANSWER.value, "Answer in words only", "nothing else changes"),
)
FIELDS = (
    ("surname", "Last name"), ("given", "First name"), ("middle", "Middle name"), ("suffix", "Suffix"),
    ("birth_date", "Birth date"), ("state", "State"), ("certified", "Certification"), ("school", "School"),
)  # fmt: skip
"""How each part of a person is compared, and what the column is called."""


class MissesView(msgspec.Struct, frozen=True, kw_only=True):
    """The queue of questions."""

    cases: tuple[HelpCase, ...]
    older: str
    answered: bool
    zone: str


class MissView(msgspec.Struct, frozen=True, kw_only=True):
    """One question with its record and the candidates."""

    case: HelpCase
    facts: tuple[tuple[str, str], ...]
    findings: tuple[Said, ...]
    candidates: tuple[Mapping[str, Any], ...]
    stopped_by: str
    open: bool
    form: DrawnForm
    zone: str
    actions: tuple[tuple[str, str, str], ...] = ACTIONS
    fields: tuple[tuple[str, str], ...] = FIELDS
    columns: list[tuple[str, str, str, str]]
    """The columns of the fields, as a table takes them."""


@router.get("")
async def list_misses(request: Request, visitor: Operator, status: Which = "open", after: After = None) -> Response:
    """List the questions, the oldest first: those without an answer unless others are asked for."""
    wanted = HelpStatus(status) if status in set(HelpStatus) else HelpStatus.OPEN
    found = await read_async(
        visitor.caller, help_requests.page, statuses=[wanted.value], provider_ids=[], after=after, limit=ROWS + 1
    )
    older = ""
    if len(found) > ROWS:
        older = f"/operator/misses?status={wanted.value}&after={found[ROWS - 1].request.help_id}"
    view = MissesView(
        cases=tuple(found[:ROWS]), older=older,
        answered=wanted is not HelpStatus.OPEN, zone=visitor.time_zone,
    )  # fmt: skip
    return page(request, visitor, "pages/operator/misses.html", view)


@router.get("/{help_id}")
async def show_miss(request: Request, visitor: Operator, help_id: HelpId) -> Response:
    """Show a question, the record as it was sent, and how candidates compare with it now."""
    return await _show(request, visitor, help_id, DrawnForm(), 200)


@router.post("/{help_id}")
async def answer_miss(request: Request, visitor: Operator, help_id: HelpId, sent: Sent) -> Response:
    """Answer a question: by naming who is meant, by adding what is missing, or in words."""
    typed = FORM.read(sent)
    try:
        given = HelpAnswer(**FORM.validated(typed).model_dump())
        await transact_async(visitor.caller, help_requests.answer, help_id, given)
    except NotFound:
        if "/physician_id" not in typed.fields:
            raise
        said = Said(pointer="/physician_id", text="Nobody of the registry has this id.")
        return await _show(request, visitor, help_id, DrawnForm(typed.fields, [said]), 422)
    except (InvalidRequest, Conflict) as refusal:
        said_of = said_of_problem(refusal, typed.fields) or [Said(pointer="", text=refusal.detail)]
        return await _show(request, visitor, help_id, DrawnForm(typed.fields, said_of), refusal.status)
    return go_to(request, "/operator/misses", Flash(text="It was answered, and the provider is told."))


async def _show(request: Request, visitor: Visitor, help_id: str, form: DrawnForm, status: int) -> Response:
    case = await read_async(visitor.caller, help_requests.get, help_id)
    explained = case.explanation or {}
    view = MissView(
        case=case,
        facts=tuple(_facts_of(case)),
        findings=tuple(said_of_findings(case.held.findings)),
        candidates=tuple(explained.get("candidates", ())),
        stopped_by=str(explained.get("stopped_by") or "").replace("-", " "),
        open=case.request.status is HelpStatus.OPEN,
        form=form,
        zone=visitor.time_zone,
        columns=[(heading, "", "", "") for _, heading in FIELDS],
    )
    return page(request, visitor, "pages/operator/miss.html", view, status)


def _facts_of(case: HelpCase) -> Sequence[tuple[str, str]]:
    report = case.held.report
    person = report.person
    facts = [
        ("First name", person.first_name), ("Last name", person.last_name),
        ("Birth month and day", str(person.birth_date) if person.birth_date is not None else None), ("NPI", person.npi),
    ]  # fmt: skip
    facts += [(f"Licence, {cme.state or 'no state'}", cme.license_id) for cme in report.cme]
    facts += [(f"Board ID, {moc.board or 'no board'}", moc.board_id) for moc in report.moc]
    return [(term, text or "not given") for term, text in facts]
