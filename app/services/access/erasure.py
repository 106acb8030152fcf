"""Erasing a physician: what identifies them goes from everything that is stored; ids, amounts and the audit log stay.

First, what is kept beside the records goes, piece by piece: files as uploaded, rows as sent, answers under idempotency
keys. Of files that were never read, or whose rows are gone, nobody can tell whom they name: all of them go. Then one
transaction blanks the person in the registry, in credit and in held records, and takes once more what came meanwhile.
Whoever is killed before that has erased nobody yet, and begins again; see decision 35.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from app.core.errors import Conflict, NotFound, OperatorFault
from app.core.progress import report_progress
from app.domain.audit import HeldAudit, PhysicianAudit
from app.domain.batch_mends import Mend
from app.domain.batches import Batch, RawRow
from app.domain.held import HeldStatus, document_of_report
from app.domain.identity.erasure import (
    IDENTITIES,
    Erasure,
    blank_completion,
    blank_report,
    blank_row,
    blank_version,
    identity_texts,
)
from app.domain.identity.physicians import FiledName, Physician
from app.domain.passport.audit import DisputeAudit, PermissionAudit, ShareAudit, TranscriptAudit
from app.files.record_fields import with_cells
from app.services.access.blanked_records import write_blanked
from app.services.access.departures import end_account, forget_person
from app.services.access.persons_to_erase import PersonToErase, load_person
from app.services.access.removal import longest_arrival, remove_original
from app.services.context import Service, Work, operator, transact
from app.services.registry import name_forms
from app.services.registry.merging import lock_everything
from app.services.registry.writing import ERASED_IDENTITY
from app.store import batch_mends, batches, completions, uploads
from app.store.access import erasure as stored
from app.store.held import records as held_records
from app.store.looking import downloads
from app.store.passport import accounts, disputes, permissions, shares, transcripts
from app.store.people import persons
from app.store.registry import physicians
from app.store.registry.generation import note_registry_change

BATCHES_AT_ONCE = 100
UPLOADS_AT_ONCE = 5


def find_physician(connection: Connection, given: str) -> str:
    """Return the id of a physician by their id, that of an alias, or their NPI; raises `NotFound` and `Conflict`."""
    holder = physicians.holder_of_npi(connection, given) if given.isascii() and given.isdigit() else None
    asked = holder or given
    if (at := stored.erased_at(connection, asked)) is not None:
        raise Conflict(f"This physician was erased on {at:%Y-%m-%d}: nothing but the id is left.")
    root = physicians.roots_of(connection, [asked]).get(asked)
    if root is None:
        raise NotFound("Nobody on file has this id or NPI.")
    return root


def refuse_unfinished(connection: Connection, person: PersonToErase, since: datetime, *, unread: bool) -> None:
    """Raise `OperatorFault` while a record of the person waits, is being applied, or was not read by its board.

    And while any file sent before `since`, when the erasure began, has not been read: nobody knows whom it names, and
    what is read afterwards is kept. One that is sent later is as one sent after the erasure.
    """
    held = held_records.by_ids(connection, person.held_ids)
    waiting = sorted(id for id, record in held.items() if record.status is HeldStatus.WAITING)
    if waiting:
        raise OperatorFault(
            f"Records that seem to be about this physician wait for a match: {_some(waiting)}. Nothing was erased. Let "
            "their senders correct them or set them aside, or answer for them (`pars help-requests`), then try again."
        )
    applying = sorted(
        batch.batch_id
        for batch in batches_with_records(connection, None)
        if not batch.finished and rows_about(connection, batch, person)
    )
    if applying:
        raise OperatorFault(
            f"Batches that hold records of this physician are being applied or retried: {_some(applying)}. Nothing was "
            "erased. Wait until they have finished, or cancel them, then try again."
        )
    to_be_read = stored.files_to_be_read(connection, since)
    if to_be_read:
        raise OperatorFault(
            f"Files that have not been read yet may name this physician, of any provider: {_some(to_be_read)}. Nothing "
            "was erased. Wait until they have been read, or have them cancelled, then try again."
        )
    boards = stored.unread_boards(connection, sorted(person.completion_ids))
    if boards and not unread:
        raise OperatorFault(
            f"Boards have not read yet what was reported of this physician: {_some(sorted(boards))}. Nothing was "
            "erased. Wait until they have; with --unread they are sent credit that names nobody."
        )


def _some(ids: Sequence[str], most: int = 5) -> str:
    more = f" and {len(ids) - most} more" if len(ids) > most else ""
    return ", ".join(ids[:most]) + more


def batches_with_records(connection: Connection, since: datetime | None) -> Iterator[Batch]:
    """Yield the batches whose records as sent are still there; since a moment, those that have changed."""
    after = ""
    while some := batches.with_records(connection, after, since, BATCHES_AT_ONCE):
        yield from some
        after = some[-1].batch_id


def rows_about(connection: Connection, batch: Batch, person: PersonToErase) -> dict[int, list[int]]:
    """Return the places of a batch's rows about a person, by the number of their piece."""
    linked = stored.places_of(connection, batch.batch_id, person.record_ids, person.learner_ids)
    found: dict[int, list[int]] = {}
    mends = batch_mends.of_batch(connection, batch.batch_id)
    for piece in stored.piece_numbers(connection, batch.batch_id):
        for place, row in batches.of_pieces(connection, batch, [piece]):
            sent = row != blank_row(row) and (place in linked or person.known.is_in_row(row))
            if sent or _is_typed(batch, row, mends.get(place), person):
                found.setdefault(piece, []).append(place)
    return found


def _is_typed(batch: Batch, row: RawRow, mend: Mend | None, person: PersonToErase) -> bool:
    """Whether a record is about a person as it was mended."""
    if mend is None or not mend.cells or batch.head is None:
        return False
    return person.known.is_in_row(replace(row, raw=with_cells(batch.head, row.raw, mend.cells)))


def blank_rows(work: Work, batch: Batch, person: PersonToErase) -> int:
    """Blank the rows of a batch about a person, and drop its file as uploaded; return how many rows."""
    found = rows_about(work.connection, batch, person)
    for piece, places in found.items():
        rows = [
            blank_row(row) if place in places else row
            for place, row in batches.of_pieces(work.connection, batch, [piece])
        ]
        stored.replace_piece(work.connection, batch.batch_id, piece, rows)
        batch_mends.forget(work.connection, batch.batch_id, places)
    if found:
        remove_original(work.connection, batch, work.now)
    return sum(map(len, found.values()))


def sweep_unread(work: Work, batch_id: str) -> None:
    """Drop the file of a batch that cannot be searched, and what a reader that was stopped has left of it."""
    stored.overwrite_deleted(work.connection)
    # Locked, and looked at again: it may be read again by now.
    batch = batches.lock_one(work.connection, batch_id)
    if batch is not None and batch.finished and not batch.searchable:
        batches.drop_pieces(work.connection, batch_id)
        remove_original(work.connection, batch, work.now)


def erase(service: Service, given: str, *, unread: bool = False, dry_run: bool = False) -> Erasure:
    """Erase a physician, named by their id or NPI; with `dry_run` it only tells what would go.

    Raises `NotFound`, `Conflict` for one who was erased, and `OperatorFault` while a record of theirs waits or moves.
    """
    caller = operator(service)
    began = service.clock()
    arrived = began - longest_arrival(service)

    def look(
        connection: Connection,
    ) -> tuple[PersonToErase, list[tuple[Batch, int]], list[str], list[stored.AnswerKey]]:
        person = load_person(connection, find_physician(connection, given))
        refuse_unfinished(connection, person, began, unread=unread)
        touched = []
        for number, batch in enumerate(batches_with_records(connection, None)):
            report_progress("looking through batches", number, unit="batches")
            if rows := rows_about(connection, batch, person):
                touched.append((batch, sum(map(len, rows.values()))))
        unsearchable = stored.unsearchable_files(connection)
        return person, touched, unsearchable, stored.answers_about(connection, person.record_ids, None)

    person, touched, unsearchable, answers = service.database.read(look)
    erasure = Erasure(
        physician_id=person.root.physician_id,
        aliases=person.root.aliases,
        completions=len(person.completion_ids),
        credits=person.credits,
        providers=person.providers,
        held_records=len(person.held_ids),
        answers=len(answers),
        rows=sum(rows for _, rows in touched),
        originals=tuple(batch.batch_id for batch, _ in touched if batch.original_removed_at is None),
        unsearchable_files=tuple(unsearchable),
        abandoned_uploads=service.database.read(lambda connection: stored.count_abandoned(connection, arrived)),
        dry_run=dry_run,
    )
    if dry_run:
        return erasure
    for batch, _ in touched:
        transact(caller, _sweep_batch, batch.batch_id, person)
    for batch_id in unsearchable:
        transact(caller, sweep_unread, batch_id)
    while transact(caller, _drop_abandoned, arrived):
        pass
    transact(caller, _drop_answers, answers)
    transact(caller, _erase, person.root.physician_id, began, unread=unread)
    return erasure


def _sweep_batch(work: Work, batch_id: str, person: PersonToErase) -> None:
    stored.overwrite_deleted(work.connection)
    # Locked, and looked at again: it may be retried by now, and then nothing of it goes.
    batch = batches.lock_one(work.connection, batch_id)
    if batch is not None and batch.finished:
        blank_rows(work, batch, person)


def _drop_abandoned(work: Work, before: datetime) -> bool:
    """Drop the next uploads that never became a batch; return whether there may be more."""
    stored.overwrite_deleted(work.connection)
    abandoned = uploads.find_abandoned(work.connection, before, UPLOADS_AT_ONCE)
    uploads.drop(work.connection, abandoned)
    return len(abandoned) == UPLOADS_AT_ONCE


def _drop_answers(work: Work, answers: Sequence[stored.AnswerKey]) -> None:
    stored.overwrite_deleted(work.connection)
    stored.drop_answers(work.connection, answers)


def _erase(work: Work, physician_id: str, since: datetime, *, unread: bool) -> None:
    """Erase in one transaction, with what came since the sweep began."""
    connection = work.connection
    stored.overwrite_deleted(connection)
    lock_everything(work)
    if stored.erased_at(connection, physician_id) is not None:
        raise Conflict("This physician was erased meanwhile.")
    physicians.lock(connection, (physician_id,))
    person = load_person(connection, physician_id)
    refuse_unfinished(connection, person, since, unread=unread)
    for batch in batches_with_records(connection, since):
        blank_rows(work, batch, person)
    for batch_id in stored.unsearchable_files(connection):
        sweep_unread(work, batch_id)
    stored.drop_answers(connection, stored.answers_about(connection, person.record_ids, since))
    digests = _blank_credit(work, person)
    _blank_held(work, person)
    _blank_merges(work, person)
    _end_accounts(work, person)
    stored.drop_explanations(connection, sorted(person.record_ids))
    downloads.end_all(connection, work.now)
    for id in sorted(person.ids):
        physicians.remove_names_and_numbers(connection, id)
        stored.drop_what_is_known_of(connection, id)
        stored.blank_physician(connection, id, work.now)
    name_forms.refresh(connection, person.ids)
    told = PhysicianAudit(completions=len(person.completion_ids), digests=digests, identities=_remember(work, person))
    work.audit("erase", physician_id, told)
    for alias in person.root.aliases:
        work.audit("erase", alias, PhysicianAudit(other_id=physician_id))
    note_registry_change(connection)


def _blank_credit(work: Work, person: PersonToErase) -> str | msgspec.UnsetType:
    """Blank completions and all versions about a person; return the digest of the blanked versions' digests."""
    found = completions.load_by_ids(work.connection, person.completion_ids)
    versions = stored.versions_about(work.connection, person.ids, None)
    return write_blanked(work, map(blank_completion, found), versions, blank_version)


def _end_accounts(work: Work, person: PersonToErase) -> None:
    """Close the person's accounts in CME Passport, and forget whose they were; of whoever asked for one, too."""
    for account in accounts.open_of(work.connection, person.ids, for_update=True):
        end_account(work, account)
        if not persons.memberships_of(work.connection, account.person_id):
            forget_person(work, account.person_id)
    accounts.drop_of_learners(work.connection, person.ids)
    for transcript_id in transcripts.blank_of_learners(work.connection, person.ids):
        work.audit("erase", transcript_id, TranscriptAudit(learner_id=person.root.physician_id))
    for ended in permissions.end_of_learners(work.connection, person.ids, work.now):
        work.audit("give-back", ended.permission_id, PermissionAudit(provider_id=ended.provider_id))
    for dispute in disputes.forget_of_learners(work.connection, person.ids, work.now):
        fields = DisputeAudit(provider_id=dispute.provider_id, kind=dispute.kind.value, status="taken-back")
        work.audit("take-back", dispute.dispute_id, fields)
    for share in shares.of_learners(work.connection, person.ids):
        shares.forget_receiver(work.connection, share.share_id)
        work.audit("erase", share.share_id, ShareAudit(learner_id=person.root.physician_id))


def _blank_held(work: Work, person: PersonToErase) -> None:
    for held_id, held in sorted(held_records.by_ids(work.connection, person.held_ids).items()):
        document = document_of_report(blank_report(held.report))
        stored.blank_held(work.connection, held_id, document, held.version + 1, work.now)
        work.audit("erase", held_id, HeldAudit(activity_id=held.activity_id, provider_id=held.provider_id))


def _blank_merges(work: Work, person: PersonToErase) -> None:
    """Take out of merges what they keep to be undone: a merge of who was erased cannot be."""
    for merge_id, document in stored.merge_documents(work.connection, person.ids):
        before = Physician(
            physician_id=document["before"]["physician_id"],
            shown=FiledName(first_name="", last_name=""),
            created_at=work.now,
            updated_at=work.now,
        )
        blank = document | {"before": msgspec.to_builtins(before), "gave": []}
        stored.write_merge_document(work.connection, merge_id, blank)


def _remember(work: Work, person: PersonToErase) -> str:
    """Keep keyed digests of a person's numbers: an import that brings them again adds nobody. Return their digest."""
    digests = [work.service.keyring.keyed_digest(ERASED_IDENTITY, text) for text in identity_texts(person.root)]
    id = person.root.physician_id
    stored.remember(work.connection, digests, id, work.now)
    text = stored.identities_text(id, stored.remembered(work.connection))
    return work.service.keyring.record_digest(IDENTITIES, text)
