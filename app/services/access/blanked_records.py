"""Completions without the person whom they were about: written over what stood, each with a version and an entry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from app.domain.audit import CompletionAudit
from app.domain.credits import Completion
from app.domain.identity.comparison_keys import full_name_key
from app.domain.identity.erasure import FADED
from app.services.context import Work
from app.store import completion_versions, record_digests
from app.store.access import erasure
from app.store.completion_versions import VERSIONS, version_text
from app.store.states import canonical


def write_blanked(
    work: Work,
    blanked: Iterable[Completion],
    versions: Sequence[Mapping[str, Any]],
    blank_document: Callable[[Mapping[str, Any]], dict[str, Any]],
) -> str | msgspec.UnsetType:
    """Write completions that were blanked as new versions, and blank the documents of versions about the person.

    Returns the digest of the digests of the versions whose documents changed; UNSET where none did.
    """
    connection, keyring = work.connection, work.service.keyring
    rows, added = [], []
    for completion in sorted(blanked, key=lambda one: one.completion_id):
        after = replace(completion, version=completion.version + 1, updated_at=work.now)
        row, digest = _version_row(work, after)
        added.append(row)
        rows.append(
            {
                "completion_id": after.completion_id,
                "version": after.version,
                "updated_at": work.now,
                "rems": completion_versions.rems_text(after),
            }
        )
        work.audit("erase", after.completion_id, _audit_of(after, digest))
    faded = []
    for version in versions:
        document = blank_document(version["document"])
        if document != version["document"]:
            faded.append({**version, "document": document})
    last_key, first_key = full_name_key(None, None)
    erasure.blank_completions(connection, rows, first_key, last_key)
    erasure.write_versions(connection, faded, added)
    if not faded:
        return msgspec.UNSET
    return record_digests.insert_digests(
        connection,
        keyring,
        work.commit_id,
        FADED,
        [(row["completion_id"], row["version"], keyring.record_digest(VERSIONS, version_text(row))) for row in faded],
    )


def _version_row(work: Work, after: Completion) -> tuple[dict[str, Any], str]:
    """Return the row of the version that an erasure leaves, and its digest."""
    row = {
        "completion_id": after.completion_id,
        "version": after.version,
        "commit_id": work.commit_id,
        "verb": "erase",
        "at": work.now,
        "client_id": work.caller.client.client_id,
        "document": Raw(canonical(completion_versions.document_of(after))),
    }
    return row, work.service.keyring.record_digest(VERSIONS, version_text(row))


def _audit_of(after: Completion, digest: str) -> CompletionAudit:
    """Return what the audit log says of a completion whose person was blanked."""
    return CompletionAudit(
        version=after.version,
        activity_id=after.activity_id,
        boards=[],
        reported=[],
        corrected=[],
        withdrawn=[],
        decided=[],
        provider_id=after.provider_id,
        digest=digest,
    )
