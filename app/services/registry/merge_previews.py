"""What a merge would do and what undoing one gives back, listed before anything happens; the log keeps who looked."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from itertools import chain

import msgspec
from sqlalchemy import Connection

from app.core.errors import Conflict, NotFound
from app.domain.audit import RegistrySearchAudit
from app.domain.credits import Completion
from app.domain.identity.learners import PairStatus
from app.domain.identity.merges import Merge, MergePlan, Overruled
from app.domain.identity.pairs import FieldLevel, PairSide, ReviewedPair
from app.domain.passport.accounts import PassportAccount
from app.services.context import Caller, Work
from app.services.registry import merging, pair_review
from app.services.registry.doubted_accounts import accounts_of
from app.services.registry.physicians import refuse_sandbox
from app.services.registry.reasoned_searches import SearchReason
from app.store.registry import merges, physicians

CHANGED = "Something was reported or changed since what goes where was listed. Nothing was merged."


class MergePreview(msgspec.Struct, frozen=True, kw_only=True):
    """Who leaves and who stays, and what would go where."""

    one: PairSide
    into: PairSide
    levels: dict[str, FieldLevel]
    completions: tuple[Completion, ...]
    """Those of who leaves."""
    plan: MergePlan | None
    """None where it is refused."""
    refusal: Conflict | None
    against: tuple[Overruled, ...]
    """What speaks against it and may be overruled."""
    accounts: tuple[tuple[PassportAccount, ...], tuple[PassportAccount, ...]]
    """Those in CME Passport that are open, of who leaves and of who stays."""

    @property
    def digest(self) -> str:
        """What tells this plan from another one; empty without a plan."""
        return digest_of(self.plan) if self.plan is not None else ""


def digest_of(plan: MergePlan) -> str:
    """Return what tells a plan from another: who both are, and what becomes of each completion and credit."""
    document = plan.document
    lost = sorted((one.reason, one.completion_id, one.credit_id, one.kept_in) for one in document.superseded)
    moved = sorted(one.completion_id for one in document.moved)
    told = [plan.one.physician_id, plan.one.version, plan.into.physician_id, plan.into.version, moved, lost]
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()


def list_pairs(work: Work, status: PairStatus, after: Sequence[str] | None, limit: int) -> list[ReviewedPair]:
    """Return the next pairs of a status, and note that they were looked at."""
    found = pair_review.page(work.connection, work.caller, status=status, after=after, limit=limit)
    work.audit("search", work.commit_id, RegistrySearchAudit(reason=SearchReason.PAIR.value, found=len(found)))
    return found


def look_at_pair(work: Work, pair_id: str) -> ReviewedPair:
    """Return one pair, and note that both were looked at; raises `NotFound`."""
    found = pair_review.get(work.connection, work.caller, pair_id)
    _note(work, found.sides)
    return found


def preview(work: Work, physician_id: str, into_id: str, overrule: Collection[Overruled] = ()) -> MergePreview:
    """Return what a merge would do; the log keeps that both were looked at.

    Raises `NotFound`, and `Conflict` where they are one already; what else refuses it stands in the preview.
    """
    refuse_sandbox(work.caller)
    try:
        plan, refusal = merging.merge(work, physician_id, into_id, overrule, dry_run=True), None
    except Conflict as conflict:
        plan, refusal = None, conflict
    connection = work.connection
    roots = physicians.roots_of(connection, {physician_id, into_id})
    one_id, other_id = roots[physician_id], roots[into_id]
    if refusal is not None and one_id == other_id:
        raise refusal
    found = physicians.load(connection, (one_id, other_id))
    one, into = (pair_review.side_of(connection, found[id]) for id in (one_id, other_id))
    _note(work, (one, into))
    return MergePreview(
        one=one,
        into=into,
        levels=pair_review.levels_of(one.physician, into.physician),
        completions=tuple(merging.completions_of(work, one_id)),
        plan=plan,
        refusal=refusal,
        against=tuple(dict.fromkeys(chain(overrule, merging.what_speaks_against(refusal) if refusal else ()))),
        accounts=(tuple(accounts_of(connection, found[one_id])), tuple(accounts_of(connection, found[other_id]))),
    )


def merge_as_listed(
    work: Work, physician_id: str, into_id: str, overrule: Collection[Overruled], digest: str
) -> MergePlan:
    """Merge two physicians if that does what was listed; raises as `merging.merge` does, and `Conflict` if not."""
    refuse_sandbox(work.caller)
    merged = merging.merge(work, physician_id, into_id, overrule)
    if digest_of(merged) != digest:
        # Nothing of a transaction stays that raises.
        raise Conflict(CHANGED)
    return merged


def undoing(connection: Connection, caller: Caller, physician_id: str) -> tuple[Merge, list[PassportAccount]]:
    """Return the merge by which a physician is an alias, and the open accounts that undoing it doubts.

    These were confirmed since, while two were taken for one. Raises `NotFound` where there is no such merge.
    """
    refuse_sandbox(caller)
    found = merges.standing(connection, physician_id)
    if found is None:
        raise NotFound
    both = physicians.load(connection, (found.physician_id, found.into_id))
    standing = (one for who in both.values() for one in accounts_of(connection, who))
    doubted = [one for one in standing if one.confirmed_at is not None and one.confirmed_at > found.at]
    return found, list({one.client_id: one for one in doubted}.values())


def _note(work: Work, sides: Sequence[PairSide]) -> None:
    for side in sides:
        told = RegistrySearchAudit(reason=SearchReason.PAIR.value, found=1)
        work.audit("look-at", side.physician.physician_id, told)
