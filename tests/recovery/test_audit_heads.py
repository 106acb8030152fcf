"""The head of the audit log, kept elsewhere, tells of a log whose tail was cut or that was made anew."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import Connection
from typer.testing import CliRunner

from app.cli.main import commands
from app.core.errors import OperatorFault
from app.core.security import Keyring
from app.services.context import Service
from app.services.operations import checks, seal_checks
from app.services.operations.seal_checks import Head, read_head
from app.store.sql import statements
from tests.builders.bodies import a_completion
from tests.harness.api import Api, settle
from tests.harness.clock import ManualClock
from tests.harness.databases import SECRET


def head_of(service: Service) -> Head:
    head = service.database.read(seal_checks.head_of)
    assert head is not None
    return head


CUT = (
    (
        "DELETE FROM feed WHERE event_id IN (SELECT e.event_id FROM board_events e "
        "JOIN sealed_commits s ON s.commit_id = e.commit_id WHERE s.seal > :number)"
    ),
    "DELETE FROM events WHERE commit_id IN (SELECT commit_id FROM sealed_commits WHERE seal > :number)",
    "INSERT INTO unsealed (commit_id) SELECT commit_id FROM sealed_commits WHERE seal > :number",
    "DELETE FROM sealed_commits WHERE seal > :number",
    "DELETE FROM seals WHERE number > :number",
)


def cut(service: Service, after: int) -> None:
    """Cut the seals after one, so that their commits seem not to have been sealed yet."""

    def run(connection: Connection) -> None:
        for table in ("seals", "sealed_commits", "feed", "events"):
            on_sqlite = service.database.on_sqlite
            trigger = f"{table}_no_delete" if on_sqlite else f"{table}_append_only ON {table}"
            statements.execute(connection, f"DROP TRIGGER {trigger}")
        for statement in CUT:
            statements.execute(connection, statement, {"number": after})

    service.database.write(run)


def test_a_tail_that_was_cut_is_found_by_the_head_alone_until_it_grows_again_and_then_too(
    api: Api, service: Service, clock: ManualClock
) -> None:
    settle(service)
    before = head_of(service)
    api.report(a_completion())
    settle(service)
    kept = head_of(service)
    assert checks.check(service, kept).faults == []
    assert checks.check(service, before).faults == []
    cut(service, before.number)
    assert checks.find_faults(service) == []
    assert checks.check(service, before).faults == []
    assert checks.check(service, kept).faults == [
        f"cut: the audit log ends at seal {before.number}; the head that was kept is seal {kept.number}"
    ]
    clock.now += timedelta(hours=1)
    settle(service)
    (fault,) = checks.check(service, kept).faults
    assert fault.startswith(f"replaced: seal {kept.number} is not the one")


def test_a_head_reads_as_it_was_printed_and_as_it_is_written_down(api: Api, service: Service) -> None:
    settle(service)
    head = head_of(service)
    line = str(head)
    assert "\n" not in line
    assert len(line) < 100
    number, moment, digest = line.removeprefix("pars-head ").split(maxsplit=2)
    for text in (
        line, f"  {line}\n", line.upper().replace("PARS-HEAD", "pars-head"),
        f"{number} {moment} {digest.replace(' ', '')}", f"{number} {moment} {digest.replace(' ', '-')}",
    ):  # fmt: skip
        assert read_head(text) == head


@pytest.mark.parametrize(
    "text", ["", "7", "pars-head 7 2026-01-01T00:00:00Z", "pars-head 7 soon " + "a" * 32, "x" * 99]
)
def test_what_is_no_head_is_refused_with_what_one_looks_like(text: str) -> None:
    with pytest.raises(OperatorFault, match="`pars seal print`"):
        read_head(text)


def test_the_commands_print_and_verify_a_head(api: Api, service: Service, database_url: str) -> None:
    settle(service)
    runner, environment = CliRunner(), {"PARS_DATABASE_URL": database_url, "PARS_SECRET_KEY": SECRET}
    printed = runner.invoke(commands, ["seal", "print"], env=environment).stdout.strip()
    assert printed == str(head_of(service))
    verified = runner.invoke(commands, ["seal", "verify", *printed.split()], env=environment)
    assert (verified.exit_code, verified.stdout) == (0, f"seal {head_of(service).number} is in the audit log\n")
    checked = runner.invoke(commands, ["check", "--head", printed], env=environment)
    assert checked.exit_code == 0, checked.stdout
    other = printed[:-1] + ("0" if printed[-1] != "0" else "1")
    for arguments in (["seal", "verify", other], ["check", "--head", other]):
        refused = runner.invoke(commands, arguments, env=environment)
        assert refused.exit_code == 1
        assert "replaced: seal" in refused.stdout


def test_a_check_under_another_secret_says_first_that_it_is_another(api: Api, service: Service) -> None:
    def first_fault(secret: str) -> str:
        other = msgspec.structs.replace(service, keyring=Keyring(secret.split(",")))
        return next(iter(checks.find_faults(other)), "")

    for sealed in (False, True):
        if sealed:
            settle(service)
        assert first_fault("another secret").startswith("broken: the secret that this database was begun with")
        assert first_fault(SECRET) == first_fault(f"another secret,{SECRET}") == ""


def test_an_operators_client_that_was_changed_is_no_other_secret(api: Api, service: Service) -> None:
    settle(service)
    statement = "UPDATE clients SET name = 'somebody' WHERE client_id = 'operator'"
    service.database.write(lambda connection: statements.execute(connection, statement))
    assert [fault[:24] for fault in checks.find_faults(service)] == ["changed: client operator"]
