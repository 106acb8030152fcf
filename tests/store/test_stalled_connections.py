"""A process stopped while it sends or receives rows loses its locks, as one stopped between two statements does."""

from __future__ import annotations

import time
from contextlib import closing

import psycopg
import pytest
from msgspec.structs import replace
from sqlalchemy import text

from app import worker
from app.services.context import Service
from app.store import stalled_connections
from tests.harness.processes import eventually

LOCKED = "SELECT provider_id FROM providers ORDER BY provider_id LIMIT 1 FOR UPDATE"


def ended(service: Service, seconds: float) -> int:
    return service.database.read(lambda connection: stalled_connections.end_stalled(connection, seconds))


def test_a_connection_that_stalls_while_it_sends_rows_is_ended(service: Service) -> None:
    if service.database.on_sqlite:
        assert ended(service, 0) == 0
        return
    url = service.database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with closing(psycopg.connect(url, application_name="pars")) as stopped:
        stopped.execute(LOCKED)
        copying = stopped.cursor().copy("COPY upload_pieces (upload_id, piece, content) FROM STDIN")
        copying.__enter__()
        time.sleep(0.5)
        assert ended(service, 60) == 0, "it may only be slow"
        settings = service.settings.model_copy(update={"stall_limit": 0.3})
        assert not worker.end_stalls(replace(service, settings=settings))
        with service.database.engine.connect() as other, other.begin():
            other.execute(text("SET LOCAL lock_timeout = '5s'"))
            assert other.execute(text(LOCKED)).all(), "its locks are free"
        with pytest.raises(psycopg.OperationalError):
            copying.__exit__(None, None, None)


def test_a_connection_that_stalls_while_it_receives_rows_is_ended(service: Service) -> None:
    if service.database.on_sqlite:
        return
    url = service.database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with closing(psycopg.connect(url, application_name="pars")) as stopped:
        stopped.execute(LOCKED)
        # More than the socket's buffers hold: the database waits until somebody receives it.
        stopped.pgconn.send_query(b"SELECT repeat('x', 1000) FROM generate_series(1, 100000)")
        eventually(lambda: ended(service, 0.3) == 1)
        with service.database.engine.connect() as other, other.begin():
            other.execute(text("SET LOCAL lock_timeout = '5s'"))
            assert other.execute(text(LOCKED)).all(), "its locks are free"


def test_work_that_goes_on_is_left_alone(service: Service) -> None:
    if service.database.on_sqlite:
        return
    with service.database.engine.connect() as busy, busy.begin():
        busy.execute(text(LOCKED))
        time.sleep(0.2)
        assert ended(service, 0.1) == 0, "between two statements it is PostgreSQL's to look after"
        assert busy.execute(text("SELECT 1")).scalar() == 1
