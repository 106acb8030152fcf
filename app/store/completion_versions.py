"""Earlier versions of completions, as they are kept beside the record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection

from app.domain.credits import Completion, Credit, CreditKind, CreditStatus, Delivery
from app.domain.reports import RemsPart
from app.store.sql.statements import fetch
from app.store.sql.values import read_document, read_instant

_COMPLETION = tuple(name for name in Completion.__struct_fields__ if name not in ("rems", "credits"))
_CREDIT = tuple(name for name in Credit.__struct_fields__ if name not in ("status_at", "status_text"))
# Words are kept as they are written, not as members of their lists: those take twice as long to write.
_WORDS = {"kind": "kind._value_", "status": "status._value_", "delivery": "delivery._value_"}
_of_completion = attrgetter(*_COMPLETION)
_of_credit = attrgetter(*(_WORDS.get(name, name) for name in _CREDIT), "status_text")
_KEPT_AS = {
    "physician_id": "learner_id",
    "learner_id": "link",
    "number_reported": "reported_id",
    "number_on_file": "registry_id",
}
"""Fields that are kept under the names of their columns: versions written long ago have these."""
_COMPLETION_KEPT = tuple(_KEPT_AS.get(name, name) for name in _COMPLETION)
_CREDIT_KEPT = (*(_KEPT_AS.get(name, name) for name in _CREDIT), "status_text", "status_at")
_INSTANTS = ("submitted_at", "updated_at", "withdrawn_at")
_moment = lru_cache(maxsize=1_024)(datetime.isoformat)


def document_of(completion: Completion) -> dict[str, Any]:
    """Return a version of a completion in full, as it is kept beside the record."""
    document: dict[str, Any] = dict(zip(_COMPLETION_KEPT, _of_completion(completion), strict=True))
    document["rems"] = completion.rems_fields
    document["entry_method"] = str(completion.entry_method)
    document["credits"] = [
        dict(zip(_CREDIT_KEPT, (*_of_credit(credit), _moment(credit.status_at)), strict=True))
        for credit in completion.credits
    ]
    document["completed_on"] = completion.completed_on.isoformat()
    for name in _INSTANTS:
        moment: datetime | None = document[name]
        document[name] = _moment(moment) if moment is not None else None
    return document


def of_provider(connection: Connection, provider_id: str, completion_id: str) -> list[dict[str, Any]]:
    """Return every version of a provider's completion, newest first, as `verb`, `at`, `client_id`, `completion`."""
    found = fetch(
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
            "completion": _completion(read_document(document)),
        }
        for verb, at, client_id, document in found
    ]


def _completion(document: Mapping[str, Any]) -> Completion:
    given = {name: document[kept] for name, kept in zip(_COMPLETION, _COMPLETION_KEPT, strict=True)}
    given["completed_on"] = date.fromisoformat(document["completed_on"])
    for name in _INSTANTS:
        given[name] = datetime.fromisoformat(document[name]) if document[name] is not None else None
    rems = document["rems"]
    return Completion(
        **given,
        rems=RemsPart(**rems) if rems is not None else None,
        credits=tuple(_credit(each) for each in document["credits"]),
    )


def _credit(document: Mapping[str, Any]) -> Credit:
    return Credit(
        **{name: document[_KEPT_AS.get(name, name)] for name in _CREDIT}
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
