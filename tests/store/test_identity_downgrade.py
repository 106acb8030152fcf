"""Before and after the change by which people are found: an older release takes over, and hands back."""

from __future__ import annotations

from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from fastapi.testclient import TestClient
from sqlalchemy import Connection, text

from app.domain.identity.learners import Holding, NameKind, OtherName, RegistryRow
from app.domain.parsing import MonthDay
from app.models.tables import metadata
from app.services.context import Service
from app.services.operations import baseline, checks
from app.services.registry import imports
from app.store import schema
from tests.builders.bodies import a_completion
from tests.builders.merging import ann, import_twice
from tests.builders.sent_files import lines, tab_text
from tests.harness.api import Api, api_of, settle
from tests.harness.uploads import rows_of, worked

pytestmark = pytest.mark.usefixtures("proven")

BEFORE = "0019"
ROSTER = {"First Name": "Ada", "Last Name": "Lovell", "Date of Birth": "12/10", "Board ID": "770001"}
TOLD = RegistryRow(
    first_name="Ida",
    last_name="Wren",
    birth_date=MonthDay(6, 11),
    other_names=(OtherName(kind=NameKind.FORMER, first_name="Idabel", middle_name="Q", last_name="Sparrow"),),
    licenses=(
        Holding(board="TN-M", number="T1"),
        Holding(board="ME-M", number="M1", self_reported=True),
    ),
)


def fetched(service: Service, query: str) -> list[tuple[Any, ...]]:
    return service.database.read(lambda connection: [tuple(row) for row in connection.execute(text(query))])


def go_back_and_upgrade(service: Service) -> None:
    def migrate(connection: Connection) -> None:
        config = schema._config(connection)
        command.downgrade(config, BEFORE)
        command.upgrade(config, "head")
        baseline.take(connection, service)

    service.database.write(migrate)
    settle(service)


def differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata))


def test_what_an_older_release_knows_lives_through_it(http: TestClient, service: Service, api: Api) -> None:
    imports.import_rows(service, [(1, TOLD)])
    import_twice(service)
    reported = api.report(ann()).json["completion_id"]
    sent = worked(api, service, lines([a_completion(completed_on="2021-11-05")]))
    board = api_of(http, service, "ABIM", role="board", board="ABIM")
    worked(board, service, tab_text([ROSTER], list(ROSTER)), "roster", permission_attested=None)
    settle(service)
    kept = {
        query: fetched(service, query)
        for query in (
            "SELECT learner_id, npi, merged_into FROM learners ORDER BY learner_id",
            "SELECT learner_id, last_key, first_key, birth_date, last_name FROM learner_names ORDER BY 1, 2, 3",
            "SELECT learner_id, board, id_key FROM licenses WHERE self_reported IS NULL ORDER BY 1, 2, 3",
            "SELECT learner_id, board, id_key FROM certifications ORDER BY 1, 2, 3",
            "SELECT * FROM batches WHERE board IS NULL ORDER BY batch_id",
            "SELECT batch_id, place FROM batch_rows JOIN batches USING (batch_id) WHERE board IS NULL ORDER BY 1, 2",
            "SELECT completion_id FROM completions ORDER BY 1",
            "SELECT learner_id, other_id FROM registry_pairs ORDER BY 1, 2",
        )
    }
    go_back_and_upgrade(service)
    assert service.database.read(differences) == []
    for query, rows in kept.items():
        assert fetched(service, query) == rows, query
    assert [row["outcome"] for row in rows_of(api, sent)] == ["added"]
    assert api.get(f"/v1/learner-completions/{reported}").status == 200
    assert api.report(a_completion()).status == 201


def test_a_licence_that_its_holder_alone_told_never_becomes_one_that_is_credited(service: Service) -> None:
    imports.import_rows(service, [(1, TOLD)])
    go_back_and_upgrade(service)
    held = "SELECT h.board FROM licenses h JOIN learners l ON l.learner_id = h.learner_id WHERE l.last_name = 'Wren'"
    assert fetched(service, held) == [("TN-M",)]


def test_nothing_of_the_way_there_and_back_is_a_fault(service: Service) -> None:
    """What an older release cannot keep is digested as it stands by the upgrade after it, in the same transaction."""
    imports.import_rows(service, [(1, TOLD)])
    settle(service)
    assert checks.find_faults(service) == []

    go_back_and_upgrade(service)
    assert checks.find_faults(service) == []
