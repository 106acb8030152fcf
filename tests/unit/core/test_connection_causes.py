"""Why no connection to PostgreSQL was made, from the driver's words, which are not passed on: they name users."""

from __future__ import annotations

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from app.core.database.failures import find_cause

SAID = {
    'connection failed: connection to server at "10.0.0.7", port 5432 failed: Connection refused': "nothing listens",
    "failed to resolve host 'hunter2': [Errno -2] Name or service not known": "its host is not known",
    'connection failed: FATAL:  password authentication failed for user "hunter2"': "does not let the user in",
    "connection failed: fe_sendauth: no password supplied": "does not let the user in",
    'connection failed: FATAL:  role "hunter2" does not exist': "does not let the user in",
    'connection failed: FATAL:  no pg_hba.conf entry for host "10.0.0.8", user "hunter2"': "pg_hba.conf",
    'connection failed: FATAL:  database "hunter2" does not exist': "has no database of this name",
    "connection timeout expired": "its host does not answer",
    "connection failed: No route to host": "its host does not answer",
    "connection failed: FATAL:  sorry, too many clients already": "takes no more connections",
    "connection failed: FATAL:  the database system is starting up": "starting or stopping",
    "connection failed: server does not support SSL, but SSL was required": "do not agree about TLS",
    'connection failed: invalid port number: "hunter2"': "its port is not a number",
    'connection is bad: socket "/tmp/hunter2/.s.PGSQL.5432" failed: No such file or directory': "nothing listens",
}


@pytest.mark.parametrize(("said", "told"), SAID.items())
@pytest.mark.parametrize("wrapped", [True, False])
def test_what_the_driver_says_becomes_a_sentence_that_names_the_part_to_look_at(
    said: str, told: str, wrapped: bool
) -> None:
    error: Exception = psycopg.OperationalError(said)
    cause = find_cause(OperationalError("SELECT", {}, error) if wrapped else error)
    assert cause is not None
    assert told in cause
    assert cause[-1] == "."
    assert "hunter2" not in cause


def test_another_language_is_one_that_does_not_answer() -> None:
    said = psycopg.OperationalError("connection failed: FATAL:  la base de datos no existe")
    cause = find_cause(OperationalError("SELECT", {}, said))
    assert cause == "it does not answer. Check that it runs, and PARS_DATABASE_URL."


def test_an_option_that_is_unknown_is_one_of_the_address() -> None:
    cause = find_cause(psycopg.ProgrammingError('invalid connection option "hunter2"'))
    assert cause == "an option is unknown to it. Check what stands behind the ? in PARS_DATABASE_URL."


def test_an_error_of_a_statement_is_not_taken_for_one_of_a_connection() -> None:
    assert psycopg.errors.UndefinedTable.sqlstate == "42P01"
    assert find_cause(psycopg.errors.UndefinedTable('role "x" does not exist')) is None
    assert find_cause(KeyError("database x does not exist")) is None
