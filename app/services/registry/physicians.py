"""The registry for its operator: reading physicians, adding one, changing what is on file. Credit stays where it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from app.core.errors import Conflict, ErrorItem, Forbidden, NotFound
from app.domain.audit import PhysicianAudit
from app.domain.boards import Span
from app.domain.credits import Completion
from app.domain.identity.learners import Holding, NameKind, RegistryRow
from app.domain.identity.physicians import Added, Addition, FiledNumber, Given, Physician, PhysicianSearch
from app.services.context import Caller, Work
from app.services.preconditions import must_match
from app.services.registry import filed_people
from app.services.registry.placing import IdentifierFault, apart
from app.services.registry.writing import Piece, RowEffect
from app.store import completions
from app.store.registry import imports as registry
from app.store.registry import physicians
from app.store.registry.generation import note_registry_change

Edit = Callable[[Physician], Physician]
"""Makes of a physician on file what they are to be."""


def refuse_sandbox(caller: Caller) -> None:
    """Raise `Forbidden` for a test client: the registry is of real people, and the sandbox has its own learners."""
    if caller.client.test:
        raise Forbidden("A key of the sandbox sees nobody of the registry. GET /v1/sandbox lists its learners.")


def get(connection: Connection, caller: Caller, physician_id: str) -> Physician:
    """Return a physician by their id, or by that of one who was merged into them; raises `NotFound`."""
    refuse_sandbox(caller)
    return find(connection, physician_id)


def find(connection: Connection, physician_id: str) -> Physician:
    """Return a physician by their id, or by an alias; raises `NotFound`."""
    root = physicians.roots_of(connection, [physician_id]).get(physician_id)
    if root is None:
        raise NotFound
    return physicians.load(connection, [root])[root]


def page(connection: Connection, caller: Caller, *, after: str | None, limit: int) -> list[Physician]:
    """Return the next physicians by id."""
    refuse_sandbox(caller)
    return list(physicians.load(connection, physicians.page(connection, after, limit)).values())


def search(
    connection: Connection, caller: Caller, wanted: PhysicianSearch, *, after: str | None, limit: int
) -> list[Physician]:
    """Return the next physicians, by id, who fit everything that is wanted."""
    refuse_sandbox(caller)
    return list(physicians.load(connection, physicians.search(connection, wanted, after, limit)).values())


def credit_of(
    connection: Connection,
    caller: Caller,
    physician_id: str,
    *,
    after: Sequence[str] | None = None,
    limit: int | None = None,
) -> list[Completion]:
    """Return the completions of a physician that stand, by day, after day and id of another; raises `NotFound`."""
    physician = get(connection, caller, physician_id)
    ids = physicians.completion_ids_of(connection, physician.physician_id, after, limit)
    found = {completion.completion_id: completion for completion in completions.load_by_ids(connection, ids)}
    return [found[id] for id in ids]


def add(work: Work, given: Given) -> Added:
    """Add a physician, placed like a line of an import: it may be somebody on file, or seem to be.

    Raises `Conflict` where identifiers are somebody else's, or where whom it describes cannot be told.
    """
    refuse_sandbox(work.caller)
    registry.lock_imports(work.connection)
    row = _as_row(given)
    piece = Piece(work, registry.load_known(work.connection, [row]), "api")
    try:
        effect, pairs, entry = piece.take_entry(row)
    except IdentifierFault as fault:
        raise Conflict("Identifiers are somebody else's. Nothing was added.", errors=list(_held(fault))) from fault
    piece.write()
    before = physicians.load(work.connection, [entry.physician_id])[entry.physician_id]
    after = _with_given(before, given, work.now)
    refuse_taken(work, before, after)
    parts = filed_people.store(work, before, after)
    outcome = {RowEffect.ADDED: Addition.ADDED, RowEffect.UPDATED: Addition.JOINED}.get(effect, Addition.UNCHANGED)
    if parts and outcome is Addition.UNCHANGED:
        outcome = Addition.JOINED
    if outcome is Addition.ADDED and pairs:
        outcome = Addition.PAIR
    if outcome is not Addition.UNCHANGED:
        note_registry_change(work.connection)
        verb = "join" if outcome is Addition.JOINED else "add"
        work.audit(verb, before.physician_id, PhysicianAudit(changed=parts or msgspec.UNSET))
    physician = physicians.load(work.connection, [before.physician_id])[before.physician_id]
    others = tuple(seen.other.physician_id for _, seen in pairs)
    return Added(outcome=outcome, physician=physician, pairs=others)


def _as_row(given: Given) -> RegistryRow:
    """Return a physician as a line of an import: names of the same first name, and what identifies them."""
    return RegistryRow(
        first_name=given.shown.first_name,
        last_name=given.shown.last_name,
        middle_name=given.shown.middle_name,
        other_last_names=tuple(
            name.last_name for name in given.other_names if name.first_name == given.shown.first_name
        ),
        birth_date=given.birth_date,
        npi=given.npi,
        medical_school=given.medical_school,
        licenses=tuple(map(_holding, given.licenses)),
        # A line of an import has no dates of certifications.
        certifications=tuple(Holding(board=held.board, number=held.number) for held in given.certifications),
    ).with_keys()


def _holding(number: FiledNumber) -> Holding:
    dates = Span(since=number.starts_on, until=number.ends_on) if number.starts_on or number.ends_on else None
    return Holding(board=number.board, number=number.number, dates=dates)


def _held(fault: IdentifierFault) -> Iterator[ErrorItem]:
    pointers = {"npi": "/npi", "license": "/licenses", "certification": "/certifications"}
    for held in fault.held:
        yield ErrorItem(
            code=Conflict.code,
            pointer=pointers[next(iter(held.kinds))],
            detail=f"It belongs to physician {held.physician_id}, {held.reason}.",
            hint="See whose it is. If it is wrong here, leave it out; if the two are one person, add this one without "
            "it and merge them.",
        )


def _with_given(before: Physician, given: Given, at: datetime) -> Physician:
    """Return a physician with what a line of an import cannot say: kinds of names, suffixes, what was told by whom."""
    known = {name.key: name for name in before.other_names}
    others = {name.key: name for name in given.other_names if name.key != before.shown.key}
    told = {number.key: number for number in given.licenses}
    dated = {number.key: number for number in given.certifications}
    return replace(
        before,
        shown=replace(before.shown, suffix=given.shown.suffix or before.shown.suffix),
        other_names=tuple((known | others).values()),
        licenses=tuple(
            replace(number, self_reported=True)
            if number.first_seen_at == at and number.key in told and told[number.key].self_reported
            else number
            for number in before.licenses
        ),
        certifications=tuple(
            replace(
                number,
                starts_on=dated[number.key].starts_on or number.starts_on,
                ends_on=dated[number.key].ends_on or number.ends_on,
            )
            if number.key in dated
            else number
            for number in before.certifications
        ),
    )


def change(
    work: Work, physician_id: str, if_match: str | None, edit: Edit, *, replaces_birth_date: bool = False
) -> Physician:
    """Change what is on file of a physician; credit that stands is left as it is.

    Raises `NotFound`, `PreconditionFailed`, and `Conflict` where a number is somebody else's, or another birth date is
    on file and `replaces_birth_date` does not say that it is wrong.
    """
    refuse_sandbox(work.caller)
    registry.lock_imports(work.connection)
    root = physicians.roots_of(work.connection, [physician_id]).get(physician_id)
    if root is None:
        raise NotFound
    physicians.lock(work.connection, [root])
    before = physicians.load(work.connection, [root])[root]
    must_match(if_match, before.version)
    after = _with_name_kept(before, edit(before))
    if before.birth_date and after.birth_date != before.birth_date and not replaces_birth_date:
        raise Conflict(
            "Another birth date is on file. Nothing was changed.",
            errors=[
                ErrorItem(
                    code=Conflict.code,
                    pointer="/date_of_birth",
                    detail="A birth date on file is replaced only when you say that it is wrong.",
                    hint='If you have proof, send "replace_date_of_birth": true with it. It is noted in the audit log.',
                )
            ],
        )
    refuse_taken(work, before, after)
    parts = filed_people.store(work, before, after)
    if parts:
        work.audit("change", root, PhysicianAudit(changed=parts))
        note_registry_change(work.connection)
    return physicians.load(work.connection, [root])[root]


def _with_name_kept(before: Physician, after: Physician) -> Physician:
    """Return a physician who keeps the name that was shown, unless the other names were given as well."""
    if after.shown.key == before.shown.key or after.other_names != before.other_names:
        return after
    others = [name for name in after.other_names if name.key not in (after.shown.key, before.shown.key)]
    return replace(after, other_names=(*others, replace(before.shown, kind=NameKind.FORMER)))


def refuse_taken(work: Work, before: Physician, after: Physician) -> None:
    """Raise `Conflict` for numbers that are new to a physician and that somebody else holds."""
    errors = []
    if after.npi and after.npi != before.npi:
        holder = physicians.holder_of_npi(work.connection, after.npi)
        if holder not in (None, after.physician_id):
            errors.append(_taken("/npi", holder))
    for part, old, new in (
        ("licenses", before.licenses, after.licenses),
        ("certifications", before.certifications, after.certifications),
    ):
        for index, number in _changed(old, new):
            for holder, held in physicians.holders_of(work.connection, part, number):
                if holder == after.physician_id or (part == "licenses" and apart(_span(number), _span(held))):
                    continue
                errors.append(_taken(f"/{part}/{index}", holder))
                break
    if errors:
        raise Conflict("A number is somebody else's. Nothing was changed.", errors=errors)


def _changed(old: Iterable[FiledNumber], new: Sequence[FiledNumber]) -> Iterator[tuple[int, FiledNumber]]:
    known = {(number.key, number.starts_on, number.ends_on) for number in old}
    for index, number in enumerate(new):
        if (number.key, number.starts_on, number.ends_on) not in known:
            yield index, number


def _span(number: FiledNumber) -> Span:
    return Span(since=number.starts_on, until=number.ends_on)


def _taken(pointer: str, holder: str | None) -> ErrorItem:
    return ErrorItem(
        code=Conflict.code,
        pointer=pointer,
        detail=f"Physician {holder} holds it.",
        hint="Take it away there first, or merge the two if they are one person. A licence that was issued again needs "
        "the last day of its former holder.",
    )
