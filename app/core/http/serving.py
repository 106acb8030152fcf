"""The server's configuration: uvicorn's, with our protocol and its bounds. Every server of the application uses it."""

from __future__ import annotations

import resource

import uvicorn
from starlette.types import ASGIApp

from app.core.config import Settings
from app.core.errors import ConfigurationError
from app.core.http.connections import Connections
from app.core.http.protocol import BoundedProtocol

_OTHER_FILES = 256
"""Open files that a process needs beside its connections: the database's, uploads, webhooks, the parser's pipes."""

FINISH_SECONDS = 20
"""How long a stopping server waits for requests under way."""


class ServingConfig(uvicorn.Config):
    """The configuration of a server; serving processes of one server get a copy each, and bounds hold for each."""

    def __init__(
        self, app: ASGIApp | str, settings: Settings, *, host: str, port: int, workers: int = 1, lifespan: bool = True
    ) -> None:
        """Serve an application, or what a factory named "module:function" makes. Raises `ConfigurationError`."""
        trusted = settings.trusted_networks
        super().__init__(
            app, factory=isinstance(app, str), host=host, port=port, workers=workers, http=BoundedProtocol, ws="none",
            lifespan="on" if lifespan else "off", log_level="warning", access_log=False, log_config=None,
            server_header=False, proxy_headers=bool(trusted), forwarded_allow_ips=[str(network) for network in trusted],
            timeout_graceful_shutdown=FINISH_SECONDS,
        )  # fmt: skip
        self.head_deadline = settings.head_deadline
        self.body_deadline = settings.body_deadline
        self.connections = Connections(
            limit=_connection_limit(settings), address_limit=settings.address_connection_limit, trusted=trusted
        )


def _connection_limit(settings: Settings) -> int:
    """Return how many connections to hold, when this process may open as many files; allow it as many as it may.

    Raises `ConfigurationError` when more were asked for.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        return settings.connection_limit
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    most = max(hard - _OTHER_FILES, 1)
    if settings.connection_limit > most and "connection_limit" in settings.model_fields_set:
        raise ConfigurationError(
            f"PARS_CONNECTION_LIMIT is {settings.connection_limit}, but this process may open {hard} files and needs "
            f"{_OTHER_FILES} for other things: set at most {most}, or raise the limit of open files (ulimit -Hn)."
        )
    return min(settings.connection_limit, most)
