"""The sockets that a server listens at, bound before anything else is begun, and why they cannot be."""

from __future__ import annotations

import errno
import ipaddress
import socket

from app.core.errors import ConfigurationError


def bind_sockets(host: str, port: int) -> list[socket.socket]:
    """Bind a socket at every address of a host; port 0 takes one that is free. Raises `ConfigurationError`."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise ConfigurationError(
            f"The host {host} is not known. --host takes an address of this machine: 127.0.0.1 to be reached from it "
            "alone, 0.0.0.0 from anywhere."
        ) from None
    bound: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in dict.fromkeys(found):
            listening = socket.socket(family, kind, protocol)
            bound.append(listening)
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            # All addresses of a host have the port that was free at the first.
            taken = port or (port_of(bound) if len(bound) > 1 else 0)
            listening.bind((address[0], taken, *address[2:]))
            listening.set_inheritable(True)
    except OSError as error:
        for listening in bound:
            listening.close()
        raise refusal_of(error, host, port) from None
    return bound


def port_of(bound: list[socket.socket]) -> int:
    """Return the port of bound sockets."""
    port: int = bound[0].getsockname()[1]
    return port


def at_loopback(bound: list[socket.socket]) -> bool:
    """Whether bound sockets are reached from this machine alone."""
    return all(ipaddress.ip_address(listening.getsockname()[0]).is_loopback for listening in bound)


def refusal_of(error: OSError, host: str, port: int) -> ConfigurationError:
    """Return why a host and port cannot be listened at."""
    if error.errno == errno.EADDRINUSE:
        return ConfigurationError(
            f"Port {port} of {host} is in use: another process listens there. End that, or choose another with --port."
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return ConfigurationError(f"Port {port} is not for this user. Choose one from 1024 on with --port.")
    if error.errno == errno.EADDRNOTAVAIL:
        return ConfigurationError(
            f"{host} is no address of this machine. --host takes one that is: 127.0.0.1 to be reached from it alone, "
            "0.0.0.0 from anywhere."
        )
    return ConfigurationError(f"Nothing can listen at port {port} of {host}: {error.strerror}.")
