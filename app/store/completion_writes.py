"""Completions, credits and the ledger, written table by table for any number of changes, each in their order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import asdict
from sqlalchemy import Connection, Table

from app.core.errors import Contended
from app.domain.completion_changes import Change, LedgerDelta, Pair
from app.domain.credits import Completion, Credit
from app.domain.identity.comparison_keys import full_name_key
from app.domain.parsing import plain_text
from app.models import completions as tables
from app.models.learners import learner_links
from app.store.sql.bulk import Rows, insert_all
from app.store.sql.statements import execute, execute_many, on_sqlite
from app.store.sql.values import array_literal, to_document

NO_MAXIMUM = 2**62


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """A change, with the row of `completion_versions` for the version that it makes."""

    change: Change
    version: Mapping[str, Any]


def save(connection: Connection, written: Sequence[Written], new_learner_ids: Rows = ()) -> None:
    """Write changes of completions, in their order, in as few statements as possible, and with them new learner ids.

    Raises `Contended` when a completion was changed or withdrawn by another transaction.
    """
    links = (learner_links, new_learner_ids)
    for group in _groups(written):
        changes = [write.change for write in group]
        changed = [change for change in changes if change.before is not None]
        new = (tables.completions, [completion_row(change.completion) for change in changes if change.before is None])
        if changed:
            # First, for a change of this group may go on from one of them.
            insert_all(connection, links, new, skip_known=_STAY)
            _save_versions(connection, changed)
            _delete_references(connection, changed)
            _update_credits(connection, changed)
        versions = (tables.completion_versions, [write.version for write in group])
        first = () if changed else (links, new)
        insert_all(connection, *first, *_rows_of_credits(changes), versions, _imported(group), skip_known=_STAY)
        links = (learner_links, ())


def _imported(written: Sequence[Written]) -> tuple[Table, Rows]:
    """Return the rows by which credit of another system is known."""
    return tables.imported_credits, [
        {"credit_id": credit_id, "commit_id": write.version["commit_id"]}
        for write in written
        if write.change.imported
        for credit_id in sorted(write.change.imported)
    ]


_STAY = (learner_links,)
"""Learner ids that exist stay: two transactions may meet a learner at the same moment."""


def _groups(written: Sequence[Written]) -> Iterator[list[Written]]:
    """Cut changes into the fewest groups in which all rows of one kind can be written together.

    Within a group new rows are inserted before existing ones are updated. So changes that only add are apart from those
    that free a day or an occasion, changes that rewrite a completion are apart from those that do not, and a completion
    is not moved in the group that inserted it. Only changes of the same learner in the same activity can conflict: all
    others share groups, whatever their order. The number of a group, modulo the number of kinds, is the kind of its
    changes.
    """
    groups: defaultdict[int, list[Written]] = defaultdict(list)
    last_of_pair: dict[Pair, int] = {}
    freed_in: dict[str, int] = {}
    for write in written:
        change = write.change
        pairs = {completion.pair for completion, _ in change.before_and_after()}
        number = max(last_of_pair.get(pair, 0) for pair in pairs)
        number += (_kind(change) - number) % _KINDS
        completion_id = change.completion.completion_id
        if change.frees and freed_in.get(completion_id) == number:
            number += _KINDS
        if change.frees:
            freed_in[completion_id] = number
        last_of_pair |= dict.fromkeys(pairs, number)
        groups[number].append(write)
    for number in sorted(groups):
        yield groups[number]


_KINDS = 4


def _kind(change: Change) -> int:
    return 2 * change.frees + change.rewrites


def _save_versions(connection: Connection, changes: Sequence[Change]) -> None:
    """Update completions to their next version.

    SQLite:

        UPDATE completions SET version = :version, …, rems = :rems, … WHERE completion_id = … AND version = :before …

    PostgreSQL:

        UPDATE completions SET version = :version, …, rems = CAST(:rems AS jsonb), … WHERE …
    """
    rewriting = [change for change in changes if change.rewrites]
    others = [change for change in changes if not change.rewrites]
    document = ":rems" if on_sqlite(connection) else "CAST(:rems AS jsonb)"
    always = f"version = :version, updated_at = :updated_at, catalogue = :catalogue, rems = {document}"
    as_before = "WHERE completion_id = :completion_id AND version = :before AND withdrawn_at IS NULL"
    updated = execute_many(
        connection,
        f"UPDATE completions SET {always}, withdrawn_at = :withdrawn_at {as_before}",
        [_version_parameters(change, "withdrawn_at") for change in others],
    ) + execute_many(
        connection,
        f"UPDATE completions SET {always}, {', '.join(f'{name} = :{name}' for name in _IDENTITY)} {as_before}",
        [_version_parameters(change, *_IDENTITY) for change in rewriting],
    )
    if updated != len(changes):
        raise Contended("a completion was changed meanwhile")


_IDENTITY = (
    "activity_id", "learner_id", "subject", "completed_on", "occasion", "first_name", "last_name", "first_key",
    "last_key", "birth_date", "npi",
)  # fmt: skip
"""Columns that a correction may change; a record in place of a rejected or withdrawn one changes the person."""


def _version_parameters(change: Change, *names: str) -> dict[str, Any]:
    assert change.before is not None
    row = completion_row(change.completion)
    parameters = {name: row[name] for name in ("completion_id", "version", "updated_at", "catalogue", *names)}
    return parameters | {"before": change.before.version, "rems": to_document(row["rems"])}


def _update_credits(connection: Connection, changes: Sequence[Change]) -> None:
    execute_many(
        connection,
        "UPDATE credits SET status = :status, holds = :holds, status_reason = :reason, status_text = :text, "
        "status_at = :at WHERE credit_id = :id",
        [
            {
                "id": credit.credit_id,
                "status": credit.status,
                "holds": credit.holds,
                "reason": credit.status_reason,
                "text": credit.status_text,
                "at": credit.status_at,
            }
            for change in changes
            for credit in change.restated
        ],
    )
    _rewrite_credits(connection, _rewritten(changes))


def _rewritten(changes: Iterable[Change]) -> list[tuple[Completion, Credit]]:
    return [(change.completion, credit) for change in changes for credit in (*change.corrected, *change.rewritten)]


def _rewrite_credits(connection: Connection, rewritten: Sequence[tuple[Completion, Credit]]) -> None:
    """Update credits, and delete their types and references, which are inserted again."""
    if not rewritten:
        return
    for table in ("credit_types", "credit_references"):
        execute_many(
            connection,
            f"DELETE FROM {table} WHERE credit_id = :id",
            [{"id": credit.credit_id} for _, credit in rewritten],
        )
    rows = [credit_row(completion, credit) for completion, credit in rewritten]
    assigned = ", ".join(f"{name} = :{name}" for name in rows[0] if name != "credit_id")
    execute_many(
        connection,
        f"UPDATE credits SET {assigned} WHERE credit_id = :credit_id",
        rows,
    )


def _rows_of_credits(changes: Sequence[Change]) -> Iterator[tuple[Table, Rows]]:
    """Yield the rows of credits that changes add, then the types and references of all that they add or rewrite."""
    added = [
        (change.completion, len(change.before.credits) if change.before else 0, place, credit)
        for change in changes
        for place, credit in enumerate(change.added)
    ]
    yield (
        tables.credits,
        [credit_row(completion, credit) | {"place": first + place} for completion, first, place, credit in added],
    )
    credits = [(completion, credit) for completion, _, _, credit in added] + _rewritten(changes)
    yield (
        tables.credit_types,
        [
            {"credit_id": credit.credit_id, "credit_type": name, "quarters": quarters, "place": place}
            for _, credit in credits
            for place, (name, quarters) in enumerate(credit.credit_types)
        ],
    )
    yield (
        tables.credit_references,
        [
            {
                "provider_id": completion.provider_id,
                "client_reference": (plain := plain_text(reference)),
                "credit_id": credit.credit_id,
                "as_sent": None if plain == reference else reference,
            }
            for completion, credit in credits
            for reference in credit.client_references
        ],
    )

    yield (
        tables.completion_references,
        [
            {
                "provider_id": change.completion.provider_id,
                "client_reference": plain,
                "completion_id": change.completion.completion_id,
                "as_sent": None if plain == reference else reference,
            }
            for change in changes
            if change.completion.client_references
            for plain, reference in _references_beside(change.completion, change.before)
        ],
    )


def _references_beside(completion: Completion, other: Completion | None) -> list[tuple[str, str]]:
    """Return the references of a completion as a whole that another version lacks: in normal form, and as sent."""
    known = set(map(plain_text, other.client_references)) if other is not None else ()
    plain = ((plain_text(reference), reference) for reference in completion.client_references)
    return [(key, reference) for key, reference in plain if key not in known]


def _delete_references(connection: Connection, changes: Iterable[Change]) -> None:
    """Delete the references of completions as a whole that their next versions lack."""
    execute_many(
        connection,
        "DELETE FROM completion_references WHERE provider_id = :provider AND client_reference = :reference "
        "AND completion_id = :id",
        [
            {"provider": change.before.provider_id, "reference": plain, "id": change.before.completion_id}
            for change in changes
            if change.before is not None and change.before.client_references
            for plain, _ in _references_beside(change.before, change.completion)
        ],
    )


def change_ledger(connection: Connection, deltas: Iterable[LedgerDelta]) -> None:
    """Add to learners' parts of maxima; raises `Contended` when a maximum would be exceeded: the rules then say so."""
    ordered = sorted((d for d in deltas if d.quarters), key=lambda d: (d.activity_id, d.subject, d.target))
    negative = [asdict(delta) for delta in ordered if delta.quarters < 0]
    changed = _grow_ledger(connection, [delta for delta in ordered if delta.quarters > 0]) + execute_many(
        connection,
        "UPDATE ledger SET quarters = quarters + :quarters WHERE activity_id = :activity_id AND subject = :subject "
        "AND target = :target AND quarters + :quarters >= 0",
        negative,
    )
    if changed != len(ordered):
        raise Contended("the maximum was reached meanwhile")


_WITHIN_MAXIMUM = (
    "ON CONFLICT (activity_id, subject, target) DO UPDATE SET quarters = ledger.quarters + excluded.quarters "
    "WHERE ledger.quarters + excluded.quarters <= :maximum"
)


def _grow_ledger(connection: Connection, deltas: Sequence[LedgerDelta]) -> int:
    """Add positive deltas in their order; return how many stay within their maximum.

    SQLite, for each delta:

        INSERT INTO ledger (…) VALUES (…) ON CONFLICT (…) DO UPDATE SET … WHERE … <= :maximum

    PostgreSQL, for all deltas with the same maximum:

        INSERT INTO ledger (…) SELECT * FROM unnest(…) ON CONFLICT (…) DO UPDATE SET … WHERE … <= :maximum
    """
    if on_sqlite(connection) or len(deltas) == 1:
        return execute_many(
            connection,
            "INSERT INTO ledger (activity_id, subject, target, quarters) "
            f"VALUES (:activity_id, :subject, :target, :quarters) {_WITHIN_MAXIMUM}",
            [asdict(delta) for delta in deltas],
        )
    # Sent one by one, they take ten times as long.
    by_maximum: defaultdict[int, list[LedgerDelta]] = defaultdict(list)
    for delta in deltas:
        by_maximum[delta.maximum].append(delta)
    return sum(
        execute(
            connection,
            "INSERT INTO ledger (activity_id, subject, target, quarters) SELECT * FROM unnest("
            "CAST(:activity_ids AS text[]), CAST(:subjects AS text[]), CAST(:targets AS text[]), "
            f"CAST(:quarters AS int[])) {_WITHIN_MAXIMUM}",
            {
                "activity_ids": array_literal([delta.activity_id for delta in group]),
                "subjects": array_literal([delta.subject for delta in group]),
                "targets": array_literal([delta.target for delta in group]),
                "quarters": array_literal([delta.quarters for delta in group]),
                "maximum": maximum,
            },
        )
        for maximum, group in sorted(by_maximum.items())
    )


def completion_row(completion: Completion) -> dict[str, Any]:
    """Return the row of `completions` in which a completion is stored."""
    last_key, first_key = full_name_key(completion.first_name, completion.last_name)
    return {
        "completion_id": completion.completion_id,
        "provider_id": completion.provider_id,
        "activity_id": completion.activity_id,
        "learner_id": completion.physician_id,
        "subject": completion.subject,
        "completed_on": completion.completed_on,
        "occasion": completion.occasion,
        "first_name": completion.first_name,
        "last_name": completion.last_name,
        "first_key": first_key,
        "last_key": last_key,
        "birth_date": completion.birth_date,
        "npi": completion.npi,
        "rems": completion.rems_fields,
        "entry_method": completion.entry_method,
        "client_id": completion.client_id,
        "batch_id": completion.batch_id,
        "submitted_at": completion.submitted_at,
        "updated_at": completion.updated_at,
        "version": completion.version,
        "withdrawn_at": completion.withdrawn_at,
        "catalogue": completion.catalogue,
    }


def credit_row(completion: Completion, credit: Credit) -> dict[str, Any]:
    """Return the row of `credits` in which a credit is stored, but for its place."""
    return {
        "credit_id": credit.credit_id,
        "completion_id": completion.completion_id,
        "provider_id": completion.provider_id,
        "activity_id": completion.activity_id,
        "subject": completion.subject,
        "completed_on": completion.completed_on,
        "occasion": completion.occasion,
        "kind": credit.kind,
        "board": credit.board,
        "reported_id": credit.number_reported,
        "registry_id": credit.number_on_file,
        "quarters": credit.quarters,
        "status": credit.status,
        "holds": credit.holds,
        "once_per_day": credit.once_per_day,
        "delivery": credit.delivery,
        "status_reason": credit.status_reason,
        "status_at": credit.status_at,
        "status_text": credit.status_text,
    }
