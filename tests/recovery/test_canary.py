"""A physician's data are found where they belong and nowhere else, also when things fail."""

from __future__ import annotations

import logging
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.exc import IntegrityError

from app.core.config import Settings
from app.core.traces import stack_of
from app.services.context import Service
from app.store.sql import statements
from tests.builders.people import import_people
from tests.harness.access.people import mails
from tests.harness.api import Api, api_of, settle
from tests.harness.canary import FILED, FIRST, LAST, NPI, VALUES, found_in, her_report, stored_of_her
from tests.harness.canary_story import tell, what_was_said
from tests.harness.console.canary_pages import ADD, LEARNERS, REGISTRY, SHEET, VALIDATE, sessions_of, tell_pages
from tests.harness.databases import ON_SQLITE
from tests.harness.passport.canary_passport import NEW, OLD, STRANGER, tell_passport
from tests.harness.uploads import work_through

WHERE_SHE_BELONGS = {
    "learners", "learner_names", "licenses", "certifications", "name_forms", "completions", "completion_versions",
    "credits", "held_records", "help_requests", "batch_pieces", "upload_pieces", "idempotency_keys", "batches",
}  # fmt: skip
"""Tables that hold identity; of batches, what stands above the records in a file: its headings."""


@pytest.fixture
def overheard(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, tmp_path: Path) -> Any:
    """Everything that is printed or logged, also at the level of debugging, and all files but the database."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.DEBUG)
    caplog.set_level(logging.DEBUG)

    def gather(but: str = "") -> str:
        printed = capfd.readouterr()
        files = [path for path in tmp_path.rglob("*") if path.is_file() and not path.name.startswith("pars.db")]
        files = [path for path in files if not but or path.suffix != but]
        contents = [path.read_bytes().decode("utf-8", "replace") for path in files]
        # The client of the tests logs what it sends itself.
        logged = [record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
        return "\n".join([printed.out, printed.err, *logged, *map(str, files), *contents])

    yield gather
    root.setLevel(level)


@ON_SQLITE
def test_no_door_tells_her_data_where_it_does_not_belong(
    http: TestClient, api: Api, service: Service, overheard: Any
) -> None:
    import_people(service, FILED, {**FILED, "first_name": "Other"})
    overseer = api_of(http, service, "Overseer", role="operator")
    board = api_of(http, service, "ABA", role="board", board="ABA")
    said = tell(api, overseer, board, lambda: work_through(service))
    assert len(said) > 150
    assert not [answer.status for answer in said if answer.status >= 500]
    assert {answer.status for answer in said} >= {200, 201, 202, 400, 404, 422}
    settle(service)
    told = {
        f"{answer.response.request.method} {answer.response.request.url.path} {answer.status}": found
        for answer in said
        if (found := found_in(what_was_said(answer)))
    }
    assert told == {}
    assert found_in(http.get("/metrics").text) == []
    assert found_in(overheard()) == []
    assert stored_of_her(service).keys() <= WHERE_SHE_BELONGS


@ON_SQLITE
def test_no_page_tells_her_data_where_it_does_not_belong(http: TestClient, service: Service, overheard: Any) -> None:
    import_people(service, FILED, {**FILED, "first_name": "Other"})
    said = tell_pages(http, sessions_of(service), lambda: work_through(service))
    assert len(said) > 150
    assert not [answer.response.request.url.path for answer in said if answer.status >= 500]
    assert {answer.status for answer in said} >= {200, 303, 400, 403, 404, 412, 422}
    settle(service)
    shown = {answer.response.request.url.path for answer in said if LAST in answer.response.text}
    assert {ADD, SHEET, LEARNERS, VALIDATE, REGISTRY} <= shown
    told = {
        f"{answer.response.request.method} {answer.response.request.url.path} {answer.status}": found
        for answer in said
        if (found := found_in(what_was_said(answer)))
    }
    assert told == {}
    assert found_in(http.get("/metrics").text) == []
    assert found_in(overheard()) == []
    assert stored_of_her(service).keys() <= WHERE_SHE_BELONGS | {"batch_mends"}


def test_a_whole_story_of_passport_tells_no_log_address_or_figure_who_she_is_or_what_opens_something(
    http: TestClient, api: Api, service: Service, overheard: Any
) -> None:
    import_people(service, FILED, {**FILED, "first_name": "Other", "licenses": "", "certifications": "", "npi": ""})
    told = tell_passport(http, api, service, sessions_of(service), lambda: settle(service))
    assert not [answer.response.request.url.path for answer in told.said if answer.status >= 500]
    assert {answer.status for answer in told.said} >= {200, 201, 303, 404, 410, 422}
    assert len(told.said) > 100 and len(told.secrets) > 12
    named = {
        f"{answer.response.request.method} {answer.response.request.url.path} {answer.status}": found
        for answer in told.said
        if (found := found_in(what_was_said(answer)))
    }
    assert named == {}
    assert list(told.misplaced()) == []
    # Mails name nobody either; they alone have an address, and what opens something.
    assert found_in("".join(mail.subject + mail.body for mail in mails(service))) == []
    text = http.get("/metrics").text + overheard(but=".eml")
    assert found_in(text) == []
    assert [secret for secret in (*told.secrets, OLD, NEW, STRANGER) if secret in unquote(text)] == []
    (audited,) = [answer for answer in told.said if answer.response.request.url.path == "/operator/audit"]
    assert [secret for secret in told.secrets if secret in audited.response.text] == []
    settle(service)


@ON_SQLITE
def test_a_failure_at_any_statement_tells_nothing_of_what_was_sent(
    api: Api, service: Service, http: TestClient, overheard: Any
) -> None:
    import_people(service, FILED)
    answers = []
    for failing in range(0, 40, 3):
        seen = iter(range(10_000))

        def fail(sql: str, at: int = failing, seen: Any = seen) -> None:
            if next(seen) == at:
                raise ValueError(f"{FIRST} {LAST} {NPI}: {sql}")

        statements.BEFORE_STATEMENT.append(fail)
        try:
            answers.append(api.report(her_report(), Idempotency_Key=f"failing {failing}"))
        finally:
            statements.BEFORE_STATEMENT.remove(fail)
    assert 500 in {answer.status for answer in answers}
    assert [found for answer in answers if (found := found_in(what_was_said(answer)))] == []
    text = overheard()
    assert "ValueError" in text
    assert found_in(text) == []


def test_a_database_that_repeats_values_is_not_repeated(service: Service, overheard: Any) -> None:
    import_people(service, FILED)

    def doubled(connection: Any) -> None:
        columns = "learner_id, first_name, last_name, npi, sandbox, created_at, updated_at"
        values = ", ".join(f":{name}" for name in columns.split(", "))
        row = {"learner_id": "x", "first_name": FIRST, "last_name": LAST, "npi": NPI, "sandbox": ""}
        moments = dict.fromkeys(("created_at", "updated_at"), service.clock())
        statements.execute(connection, f"INSERT INTO learners ({columns}) VALUES ({values})", row | moments)

    with pytest.raises(IntegrityError) as failed:
        service.database.write(doubled)
    stack = stack_of(failed.value)
    assert "IntegrityError" in stack
    assert "test_canary.py" in stack
    assert found_in(stack) == []
    if not service.database.on_sqlite:
        assert NPI in str(failed.value)
    assert found_in(overheard()) == []


def test_settings_keep_their_secrets_to_themselves() -> None:
    settings = Settings(secret_key="s3cret" * 6, database_url="postgresql://pars:hidden@host/pars")
    for text in (repr(settings), str(settings), f"{settings}"):
        assert "s3cret" not in text
        assert "hidden" not in text
        assert "body_limit" in text


def test_a_process_that_keeps_running_writes_no_core() -> None:
    asked = (
        "import ctypes, resource; from app.core.traces import forbid_cores; forbid_cores(); "
        "print(resource.getrlimit(resource.RLIMIT_CORE)[0], ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["0", "0" if sys.platform == "linux" else "-1"]
    assert resource.getrlimit(resource.RLIMIT_CORE) is not None


def test_a_command_that_fails_tells_its_stack_and_no_message() -> None:
    broken = (
        "import app.cli.doctor as doctor, app.cli.main as main, sys\n"
        f"def fail(*_, **__): raise ValueError('{LAST}') from KeyError('{NPI}')\n"
        "import app.services.operations.diagnosis as diagnosis\n"
        "for name in [n for n in dir(diagnosis) if callable(getattr(diagnosis, n)) and not n.startswith('_')]:\n"
        "    setattr(diagnosis, name, fail)\n"
        "sys.argv = ['pars', 'doctor']; main.main()\n"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PARS_")}
    done = subprocess.run(
        [sys.executable, "-c", broken], capture_output=True, text=True, check=False, timeout=60, env=environment
    )
    assert done.returncode == 1
    assert "ValueError (its message is left out" in done.stderr
    assert "KeyError" in done.stderr
    assert found_in(done.stderr + done.stdout) == []


def test_the_search_finds_every_form_that_it_is_for() -> None:
    import base64

    for value in VALUES:
        for text in (value, value.upper(), value.lower(), value[::-1], value.encode().hex()):
            assert found_in(f"…{text}…")
        for before in ("", "a", "ab", "abc"):
            assert found_in(base64.b64encode(f"{before}{value} and more".encode()))
    assert found_in('{"date_of_birth": "10/27"}')
    assert found_in("born=27/10")
    assert not found_in("2021-10-27T10:27:00Z /v1/learner-completions 200")
