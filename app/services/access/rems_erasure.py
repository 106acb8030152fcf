"""Erasing somebody who is no physician on file, and whom one provider knows by an id of its own: see decision 35."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from app.core.errors import NotFound, OperatorFault
from app.domain.audit import RemsLearnerAudit
from app.domain.batches import Batch, BatchOwner
from app.domain.credits import Completion, is_rems_subject, rems_subject
from app.domain.identity.erasure import (
    LocalIdMarks,
    RemsErasure,
    blank_completion,
    blank_version,
    nameless_subject,
)
from app.domain.identity.physicians import FiledName, Physician
from app.domain.parsing import plain_text
from app.services.access.blanked_records import write_blanked
from app.services.access.erasure import (
    batches_with_records,
    blank_rows,
    rows_about,
    sweep_unread,
)
from app.services.access.persons_to_erase import PersonToErase
from app.services.context import Service, Work, operator, transact
from app.services.registry.merging import lock_everything
from app.store import batches, completions
from app.store.access import erasure, rems_erasure
from app.store.looking import downloads


def erase_rems_learner(service: Service, provider_id: str, local_id: str, *, dry_run: bool = False) -> RemsErasure:
    """Erase a learner of REMS education by provider and local id; with `dry_run` it only tells what would go.

    Raises `NotFound`, and `OperatorFault` while a file of the provider is read or applied. Records of a physician that
    have the same id beside a licence or board stay: those go with the physician.
    """
    now = service.clock()
    person = service.database.read(lambda connection: _find(connection, provider_id, local_id, now))
    touched = service.database.read(lambda connection: _touched(connection, provider_id, person))
    answers = service.database.read(lambda connection: erasure.answers_about(connection, person.record_ids, None))
    if not dry_run:
        transact(operator(service), _erase, provider_id, local_id)
    return RemsErasure(
        provider_id=provider_id,
        completions=len(person.completion_ids),
        answers=len(answers),
        rows=sum(rows for _, rows in touched),
        originals=tuple(batch.batch_id for batch, _ in touched if batch.original_removed_at is None),
        dry_run=dry_run,
    )


def _find(connection: Connection, provider_id: str, local_id: str, now: datetime) -> PersonToErase:
    found = rems_erasure.completions_of_subject(connection, provider_id, rems_subject(provider_id, local_id))
    if not found:
        raise NotFound("The provider has no record of somebody who is known by this id alone.")
    busy = rems_erasure.unfinished_batches(connection, provider_id)
    if busy:
        raise OperatorFault(
            f"Files of the provider are being read or applied, and may name this learner: {', '.join(busy[:5])}. "
            "Nothing was erased. Wait until they have finished, or cancel them, then try again."
        )
    nobody = Physician(
        physician_id="", shown=FiledName(first_name="", last_name=""), created_at=now, updated_at=now
    )  # fmt: skip
    marks = LocalIdMarks(
        names=frozenset(), birth_date=None, npis=frozenset(), numbers=frozenset(), local_id=plain_text(local_id)
    )
    return PersonToErase(
        root=nobody,
        ids=frozenset(),
        known=marks,
        completion_ids=frozenset(found),
        learner_ids=frozenset(),
        held_ids=frozenset(),
        providers=(provider_id,),
        credits=0,
    )


def _touched(connection: Connection, provider_id: str, person: PersonToErase) -> list[tuple[Batch, int]]:
    own = [batch for batch in batches_with_records(connection, None) if batch.provider_id == provider_id]
    counted = [(batch, sum(map(len, rows_about(connection, batch, person).values()))) for batch in own]
    return [(batch, rows) for batch, rows in counted if rows]


def _unsearchable(connection: Connection, provider_id: str) -> list[str]:
    """Return the provider's files that were never read, or whose rows are gone: they may name the learner."""
    owner = BatchOwner(provider_id=provider_id, board=None)
    return [id for id in erasure.unsearchable_files(connection) if batches.one(connection, owner, id) is not None]


def _erase(work: Work, provider_id: str, local_id: str) -> None:
    """Erase in one transaction."""
    connection = work.connection
    erasure.overwrite_deleted(connection)
    lock_everything(work)
    person = _find(connection, provider_id, local_id, work.now)
    for batch, _ in _touched(connection, provider_id, person):
        blank_rows(work, batch, person)
    for batch_id in _unsearchable(connection, provider_id):
        sweep_unread(work, batch_id)
    erasure.drop_answers(connection, erasure.answers_about(connection, person.record_ids, None))
    downloads.end_all(connection, work.now)
    digests = _blank_records(work, person, rems_subject(provider_id, local_id))
    work.audit("erase", provider_id, RemsLearnerAudit(completions=len(person.completion_ids), digests=digests))


def _blank_records(work: Work, person: PersonToErase, subject: str) -> str | msgspec.UnsetType:
    """Blank the completions and all versions about a learner; return the digest of the blanked versions' digests."""
    connection = work.connection
    token = min(person.completion_ids)

    def blank(completion: Completion) -> Completion:
        return replace(blank_completion(completion), subject=nameless_subject(completion.subject, token))

    def blank_document(document: Mapping[str, Any]) -> dict[str, Any]:
        left = blank_version(document)
        if is_rems_subject(left["subject"]):
            left["subject"] = nameless_subject(left["subject"], token)
        return left

    found = completions.load_by_ids(connection, person.completion_ids)
    versions = rems_erasure.versions_of_subject(connection, person.completion_ids, subject)
    digests = write_blanked(work, map(blank, found), versions, blank_document)
    rems_erasure.name_subject_anew(connection, person.completion_ids, nameless_subject(subject, token))
    return digests
