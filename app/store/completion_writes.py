"""Completions, credits and the ledger, as they are written: set by set, each set in the order of the records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import asdict
from sqlalchemy import Connection

from app.core.errors import Contended
from app.domain.comparison_keys import full_name_key
from app.domain.completion_changes import Change, LedgerDelta
from app.domain.credits import Completion, Credit
from app.models import completions as tables
from app.store.sql.bulk import insert
from app.store.sql.statements import execute, execute_many, on_sqlite
from app.store.sql.values import array_literal, to_document

NO_MAXIMUM = 2**62


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """A change, with the version of the completion that is kept of it."""

    change: Change
    version: Mapping[str, Any]


def save(connection: Connection, written: Sequence[Written]) -> None:
    """Write changes of completions, in their order, set by set."""
    for group in _apart(written):
        changes = [each.change for each in group]
        new = [each.completion for each in changes if each.before is None]
        insert(connection, tables.completions, [_row(each) for each in new])
        _save_versions(connection, [each for each in changes if each.before is not None])
        _save_credits(connection, changes)
        insert(connection, tables.completion_versions, [each.version for each in group])


def _apart(written: Sequence[Written]) -> Iterator[list[Written]]:
    """Cut changes into groups that may be written set by set, as few as there can be.

    Within a group new rows are written before those that stand are changed. So what only adds stays apart from what
    gives a day or an occasion free, what rewrites a completion from what does not, and a completion is not moved in the
    group that made it. Only what one learner has in one activity can be in each other's way: changes of others share
    groups, in whatever order they come. The number of a group, modulo the number of kinds, is the kind of its changes.
    """
    groups: defaultdict[int, list[Written]] = defaultdict(list)
    reached: dict[tuple[str, str], int] = {}
    freed: dict[str, int] = {}
    for each in written:
        change = each.change
        pairs = {completion.pair for completion, _ in change.before_and_after()}
        number = max(reached.get(pair, 0) for pair in pairs)
        number += (_kind(change) - number) % _KINDS
        key = change.completion.completion_id
        if change.frees and freed.get(key) == number:
            number += _KINDS
        if change.frees:
            freed[key] = number
        reached |= dict.fromkeys(pairs, number)
        groups[number].append(each)
    for number in sorted(groups):
        yield groups[number]


_KINDS = 4


def _kind(change: Change) -> int:
    return 2 * change.frees + change.rewrites


def _save_versions(connection: Connection, changes: Sequence[Change]) -> None:
    rewritten = [each for each in changes if each.rewrites]
    others = [each for each in changes if not each.rewrites]
    document = ":rems" if on_sqlite(connection) else "CAST(:rems AS jsonb)"
    always = f"version = :version, updated_at = :updated_at, catalogue = :catalogue, rems = {document}"
    standing = "WHERE completion_id = :completion_id AND version = :before AND withdrawn_at IS NULL"
    changed = execute_many(
        connection,
        f"UPDATE completions SET {always}, withdrawn_at = :withdrawn_at {standing}",
        [_bound(connection, each, "withdrawn_at") for each in others],
    ) + execute_many(
        connection,
        f"UPDATE completions SET {always}, {', '.join(f'{name} = :{name}' for name in _IDENTITY)} {standing}",
        [_bound(connection, each, *_IDENTITY) for each in rewritten],
    )
    if changed != len(changes):
        raise Contended("a completion was changed meanwhile")


_IDENTITY = (
    "activity_id", "learner_id", "subject", "completed_on", "occasion", "first_name", "last_name", "first_key",
    "last_key", "birth_date", "npi",
)  # fmt: skip
"""What a correction may change of a completion itself; a record that takes a fallen one's place changes the person."""


def _bound(connection: Connection, change: Change, *names: str) -> dict[str, Any]:
    assert change.before is not None
    row = _row(change.completion)
    wanted = ("completion_id", "version", "updated_at", "catalogue", *names)
    return {name: row[name] for name in wanted} | {
        "before": change.before.version,
        "rems": to_document(row["rems"]),
    }


def _save_credits(connection: Connection, changes: Sequence[Change]) -> None:
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
            for each in changes
            for credit in each.restated
        ],
    )
    again = [(each.completion, credit) for each in changes for credit in (*each.corrected, *each.rewritten)]
    _rewrite_credits(connection, again)
    added = [
        (each.completion, len(each.before.credits) if each.before else 0, place, credit)
        for each in changes
        for place, credit in enumerate(each.added)
    ]
    insert(
        connection,
        tables.credits,
        [_credit_row(completion, credit) | {"place": first + place} for completion, first, place, credit in added],
    )
    _add_parts(connection, [(completion, credit) for completion, _, _, credit in added] + again)


def _rewrite_credits(connection: Connection, again: Sequence[tuple[Completion, Credit]]) -> None:
    """Write credits over what stands under their ids; their types and references are left to be added anew."""
    if not again:
        return
    for table in ("credit_types", "credit_references"):
        execute_many(
            connection, f"DELETE FROM {table} WHERE credit_id = :id", [{"id": credit.credit_id} for _, credit in again]
        )
    rows = [_credit_row(completion, credit) for completion, credit in again]
    assigned = ", ".join(f"{name} = :{name}" for name in rows[0] if name != "credit_id")
    execute_many(
        connection,
        f"UPDATE credits SET {assigned} WHERE credit_id = :credit_id",
        rows,
    )


def _add_parts(connection: Connection, credits: Sequence[tuple[Completion, Credit]]) -> None:
    insert(
        connection,
        tables.credit_types,
        [
            {"credit_id": credit.credit_id, "credit_type": name, "quarters": quarters, "place": place}
            for _, credit in credits
            for place, (name, quarters) in enumerate(credit.credit_types)
        ],
    )
    insert(
        connection,
        tables.credit_references,
        [
            {"provider_id": completion.provider_id, "client_reference": reference, "credit_id": credit.credit_id}
            for completion, credit in credits
            for reference in credit.client_references
        ],
    )


def change_ledger(connection: Connection, deltas: Iterable[LedgerDelta]) -> None:
    """Add to what learners hold; raises `Contended` when a maximum would be passed, for the rules to say so."""
    ordered = sorted((each for each in deltas if each.quarters), key=lambda d: (d.activity_id, d.subject, d.target))
    shrunk = [asdict(each) for each in ordered if each.quarters < 0]
    changed = _grow_ledger(connection, [each for each in ordered if each.quarters > 0]) + execute_many(
        connection,
        "UPDATE ledger SET quarters = quarters + :quarters WHERE activity_id = :activity_id AND subject = :subject "
        "AND target = :target AND quarters + :quarters >= 0",
        shrunk,
    )
    if changed != len(ordered):
        raise Contended("the maximum was reached meanwhile")


_GROWN = (
    "ON CONFLICT (activity_id, subject, target) DO UPDATE SET quarters = ledger.quarters + excluded.quarters "
    "WHERE ledger.quarters + excluded.quarters <= :maximum"
)


def _grow_ledger(connection: Connection, grown: Sequence[LedgerDelta]) -> int:
    """Add what learners gain, in the order given; return for how many it fits."""
    if on_sqlite(connection) or len(grown) == 1:
        return execute_many(
            connection,
            "INSERT INTO ledger (activity_id, subject, target, quarters) "
            f"VALUES (:activity_id, :subject, :target, :quarters) {_GROWN}",
            [asdict(each) for each in grown],
        )
    # One statement for all under the same maximum: sent one by one, they take ten times as long.
    by_maximum: defaultdict[int, list[LedgerDelta]] = defaultdict(list)
    for each in grown:
        by_maximum[each.maximum].append(each)
    return sum(
        execute(
            connection,
            "INSERT INTO ledger (activity_id, subject, target, quarters) SELECT * FROM unnest("
            "CAST(:activity_ids AS text[]), CAST(:subjects AS text[]), CAST(:targets AS text[]), "
            f"CAST(:quarters AS int[])) {_GROWN}",
            {
                "activity_ids": array_literal([each.activity_id for each in together]),
                "subjects": array_literal([each.subject for each in together]),
                "targets": array_literal([each.target for each in together]),
                "quarters": array_literal([each.quarters for each in together]),
                "maximum": maximum,
            },
        )
        for maximum, together in sorted(by_maximum.items())
    )


def _row(each: Completion) -> dict[str, Any]:
    last_key, first_key = full_name_key(each.first_name, each.last_name)
    return {
        "completion_id": each.completion_id,
        "provider_id": each.provider_id,
        "activity_id": each.activity_id,
        "learner_id": each.physician_id,
        "subject": each.subject,
        "completed_on": each.completed_on,
        "occasion": each.occasion,
        "first_name": each.first_name,
        "last_name": each.last_name,
        "first_key": first_key,
        "last_key": last_key,
        "birth_date": each.birth_date,
        "npi": each.npi,
        "rems": each.rems_fields,
        "entry_method": each.entry_method,
        "client_id": each.client_id,
        "batch_id": each.batch_id,
        "submitted_at": each.submitted_at,
        "updated_at": each.updated_at,
        "version": each.version,
        "withdrawn_at": each.withdrawn_at,
        "catalogue": each.catalogue,
    }


def _credit_row(completion: Completion, credit: Credit) -> dict[str, Any]:
    return {
        "credit_id": credit.credit_id,
        "completion_id": completion.completion_id,
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
