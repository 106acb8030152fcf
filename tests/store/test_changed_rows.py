"""What is changed in the database behind the service's back is found, and the row named: one cell of any kind.

The cells are generated from the tables. What is not protected is listed with its reason, so that a new column is either
covered or argued for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import JSON, Boolean, Column, Date, Integer, Table, create_engine, select, text, true
from sqlalchemy.exc import IntegrityError

from app.domain.passport.transcripts import TranscriptPeriod
from app.models.base import Instant
from app.models.tables import metadata
from app.services.access import clients
from app.services.context import Service, operator, transact
from app.services.operations import checks
from app.services.passport import demo_physician, permission, shares
from app.services.passport.shares import ShareRequest
from app.services.people import sessions
from app.store.sql.values import to_document
from app.store.states import LEFT_OUT
from tests.builders.bodies import a_completion, john
from tests.builders.disputes import physician_of
from tests.builders.past_records import a_past_completion, a_past_credit
from tests.harness.access.people import enrolled
from tests.harness.api import Api, settle
from tests.harness.board_views import decide
from tests.harness.held import hold, nora
from tests.harness.moving.installations import COMPLETIONS, import_bytes, ndjson, outcomes
from tests.harness.properties import TIMES

_OPERATIONAL = "work in progress: it is made anew, or ends by itself, and no credit or right depends on it"
UNPROTECTED_TABLES = {
    "uploads": _OPERATIONAL,
    "upload_totals": _OPERATIONAL,
    "board_upload_totals": _OPERATIONAL,
    "upload_pieces": _OPERATIONAL,
    "batches": _OPERATIONAL,
    "batch_pieces": _OPERATIONAL,
    "batch_rows": "answers about records: the records themselves are protected",
    "batch_mends": "what was typed into rows: what is reported of it is judged as any file is",
    "board_marks": "how far a board has read: it says so again with every request",
    "registry_pairs": "what the operator is asked: to merge two physicians changes their rows, which are protected",
    "roster_dates": "counts what boards have tried; nothing that stands on file depends on it",
    "roster_addresses": "whoever changes a row has not the key of its proof: it then confirms nobody",
    "registry_merges": "says what a merge moved, to undo it, which is audited: credit says whose it is",
    "downloads": "a link is nothing but what its client may have anyway, and works for minutes",
    "match_explanations": "says why somebody was found; whom credit belongs to stands with the credit",
    "erased_identities": "by what an import knows again who was erased: at worst they are added anew, which it tells",
    "identity_tries": "what guesses of birth dates have cost: it ends by itself, and no credit depends on it",
    "identity_finds": "who has found whom by a birth date: at worst somebody may guess, or is refused and asks",
    "identity_budgets": "what the operator is shown: it ends by itself, and no credit depends on it",
    "help_requests": "what was asked and answered: what became of the record stands with it, and is protected",
    "registry_generation": _OPERATIONAL,
    "last_decisions": "finds the last row of decisions sooner",
    "webhook_deliveries": _OPERATIONAL,
    "idempotency_keys": "answers kept for a day, to be given again",
    "boards": "codes only: the facts are the board files', whose digest is stored with every completion",
    "digests_due": "empty but within an upgrade",
    "activity_total_deltas": "changes of the last moments, added up by the sealer: they are compared with the totals",
    "unsealed": "marks of the last moments, removed by the sealer",
    "mails": _OPERATIONAL,
    "sign_in_links": "opens what its person may do anyway, for minutes",
    "passport_claims": "who asked for an account, for a day: the account that comes of it is protected",
    "passport_mail_choices": "what its physician is mailed of, and nothing else",
    "passport_notices": _OPERATIONAL,
    "passport_mail_marks": _OPERATIONAL,
    "passport_periods": "what its physician has named, for themselves",
    "passport_visits": "what is marked as new, for the physician alone",
    "address_changes": "opens what its person may do anyway, for days: the address itself is protected, and audited",
    "signing_certificates": "published: who changes one is contradicted by the signatures",
    "disputes": "what is asked of a provider: what becomes of the record stands with it; whose permission ended, too",
    "dispute_steps": "what was said of a record: each step is audited, and the record itself is protected",
    "joining_codes": "works once, for weeks: the account that it opens or confirms is protected, and audited",
    "sessions": "opens what its person may do anyway, for hours: memberships and second factors are protected",
}
UNPROTECTED_COLUMNS = {
    ("catalogues", "first_used_at"): "nothing depends on when a state of the board files was first used",
    ("learner_links", "created_at"): "nothing depends on when a provider first named a learner",
    (
        "decisions",
        "decision_id",
    ): "an opaque name: of a board's last decision it is checked, no other is looked up by it",
    ("events", "event_id"): "an opaque name, by which nothing is found: positions are what readers follow",
} | {(table, column): reason for table, columns in LEFT_OUT.items() for column, reason in columns.items()}
OF_THE_REGISTRY = (
    *("learners", "learner_names", "licenses", "certifications"),
    *("learner_links", "name_forms", "record_digests"),
)
"""Tables whose check takes longest: it is left out where only other tables are changed."""
PROTECTED = [name for name in sorted(metadata.tables) if name not in UNPROTECTED_TABLES]


def share_transcript(service: Service) -> None:
    """Let the physician of the demo publish a transcript and give a link to it, and somebody open that."""
    signed = transact(operator(service), demo_physician.enter, "A browser")
    found = service.database.read(lambda connection: sessions.find(connection, signed.token))
    assert found is not None
    caller = service.database.read(lambda connection: sessions.caller_of(connection, service, found))
    assert caller is not None
    asked = ShareRequest(receiver="A hospital", period=TranscriptPeriod(), fixed=True, days=30)
    made = transact(caller, shares.create, asked, asyncio.run(shares.prepare(caller, asked)))
    assert asyncio.run(shares.view(service, made.token)) is not None


def withdraw_permission(service: Service) -> None:
    """Withdraw, as the physician of the demo, the permission to report one record, and a provider's altogether."""
    ((completion_id, provider_id),) = service.database.read(
        lambda connection: [
            tuple(row)
            for row in connection.exec_driver_sql(
                "SELECT c.completion_id, c.provider_id FROM passport_accounts a "
                "JOIN completions c ON c.learner_id = a.learner_id AND c.withdrawn_at IS NULL "
                "ORDER BY c.completion_id LIMIT 1"
            )
        ]
    )
    physician = physician_of(service, completion_id)
    transact(physician, permission.withdraw_for_record, completion_id, "")
    transact(physician, permission.withdraw_for_provider, provider_id, "")


def take_over(service: Service, folder: Path) -> None:
    """Take over a record of another system."""
    line = a_past_completion(3, a_past_credit(3), completed_on="2021-11-30")
    counts = import_bytes(service, folder, COMPLETIONS, ndjson([line]))
    assert outcomes(counts) == {"read": 1, "added": 1}, counts.listed


@pytest.fixture
def world(api: Api, service: Service, tmp_path: Path) -> None:
    """Something in every protected table: credit decided on, corrected and withdrawn, held records, an endpoint."""
    body = john(reference="one", client_reference="row")
    credit_id = api.report(body).json["credits"][0]["credit_id"]
    settle(service)
    decide(service, credit_id, "rejected")
    api.report(a_completion())
    held = hold(api, nora(reference="held", client_reference="row"))
    assert api.post(f"/v1/held-records/{held.json['held_id']}/set-aside", None).status == 200
    hold(api, nora(reference="held", credits=1))
    vendor = transact(operator(service), clients.create, "A vendor", role="vendor")
    transact(operator(service), clients.grant, vendor.client_id, "0008001")
    assert api.post("/v1/webhook-endpoints", {"url": "https://example.org/hook"}).status == 201
    enrolled(service)
    share_transcript(service)
    withdraw_permission(service)
    take_over(service, tmp_path)
    settle(service)
    assert checks.find_faults(service) == []


def cells(table: Table) -> Iterator[Column[Any]]:
    yield from (column for column in table.columns if (table.name, column.name) not in UNPROTECTED_COLUMNS)


def other_values(column: Column[Any], value: Any, others: list[Any]) -> Iterator[Any]:
    """Yield values that a cell might be changed to, as SQLAlchemy writes them."""
    if value is not None and column.nullable:
        yield None
    yield from [other for other in others if other is not None and other != value][:1]
    if isinstance(column.type, JSON):
        yield {"changed": value}
    elif isinstance(column.type, Boolean):
        yield not value
    elif isinstance(column.type, Integer):
        yield (value or 0) + 1
    elif isinstance(column.type, Date):
        yield (value or date(2021, 1, 1)) + timedelta(days=1)
    elif isinstance(column.type, Instant):
        yield (value or datetime(2021, 1, 1, tzinfo=UTC)) + timedelta(seconds=1)
    else:
        yield f"{value or ''}0"


def is_live(table: Table) -> Any:
    """Return the condition that leaves out learners of the sandbox: they are about nobody, and not protected."""
    if table.name not in ("learners", "learner_names", "licenses", "certifications", "name_forms"):
        return true()
    learners = metadata.tables["learners"]
    return table.columns["learner_id"].in_(select(learners.c.learner_id).where(learners.c.sandbox == ""))


class Intruder:
    """Somebody with the rights of a database administrator, for whom neither triggers nor references count."""

    def __init__(self, service: Service) -> None:
        # Documents are written as the service writes them: a change taken back leaves the same bytes.
        engine = create_engine(service.settings.sqlalchemy_url, json_serializer=to_document)
        self.connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        if service.database.on_sqlite:
            self.run(text("PRAGMA foreign_keys = OFF"))
            for (name,) in self.run(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
                self.run(text(f"DROP TRIGGER {name}"))
        else:
            self.run(text("SET session_replication_role = replica"))

    def run(self, statement: Any) -> Any:
        return self.connection.execute(statement)

    def close(self) -> None:
        self.connection.close()
        self.connection.engine.dispose()

    def change(self, table: Table, row: Any, column: Column[Any], value: Any) -> None:
        keys = [key == row._mapping[key] for key in table.primary_key.columns]
        self.run(table.update().where(*keys).values({column.name: value}))

    def change_back(self, table: Table, row: Any, column: Column[Any], value: Any) -> None:
        now = {**row._asdict(), column.name: value}
        keys = [key == now[key.name] for key in table.primary_key.columns]
        self.run(table.update().where(*keys).values({column.name: row._mapping[column]}))


@pytest.fixture
def intruder(service: Service) -> Iterator[Intruder]:
    found = Intruder(service)
    yield found
    found.close()


def test_what_is_not_protected_is_there_and_has_its_reason() -> None:
    assert UNPROTECTED_TABLES.keys() <= metadata.tables.keys()
    for name, column in UNPROTECTED_COLUMNS:
        assert column in metadata.tables[name].columns


@pytest.mark.exhaustive
def test_a_change_of_any_cell_behind_the_services_back_is_found(
    world: None, service: Service, intruder: Intruder
) -> None:
    missed = [found for name in PROTECTED for found in missed_in(metadata.tables[name], service, intruder)]
    assert missed == []
    assert checks.find_faults(service) == []


def changed_to(intruder: Intruder, table: Table, row: Any, column: Column[Any], values: list[Any]) -> Iterator[Any]:
    """Change a cell to one value after another, but for those that a constraint refuses, and yield each."""
    for value in other_values(column, row._mapping[column], values):
        try:
            intruder.change(table, row, column, value)
        except IntegrityError:
            continue
        yield value


def missed_in(table: Table, service: Service, intruder: Intruder) -> Iterator[tuple[str, str, Any, list[str]]]:
    """Change each cell of a row and change it back; yield the changes that no check tells of."""
    rows = intruder.run(select(table).where(is_live(table)).order_by(*table.primary_key.columns)).all()
    assert rows, f"nothing to change in {table.name}"
    tried = 0
    for column in cells(table):
        values = [row._mapping[column] for row in rows]
        row = next((row for row in reversed(rows) if row._mapping[column] is not None), rows[-1])
        for value in islice(changed_to(intruder, table, row, column, values), TIMES):
            tried += 1
            faults = checks.find_faults(service, whole=table.name in OF_THE_REGISTRY)
            if not faults or any("cannot be read" in fault for fault in faults):
                yield table.name, column.name, value, faults
            intruder.change_back(table, row, column, value)
    assert tried >= len(list(cells(table))) / 2, f"too little was tried in {table.name}"
