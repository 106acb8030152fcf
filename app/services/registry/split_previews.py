"""What a split would do, listed before anything happens; the log keeps who looked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TypeAlias

import msgspec

from app.core.errors import Conflict, InvalidRequest
from app.domain.audit import RegistrySearchAudit
from app.domain.credits import Completion
from app.domain.identity.merges import Split, SplitResult
from app.domain.identity.physicians import Physician
from app.domain.passport.accounts import PassportAccount
from app.services.context import Work
from app.services.registry import merging, physicians, splitting
from app.services.registry.doubted_accounts import accounts_of
from app.services.registry.physicians import refuse_sandbox
from app.services.registry.reasoned_searches import SearchReason

CHANGED = "Something was reported or changed since what goes where was listed. Nothing was split."
ReadSplit: TypeAlias = Callable[[Physician, Sequence[Completion]], Split]
"""Given who is on file and their completions, returns who leaves with what; raises `InvalidRequest`."""


class SplitPreview(msgspec.Struct, frozen=True, kw_only=True):
    """Who is on file with which records, and what would go where."""

    physician: Physician
    completions: tuple[Completion, ...]
    plan: SplitResult | None = None
    """None where nothing was asked for, or it is refused."""
    refusal: InvalidRequest | Conflict | None = None
    accounts: tuple[PassportAccount, ...] = ()
    """Those in CME Passport that are open."""

    @property
    def digest(self) -> str:
        """What tells this plan from another one; empty without a plan."""
        return digest_of(self.plan) if self.plan is not None else ""


def digest_of(plan: SplitResult) -> str:
    """Return what tells a plan from another: who is split, with what somebody leaves, and each record's fate.

    The id of who leaves is made anew each time, and does not count.
    """
    leaves = plan.leaves
    names = sorted((one.key, one.first_name, one.middle_name, one.last_name, one.suffix) for one in leaves.names)
    with_them = [
        names, leaves.birth_date, leaves.npi, leaves.medical_school,
        sorted(number.key for number in leaves.licenses), sorted(number.key for number in leaves.certifications),
    ]  # fmt: skip
    records = sorted(map(msgspec.structs.astuple, plan.records))
    told = [plan.before.physician_id, plan.before.version, with_them, records]
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()


def preview(work: Work, physician_id: str, read: ReadSplit | None = None) -> SplitPreview:
    """Return a physician with their records, and what a split would do; the log keeps that they were looked at.

    Raises `NotFound`; what else refuses it stands in the preview.
    """
    who, held = _load(work, physician_id)
    work.audit("look-at", who.physician_id, RegistrySearchAudit(reason=SearchReason.PAIR.value, found=1))
    accounts = tuple(accounts_of(work.connection, who))
    found = SplitPreview(physician=who, completions=held, accounts=accounts)
    if read is None:
        return found
    try:
        plan = splitting.split(work, who.physician_id, read(who, held), dry_run=True)
    except (InvalidRequest, Conflict) as refusal:
        return msgspec.structs.replace(found, refusal=refusal)
    return msgspec.structs.replace(found, plan=plan)


def split_as_listed(work: Work, physician_id: str, read: ReadSplit, digest: str) -> SplitResult:
    """Split a physician if that does what was listed; raises as `splitting.split` does, and `Conflict` if not."""
    merging.lock_everything(work)
    who, held = _load(work, physician_id)
    done = splitting.split(work, who.physician_id, read(who, held))
    if digest_of(done) != digest:
        # Nothing of a transaction stays that raises.
        raise Conflict(CHANGED)
    return done


def _load(work: Work, physician_id: str) -> tuple[Physician, tuple[Completion, ...]]:
    refuse_sandbox(work.caller)
    who = physicians.find(work.connection, physician_id)
    return who, tuple(merging.completions_of(work, who.physician_id))
