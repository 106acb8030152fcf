"""The checks of a live database: what `pars check` runs, in one snapshot and in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

import msgspec
from sqlalchemy import Connection

from app.core.database.failures import DAMAGED, find_damage_in
from app.core.progress import report_progress
from app.services.context import Service
from app.services.operations import completion_checks, seal_checks, state_checks
from app.services.operations.key_versions import find_other_version
from app.services.operations.seal_checks import Head
from app.store import invariants, record_digests, schema, soundness

FEW = 100
"""Faults of one kind that are listed: whoever has more restores a backup, and does not mend them one by one."""


class Checked(msgspec.Struct, kw_only=True):
    """What a check found."""

    faults: list[str] = msgspec.field(default_factory=list)
    """A sentence for everything that is not as it must be."""
    notes: list[str] = msgspec.field(default_factory=list)
    """What the operator should know of the check itself."""


def find_faults(service: Service, *, whole: bool = True) -> list[str]:
    """Return a sentence for everything that is broken, changed behind the service's back, or damaged.

    Without `whole`, neither the pages of the database are checked nor the registry, which takes most of the time.
    """
    return check(service, whole=whole).faults


def check(service: Service, head: Head | None = None, *, whole: bool = True) -> Checked:
    """Check the database, and that a head of its audit log which was kept elsewhere is still in it."""
    try:
        return service.database.read(lambda connection: _check(connection, service, head, whole=whole))
    except Exception as error:
        damage = find_damage_in(error)
        if damage is None:
            raise
        return Checked(faults=[_damaged(f"it cannot be read to its end: {damage}")])


def _damaged(found: str) -> str:
    return f"damaged: of the database, {DAMAGED} (Found: {found})"


def _check(connection: Connection, service: Service, head: Head | None, *, whole: bool) -> Checked:
    checked = Checked()
    soundness.begin_snapshot(connection)
    report_progress("checking pages and indexes", 0, unit="")
    if whole and not soundness.can_check(connection):
        checked.notes.append(
            "the pages and indexes of the database were not checked: PostgreSQL's extension amcheck is not installed "
            "here, or its functions may not be called (docs/checking.md)"
        )
    elif whole and (damage := soundness.find_damage(connection)):
        more = f" and {len(damage) - 1} more" if len(damage) > 1 else ""
        first = " ".join(damage[0].split())
        checked.faults.append(_damaged(f"its own check says: {first}{more}"))
        return checked
    if schema.current(connection) != schema.head():
        checked.faults.append("the schema is not of this version; run `pars db upgrade`")
        return checked
    if find_other_version(connection) is not None:
        checked.faults.append("broken: names are stored under the keys of this version: restore a backup")
    if (unknown := seal_checks.find_unknown_secret(connection, service)) is not None:
        checked.faults.append(unknown)
    for kind, find in _CHECKS.items():
        if find is state_checks.find_changed_physicians and not whole:
            continue
        report_progress(f"checking {kind}", 0, unit="")
        found = list(islice(_readable(kind, find(connection, service)), FEW + 1))
        checked.faults += found[:FEW]
        if len(found) > FEW:
            checked.faults.append(f"{kind}: there are more")
    if head is not None and (lost := seal_checks.find_lost_head(connection, head)) is not None:
        checked.faults.append(lost)
    checked.notes += [
        f"digests of {count} subjects of the kind {noun} were made at {at:%Y-%m-%d}, schema {revision}: what was "
        "changed before cannot be found"
        for noun, revision, at, count in record_digests.baselines(connection)
    ]
    return checked


def _readable(kind: str, found: Iterator[str]) -> Iterator[str]:
    """Yield what a check finds; a row that cannot be read is a fault, and ends it."""
    try:
        yield from found
    except (ValueError, TypeError, LookupError, msgspec.MsgspecError):
        yield f"{kind}: a row cannot be read: it was changed behind the service's back, or the file is damaged"


def _broken_invariants(connection: Connection, _service: Service) -> Iterator[str]:
    soundness.read_whole_tables(connection, on=True)
    for invariant, ids in invariants.broken(connection).items():
        yield f"broken: {invariant}: {', '.join(ids)}"
    soundness.read_whole_tables(connection, on=False)
    for tables in soundness.find_dangling(connection):
        yield f"broken: every reference leads to a row: {tables}"


_CHECKS: dict[str, Callable[[Connection, Service], Iterator[str]]] = {
    "invariants": _broken_invariants,
    "completions": completion_checks.find_changed,
    "rights and activities": state_checks.find_changed,
    "physicians": state_checks.find_changed_physicians,
    "erasures": state_checks.find_changed_erasures,
    "providers' events": state_checks.find_changed_events,
    "board files": state_checks.find_changed_files,
    "audit log": seal_checks.find_broken_seals,
}
