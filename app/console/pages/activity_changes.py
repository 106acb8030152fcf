"""An activity closed, reopened and deleted."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from app.console.activity_words import missing_inputs
from app.console.drawn_forms import DrawnForm, Said, said_of_problem
from app.console.forms import Typed
from app.console.frame import Flash, go_to, page
from app.console.once import NOTHING_AGAIN, submit_once
from app.console.pages.activity_fields import (
    CHOICES,
    PATCH,
    ActivityChoices,
    BoardRow,
    OutcomeRow,
    board_rows,
    body_of,
    differences,
    fields_of,
    outcome_rows,
    read_activity,
)
from app.console.pages.in_the_way import InTheWay, name_completions
from app.console.routes import PageRoute, Sent, value_of
from app.console.visitors import Reporter, Visitor
from app.core.errors import ActivityHasCompletions, Conflict, InvalidRequest, PreconditionFailed
from app.domain.activities import Activity, RegisteredActivity
from app.services.activities import changes, lookup
from app.services.context import read_one_async, transact_async

router = APIRouter(
    prefix="/p/{provider_id}/activities/{activity_id}", route_class=PageRoute, include_in_schema=False
)  # fmt: skip


class CloseView(msgspec.Struct, frozen=True, kw_only=True):
    """What the page that closes an activity shows."""

    form: DrawnForm
    base: str
    activity: Activity
    version: str
    answers: tuple[tuple[str, str, str, bool], ...]
    """(question, answer, address to change it, whether it is missing)."""
    missing: frozenset[str]
    """Pointers of the fields that are still missing."""
    boards: tuple[BoardRow, ...]
    outcomes: tuple[OutcomeRow, ...]
    differences: tuple[tuple[str, str, str], ...] = ()
    choices: ActivityChoices = CHOICES


class DeleteView(msgspec.Struct, frozen=True, kw_only=True):
    """What the page that deletes an activity shows."""

    base: str
    activity: Activity
    version: int
    in_the_way: InTheWay | None = None


@router.get("/close")
async def show_close(request: Request, visitor: Reporter, provider_id: str, activity_id: str) -> Response:
    """Show what an activity was, and ask for what closing it still needs."""
    shown = await read_one_async(visitor.caller, lookup.get, activity_id)
    fields = fields_of(shown, visitor.service.clock().date())
    return _show_close(request, visitor, shown, fields, [], 200)


@router.post("/close")
async def close(request: Request, visitor: Reporter, provider_id: str, activity_id: str, sent: Sent) -> Response:
    """Take the answers that were missing, and close the activity; both or neither."""
    shown = await read_one_async(visitor.caller, lookup.get, activity_id)
    today = visitor.service.clock().date()
    typed = read_activity(PATCH, sent)
    stands = fields_of(shown, today)
    filled = stands | typed.fields
    try:
        answers = PATCH.validated(Typed(typed.fields, _laid_over(body_of(shown, today), typed.body)))
        await transact_async(
            visitor.caller, changes.answer_and_close, activity_id, f'"{value_of(sent, "version")}"', answers.onto
        )
    except PreconditionFailed as problem:
        differ = differences({name: stands[name] for name in typed.fields if name in stands}, typed.fields)
        return _show_close(request, visitor, shown, filled, [], problem.status, differ=differ)
    except (InvalidRequest, Conflict) as problem:
        said = said_of_problem(problem, typed.fields)
        return _show_close(request, visitor, shown, filled, said, problem.status)
    return go_to(request, f"{visitor.home}/activities/{activity_id}", Flash(text=f"{shown.activity.title} is closed."))


@router.post("/reopen")
async def reopen(request: Request, visitor: Reporter, provider_id: str, activity_id: str, sent: Sent) -> Response:
    """Open a closed activity again."""
    done = await submit_once(request, visitor, sent, changes.reopen, activity_id)
    flash = Flash(text=f"{done.result.activity.title} is open again.") if done.result is not None else NOTHING_AGAIN
    return go_to(request, f"{visitor.home}/activities/{activity_id}", flash)


@router.get("/delete")
async def show_delete(request: Request, visitor: Reporter, provider_id: str, activity_id: str) -> Response:
    """Ask whether an activity is to be deleted."""
    shown = await read_one_async(visitor.caller, lookup.get, activity_id)
    view = DeleteView(base=f"{visitor.home}/activities/{activity_id}", activity=shown.activity, version=shown.version)
    return page(request, visitor, "pages/activities/delete.html", view)


@router.post("/delete")
async def delete(request: Request, visitor: Reporter, provider_id: str, activity_id: str, sent: Sent) -> Response:
    """Delete an activity that has no completions."""
    shown = await read_one_async(visitor.caller, lookup.get, activity_id)
    try:
        await transact_async(visitor.caller, changes.delete, activity_id, f'"{value_of(sent, "version")}"')
    except ActivityHasCompletions as problem:
        found = await name_completions(visitor, problem.extra["completions"], problem.extra["count"])
        base = f"{visitor.home}/activities/{activity_id}"
        view = DeleteView(base=base, activity=shown.activity, version=shown.version, in_the_way=found)
        return page(request, visitor, "pages/activities/delete.html", view, problem.status)
    text = f"{shown.activity.title} was deleted."
    return go_to(request, f"{visitor.home}/activities", Flash(text=text))


def _laid_over(stands: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that were given; of boards, what was given laid over what stands."""
    body = dict(given)
    if "moc" in given:
        by_code = {row.get("board"): row for row in given["moc"] if isinstance(row, dict)}
        body["moc"] = [row | by_code.get(row["board"], {}) for row in stands.get("moc", [])]
    for name in ("location", "listing", "learner_counts"):
        if isinstance(given.get(name), dict):
            body[name] = {**stands.get(name, {}), **given[name]}
    return body


def _show_close(
    request: Request,
    visitor: Visitor,
    shown: RegisteredActivity,
    fields: dict[str, list[str]],
    said: list[Said],
    status: int,
    *,
    differ: tuple[tuple[str, str, str], ...] = (),
) -> Response:
    activity = shown.activity
    form = DrawnForm(fields, said)
    lacking = missing_inputs(activity, [*activity.missing_to_activate(), *activity.missing_to_close()])
    base = f"{visitor.home}/activities/{activity.activity_id}"
    view = CloseView(
        form=form,
        base=base,
        activity=activity,
        version=str(shown.version),
        answers=tuple(_answers(activity, base, lacking, form)),
        missing=frozenset(pointer for _, pointer in lacking),
        boards=tuple(row for row in board_rows(form, visitor.service.catalogue) if row.ticked),
        outcomes=outcome_rows(form),
        differences=differ,
    )
    return page(request, visitor, "pages/activities/close.html", view, status)


def _answers(
    activity: Activity, base: str, lacking: list[tuple[str, str]], form: DrawnForm
) -> list[tuple[str, str, str, bool]]:
    """Return the questions of closing with their answers, those that are missing last."""
    details = activity.details
    measured = details.get("measured_outcomes")
    support = details.get("commercial_support")
    counts = details.get("learner_counts") or {}
    answers = [
        ("Title", activity.title or "", f"{base}/edit#{form.id('/title')}", False),
        ("Dates", f"{activity.start_date:%m/%d/%Y} – {activity.end_date:%m/%d/%Y}", f"{base}/edit", False),
    ]
    if measured is not None:
        text = ", ".join(one["outcome"].replace("-", " ") for one in measured) or "None was measured"
        answers.append(("What changes were measured", text, f"{base}/edit#{form.id('/measured_outcomes')}", False))
    if support is not None:
        text = ", ".join(one.get("source") or "Not named" for one in support) or "There was none"
        answers.append(("Commercial support", text, f"{base}/edit#{form.id('/commercial_support')}", False))
    if counts:
        text = f"{counts.get('physicians') or 0:,} physicians, {counts.get('others') or 0:,} others"
        answers.append(("How many took part", text, f"{base}/edit#{form.id('/learner_counts/physicians')}", False))
    answers += [(words, "", f"#{form.id(pointer)}", True) for words, pointer in lacking]
    return answers
