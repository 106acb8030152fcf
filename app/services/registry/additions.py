"""A name or a licence added to one physician on file, by the operator's hand."""

from __future__ import annotations

from app.core.errors import Conflict, InvalidRequest, fault_at
from app.domain.audit import RegistryAudit
from app.domain.identity.comparison_keys import damage_of
from app.domain.identity.learners import Holding, IdentifierKind, RegistryRow
from app.services.context import Work
from app.services.registry import name_forms
from app.store.registry import import_writes, physicians
from app.store.registry import imports as registry
from app.store.registry.import_writes import Writes
from app.store.registry.imports import NO_DATES, Entry


def require_physician(work: Work, physician_id: str) -> Entry:
    """Return a physician on file, or whom they were merged into; no import changes them meanwhile.

    Raises `InvalidRequest` for an id that nobody has.
    """
    registry.lock_imports(work.connection)
    root_id = physicians.roots_of(work.connection, [physician_id]).get(physician_id, physician_id)
    entry = registry.load_entry(work.connection, root_id)
    if entry is None:
        hint = "Give the id of who is meant, as POST /v1/physicians:search finds it."
        raise _invalid("/physician_id", "The registry has no physician with this id.", hint)
    return entry


def add_name(work: Work, physician_id: str, first_name: str, last_name: str) -> bool:
    """Add a name to a physician; return False where it is on file. Raises `InvalidRequest` for one that is damaged."""
    for field, name in (("first_name", first_name), ("last_name", last_name)):
        damage = damage_of(name)
        if damage is not None:
            raise _invalid(f"/{field}", f"The name {damage.detail}.", damage.hint)
    entry, writes = require_physician(work, physician_id), Writes()
    if not writes.add_name(entry, first_name, last_name):
        return False
    _save(work, writes)
    return True


def add_licence(work: Work, physician_id: str, licence: Holding) -> bool:
    """Add a licence to a physician, or confirm one that they alone told; return False where it is on file as it is.

    Raises `Conflict` where another holds it.
    """
    entry, writes = require_physician(work, physician_id), Writes()
    row = RegistryRow(first_name=entry.first_name, last_name=entry.last_name, licenses=(licence,)).with_keys()
    holders = registry.load_known(work.connection, [row]).holders(row)
    if any(holder.physician_id != entry.physician_id for _, _, holder in holders):
        raise Conflict("Somebody else on file holds a licence of this number with this board.")
    (held,) = row.licenses
    dates = entry.licenses.get((held.board, held.key), NO_DATES)
    if not writes.add_number(entry, IdentifierKind.LICENSE, held, dates, work.now):
        return False
    _save(work, writes)
    return True


def _save(work: Work, writes: Writes) -> None:
    import_writes.save(work.connection, writes)
    name_forms.refresh(work.connection, writes.physician_ids)
    digests = work.protect("learner", writes.physician_ids)
    work.audit("add", work.commit_id, RegistryAudit(added=0, updated=1, digests=digests))


def _invalid(pointer: str, detail: str, hint: str) -> InvalidRequest:
    return InvalidRequest(errors=[fault_at(pointer, detail, hint)])
