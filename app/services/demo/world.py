"""The demo world: the slides' providers, learners, activities and transcripts, and 3,000 synthetic physicians."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from itertools import chain
from pathlib import Path
from typing import Any

from app.core.errors import OperatorFault
from app.core.private_files import write_private
from app.domain.batches import EntryMethod
from app.domain.boards import BoardKind
from app.domain.clients import Role
from app.domain.credits import Outcome
from app.domain.identity.comparison_keys import full_name_key
from app.domain.identity.learners import RegistryRow
from app.domain.parsing import read_date
from app.schemas.activities import ActivityIn
from app.schemas.completions import CompletionIn
from app.services.access import clients
from app.services.activities import registration
from app.services.context import Service, Work, operator, transact
from app.services.registry import imports
from app.services.registry.generating.physicians import synthetic_physicians
from app.services.reporting import pipeline
from app.services.sandbox import providers
from app.store import activities as stored_activities
from app.store import clients as stored_clients

WORLD = Path(__file__).parent / "world.toml"
PROVIDER = "0008001"
CLIENT = "demo"
PHYSICIANS = 3_000
SEED = 20_220_421


def load(service: Service, *, physicians: int = PHYSICIANS) -> Path:
    """Load the demo world, which may be repeated, and write a new key of the client `demo`; return the key's file.

    `physicians` is the number of synthetic ones.
    """
    world = tomllib.loads(WORLD.read_text(encoding="utf-8"))
    transact(operator(service), add_providers, world["providers"])
    _import_learners(service, world["learners"], physicians)
    for activity in world["activities"]:
        transact(operator(service, activity["provider"]), register_activity, activity)
    for completion in world["completions"]:
        transact(operator(service, completion["provider"]), _report_completion, completion)
    transact(operator(service), providers.shared)
    path = service.settings.data_dir / "demo-key"
    key = transact(operator(service), _renew_key, CLIENT, role=Role.PROVIDER, provider_ids=[PROVIDER])
    write_private(path, key + "\n")
    return path


def add_providers(work: Work, given: Iterable[dict[str, Any]]) -> None:
    """Add those of some providers that are missing."""
    for provider in given:
        if not stored_clients.provider_exists(work.connection, provider["provider_id"]):
            clients.add_provider(work, **provider)


def _import_learners(service: Service, given: Sequence[dict[str, Any]], physicians: int) -> None:
    named = [imports.read_row(learner, service.catalogue) for learner in given]
    codes = {
        kind: [board.code for board in service.catalogue.boards.values() if board.kind is kind] for kind in BoardKind
    }
    synthetic: Iterable[RegistryRow] = synthetic_physicians(
        physicians,
        SEED,
        licensing=codes[BoardKind.LICENSING],
        certifying=codes[BoardKind.CERTIFYING],
        reserved=frozenset(full_name_key(row.first_name, row.last_name) for row in named),
    )
    counts = imports.import_rows(service, enumerate(chain(named, synthetic), 1))
    if counts.refused:
        line, reason = counts.refused[0]
        raise OperatorFault(f"learner {line}: {reason}")


def register_activity(work: Work, given: dict[str, Any]) -> None:
    """Register an activity that is given as the API takes it, with its `provider`, unless its id is there."""
    body = ActivityIn.model_validate({name: value for name, value in given.items() if name != "provider"})
    if stored_activities.one(work.connection, given["provider"], given["activity_id"]) is None:
        registration.register(work, body.as_activity(given["provider"]))


def _report_completion(work: Work, given: dict[str, Any]) -> None:
    fields = {name: value for name, value in given.items() if name not in ("provider", "submitted")}
    body = CompletionIn.model_validate(fields)
    day = read_date(given["submitted"])
    if not isinstance(day, date):
        raise OperatorFault(f"{given['activity_id']}: no day of submission")
    received = datetime.combine(day, time(12), UTC)
    (result,) = pipeline.submit([work], [body.as_report(given["provider"], received, EntryMethod.API)])
    if result.outcome is Outcome.REJECTED:
        broken = ", ".join(finding.rule for finding in result.findings if finding.rejects)
        raise OperatorFault(f"completion of {given['activity_id']} on {given['completed_on']}: {broken}")


def renew_board_key(service: Service, code: str) -> tuple[str, str]:
    """Write a new key of a board's demo client; return the board's code and the key. Raises `OperatorFault`."""
    known = service.catalogue.board(code)
    if known is None:
        raise OperatorFault(f"There is no board {code}.")
    name = f"{CLIENT}-board-{known.code}"
    key = transact(operator(service), _renew_key, name, role=Role.BOARD, board=known.code)
    write_private(service.settings.data_dir / f"{name}-key", key + "\n")
    return known.code, key


def _renew_key(work: Work, /, name: str, **given: Any) -> str:
    """Return a new key of a demo client, which is created if missing; its earlier keys are revoked."""
    known = stored_clients.client_named(work.connection, name)
    return clients.create(work, name, **given).api_key if known is None else clients.renew_key(work, known)
