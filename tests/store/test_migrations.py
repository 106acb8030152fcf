"""The migrations make exactly the schema that the tables declare, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from msgspec.structs import replace
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from app.core.database.transactions import Database
from app.core.errors import ConfigurationError
from app.domain.identity.comparison_keys import NAME_KEYS
from app.domain.identity.learners import RegistryRow
from app.domain.parsing import read_month_day
from app.matching.names import NAME_FORMS
from app.models.commits import APPEND_ONLY
from app.models.tables import metadata
from app.services.batches import uploads
from app.services.context import Service
from app.services.operations import checks
from app.services.operations.startup import open_service
from app.services.registry import imports
from app.store import feed, schema
from app.store.registry import name_keys
from tests.builders.bodies import a_completion
from tests.builders.disputes import physician_of
from tests.builders.past_records import a_past_completion
from tests.builders.people import import_people
from tests.harness.api import Api, settle
from tests.harness.board_views import decide
from tests.harness.moving.installations import COMPLETIONS, import_bytes, ndjson
from tests.harness.uploads import upload


def test_an_upgrade_from_nothing_makes_what_the_tables_declare(empty: Database) -> None:
    assert empty.read(schema.current) is None
    empty.write(schema.upgrade)
    empty.write(schema.upgrade)

    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata))

    assert empty.read(differences) == []
    assert empty.read(schema.current) == schema.head()


def test_physicians_and_who_refers_to_them_live_through_the_change_of_their_table(empty: Database) -> None:
    """SQLite makes the table again; a test client's right to a live provider ends."""
    at = "'2026-01-01T00:00:00.000000Z'"
    before = (
        f"INSERT INTO providers (provider_id, name, joint, created_at) VALUES ('0000001', 'P', false, {at})",
        (
            "INSERT INTO learners (learner_id, first_name, last_name, birth_date, npi, created_at, updated_at) VALUES "
            f"('l1', 'A', 'B', '01/01', '1999900016', {at}, {at}), ('l2', 'A', 'C', '01/01', NULL, {at}, {at})"
        ),
        "UPDATE learners SET merged_into = 'l1' WHERE learner_id = 'l2'",
        "INSERT INTO learner_names VALUES ('l1', 'b', 'a', '01/01', 'B'), ('l2', 'c', 'a', '01/01', 'C')",
        f"INSERT INTO learner_links VALUES ('0000001', 'l1', 'lrn_1', {at})",
        (
            "INSERT INTO clients (client_id, name, role, test, scopes, permission_attested_by, "
            f"permission_attested_at, created_at) VALUES ('t', 'T', 'provider', true, '[]', 'T', {at}, {at}), "
            f"('c', 'C', 'provider', false, '[]', 'C', {at}, {at})"
        ),
        f"INSERT INTO grants VALUES ('t', '0000001', {at}, NULL), ('c', '0000001', {at}, NULL)",
    )

    def fill(connection: Connection) -> None:
        command.upgrade(schema._config(connection), "0005")
        for statement in before:
            connection.execute(text(statement))

    empty.write(fill)
    empty.write(schema.upgrade)

    def found(connection: Connection) -> list[object]:
        queries = (
            "SELECT learner_id, npi, sandbox, merged_into FROM learners ORDER BY learner_id",
            "SELECT learner_id FROM learner_names ORDER BY learner_id",
            "SELECT link FROM learner_links",
            "SELECT client_id FROM grants WHERE revoked_at IS NULL",
        )
        return [[tuple(row) for row in connection.execute(text(query))] for query in queries]

    assert empty.read(found) == [
        [("l1", "1999900016", "", None), ("l2", None, "", "l1")],
        [("l1",), ("l2",)],
        [("lrn_1",)],
        [("c",)],
    ]
    for statement in (
        "INSERT INTO learner_links VALUES ('0000001', 'nobody', 'lrn_2', " + at + ")",
        "DELETE FROM learners WHERE learner_id = 'l1'",
        "UPDATE learners SET npi = '1999900016'",
        "UPDATE providers SET sandbox_of = 'nobody'",
    ):
        with pytest.raises(DBAPIError):
            empty.write(lambda connection, statement=statement: connection.execute(text(statement)))


def apply_again(connection: Connection, before: str, revision: str) -> None:
    """Apply one migration to a database in which what it adds was undone; what later ones add still stands."""
    connection.execute(text(f"UPDATE alembic_version SET version_num = '{before}'"))
    command.upgrade(schema._config(connection), revision)
    connection.execute(text(f"UPDATE alembic_version SET version_num = '{schema.head()}'"))


def test_the_last_decision_of_a_board_is_found_among_those_made_before_the_table(service: Service, api: Api) -> None:
    credit_id = api.report(a_completion()).json["credits"][0]["credit_id"]
    for status in ("rejected", "accepted"):
        decide(service, credit_id, status)
    last = service.database.read(lambda connection: feed.last_decision(connection, "TN-M"))

    def again(connection: Connection) -> None:
        connection.execute(text("DROP TABLE last_decisions"))
        apply_again(connection, "0011", "0012")

    service.database.write(again)
    assert service.database.read(lambda connection: feed.last_decision(connection, "TN-M")) == last != ""
    settle(service)


def test_uploads_from_before_there_was_a_quota_are_counted(service: Service, api: Api) -> None:
    contents = [b"a" * 100, b"b" * 20]
    for content in contents:
        assert upload(api, content).status == 202

    def again(connection: Connection) -> None:
        connection.execute(text("DROP TABLE upload_totals"))
        for column in ("provider_id", "stored"):
            connection.execute(text(f"ALTER TABLE uploads DROP COLUMN {column}"))
        at = "'2026-01-01T00:00:00.000000Z'"
        connection.execute(text(f"INSERT INTO uploads (upload_id, created_at) VALUES ('left', {at})"))
        connection.execute(text("INSERT INTO upload_pieces (upload_id, piece, content) VALUES ('left', 0, '')"))
        apply_again(connection, "0012", "0013")

    service.database.write(again)
    counted = service.database.read(
        lambda conn: conn.execute(text("SELECT provider_id, bytes FROM upload_totals")).all()
    )
    assert [tuple(count) for count in counted] == [("0008001", 120)]
    assert uploads.remove_abandoned(replace(service, clock=lambda: datetime(2027, 1, 1, tzinfo=UTC))) == 1
    settle(service)
    assert checks.find_faults(service) == []


def test_names_are_found_again_under_the_keys_of_this_version(service: Service, api: Api) -> None:
    people = [
        ("Leilani", "Ka\u02bbahele", "06/11"), ("Mikael", "N\u02bcDour", "06/12"), ("Mara", "Lopez", "07/03"),
        ("Mar?a", "Lopes", "07/04"), ("????", "Suharto", "07/05"),
    ]  # fmt: skip
    rows = [
        RegistryRow(first_name=first, last_name=last, birth_date=read_month_day(born))  # type: ignore[arg-type]
        for first, last, born in people
    ]
    rows[0] = replace(rows[0], other_last_names=("Ka'ahele",))
    imports.import_rows(service, enumerate(rows, 1))
    reported = api.report(a_completion()).json["completion_id"]

    def again(connection: Connection) -> None:
        for key in ("kaahele", "ndour"):
            connection.execute(text("DELETE FROM learner_names WHERE last_key = :key"), {"key": key})
        insert = (
            "INSERT INTO learner_names (learner_id, last_key, first_key, birth_date, last_name) "
            "SELECT learner_id, :last, :first, birth_date, :name FROM learners "
            "WHERE last_name = :own"
        )
        for last, first, name, own in (
            ("kaʻahele", "leilani", "Kaʻahele", "Kaʻahele"), ("kaahele", "leilani", "Ka'ahele", "Kaʻahele"),
            ("nʼdour", "mikael", "NʼDour", "NʼDour"), ("lopes", "mara", "Lopes", "Lopes"),
            ("suharto", "", "Suharto", "Suharto"),
        ):  # fmt: skip
            connection.execute(text(insert), {"last": last, "first": first, "name": name, "own": own})
        connection.execute(text("DELETE FROM learner_names WHERE last_key LIKE '\ufffd%' OR first_key LIKE '\ufffd%'"))
        connection.execute(
            text("UPDATE completions SET last_key = 'okʻ', last_name = 'Okʻ' WHERE completion_id = :id"),
            {"id": reported},
        )
        connection.execute(text("DROP TABLE key_versions"))
        apply_again(connection, "0014", "0015")

    service.database.write(again)

    def keys(connection: Connection) -> list[tuple[str, ...]]:
        found = "SELECT last_key, first_key FROM learner_names WHERE birth_date LIKE :born ORDER BY 1, 2"
        return [
            tuple(row) for born in ("06/1%", "07/0%") for row in connection.execute(text(found), {"born": born})
            if row[0] in ("kaahele", "ndour", "lopez", "lopes", "suharto")
        ]  # fmt: skip

    assert service.database.read(keys) == [
        ("kaahele", "leilani"), ("ndour", "mikael"), ("lopes", "\ufffdmara"), ("lopez", "mara"), ("suharto", "\ufffd"),
    ]  # fmt: skip
    listed = api.get("/v1/learner-completions", last_name="O'k").json["data"]
    assert [completion["completion_id"] for completion in listed] == [reported]
    assert service.database.read(name_keys.version_of) == NAME_KEYS


def test_names_that_lack_the_birth_date_of_their_physician_get_it(service: Service, api: Api) -> None:
    import_people(service, {"first_name": "Ada", "last_name": "Late", "date_of_birth": "05/06"})
    import_people(service, {"first_name": "Bea", "last_name": "Never"})

    def again(connection: Connection) -> None:
        connection.execute(text("UPDATE learner_names SET birth_date = '' WHERE last_key = 'late'"))
        connection.execute(text("DROP TABLE key_versions"))
        apply_again(connection, "0014", "0015")
        # A later migration has noted it in the table that was dropped.
        name_keys.note_version(connection, name_keys.FORMS, NAME_FORMS)

    service.database.write(again)
    assert checks.find_faults(service) == []
    settle(service)


def test_keys_of_another_version_stop_the_start(service: Service) -> None:
    service.database.write(lambda connection: connection.execute(text("UPDATE key_versions SET version = 1")))
    with pytest.raises(ConfigurationError, match="keys of version 1"):
        open_service(service.settings)


def test_forms_of_another_version_stop_the_start(service: Service) -> None:
    again = "UPDATE key_versions SET version = 7 WHERE keys = 'forms'"
    service.database.write(lambda connection: connection.execute(text(again)))
    with pytest.raises(ConfigurationError, match="forms of version 7"):
        open_service(service.settings)


def test_dates_of_licences_and_pairs_are_taken_back_and_laid_again(service: Service) -> None:
    before = service.database.read(lambda conn: conn.execute(text("SELECT count(*) FROM licenses")).scalar())
    import_people(
        service,
        {"first_name": "Bob", "last_name": "Twin", "date_of_birth": "05/06", "licenses": "TN-M:R1@2001-01-01.."},
        {"first_name": "Robert", "last_name": "Twin", "date_of_birth": "05/06", "licenses": "TN-M:R1"},
    )
    migration = import_module("migrations.versions.up_to_0020.0016_registry_pairs")

    def again(connection: Connection) -> None:
        with Operations.context(MigrationContext.configure(connection)):
            migration.downgrade()
            migration.upgrade()

    service.database.write(again)
    found = service.database.read(
        lambda conn: conn.execute(text("SELECT count(*), count(starts_on) FROM licenses")).one()
    )
    assert tuple(found) == (before + 1, 0)
    assert service.database.read(lambda conn: conn.execute(text("SELECT * FROM registry_pairs")).all()) == []
    settle(service)


def test_the_head_file_names_the_newest_revision() -> None:
    """Two branches that each add a migration meet in this file, instead of in production."""
    assert [schema.head()] == ScriptDirectory.from_config(schema._config()).get_heads()


@pytest.mark.parametrize("verb", ["UPDATE", "DELETE"])
def test_what_is_append_only_cannot_be_changed(service: Service, api: Api, tmp_path: Path, verb: str) -> None:
    decide(service, api.report(a_completion()).json["credits"][0]["credit_id"], "accepted")
    import_bytes(service, tmp_path, COMPLETIONS, ndjson([a_past_completion(completed_on="2021-11-30")]))
    settle(service)
    for table in APPEND_ONLY:
        column = metadata.tables[table].columns.keys()[0]
        statement = f"DELETE FROM {table}" if verb == "DELETE" else f"UPDATE {table} SET {column} = {column}"
        with pytest.raises(DBAPIError, match="append-only"):
            service.database.write(lambda connection, statement=statement: connection.execute(text(statement)))
    settle(service)


def test_keys_of_records_live_through_a_downgrade_and_an_upgrade(service: Service, api: Api) -> None:
    api.report(a_completion(client_reference="lms:1"))
    api.report(a_completion(client_reference="cafe\u0301", completed_on="2021-11-05"))
    api.report(a_completion(completed_on="2021-11-06"))
    every = "SELECT * FROM completion_references ORDER BY client_reference"

    def rows(connection: Connection) -> list[tuple[object, ...]]:
        return [tuple(row) for row in connection.execute(text(every))]

    def back_and_again(connection: Connection) -> None:
        migration = import_module("migrations.versions.up_to_0020.0018_completion_references")
        with Operations.context(MigrationContext.configure(connection)):
            migration.downgrade()
            migration.upgrade()

    before = service.database.read(rows)
    service.database.write(back_and_again)
    assert service.database.read(rows) == before
    assert [row[3] for row in before] == ["cafe\u0301", None]
    settle(service)


def test_accounts_live_through_the_change_of_what_may_confirm_them(service: Service, api: Api) -> None:
    """SQLite makes their table again; what a roster has confirmed is the operator's once it is undone."""
    opened = physician_of(service, api.report(a_completion()).json["completion_id"])
    migration = import_module("migrations.versions.0044_passport_choices")

    def confirmed_by(connection: Connection) -> list[tuple[object, ...]]:
        found = "SELECT client_id, confirmed_by FROM passport_accounts"
        return [tuple(row) for row in connection.execute(text(found))]

    def undo_and_apply(connection: Connection) -> list[tuple[object, ...]]:
        connection.execute(text("UPDATE passport_accounts SET confirmed_by = 'roster'"))
        with Operations.context(MigrationContext.configure(connection)):
            migration.downgrade()
            undone = confirmed_by(connection)
            migration.upgrade()
        return undone

    assert service.database.write(undo_and_apply) == [(opened.client.client_id, "operator")]
    change = text("UPDATE passport_accounts SET confirmed_by = :by")
    for wrong in ("nobody", None):
        with pytest.raises(DBAPIError):
            service.database.write(lambda connection, wrong=wrong: connection.execute(change, {"by": wrong}))
    mark = "SELECT position - (SELECT coalesce(max(position), 0) FROM events) FROM passport_mail_marks"
    assert service.database.read(lambda connection: connection.execute(text(mark)).scalar()) == 0
