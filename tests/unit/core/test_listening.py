"""Sockets that a server binds before it begins anything: bound at every address, or refused with the reason."""

from __future__ import annotations

import errno
import socket

import pytest

from app.core.errors import ConfigurationError
from app.core.http.listening import bind_sockets, port_of, refusal_of


def test_port_zero_is_one_that_is_free_and_the_same_at_every_address() -> None:
    bound = bind_sockets("localhost", 0)
    assert len({listening.getsockname()[1] for listening in bound}) == 1
    assert port_of(bound) > 0
    for listening in bound:
        listening.close()


def test_a_port_that_somebody_listens_at_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"Port {port} of 127.0.0.1 is in use: "):
            bind_sockets("127.0.0.1", port)


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="is no address of this machine"):
        bind_sockets("192.0.2.1", 0)


@pytest.mark.parametrize("host", ["no.such.host.invalid", "a" * 70, "\udcff"])
def test_a_host_that_is_not_known_is_refused(host: str) -> None:
    with pytest.raises(ConfigurationError, match="is not known"):
        bind_sockets(host, 0)


def test_a_port_for_the_system_alone_is_refused() -> None:
    assert "Choose one from 1024 on" in str(refusal_of(PermissionError(errno.EACCES, "Permission denied"), "::", 80))
    assert "Too many open files." in str(refusal_of(OSError(errno.EMFILE, "Too many open files"), "::", 80))
