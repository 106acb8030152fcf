"""Versions of completions, each stored in full as a document beside the record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any

from msgspec import Raw
from sqlalchemy import Connection

from app.domain.credits import Completion, Credit, CreditKind, CreditStatus, Delivery
from app.domain.reports import RemsPart
from app.store.sql.statements import Row, fetch
from app.store.sql.values import read_document, read_instant, to_document
from app.store.states import canonical, key_range

_APART = ("rems", "credits", "client_references")
_COMPLETION = tuple(name for name in Completion.__struct_fields__ if name not in _APART)
_CREDIT = tuple(name for name in Credit.__struct_fields__ if name not in ("status_at", "status_text"))
# The values of enumerations, not the members: those take twice as long to write as JSON.
_VALUES = {"kind": "kind._value_", "status": "status._value_", "delivery": "delivery._value_"}
_of_completion = attrgetter(*_COMPLETION)
_of_credit = attrgetter(*(_VALUES.get(name, name) for name in _CREDIT), "status_text")
_STORED_AS = {
    "physician_id": "learner_id",
    "learner_id": "link",
    "number_reported": "reported_id",
    "number_on_file": "registry_id",
}
"""Fields stored under the names of their columns, as in the versions of earlier releases."""
_COMPLETION_KEYS = tuple(_STORED_AS.get(name, name) for name in _COMPLETION)
_CREDIT_KEYS = (*(_STORED_AS.get(name, name) for name in _CREDIT), "status_text", "status_at")
_INSTANTS = ("submitted_at", "updated_at", "withdrawn_at")
_instant_text = lru_cache(maxsize=1_024)(datetime.isoformat)


def document_of(completion: Completion) -> dict[str, Any]:
    """Return a completion as the document of its version."""
    document: dict[str, Any] = dict(zip(_COMPLETION_KEYS, _of_completion(completion), strict=True))
    document["rems"] = completion.rems_fields
    document["entry_method"] = str(completion.entry_method)
    document["credits"] = [
        dict(zip(_CREDIT_KEYS, (*_of_credit(credit), _instant_text(credit.status_at)), strict=True))
        for credit in completion.credits
    ]
    if completion.client_references:
        document["client_references"] = completion.client_references
    document["completed_on"] = completion.completed_on.isoformat()
    for name in _INSTANTS:
        instant: datetime | None = document[name]
        document[name] = _instant_text(instant) if instant is not None else None
    return document


def rems_text(completion: Completion) -> str | None:
    """Return the risk-mitigation part as a statement takes it."""
    return to_document(completion.rems_fields)


VERSIONS = "completion-version"
"""The purpose of the key under which versions are digested."""


def version_text(row: Mapping[str, Any]) -> bytes:
    """Return what the digest of a version is made over: all columns of its row, the document in canonical JSON."""
    document = row["document"]
    head = (row["completion_id"], row["version"], row["commit_id"], row["verb"], row["at"], row["client_id"])
    return canonical(head) + b"\n" + (document if type(document) is Raw else canonical(document))


_VERSION = "completion_id, version, commit_id, verb, at, client_id, document"


def _read_version(row: Row) -> dict[str, Any]:
    completion_id, version, commit_id, verb, at, client_id, document = row
    return {
        "completion_id": completion_id,
        "version": version,
        "commit_id": commit_id,
        "verb": verb,
        "at": read_instant(at),
        "client_id": client_id,
        "document": read_document(document),
    }


def undigested_after(connection: Connection, noun: str, after: tuple[str, int], limit: int) -> list[dict[str, Any]]:
    """Return the rows of versions after (completion, version) that no upgrade has digested, in their order."""
    rows = fetch(
        connection,
        f"SELECT {_VERSION} FROM completion_versions v WHERE (completion_id, version) > (:id, :version) "
        "AND NOT EXISTS (SELECT 1 FROM record_digests d "
        "WHERE d.noun = :noun AND d.subject_id = v.completion_id AND d.number = v.version) "
        "ORDER BY completion_id, version LIMIT :limit",
        {"noun": noun, "id": after[0], "version": after[1], "limit": limit},
    )
    return [_read_version(row) for row in rows]


def rows_between(connection: Connection, after: str, until: str | None) -> list[dict[str, Any]]:
    """Return the rows of versions of the completions in a range of ids, in their order."""
    between, parameters = key_range("completion_id", after, until)
    rows = fetch(
        connection,
        f"SELECT {_VERSION} FROM completion_versions WHERE {between} ORDER BY completion_id, version",
        parameters,
    )
    return [_read_version(row) for row in rows]


def of_provider(connection: Connection, provider_id: str, completion_id: str) -> list[dict[str, Any]]:
    """Return (`verb`, `at`, `client_id`, `completion`) of the versions of a provider's completion, newest first."""
    rows = fetch(
        connection,
        "SELECT v.verb, v.at, v.client_id, v.document FROM completions c "
        "JOIN completion_versions v ON v.completion_id = c.completion_id "
        "WHERE c.completion_id = :id AND c.provider_id = :provider ORDER BY v.version DESC",
        {"id": completion_id, "provider": provider_id},
    )
    return [
        {
            "verb": verb,
            "at": read_instant(at),
            "client_id": client_id,
            "completion": completion_of(read_document(document)),
        }
        for verb, at, client_id, document in rows
    ]


def completion_of(document: Mapping[str, Any]) -> Completion:
    """Return the completion that a version's document holds."""
    fields = {name: document[key] for name, key in zip(_COMPLETION, _COMPLETION_KEYS, strict=True)}
    fields["completed_on"] = date.fromisoformat(document["completed_on"])
    for name in _INSTANTS:
        fields[name] = datetime.fromisoformat(document[name]) if document[name] is not None else None
    rems = document["rems"]
    return Completion(
        **fields,
        rems=RemsPart(**rems) if rems is not None else None,
        credits=tuple(_credit(credit) for credit in document["credits"]),
        client_references=tuple(document.get("client_references", ())),
    )


def _credit(document: Mapping[str, Any]) -> Credit:
    return Credit(
        **{name: document[_STORED_AS.get(name, name)] for name in _CREDIT}
        | {
            "kind": CreditKind(document["kind"]),
            "status": CreditStatus(document["status"]),
            "delivery": Delivery(document["delivery"]),
            "credit_types": tuple((name, quarters) for name, quarters in document["credit_types"]),
            "client_references": tuple(document["client_references"]),
            "status_at": datetime.fromisoformat(document["status_at"]),
            "status_text": document.get("status_text"),
        }
    )
