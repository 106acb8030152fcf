"""Whether what stands of each completion is what its last version says, and its versions what was sealed.

The audit entry of a version holds a keyed digest of it; a version from before there were digests has it in
`record_digests`. The rows that a version would be written as are compared with those that stand, column by column.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from app.domain.audit import CompletionAudit
from app.domain.credits import Completion, CreditStatus, Delivery, is_rems_subject
from app.domain.identity.erasure import FADED
from app.domain.moving.telling import CORRECTED, REPORTED, WITHDRAWN, events_of_change
from app.domain.parsing import plain_text
from app.models import commits as commit_tables
from app.models import completions as tables
from app.models.feeds import decisions
from app.services.context import OPERATOR, Service
from app.store import clients, record_digests
from app.store.access.providers import every_root
from app.store.checked_rows import CheckedEntry, Range, entries_between, ranges, rows_between
from app.store.completion_versions import VERSIONS, completion_of, version_text
from app.store.completion_versions import rows_between as versions_between
from app.store.completion_writes import completion_row, credit_row

AT_ONCE = 500
_OF_CREDITS = "credits c JOIN {table} t ON t.credit_id = c.credit_id"
_REFERENCE = ("credit_id", "client_reference")
_REFERENCE_OF_RECORD = ("completion_id", "client_reference")
Row = dict[str, Any]


class Stored(msgspec.Struct, kw_only=True):
    """Everything that is stored of one completion."""

    completions: list[Row] = msgspec.field(default_factory=list)
    credits: list[Row] = msgspec.field(default_factory=list)
    credit_types: list[Row] = msgspec.field(default_factory=list)
    credit_references: list[Row] = msgspec.field(default_factory=list)
    completion_references: list[Row] = msgspec.field(default_factory=list)
    decisions: list[Row] = msgspec.field(default_factory=list)
    board_events: list[Row] = msgspec.field(default_factory=list)
    imported_credits: list[Row] = msgspec.field(default_factory=list)
    versions: list[Row] = msgspec.field(default_factory=list)
    entries: list[CheckedEntry] = msgspec.field(default_factory=list)
    digests: dict[int, str] = msgspec.field(default_factory=dict)
    faded: dict[int, str] = msgspec.field(default_factory=dict)
    """Digests of versions that an erasure has blanked: each holds in place of the one in the audit entry."""


def find_changed(connection: Connection, service: Service) -> Iterator[str]:
    """Yield a sentence for each completion of which something is not as it was stored."""
    sandboxes, roots = clients.sandbox_ids(connection), every_root(connection)
    for within in ranges(connection, "completions", "completion_id", CompletionAudit.noun, AT_ONCE):
        for completion_id, stored in sorted(_load(connection, within).items()):
            try:
                faults = list(_faults(service, stored, sandboxes, roots))
            except (KeyError, TypeError, ValueError, msgspec.MsgspecError):
                faults = ["a version cannot be read"]
            for fault in faults:
                yield f"changed: completion {completion_id}: {fault}"


def _load(connection: Connection, within: Range) -> dict[str, Stored]:
    found: defaultdict[str, Stored] = defaultdict(Stored)
    for row in rows_between(connection, tables.completions, "t.completion_id", within):
        found[row["completion_id"]].completions.append(row)
    of_credit: dict[str, str] = {}
    for row in rows_between(connection, tables.credits, "t.completion_id", within):
        of_credit[row["credit_id"]] = row["completion_id"]
        found[row["completion_id"]].credits.append(row)
    of_credits = (tables.credit_types, tables.credit_references, tables.imported_credits)
    for table in (*of_credits, commit_tables.board_events, decisions):
        join = _OF_CREDITS.format(table=table.name)
        for row in rows_between(connection, table, "c.completion_id", within, join):
            getattr(found[of_credit[row["credit_id"]]], table.name).append(row)
    for row in rows_between(connection, tables.completion_references, "t.completion_id", within):
        found[row["completion_id"]].completion_references.append(row)
    for row in versions_between(connection, within.after, within.until):
        found[row["completion_id"]].versions.append(row)
    for entry in entries_between(connection, CompletionAudit.noun, within):
        found[entry.subject_id].entries.append(entry)
    for subject_id, number, _, digest in record_digests.digests_between(
        connection, CompletionAudit.noun, within.after, within.until
    ):
        found[subject_id].digests[number] = digest
    for subject_id, number, _, digest in record_digests.digests_between(connection, FADED, within.after, within.until):
        found[subject_id].faded[number] = digest
    return found


def _faults(service: Service, stored: Stored, sandboxes: frozenset[str], roots: Mapping[str, str]) -> Iterator[str]:
    changed = list(_changed_versions(service, stored))
    yield from changed
    if changed or not stored.versions:
        if not stored.versions:
            yield "it has no version"
        return
    if not stored.completions:
        yield "its row is missing"
        return
    (row, *_) = stored.completions
    last = _as_compared(_of_root(completion_of(stored.versions[-1]["document"]), roots), row)
    yield from _differences("completions", [completion_row(last)], stored.completions, ("completion_id",))
    yield from _differences("credits", list(_credit_rows(last, stored.versions)), stored.credits, ("credit_id",))
    types = [
        {"credit_id": credit.credit_id, "credit_type": name, "quarters": quarters, "place": place}
        for credit in last.credits
        for place, (name, quarters) in enumerate(credit.credit_types)
    ]
    yield from _differences("credit_types", types, stored.credit_types, ("credit_id", "credit_type"))
    references = list(_reference_rows(last, stored.credit_references))
    yield from _differences("credit_references", references, stored.credit_references, _REFERENCE, shown=1)
    of_record = [
        {
            "provider_id": last.provider_id,
            "client_reference": plain_text(reference),
            "completion_id": last.completion_id,
            "as_sent": None if plain_text(reference) == reference else reference,
        }
        for reference in last.client_references
    ]
    yield from _differences(
        "completion_references", of_record, stored.completion_references, _REFERENCE_OF_RECORD, shown=1
    )
    taken_over = [
        {"credit_id": credit_id, "commit_id": entry.commit_id}
        for entry in stored.entries
        for credit_id in entry.fields.get("imported", ())
    ]
    yield from _differences("imported_credits", taken_over, stored.imported_credits, ("credit_id",))
    if last.provider_id not in sandboxes:
        yield from _changed_events(last, stored)
    yield from _changed_decisions(stored)


def _of_root(completion: Completion, roots: Mapping[str, str]) -> Completion:
    """Return a completion as that of the provider into which its own was merged since; its versions stay as made."""
    root = roots.get(completion.provider_id)
    if root is None:
        return completion
    subject = completion.subject
    if is_rems_subject(subject):
        prefix, _, local_id = subject.split(":", 2)
        subject = f"{prefix}:{root}:{local_id}"
    return replace(completion, provider_id=root, subject=subject)


def _as_compared(completion: Completion, row: Row) -> Completion:
    """Return a completion with its local id in the normal form, where a version from before there was one has another.

    The normal form was put into the row alone, for what was stored stays as it was sent.
    """
    if not is_rems_subject(completion.subject) or completion.subject == row["subject"]:
        return completion
    prefix, provider_id, local_id = completion.subject.split(":", 2)
    return replace(completion, subject=f"{prefix}:{provider_id}:{plain_text(local_id)}")


def _reference_rows(last: Completion, standing: Iterable[Row]) -> Iterator[Row]:
    """Yield the rows of references; of spellings that are alike, one stands."""
    as_sent = {(row["credit_id"], row["client_reference"]): row["as_sent"] for row in standing}
    for credit in last.credits:
        spellings: defaultdict[str, list[str | None]] = defaultdict(list)
        for reference in credit.client_references:
            plain = plain_text(reference)
            spellings[plain].append(None if plain == reference else reference)
        for plain, sent in spellings.items():
            stands = as_sent.get((credit.credit_id, plain))
            yield {
                "provider_id": last.provider_id,
                "client_reference": plain,
                "credit_id": credit.credit_id,
                "as_sent": stands if stands in sent else sent[0],
            }


def _changed_versions(service: Service, stored: Stored) -> Iterator[str]:
    """Yield what is wrong between versions and the audit log."""
    entries = {(entry.fields.get("version"), entry.commit_id): entry for entry in stored.entries}
    for version in stored.versions:
        number = version["version"]
        entry = entries.pop((number, version["commit_id"]), None)
        if entry is None:
            yield f"version {number} is not in the audit log"
            continue
        digest = stored.faded.get(number) or entry.fields.get("digest") or stored.digests.get(number)
        if digest is None:
            yield f"version {number} has no digest"
        elif not service.keyring.verifies_record(VERSIONS, version_text(version), digest):
            yield f"version {number} is not as it was stored"
    for number, commit_id in entries:
        yield f"version {number} of commit {commit_id} is missing"


def _credit_rows(last: Completion, versions: list[Row]) -> Iterator[Row]:
    """Yield the rows of credits. One that was withdrawn keeps the activity, learner and day that it had until then."""
    earlier: list[Completion] | None = None
    for place, credit in enumerate(last.credits):
        at = last
        if credit.status is CreditStatus.WITHDRAWN:
            if earlier is None:
                earlier = [completion_of(version["document"]) for version in reversed(versions[:-1])]
            # What was taken over as withdrawn stood nowhere here: it keeps what it had when it came.
            came = next((one for one in reversed(earlier) if _has(one, credit.credit_id)), last)
            at = next((one for one in earlier if _has_standing(one, credit.credit_id)), came)
        yield credit_row(last, credit) | {
            "place": place,
            "activity_id": at.activity_id,
            "subject": at.subject,
            "completed_on": at.completed_on,
            "occasion": at.occasion,
        }


def _has(completion: Completion, credit_id: str) -> bool:
    return any(credit.credit_id == credit_id for credit in completion.credits)


def _has_standing(completion: Completion, credit_id: str) -> bool:
    return any(
        credit.credit_id == credit_id and credit.status is not CreditStatus.WITHDRAWN for credit in completion.credits
    )


def _changed_events(last: Completion, stored: Stored) -> Iterator[str]:
    """Yield what boards are told, or are not told, otherwise than the audit log says."""
    boards = {credit.credit_id: credit.board for credit in last.credits if credit.delivery is Delivery.BOARD}
    untold: set[str] = set()
    expected = []
    for entry in sorted(stored.entries, key=lambda entry: int(entry.fields["version"])):
        untold.update(entry.fields.get("imported", ()))
        expected += [
            {
                "event": told,
                "credit_id": credit_id,
                "board": boards[credit_id],
                "commit_id": entry.commit_id,
                "completion_id": last.completion_id,
                # Withdrawn credit is shown as it was.
                "version": entry.fields["version"] - (event == WITHDRAWN),
                "at": entry.at,
            }
            for event, member in ((WITHDRAWN, "withdrawn"), (CORRECTED, "corrected"), (REPORTED, "reported"))
            for credit_id in entry.fields[member]
            if credit_id in boards
            for told in events_of_change(event, credit_id, untold)
        ]
    yield from _differences("board_events", expected, stored.board_events, ("event", "credit_id", "version"))


def _changed_decisions(stored: Stored) -> Iterator[str]:
    """Yield the decisions that did not give their credits the status that the version made by them says."""
    by_commit = {version["commit_id"]: version for version in stored.versions}
    last = {
        (row["commit_id"], row["credit_id"]): row
        for row in sorted(stored.decisions, key=lambda row: str(row["decision_id"]))
    }
    decided: set[str] = set()
    for (commit_id, credit_id), row in last.items():
        decided.add(commit_id)
        version = by_commit.get(commit_id)
        credits = completion_of(version["document"]).credits if version is not None else ()
        given = (row["board"], row["decision"], row["reason_code"], row["reason"], row["at"])
        if not any(
            credit.credit_id == credit_id
            and given == (credit.board, credit.status, credit.status_reason, credit.status_text, credit.status_at)
            for credit in credits
        ):
            yield f"decisions {row['decision_id']} is not what its version says"
    for version in stored.versions:
        by_board = version["verb"] == "decide" and version["client_id"] != OPERATOR.client_id
        if by_board and version["commit_id"] not in decided:
            yield f"the decision that made version {version['version']} is missing"


def _differences(
    table: str, expected: Iterable[Row], standing: Iterable[Row], key: tuple[str, ...], *, shown: int | None = None
) -> Iterator[str]:
    """Yield how rows that stand differ from those expected: by ids and names of columns, never by values.

    Columns that are not expected are not compared. `shown` is how many parts of the key are ids, all without it.
    """
    wanted = {tuple(row[name] for name in key): row for row in expected}
    for row in standing:
        at = tuple(row[name] for name in key)
        text = f"{table} {' '.join(map(str, at[:shown]))}"
        known = wanted.pop(at, None)
        if known is None:
            yield f"{text} is in no version"
            continue
        columns = [name for name, value in known.items() if row[name] != value]
        if columns:
            yield f"{text}: {', '.join(columns)} not as its version says"
    for at in wanted:
        yield f"{table} {' '.join(map(str, at[:shown]))} is missing"
