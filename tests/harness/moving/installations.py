"""Two installations: what one has kept is exported, and imported into the other."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from app.core.clock import Clock
from app.domain.batches import BatchKind
from app.domain.credits import CreditStatus
from app.domain.moving.telling import TellBoards
from app.main import answer_for
from app.services.context import Service
from app.services.moving.files import ImportWanted, MovedCounts, import_file
from app.services.operations.startup import open_service
from app.store.sql import statements
from tests.harness.api import Api
from tests.harness.databases import settings_for

PROVIDER = "0008001"
COMPLETIONS, ACTIVITIES = "/v1/learner-completions", "/v1/activities"
KINDS = {COMPLETIONS: BatchKind.LEARNER_COMPLETIONS, ACTIVITIES: BatchKind.ACTIVITIES}


@contextmanager
def installation(url: str, folder: Path, at: Clock) -> Iterator[Service]:
    """Open an installation whose database is there."""
    service = open_service(settings_for(url, folder), at=at, migrate=False)
    try:
        yield service
    finally:
        service.database.close()


def import_bytes(
    service: Service,
    folder: Path,
    path: str,
    content: bytes,
    *,
    name: str = "moved.ndjson",
    provider: str = PROVIDER,
    rejected: Path | None = None,
    tell: TellBoards = TellBoards.NONE,
    status: CreditStatus | None = None,
    submitted: datetime | None = None,
) -> MovedCounts:
    """Import a file of the kind that a list is exported as."""
    file = folder / name
    file.write_bytes(content)
    counts = MovedCounts()
    wanted = ImportWanted(kind=KINDS[path], provider_id=provider, tell=tell, status=status, submitted=submitted)
    import_file(service, file, wanted, counts, rejected)
    return counts


def outcomes(counts: MovedCounts) -> dict[str, int]:
    """Return the counts that are not nought."""
    return {name: count for name, count in counts.as_document().items() if count}


def exported(api: Api, path: str, format: str = "ndjson", **query: Any) -> bytes:
    """Return a list as a file."""
    answer = api.get(f"{path}:export", format=format, **query)
    assert answer.status == 200, answer.json
    return answer.response.content


def lines_of(content: bytes) -> list[Any]:
    """Return the records of NDJSON."""
    return [json.loads(line) for line in content.decode().splitlines()]


def ndjson(records: Any) -> bytes:
    """Return records as NDJSON."""
    return "".join(f"{json.dumps(record, ensure_ascii=False)}\n" for record in records).encode()


def answering_for(app: FastAPI, service: Service) -> None:
    """Let the application answer for an installation."""
    answer_for(app, service)


def what_was_told(service: Service) -> Mapping[str, list[tuple[Any, ...]]]:
    """Return what boards, providers and physicians are told, or are to be told."""
    rows = everything(service)
    return {name: rows[name] for name in ("board_events", "feed", *_TOLD)}


_TOLD = ("events", "webhook_deliveries", "passport_notices", "mails")


def everything(service: Service) -> Mapping[str, list[tuple[Any, ...]]]:
    """Return all rows that an import may write, but for what every run writes of itself: to see that none changed."""
    tables = (
        "activities", "activity_boards", "completions", "credits", "credit_types", "credit_references",
        "completion_references", "completion_versions", "imported_credits", "ledger", "board_events", "feed",
        "learner_links", "match_explanations", *_TOLD,
    )  # fmt: skip
    return service.database.read(
        lambda connection: {
            table: sorted((tuple(row) for row in statements.fetch(connection, f"SELECT * FROM {table}")), key=repr)
            for table in tables
        }
    )
