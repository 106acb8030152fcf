"""Learner completions as they stand: read, previewed, corrected in place, withdrawn; and what they were before."""

from __future__ import annotations

from datetime import datetime
from itertools import zip_longest
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from app.core.errors import CompletionRejected, Contended, NotFound
from app.domain.credits import Completion, Outcome
from app.domain.reports import CompletionReport
from app.services.context import Caller, Work
from app.services.findings import rejected
from app.services.preconditions import must_match
from app.services.reporting.changes import build_withdrawal
from app.services.reporting.pipeline import Submitted, judge_only, submit
from app.services.reporting.saving import save_changes
from app.store import completion_versions, completions


def get(connection: Connection, caller: Caller, completion_id: str) -> Completion:
    """Return one completion of the provider; raises `NotFound` for any other."""
    found = completions.of_provider(connection, caller.provider_id, completion_id)
    if found is None:
        raise NotFound("There is no such completion.")
    return found


def preview(connection: Connection, caller: Caller, report: CompletionReport) -> Submitted:
    """Judge a report as it would be now, and show the completion it would make; nothing is stored or locked."""
    (judged,) = judge_only(connection, caller, [report])
    return judged


def correct(work: Work, completion_id: str, if_match: str | None, report: CompletionReport) -> Submitted:
    """Make a completion what a report says, in place; raises `CompletionRejected` with every finding.

    Raises `NotFound` when there is none, `PreconditionRequired` without a version, `PreconditionFailed` for another.
    When the record came stays as it was: a late correction is no late report.
    """
    found = get(work.connection, work.caller, completion_id)
    must_match(if_match, found.version)
    corrected = replace(report, corrects=completion_id, received_at=found.submitted_at)
    (submitted,) = submit([work], [corrected])
    if submitted.before is None or submitted.before.version != found.version:
        raise Contended("the completion was changed before it was locked")
    if submitted.outcome is Outcome.REJECTED:
        raise rejected(CompletionRejected, submitted.findings)
    return submitted


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
