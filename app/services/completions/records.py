"""Learner completions as they stand: read, previewed, corrected in place, withdrawn; and what they were before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import zip_longest
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from app.core.errors import CompletionRejected, Conflict, Contended, ErrorItem, NotFound, PreconditionFailed
from app.domain.credits import Completion, Outcome
from app.domain.reports import CompletionReport, CorrectionKind
from app.services.context import Caller, Work, read_async, transact_async
from app.services.findings import rejection_of
from app.services.preconditions import must_match
from app.services.reporting.changes import build_withdrawal
from app.services.reporting.pipeline import Matched, Submitted, charge, judge_only, match_only, submit
from app.services.reporting.saving import save_changes
from app.store import completion_versions, completions

FEW = 10
"""How many completions that conflict are named."""


def get(connection: Connection, caller: Caller, completion_id: str) -> Completion:
    """Return one completion of the provider; raises `NotFound` for any other."""
    found = completions.of_provider(connection, caller.provider_id, completion_id)
    if found is None:
        raise NotFound("There is no such completion.")
    return found


async def preview(caller: Caller, report: CompletionReport) -> Submitted:
    """Judge a report as it would be now, and show the completion it would make; nothing of it is stored or locked."""
    matched, judged = await read_async(caller, _preview, report)
    if judged is None:
        matched = await transact_async(caller, charge, matched)
        (judged,) = await read_async(caller, judge_only, matched)
    return judged


async def preview_each(caller: Caller, reports: Sequence[CompletionReport]) -> list[Submitted]:
    """Judge reports in their order, each as if those before were stored; nothing is stored or locked."""
    matched = await read_async(caller, match_only, reports)
    if matched.questions:
        matched = await transact_async(caller, charge, matched)
    return await read_async(caller, judge_only, matched)


def _preview(connection: Connection, caller: Caller, report: CompletionReport) -> tuple[Matched, Submitted | None]:
    """Match a report, and judge it unless its birth date has to be charged first."""
    matched = match_only(connection, caller, [report])
    if matched.questions:
        return matched, None
    (judged,) = judge_only(connection, caller, matched)
    return matched, judged


def correct(work: Work, completion_id: str, if_match: str | None, report: CompletionReport) -> Submitted:
    """Make a completion what a report says, in place; raises `CompletionRejected` with every finding.

    Raises `NotFound` when there is none, `PreconditionRequired` without a version, `PreconditionFailed` for another.
    When the record came stays as it was: a late correction is no late report.
    """
    found = get(work.connection, work.caller, completion_id)
    must_match(if_match, found.version)
    return _submit_correction(work, found, report)


Edit = Callable[[Completion, datetime], CompletionReport | None]
"""Given a completion and the present time, returns the report that corrects it; None when nothing changes."""


def patch(work: Work, completion_id: str, if_match: str | None, edit: Edit) -> Submitted:
    """Make a completion what an edit of it says, in place, as `correct` does; an edit of nothing writes nothing."""
    found = get(work.connection, work.caller, completion_id)
    must_match(if_match, found.version)
    report = edit(found, work.now)
    if report is None:
        return Submitted(outcome=Outcome.UNCHANGED, completion=found, findings=())
    return _submit_correction(work, found, report)


def put_by_reference(work: Work, if_match: str | None, report: CompletionReport) -> Submitted:
    """Report a completion under its client reference, or correct the one that bears it.

    Two at once for one reference take effect one after the other, so that the second finds what the first made. Raises
    `Conflict` with the completions where several bear the reference, and otherwise as `correct` does; `if_match` may
    be left out.
    """
    reference, provider_id = report.client_reference, work.caller.provider_id
    assert reference is not None
    completions.lock_reference(work.connection, provider_id, reference)
    bearing = completions.ids_bearing(work.connection, provider_id, reference)
    report = replace(report, correction=CorrectionKind.BY_REFERENCE)
    if not bearing:
        if if_match is not None:
            raise PreconditionFailed("No completion bears this reference; leave If-Match out to create it.")
        (submitted,) = submit([work], [report])
        rejected = submitted.outcome is Outcome.REJECTED
        if rejected and completions.ids_bearing(work.connection, provider_id, reference):
            raise Contended("a record that was reported meanwhile bears the reference, and is what is to be corrected")
        return _accepted(submitted)
    if len(bearing) > 1:
        raise _several_bear_it(bearing)
    found = completions.of_provider(work.connection, provider_id, bearing[0])
    if found is None:
        raise Contended("the completion was withdrawn meanwhile")
    if if_match is not None:
        must_match(if_match, found.version)
    return _submit_correction(work, found, report)


def _several_bear_it(completion_ids: Sequence[str]) -> Conflict:
    detail = f"{len(completion_ids)} completions bear this reference, so it does not say which is meant."
    hint = "Correct the one you mean by its id, and give every record a reference of its own."
    return Conflict(
        detail,
        errors=[ErrorItem(code=Conflict.code, parameter="reference", detail=detail, hint=hint)],
        completions=list(completion_ids[:FEW]),
        count=len(completion_ids),
    )


def _submit_correction(work: Work, found: Completion, report: CompletionReport) -> Submitted:
    corrected = replace(report, corrects=found.completion_id, received_at=found.submitted_at)
    (submitted,) = submit([work], [corrected])
    if submitted.before is None or submitted.before.version != found.version:
        raise Contended("the completion was changed before it was locked")
    return _accepted(submitted)


def _accepted(submitted: Submitted) -> Submitted:
    if submitted.outcome is Outcome.REJECTED:
        raise rejection_of(CompletionRejected, submitted.findings)
    return submitted


def standing(connection: Connection, caller: Caller, completion_ids: Iterable[str]) -> list[Completion]:
    """Return those of some completions that are the provider's and stand, the newest first."""
    found = completions.load_by_ids(connection, set(completion_ids))
    own = [one for one in found if one.provider_id == caller.provider_id and one.withdrawn_at is None]
    return sorted(own, key=lambda one: one.completion_id, reverse=True)


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a completion, as it stood."""

    verb: str
    at: datetime
    client_id: str | None
    """The client that made it; None where a board did, whose clients are nobody else's to know."""
    board: str | None
    """The board that decided, or took what it was sent."""
    completion: Completion


def history(connection: Connection, caller: Caller, completion_id: str) -> list[Version]:
    """Return every version of a completion of the provider, newest first, those of a withdrawn one as well."""
    found = completion_versions.of_provider(connection, caller.provider_id, completion_id)
    if not found:
        raise NotFound("There is no such completion.")
    earlier = [row["completion"] for row in found[1:]]
    return [_version(row, before) for row, before in zip_longest(found, earlier)]


def _version(row: dict[str, Any], before: Completion | None) -> Version:
    """Return a version, given the one before it: a decision is its board's, whoever wrote it down."""
    if row["verb"] != "decide" or before is None:
        return Version(**row, board=None)
    return Version(**row | {"client_id": None, "board": _board_that_decided(before, row["completion"])})


def _board_that_decided(before: Completion, after: Completion) -> str | None:
    stood = set(before.credits)
    return next((credit.board for credit in after.credits if credit not in stood), None)


def withdraw(work: Work, completion_id: str, if_match: str | None = None) -> None:
    """Take a completion back with all its credits.

    Raises `NotFound` when there is none, or no more, and `PreconditionFailed` when it has another version than asked.
    """
    caller = work.caller
    found = completions.of_provider(work.connection, caller.provider_id, completion_id)
    if found is not None:
        completions.lock_pairs(work.connection, [(found.activity_id, found.subject)])
        found = completions.of_provider(work.connection, caller.provider_id, completion_id, for_update=True)
    if found is None:
        raise NotFound("There is no such completion.")
    if if_match is not None:
        must_match(if_match, found.version)
    save_changes([(work, build_withdrawal(found, work.now))], {}, verb="withdraw")


def withdraw_several(work: Work, versions: Mapping[str, int]) -> list[Completion]:
    """Take completions back that stand in the versions that were seen; return them as they were.

    Those that were withdrawn before are left out, so that the same again changes nothing. Raises `PreconditionFailed`
    where one has another version: then none is withdrawn.
    """
    caller = work.caller
    seen = standing(work.connection, caller, versions)
    completions.lock_pairs(work.connection, [one.pair for one in seen])
    locked = [
        completions.of_provider(work.connection, caller.provider_id, one.completion_id, for_update=True)
        for one in sorted(seen, key=lambda one: one.completion_id)
    ]
    found = [one for one in locked if one is not None]
    for one in found:
        if one.version != versions[one.completion_id]:
            raise PreconditionFailed("One of the records was changed meanwhile. None was withdrawn.")
    save_changes([(work, build_withdrawal(one, work.now)) for one in found], {}, verb="withdraw")
    return found
