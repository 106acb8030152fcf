"""Whether rights, activities and physicians stand as the audit log last saw them.

A keyed digest of a subject's rows was made in the transaction that changed them; see `store/states.py`. Sentences name
ids and tables, never a value.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from app.domain.audit import EndpointAudit
from app.domain.identity.erasure import IDENTITIES
from app.rules.catalogue import digest_files
from app.services.context import Service
from app.services.events.provider_events import told_by
from app.services.registry import name_forms
from app.services.reporting.learner_ids import derive_learner_ids
from app.store import clients, events, record_digests, states
from app.store.access import erasure
from app.store.access.providers import families_of_merged
from app.store.checked_rows import Place, Range, entries_between, places_of, ranges
from app.store.registry import learners, name_keys, physicians

AT_ONCE = 500
LEARNER = "learner"
_FIRST: Place = (-1, 0, 0)


def find_changed(connection: Connection, service: Service) -> Iterator[str]:
    """Yield a sentence for each client, provider, activity or endpoint whose rows are not as they were stored."""
    for noun in states.STATES:
        if noun != LEARNER:
            yield from (sentence for _, sentence in _changed(connection, service, noun))


def find_changed_files(connection: Connection, _service: Service) -> Iterator[str]:
    """Yield the states of the board files whose texts are not those that completions were judged by."""
    for digest in clients.catalogue_digests(connection):
        if digest_files(clients.catalogue_files(connection, digest) or {}) != digest:
            yield f"changed: catalogues {digest}: its files have another digest"


def find_changed_events(connection: Connection, _service: Service) -> Iterator[str]:
    """Yield the events of providers that do not tell what the audit log says."""
    after = 0
    while rows := events.rows_after(connection, after, AT_ONCE):
        told = told_by(connection, {commit_id for _, _, commit_id, *_ in rows})
        for provider_id, position, commit_id, at, type, data in rows:
            after = position
            if (commit_id, provider_id, at, type, states.canonical(data)) not in told:
                yield f"changed: events {provider_id} {position}: not what the audit log says"


def find_changed_erasures(connection: Connection, service: Service) -> Iterator[str]:
    """Yield erased physicians of whom not the digests are kept by which an import is told that it brings them back."""
    remembered = erasure.remembered(connection)
    in_audit = erasure.identities_in_audit(connection)
    for physician_id, digest in sorted(in_audit.items()):
        text = erasure.identities_text(physician_id, remembered)
        if not service.keyring.verifies_record(IDENTITIES, text, digest):
            yield f"changed: erased_identities {physician_id}: not what was kept when this physician was erased"


def find_changed_physicians(connection: Connection, service: Service) -> Iterator[str]:
    """Yield a sentence for each physician whose rows, or whose ids for a provider, are not as they were stored.

    So they may be since before there were digests, under keys by which nobody looks for their names.
    """
    told = set()
    for physician_id, sentence in _changed(connection, service, LEARNER):
        told.add(physician_id)
        yield sentence
    for physician_id in name_keys.find_other_keys(connection):
        if physician_id not in told:
            told.add(physician_id)
            yield f"changed: {LEARNER} {physician_id}: a row of learner_names has not the keys of its name"
    for physician_id in name_forms.find_other_forms(connection):
        if physician_id not in told:
            yield f"changed: {LEARNER} {physician_id}: its rows of name_forms are not the forms of its names"
    yield from _changed_learner_ids(connection, service)


def stands(connection: Connection, service: Service, noun: str, subject_id: str) -> bool:
    """Return whether a subject's rows are as they were stored."""
    # From just before it.
    within = Range(subject_id[:-1], subject_id)
    return all(changed != subject_id for changed, _ in _faults(connection, service, noun, within))


def _changed(connection: Connection, service: Service, noun: str) -> Iterator[tuple[str, str]]:
    """Yield (subject, sentence) of the subjects of a noun that are not as they were stored."""
    table, *others = states.STATES[noun]
    tables = " or ".join(part.name for part in (table, *others))
    for within in ranges(connection, table.name, states.key_of(noun), noun, AT_ONCE):
        for subject_id, fault in _faults(connection, service, noun, within):
            yield subject_id, f"changed: {noun} {subject_id}: {fault.format(tables=tables)}"


def _faults(connection: Connection, service: Service, noun: str, within: Range) -> Iterator[tuple[str, str]]:
    """Yield (subject, fault) of the subjects in a range."""
    standing = states.load_between(connection, noun, within.after, within.until)
    last = _last_digests(connection, noun, within)
    fictional = states.fictional(connection, within.after, within.until) if noun == LEARNER else frozenset()
    for subject_id in sorted({*standing, *last}):
        state, known = standing.get(subject_id), last.get(subject_id)
        if known is None:
            if subject_id not in fictional:
                yield subject_id, "nobody added it: the audit log has no digest of it"
            continue
        commit_id, digest, verb = known
        if state is None:
            if not (noun == EndpointAudit.noun and verb == "delete"):
                yield subject_id, "it is missing"
        elif not states.is_digest_of(service.keyring, digest, noun, subject_id, commit_id, state):
            yield subject_id, "a row of {tables} is not as the audit log says"


def _last_digests(connection: Connection, noun: str, within: Range) -> dict[str, tuple[str, str, str]]:
    """Return (commit, digest, verb) of the last digest of subjects in a range.

    It stands in an audit entry, or with many others under one commit: an upgrade makes it anew where it changes rows.
    """
    last: dict[str, tuple[str, str, str]] = {
        subject_id: (commit_id, digest, "")
        for subject_id, _, commit_id, digest in record_digests.digests_between(
            connection, noun, within.after, within.until
        )
    }
    entries = {
        entry.subject_id: entry for entry in entries_between(connection, noun, within) if "state" in entry.fields
    }
    places = places_of(connection, {last[subject_id][0] for subject_id in entries.keys() & last.keys()})
    for subject_id, entry in entries.items():
        if subject_id not in last or places.get(last[subject_id][0], _FIRST) < entry.place[0]:
            last[subject_id] = (entry.commit_id, entry.fields["state"], entry.verb)
    return last


def _changed_learner_ids(connection: Connection, service: Service) -> Iterator[str]:
    """Yield what names a physician by an id that was not derived from provider and physician."""
    families = families_of_merged(connection)
    after = ("", "")
    while rows := learners.learner_ids_after(connection, after, AT_ONCE):
        aliases = physicians.aliases_by_root(connection, {physician_id for _, physician_id, _ in rows})
        for provider_id, physician_id, learner_id in rows:
            # Who was merged keeps the learner id under which a provider knew them.
            people = (physician_id, *aliases.get(physician_id, ()))
            pairs = [(id, one) for id in families.get(provider_id, (provider_id,)) for one in people]
            if all(learner_id not in derive_learner_ids(service.keyring, pair) for pair in pairs):
                yield f"changed: learner_links {provider_id} {physician_id}: its learner id is another's"
        after = rows[-1][:2]
