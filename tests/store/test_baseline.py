"""What stood before there were digests is digested by the upgrade, in the same transaction, and said so."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection, text

from app.core.database.transactions import Database
from app.services.access import clients
from app.services.context import Service, operator, transact
from app.services.operations import baseline, checks
from app.services.operations.startup import open_service
from app.store import record_digests, schema
from tests.harness.api import settle
from tests.harness.databases import database_address, execute, settings_for

AT = "'2026-01-01T00:00:00.000000Z'"
BEFORE = (
    f"INSERT INTO providers (provider_id, name, joint, created_at) VALUES ('0000001', 'P', false, {AT})",
    (
        "INSERT INTO learners (learner_id, first_name, last_name, birth_date, sandbox, created_at, updated_at) VALUES "
        f"('l1', 'A', 'B', '01/01', '', {AT}, {AT}), ('l2', 'A', 'C', '01/02', '', {AT}, {AT})"
    ),
    (
        "INSERT INTO learner_names (learner_id, last_key, first_key, birth_date, last_name) VALUES "
        "('l1', 'b', 'a', '01/01', 'B'), ('l2', 'c', 'a', '01/02', 'C')"
    ),
    (
        "INSERT INTO clients (client_id, name, role, test, scopes, permission_attested_by, permission_attested_at, "
        f"created_at) VALUES ('c', 'C', 'provider', false, '[]', 'C', {AT}, {AT})"
    ),
    f"INSERT INTO grants (client_id, provider_id, granted_at) VALUES ('c', '0000001', {AT})",
)


def upgrade_from_before(url: str, folder: Path) -> None:
    """Make a database of the revision before, with a provider, a client and two physicians, and upgrade it."""
    database = Database(url.replace("postgresql://", "postgresql+psycopg://"))

    def fill(connection: Connection) -> None:
        command.upgrade(schema._config(connection), "0016")
        for statement in BEFORE:
            connection.execute(text(statement))

    database.write(fill)
    database.close()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(baseline, "AT_ONCE", 1)
        open_service(settings_for(url, folder)).database.close()


@pytest.fixture(scope="session")
def upgraded_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An upgraded SQLite file, to be copied: the upgrade takes longer than a test."""
    folder = tmp_path_factory.mktemp("upgraded")
    upgrade_from_before(f"sqlite:///{folder}/old.db", folder)
    return folder / "old.db"


@pytest.fixture(scope="session")
def upgraded_database(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of an upgraded PostgreSQL database, to be copied."""
    execute(postgres, "CREATE DATABASE upgraded")
    upgrade_from_before(database_address(postgres, "upgraded"), tmp_path_factory.mktemp("upgraded"))
    return "upgraded"


@pytest.fixture(params=["sqlite", "postgresql"])
def upgraded(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """An installation that was upgraded from the revision before."""
    monkeypatch.setattr(baseline, "AT_ONCE", 1)
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("upgraded_file"), tmp_path / "old.db")
        url = f"sqlite:///{tmp_path}/old.db"
    else:
        server: str = request.getfixturevalue("postgres")
        template: str = request.getfixturevalue("upgraded_database")
        execute(server, f"CREATE DATABASE old TEMPLATE {template} STRATEGY FILE_COPY")
        url = database_address(server, "old")
    service = open_service(settings_for(url, tmp_path / "data"))
    yield service
    service.database.close()
    if request.param == "postgresql":
        execute(server, "DROP DATABASE old WITH (FORCE)")


def run(service: Service, statement: str) -> None:
    service.database.write(lambda connection: connection.execute(text(statement)))


def test_what_stood_is_digested_and_the_check_says_since_when(upgraded: Service) -> None:
    checked = checks.check(upgraded)
    assert checked.faults == []
    told = [note for note in checked.notes if note.startswith("digests of")]
    assert [note.split(" were made")[0] for note in told] == [
        "digests of 1 subjects of the kind client",
        "digests of 2 subjects of the kind learner",
        "digests of 1 subjects of the kind provider",
    ]
    assert upgraded.database.read(record_digests.due) == []


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE learners SET first_name = 'Z' WHERE learner_id = 'l2'", "learner l2"),
        ("UPDATE clients SET role = 'operator' WHERE client_id = 'c'", "client c"),
        ("DELETE FROM grants", "client c"),
        ("UPDATE providers SET name = 'Z'", "provider 0000001"),
        (
            (
                "INSERT INTO clients (client_id, name, role, test, scopes, permission_attested_by, "
                f"permission_attested_at, created_at) VALUES ('d', 'D', 'operator', false, '[]', 'D', {AT}, {AT})"
            ),
            "client d: nobody added it",
        ),
    ],
)
def test_what_is_changed_after_the_upgrade_is_found(upgraded: Service, statement: str, named: str) -> None:
    run(upgraded, statement)
    (fault,) = checks.find_faults(upgraded)
    assert named in fault


def test_kinds_that_a_later_migration_lists_are_digested_with_it(upgraded: Service) -> None:
    def migrate(connection: Connection) -> None:
        connection.execute(text("UPDATE learners SET medical_school = 'Z' WHERE learner_id = 'l2'"))
        connection.execute(text("UPDATE clients SET name = 'Z' WHERE client_id = 'c'"))
        connection.execute(text("INSERT INTO digests_due (noun) VALUES ('learner'), ('client')"))
        baseline.take(connection, upgraded)

    transact(operator(upgraded), clients.add_provider, "0000002", "Q")
    transact(operator(upgraded), clients.renew_key, "c")
    upgraded.database.write(migrate)
    assert checks.find_faults(upgraded) == []
    transact(operator(upgraded), clients.revoke_client, "c")
    assert checks.find_faults(upgraded) == []
    settle(upgraded)
    assert checks.find_faults(upgraded) == []


def test_nobody_has_their_own_changes_digested(upgraded: Service) -> None:
    run(upgraded, "UPDATE learners SET medical_school = 'Z' WHERE learner_id = 'l2'")
    run(upgraded, "INSERT INTO digests_due (noun) VALUES ('learner')")
    again = open_service(upgraded.settings)
    again.database.close()
    due, changed = checks.find_faults(upgraded)
    assert "digests are made in the transaction of an upgrade: learner" in due
    assert "learner l2" in changed


def test_the_way_back_and_forth_again_is_no_fault(upgraded: Service) -> None:
    """What the earlier release did in between is digested by the second upgrade, as what stood before the first was."""
    transact(operator(upgraded), clients.renew_key, "c")
    upgraded.database.write(lambda connection: command.downgrade(schema._config(connection), "0016"))
    run(upgraded, "UPDATE clients SET name = 'D' WHERE client_id = 'c'")
    run(upgraded, "UPDATE learners SET medical_school = 'M' WHERE learner_id = 'l1'")
    again = open_service(upgraded.settings)
    assert checks.find_faults(again) == []
    run(again, "UPDATE clients SET name = 'C' WHERE client_id = 'c'")
    (fault,) = checks.find_faults(again)
    assert "client c" in fault
    again.database.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE learner_names SET last_key = 'x' WHERE learner_id = 'l2'",
        "UPDATE learner_names SET first_key = 'x' WHERE learner_id = 'l2'",
        "UPDATE learner_names SET last_name = 'x' WHERE learner_id = 'l2'",
        "DELETE FROM learner_names WHERE learner_id = 'l2'",
        "UPDATE learners SET first_name = 'x' WHERE learner_id = 'l2'",
    ],
)
def test_a_name_under_other_keys_is_found_though_it_stood_so_before(upgraded: Service, statement: str) -> None:
    def change(connection: Connection) -> None:
        connection.execute(text(statement))
        connection.execute(text("INSERT INTO digests_due (noun) VALUES ('learner')"))
        baseline.take(connection, upgraded)

    upgraded.database.write(change)
    (fault,) = checks.find_faults(upgraded)
    assert fault == "changed: learner l2: a row of learner_names has not the keys of its name"
